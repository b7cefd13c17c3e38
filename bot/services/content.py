"""Texts that staff may edit: every version is kept, the newest one is what people see."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.errors import NotFound, Stale
from bot.domain.knowledge import MESSAGE
from models import ContentVersion
from models.ids import new_id, new_ids

FILES = "文件"  # the author of what came with the product
Speech = Callable[[], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Version:
    name: str
    number: int
    body: str
    author: str
    note: str
    created_at: datetime


_NEWEST = """
SELECT DISTINCT ON (name) name, number, body, author, note, created_at
FROM content_version ORDER BY name, number DESC
"""

# All at once: the two hundred texts of a new database were two hundred statements.
_BRING = """
INSERT INTO content_version (id, name, number, body, author, note, created_at)
SELECT id, name, number, body, $5, '', $6
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[]) AS fresh (id, name, number, body)
ON CONFLICT DO NOTHING
"""


async def newest() -> dict[str, Version]:
    """The version of each text that people see."""
    return {row["name"]: Version(**row) for row in await fetch(_NEWEST)}


async def spoken(files: Mapping[str, str]) -> Mapping[str, str]:
    """What the account says at this moment, for jobs: the files' words, and what staff made of
    them; an emptied text is the file's again."""
    edited = {
        name.removeprefix(MESSAGE): version.body.strip()
        for name, version in (await newest()).items()
        if name.startswith(MESSAGE) and version.body.strip()
    }
    return {**files, **edited}


async def count() -> int:
    """Rows are only ever added: the number of them tells whether anything is new."""
    rows = await fetch("SELECT count(*) AS n FROM content_version")
    return int(rows[0]["n"])


async def seed(files: Mapping[str, str], *, now: datetime) -> int:
    """Bring the texts of the files in; answer how many were new.

    What staff have edited stays as they left it, and what the files once brought is not brought
    again: during a release the old and the new process do not undo each other's texts.
    """
    known: dict[str, list[tuple[int, str, str]]] = {}
    for row in await fetch("SELECT name, number, body, author FROM content_version ORDER BY 1, 2"):
        known.setdefault(row["name"], []).append((row["number"], row["body"], row["author"]))
    fresh = []
    for name, body in files.items():
        versions = known.get(name, [])
        edited = any(author != FILES for _, _, author in versions)
        if not edited and body not in [text for _, text, _ in versions]:
            fresh.append((name, versions[-1][0] + 1 if versions else 1, body))
    if fresh:
        ids = new_ids(now, len(fresh))
        await fetch(_BRING, ids, *map(list, zip(*fresh, strict=True)), FILES, now)
    return len(fresh)


async def publish(
    name: str, body: str, *, base: int, author: str, note: str = "", now: datetime
) -> int:
    """Add the version after `base`; refused when somebody else has added one since."""
    try:
        async with in_transaction():
            rows = await fetch(
                "SELECT coalesce(max(number), 0) AS n FROM content_version WHERE name = $1", name
            )
            if rows[0]["n"] != base:
                raise Stale(f"{name} 已有第 {rows[0]['n']} 版，请重新导出后再改。")
            await _row(name, base + 1, body, author, note, now).save(force_create=True)
    except IntegrityError as error:
        raise Stale from error
    return base + 1


async def publish_changed(
    texts: Mapping[str, str],
    *,
    bases: Mapping[str, int],
    check: Callable[[str, str], None],
    author: str,
    note: str,
    now: datetime,
) -> list[tuple[str, int]]:
    """Check and add each text that was changed since its base: all of them, or none."""
    async with in_transaction():
        rows = await fetch("SELECT name, number, body FROM content_version")
        known = {(row["name"], row["number"]): row["body"].strip() for row in rows}
        done = []
        for name, body in texts.items():
            base = bases.get(name, 0)
            if known.get((name, base)) != body:
                check(name, body)
                number = await publish(name, body, base=base, author=author, note=note, now=now)
                done.append((name, number))
        return done


async def history(name: str) -> list[Version]:
    """All versions of one text, the newest first."""
    rows = await ContentVersion.filter(name=name).order_by("-number")
    if not rows:
        raise NotFound(f"没有叫 {name} 的内容。")
    return [Version(r.name, r.number, r.body, r.author, r.note, r.created_at) for r in rows]


def _row(
    name: str, number: int, body: str, author: str, note: str, now: datetime
) -> ContentVersion:
    return ContentVersion(
        id=new_id(now),
        name=name,
        number=number,
        body=body,
        author=author,
        note=note,
        created_at=now,
    )
