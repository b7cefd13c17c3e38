"""Checks the whole audit log and the audited tables, and names the first entry that is wrong.

It shares no code with what writes the log: it says a second time, on purpose, what an entry is as
bytes, how leaves make a tree, and how a row is hashed. It trusts the public keys that it is given,
a head that a witness kept if there is one, and nothing that stands in the database.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bot.commands.audit_tables import AUDITED, Table, faults

PAGE = 2000
WRITTEN = (
    "id", "at", "actor_kind", "actor", "session", "door", "request", "action", "kind",
    "object_id", "enterprise_id", "before", "after", "reason",
)  # fmt: skip
LEAF_OF = (*WRITTEN, "written", "number", "tx", "recorded_at")
_SPELLED = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_QUOTED = json.encoder.encode_basestring
ENTRIES = f"""
SELECT l.leaf, l.entry_id, l.sha256 AS leaf_sha256, e.id IS NULL AS lost,
    {", ".join(f"e.{name}" for name in WRITTEN)}, e.written, e.number, e.tx::text AS tx,
    e.recorded_at, r.entry_id IS NOT NULL AS has_row, r.sha256 AS row, p.parts, p.digest
FROM audit_leaf l LEFT JOIN audit_entry e ON e.id = l.entry_id
LEFT JOIN audit_row r ON r.entry_id = l.entry_id
LEFT JOIN (
    SELECT entry_id, count(*) AS parts, encode(sha256(convert_to(string_agg(
        jsonb_build_array(kind, object_id, encode(sha256, 'hex'))::text, E'\\n'
        ORDER BY kind COLLATE "C", object_id COLLATE "C"), 'UTF8')), 'hex') AS digest
    FROM audit_part GROUP BY entry_id
) p ON p.entry_id = l.entry_id
ORDER BY l.leaf
"""  # noqa: S608  # our own names
HEADS = "SELECT size, previous, at, root, peaks, key_id, signature FROM audit_head ORDER BY size"
UNNUMBERED = f"""
SELECT {", ".join(f"e.{name}" for name in WRITTEN)}, e.written, p.number IS NULL AS forgotten,
    now() - e.recorded_at > interval '60 s' AS late
FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id
LEFT JOIN audit_pending p ON p.number = e.number
WHERE l.entry_id IS NULL ORDER BY e.number
"""  # noqa: S608  # our own names
# What belongs to no entry, and what waits for nothing.
STRAY = """
SELECT 'audit_row' AS table FROM audit_row r
WHERE NOT EXISTS (SELECT 1 FROM audit_entry e WHERE e.id = r.entry_id)
UNION ALL SELECT 'audit_part' FROM audit_part r
WHERE NOT EXISTS (SELECT 1 FROM audit_entry e WHERE e.id = r.entry_id)
UNION ALL SELECT 'audit_pending' FROM audit_pending p WHERE NOT EXISTS (
    SELECT 1 FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id
    WHERE e.number = p.number AND l.entry_id IS NULL)
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. Without a leaf it stands behind all numbered entries."""

    what: str
    leaf: int | None = None
    entry: UUID | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    entries: int
    root: str
    first: Finding | None


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A head that somebody else kept."""

    size: int
    root: bytes


