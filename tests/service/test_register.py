"""The register in memory: never behind by more than it says, never fooled by a file."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from bot.clients import register_file
from bot.clients.database import connect
from bot.domain.certificates import Action, Reason
from bot.domain.signing_keys import Purpose
from bot.domain.verification import Outcome
from bot.services import (
    certificate_life,
    certificate_signing,
    register,
    register_rows,
    signing_keys,
)
from bot.services.register import Register
from bot.services.register_folder import RECENT
from bot.services.register_rows import Marks
from bot.services.verification import Verifier
from models import Certificate
from tests.conftest import NOW
from tests.service.test_certificates import BASE, STAFF, change, made, several, signed
from tests.waiting import until


def outcome(found: Register, row: Certificate, now=NOW) -> Outcome:
    return Verifier(found).by_token(row.number, row.token, now=now).outcome


async def test_a_change_that_commits_late_is_not_missed(db, connection, issuer, opened):
    row = await signed(issuer)
    found = opened()
    async with in_transaction():
        await certificate_life.change(
            row.number, Action.SUSPEND, reason=Reason.UNDER_CHECK, words="慢", second="李强",
            actor=STAFF, now=NOW,
        )  # fmt: skip
        await found.catch_up(connection, now=NOW)
        during = outcome(found, row)
        other = await connect(db, application="tests")
        await other.execute("CREATE TEMPORARY TABLE something (id int)")  # a younger transaction
        await other.close()
        await found.catch_up(connection, now=NOW)
    await found.catch_up(connection, now=NOW)

    assert (during, outcome(found, row)) == (Outcome.VALID, Outcome.SUSPENDED)


async def test_who_knows_nothing_yet_waits_for_its_first_look(db, issuer, opened):
    row = await signed(issuer)
    found = opened()
    follows = asyncio.create_task(found.keep_fresh(db, lambda: NOW))

    await found.first_look(60)

    try:
        assert outcome(found, row) is Outcome.VALID
    finally:
        follows.cancel()
        await asyncio.wait({follows})


async def test_a_look_that_is_given_up_does_not_go_on_at_the_server(
    db, connection, issuer, opened, monkeypatch
):
    monkeypatch.setattr(register_rows, "SERVER_PATIENCE_MS", 100)
    monkeypatch.setattr(register_rows, "PATIENCE_S", 0.3)
    monkeypatch.setattr(register, "AGAIN_S", 0.0)

    async def lost(**_given):
        """The word to stop needs a connection of its own, which a busy server may refuse."""

    monkeypatch.setattr(asyncpg.connect_utils, "_cancel", lost)
    await signed(issuer)
    found, looks = opened(), []

    look = register_rows.changed

    async def counted(*given, **more):
        looks.append(given)
        return await look(*given, **more)

    monkeypatch.setattr(register_rows, "changed", counted)
    in_the_way = connection.transaction()
    await in_the_way.start()
    await connection.execute("LOCK TABLE certificate IN ACCESS EXCLUSIVE MODE")
    follows = asyncio.create_task(found.keep_fresh(db, lambda: NOW))

    async def several() -> bool:
        return len(looks) >= 6

    try:
        await until(several, "several looks to be given up")
        waiting = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'credit-register'"
        )
    finally:
        follows.cancel()
        await asyncio.wait({follows})
        await in_the_way.rollback()

    assert waiting <= 2  # the last, and perhaps the one before it


async def test_the_longest_look_may_take_longer_and_no_other(db, monkeypatch):
    other = await connect(db, application="tests", patience_ms=50)
    slow = "SELECT ''::bytea FROM pg_sleep(0.2) WHERE $1 <> ''"
    monkeypatch.setattr(register_rows, "_ENDED", slow)

    assert len(await register_rows.ended(other, register_rows.NOTHING_SEEN)) == 0
    with pytest.raises(asyncpg.QueryCanceledError):
        await other.fetchval(slow, "again")
    await other.close()


async def test_a_full_disk_leaves_a_table_in_memory(connection, issuer, opened, monkeypatch):
    row = await signed(issuer)
    add, full = register_file.Writer.add, []

    def once(self, rows):
        if not full:
            full.append(rows)
            raise OSError(28, "No space left on device")
        add(self, rows)

    monkeypatch.setattr(register_file.Writer, "add", once)
    found = opened()
    await found.refresh(connection, now=NOW)
    await found._build(connection, NOW)
    await found.refresh(connection, now=NOW)

    assert (len(full), outcome(found, row)) == (1, Outcome.VALID)
    assert not connection.is_in_transaction()


async def test_a_table_that_failed_is_tried_again_only_after_a_pause(
    connection, opened, monkeypatch
):
    async def fails(_connection, writer, *_more):
        writer.drop()
        raise ConnectionError

    monkeypatch.setattr(register_rows, "build", fails)
    tables = opened()._tables
    tables.fall_behind(is_behind=True)
    before = tables.are_due(None, can_sign=False)

    with pytest.raises(ConnectionError):
        await tables.make(connection, NOW, [], None)

    assert (before, tables.are_due(None, can_sign=False)) == (True, False)


async def test_the_first_look_waits_no_longer_than_it_may(opened):
    found = opened()

    await found.first_look(0)

    assert found.as_of is None


async def test_what_was_kept_answers_without_the_database(connection, issuer, opened):
    rows = await several(issuer, 3)
    await change(rows[1].number, Action.REVOKE, Reason.MISUSE)
    first = opened()
    await first.catch_up(connection, now=NOW)
    first.close()

    second = opened()
    second.restore()

    assert (second.as_of, len(second)) == (NOW, 3)
    assert [outcome(second, row) for row in rows] == [
        Outcome.VALID, Outcome.REVOKED, Outcome.VALID,
    ]  # fmt: skip
    assert second.of_code(rows[0].credit_code)[0].number == rows[0].number
    assert outcome(second, rows[0], NOW + timedelta(hours=25)) is Outcome.UNAVAILABLE


@pytest.fixture
async def busy(db: str) -> AsyncIterator[None]:
    """Somebody's long transaction: no snapshot of the server sees past it."""
    other = await connect(db, application="tests")
    async with other.transaction():
        await other.execute("SELECT pg_current_xact_id()")
        yield
    await other.close()


