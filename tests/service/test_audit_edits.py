"""A superuser edits the product's own tables and the log itself: every edit is found and named.

Each edit is one row or one value, made with all triggers off and all constraints gone, and undone
before the next one.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from bot.clients.signer import FileSigner
from bot.clients.vault import Vault
from bot.commands.audit_tables import AUDITED
from bot.commands.audit_verify import Verdict, verify
from bot.domain.actors import Staff
from bot.domain.bindings import Role
from bot.domain.certificates import Action, Reason
from bot.domain.papers import Address
from bot.domain.signing_keys import Purpose
from bot.services import (
    audit,
    certificate_bulk,
    certificate_life,
    certificate_signing,
    claims,
    plaques,
    programmes,
    signing_keys,
)
from bot.services.audit_sequence import HeadSigner, sequence
from bot.services.certificate_bases import Basis, Wanted
from bot.services.claims import Papers
from bot.services.inserting import MANY
from bot.services.signing_keys import Issuer
from tests import applying, matrix, people
from tests.amounts import amount
from tests.conftest import NOW

pytestmark = pytest.mark.mass

EDITS = amount(1_000, part=300)
SIGNER = HeadSigner({"a1": b"1" * 32})
VAULT = Vault({"k": bytes(32)}, bytes(32))
BY = Staff("王芳")
OF_THE_LOG = (
    "audit_entry", "audit_row", "audit_part", "audit_leaf", "audit_head", "audit_key",
    "audit_pending",
)  # fmt: skip
# Until an entry has its number, seconds later, nothing vouches for what PostgreSQL adds to it.
NOT_YET = frozenset({"tx", "recorded_at"})
_TEXT = (
    "left({0}, -1) || CASE WHEN right({0}, 1) = 'x' THEN 'y' ELSE 'x' END"
    " || CASE WHEN coalesce({0}, '') = '' THEN 'x' ELSE '' END"
)
OTHER: Mapping[str, str] = MappingProxyType(
    {
        "bigint": "coalesce({0}, 0) + 1000",
        "boolean": "NOT coalesce({0}, false)",
        "bytea": "sha256(coalesce({0}, ''))",
        "bytea[]": "array_append({0}, sha256('x'))",
        "character varying": f"coalesce({_TEXT}, 'x')",
        "date": "coalesce({0}, DATE '2026-01-01') + 1",
        "integer": "coalesce({0}, 0) + 1000",
        "jsonb": "jsonb_build_object('was', {0})",
        "smallint": "coalesce({0}, 0) + 1",
        "text": f"coalesce({_TEXT}, 'x')",
        "timestamp with time zone": "coalesce({0}, now()) + interval '1 microsecond'",
        "uuid": "gen_random_uuid()",
        "xid8": "({0}::text::bigint + 1)::text::xid8",
    }
)


@pytest.fixture
async def owner(db: str) -> AsyncIterator[asyncpg.Connection]:
    # The verifier's statements are planned once and not again for each edit.
    connection = await asyncpg.connect(
        db, server_settings={"plan_cache_mode": "force_generic_plan"}
    )
    yield connection
    await connection.close()


async def number(minute: int) -> None:
    await sequence(signer=SIGNER, now=NOW + timedelta(minutes=minute))


async def life(folder: Path) -> None:
    """Something of everything that is audited, under several heads, and what still waits."""
    issuer = Issuer(FileSigner(folder / "keys"), "https://cx.example.org.cn", production=False)
    asks = Papers(people.code(999_001), "北辰有限公司", Role.AGENT, "赵敏", "13900139000")
    claimant = await people.member()
    claimed = await claims.by_papers(asks, actor=claimant, vault=VAULT, now=NOW)
    await number(1)
    makers = {name: matrix.OWNED[name] for name in ("binding", "claim", "case", "certificate")}
    made = [await matrix.found_enterprise(makers) for _ in range(3)]
    await number(2)
    await certificate_signing.sign_waiting(issuer=issuer, now=NOW)
    legal = made[0].member
    await applying.ready(legal)
    address = Address("李强", "010-88653588", "北京市西城区月坛南街59号")
    for one, action, reason in (
        (made[1], Action.SUSPEND, Reason.UNDER_CHECK),
        (made[2], Action.REVOKE, Reason.FALSE_MATERIAL),
    ):
        holder, certificate = one.member, one.things["certificate"]
        await plaques.order(one.id, certificate, address, actor=holder, vault=VAULT, now=NOW)
        await certificate_life.change(
            certificate, action, reason=reason, words="核查", second="李强", actor=BY, now=NOW
        )
    basis = Basis("demonstration", by="王芳", second="李强", reason="演示")
    many = [await people.enterprise() for _ in range(MANY)] + [made[1].id]
    await certificate_bulk.issue_all(
        [Wanted(one, "commitment", None, basis) for one in many],
        issuer=issuer, actor=BY, now=NOW, say=lambda _: None,
    )  # fmt: skip
    await number(3)
    await people.rename(made[0].id, "新名称科技有限公司")
    await applying.entered(UUID(made[0].things["case"]), made[0].id)
    await programmes.charge(
        "credit-evaluation", legal_basis="文件", actor=BY, second="李强", now=NOW
    )
    given = {"issuer": issuer, "by": "王芳", "second": "李强", "why": "更换", "now": NOW}
    await signing_keys.rotate(Purpose.CERTIFICATE, **given)
    await certificate_signing.sign_all_again(issuer=issuer, now=NOW, say=lambda _: None)
    await claims.withdraw(claimed.binding_id, actor=claimant, now=NOW)
    await number(4)
    for name in ("a", "b", "c"):
        async with in_transaction():
            await audit.note("thing.made", kind="thing", id=name, actor=BY, now=NOW)


@dataclass(frozen=True, slots=True)
class Row:
    """One row, and the entry that is wrong when the row is."""

    ctid: str
    leaf: int | None
    entry: UUID | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """What was done, and which entry is the first that is wrong for it."""

    what: str
    leaf: int | None
    entry: UUID | None = None


_LAST_ABOUT = """
SELECT t.ctid::text, last.leaf, last.id AS entry FROM {table} t CROSS JOIN LATERAL (
    SELECT e.id, l.leaf FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id
    WHERE EXISTS (SELECT FROM audit_part p WHERE p.entry_id = e.id AND p.kind = '{table}'
        AND p.object_id = t.{key}::text)
    OR e.kind = '{table}' AND e.object_id = t.{key}::text
        AND EXISTS (SELECT FROM audit_row r WHERE r.entry_id = e.id)
    ORDER BY e.number DESC LIMIT 1
) last ORDER BY last.leaf, t.ctid
"""
_OF_AN_ENTRY = (
    "SELECT t.ctid::text, l.leaf, t.{key} AS entry FROM {table} t"
    " LEFT JOIN audit_leaf l ON l.entry_id = t.{key} ORDER BY l.leaf, t.ctid"
)
ROWS: Mapping[str, str] = MappingProxyType(
    {table: _LAST_ABOUT.format(table=table, key="id") for table in AUDITED}
    | {
        "audit_key": _LAST_ABOUT.format(table="audit_key", key="subject"),
        "audit_entry": _OF_AN_ENTRY.format(table="audit_entry", key="id"),
        "audit_row": _OF_AN_ENTRY.format(table="audit_row", key="entry_id"),
        "audit_part": _OF_AN_ENTRY.format(table="audit_part", key="entry_id"),
        "audit_leaf": "SELECT ctid::text, leaf FROM audit_leaf ORDER BY leaf",
        # A head stands for the entries since the one before it.
        "audit_head": "SELECT ctid::text, previous AS leaf FROM audit_head ORDER BY size",
        "audit_pending": "SELECT ctid::text, NULL::bigint AS leaf FROM audit_pending",
    }
)
# What tells rows apart, where it is not the id.
NAMES = {
    "audit_head": "size", "audit_key": "subject", "audit_leaf": "leaf", "audit_part": "entry_id",
    "audit_pending": "number", "audit_row": "entry_id",
}  # fmt: skip


class Superuser:
    """Edits by chance: which table, which row, which column, and what is done to it."""

    def __init__(self, connection: asyncpg.Connection, random: Random) -> None:
        self._sql, self._random = connection, random
        self._columns: dict[str, list[asyncpg.Record]] = {}
        self._rows: dict[str, list[Row]] = {}
        self._due: list[tuple[Any, ...]] = []
        """How, in which table, and where one column is changed which."""

    async def begin(self) -> None:
        """Take all off that is in the way of an edit: triggers, constraints, unique indexes."""
        await self._sql.execute("SET LOCAL session_replication_role = replica")
        for what in await self._sql.fetch(
            "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass,"
            " conname) AS drop FROM pg_constraint"
            " WHERE contype IN ('c', 'u', 'f') AND conrelid::regclass::text = ANY ($1)",
            list(ROWS),
        ):
            await self._sql.execute(what["drop"])
        for what in await self._sql.fetch(
            "SELECT format('DROP INDEX %s', indexrelid::regclass) AS drop FROM pg_index"
            " WHERE indisunique AND NOT indisprimary AND indrelid::regclass::text = ANY ($1)",
            list(ROWS),
        ):
            await self._sql.execute(what["drop"])
        for table, rows in ROWS.items():
            self._rows[table] = [_row(row) for row in await self._sql.fetch(rows)]
            assert self._rows[table], f"nothing stands in {table}"
            self._columns[table] = await self._sql.fetch(
                "SELECT attname AS name, format_type(atttypid, NULL) AS kind, attnotnull AS given"
                " FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"
                " AND NOT attisdropped AND attidentity = '' AND attgenerated = ''"
                " AND attname <> ALL ($2)",
                table,
                list(AUDITED[table].ignored) if table in AUDITED else [],
            )
            self._due += [(self._delete, table), (self._put_in, table)]
            self._due += [(self._change, table, column) for column in self._columns[table]]

    async def edit(self) -> Edit:
        """Each column of each table once, a row less and a row more, and then what comes."""
        if self._due:
            how, table, *column = self._due.pop()
            return await how(table, self._random.choice(self._numbered(table)), *column)
        table = self._random.choice(list(ROWS))
        row = self._random.choice(self._rows[table])
        luck = self._random.random()
        if luck < 0.6:
            waits = table == "audit_entry" and row.leaf is None
            columns = [
                one for one in self._columns[table] if not (waits and one["name"] in NOT_YET)
            ]
            return await self._change(table, row, self._random.choice(columns))
        return await (self._delete if luck < 0.8 else self._put_in)(table, row)

    def _numbered(self, table: str) -> list[Row]:
        return [row for row in self._rows[table] if row.leaf is not None] or self._rows[table]

    async def _change(self, table: str, row: Row, column: asyncpg.Record) -> Edit:
        name, value = column["name"], _other(column)
        if not column["given"] and self._random.random() < 0.3:
            value = f'CASE WHEN "{name}" IS NULL THEN {value} END'
        await self._sql.execute(
            f'UPDATE {table} SET "{name}" = {value} WHERE ctid = $1::text::tid', row.ctid
        )
        last = table == "audit_head" and name == "size" and row == self._rows[table][-1]
        leaf = len(self._rows["audit_leaf"]) if last else row.leaf
        return Edit(f"UPDATE {table}.{name}", leaf, row.entry)

    async def _delete(self, table: str, row: Row) -> Edit:
        await self._sql.execute(f"DELETE FROM {table} WHERE ctid = $1::text::tid", row.ctid)
        return Edit(f"DELETE {table}", row.leaf, row.entry)

    async def _put_in(self, table: str, row: Row) -> Edit:
        """A copy of a row under another name."""
        named = NAMES.get(table, "id")
        names = [f'"{column["name"]}"' for column in self._columns[table]]
        values = [
            _other(column) if column["name"] == named else f'"{column["name"]}"'
            for column in self._columns[table]
        ]
        await self._sql.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {table}"
            " WHERE ctid = $1::text::tid",
            row.ctid,
        )
        behind = table in {"audit_leaf", "audit_head"}
        return Edit(f"INSERT {table}", len(self._rows["audit_leaf"]) if behind else None)


def _row(found: asyncpg.Record) -> Row:
    """What waits for its number is told all the same, though not always by its own entry."""
    numbered = found["leaf"] is not None
    return Row(found["ctid"], found["leaf"], found.get("entry") if numbered else None)


def _other(column: asyncpg.Record) -> str:
    return OTHER[column["kind"]].format(f'"{column["name"]}"')


class Within:
    """The verifier's own transaction becomes a savepoint of the edit's."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def transaction(self, **_: object) -> Any:
        return self._connection.transaction()


