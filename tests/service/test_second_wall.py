"""Roles and row security: what the application may not do even when its own code is wrong."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from bot.clients.database import act_for, everything, fetch
from bot.clients.roles import MEMBER_MAY
from bot.domain.actors import System
from bot.services import audit
from models import Enterprise, Fact
from tests.conftest import NOW

OURS, THEIRS = UUID(int=11), UUID(int=12)
USER, OTHER = UUID(int=1), UUID(int=2)
CURRENT = "SELECT current_user AS name"


@pytest.fixture
async def bound(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """USER acts for OURS, nobody for THEIRS; both have a fact and are scored."""
    was = await owner.fetchval("SELECT pg_get_functiondef('bound_enterprises'::regproc)")
    await owner.execute(
        "CREATE OR REPLACE FUNCTION bound_enterprises() RETURNS SETOF uuid LANGUAGE sql STABLE "
        f"AS $$ SELECT '{OURS}'::uuid WHERE acting_user() = '{USER}' $$"
    )
    for number, one in enumerate((OURS, THEIRS)):
        async with in_transaction():
            await audit.note("x", kind="enterprise", id=one, actor=System("x"), now=NOW)
            await Enterprise.create(id=one, credit_code=f"CODE{number}", name=f"第{number}家")
        await Fact.create(
            id=one, enterprise_id=one, key="k", fact="f", standing="declared", since_version=1,
            recorded_at=NOW,
        )  # fmt: skip
        await owner.execute(
            "INSERT INTO scoring_result (run_id, enterprise_id, facts_version, state, bars) "
            "VALUES ($1, $1, 1, 'scored', '{}')",
            one,
        )
    yield
    await owner.execute(was)


async def as_member(user: UUID, asked):
    """Ask in a task of its own, as a request does."""

    async def request():
        act_for(user)
        return await asked()

    return await asyncio.create_task(request())


async def facts() -> list[UUID]:
    """The forgotten filter: whoever asks gets all facts that PostgreSQL lets them have."""
    return [fact.enterprise_id for fact in await Fact.all().order_by("id")]


async def test_a_forgotten_filter_shows_a_member_only_their_own_rows(bound: None):
    assert await as_member(USER, facts) == [OURS]
    assert await as_member(OTHER, facts) == []
    assert await facts() == [OURS, THEIRS]


async def test_a_filter_for_the_wrong_enterprise_finds_nothing(bound: None):
    async def stranger():
        return await Fact.filter(enterprise_id=THEIRS).count()

    async def raw():
        return await fetch("SELECT 1 FROM scoring_result WHERE enterprise_id = $1", THEIRS)

    assert await as_member(USER, stranger) == 0
    assert await as_member(USER, raw) == []


async def test_a_member_changes_no_row_of_another_enterprise(bound: None):
    async def rename():
        return await Enterprise.filter(id=THEIRS).update(name="改过的名字")

    async def add():
        await Fact.create(
            id=UUID(int=99), enterprise_id=THEIRS, key="k2", fact="f", standing="declared",
            since_version=1, recorded_at=NOW,
        )  # fmt: skip

    assert await as_member(USER, rename) == 0
    with pytest.raises(OperationalError, match="row-level security"):
        await as_member(USER, add)
    assert (await Enterprise.get(id=THEIRS)).name == "第1家"


async def test_name_and_code_of_an_enterprise_can_be_read_by_every_member(bound: None):
    async def names():
        return await Enterprise.all().order_by("name").values_list("name", flat=True)

    assert await as_member(OTHER, names) == ["第0家", "第1家"]


async def test_a_member_can_be_shown_more_on_purpose_and_only_for_that_long(bound: None):
    async def asked():
        before = await facts()
        async with everything("the second claimant is told that there is a first"):
            within = await facts()
        return before, within, await facts()

    assert await as_member(USER, asked) == ([OURS], [OURS, THEIRS], [OURS])


async def test_the_wider_view_also_begins_and_ends_inside_a_transaction(bound: None):
    async def asked():
        async with in_transaction():
            async with everything("to compare"):
                within = await facts()
            after = await facts()
        return within, after, await facts()

    assert await as_member(USER, asked) == ([OURS, THEIRS], [OURS], [OURS])


async def test_a_failure_inside_the_wider_view_leaves_nothing_open(bound: None):
    async def asked():
        with pytest.raises(IntegrityError):
            async with in_transaction(), everything("to fail"):
                await Enterprise.create(id=OURS, credit_code="X", name="重复")
        first = await facts()
        async with in_transaction():
            with pytest.raises(LookupError):
                async with everything("to fail"), in_transaction():
                    raise LookupError
            second = await facts()
        return first, second, await facts()

    assert await as_member(USER, asked) == ([OURS], [OURS], [OURS])


async def test_a_wider_view_needs_a_reason():
    with pytest.raises(ValueError, match="why"):
        async with everything(""):
            raise AssertionError


async def test_members_and_others_share_connections_and_never_each_others_view(bound: None):
    async def own():
        async with in_transaction():
            first = await facts()
        return [*first, *await facts()]

    people = [USER, OTHER, None] * 40
    found = await asyncio.gather(*(as_member(who, own) if who else own() for who in people))

    assert found == [[OURS] * 2, [], [OURS, THEIRS] * 2] * 40


async def test_a_view_survives_a_transaction_that_fails(bound: None):
    async def asked():
        with pytest.raises(LookupError):
            async with in_transaction():
                await facts()
                raise LookupError
        return await facts()

    assert await as_member(USER, asked) == [OURS]
    assert await facts() == [OURS, THEIRS]


async def test_without_the_policy_the_sabotaged_filter_would_leak(
    bound: None, owner: asyncpg.Connection
):
    """The negative control: it is the policy that stands between, and nothing else."""
    await owner.execute("ALTER TABLE fact DISABLE ROW LEVEL SECURITY")
    try:
        leaked = await as_member(USER, facts)
    finally:
        await owner.execute("ALTER TABLE fact ENABLE ROW LEVEL SECURITY")

    assert leaked == [OURS, THEIRS]


# Tables whose rows every member may read, as far as MEMBER_MAY lets them, with the reason.
OPEN: dict[str, str] = {
    "app_user": "a number and the day it was made: colleagues are found through it",
    "audit_entry": "members only add to it",
    "audit_key": "needed to write an entry; without reading entries it opens nothing",
    "certificate_series": "the last number of a year and programme, counted up under a lock",
    "charging": "whether a programme may charge, which is public",
    "content_version": "texts that everybody reads",
    "current_run": "which version of the rules is in force",
    "job": "only whether a number is there; what a job says cannot be read",
    "pgqueuer": "bells: the number of a job and nothing else",
    "pgqueuer_log": "the same, of bells that have rung",
    "published_pack": "the published rules",
    "signing_key": "the public half of keys",
}
TABLES = (
    "SELECT relname, relrowsecurity FROM pg_class"
    " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
)


async def test_every_table_has_a_line_that_says_what_a_member_may(owner: asyncpg.Connection):
    rows = await owner.fetch(TABLES)

    assert {row["relname"] for row in rows} == set(MEMBER_MAY), "say it in bot/clients/roles.py"


async def test_the_database_grants_a_member_exactly_that(owner: asyncpg.Connection):
    rows = await owner.fetch(
        "SELECT c.relname, r.name FROM pg_class c,"
        " unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) r(name)"
        " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        " AND has_table_privilege('credit_member', c.oid, r.name)"
    )
    granted: dict[str, set[str]] = {}
    for row in rows:
        granted.setdefault(row["relname"], set()).add(row["name"])

    assert granted == {
        table: said
        for table, rights in MEMBER_MAY.items()
        if (said := {one for one in rights.split(", ") if one and "(" not in one})
    }


async def test_every_table_that_a_member_may_touch_shows_only_their_rows(owner: asyncpg.Connection):
    bare = {row["relname"] for row in await owner.fetch(TABLES) if not row["relrowsecurity"]}

    touched = {table for table, rights in MEMBER_MAY.items() if rights}
    assert bare & touched == set(OPEN), "guard_rows or guard_people in the migration, or OPEN"


PERSONAL = {
    "consent": ("user_id", "id, user_id, purpose, version, text_hash, given_at",
                "gen_random_uuid(), $1, 'privacy', 1, '', now()"),
    "session": ("user_id", "id, token_hash, user_id, door, created_at, last_seen_at, expires_at",
                "gen_random_uuid(), $1::text, $1, 'h5', now(), now(), now()"),
    "identity": ("user_id", "id, appid, openid, user_id, created_at",
                 "gen_random_uuid(), 'wx', $1::text, $1, now()"),
    "idempotency_key": ("user_id", "user_id, key, asked, taken_at", "$1, 'k', '', now()"),
    "export_pack": ("user_id", "id, user_id, asked_at, pieces, expires_at",
                    "gen_random_uuid(), $1, now(), '[]', now()"),
    "ration": ("subject", "id, kind, subject, day, used",
               "gen_random_uuid(), 'licence', $1::text, now(), 1"),
    "draft": ("subject", "id, kind, subject, entries, version, saved_at, saved_by_id",
              "gen_random_uuid(), 'bind', $1, '{}', 1, now(), $1"),
}  # fmt: skip


@pytest.mark.parametrize("table", PERSONAL)
async def test_a_sabotaged_filter_shows_a_member_only_their_own(owner: asyncpg.Connection, table):
    """Every row of the table is asked for; without the policy the other person's comes as well."""
    column, names, values = PERSONAL[table]
    for user in (USER, OTHER):
        await owner.execute(
            "INSERT INTO app_user (id, created_at) VALUES ($1, now()) ON CONFLICT DO NOTHING", user
        )
        await owner.execute(
            f"INSERT INTO {table} ({names}) SELECT {values.replace('$1', 'one.id')}"
            " FROM (SELECT $1::uuid AS id) one",
            user,
        )

    async def everybodys() -> list[str]:
        return [str(row[column]) for row in await fetch(f"SELECT {column} FROM {table}")]

    seen = await as_member(USER, everybodys)
    await owner.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    try:
        leaked = await as_member(USER, everybodys)
    finally:
        await owner.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")

    assert seen == [str(USER)]
    assert sorted(leaked) == [str(USER), str(OTHER)]