async def test_a_table_and_what_came_after_it_answer_as_one(
    busy, connection, issuer, opened, small
):
    rows = await several(issuer, 8)
    keeper, other = opened(), opened()
    for one in (keeper, other):
        await one.catch_up(connection, now=NOW)
    await change(rows[0].number, Action.REVOKE, Reason.MISUSE)
    rows.append(await signed(issuer))
    for one in (keeper, other):
        await one.catch_up(connection, now=NOW + timedelta(seconds=9))
    keeper.close()
    third = opened()
    third.restore()

    expected = [Outcome.REVOKED, *[Outcome.VALID] * 8]
    for one in (keeper, other, third):
        assert [outcome(one, row) for row in rows] == expected
        assert one.find("2026CNEAAA99999") is None
        assert one._table.count == 8
        assert [e.number for e in one.of_code(rows[3].credit_code)] == [rows[3].number]
        assert [e.state for e in one.of_code(rows[0].credit_code)] == ["revoked"]
    assert other._table.head["sha256"] == keeper._table.head["sha256"]


async def test_without_a_key_for_its_files_each_process_makes_its_own_table(
    connection, issuer, small
):
    rows = await several(issuer, 8)
    found = Register(bases=(BASE,))
    await found.catch_up(connection, now=NOW)

    assert [outcome(found, row) for row in rows] == [Outcome.VALID] * 8
    assert found._table.count == 8


