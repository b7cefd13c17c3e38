"""Uploads in parts: begun under a number of the sender's own, continued where they stopped.

A part is an object of its own, sealed like the paper it will become. Parts come one after the
other; each answer says how far we are, and a part that is already there does no harm.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Member
from bot.domain.errors import BadInput, NotFound, Stale, TooMany
from bot.domain.files import KINDS, LIMITS, MB, WORDS, FileTooLarge, Refusal, Unreadable
from bot.services import bindings, consents, files
from bot.services.cabinet import Cabinet, Drawer
from bot.services.files import Kept, Spooled
from models import FileUpload, UploadPart
from models.ids import new_id

PART_BYTES = 2 * MB
OPEN_AT_ONCE = 30


class WrongOffset(Stale):
    """The parts do not join: ask how far the upload is, and go on from there."""

    code = "wrong_offset"
    message = "上传的内容没有接上，请从已收到的位置继续。"


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody is about to send."""

    kind: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload is; `kept` once it has become a file."""

    id: UUID
    size: int
    received: int
    kept: Kept | None


async def begin(
    upload_id: UUID,
    plan: Plan,
    *,
    enterprise_id: UUID,
    actor: Member,
    now: datetime,
    cabinet: Cabinet,
) -> Progress:
    """Begin, or answer how far it is when the same upload was begun before."""
    await bindings.require(actor, enterprise_id, now=now)
    if plan.kind not in KINDS:
        raise BadInput("请先选择材料的种类。", field="kind")
    if purpose := KINDS[plan.kind].purpose:
        await consents.require(purpose, actor=actor)
    if plan.size > LIMITS.file_bytes:
        raise FileTooLarge
    if plan.size < 1:
        raise Unreadable(WORDS[Refusal.EMPTY])
    known = await FileUpload.get_or_none(id=upload_id)
    if known is None:
        if (
            await FileUpload.filter(enterprise_id=enterprise_id, file_id=None).count()
            >= OPEN_AT_ONCE
        ):
            raise TooMany("没有传完的文件太多，请先传完或取消一些。")
        locked = KINDS[plan.kind].confidential
        known = FileUpload(
            id=upload_id,
            enterprise_id=enterprise_id,
            user_id=actor.user_id,
            kind=plan.kind,
            name=plan.name,
            size=plan.size,
            key=cabinet.new_key(upload_id, enterprise_id) if locked else None,
            begun_at=now,
        )
        try:
            await known.save(force_create=True)
        except IntegrityError:  # somebody has this number already: the same sender, or a stranger
            known = await FileUpload.get_or_none(id=upload_id)
    same = known is not None and (known.enterprise_id, known.user_id, known.kind, known.size) == (
        enterprise_id, actor.user_id, plan.kind, plan.size
    )  # fmt: skip
    if known is None or not same:
        raise Stale("这个上传编号已经用过，请换一个。")
    return await _progress(known, actor=actor, now=now)


async def state(upload_id: UUID, *, enterprise_id: UUID, actor: Member, now: datetime) -> Progress:
    row = await _found(upload_id, enterprise_id, actor=actor, now=now)
    return await _progress(row, actor=actor, now=now)


async def add(  # noqa: PLR0913  # which part of which upload
    upload_id: UUID,
    start: int,
    data: bytes,
    *,
    enterprise_id: UUID,
    actor: Member,
    now: datetime,
    cabinet: Cabinet,
) -> Progress:
    """Keep the part that begins at `start`; the binding is asked for anew with each."""
    row = await _found(upload_id, enterprise_id, actor=actor, now=now)
    received = await _received(row)
    if start == received and row.file_id is None:
        if not data or start + len(data) > row.size:
            raise BadInput("收到的内容与开始时说的大小不符，请重新上传。")
        part = UploadPart(
            id=new_id(now),
            enterprise_id=enterprise_id,
            upload_id=upload_id,
            start=start,
            size=len(data),
        )
        await _drawer(row, cabinet).put(part.id, data)
        try:
            await part.save(force_create=True)
        except IntegrityError:
            raise WrongOffset from None  # the same part came twice at once; ours is swept
    elif start > received:
        raise WrongOffset
    return await _progress(row, actor=actor, now=now)


async def finish(
    upload_id: UUID, *, enterprise_id: UUID, actor: Member, now: datetime, cabinet: Cabinet
) -> Kept:
    """Join the parts and have them checked; a second time answers what the first one did.

    A file that the jail refuses is gone with its parts: another one begins anew.
    """
    row = await _found(upload_id, enterprise_id, actor=actor, now=now)
    if row.file_id is None:
        if await _received(row) != row.size:
            raise WrongOffset
        drawer = _drawer(row, cabinet)
        parts = await UploadPart.filter(upload_id=row.id).order_by("start")
        with tempfile.TemporaryFile() as file:
            for part in parts:
                await asyncio.to_thread(file.write, await drawer.get(part.id))
            await asyncio.to_thread(file.flush)
            try:
                kept = await files.keep(
                    Spooled(file, row.name, row.size),
                    kind=row.kind,
                    enterprise_id=enterprise_id,
                    actor=actor,
                    now=now,
                    cabinet=cabinet,
                )
            except Unreadable:
                await drop(upload_id, enterprise_id=enterprise_id, actor=actor, now=now)
                raise
        async with in_transaction():
            await FileUpload.filter(id=row.id).update(file_id=kept.id)
            await UploadPart.filter(upload_id=row.id).delete()
        await drawer.drop([part.id for part in parts])
        return kept
    return files.kept(await files.found(row.file_id, actor=actor, now=now))


async def drop(upload_id: UUID, *, enterprise_id: UUID, actor: Member, now: datetime) -> None:
    """Give an upload up; its objects are swept."""
    row = await _found(upload_id, enterprise_id, actor=actor, now=now)
    if row.file_id is None:
        await row.delete()


async def _found(
    upload_id: UUID, enterprise_id: UUID, *, actor: Member, now: datetime
) -> FileUpload:
    await bindings.require(actor, enterprise_id, now=now)
    row = await FileUpload.get_or_none(
        id=upload_id, enterprise_id=enterprise_id, user_id=actor.user_id
    )
    if row is None:
        raise NotFound
    return row


async def _received(row: FileUpload) -> int:
    if row.file_id is not None:
        return row.size
    found = await fetch(
        "SELECT coalesce(sum(size), 0)::int AS got FROM upload_part WHERE upload_id = $1", row.id
    )
    return int(found[0]["got"])


async def _progress(row: FileUpload, *, actor: Member, now: datetime) -> Progress:
    kept = None
    if row.file_id is not None:
        kept = files.kept(await files.found(row.file_id, actor=actor, now=now))
    return Progress(row.id, row.size, await _received(row), kept)


def _drawer(row: FileUpload, cabinet: Cabinet) -> Drawer:
    return cabinet.drawer(row.id, row.enterprise_id, row.key)