async def test_the_answers_of_an_enterprise_are_for_those_who_act_for_it(
    bound: None, owner: asyncpg.Connection
):
    await owner.execute("INSERT INTO app_user (id, created_at) VALUES ($1, now())", OTHER)
    for enterprise in (OURS, THEIRS):
        await owner.execute(
            "INSERT INTO draft (id, kind, subject, entries, version, saved_at, saved_by_id)"
            " VALUES (gen_random_uuid(), 'self:x', $1, '{}', 1, now(), $2)",
            enterprise,
            OTHER,
        )

    async def forms() -> list[UUID]:
        return [row["subject"] for row in await fetch("SELECT subject FROM draft")]

    async def spoil() -> int:
        return len(await fetch("DELETE FROM draft RETURNING 1"))

    assert await as_member(USER, forms) == [OURS]
    assert await as_member(USER, spoil) == 1
    assert [row["subject"] for row in await fetch("SELECT subject FROM draft")] == [THEIRS]


MEMBER_FORBIDDEN = [
    *(f"SELECT 1 FROM {table}" for table in (
        "dialogue", "ticket", "inbound_message", "telling", "content_check", "wechat_token",
        "audit_entry", "audit_leaf", "login_attempt", "subscription_grant",
    )),
    "SELECT payload FROM job",
    "DELETE FROM job",
    "UPDATE signing_key SET public = public",
    "DELETE FROM audit_key",
    "UPDATE audit_key SET key = key",
    "DELETE FROM consent",
    "INSERT INTO session SELECT * FROM session",
    "DELETE FROM enterprise",
    "UPDATE membership SET level = level",
]  # fmt: skip


