"""Workers killed in the middle of their work: no job is lost, no effect comes twice."""

import os
import signal

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from bot.services import outbox
from tests.amounts import amount
from tests.conftest import NOW
from tests.nursery import forked
from tests.product import free_port
from tests.waiting import until

JOBS = amount(2_000, part=600)
KILL_AT = [JOBS * percent // 100 for percent in (10, 25, 45, 65, 80)]

pytestmark = pytest.mark.faults


async def put_jobs(number: int) -> None:
    for start in range(0, number, 200):
        async with in_transaction():
            for n in range(start, start + 200):
                await outbox.put("count", {"n": n}, now=NOW)


async def test_workers_killed_amid_their_jobs_lose_none_and_double_no_effect(
    db: str, emptier: asyncpg.Connection
):
    await emptier.execute(
        "CREATE TABLE effect (number int, at timestamptz);"
        "GRANT SELECT, INSERT ON effect TO credit_app"
    )
    await put_jobs(JOBS)

    def start() -> forked.Forked:
        port = str(free_port())
        words = ("tests.faults.counting_worker", db, port)
        return forked.start(*words, env=os.environ, output=2)

    workers = [start() for _ in range(2)]

    async def effects() -> int:
        return int(await emptier.fetchval("SELECT count(*) FROM effect"))

    try:
        for mark in KILL_AT:
            await until(lambda m=mark: at_least(effects, m), f"{mark} effects")
            victim = workers.pop(0)
            os.kill(victim.pid, signal.SIGKILL)
            victim.wait()
            workers.append(start())

        async def all_done() -> bool:
            return await emptier.fetchval("SELECT count(*) FROM job WHERE state <> 'done'") == 0

        await until(all_done, "every job done")
        numbers = await emptier.fetch("SELECT number FROM effect ORDER BY number")
    finally:
        for process in workers:
            process.terminate()
            process.wait()
        await emptier.execute("DROP TABLE effect")

    assert [row["number"] for row in numbers] == list(range(JOBS))


async def at_least(count, wanted: int) -> bool:
    return await count() >= wanted
