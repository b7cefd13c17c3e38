"""Copies of their own data for people: asked for, made by a job, fetched by a link used once.

A copy is for the one person who asked. That of an enterprise needs a binding that has settled, now
and again when it is made, linked and fetched. Every file in it is opened as by that person, so the
enterprise reads who took its papers away, and each step of the copy itself is in the audit log.
"""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Actor, Member, Visitor
from bot.domain.errors import DomainError, NotFound, TooMany
from bot.domain.exports import (
    LINK_LIVES,
    LIVES,
    MOMENT,
    MOST_A_DAY,
    PAPERS_WITHIN,
    PATIENCE,
    LinkOver,
    NotReady,
)
from bot.domain.files import object_key
from bot.domain.sessions import Door
from bot.services import audit, bindings, export_packing, outbox, papers, rations
from bot.services.cabinet import Cabinet
from bot.services.export_packing import Packing
from bot.services.file_upkeep import DROP
from bot.services.outbox import Payload
from bot.services.sessions import TOKEN_BYTES, hashed
from models import ExportPack
from models.ids import new_id

MAKE = "exports.make"
PIECE_BYTES = 4 * 1024 * 1024
NAME = "我的资料.zip"
_LOCK = 4105


@dataclass(frozen=True, slots=True)
class Pack:
    """A copy as the one who asked for it sees it."""

    id: UUID
    enterprise_id: UUID | None
    asked_at: datetime
    expires_at: datetime
    copied: int
    files: int | None
    """How many there are; None while they are being counted."""
    ready: bool
    size: int
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True)
class Link:
    """A fresh link. The token stands here and nowhere else."""

    expires_at: datetime
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """A copy on its way out: its pieces come one by one."""

    size: int
    pieces: AsyncIterator[bytes]


async def ask(enterprise_id: UUID | None, *, actor: Member, now: datetime) -> Pack:
    """Ask for a copy, of the person's own data or of an enterprise's; an older one is dropped.

    While one is being made, that one is answered.
    """
    await _may(actor, enterprise_id, now=now)
    async with in_transaction():
        await fetch("SELECT pg_advisory_xact_lock($1, hashtext($2))", _LOCK, str(actor.user_id))
        older = await ExportPack.filter(user_id=actor.user_id, enterprise_id=enterprise_id)
        for row in older:
            if row.made_at is None and row.asked_at > now - PATIENCE:
                return _pack(row)
        if not await rations.use("export", str(actor.user_id), most=MOST_A_DAY, now=now):
            raise TooMany(f"一天最多导出 {MOST_A_DAY} 次，请明天再来。")
        await drop(older, now=now)
        row = ExportPack(
            id=new_id(now),
            user_id=actor.user_id,
            enterprise_id=enterprise_id,
            asked_at=now,
            pieces=[],
            expires_at=now + LIVES,
        )
        await row.save(force_create=True)
        await _note(row, "export.ask", actor=actor, now=now)
        await outbox.put(MAKE, {"export": str(row.id)}, now=now)
    return _pack(row)


async def latest(enterprise_id: UUID | None, *, actor: Member, now: datetime) -> Pack | None:
    """The person's copy of this; NotFound where the enterprise is not theirs."""
    if enterprise_id is not None:
        await bindings.require(actor, enterprise_id, now=now)
    row = await ExportPack.get_or_none(
        user_id=actor.user_id, enterprise_id=enterprise_id, expires_at__gt=now
    )
    return _pack(row) if row else None


async def make(payload: Payload, now: datetime, *, packing: Packing) -> None:
    """Make a copy; done twice, the second finds it made. Who may not have it any more gets none.

    Papers that nobody has asked for yet are made first: for those the job comes again for a while.
    """
    row = await ExportPack.get_or_none(id=UUID(payload["export"]), made_at=None)
    if row is None:
        return
    who = Member(row.user_id, row.id, Door.H5, row.asked_at, row.expires_at)
    try:
        await _may(who, row.enterprise_id, now=now)
    except DomainError:
        async with in_transaction():
            await drop([row], now=now)
        return
    if row.enterprise_id and now < row.asked_at + PAPERS_WITHIN:
        async with in_transaction():
            if await papers.ask_all(row.enterprise_id, now=now):
                await outbox.put(MAKE, payload, now=now, due_at=now + MOMENT)
                return
    row.key = packing.cabinet.new_key(row.id, row.user_id)
    with tempfile.TemporaryFile() as file:
        await export_packing.pack(row, file, actor=who, packing=packing, now=now)
        row.size = file.seek(0, 2)
        row.pieces = await _stored(row, file, packing.cabinet, now=now)
    async with in_transaction():
        made = await ExportPack.filter(id=row.id, made_at=None).update(
            made_at=now, key=row.key, pieces=row.pieces, size=row.size
        )
        if made:
            await _note(row, "export.make", actor=who, now=now)


