"""Reports of false certificates: taken with a number, listed for staff, closed with an answer.

A photo is kept like any confidential paper: drawn anew by the jail, sealed with a key of its own,
and opened only after it is written down who does it and why.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import IO

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain import remarks
from bot.domain.actors import Staff
from bot.domain.certificates import today
from bot.domain.errors import BadInput, NotFound, TooMany
from bot.domain.files import Media, Piece, Unreadable, object_key
from bot.services import audit, file_upkeep, outbox, rations
from bot.services.cabinet import Cabinet, Drawer
from models import FakeReport
from models.ids import new_id

MOST_A_DAY = 20  # from one address: nobody can use up what others need
MOST_PHOTOS_A_DAY = 2000  # of everybody, so that no attack fills the disk: words are still taken
STAYS = timedelta(days=365)  # after the answer; what nobody has answered stays
AT_ONCE = 500
_FORGET = (
    "DELETE FROM fake_report WHERE id IN (SELECT id FROM fake_report WHERE closed_at < $1 LIMIT $2)"
    " RETURNING id, photo_key IS NOT NULL AS has_photo"
)
_SIGNS = "23456789ABCDEFGHJKMNPQRTUVWXY"  # nothing that could be read as something else


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody told us."""

    number: str
    place: str
    url: str
    words: str
    photo: IO[bytes] | None = None
    """As it was sent; what is kept is the picture alone, drawn anew: no place, no camera."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report as the list of staff shows it."""

    ticket: str
    created_at: datetime
    number: str
    place: str
    url: str
    words: str
    has_photo: bool


async def take(told: Told, *, asker: str, cabinet: Cabinet | None, now: datetime) -> str:
    """Keep a report and answer its number, by which the person can ask about it.

    `asker` stands for the address it came from, which is kept nowhere itself.
    """
    if not any((told.number, told.place, told.url, told.words, told.photo)):
        raise BadInput("请至少填写一项，或附一张照片。")
    photo = await _cleaned(told.photo, cabinet, now) if told.photo else None
    where = sha256(asker.encode()).hexdigest()[:24]
    if not await rations.use("fake_report", where, most=MOST_A_DAY, now=now):
        raise TooMany("今天从这里提交的举报太多，请明天再来，或致电协会。")
    tail = "".join(secrets.choice(_SIGNS) for _ in range(5))
    ticket = f"JB{today(now):%Y%m%d}-{tail}"
    row = FakeReport(
        id=new_id(now),
        ticket=ticket,
        number=told.number,
        place=told.place,
        url=told.url,
        words=told.words,
        created_at=now,
    )
    if photo and cabinet:
        row.photo_type, row.photo_key = photo.media_type.value, cabinet.new_key(row.id, row.id)
        await _drawer(row, cabinet).put(row.id, photo.data)
    await row.save(force_create=True)
    return ticket


async def _cleaned(given: IO[bytes], cabinet: Cabinet | None, now: datetime) -> Piece:
    """The picture as the jail draws it again; whatever else was in the file is gone."""
    if cabinet is None:
        raise BadInput("现在不能收照片，请用文字说明。", field="photo")
    try:
        clean = await cabinet.jail.examine(given)
    except Unreadable:
        raise BadInput("照片打不开，请用 JPG 或 PNG 格式。", field="photo") from None
    if clean.media_type is Media.PDF:
        raise BadInput("照片请用 JPG 或 PNG 格式。", field="photo")
    if not await rations.use("fake_report_photo", "everybody", most=MOST_PHOTOS_A_DAY, now=now):
        raise TooMany("今天收到的照片太多，请去掉照片，用文字说明后再提交。")
    return clean.body


async def waiting(*, limit: int = 100) -> list[Waiting]:
    """Reports that nobody has answered, oldest first."""
    rows = await FakeReport.filter(closed_at=None).order_by("created_at").limit(limit)
    return [
        Waiting(
            row.ticket, row.created_at, row.number, row.place, row.url, row.words,
            bool(row.photo_type),
        )
        for row in rows
    ]  # fmt: skip


async def photo(ticket: str, *, by: str, reason: str, cabinet: Cabinet, now: datetime) -> bytes:
    """The picture, once it is written down who opens it and why."""
    actor, reason = Staff(remarks.name(by)), remarks.reason(reason)
    row = await FakeReport.get_or_none(ticket=ticket)
    if row is None or row.photo_key is None:
        raise NotFound("没有这个举报，或者它没有照片。")
    async with in_transaction():
        await audit.note(
            "fake_report.photo_opened",
            kind="fake_report",
            id=row.id,
            actor=actor,
            now=now,
            reason=reason,
        )
    return await _drawer(row, cabinet).get(row.id)


async def close(ticket: str, *, by: str, outcome: str, now: datetime) -> None:
    """Note what came of it, once."""
    by, outcome = remarks.name(by), remarks.reason(outcome, what="处理结果", field="outcome")
    closed = await FakeReport.filter(ticket=ticket, closed_at=None).update(
        closed_at=now, closed_by=by, outcome=outcome
    )
    if not closed:
        raise NotFound("没有这个待处理的举报，可能已经有人处理了。")


async def forget(*, now: datetime) -> int:
    """Delete what was answered long enough ago, a photo with its object; answers how many."""
    total = 0
    while True:
        async with in_transaction():
            rows = await fetch(_FORGET, now - STAYS, AT_ONCE)
            if photos := [object_key(row["id"]) for row in rows if row["has_photo"]]:
                gone = {"objects": photos, "confidential": True}
                await outbox.put(file_upkeep.DROP, gone, now=now)
        total += len(rows)
        if len(rows) < AT_ONCE:
            return total


def _drawer(row: FakeReport, cabinet: Cabinet) -> Drawer:
    """No enterprise owns it: it belongs to itself."""
    return cabinet.drawer(row.id, row.id, row.photo_key)
