"""Whose table it is: the keeper's, as long as it is at work on one, else one's own."""

import asyncio
import os

import pytest

from bot.clients import register_file
from bot.domain.verification import Outcome
from bot.services import register_rows, register_tables
from bot.services.register_folder import LONG_AGO, Kept
from bot.services.register_rows import Marks
from tests.conftest import NOW
from tests.service.test_certificates import several
from tests.service.test_register import outcome
from tests.waiting import until


async def test_who_waits_too_long_for_the_keeper_makes_a_table_for_itself(
    connection,
    issuer,
    opened,
    small,
    monkeypatch,
    tmp_path,
):
    rows = await several(issuer, 8)
    keeper, other = opened(), opened()
    keeper._folder.is_keeper()  # and it does nothing, as if it were frozen
    await other.refresh(connection, now=NOW)
    patient = other._tables.are_due(other._table, can_sign=True)
    monkeypatch.setattr(register_tables, "KEEPER_PATIENCE_S", 0.0)
    await until(lambda: is_so(other._tables.are_due(None, can_sign=True)), "its turn", limit_s=5)
    await other.catch_up(connection, now=NOW)

    assert patient is False
    assert [outcome(other, row) for row in rows] == [Outcome.VALID] * 8
    assert not (tmp_path / "state" / register_file.NAME).exists()
    await keeper.catch_up(connection, now=NOW)
    await other.refresh(connection, now=NOW)
    assert [outcome(other, row) for row in rows] == [Outcome.VALID] * 8


async def test_who_sees_that_the_keeper_is_at_work_goes_on_waiting(
    connection, opened, rows, monkeypatch
):
    """Also while nothing is written, because the server sorts."""
    keeper, other = opened(), opened(keeps=False)
    keeper._folder.is_keeper()
    place = keeper._folder.place
    monkeypatch.setattr(register_tables, "KEEPER_PATIENCE_S", 0.0)
    monkeypatch.setattr(register_tables, "SIGN_OF_LIFE_S", 0.0)
    said = []

    async def sorts(_connection, writer, *_more):
        [draft] = place.glob("register.*")
        for _ in range(3):
            os.utime(draft, (0, 0))
            await until(lambda: is_so(draft.stat().st_mtime > 0), "a sign of life", limit_s=5)
            said.append(other._tables.are_due(None, can_sign=True))
        writer.drop()
        raise ConnectionError

    monkeypatch.setattr(register_rows, "build", sorts)
    await other.refresh(connection, now=NOW)
    await keeper.refresh(connection, now=NOW)
    with pytest.raises(ConnectionError):
        await keeper._build(connection, NOW)

    assert said == [False] * 3
    assert other._tables.are_due(None, can_sign=True) is False  # the draft has gone: a sign too
    await until(lambda: is_so(other._tables.are_due(None, can_sign=True)), "its end", limit_s=5)


async def test_a_table_of_its_own_is_given_up_when_the_keepers_comes(
    connection, opened, rows, monkeypatch
):
    keeper, other = opened(), opened(keeps=False)
    build, begun = register_rows.build, asyncio.Event()

    async def slow(given, writer, *more):
        if begun.is_set():
            return await build(given, writer, *more)
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            writer.drop()

    monkeypatch.setattr(register_rows, "build", slow)
    await other.refresh(connection, now=NOW)
    other._tables.begin(other._build(connection, NOW))
    await begun.wait()
    keeper._folder.is_keeper()
    await keeper.catch_up(connection, now=NOW)
    await other.refresh(connection, now=NOW)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(other._tables._making, 5)
    assert other._table.head["sha256"] == keeper._table.head["sha256"]
    assert not other.behind


async def is_so(it: bool) -> bool:
    return it


async def test_no_server_sorts_on_for_a_table_that_was_given_up(
    db, emptier, opened, rows, monkeypatch
):
    slow = "SELECT ''::bytea AS hash, ''::bytea AS record FROM pg_sleep(600)"
    monkeypatch.setattr(register_rows, "_ALL", slow)
    found = opened(keeps=False)
    working = """SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'credit-register-table' AND state = 'active'"""

    async def works() -> bool:
        return await emptier.fetchval(working) == 1

    async def is_over() -> bool:
        return await emptier.fetchval(working) == 0

    found._tables.begin(found._build_apart(db, lambda: NOW))
    await until(works, "the server to be at work", limit_s=10)
    await found._tables.stop()

    await until(is_over, "the server to notice", limit_s=10)


async def test_the_keepers_table_comes_before_one_of_its_own(connection, opened, rows):
    keeper, other = opened(), opened(keeps=False)
    await other.refresh(connection, now=NOW)
    await other._build(connection, NOW)
    keeper._folder.is_keeper()
    await keeper.catch_up(connection, now=NOW)

    await other.refresh(connection, now=NOW)
    shared = other._table
    await other.refresh(connection, now=NOW)

    assert shared.head["inode"]
    assert other._table is shared


async def test_who_starts_with_a_gap_waits_for_the_keeper_as_everybody_does(opened, monkeypatch):
    found = opened(keeps=False)
    kept = Kept(NOW, [], Marks(0, ""), None, [], (LONG_AGO, ""), behind=True)
    monkeypatch.setattr(found._folder, "read", lambda: kept)

    found.restore()

    assert found.behind
    assert not found._tables.are_due(None, can_sign=True)
