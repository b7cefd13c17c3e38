"""The sequencer and the verifier: whatever a superuser changes, the first bad entry is named."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from bot.clients.database import fetch, transaction_connection
from bot.clients.head_file import HeadFile, NoHead
from bot.clients.roles import give_rights
from bot.commands.audit_tables import AUDITED, plain
from bot.commands.audit_verify import Verdict, Witnessed, verify
from bot.domain.actors import Staff
from bot.domain.certificates import NeedsTwo
from bot.domain.errors import DomainError, NotFound
from bot.services import audit, audit_erasing, audit_restoring, audit_sequence
from bot.services.audit_gaps import Gaps
from bot.services.audit_reading import last_head, lines
from bot.services.audit_sequence import HeadSigner, OtherHistory, sequence
from models.ids import new_id
from tests import people
from tests.conftest import NOW
from tests.waiting import until

SIGNER = HeadSigner({"a1": b"1" * 32})
STAFF = Staff("王芳")
TOY = {"toy": plain("seen_at")}


class State(StrEnum):
    OPEN = "open"
    SHUT = "shut"


@pytest.fixture
async def toys(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """An audited table, joined as migrations do it: by one line."""
    await owner.execute(
        "CREATE TABLE toy (id uuid PRIMARY KEY, state text, owner text, seal bytea, "
        "at timestamptz, seen_at timestamptz);"
        "SELECT audit_watch('toy', '{seen_at}')"
    )
    await give_rights(owner)
    yield
    await owner.execute("DROP TABLE toy")


async def make(number: int, *, noted: bool = True) -> UUID:
    toy = new_id(NOW + timedelta(seconds=number))
    async with in_transaction():
        await transaction_connection().execute(
            "INSERT INTO toy VALUES ($1, 'open', $2, $3, $4)", toy, f"人{number}", b"\1", NOW
        )
        if noted:
            after = {"state": State.OPEN, "owner": f"人{number}"}
            await audit.note("toy.made", kind="toy", id=toy, actor=STAFF, now=NOW, after=after)
    return toy


async def shut(toy: UUID) -> None:
    async with in_transaction():
        await audit.note(
            "toy.shut", kind="toy", id=toy, actor=STAFF, now=NOW, after={"state": State.SHUT}
        )
        await transaction_connection().execute("UPDATE toy SET state = 'shut' WHERE id = $1", toy)


async def checked(connection: asyncpg.Connection, **more) -> Verdict:
    known = AUDITED | (TOY if await connection.fetchval("SELECT to_regclass('toy')") else {})
    return await verify(connection, SIGNER.public(), audited=known, **more)


async def test_a_change_without_its_entry_is_impossible(toys: None):
    with pytest.raises(asyncpg.RestrictViolationError, match="without an audit entry"):
        await make(1, noted=False)
    toy = await make(2)
    for statement in ("UPDATE toy SET state = 'shut'", "DELETE FROM toy"):
        with pytest.raises((IntegrityError, asyncpg.RestrictViolationError), match="audit entry"):
            await fetch(statement)

    assert await fetch("SELECT id, state FROM toy") == [{"id": toy, "state": "open"}]


async def test_an_entry_of_an_earlier_transaction_or_of_another_row_does_not_count(toys: None):
    one, other = await make(1), await make(2)

    with pytest.raises(asyncpg.RestrictViolationError, match=str(one)):
        async with in_transaction():
            await audit.note("toy.shut", kind="toy", id=other, actor=STAFF, now=NOW)
            await transaction_connection().execute("UPDATE toy SET owner = 'x'")


async def test_what_was_already_looked_at_does_not_change_again_unnoticed(toys: None):
    toy = await make(1)

    with pytest.raises(asyncpg.RestrictViolationError, match="changes again"):
        async with in_transaction():
            connection = transaction_connection()
            await audit.note("toy.moved", kind="toy", id=toy, actor=STAFF, now=NOW)
            await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            await connection.execute("UPDATE toy SET owner = 'a'")
            await connection.execute("UPDATE toy SET owner = 'b'")


async def test_columns_that_do_not_count_change_without_an_entry(
    toys: None, owner: asyncpg.Connection
):
    await make(1)

    await fetch("UPDATE toy SET seen_at = now()")

    await sequence(signer=SIGNER, now=NOW)
    assert (await checked(owner)).first is None


async def test_an_entry_may_come_before_its_change_and_know_the_end_of_it(
    toys: None, owner: asyncpg.Connection
):
    toy = await make(1)
    await shut(toy)
    async with in_transaction():
        connection = transaction_connection()
        await connection.execute("UPDATE toy SET owner = 'a'")
        await audit.note("toy.moved", kind="toy", id=toy, actor=STAFF, now=NOW)
        await connection.execute("UPDATE toy SET owner = 'b'")
    await sequence(signer=SIGNER, now=NOW)

    assert await checked(owner) == replace(await checked(owner), entries=3, first=None)


async def test_a_row_that_was_deleted_with_its_entry_is_rightly_gone(
    toys: None, owner: asyncpg.Connection
):
    toy = await make(1)
    async with in_transaction():
        await audit.note("toy.gone", kind="toy", id=toy, actor=STAFF, now=NOW)
        await transaction_connection().execute("DELETE FROM toy")
    await sequence(signer=SIGNER, now=NOW)

    assert (await checked(owner)).first is None


async def test_entries_are_numbered_once_in_the_order_of_their_writing(toys: None):
    for number in range(7):
        await make(number)

    rounds = [await sequence(signer=SIGNER, now=NOW, batch=3) for _ in range(2)]
    order = await fetch(
        "SELECT e.number FROM audit_leaf l JOIN audit_entry e ON e.id = l.entry_id ORDER BY leaf"
    )

    assert rounds == [7, 0]
    assert [row["number"] for row in order] == sorted(row["number"] for row in order)
    assert [row["size"] for row in await fetch("SELECT size FROM audit_head ORDER BY 1")] == [
        3,
        6,
        7,
    ]


async def test_a_batch_carries_no_more_parts_than_a_statement_may(
    toys: None, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(audit_sequence, "MOST_PARTS", 7)  # each toy brings a key, one more part
    for number, parts in enumerate((2, 3, 1, 9, 0, 0)):
        await make(number)
        await owner.execute(
            "INSERT INTO audit_part SELECT e.id, 'part', n::text FROM generate_series(1, $1) n,"
            " (SELECT id FROM audit_entry ORDER BY number DESC LIMIT 1) e",
            parts,
        )

    done = await sequence(signer=SIGNER, now=NOW)

    heads = await fetch("SELECT size FROM audit_head ORDER BY 1")
    assert (done, [row["size"] for row in heads]) == (6, [2, 3, 4, 6])


async def test_what_must_not_be_numbered_holds_up_nothing_after_it(
    toys: None, owner: asyncpg.Connection
):
    for number in range(4):
        bad = await make(number)
        if number < 2:
            await owner.execute("SET session_replication_role = replica")
            await owner.execute(
                "UPDATE audit_entry SET actor = '李四' WHERE object_id = $1", str(bad)
            )

    assert await sequence(signer=SIGNER, now=NOW, batch=2) == 2
    assert audit_sequence.UNLIKE._value.get() == 2


async def test_sequencers_at_the_same_time_give_each_number_once(toys: None):
    async def writer(number: int):
        await make(number)
        return await sequence(signer=SIGNER, now=NOW, batch=4)

    done = await asyncio.gather(*(writer(number) for number in range(20)))
    rest = await sequence(signer=SIGNER, now=NOW)

    leaves = await fetch("SELECT leaf FROM audit_leaf ORDER BY leaf")
    assert sum(done) + rest == 20
    assert [row["leaf"] for row in leaves] == list(range(20))


async def test_an_entry_that_is_not_what_its_writer_had_in_mind_gets_no_number(
    toys: None, owner: asyncpg.Connection
):
    await make(1)
    bad = await make(2)
    await owner.execute("SET session_replication_role = replica")
    await owner.execute("UPDATE audit_entry SET actor = '李四' WHERE object_id = $1", str(bad))

    assert await sequence(signer=SIGNER, now=NOW) == 1
    assert len(await fetch("SELECT 1 FROM audit_pending")) == 1


async def test_nothing_is_signed_on_top_of_a_head_that_was_changed(
    toys: None, owner: asyncpg.Connection
):
    await make(1)
    await sequence(signer=SIGNER, now=NOW)
    await owner.execute("SET session_replication_role = replica")
    await owner.execute("UPDATE audit_head SET peaks = ARRAY[sha256('x')]")
    await make(2)

    with pytest.raises(OtherHistory):
        await sequence(signer=SIGNER, now=NOW)


async def test_an_entry_that_nobody_numbers_is_told_after_a_minute(
    toys: None, owner: asyncpg.Connection
):
    await make(1)
    assert (await checked(owner)).first is None
    await owner.execute("SET session_replication_role = replica")
    await owner.execute("UPDATE audit_entry SET recorded_at = now() - interval '61 s'")

    late = (await checked(owner)).first
    await owner.execute("DELETE FROM audit_pending")
    forgotten = (await checked(owner)).first

    assert late is not None
    assert forgotten is not None
    assert ("超过一分钟" in late.what, "没有编号" in forgotten.what) == (True, True)


async def history(owner: asyncpg.Connection) -> Random:
    """Forty entries under eight heads."""
    random = Random(7)
    made: list[UUID] = []
    for number in range(25):
        made.append(await make(number))
        if number % 3 == 2:
            await sequence(signer=SIGNER, now=NOW + timedelta(seconds=number))
        if number % 5 in (1, 2, 4):
            await shut(random.choice(made))
    await sequence(signer=SIGNER, now=NOW + timedelta(hours=1))
    assert (await checked(owner)).first is None
    return random


async def test_the_first_bad_entry_is_named(toys: None, owner: asyncpg.Connection):
    await history(owner)
    await owner.execute("SET session_replication_role = replica")
    changed = await owner.fetch(
        "UPDATE audit_entry SET action = 'toy.stolen' WHERE id IN "
        "(SELECT entry_id FROM audit_leaf WHERE leaf IN (11, 23)) RETURNING id"
    )

    first = (await checked(owner)).first

    assert first is not None
    assert (first.leaf, first.entry in {row["id"] for row in changed}) == (11, True)


async def test_a_row_edited_behind_the_log_is_named_by_its_last_entry(
    toys: None, owner: asyncpg.Connection
):
    await history(owner)
    await owner.execute("SET session_replication_role = replica")
    entry, leaf, toy = await owner.fetchrow(
        "SELECT e.id, l.leaf, e.object_id FROM audit_entry e JOIN audit_leaf l ON l.entry_id = e.id"
        " WHERE e.action = 'toy.shut' ORDER BY l.leaf DESC LIMIT 1"
    )
    await owner.execute("UPDATE toy SET state = 'open' WHERE id = $1", UUID(toy))

    first = (await checked(owner)).first

    assert first is not None
    assert (first.entry, first.leaf, toy in first.what) == (entry, leaf, True)


async def test_a_row_that_was_put_in_behind_the_log_is_found(toys: None, owner: asyncpg.Connection):
    await history(owner)
    await owner.execute("SET session_replication_role = replica")
    await owner.execute("INSERT INTO toy VALUES (gen_random_uuid(), 'open')")

    first = (await checked(owner)).first

    assert first is not None
    assert "没有任何审计记录" in first.what


async def test_rows_are_hashed_in_one_go_only_where_no_value_is_an_object(
    db: str, owner: asyncpg.Connection
):
    nested = {
        row["name"]
        for row in await owner.fetch(
            "SELECT DISTINCT table_name AS name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type IN ('json', 'jsonb')"
        )
    }
    flat = {name for name, table in AUDITED.items() if table.flat}

    assert not flat & nested
    assert not any(AUDITED[name].erasable for name in flat)


async def test_the_checker_knows_every_table_that_is_audited_and_how(db: str, owner):
    assert (await verify(owner, {})).first is None


ANOTHER = (
    "CREATE CONSTRAINT TRIGGER is_audited AFTER INSERT ON toy DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION audit_at_commit('{state}')"
)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER TABLE toy DISABLE TRIGGER is_audited", "被停用"),
        ("DROP TRIGGER is_audited ON toy", "不再受审计"),
        (f"DROP TRIGGER is_audited ON toy; {ANOTHER}", "不见了，或者被改动"),
        (ANOTHER.replace("is_audited", "is_audited_too"), "不是核对程序认识的样子"),
    ],
)
async def test_a_table_that_is_no_longer_audited_is_found(
    toys: None, owner: asyncpg.Connection, statement: str, told: str
):
    await history(owner)
    await owner.execute(statement)

    first = (await checked(owner)).first

    assert first is not None
    assert told in first.what


@pytest.fixture
async def elsewhere(toys: None, owner: asyncpg.Connection) -> AsyncIterator[None]:
    """A schema of whoever wants to deceive, with the rows as they were."""
    await history(owner)
    await owner.execute("CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.toy AS TABLE toy")
    yield
    await owner.execute("RESET search_path; DROP SCHEMA elsewhere CASCADE")


async def test_a_trigger_of_another_table_of_that_name_does_not_count(
    elsewhere: None, owner: asyncpg.Connection
):
    watched = await owner.fetchval(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE tgrelid = 'toy'::regclass AND tgname = 'is_audited'"
    )
    await owner.execute(watched.replace(" ON public.toy ", " ON elsewhere.toy "))
    await owner.execute("DROP TRIGGER is_audited ON public.toy")

    first = (await checked(owner)).first

    assert first is not None
    assert "不再受审计" in first.what


async def test_rows_that_are_found_first_under_that_name_do_not_count(
    elsewhere: None, owner: asyncpg.Connection
):
    await owner.execute(
        "SET session_replication_role = replica; UPDATE public.toy SET owner = '别人';"
        "SET search_path = elsewhere, public"
    )

    first = (await checked(owner)).first

    assert first is not None
    assert "与它最后一条审计记录不符" in first.what


async def test_a_rewritten_log_is_found_by_whoever_kept_a_head(
    toys: None, owner: asyncpg.Connection
):
    """Whoever has the database and the signing key can write another history, but not this one."""
    await history(owner)
    size, root = await owner.fetchrow("SELECT size, root FROM audit_head ORDER BY 1 OFFSET 3")
    kept = Witnessed(size, root)
    assert (await checked(owner, witnessed=[kept])).first is None
    await owner.execute(
        "SET session_replication_role = replica; DELETE FROM audit_leaf; DELETE FROM audit_head;"
        "DELETE FROM toy WHERE id IN (SELECT id FROM toy LIMIT 1);"
        "DELETE FROM audit_row r USING audit_entry e WHERE e.id = r.entry_id "
        "AND e.object_id NOT IN (SELECT id::text FROM toy);"
        "DELETE FROM audit_key WHERE subject NOT IN (SELECT 'toy:' || id FROM toy);"
        "DELETE FROM audit_part p USING audit_entry e WHERE e.id = p.entry_id "
        "AND e.object_id NOT IN (SELECT id::text FROM toy);"
        "DELETE FROM audit_entry WHERE object_id NOT IN (SELECT id::text FROM toy);"
        "INSERT INTO audit_pending SELECT number FROM audit_entry"
    )
    await sequence(signer=SIGNER, now=NOW)

    assert (await checked(owner)).first is None
    first = (await checked(owner, witnessed=[kept])).first
    assert first is not None
    assert "见证人" in first.what


async def test_heads_of_an_unknown_key_are_not_believed(toys: None, owner: asyncpg.Connection):
    await history(owner)
    stranger = HeadSigner({"a1": b"2" * 32})

    first = (await verify(owner, stranger.public(), audited=AUDITED | TOY)).first

    assert first is not None
    assert (first.leaf, "签名不对" in first.what) == (0, True)


async def test_after_a_rotation_the_old_heads_still_count(toys: None, owner: asyncpg.Connection):
    await make(1)
    await sequence(signer=SIGNER, now=NOW)
    await make(2)
    rotated = HeadSigner({"a2": b"2" * 32, "a1": b"1" * 32})
    await sequence(signer=rotated, now=NOW)

    assert (await verify(owner, rotated.public(), audited=AUDITED | TOY)).first is None


async def test_the_last_head_is_kept_outside_the_database(toys: None, tmp_path: Path):
    kept = HeadFile.of(tmp_path)
    await make(1)

    await sequence(signer=SIGNER, now=NOW, kept=kept)
    await sequence(signer=SIGNER, now=NOW, kept=HeadFile.of(tmp_path / "another machine"))

    assert kept.read() == await last_head()
    assert HeadFile.of(tmp_path / "another machine").read() == kept.read()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM audit_leaf; DELETE FROM audit_head;", "0 entries are left of 2"),
        ("DELETE FROM audit_head WHERE size = 2", "1 entries are left of 2"),
        ("UPDATE audit_head SET root = sha256(root) WHERE size = 2", "not ours"),
        ("UPDATE audit_head SET key_id = 'b7' WHERE size = 2", "not ours"),
    ],
)
async def test_history_is_not_signed_anew(
    toys: None, owner: asyncpg.Connection, tmp_path: Path, statement: str, told: str
):
    kept = HeadFile.of(tmp_path)
    for number in range(2):
        await make(number)
        await sequence(signer=SIGNER, now=NOW, kept=kept)
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(statement)
    await make(3)

    with pytest.raises(OtherHistory, match=told):
        await sequence(signer=SIGNER, now=NOW, kept=kept)


async def test_another_history_of_the_same_length_is_not_gone_on_with(
    toys: None, owner: asyncpg.Connection, tmp_path: Path
):
    """As if the sequencer of another machine, which knows nothing yet, had been fooled."""
    kept = HeadFile.of(tmp_path)
    for number in range(2):
        await make(number)
    await sequence(signer=SIGNER, now=NOW, kept=kept)
    await owner.execute(
        "SET session_replication_role = replica; DELETE FROM audit_leaf; DELETE FROM audit_head"
    )
    for end in ("max", "min"):
        await owner.execute(f"INSERT INTO audit_pending SELECT {end}(number) FROM audit_entry")
        await sequence(signer=SIGNER, now=NOW)

    with pytest.raises(OtherHistory, match="others than they were"):
        await sequence(signer=SIGNER, now=NOW, kept=kept)


async def test_after_a_real_restore_two_people_let_it_go_on(
    toys: None, owner: asyncpg.Connection, tmp_path: Path
):
    kept = HeadFile.of(tmp_path)
    await make(1)
    await sequence(signer=SIGNER, now=NOW, kept=kept)
    await owner.execute(
        "SET session_replication_role = replica; DELETE FROM audit_leaf; DELETE FROM audit_head;"
        "INSERT INTO audit_pending SELECT number FROM audit_entry"
    )
    given = {"by": "王芳", "second": "李强", "reason": "从昨晚的备份恢复", "now": NOW}

    with pytest.raises(NeedsTwo):
        await audit_restoring.go_on(kept, **given | {"second": "王 芳"})
    await audit_restoring.go_on(kept, **given)
    done = await sequence(signer=SIGNER, now=NOW, kept=kept)
    with pytest.raises(DomainError, match="不需要确认"):
        await audit_restoring.go_on(kept, **given)

    [line] = [one for one in await lines() if one.action == "audit.restored"]
    assert (done, line.actor, (await checked(owner)).first) == (2, "王芳", None)
    assert ("李强" in line.reason, "原来 1 条" in line.reason, "现在 没有记录" in line.reason) == (
        True, True, True,
    )  # fmt: skip


async def test_a_kept_head_that_cannot_be_read_stops_everything(toys: None, tmp_path: Path):
    kept = HeadFile.of(tmp_path)
    await make(1)
    await sequence(signer=SIGNER, now=NOW, kept=kept)
    kept.path.write_text("{}")
    await make(2)

    with pytest.raises(NoHead):
        await sequence(signer=SIGNER, now=NOW, kept=kept)
    await audit_restoring.go_on(kept, by="王芳", second="李强", reason="磁盘坏了", now=NOW)

    assert await sequence(signer=SIGNER, now=NOW, kept=kept) == 2


async def test_numbers_that_nobody_has_are_told_once_their_transaction_is_over(
    toys: None, owner: asyncpg.Connection
):
    gaps = Gaps()
    await make(1)
    assert await gaps.look() == []
    async with in_transaction():
        await audit.note("toy.made", kind="toy", id="x", actor=STAFF, now=NOW)
        await asyncio.create_task(make(2))
        during = [await asyncio.create_task(gaps.look()) for _ in range(2)]
        await fetch("SELECT 1")
    assert await gaps.look() == []

    with suppress(LookupError):
        async with in_transaction():
            await audit.note("toy.made", kind="toy", id="y", actor=STAFF, now=NOW)
            raise LookupError
    taken = await make(3)
    await owner.execute("SET session_replication_role = replica")
    await make(4)
    await owner.execute("DELETE FROM audit_entry WHERE object_id = $1", str(taken))
    told: list[int] = []

    async def both_are_told() -> bool:  # other tests may have transactions of their own open
        told.extend(await gaps.look())
        return len(told) >= 2

    await until(both_are_told, "the two numbers to be told", limit_s=30)
    last = (await fetch("SELECT max(number) AS n FROM audit_entry"))[0]["n"]
    assert (during, told) == ([[], []], [last - 2, last - 1])


async def test_rows_that_a_table_had_before_it_was_audited_are_noted_as_they_are(
    db: str, owner: asyncpg.Connection
):
    before = owner.transaction()
    await before.start()
    await owner.execute(
        "CREATE TABLE toy (id uuid PRIMARY KEY, state text, seen_at timestamptz);"
        "INSERT INTO toy SELECT gen_random_uuid(), 'open' FROM generate_series(1, 3);"
        "SELECT audit_watch('toy', '{seen_at}')"
    )
    await give_rights(owner)
    await before.commit()
    await sequence(signer=SIGNER, now=NOW)
    whole = await checked(owner)
    await owner.execute("SET session_replication_role = replica; UPDATE toy SET state = 'shut'")
    edited = await checked(owner)
    await owner.execute("DROP TABLE toy")

    assert (whole.entries, whole.first) == (1, None)
    assert edited.first is not None
    assert (edited.first.leaf, "与它最后一条" in edited.first.what) == (0, True)


async def test_what_the_law_wants_erased_is_erased_and_the_log_stays_whole(
    db: str, owner: asyncpg.Connection
):
    binding = await people.bind((await people.member()).user_id, await people.enterprise())
    given = {"by": "王芳", "second": "李强", "reason": "本人要求", "now": NOW}
    subject = f"binding:{binding}"
    await people.fill(binding, person="李强", phone_sealed=b"sealed")
    with pytest.raises(DomainError, match="请先清除"):
        await audit_erasing.destroy(subject, **given)
    await people.fill(binding, person="", phone_sealed=None)
    await sequence(signer=SIGNER, now=NOW)
    erased = await checked(owner)
    await audit_erasing.destroy(subject, **given)
    await sequence(signer=SIGNER, now=NOW)
    destroyed = await checked(owner)
    with pytest.raises(NotFound):
        await audit_erasing.destroy(subject, **given)
    await people.fill(binding, person="李强")
    await sequence(signer=SIGNER, now=NOW)
    again = await checked(owner)
    await owner.execute("SET session_replication_role = replica; DELETE FROM audit_key")

    assert [one.first for one in (erased, destroyed, again)] == [None] * 3
    assert (await checked(owner)).first is not None
