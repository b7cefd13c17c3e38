"""The audited tables as this checker knows them, and what each row must look like.

Part of bot/commands/audit_verify.py: which columns count, and which triggers watch over them, is
said here and not asked from the database, where a superuser could have changed it.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

import asyncpg

_DEFERRED = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION"
_MADE = "REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION"
_CHANGED = "REFERENCING OLD TABLE AS was NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION"


@dataclass(frozen=True, slots=True)
class Table:
    """What does not count in a row's hash, what counts under a key of its own, and what watches."""

    ignored: tuple[str, ...] = ()
    erasable: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    """From the event on, as pg_get_triggerdef says them."""
    flat: bool = False
    """Whether no value is an object and nothing is erasable, so that rows hash in one go."""


def plain(*ignored: str, erasable: tuple[str, ...] = ()) -> Table:
    """As `audit_watch` does it."""
    given = f"'{{{','.join(ignored)}}}'" + (f", '{{{','.join(erasable)}}}'" if erasable else "")
    call = f"AFTER INSERT OR DELETE OR UPDATE {_DEFERRED} audit_at_commit({given})"
    return Table(ignored, erasable, (f"is_audited {call}",))


def _in_parts(owner: str, link: str, *ignored: str) -> Table:
    """As `audit_watch_rows` does it."""
    call = f"audit_rows('{{{','.join(ignored)}}}', '{owner}', '{link}', '{{}}')"
    return Table(
        ignored,
        (),
        (
            f"is_audited_in_parts AFTER UPDATE {_CHANGED} {call}",
            f"is_audited_when_made AFTER INSERT {_MADE} {call}",
        ),
        flat=True,
    )


_TOLD = (
    "person", "name_given", "legal_representative", "founded_on", "address", "phone_sealed",
    "licence_file", "letter_file", "older_files",
)  # fmt: skip
_MOVED = (
    "state", "state_since", "reason", "reviewed_on", "review_due", "grace_days",
    "withdrawn_after_days", "replaced_by",
)  # fmt: skip
_AT_COMMIT = "audit_at_commit('{}')"
_SIGNED = f"audit_rows('{{}}', 'certificate', 'id', '{{{','.join(_MOVED)},changed}}')"
_CERTIFICATE = Table(
    triggers=(
        f"is_audited AFTER DELETE OR UPDATE OF {', '.join(_MOVED)} {_DEFERRED} {_AT_COMMIT}",
        f"is_audited_in_parts AFTER UPDATE {_CHANGED} {_SIGNED}",
        f"is_audited_when_made AFTER INSERT {_MADE} certificates_made()",
    ),
    flat=True,
)
AUDITED: Mapping[str, Table] = MappingProxyType(
    {
        "binding": plain(erasable=_TOLD),
        "case_material": plain(),
        "certificate": _CERTIFICATE,
        "certificate_event": _in_parts("certificate", "certificate_id"),
        "charging": plain(),
        "commitment": plain(),
        "credit_case": plain(),
        "enterprise": _in_parts("enterprise", "id", "facts_version", "name_pairs"),
        "enterprise_name": _in_parts("enterprise", "enterprise_id"),
        "plaque_order": plain(),
        "signing_key": plain(),
    }
)
KEYS = "audit_key"
_KEYS_TRIGGER = f"is_audited AFTER INSERT OR DELETE {_DEFERRED} audit_key_at_commit()"
# What the triggers call, by the SHA-256 of its text.
FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "audit_at_commit": "b5f5fc60884ea4a091d42f6e6185902a821fa24aa25b9c23969d00e00c9a9406",
        "audit_await": "34bd85012d8e85b283c6f19d7e76fc19db04c6a7ad58df0687b0bddce2ed8b79",
        "audit_key_at_commit": "18b07a3d0c645c3a036accf735fa8dc1bd07bf49ffe33e8ee22909223e2dd02a",
        "audit_looks": "7c75993cc9702ac6fbcd3b314a1b2996294d53f55af415a3856fa580bfa20a3c",
        "audit_looks_flat": "c60943dc58c165e0b906242804253a4bae258d6017baae627b6ce30251b0b6e2",
        "audit_rows": "ab9661f9a3aa1d0d48e47910b58efc185977dca4615573b13c2c98aafc3a6d29",
        "audit_secret": "db796bf5d27da816fa0f2de0c3e201a087b59c1fc22034ab69f91229abfd3542",
        "certificates_made": "56bbdae8f2768e9ea4cecf4620c1dc857afbda3f2e0dad29d85c48aeb511079c",
    }
)

