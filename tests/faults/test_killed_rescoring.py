"""A batch killed in the middle: readers keep the old results, and the next start goes on."""

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg
import pytest

from bot.services import facts, rescoring
from tests import register
from tests.conftest import NOW
from tests.nursery import forked
from tests.packs import LATER, V2, publish
from tests.packs import PUBLIC as SCHEME
from tests.product import settings
from tests.register import AS_OF
from tests.waiting import until

ENTERPRISES, IN_A_SLICE = 120, 20
STUCK_IN = 3  # the slice in which the killed one is held up

pytestmark = pytest.mark.faults


def start(env: dict[str, str], log: Path):
    words = ["rules", "rescore", SCHEME, "--version", "2", "--as-of", AS_OF.isoformat()]
    with log.open("ab") as output:
        return forked.start("bot", *words, "--processes", "1", env=env, output=output)


async def results(emptier: asyncpg.Connection, run: UUID) -> list[tuple]:
    rows = await emptier.fetch(
        "SELECT enterprise_id, facts_version, state, total, grade, level, level_by_points, bars, "
        "note FROM scoring_result WHERE run_id = $1 ORDER BY enterprise_id", run,
    )  # fmt: skip
    return [tuple(row) for row in rows]


async def current(emptier: asyncpg.Connection) -> UUID:
    return await emptier.fetchval("SELECT run_id FROM current_run")


async def run_here(rules, **when) -> rescoring.Run:
    run = await rescoring.begin(rules, basis="verified", slice_size=IN_A_SLICE, **when)
    await rescoring.work(run, now=NOW)
    assert await rescoring.finish(run, now=NOW)
    return run


async def test_a_killed_batch_goes_on_where_it_was_and_nobody_sees_half_of_it(
    db: str, emptier: asyncpg.Connection, tmp_path: Path
):
    first, random = await publish(), Random(8)
    everybody = await register.enrol(random, ENTERPRISES)
    for one in everybody:
        rows = register.rows(first.pack, random, about=12)
        await facts.record(one, rows, pack=first.pack, now=NOW)
    old = await run_here(first, as_of=AS_OF, now=NOW)
    rules = await publish(V2, on=LATER)
    later = {"as_of": AS_OF, "now": NOW + timedelta(hours=1)}
    wanted = await results(emptier, (await run_here(rules, **later)).id)
    await emptier.execute("UPDATE current_run SET run_id = $1, started_at = $2", old.id, NOW)

    run = await rescoring.begin(
        rules, basis="verified", as_of=AS_OF, now=NOW + timedelta(hours=2), slice_size=IN_A_SLICE
    )
    env, log = settings(tmp_path, DATABASE_URL=db), tmp_path / "log"
    holder = await asyncpg.connect(db)
    hold_up = holder.transaction()
    await hold_up.start()
    await holder.execute(  # the batch's own row must wait for this one to come or go
        "INSERT INTO scoring_result (run_id, enterprise_id, facts_version, state, bars) "
        "VALUES ($1, $2, 0, 'scored', '{}')", run.id, everybody[IN_A_SLICE * STUCK_IN - 1],
    )  # fmt: skip
    killed = start(env, log)

    async def is_stuck() -> bool:
        assert killed.poll() is None, log.read_text()
        return bool(await emptier.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND query LIKE 'COPY%' AND datname = current_database()"
        ))  # fmt: skip

    try:
        await until(is_stuck, "the batch to stand still in the middle of a slice")
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        await hold_up.rollback()
        await until(lambda: nobody_works(emptier), "the killed one's connection to end")

        assert await results(emptier, run.id) == wanted[: IN_A_SLICE * (STUCK_IN - 1)]
        assert await current(emptier) == old.id

        again = start(env, log)
        assert await asyncio.to_thread(again.wait, 60) == 0, log.read_text()
    finally:
        await holder.close()

    assert await results(emptier, run.id) == wanted
    assert await current(emptier) == run.id
    assert f"第 2 版：{ENTERPRISES} 家企业已重新计分" in log.read_text()


async def nobody_works(emptier: asyncpg.Connection) -> bool:
    return not await emptier.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'credit-command'"
    )
