"""The sequencer: numbers the entries of the audit log, grows the tree over them, signs its root.

One runs at a time, however many workers there are. An entry gets its number within seconds of its
commit; nothing is chained inside the business transaction, where it would be one row that everybody
waits for. Each leaf is computed from the row as it was read, and a second time from the row read
again after the number was written: what differs is not signed. Nothing is signed either on top of
a head that is not ours, or when the log is not the one that this machine has seen: its last head is
kept in a file, out of reach of whoever has the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import accumulate
from typing import Any

import asyncpg
import orjson
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from tortoise.transactions import in_transaction

from bot import telemetry
from bot.clients.database import fetch, transaction_connection
from bot.clients.head_file import HeadFile
from bot.clients.roles import SEQUENCER
from bot.domain.audit import Head, Tree, canonical, leaf
from bot.services.audit import COLUMNS

log = structlog.get_logger()

BATCH = 5000
MOST_PARTS = 50_000  # rows that the entries of one batch stand for; a single entry may have more
_ONE_AT_A_TIME = 725008
_AS_SEQUENCER = f"SET LOCAL ROLE {SEQUENCER}"
UNLIKE = telemetry.gauge("audit_unlike", "与写入时不一致的审计记录数；大于零就该有人看")
REFUSED = telemetry.gauge(
    "audit_refused", "审计记录不是这台机器见过的那一份，已停止签名；为 1 就该立刻有人看"
)
WAITING_S = telemetry.gauge("audit_waiting_seconds", "还没有编号的最早一条审计记录等了多久")

_READ = f"""
SELECT {", ".join(f"e.{name}" for name in COLUMNS)}, e.written, e.number, e.tx::text AS tx,
    e.recorded_at, r.entry_id IS NOT NULL AS has_row, r.sha256 AS row, s.parts, s.digest
FROM audit_entry e LEFT JOIN audit_row r ON r.entry_id = e.id
CROSS JOIN LATERAL (
    SELECT count(*) AS parts, encode(sha256(convert_to(string_agg(
        jsonb_build_array(kind, object_id, encode(sha256, 'hex'))::text, E'\\n'
        ORDER BY kind COLLATE "C", object_id COLLATE "C"), 'UTF8')), 'hex') AS digest
    FROM audit_part WHERE entry_id = e.id
) s
"""  # noqa: S608  # our own names
_WAITING = """
SELECT number, (SELECT count(*) FROM audit_part WHERE entry_id = w.id) AS parts
FROM (SELECT p.number, e.id FROM audit_pending p JOIN audit_entry e ON e.number = p.number
    WHERE p.number > $1 ORDER BY p.number LIMIT $2) w ORDER BY number
