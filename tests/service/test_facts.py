"""Facts are recorded once, superseded, and read again as they were."""

import asyncio
from random import Random
from uuid import UUID

import asyncpg
import pytest

from bot.domain.errors import BadInput, NotFound
from bot.scoring.library import shipped_pack, versions
from bot.scoring.reading import BadData
from bot.services import facts
from models import Enterprise, Fact
from tests import register
from tests.conftest import NOW
from tests.register import AS_OF

PACK = shipped_pack("casme-public-credit")
P1 = {"id": "p1", "fact": "penalties", "kind": "一般", "date": "2025-06-01", "source": "信用中国"}


@pytest.fixture
async def one(db) -> UUID:
    return (await register.enrol(Random(1), 1))[0]


async def known(one, *, version=None, basis="self"):
    found, at = await facts.as_known(one, pack=PACK, basis=basis, as_of=AS_OF, version=version)
    return [(r.id, r.standing, r.repaired_on) for r in found.records], at


@pytest.mark.parametrize("scheme", versions())
async def test_what_is_recorded_is_read_as_it_was_given(db, scheme):
    pack, random = shipped_pack(scheme), Random(3)
    for enterprise in await register.enrol(random, 5):
        rows = register.rows(pack, random, about=25)
        await facts.record(enterprise, rows, pack=pack, now=NOW)

        got, version = await facts.as_known(enterprise, pack=pack, basis="self", as_of=AS_OF)
        given = facts._checked(pack, rows, [])
        assert (got.records, version) == (given, 1)


async def test_a_record_is_superseded_and_the_old_one_stays_readable(one):
    first = await facts.record(one, [P1], pack=PACK, now=NOW)
    repaired = P1 | {"repaired_on": "2026-01-05", "standing": "verified"}
    second = await facts.record(one, [repaired], pack=PACK, now=NOW)

    assert await known(one, version=first) == ([("p1", "declared", None)], 1)
    assert await known(one, version=second) == await known(one)
    assert (await known(one))[0] == [("p1", "verified", AS_OF.replace(month=1, day=5))]
    assert await known(one, version=0) == ([], 0)
    rows = await Fact.all().order_by("since_version").values_list("since_version", "until_version")
    assert rows == [(1, 2), (2, None)]


async def test_new_facts_stand_beside_those_of_other_schemes(one):
    shanxi = shipped_pack("shanxi-integrity")
    mark = {"id": "m1", "fact": "tax", "value": 5, "by": "专家甲", "reason": "按期申报"}
    await facts.record(one, [mark], pack=shanxi, now=NOW)
    await facts.record(one, [P1], pack=PACK, now=NOW)

    assert await known(one) == ([("p1", "declared", None)], 2)


async def test_a_contradiction_with_what_is_known_is_refused_and_nothing_is_written(one):
    status = {"id": "s1", "fact": "registration_status", "value": "存续"}
    await facts.record(one, [status], pack=PACK, now=NOW)

    with pytest.raises(BadData, match="矛盾"):
        await facts.record(one, [P1, status | {"id": "s2", "value": "注销"}], pack=PACK, now=NOW)

    assert await known(one) == ([("s1", "declared", None)], 1)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (P1 | {"fact": "unknown"}, "不是评分包"),
        (P1 | {"extra": 1}, "没有这个键"),
        (P1 | {"id": "a\x1fb"}, "控制字符"),
        (P1 | {"source": "a\x1eb"}, "控制字符"),
    ],
)
async def test_a_bad_record_is_refused_in_one_sentence(one, row, words):
    with pytest.raises(BadInput, match=words):
        await facts.record(one, [row], pack=PACK, now=NOW)

    assert (await Enterprise.get(id=one)).facts_version == 0


async def test_ten_writers_at_once_make_ten_versions(one):
    await asyncio.gather(
        *(facts.record(one, [P1 | {"id": f"p{n}"}], pack=PACK, now=NOW) for n in range(10))
    )

    assert (await known(one))[1] == 10
    assert [len((await known(one, version=v))[0]) for v in range(11)] == list(range(11))


async def test_an_enterprise_that_nobody_knows_has_no_facts(db):
    with pytest.raises(NotFound):
        await facts.record(UUID(int=7), [P1], pack=PACK, now=NOW)
    with pytest.raises(NotFound):
        await facts.as_known(UUID(int=7), pack=PACK, basis="self", as_of=AS_OF)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fact SET value = '0'",
        "UPDATE fact SET until_version = NULL",
        "UPDATE fact SET until_version = 1",
        "UPDATE fact SET until_version = 2, standing = 'verified'",
        "DELETE FROM fact",
        "TRUNCATE fact",
    ],
)
async def test_the_database_itself_refuses_to_rewrite_a_fact(one, db, statement):
    await facts.record(one, [P1], pack=PACK, now=NOW)
    connection = await asyncpg.connect(db)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement)
    finally:
        await connection.close()

    assert await known(one) == ([("p1", "declared", None)], 1)
