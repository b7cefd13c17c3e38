"""The versions of what is promised, and the hashes that name a text and a signed commitment."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from bot.domain.commitments import How
from bot.scoring.canonical import fingerprint

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "commitments"


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One version of what is promised. Whoever signed it is shown this one for ever."""

    version: int
    title: str
    approved: bool
    effective_on: date
    basis: str
    sections: tuple[Section, ...]
    sha256: str


@cache
def texts() -> Mapping[int, Text]:
    """Every version, by its number."""
    read = [read_text(tomllib.loads(f.read_text(encoding="utf-8"))) for f in FOLDER.glob("*.toml")]
    return {text.version: text for text in sorted(read, key=lambda text: text.version)}


def in_force(day: date) -> Text:
    """The latest version that is in force on this day."""
    return max(
        (text for text in texts().values() if text.effective_on <= day),
        key=lambda text: text.version,
    )


def read_text(given: Mapping[str, Any]) -> Text:
    """Take what a file of templates/commitments holds."""
    sections = tuple(Section(part["heading"], tuple(part["items"])) for part in given["section"])
    promised = {
        "version": given["version"],
        "title": given["title"],
        "basis": given["basis"],
        "sections": [[part.heading, *part.items] for part in sections],
    }
    return Text(
        version=given["version"],
        title=given["title"],
        approved=given["approved"],
        effective_on=given["effective_on"],
        basis=given["basis"],
        sections=sections,
        sha256=fingerprint(promised),
    )


@dataclass(frozen=True, slots=True)
class Signed:
    """Everything that a published commitment rests on; its hash is shown to everybody."""

    text: str
    """The SHA-256 of the text."""
    name: str
    credit_code: str
    legal_representative: str
    how: How
    signed_at: datetime
    evidence: tuple[str, ...]
    """The SHA-256 of the strokes and of the seal, or of the photographed letter."""

    @property
    def sha256(self) -> str:
        return fingerprint(
            {
                "text": self.text,
                "name": self.name,
                "credit_code": self.credit_code,
                "legal_representative": self.legal_representative,
                "how": self.how.value,
                "signed_at": self.signed_at.isoformat(),
                "evidence": self.evidence,
            }
        )