"""
_NUMBERED = _READ + "WHERE e.number = ANY ($1::bigint[]) ORDER BY e.number"
_AGAIN = (
    _READ.replace("SELECT ", "SELECT l.sha256 AS leaf_sha256, ", 1)
    + "JOIN audit_leaf l ON l.entry_id = e.id WHERE l.leaf >= $1 AND l.leaf < $2 ORDER BY l.leaf"
)
_LAST = (
    "SELECT size, peaks, root, previous, at, key_id, signature FROM audit_head"
    " ORDER BY size DESC LIMIT 1"
)
_ROOT = "SELECT root FROM audit_head WHERE size = $1"
_OLDEST = """
SELECT extract(epoch FROM now() - min(e.recorded_at))::int AS seconds
FROM audit_pending p JOIN audit_entry e ON e.number = p.number
"""


@dataclass(frozen=True, slots=True)
class HeadSigner:
    """Ed25519 keys by their ids; the first one signs."""

    keys: Mapping[str, bytes] = field(repr=False)

    def sign(self, data: bytes) -> tuple[str, bytes]:
        key_id, seed = next(iter(self.keys.items()))
        return key_id, Ed25519PrivateKey.from_private_bytes(seed).sign(data)

    def made(self, head: Head) -> bool:
        """Whether one of these keys signed it."""
        known = self.public().get(head.key_id)
        try:
            Ed25519PublicKey.from_public_bytes(known or bytes(32)).verify(head.signature, head.text)
        except InvalidSignature:
            return False
        return known is not None

    def public(self) -> dict[str, bytes]:
        """With what a stranger checks the signatures."""
        return {
            name: Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
            for name, seed in self.keys.items()
        }


class ReadBackDiffers(Exception):
    """A row was not read the second time as it was the first: nothing was signed."""


class OtherHistory(Exception):
    """The log is not the one that was signed here before: nothing more is signed."""


async def sequence(
    *, signer: HeadSigner, now: datetime, kept: HeadFile | None = None, batch: int = BATCH
) -> int:
    """Number everything that waits; how many entries that were."""
    done, unlike = 0, 0
    after: int | None = 0
    while after is not None and (step := await _once(signer, now, batch, kept, after)):
        done, unlike, after = done + step.done, unlike + step.unlike, step.last
        UNLIKE.set(unlike)
    [oldest] = await fetch(_OLDEST)
    WAITING_S.set(oldest["seconds"] or 0)
    return done


@dataclass(frozen=True, slots=True)
class _Step:
    """How many got a number, how many must not, and the last entry if more may wait after it."""

    done: int
    unlike: int
    last: int | None


async def _once(
    signer: HeadSigner, now: datetime, batch: int, kept: HeadFile | None, after: int
) -> _Step | None:
    """One batch; None while another process is at it."""
    made = None
    async with in_transaction():
        connection = transaction_connection()
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _ONE_AT_A_TIME):
            return None
        await connection.execute(_AS_SEQUENCER)
        last = await connection.fetchrow(_LAST)
        await _check(connection, last, signer, kept)
        waiting = await connection.fetch(_WAITING, after, batch)
        numbers = _bounded([(row["number"], row["parts"]) for row in waiting])
        read = await connection.fetch(_NUMBERED, numbers)
        rows = [row for row in read if as_written(row)]
        for row in read:
            if not as_written(row):
                log.error("audit_entry_unlike_its_writer", entry=str(row["id"]))
        made = head_of(last)
        if rows:
            tree = Tree(last["size"], tuple(last["peaks"])) if last else Tree()
            made = await _grow(connection, tree, rows, signer, now)
    if kept and made:  # only what is committed: a crash here leaves the file behind, never ahead
        kept.keep(made)
    is_all = len(numbers) == len(waiting) < batch
    return _Step(len(rows), len(read) - len(rows), None if is_all else numbers[-1])


def _bounded(waiting: Sequence[tuple[int, int]]) -> list[int]:
    """The first of these numbers whose entries have no more parts than a statement may carry."""
    ends = accumulate(parts for _, parts in waiting)
    return [
        number
        for place, ((number, _), parts) in enumerate(zip(waiting, ends, strict=True))
        if place == 0 or parts <= MOST_PARTS
    ]


async def _check(
    connection: asyncpg.Connection,
    last: asyncpg.Record | None,
    signer: HeadSigner,
    kept: HeadFile | None,
) -> None:
    """Refuse to go on from a head that is not ours, or from less or other than was seen before."""
    REFUSED.set(1)
    found, seen = head_of(last), kept.read() if kept else None
    why = ""
    if found and not signer.made(found):
        why = "the signature of the last head is not ours"
    elif found and last and Tree(found.size, tuple(last["peaks"])).root != found.root:
        why = "the last head is not the root of its peaks"
    elif seen and (found is None or found.size < seen.size):
        why = f"{found.size if found else 0} entries are left of {seen.size}"
    elif seen and await connection.fetchval(_ROOT, seen.size) != seen.root:
        why = f"the first {seen.size} entries are others than they were"
    if why:
        log.error("audit_history_differs", why=why)
        raise OtherHistory(why)
    REFUSED.set(0)


def head_of(row: Mapping[str, Any] | None) -> Head | None:
    """A row of audit_head."""
    if row is None:
        return None
    return Head(*(row[name] for name in ("size", "root", "previous", "at", "key_id", "signature")))


async def _grow(
    connection: asyncpg.Connection,
    tree: Tree,
    rows: list[asyncpg.Record],
    signer: HeadSigner,
    now: datetime,
) -> Head:
    first = tree.size
    hashes = [leaf(as_sequenced(row)) for row in rows]
    await connection.copy_records_to_table(
        "audit_leaf",
        columns=("leaf", "entry_id", "sha256"),
        records=[
            (first + place, row["id"], hashed)
            for place, (row, hashed) in enumerate(zip(rows, hashes, strict=True))
        ],
    )
    again = await connection.fetch(_AGAIN, first, first + len(rows))
    for hashed, row in zip(hashes, again, strict=True):
        if not hashed == row["leaf_sha256"] == leaf(as_sequenced(row)):
            raise ReadBackDiffers(str(row["id"]))
        tree = tree.add(hashed)
    bare = Head(tree.size, tree.root, first, now)
    key_id, signature = signer.sign(bare.text)
    await connection.execute(
        "INSERT INTO audit_head (size, previous, at, root, peaks, key_id, signature) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tree.size, first, now, tree.root, list(tree.peaks), key_id, signature,
    )  # fmt: skip
    await connection.execute(
        "DELETE FROM audit_pending WHERE number = ANY($1)", [row["number"] for row in rows]
    )
    return replace(bare, key_id=key_id, signature=signature)


def as_written(row: Mapping[str, Any]) -> bool:
    """Whether the row is what its writer had in memory."""
    return leaf(canonical(_plain(row, COLUMNS))) == bytes(row["written"])


def as_sequenced(row: Mapping[str, Any]) -> bytes:
    """All of the entry: what was written, what PostgreSQL added, how the changed rows looked."""
    names = (*COLUMNS, "written", "number", "tx", "recorded_at")
    state = {"sha256": row["row"]} if row["has_row"] else None
    parts = {"parts": {"count": row["parts"], "sha256": row["digest"]}} if row["parts"] else {}
    return canonical(_plain(row, names) | {"row": state} | parts)


def _plain(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: row[name] for name in names}
    for name in ("before", "after"):
        values[name] = None if values[name] is None else orjson.loads(values[name])
    return values
