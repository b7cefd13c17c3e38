"""What is done to files after they are kept: other pages drawn, twins found, erased, swept."""

import tempfile
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.clients.storage import Store
from bot.domain.actors import Actor, Staff, System
from bot.domain.errors import NotFound
from bot.domain.files import folders_between, made_at, object_id, object_key
from bot.services import audit, files, outbox
from bot.services.cabinet import Cabinet
from bot.services.outbox import Payload
from models import FilePiece, FileUpload, StoredFile

DROP = "files.drop"
DRAWN_AT_ONCE = 20
"""Pages that the jail draws in one go: well within its time."""
YOUNG = timedelta(days=1)
"""An object without a row may be waiting for it; after a day nobody comes any more."""
SWEPT_BACK = timedelta(days=30)
SWEEP_AT_ONCE = 500


async def draw(payload: Payload, now: datetime, *, cabinet: Cabinet) -> None:
    """Draw the pages of a PDF that nobody waited for; doing it twice does no harm."""
    row = await StoredFile.get_or_none(id=UUID(payload["file"]), erased_at=None)
    if row is None:
        return
    drawer = cabinet.drawer(row.id, row.enterprise_id, row.key)
    done = {piece.page for piece in await FilePiece.filter(file_id=row.id)}
    missing = [page for page in range(1, row.pages + 1) if page not in done]
    if not missing:
        return
    body = await FilePiece.get(file_id=row.id, page=0)
    with tempfile.TemporaryFile() as file:
        file.write(await drawer.get(body.id))
        file.flush()
        for first in range(missing[0], row.pages + 1, DRAWN_AT_ONCE):
            views = range(first, min(first + DRAWN_AT_ONCE, row.pages + 1))
            clean = await cabinet.jail.examine(file, views=views)
            drawn = [piece for piece in clean.pieces if piece.page in set(missing)]
            pieces = await files.store_pieces(row, drawn, drawer, now=now)
            try:
                await FilePiece.bulk_create(pieces)
            except IntegrityError:  # another worker drew them; ours are swept
                return


async def drop(payload: Payload, _now: datetime, *, cabinet: Cabinet) -> None:
    """Delete the objects of a file that was erased."""
    store = cabinet.confidential if payload["confidential"] else cabinet.papers
    await store.delete([str(name) for name in payload["objects"]])


async def twins(file_id: UUID, *, actor: Staff | System) -> tuple[tuple[UUID, UUID], ...]:
    """The same paper elsewhere, as (enterprise, file): for staff only, never told to a member."""
    del actor  # its type is the permission
    row = await StoredFile.get(id=file_id)
    alike = Q(original_sha256=row.original_sha256) | Q(sha256=row.sha256)
    rows = await StoredFile.filter(alike, erased_at=None).exclude(id=file_id).order_by("id")
    return tuple((one.enterprise_id, one.id) for one in rows)


async def erase(file_id: UUID, *, actor: Actor, now: datetime, reason: str = "") -> None:
    """Destroy a file's key and name at once, and its objects by a job; that it was, stays known."""
    row = await files.found(file_id, actor=actor, now=now)
    async with in_transaction():
        done = await StoredFile.filter(id=file_id, erased_at=None).update(
            erased_at=now, key=None, name=""
        )
        if not done:
            raise NotFound
        pieces = await FilePiece.filter(file_id=file_id)
        await FilePiece.filter(file_id=file_id).delete()
        await audit.note(
            "file.erased",
            kind="stored_file",
            id=file_id,
            actor=actor,
            now=now,
            enterprise_id=row.enterprise_id,
            reason=reason,
        )
        names = [object_key(piece.id) for piece in pieces]
        await outbox.put(DROP, {"objects": names, "confidential": row.confidential}, now=now)


async def sweep(*, cabinet: Cabinet, now: datetime) -> int:
    """Delete what a crash left: objects without a row, and uploads that nobody finished."""
    await FileUpload.filter(begun_at__lt=now - YOUNG, file_id=None).delete()
    gone = 0
    for store in (cabinet.papers, cabinet.confidential):
        gone += await _sweep(store, now=now)
    return gone


async def _sweep(store: Store, *, now: datetime) -> int:
    gone, some = 0, []
    async for name in store.names(folders_between(now - SWEPT_BACK, now - YOUNG)):
        if made_at(name) < now - YOUNG:
            some.append(name)
        if len(some) == SWEEP_AT_ONCE:
            gone += await _orphans(store, some)
            some = []
    return gone + await _orphans(store, some)


async def _orphans(store: Store, names: list[str]) -> int:
    ids = {object_id(name): name for name in names}
    rows = await fetch(
        "SELECT id FROM file_piece WHERE id = ANY($1::uuid[])"
        " UNION ALL SELECT id FROM upload_part WHERE id = ANY($1::uuid[])"
        " UNION ALL SELECT id FROM licence_photo WHERE id = ANY($1::uuid[])"
        " UNION ALL SELECT id FROM fake_report WHERE id = ANY($1::uuid[])"
        " UNION ALL SELECT pdf FROM paper WHERE pdf = ANY($1::uuid[])"
        " UNION ALL SELECT png FROM paper WHERE png = ANY($1::uuid[])"
        " UNION ALL SELECT one::uuid FROM export_pack, jsonb_array_elements_text(pieces) one",
        list(ids),
    )
    orphans = [name for id_, name in ids.items() if id_ not in {row["id"] for row in rows}]
    await store.delete(orphans)
    return len(orphans)
