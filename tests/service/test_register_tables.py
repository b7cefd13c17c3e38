"""Whose table it is: the keeper's, as long as it is at work on one, else one's own."""

import asyncio
import os

import pytest

from bot.services import register_rows, register_tables
from tests.conftest import NOW
from tests.waiting import until


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
