"""What each document says: certificate, plaque, commitment letter, notice. No layout, no font.

The credit report, which is longer, stands in bot/domain/reports.py. Whatever is text here is
printed literally; whatever is a Drawing is an SVG of our own making.
"""

from dataclasses import dataclass
from datetime import date
from typing import Self

from bot.domain.errors import DomainError


class Unprintable(DomainError):
    """A character that our fonts lack: nothing is printed, a person decides how it is written."""

    code = "unprintable"
    message = "有打印不出来的字，需要工作人员处理。"

    def __init__(self, characters: tuple[str, ...]) -> None:
        named = "、".join(f"“{char}”（U+{ord(char):04X}）" for char in characters)
        super().__init__(f"打印用的字体里没有 {named}，需要工作人员处理。")
        self.characters = characters


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG that we drew: never text of a person."""

    svg: str

    @classmethod
    def of_png(cls, base64: str, *, width: int, height: int, media: str = "image/png") -> Self:
        """Wrap a picture that was decoded and encoded again by us, such as a company's seal."""
        return cls(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"><image'
            f' width="{width}" height="{height}" href="data:{media};base64,{base64}"/></svg>'
        )


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A4 landscape. Says 评价 and 发布单位, prints scheme, edition and level, never a class word.

    `programme` chooses title and colours; `level` is None where none is given, as for a commitment;
    `meaning` is the scheme's own definition of the level.
    """

    programme: str
    number: str
    verify_url: str
    name: str
    credit_code: str
    scheme: str
    issuer: str
    issued_on: date
    valid_from: date
    valid_to: date
    level: str | None = None
    meaning: str = ""
    reviewed_on: date | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class Plaque:
    """Artwork for whoever engraves or prints the 牌匾, 600 × 400 mm; it is not signed."""

    programme: str
    number: str
    verify_url: str
    name: str
    issuer: str
    issued_on: date
    valid_to: date
    level: str | None = None
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class CommitmentLetter:
    """信用承诺书: the text of its edition, the redrawn signature, the seal if it came as a picture.

    `awaits_approval`: the text is a placeholder that the association has not approved yet.
    `photographs`: the pages that were signed and stamped on paper, where that was the way.
    """

    number: str
    title: str
    edition: str
    recipient: str
    preamble: tuple[str, ...]
    sections: tuple[Section, ...]
    name: str
    credit_code: str
    signatory: str
    signature: Drawing | None
    seal: Drawing | None
    signed_on: date
    sha256: str
    verify_url: str
    issuer: str
    photographs: tuple[Drawing, ...] = ()
    awaits_approval: bool = False
    demonstration: bool = False

    @property
    def draft(self) -> bool:
        """To be printed and signed by hand, and not sealed by the issuer."""
        return self.signature is None and not self.photographs


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a notice: only what may be public."""

    name: str
    credit_code: str
    level: str


@dataclass(frozen=True, slots=True)
class Notice:
    """公示名单: who, in which scheme, from when to when, and how to object."""

    number: str
    title: str
    scheme: str
    issuer: str
    issued_on: date
    begins_on: date
    ends_on: date
    preamble: tuple[str, ...]
    rows: tuple[Listed, ...]
    objections: tuple[str, ...]
    demonstration: bool = False
