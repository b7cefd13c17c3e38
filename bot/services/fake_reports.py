"""Reports of false certificates: taken with a number, listed for staff, closed with an answer.

A photo is kept like any confidential paper: drawn anew by the jail, sealed with a key of its own,
and opened only after it is written down who does it and why. Words and photo are judged first
(content_checks.py); what is risky is listed, and not unfolded. Who reported is kept nowhere: under
which openid WeChat judges is forgotten with its verdict.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import IO
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain import remarks
from bot.domain.actors import Staff, System
from bot.domain.certificates import today
from bot.domain.content_checks import Place
from bot.domain.errors import BadInput, NotFound, TooMany
from bot.domain.files import SUFFIX, Media, Piece, Unreadable, object_key
from bot.services import audit, content_checks, file_upkeep, outbox, rations
from bot.services.cabinet import Cabinet, Drawer
from bot.services.content_checks import Covered
from bot.services.files import Opened
from models import FakeReport
from models.ids import new_id

MOST_A_DAY = 20  # from one address: nobody can use up what others need
MOST_PHOTOS_A_DAY = 2000  # of everybody, so that no attack fills the disk: words are still taken
WECHAT = System("content_check")
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
class Report:
    """What was told, as the staff read it."""

    ticket: str
    created_at: datetime
    number: str
    place: str
    url: str
    words: str
    has_photo: bool
    covered: Covered
    """In the list: why the words, which are empty then, or the photo are not unfolded."""


async def take(
    told: Told, *, asker: str, openid: str = "", cabinet: Cabinet | None, now: datetime
) -> str:
    """Keep a report and answer its number, by which the person can ask about it.

    `asker` stands for the address it came from, which is kept nowhere itself; `openid` is the
    person's in the mini-program, if they happen to be signed in.
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
    async with in_transaction():
        await row.save(force_create=True)
        await _have_judged(row, openid, now)
    return ticket


async def _have_judged(row: FakeReport, openid: str, now: datetime) -> None:
    place, about = Place.REPORT, row.id
    if said := "\n".join(filter(None, (row.number, row.place, row.url, row.words))):
        await content_checks.text(said, place=place, subject=about, openid=openid, now=now)
    if row.photo_key is not None:
        await content_checks.picture(row.id, place=place, subject=about, openid=openid, now=now)


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


async def waiting(*, limit: int = 100) -> list[Report]:
    """Reports that nobody has answered, oldest first."""
    rows = await FakeReport.filter(closed_at=None).order_by("created_at", "id").limit(limit)
    covered = await content_checks.covered([row.id for row in rows])
    return [_report(row, covered.get(row.id, Covered())) for row in rows]


async def words_of(ticket: str, *, by: str, reason: str, now: datetime) -> Report:
    """All that was told, whatever was said about it, once it is written down who reads it."""
    actor, reason = Staff(remarks.name(by)), remarks.reason(reason)
    row = await FakeReport.get_or_none(ticket=ticket)
    if row is None:
        raise NotFound("没有这个举报。")
    await _note_opened(row, "words", actor, reason, now)
    return _report(row, Covered())


async def photo(ticket: str, *, by: str, reason: str, cabinet: Cabinet, now: datetime) -> bytes:
    """The picture, once it is written down who opens it and why."""
    actor, reason = Staff(remarks.name(by)), remarks.reason(reason)
    row = await FakeReport.get_or_none(ticket=ticket)
    if row is None or row.photo_key is None:
        raise NotFound("没有这个举报，或者它没有照片。")
    await _note_opened(row, "photo", actor, reason, now)
    return await _drawer(row, cabinet).get(row.id)


async def photo_for_wechat(id_: UUID, *, cabinet: Cabinet, now: datetime) -> Opened:
    """The picture for whoever judges it; the caller has seen their ticket."""
    row = await FakeReport.get_or_none(id=id_)
    if row is None or row.photo_key is None:
        raise NotFound
    await _note_opened(row, "photo", WECHAT, "微信内容审核", now)
    media_type = Media(row.photo_type)
    data = await _drawer(row, cabinet).get(row.id)
    return Opened(media_type, f"photo{SUFFIX[media_type]}", data)


async def numbers(ids: Collection[UUID]) -> Mapping[UUID, str]:
    """By which number the staff know these reports."""
    rows = await FakeReport.filter(id__in=list(ids))
    return {row.id: row.ticket for row in rows}


async def close(ticket: str, *, by: str, outcome: str, now: datetime) -> None:
    """Note what came of it, once."""
    by, outcome = remarks.name(by), remarks.reason(outcome, what="处理结果", field="outcome")
    async with in_transaction():
        row = await FakeReport.filter(ticket=ticket, closed_at=None).select_for_update().first()
        if row is None:
            raise NotFound("没有这个待处理的举报，可能已经有人处理了。")
        await FakeReport.filter(id=row.id).update(closed_at=now, closed_by=by, outcome=outcome)
        await content_checks.drop(row.id)


async def forget(*, now: datetime) -> int:
    """Delete what was answered long enough ago, a photo with its object, and what was said about
    them; answers how many."""
    total = 0
    while True:
        async with in_transaction():
            rows = await fetch(_FORGET, now - STAYS, AT_ONCE)
            await content_checks.forget([row["id"] for row in rows])
            if photos := [object_key(row["id"]) for row in rows if row["has_photo"]]:
                gone = {"objects": photos, "confidential": True}
                await outbox.put(file_upkeep.DROP, gone, now=now)
        total += len(rows)
        if len(rows) < AT_ONCE:
            return total


async def _note_opened(
    row: FakeReport, what: str, actor: Staff | System, reason: str, now: datetime
) -> None:
    async with in_transaction():
        await audit.note(
            f"fake_report.{what}_opened",
            kind="fake_report",
            id=row.id,
            actor=actor,
            now=now,
            reason=reason,
        )


def _report(row: FakeReport, covered: Covered) -> Report:
    told = ("", "", "", "") if covered.words else (row.number, row.place, row.url, row.words)
    return Report(row.ticket, row.created_at, *told, bool(row.photo_type), covered)


def _drawer(row: FakeReport, cabinet: Cabinet) -> Drawer:
    """No enterprise owns it: it belongs to itself."""
    return cabinet.drawer(row.id, row.id, row.photo_key)
