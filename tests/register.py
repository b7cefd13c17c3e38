"""A register of random but believable enterprises: facts in the format of a facts file."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.domain.actors import System
from bot.scoring.pack import FactSpec, Pack
from bot.services import audit
from models import Enterprise
from tests.conftest import NOW

AS_OF = date(2026, 3, 1)
SOURCES = ("信用中国", "国家企业信用信息公示系统", "企业申报", "税务机关")
Row = dict[str, Any]


def rows(pack: Pack, random: Random, *, about: int) -> list[Row]:
    """About so many records of one enterprise; what a gate asks for is nearly always right."""
    gates = {gate.fact: gate.allow for gate in pack.gates}
    given: list[Row] = []
    others = [spec for spec in pack.facts.values() if spec.id not in gates]
    for fact, allowed in gates.items():
        wrong = random.random() < 0.02
        value = pack.facts[fact].values[-1] if wrong else random.choice(allowed)
        given.append(_dressed({"id": f"values.{fact}", "fact": fact, "value": value}, random))
    share = (about - len(given)) / len(others)
    for spec in others:
        chance = random.random()
        if chance < share:
            several = 2 if chance < share / 4 and spec.type in {"records", "mark"} else 1
            given += [_record(pack, spec, random, n) for n in range(several)]
    return given


def _record(pack: Pack, spec: FactSpec, random: Random, number: int) -> Row:
    row: Row = {"id": f"{spec.id}-{random.randrange(10**6)}-{number}", "fact": spec.id}
    match spec.type:
        case "choice":
            row["value"] = random.choice(spec.values)
        case "date":
            row["value"] = (date(1992, 1, 1) + timedelta(random.randrange(12_000))).isoformat()
        case "number":
            row["value"] = random.randrange(20_000_000)
        case "text":
            row["value"] = random.choice(("C35", "F51", "I65"))
        case "mark":
            row |= {"value": random.randrange(6), "by": f"专家{number}", "reason": "现场核对"}
        case "statement":
            items = pack.statement.items if pack.statement else ()
            row |= {"year": 2025, "items": {item: random.randrange(9**9) for item in items}}
        case _:
            row |= _happened(spec, random)
    return _dressed(row, random)


def _happened(spec: FactSpec, random: Random) -> Row:
    """Looked and found nothing, mostly; or something, with its day and perhaps its end."""
    on = AS_OF - timedelta(random.randrange(2200))
    row: Row = {"value": 1, "date": on.isoformat()}
    if spec.adverse and random.random() < 0.6:
        return row | {"value": 0}
    if spec.kinds:
        row["kind"] = random.choice(spec.kinds)
    chance = random.random()
    if chance < 0.15:
        row["ended_on"] = (on + timedelta(random.randrange(900))).isoformat()
    elif chance < 0.3 and spec.adverse:
        row["repaired_on"] = min(on + timedelta(random.randrange(400)), AS_OF).isoformat()
    return row


def _dressed(row: Row, random: Random) -> Row:
    standing = random.choices(("verified", "trusted", "declared"), (6, 3, 1))[0]
    evidence = f"文件-{random.randrange(10**6)}"
    return row | {"standing": standing, "source": random.choice(SOURCES), "evidence": evidence}


def ids(random: Random) -> Iterator[UUID]:
    """Identifiers that grow, as the product's do."""
    milliseconds = 1_760_000_000_000
    while True:
        milliseconds += random.randrange(1, 2000)
        yield UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62) | random.getrandbits(60))


async def enrol(random: Random, number: int) -> list[UUID]:
    """Put so many enterprises without facts into the database."""
    stream = ids(random)
    fresh = [next(stream) for _ in range(number)]
    async with in_transaction():
        await audit.note("x", kind="enterprise", id=audit.EACH, actor=System("x"), now=NOW)
        await Enterprise.bulk_create(
            [
                Enterprise(id=one, credit_code=f"91{n:016d}", name=f"示例企业{n}")
                for n, one in enumerate(fresh)
            ]
        )
    return fresh