async def link(export_id: UUID, *, actor: Member, now: datetime) -> Link:
    """A link that gives the copy once, within a quarter of an hour; an older link is over."""
    row = await ExportPack.get_or_none(id=export_id, user_id=actor.user_id, expires_at__gt=now)
    if row is None:
        raise NotFound
    await _may(actor, row.enterprise_id, now=now)
    if row.made_at is None:
        raise NotReady
    token, until = secrets.token_urlsafe(TOKEN_BYTES), now + LINK_LIVES
    async with in_transaction():
        await ExportPack.filter(id=row.id).update(link_hash=hashed(token), link_until=until)
        await _note(row, "export.link", actor=actor, now=now)
    return Link(until, token)


async def look(token: str, *, now: datetime) -> Pack:
    """What a link gives, or LinkOver; looking uses nothing up, a preview robot looks too."""
    return _pack(await _linked(token, now=now))


async def take(token: str, *, cabinet: Cabinet, now: datetime) -> Taken:
    """Use the link up and give the copy; of two at once one gets it."""
    row = await _linked(token, now=now)
    async with in_transaction():
        used = await ExportPack.filter(id=row.id, link_hash=hashed(token)).update(
            link_hash=None, fetched_at=now
        )
        if not used:
            raise LinkOver
        await _note(row, "export.fetch", actor=Visitor(), now=now)
    drawer = cabinet.drawer(row.id, row.user_id, row.key)

    async def pieces() -> AsyncIterator[bytes]:
        for one in row.pieces:
            yield await drawer.get(UUID(one))

    return Taken(row.size, pieces())


async def drop(rows: list[ExportPack], *, now: datetime) -> None:
    """Delete copies inside the caller's transaction: their keys at once, the objects by a job."""
    await ExportPack.filter(id__in=[row.id for row in rows]).delete()
    names = [object_key(UUID(one)) for row in rows for one in row.pieces]
    if names:
        await outbox.put(DROP, {"objects": names, "confidential": True}, now=now)


async def _may(actor: Member, enterprise_id: UUID | None, *, now: datetime) -> None:
    if enterprise_id is not None:
        await bindings.settled_or_refuse(actor, enterprise_id, now=now)


async def _linked(token: str, *, now: datetime) -> ExportPack:
    row = await ExportPack.get_or_none(
        link_hash=hashed(token), link_until__gt=now, expires_at__gt=now
    )
    if row is None:
        raise LinkOver
    who = Member(row.user_id, row.id, Door.H5, row.asked_at, row.expires_at)
    try:
        await _may(who, row.enterprise_id, now=now)
    except DomainError:
        raise LinkOver from None
    return row


async def _stored(
    row: ExportPack, file: IO[bytes], cabinet: Cabinet, *, now: datetime
) -> list[str]:
    drawer = cabinet.drawer(row.id, row.user_id, row.key)
    file.seek(0)
    pieces = []
    while data := await asyncio.to_thread(file.read, PIECE_BYTES):
        piece = new_id(now)
        await drawer.put(piece, data)
        pieces.append(str(piece))
    return pieces


async def _note(row: ExportPack, action: str, *, actor: Actor, now: datetime) -> None:
    await audit.note(
        action,
        kind="export_pack",
        id=row.id,
        actor=actor,
        now=now,
        enterprise_id=row.enterprise_id,
    )


def _pack(row: ExportPack) -> Pack:
    return Pack(
        id=row.id,
        enterprise_id=row.enterprise_id,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        copied=row.copied,
        files=row.files,
        ready=row.made_at is not None,
        size=row.size,
        fetched_at=row.fetched_at,
    )