@pytest.mark.parametrize("place", [0, 40, -1, -60, -200])
async def test_a_flipped_byte_anywhere_makes_a_file_worthless(
    connection, issuer, opened, small, tmp_path, place
):
    await several(issuer, 8)
    first = opened()
    await first.catch_up(connection, now=NOW)
    first.close()
    for name in (register_file.NAME, RECENT):
        path = tmp_path / "state" / name
        whole = bytearray(path.read_bytes())
        kept = bytes(whole)
        whole[place] ^= 1
        path.write_bytes(whole)
        found = opened()
        found.restore()
        assert (found.as_of, len(found)) == (None, 0)
        path.write_bytes(kept)


async def test_a_file_that_another_machine_signed_is_not_believed(
    connection, issuer, opened, tmp_path
):
    await signed(issuer)
    first = opened()
    await first.catch_up(connection, now=NOW)
    first.close()
    for path in (tmp_path / "keys").glob("*.pem"):
        path.unlink()

    found = opened()
    found.restore()

    assert found.as_of is None


async def test_files_of_another_history_of_the_database_are_forgotten(connection, issuer, opened):
    row = await signed(issuer)
    found = opened()
    await found.catch_up(connection, now=NOW)
    found._marks = Marks(10**12, "another/1/database")
    found._recent["2026CNEAAA00999"] = b"from another life"

    await found.catch_up(connection, now=NOW)

    assert (len(found), outcome(found, row)) == (1, Outcome.VALID)


async def test_when_the_keeper_goes_another_takes_its_place(connection, issuer, opened, tmp_path):
    await signed(issuer)
    first, second = opened(), opened()
    await first.catch_up(connection, now=NOW)
    await second.catch_up(connection, now=NOW)
    recent = tmp_path / "state" / RECENT
    recent.unlink()
    (tmp_path / "state" / "register.left").touch()
    await second.catch_up(connection, now=NOW + timedelta(minutes=1))
    before = recent.exists()
    first.close()

    await second.catch_up(connection, now=NOW + timedelta(minutes=2))

    assert (before, recent.exists()) == (False, True)
    assert not (tmp_path / "state" / "register.left").exists()


async def test_what_waits_for_its_signature_is_not_there_yet(connection, issuer, opened):
    issued = await made()
    found = opened()
    await found.catch_up(connection, now=NOW)
    before = found.find(issued.number)

    await certificate_signing.sign_waiting(issuer=issuer, now=NOW)
    await found.catch_up(connection, now=NOW)

    assert (before, found.find(issued.number).number) == (None, issued.number)


async def test_signing_again_goes_on_where_it_was_interrupted(connection, issuer, opened):
    rows = await several(issuer, 6)
    await change(rows[5].number, Action.REVOKE, Reason.MISUSE)
    new = await signing_keys.rotate(
        Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="更换", now=NOW
    )
    batch = await certificate_signing.sign_again(
        UUID(int=0), issuer=issuer, now=NOW, batch=2
    )  # and here it was killed
    done = await certificate_signing.sign_all_again(issuer=issuer, now=NOW, say=lambda _: None)

    keys = await Certificate.all().order_by("number").values_list("key", flat=True)
    assert (batch.done, done.done, done.suspect) == (2, 3, 0)
    assert keys == [new.number] * 5 + [rows[5].key]


@pytest.mark.parametrize("whose", ["its own", "the keeper's"])
async def test_a_finished_table_outlives_a_look_that_fails(
    connection, issuer, opened, small, monkeypatch, whose
):
    rows = await several(issuer, 8)
    keeper, other = opened(), opened(keeps=False)
    await keeper.refresh(connection, now=NOW)
    await keeper._build(connection, NOW)
    asked = keeper if whose == "its own" else other
    with monkeypatch.context() as slow:
        slow.setattr(register_rows, "changed", _too_slow)
        with pytest.raises(TimeoutError):
            await asked.refresh(connection, now=NOW)

    await asked.refresh(connection, now=NOW)

    assert (asked._table.count, asked.behind) == (8, False)
    assert [outcome(asked, row) for row in rows] == [Outcome.VALID] * 8


async def _too_slow(*_: object, **__: object) -> list[bytes]:
    raise TimeoutError