@pytest.mark.parametrize("statement", MEMBER_FORBIDDEN)
async def test_a_member_may_not(db: str, statement: str):
    async def attempt() -> None:
        await fetch(statement)

    with pytest.raises(OperationalError, match="permission denied"):
        await as_member(USER, attempt)


async def test_the_application_is_nobody_special(db: str):
    [who] = await fetch(
        "SELECT rolname, rolsuper, rolcanlogin, rolcreaterole FROM pg_roles "
        "WHERE rolname = current_user"
    )
    owned = await fetch("SELECT 1 FROM pg_class WHERE relowner = current_user::regrole")

    assert who == {
        "rolname": "credit_app", "rolsuper": False, "rolcanlogin": False, "rolcreaterole": False,
    }  # fmt: skip
    assert owned == []


async def test_a_member_is_still_less(db: str):
    async def asked():
        return await fetch(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )

    assert await as_member(USER, asked) == [
        {"rolname": "credit_member", "rolsuper": False, "rolbypassrls": False}
    ]


FINAL = ("audit_entry", "audit_row", "audit_leaf", "audit_head", "published_pack", "assessment")
FORBIDDEN = [
    *(f"UPDATE {table} SET {column} = {column}" for table, column in (
        ("audit_entry", "actor"), ("audit_row", "sha256"), ("audit_leaf", "sha256"),
        ("audit_head", "root"), ("audit_key", "key"), ("published_pack", "source"),
        ("assessment", "total"),
    )),
    *(f"DELETE FROM {table}" for table in (*FINAL, "audit_pending", "fact")),
    *(f"TRUNCATE {table}" for table in (*FINAL, "audit_key", "fact", "job")),
    "INSERT INTO audit_row VALUES (gen_random_uuid(), NULL)",
    "INSERT INTO audit_leaf VALUES (1, gen_random_uuid(), '')",
    "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    "DROP TABLE audit_entry",
    "CREATE TABLE elsewhere (id int)",
    "SET session_replication_role = replica",
]  # fmt: skip


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_the_application_may_not(db: str, statement: str):
    async with in_transaction() as connection:
        with pytest.raises((OperationalError, asyncpg.InsufficientPrivilegeError)) as caught:
            await connection.execute_script(statement)
        await connection.rollback()

    assert "permission denied" in str(caught.value) or "must be owner" in str(caught.value)
