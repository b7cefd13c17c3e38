"""A certificate as it is recorded, one or thousands at once."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from bot.services.inserting import insert


class Row(NamedTuple):
    """A certificate as it is recorded; the names are those of the columns, and their order."""

    id: UUID
    enterprise_id: UUID
    number: str
    programme: str
    programme_version: int
    scheme: str
    level: str
    name: str
    credit_code: str
    valid_from: date
    valid_to: date
    random: bytes
    basis_kind: str
    basis_id: UUID | None
    basis_by: str
    basis_second: str
    basis_reason: str
    recorded_at: datetime
    state_since: datetime
    reviewed_on: date | None
    review_due: date | None
    grace_days: int
    withdrawn_after_days: int
    replaces: str


class Signature(NamedTuple):
    """What is added to one that was signed before it is written; without a token, its position."""

    position: int
    token: str | None = None
    key: int | None = None
    signed_at: datetime | None = None


async def write(rows: Sequence[Row], signatures: Sequence[Signature] = ()) -> None:
    """Put them into the table, all of them with their signatures or none; their audit entries are
    there already."""
    if signatures:
        columns = (*Row._fields, *Signature._fields)
        whole = [(*row, *added) for row, added in zip(rows, signatures, strict=True)]
        await insert("certificate", columns, whole)
    else:
        await insert("certificate", Row._fields, rows)
