"""What everybody may see of commitments: the sheet of one, the list, and nothing about persons."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from bot.clients.database import fetch
from bot.domain.certificates import today
from bot.domain.commitments import State
from bot.domain.errors import NotFound
from bot.services import memberships, name_search
from bot.services.commitment_settling import ISSUER
from bot.services.commitment_texts import Text, in_force, texts
from bot.services.commitments import Standing

PAGE = 20
LAPSED = "会员资格已终止"
SHOWN = frozenset({State.PUBLISHED, State.REPLACED, State.WITHDRAWN, State.TAKEN_DOWN})


@dataclass(frozen=True, slots=True)
class Sheet:
    """One commitment as it is shown to everybody, and in the preview exactly so."""

    id: UUID | None
    name: str
    credit_code: str
    state: State
    text: Text
    published_at: datetime
    ended_at: datetime | None
    end_reason: str
    certificate: str
    document_sha256: str
    signed: bool
    member_until: date | None

    @property
    def mark(self) -> str:
        """How it stands, in the words of its tag.

        Requirements D.8 want the commitment of an enterprise that left marked as ended, and X35
        says that a lapse is shown and revokes nothing by itself. So the promise is marked here and
        nowhere changed: it stays public, and its text and certificate stay as they are.
        """
        return LAPSED if self.in_force and self.member_until else self.state.label

    @property
    def in_force(self) -> bool:
        return self.state is State.PUBLISHED


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    name: str
    credit_code: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    lines: tuple[Line, ...]
    next: str
    """Where the next page begins; empty on the last one."""


def preview(found: Standing, *, now: datetime, again: bool = False) -> Sheet:
    """What the public sees, or will see of what is being signed if nothing changes until then.

    `again`: of one that is about to be begun, although another is public.
    """
    row = None if again else found.being_signed or found.public
    return Sheet(
        id=row.id if row else None,
        name=row.name if row else found.name,
        credit_code=found.credit_code,
        state=State.PUBLISHED,
        text=in_force(today(now)) if again else found.text,
        published_at=(row.published_at if row else None) or now,
        ended_at=None,
        end_reason="",
        certificate=row.certificate if row else "",
        document_sha256=row.document_sha256 if row else "",
        signed=True,
        member_until=found.member_until,
    )


async def look(commitment_id: UUID, *, now: datetime) -> Sheet:
    """One that is or was public; NotFound for every other."""
    rows = await fetch(f"{_SHEET} WHERE id = $1 AND published_at IS NOT NULL", commitment_id)
    if not rows:
        raise NotFound
    row = rows[0]
    return Sheet(
        **{name: row[name] for name in ("id", "name", "credit_code", "published_at", "ended_at",
                                        "certificate", "document_sha256")},
        state=State(row["state"]),
        text=texts()[row["text_version"]],
        end_reason=row["end_reason"] if row["state"] == State.TAKEN_DOWN else "",
        signed=True,
        member_until=await memberships.ended(row["enterprise_id"], ISSUER, on=today(now)),
    )  # fmt: skip


async def listed(words: str = "", *, after: str = "") -> Found:
    """The public ones, the newest first; by a part of the name or the whole code."""
    conditions = ["state = 'published'"]
    table, held = await name_search.among("commitment", conditions[0], words, "$1")
    values: list[Any] = [*held]
    if after:
        values.append(_uuid(after))
        conditions.append(f"(published_at, id) < ({_PLACE} WHERE id = ${len(values)})")
    rows = await name_search.planned(
        f"SELECT id, name, credit_code, published_at FROM {table} AS c"  # noqa: S608  # our own words
        f" WHERE {' AND '.join(conditions)} ORDER BY published_at DESC, id DESC LIMIT {PAGE + 1}",
        *values,
    )
    lines = tuple(Line(**row) for row in rows[:PAGE])
    return Found(lines, str(lines[-1].id) if len(rows) > PAGE else "")


async def count() -> int:
    """How many are public."""
    [row] = await fetch("SELECT count(*) AS n FROM commitment WHERE state = 'published'")
    return int(row["n"])


async def addresses(*, page: int, size: int) -> list[UUID]:
    """Which sheets are on a page, the oldest first: for those who collect what may be found."""
    rows = await fetch(
        "SELECT id FROM commitment WHERE state = 'published' ORDER BY published_at, id"
        " LIMIT $1 OFFSET $2",
        size,
        (page - 1) * size,
    )
    return [row["id"] for row in rows]


_PLACE = "SELECT published_at, id FROM commitment"
_SHEET = (
    "SELECT id, name, credit_code, state, text_version, published_at, ended_at, end_reason,"
    " certificate, document_sha256, enterprise_id FROM commitment"
)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