TRIGGERS = """
SELECT c.relname AS table, t.tgenabled = 'O' AS on, t.tgname AS name,
    pg_get_triggerdef(t.oid) AS definition
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgname LIKE 'is\\_audited%'
    AND c.relnamespace = 'public'::regnamespace
ORDER BY 1, 3
"""
# Names aside; the server would compile this anew for each trigger.
_DEFINED = re.compile(r"CREATE (?:CONSTRAINT )?TRIGGER \S+ (.*) ON \S+ (.*)\Z", re.DOTALL)
SOURCES = """
SELECT proname AS name, encode(sha256(convert_to(prosrc, 'UTF8')), 'hex') AS sha256
FROM pg_proc WHERE proname = ANY ($1) AND pronamespace = 'public'::regnamespace
"""
NOTED = """
SELECT DISTINCT kind FROM (
    SELECT e.kind FROM audit_row r JOIN audit_entry e ON e.id = r.entry_id
    UNION ALL SELECT kind FROM audit_part
) known
"""
# The last entry about each row against the row as it is; a row that is gone hashes to null.
LAST = """
SELECT DISTINCT ON (said.object_id) said.object_id, e.id, l.leaf, said.sha256
FROM (
    SELECT e.object_id, r.entry_id, r.sha256
    FROM audit_row r JOIN audit_entry e ON e.id = r.entry_id WHERE e.kind = $1
    UNION ALL SELECT object_id, entry_id, sha256 FROM audit_part WHERE kind = $1
) said JOIN audit_entry e ON e.id = said.entry_id
LEFT JOIN audit_leaf l ON l.entry_id = e.id
ORDER BY said.object_id, e.number DESC
"""
WRONG = f"""
SELECT coalesce(noted.object_id, found.id) AS object_id, noted.id AS entry_id, noted.leaf,
    noted.id IS NULL AS unnoted, found.id IS NULL AS gone
FROM ({LAST}) noted FULL JOIN ({{found}}) found ON found.id = noted.object_id
WHERE noted.sha256 IS DISTINCT FROM found.sha256 OR noted.id IS NULL
ORDER BY noted.leaf, object_id LIMIT 1
"""  # noqa: S608  # our own words
FOUND = """
SELECT t.id::text AS id, (
    SELECT sha256(convert_to((jsonb_object_agg(f.key, value) FILTER (WHERE f.key <> ALL ($3))
        || CASE WHEN count(*) FILTER (WHERE f.key = ANY ($3)
            AND value NOT IN ('""', '[]')) = 0 THEN '{{}}'
        ELSE jsonb_build_object('erasable', encode(sha256(k.key || convert_to(
            (jsonb_object_agg(f.key, value) FILTER (WHERE f.key = ANY ($3)
            AND value NOT IN ('""', '[]'))
            )::text, 'UTF8')), 'hex')) END)::text, 'UTF8'))
    FROM jsonb_each(to_jsonb(t)) f WHERE value <> 'null' AND f.key <> ALL ($2)
) AS sha256
FROM {table} t LEFT JOIN audit_key k ON k.subject = $1 || ':' || t.id
"""
# The same where `flat`, at half the cost for a row of thirty columns.
FOUND_FLAT = """
SELECT t.id::text AS id, sha256(convert_to(
    (jsonb_strip_nulls(to_jsonb(t)) - $2::text[])::text, 'UTF8')) AS sha256
FROM {table} t
"""
FOUND_KEYS = "SELECT subject AS id, sha256(key) AS sha256 FROM audit_key"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a row, and by which entry it shows."""

    what: str
    leaf: int | None = None
    entry: UUID | None = None


async def faults(
    connection: asyncpg.Connection, audited: Mapping[str, Table]
) -> AsyncIterator[Wrong]:
    """The first wrong row of each table, and all that is wrong with their triggers."""
    for row in await connection.fetch(NOTED):
        if row["kind"] not in {*audited, KEYS}:
            yield Wrong(f"审计记录里有表 {row['kind']}，核对程序不认识它")
    found = await connection.fetch(TRIGGERS)
    for what in _unwatched(found, audited):
        yield Wrong(what)
    sources = {row["name"]: row["sha256"] for row in await connection.fetch(SOURCES, [*FUNCTIONS])}
    for name, sha256 in FUNCTIONS.items():
        if sources.get(name) != sha256:
            yield Wrong(f"审计用的函数 {name} 被改动")
    for name, table in sorted(audited.items()):
        statement = FOUND_FLAT if table.flat else FOUND
        wrong = WRONG.format(found=statement.format(table='"' + name.replace('"', '""') + '"'))
        values = [name, list(table.ignored)] + ([] if table.flat else [list(table.erasable)])
        if row := await connection.fetchrow(wrong, *values):
            yield _difference(name, row)
    if row := await connection.fetchrow(WRONG.format(found=FOUND_KEYS), KEYS):
        yield _difference(KEYS, row)


def _unwatched(found: list[asyncpg.Record], audited: Mapping[str, Table]) -> Iterator[str]:
    wanted = {(name, one) for name, table in audited.items() for one in table.triggers}
    wanted.add((KEYS, _KEYS_TRIGGER))
    there = {(row["table"], _said(row["name"], row["definition"])): row["on"] for row in found}
    for name, one in sorted(wanted - set(there)):
        yield f"表 {name} 不再受审计：触发器 {one.split()[0]} 不见了，或者被改动"
    for name, one in sorted(set(there) - wanted):
        yield f"表 {name} 的触发器 {one.split()[0]} 不是核对程序认识的样子"
    for (name, one), on in sorted(there.items()):
        if not on:
            yield f"表 {name} 的审计触发器 {one.split()[0]} 被停用"


def _said(name: str, definition: str) -> str:
    """A trigger as `Table.triggers` says it; a definition of another form as it is."""
    found = _DEFINED.match(definition)
    return f"{name} {' '.join(found.groups()) if found else definition}"


def _difference(table: str, row: asyncpg.Record) -> Wrong:
    place = f"表 {table} 的 {row['object_id']}"
    if row["unnoted"]:
        what = f"{place} 没有任何审计记录"
    else:
        what = f"{place} {'不见了' if row['gone'] else '与它最后一条审计记录不符'}"
    return Wrong(what, row["leaf"], row["entry_id"])