async def verdict(connection: asyncpg.Connection) -> Verdict:
    return await verify(Within(connection), SIGNER.public())  # type: ignore[arg-type]


async def test_every_edit_of_a_superuser_is_found_and_the_first_bad_entry_named(
    db: str, owner: asyncpg.Connection, tmp_path: Path
):
    await life(tmp_path)
    await owner.execute("ANALYZE")  # the plans that are kept are those for these tables
    assert (await verdict(owner)).first is None
    everything = owner.transaction()
    await everything.start()
    superuser = Superuser(owner, Random(7))
    await superuser.begin()

    missed, misnamed, tried = [], [], Counter[str]()
    for _ in range(EDITS):
        one = owner.transaction()
        await one.start()
        edit = await superuser.edit()
        first = (await verdict(owner)).first
        await one.rollback()
        tried[edit.what.split(".")[0]] += 1
        if first is None:
            missed.append(edit)
        elif (first.leaf, first.entry) != (edit.leaf, edit.entry or first.entry):
            misnamed.append((edit, first))

    assert (missed, misnamed) == ([], [])
    assert (await verdict(owner)).first is None
    assert set(tried) == {
        f"{how} {table}" for how in ("UPDATE", "DELETE", "INSERT") for table in ROWS
    }
    await everything.rollback()
