"""An assessment names its rules and facts, and computes again to the same bytes."""

import json
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

import asyncpg
import pytest

from bot.domain.errors import NotFound
from bot.services import assessments, facts, schemes
from tests import register
from tests.conftest import NOW
from tests.packs import LATER, TODAY, V1, V2, publish
from tests.packs import PUBLIC as SCHEME

ASKED_ON = date(2026, 3, 2)


@pytest.fixture
async def one(db) -> UUID:
    rules = await publish()
    enterprise = (await register.enrol(Random(1), 1))[0]
    rows = register.rows(rules.pack, Random(2), about=12)
    await facts.record(enterprise, rows, pack=rules.pack, now=NOW)
    return enterprise


async def assess(one, *, on=ASKED_ON, basis="verified"):
    return await assessments.assess(one, SCHEME, basis=basis, as_of=on, now=NOW)


async def test_an_assessment_names_its_rules_its_facts_and_its_day(one):
    made = await assess(one)
    rules = await schemes.published(SCHEME, 1)
    told = json.loads(made.result)

    assert await assessments.kept(made.id) == made
    assert (made.scheme, made.version, made.sha256) == (SCHEME, 1, rules.sha256)
    assert (told["scheme"], told["version"], told["hash"]) == (SCHEME, 1, rules.sha256)
    assert (made.facts_version, made.as_of, made.basis) == (1, ASKED_ON, "verified")
    assert (made.total, made.grade) == (Decimal(told["total"]), told["grade"])


async def test_a_self_assessment_has_points_and_never_a_grade(one):
    made = await assess(one, basis="self")

    assert made.total is not None
    assert (made.grade, json.loads(made.result)["label"]) == (None, "自评")


async def test_an_old_result_computes_to_the_same_bytes_after_rules_and_facts_changed(one):
    old = await assess(one)
    rules = await publish(V2, on=LATER)
    penalty = {
        "id": "new", "fact": "judgment_debtor", "date": "2026-03-20", "standing": "verified",
    }  # fmt: skip
    await facts.record(one, [penalty], pack=rules.pack, now=NOW)
    new = await assess(one, on=LATER)

    assert (old.version, new.version) == (1, 2)
    assert (old.facts_version, new.facts_version) == (1, 2)
    assert new.total == old.total - 10 - 15
    assert await assessments.recompute(old.id) == old.result
    assert await assessments.recompute(new.id) == new.result


async def test_no_assessment_is_made_before_a_version_takes_effect(one):
    with pytest.raises(NotFound, match="还没有生效的版本"):
        await assess(one, on=TODAY - timedelta(days=1))
    with pytest.raises(NotFound):
        await assessments.kept(UUID(int=5))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE assessment SET grade = 'AAA'", "DELETE FROM assessment", "TRUNCATE assessment"],
)
async def test_the_database_itself_refuses_to_change_a_result(one, db, statement):
    made = await assess(one)
    connection = await asyncpg.connect(db)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement)
    finally:
        await connection.close()

    assert await assessments.kept(made.id) == made


async def test_the_text_that_was_published_is_kept_with_its_remarks(one):
    assert V1.startswith("# ")
    assert (await schemes.published(SCHEME, 1)).pack.hash == (await schemes.propose(
        V1, file="a.toml", effective_on=TODAY, by="王芳", now=NOW
    )).sha256  # fmt: skip
