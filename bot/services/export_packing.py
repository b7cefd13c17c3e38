"""The contents of a copy: records as JSON, the files as they are kept, who opened what."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import orjson

from bot.clients.storage import Missing
from bot.clients.vault import Vault
from bot.domain.actors import Actor, Member, System
from bot.domain.errors import NotFound, Unavailable
from bot.domain.exports import WHY
from bot.domain.papers import NAMES, Kind, NotYetMade, RareCharacter
from bot.services import export_parts, files, openings, papers, people, tickets
from bot.services.cabinet import Cabinet
from models import Binding, ExportPack, Identity, Paper

KEEPER = System("exports.make")
ALL = 1_000_000  # openings: every one
README = """这是您要的资料。

“记录”里是我们系统里的记录，一种一个文件，用记事本就能打开。
“文件”里是交来的材料，和我们做好的证书、承诺书。
“谁看过”写着谁在什么时候、为什么打开过哪份材料。

里面有企业和个人的信息，请妥善保管，不要转给不相干的人。
有疑问请打电话 010-88653588。
"""


@dataclass(frozen=True, slots=True)
class Packing:
    """What making a copy needs; only a worker has it."""

    cabinet: Cabinet
    vault: Vault


@dataclass(frozen=True, slots=True)
class _File:
    """One file to be copied: one that was handed in, or a paper that we made."""

    name: str
    file_id: UUID | None = None
    paper: Paper | None = None


async def pack(
    row: ExportPack, file: IO[bytes], *, actor: Member, packing: Packing, now: datetime
) -> None:
    """Write the whole copy; how far it is can be read in the row meanwhile."""
    wanted, reader = await _wanted(row, actor=actor, now=now)
    await ExportPack.filter(id=row.id).update(files=len(wanted), copied=0)
    with ZipFile(file, "w") as archive:
        await _put(archive, "说明.txt", README.encode())
        for name, text in (await _records(row, packing.vault)).items():
            await _put(archive, f"记录/{name}.json", text)
        missing = []
        for number, one in enumerate(wanted, start=1):
            data = await _bytes(one, reader, packing.cabinet, now=now)
            if data is None:
                missing.append(one.name)
            else:
                await _put(archive, f"文件/{number:03d} {one.name}", data, method=ZIP_STORED)
            await ExportPack.filter(id=row.id).update(copied=number)
        if row.enterprise_id is not None:
            looked = await openings.listed(row.enterprise_id, actor=actor, now=now, limit=ALL)
            await _put(archive, "谁看过.json", _json([asdict(one) for one in looked]))
        if missing:
            await _put(archive, "缺少的文件.txt", "\n".join(missing).encode())


async def _wanted(
    row: ExportPack, *, actor: Member, now: datetime
) -> tuple[Sequence[_File], Actor]:
    """Which files, and who opens them: what a person handed in to prove a claim only we may."""
    if row.enterprise_id is None:
        bound = await Binding.filter(people.of(row.user_id))
        given = [one for each in bound for one in (each.licence_file, each.letter_file) if one]
        return [_File("绑定申请材料", file_id=one) for one in given], KEEPER
    kept = await files.listed(row.enterprise_id, actor=actor, now=now)
    made = await Paper.filter(enterprise_id=row.enterprise_id).exclude(kind=Kind.PLAQUE)
    return (
        *(_File(one.name, file_id=one.id) for one in kept),
        *(_File(f"{NAMES[one.kind]}.pdf", paper=one) for one in made),
    ), actor


async def _bytes(one: _File, reader: Actor, cabinet: Cabinet, *, now: datetime) -> bytes | None:
    """The file, whose opening is written down before; None when it has gone meanwhile."""
    try:
        if one.paper is not None:
            given = await papers.copied(one.paper, actor=reader, now=now, cabinet=cabinet)
            return given.data
        assert one.file_id is not None  # noqa: S101  # one of the two is there
        opened = await files.opened(one.file_id, actor=reader, why=WHY, now=now, cabinet=cabinet)
    except (NotFound, NotYetMade, RareCharacter, Missing, Unavailable):
        return None
    return opened.data


async def _records(row: ExportPack, vault: Vault) -> Mapping[str, bytes]:
    """Every part as JSON, by its name."""
    whose = row.enterprise_id or row.user_id
    parts = export_parts.OF_ENTERPRISE if row.enterprise_id else export_parts.OF_PERSON
    found = {part.name: (await export_parts.rows(part, whose)).encode() for part in parts}
    if row.enterprise_id is None:
        bound = await Binding.filter(people.of(row.user_id), phone_sealed__isnull=False)
        phones = {
            vault.open(one.phone_sealed, context=f"binding:{one.id}:phone")
            for one in bound
            if one.phone_sealed
        }
        for known in await Identity.filter(people.of(row.user_id)):
            phones |= await tickets.phones_left(known.appid, known.openid, vault=vault)
        found["手机号"] = _json(sorted(phones))
    return found


async def _put(archive: ZipFile, name: str, data: bytes, *, method: int = ZIP_DEFLATED) -> None:
    await asyncio.to_thread(archive.writestr, name, data, method)


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2)  # asyncpg's UUIDs
