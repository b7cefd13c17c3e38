"""Files that enterprises hand in: checked in the jail, kept, opened only after it is written down.

The order that no crash can spoil: objects first, under names that nothing points to yet; then the
rows, in one transaction. What a crash leaves behind is an object without a row, and that is swept.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import IO
from uuid import UUID

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from bot.clients.database import everything, inside_transaction
from bot.clients.storage import Missing
from bot.domain.actors import Actor, Member, Staff, System, Visitor
from bot.domain.consents import Purpose
from bot.domain.errors import BadInput, NotFound, Unavailable
from bot.domain.files import (
    CLAIM_KINDS,
    KINDS,
    LIMITS,
    WORDS,
    FileTooLarge,
    Media,
    Piece,
    Refusal,
    Unreadable,
    Warned,
    plain_name,
)
from bot.services import audit, bindings, consents, outbox
from bot.services.cabinet import Cabinet, Drawer
from models import FileOpening, FilePiece, StoredFile
from models.ids import new_id

log = structlog.get_logger()
DRAW = "files.draw"
LONGEST_WHY = 200


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file as it came, on the disk; nobody has looked into it."""

    file: IO[bytes]
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept."""

    id: UUID
    kind: str
    name: str
    media_type: Media
    pages: int
    size: int
    sha256: str
    warnings: tuple[Warned, ...]
    confidential: bool
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """What leaves the house; that it does is written down already."""

    media_type: Media
    name: str
    data: bytes


async def keep(  # noqa: PLR0913  # what a paper is, whose, and what keeps it
    upload: Spooled,
    *,
    kind: str,
    enterprise_id: UUID,
    actor: Actor,
    now: datetime,
    cabinet: Cabinet,
    confidential: bool = False,
) -> Kept:
    """Check a file and keep its clean form; the same file sent again is the one that is kept.

    A kind that is confidential stays so whatever `confidential` says. Raises Unreadable with the
    words for the sender, FileTooLarge, or NotFound when the enterprise is not theirs.
    """
    await let_in(actor, enterprise_id, now=now)
    kinds = KINDS if isinstance(actor, Member) else {**KINDS, **CLAIM_KINDS}
    if kind not in kinds:
        raise BadInput("请先选择材料的种类。", field="kind")
    if upload.size > LIMITS.file_bytes:
        raise FileTooLarge
    if not upload.size:
        raise Unreadable(WORDS[Refusal.EMPTY])
    purpose = kinds[kind].purpose
    if isinstance(actor, Member) and purpose:
        await consents.require(purpose, actor=actor)
    locked = confidential or kinds[kind].confidential
    original = await asyncio.to_thread(_digest, upload.file)
    same = StoredFile.filter(
        enterprise_id=enterprise_id,
        kind=kind,
        original_sha256=original,
        confidential=locked,
        erased_at=None,
    )
    if known := await same.first():
        if isinstance(actor, Member) and purpose:
            await _sent_again(known, purpose, actor=actor, now=now)
        return kept(known)
    clean = await cabinet.jail.examine(upload.file)
    file_id = new_id(now)
    row = StoredFile(
        id=file_id,
        enterprise_id=enterprise_id,
        kind=kind,
        confidential=locked,
        original_sha256=original,
        key=cabinet.new_key(file_id, enterprise_id) if locked else None,
        name=plain_name(upload.name, clean.media_type),
        media_type=clean.media_type,
        pages=clean.pages,
        size=len(clean.body.data),
        sha256=sha256(clean.body.data).hexdigest(),
        warnings=[warned.value for warned in clean.warnings],
        kept_at=now,
    )
    row.actor_kind, row.actor = who(actor)
    if await _seen(row):
        row.warnings = [*row.warnings, Warned.DUPLICATE.value]
    drawer = cabinet.drawer(file_id, enterprise_id, row.key)
    pieces = await store_pieces(row, clean.pieces, drawer, now=now)
    try:
        await _recorded(row, pieces, actor=actor, now=now)
    except IntegrityError:  # the same file came twice at the same moment: the other one counts
        return kept(await same.get())
    return kept(row)


async def _sent_again(row: StoredFile, purpose: Purpose, *, actor: Member, now: datetime) -> None:
    """Let a paper go by the consent of whoever sent it again, once the first sender took theirs
    back."""
    if row.actor_kind != "member":
        return
    async with in_transaction():
        async with everything("whether a colleague stands by what they handed in"):
            if await consents.stands(purpose, UUID(row.actor)):
                return
        before, row.actor = row.actor, str(actor.user_id)
        await StoredFile.filter(id=row.id).update(actor=row.actor)
        await audit.note(
            "file.sent_again",
            kind="stored_file",
            id=row.id,
            actor=actor,
            now=now,
            enterprise_id=row.enterprise_id,
            before={"actor": UUID(before)},
            after={"actor": actor.user_id},
        )


async def _recorded(
    row: StoredFile, pieces: list[FilePiece], *, actor: Actor, now: datetime
) -> None:
    async with in_transaction():
        await row.save(force_create=True)
        await FilePiece.bulk_create(pieces)
        await audit.note(
            "file.kept",
            kind="stored_file",
            id=row.id,
            actor=actor,
            now=now,
            enterprise_id=row.enterprise_id,
            after={"kind": row.kind, "confidential": row.confidential, "sha256": row.sha256},
        )
        if row.media_type is Media.PDF and len(pieces) <= row.pages:
            await outbox.put(DRAW, {"file": str(row.id)}, now=now, key=f"{DRAW}:{row.id}")


async def store_pieces(
    row: StoredFile, given: Sequence[Piece], drawer: Drawer, *, now: datetime
) -> list[FilePiece]:
    """Put the objects; their rows come back unsaved."""
    made = []
    for piece in given:
        made.append(
            FilePiece(
                id=new_id(now),
                enterprise_id=row.enterprise_id,
                file_id=row.id,
                page=piece.page,
                media_type=piece.media_type,
                width=piece.width,
                height=piece.height,
                size=len(piece.data),
            )
        )
        await drawer.put(made[-1].id, piece.data)
    return made


async def opened(
    file_id: UUID, *, actor: Actor, why: str, now: datetime, cabinet: Cabinet, page: int = 0
) -> Opened:
    """Write down that somebody opens a file, then give it: page 0 is the whole clean form.

    Refuses to run inside a transaction, which could be undone after the first byte has left.
    """
    if inside_transaction():
        raise RuntimeError("an opening must be committed before anything leaves")
    row = await found(file_id, actor=actor, now=now)
    piece = await FilePiece.get_or_none(file_id=file_id, page=page)
    if piece is None and page == 1 and row.media_type is not Media.PDF:
        piece = await FilePiece.get_or_none(file_id=file_id, page=0)  # a picture is its own page
    if piece is None:
        if 0 < page <= row.pages:
            raise Unavailable("这一页还在准备，请稍后再看。")
        raise NotFound
    kind, name = who(actor)
    opening = FileOpening(
        id=new_id(now),
        enterprise_id=row.enterprise_id,
        file_id=file_id,
        page=page,
        actor_kind=kind,
        actor=name,
        why=why[:LONGEST_WHY],
        at=now,
    )
    await opening.save(force_create=True)
    drawer = cabinet.drawer(file_id, row.enterprise_id, row.key)
    try:
        content = await drawer.get(piece.id)
    except Missing:
        log.exception("stored_object_missing", file=str(file_id), page=page)
        raise Unavailable("这份文件现在打不开，我们已经记录下来。急用的话请重新上传。") from None
    return Opened(piece.media_type, row.name, content)


async def handed_out(
    file_id: UUID, *, actor: Member, why: str, now: datetime, cabinet: Cabinet, page: int = 0
) -> Opened:
    """A file to keep, or one page to look at. What others handed in leaves whole only once the
    binding has settled; a picture is its own page, so that to look at it is to keep it."""
    row = await found(file_id, actor=actor, now=now)
    whole = page == 0 or row.media_type is not Media.PDF
    if whole and (row.actor_kind, row.actor) != who(actor):
        await bindings.settled_or_refuse(actor, row.enterprise_id, now=now)
    return await opened(file_id, actor=actor, why=why, now=now, cabinet=cabinet, page=page)


async def found(file_id: UUID, *, actor: Actor, now: datetime) -> StoredFile:
    """The row, for services; NotFound when it is erased or not theirs to see."""
    row = await StoredFile.get_or_none(id=file_id, erased_at=None)
    if row is None:
        raise NotFound
    await let_in(actor, row.enterprise_id, now=now)
    if isinstance(actor, Member) and row.kind in CLAIM_KINDS:
        raise NotFound
    return row


async def listed(enterprise_id: UUID, *, actor: Actor, now: datetime) -> tuple[Kept, ...]:
    """Every file of an enterprise, the newest first."""
    await let_in(actor, enterprise_id, now=now)
    rows = await StoredFile.filter(enterprise_id=enterprise_id, erased_at=None).order_by("-id")
    hidden = CLAIM_KINDS if isinstance(actor, Member) else {}
    return tuple(kept(row) for row in rows if row.kind not in hidden)


async def let_in(actor: Actor, enterprise_id: UUID, *, now: datetime) -> None:
    """Raise NotFound for a member of another enterprise; staff and jobs see every file."""
    if isinstance(actor, Visitor):
        raise NotFound
    if isinstance(actor, Member):
        await bindings.require(actor, enterprise_id, now=now)


async def _seen(row: StoredFile) -> bool:
    """Whether the enterprise has handed in the same paper before, perhaps as another kind."""
    alike = Q(original_sha256=row.original_sha256) | Q(sha256=row.sha256)
    ours = StoredFile.filter(enterprise_id=row.enterprise_id, erased_at=None)
    return await ours.filter(alike).exists()


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    digest = sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def who(actor: Actor) -> tuple[str, str]:
    """How an actor stands in the rows of files."""
    if isinstance(actor, Member):
        return "member", str(actor.user_id)
    if isinstance(actor, Staff):
        return "staff", actor.name
    return ("system", actor.job) if isinstance(actor, System) else ("visitor", "")


def kept(row: StoredFile) -> Kept:
    return Kept(
        id=row.id,
        kind=row.kind,
        name=row.name,
        media_type=Media(row.media_type),
        pages=row.pages,
        size=row.size,
        sha256=row.sha256,
        warnings=tuple(Warned(one) for one in row.warnings),
        confidential=row.confidential,
        kept_at=row.kept_at,
    )
