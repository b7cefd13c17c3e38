"""Re-scoring everybody: as the engine scores one, shown all at once, never in the loop's way."""

import asyncio
import gc
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from random import Random
from time import thread_time
from uuid import UUID

import pytest
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import System
from bot.domain.errors import NotFound
from bot.scoring.engine import score
from bot.scoring.facts_reader import facts_from
from bot.scoring.library import PACKS, versions
from bot.scoring.pack import Pack
from bot.scoring.reading import BadData, Table
from bot.services import audit, dry_runs, facts, rescoring, schemes
from tests import register
from tests.conftest import NOW
from tests.crowd import at_once
from tests.packs import LATER, V2, publish
from tests.packs import PUBLIC as SCHEME
from tests.register import AS_OF, Row

LONGEST_S = 0.020
AS_PYTHON_DOES = (700, 10, 10)  # when garbage is looked for


@dataclass(frozen=True, slots=True)
class Register:
    rules: schemes.Published
    rows: dict[UUID, list[Row]]


async def registered(number: int, *, scheme: str = SCHEME, seed: int = 4) -> Register:
    """Enterprises with facts: every tenth without any."""
    rules = await publish((PACKS / scheme / "1.toml").read_text(encoding="utf-8"), on=AS_OF)
    random = Random(seed)
    given = {}
    for place, one in enumerate(await register.enrol(random, number)):
        about = (6, 12, 25, 40)[place % 4]
        given[one] = register.rows(rules.pack, random, about=about) if place % 10 else []
        if given[one]:
            await facts.record(one, given[one], pack=rules.pack, now=NOW)
    return Register(rules, given)


async def run_all(rules, *, basis="verified", as_of=AS_OF, now=NOW, slice_size=37):
    run = await rescoring.begin(rules, basis=basis, as_of=as_of, now=now, slice_size=slice_size)
    scored = await rescoring.work(run, now=now)
    return run, scored, await rescoring.finish(run, now=now)


def alone(pack: Pack, rows: list[Row], basis: str, as_of) -> tuple:
    """What the engine says of one enterprise, by the strict way from its facts file."""
    try:
        found = facts_from(pack, Table({"records": rows}, ""), basis=basis, standing="declared")
        result = score(pack, found, as_of)
    except BadData as error:
        return "unreadable", None, None, None, None, (), str(error)
    told = result.as_dict()
    bars = {bar["id"] for bar in told["vetoes"] + told["ceilings"]}
    in_order = tuple(bar.id for bar in pack.bars if bar.id in bars)
    note = None if result.scored else "；".join(told["refusals"])
    return (told["state"], told["total"], told["grade"], told["level"], told["level_by_points"],
            in_order, note)  # fmt: skip


async def shown(scheme: str, one: UUID, basis: str = "verified") -> tuple:
    found = await rescoring.standing(scheme, one, basis=basis)
    return (found.state, found.total, found.grade, found.level, found.level_by_points,
            found.bars, found.note)  # fmt: skip


@pytest.mark.parametrize("scheme", versions())
async def test_a_batch_says_of_everybody_what_the_engine_says_of_one(db, scheme):
    everybody = await registered(130, scheme=scheme)
    a_year_ago = AS_OF - timedelta(days=365)  # many facts lie after it: those are refused

    for basis, as_of in product(("verified", "self"), (AS_OF, a_year_ago)):
        _, scored, finished = await run_all(everybody.rules, basis=basis, as_of=as_of)
        got = {one: await shown(scheme, one, basis) for one in everybody.rows}

        assert (scored, finished) == (130, True), basis
        pack = everybody.rules.pack
        told = {one: alone(pack, rows, basis, as_of) for one, rows in everybody.rows.items()}
        assert got == told, basis
        unreadable = "unreadable" in {state for state, *_ in got.values()}
        assert unreadable == (as_of == a_year_ago)


async def test_a_run_goes_on_where_it_was_and_scores_nobody_twice(db):
    everybody = await registered(60)
    begun = await rescoring.begin(
        everybody.rules, basis="verified", as_of=AS_OF, now=NOW, slice_size=5
    )
    await fetch(
        "UPDATE scoring_slice SET done_at = $2 WHERE run_id = $1 AND number = 1 RETURNING 1",
        begun.id, NOW,
    )  # fmt: skip

    assert await rescoring.finish(begun, now=NOW) is False
    again = await rescoring.begin(everybody.rules, basis="verified", as_of=AS_OF, now=NOW)
    both = await at_once(*(rescoring.work(run, now=NOW) for run in (begun, again, begun, again)))

    assert again == begun
    assert sum(both) == 55
    assert await rescoring.finish(begun, now=NOW) is True
    assert await rescoring.finish(begun, now=NOW) is True


async def test_several_who_begin_at_once_share_one_run(db):
    rules = await publish(on=AS_OF)
    await register.enrol(Random(1), 30)

    runs = await at_once(
        *(rescoring.begin(rules, basis="verified", as_of=AS_OF, now=NOW) for _ in range(6))
    )

    assert len(set(runs)) == 1