async def verify(
    connection: asyncpg.Connection,
    keys: Mapping[str, bytes],
    witnessed: Sequence[Witnessed] = (),
    audited: Mapping[str, Table] = AUDITED,
) -> Verdict:
    """Read everything once, in one snapshot; `keys` are public Ed25519 keys by their ids."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # Names are those of our own tables, wherever the owner of the database points them.
        await connection.execute(
            "SET LOCAL search_path = public, pg_temp;"
            "SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'"
        )
        heads = {row["size"]: row for row in await connection.fetch(HEADS)}
        walk = Walk(heads, keys, witnessed)
        async for row in _entries(connection):
            walk.step(row)
        walk.end()
        if walk.first:  # from there on the log proves nothing, about the tables neither
            return Verdict(walk.size, walk.root().hex(), walk.first)
        found = [one async for one in _unnumbered(connection)]
        found += [
            Finding(one.what, one.leaf, one.entry) async for one in faults(connection, audited)
        ]
    return Verdict(walk.size, walk.root().hex(), min(found, key=_order, default=None))


class Walk:
    """Goes over the leaves in order and keeps the first fault: later ones may follow from it."""

    def __init__(
        self,
        heads: dict[int, asyncpg.Record],
        keys: Mapping[str, bytes],
        witnessed: Sequence[Witnessed],
    ) -> None:
        self.first: Finding | None = None
        self.size = 0
        self._peaks: list[bytes] = []
        self._heads, self._keys, self._witnessed = dict(heads), keys, witnessed
        self._signed = 0

    def step(self, row: asyncpg.Record) -> None:
        if self.first is not None:
            return
        if fault := self._fault(row):
            self._found(fault, self.size, row["entry_id"])
        self._add(bytes(row["leaf_sha256"]))
        if head := self._heads.pop(self.size, None):
            self._head(head)
        for kept in self._witnessed:
            if kept.size == self.size and kept.root != self.root():
                self._found("与见证人保存的树根不符", self.size - 1, row["entry_id"])

    def end(self) -> None:
        """What only the end shows: leaves that no head covers, heads of more leaves than exist."""
        if (last := max(self._heads, default=0)) > self.size:
            self._found(f"签名说有 {last} 条，只找到 {self.size} 条", self.size)
        if kept := [one.size for one in self._witnessed if one.size > self.size]:
            self._found(f"见证人见过 {max(kept)} 条，只找到 {self.size} 条", self.size)
        if self._heads:
            self._found("有一个签名不属于任何记录", self.size)
        if self.size > self._signed:
            self._found("从这里起的记录没有签名", self._signed)

    def _found(self, what: str, leaf: int, entry: UUID | None = None) -> None:
        self.first = self.first or Finding(what, leaf, entry)

    def root(self) -> bytes:
        if not self._peaks:
            return hashlib.sha256().digest()
        root = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            root = hashlib.sha256(b"\1" + peak + root).digest()
        return root

    def _fault(self, row: asyncpg.Record) -> str:
        if row["leaf"] != self.size:
            return f"编号不连续：这里应当是 {self.size}"
        if row["lost"]:
            return "记录不见了"
        entry = _entry(row, LEAF_OF)
        if _leaf(_WRITTEN, entry) != row["written"]:
            return "记录与写入时不符"
        state = _spelled("row", row["row"])
        entry["row"] = f'{{"sha256":{state}}}' if row["has_row"] else "null"
        if row["parts"]:
            entry["parts"] = f'{{"count":{row["parts"]},"sha256":"{row["digest"]}"}}'
        if _leaf(_IN_PARTS if row["parts"] else _NUMBERED, entry) != row["leaf_sha256"]:
            return "记录与编号时不符"
        return ""

    def _head(self, head: asyncpg.Record) -> None:
        begin, self._signed = self._signed, self.size
        if head["root"] != self.root() or head["peaks"] != self._peaks:
            self._found(f"第 {begin} 至 {self.size - 1} 号中有记录与签名时不符", begin)
        elif head["previous"] != begin or not self._genuine(head):
            self._found(f"前 {self.size} 条记录的签名不对，或者它前面的签名不见了", begin)

    def _genuine(self, head: asyncpg.Record) -> bool:
        key = self._keys.get(head["key_id"])
        if key is None:
            return False
        root, at = head["root"].hex(), _moment(head["at"])
        text = f"credit audit log\n{head['size']}\n{root}\n{head['previous']}\n{at}\n"
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(head["signature"], text.encode())
        except InvalidSignature:
            return False
        return True

    def _add(self, leaf: bytes) -> None:
        self._peaks.append(leaf)
        self.size += 1
        rest = self.size
        while rest % 2 == 0:
            right, left = self._peaks.pop(), self._peaks.pop()
            self._peaks.append(hashlib.sha256(b"\1" + left + right).digest())
            rest //= 2


async def _entries(connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Record]:
    async for row in connection.cursor(ENTRIES, prefetch=PAGE):
        yield row


async def _unnumbered(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    """Entries wait for their number for seconds; one that nobody will number was tampered with."""
    for row in await connection.fetch(UNNUMBERED):
        if _leaf(_WRITTEN, _entry(row, WRITTEN)) != row["written"]:
            yield Finding("等待编号的记录与写入时不符", None, row["id"])
        elif row["forgotten"]:
            yield Finding("记录没有编号，也不在等待编号", None, row["id"])
        elif row["late"]:
            yield Finding("记录等编号超过一分钟：请查看后台任务是否在运行", None, row["id"])
    for row in await connection.fetch(STRAY):
        yield Finding(f"{row['table']} 里有一行不属于任何记录")


def _order(finding: Finding) -> tuple[bool, int]:
    return (finding.leaf is None, finding.leaf or 0)


def _entry(row: asyncpg.Record, names: tuple[str, ...]) -> dict[str, str]:
    """Each value as JSON spells it, once for both hashes of an entry."""
    return {name: _spelled(name, row[name]) for name in names}


def _spelled(name: str, value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return _SPELLED(json.loads(value)) if name in {"before", "after"} else _QUOTED(value)
    if isinstance(value, datetime):
        return f'"{_moment(value)}"'
    if isinstance(value, bytes):
        return f'"{value.hex()}"'
    return f'"{value}"' if isinstance(value, UUID) else str(value)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _object(*names: str) -> str:
    """A form for a JSON object of these names, to be filled with values as JSON spells them."""
    return "{" + ",".join(f'"{name}":%({name})s' for name in sorted(names)) + "}"


_WRITTEN, _NUMBERED = _object(*WRITTEN), _object(*LEAF_OF, "row")
_IN_PARTS = _object(*LEAF_OF, "row", "parts")


def _leaf(form: str, entry: dict[str, str]) -> bytes:
    return hashlib.sha256(b"\0" + (form % entry).encode()).digest()