async def test_readers_see_the_old_run_until_the_new_one_is_whole(db):
    everybody = await registered(60)
    old, *_ = await run_all(everybody.rules)
    rules = await publish(V2, on=LATER)
    new = await rescoring.begin(
        rules, basis="verified", as_of=AS_OF, now=NOW + timedelta(hours=1), slice_size=5
    )
    seen: list[set[UUID]] = []

    async def read() -> None:
        while not seen or seen[-1] == {old.id}:
            found = await fetch(
                "SELECT r.run_id, count(*) AS n FROM current_run c "
                "JOIN scoring_result r USING (run_id) WHERE scheme = $1 GROUP BY r.run_id", SCHEME,
            )  # fmt: skip
            seen.append({row["run_id"] for row in found if row["n"] == 60})

    async def score_all() -> None:
        await rescoring.work(new, now=NOW)
        assert {(await rescoring.standing(SCHEME, one)).run_id for one in everybody.rows} == {
            old.id
        }
        assert await rescoring.finish(new, now=NOW)

    await asyncio.gather(read(), score_all())

    assert seen[0] == {old.id}
    assert seen[-1] == {new.id}
    assert len(seen) > 5


async def test_a_run_that_began_earlier_never_takes_the_place_of_a_later_one(db):
    everybody = await registered(10)
    early = await rescoring.begin(
        everybody.rules, basis="verified", as_of=AS_OF - timedelta(days=1), now=NOW
    )
    late, *_ = await run_all(everybody.rules, now=NOW + timedelta(minutes=1))

    await rescoring.work(early, now=NOW)
    assert await rescoring.finish(early, now=NOW)

    assert {(await rescoring.standing(SCHEME, one)).run_id for one in everybody.rows} == {late.id}


async def test_each_basis_has_a_current_run_of_its_own(db):
    everybody = await registered(10)
    run, *_ = await run_all(everybody.rules, basis="self")
    one = next(iter(everybody.rows))

    assert (await rescoring.standing(SCHEME, one, basis="self")).run_id == run.id
    with pytest.raises(NotFound):
        await rescoring.standing(SCHEME, one)


async def test_nobody_to_score_is_a_run_as_well(db):
    rules = await publish(on=AS_OF)

    assert (await run_all(rules))[1:] == (0, True)


async def test_the_loop_never_computes_for_twenty_milliseconds_on_end(db):
    everybody = await registered(40)
    async with in_transaction():
        await audit.note("x", kind="enterprise", id=audit.EACH, actor=System("x"), now=NOW)
        await fetch(
            "INSERT INTO enterprise (id, credit_code, name) "
            "SELECT gen_random_uuid(), 'x' || n, '示例' FROM generate_series(1, 1500) n RETURNING 1"
        )
    await fetch(
        'INSERT INTO fact (id, enterprise_id, key, fact, value, kind, standing, "on", '
        "since_version, recorded_at) SELECT gen_random_uuid(), e.id, f.key, f.fact, f.value, "
        "f.kind, f.standing, f.on, 1, f.recorded_at FROM enterprise e, "
        "(SELECT * FROM fact WHERE enterprise_id = $1) f WHERE e.credit_code LIKE 'x%' RETURNING 1",
        max(everybody.rows, key=lambda one: len(everybody.rows[one])),
    )
    longest, done, seldom = 0.0, False, gc.get_threshold()

    async def watch() -> None:
        nonlocal longest
        while not done:
            before = thread_time()  # computing, not waiting: neighbours do not count
            await asyncio.sleep(0)
            longest = max(longest, thread_time() - before)

    gc.collect()
    gc.freeze()  # as the command does: what the whole test process holds is not looked through
    gc.set_threshold(*AS_PYTHON_DOES)
    watching = asyncio.create_task(watch())
    _, scored, _ = await run_all(everybody.rules, slice_size=1000)
    done = True
    await watching
    gc.set_threshold(*seldom)

    assert scored == 1540
    assert 0 < longest < LONGEST_S


async def test_a_dry_run_counts_everybody_and_tells_who_moves_and_why(db):
    everybody = await registered(80)
    rules = await publish(V2, on=LATER)

    same = await dry_runs.dry_run(
        everybody.rules.pack, everybody.rules.pack, basis="verified", as_of=AS_OF
    )
    found = await dry_runs.dry_run(everybody.rules.pack, rules.pack, basis="verified", as_of=AS_OF)

    told = [
        [alone(pack, rows, "verified", AS_OF) for pack in (everybody.rules.pack, rules.pack)]
        for rows in everybody.rows.values()
    ]
    moved = sum(before[3] != after[3] for before, after in told)
    changed = sum(before[3] == after[3] and before[1] != after[1] for before, after in told)
    assert (same.enterprises, same.moved, same.changed, same.told) == (80, 0, 0, [])
    assert (found.enterprises, found.moved) == (80, moved)
    assert found.changed == changed > 0
    assert len(found.told) == moved > 0
    assert sum(found.counts.values()) == 80
    assert sum(n for (a, b), n in found.counts.items() if a != b) == moved


async def test_a_dry_run_tells_what_the_other_version_cannot_read(db):
    everybody = await registered(20)
    pack = everybody.rules.pack
    late = AS_OF - timedelta(days=365)

    found = await dry_runs.dry_run(pack, pack, basis="verified", as_of=late)

    unreadable = [
        one for one, rows in everybody.rows.items()
        if alone(pack, rows, "verified", late)[0] == "unreadable"
    ]  # fmt: skip
    assert found.counts["无法计算", "无法计算"] == len(unreadable) > 0
