"""The engine and the oracle on the same facts: what each says, and where they differ."""

from datetime import date
from random import Random
from types import ModuleType
from typing import Any

from bot.scoring.engine import score
from bot.scoring.facts_reader import facts_from
from bot.scoring.library import shipped_pack
from bot.scoring.pack import Pack
from bot.scoring.reading import Table
from bot.scoring.result import Result
from tests.oracle import casme, rating, shanxi
from tests.oracle.enterprises import Enterprise, enterprise
from tests.oracle.facts import Opinion, Told

ORACLES: dict[str, ModuleType] = {
    "casme-public-credit": casme,
    "sme-credit-rating": rating,
    "shanxi-integrity": shanxi,
}


PUBLIC, RATING, INTEGRITY = ORACLES
AS_OF = date(2026, 3, 2)


def from_seed(scheme: str, seed: object) -> Enterprise:
    return enterprise(Random(f"{scheme} {seed}"), scheme)


def engine(pack: Pack, told: Told, as_of: date) -> Result:
    """The engine's result on facts as a file would give them."""
    facts = facts_from(pack, Table(told, "facts"), basis="self", standing="declared")
    return score(pack, facts, as_of)


def of_engine(result: Result) -> dict[str, Any]:
    told = result.as_dict()
    rows = told["indicators"]
    return {
        "scored": told["state"] == "scored",
        **{key: told[key] for key in ("total", "level", "level_by_points", "grade", "answered")},
        "points": {row["id"]: row["points"] for row in rows},
        "parts": {row["id"]: {p["id"]: p["points"] for p in row["parts"]} for row in rows},
        "states": {row["id"]: row["state"] for row in rows},
        "groups": {row["id"]: (row["points"], row["before_cap"]) for row in told["groups"]},
        "vetoes": {row["id"]: _bar(row) for row in told["vetoes"]},
        "ceilings": {row["id"]: _bar(row) for row in told["ceilings"]},
        "unchecked": {row["id"] for row in told["unchecked"]},
    }


def _bar(row: dict[str, Any]) -> tuple[str, tuple[str, ...], date | None]:
    return row["result"], tuple(sorted(row["records"])), row["ends_on"]


def of_oracle(mine: Opinion) -> dict[str, Any]:
    points, states = {}, {}
    for name, parts in mine.indicators.items():
        known = [p for p in parts.values() if p is not None]
        points[name] = sum(known[1:], known[0]) if known else None
        states[name] = "known" if len(known) == len(parts) else "partly" if known else "unknown"
    return {
        "scored": mine.scored,
        "total": mine.total,
        "level": mine.level,
        "level_by_points": mine.level_by_points,
        "grade": mine.grade,
        "answered": sum(state == "known" for state in states.values()),
        "points": points,
        "parts": mine.indicators,
        "states": states,
        "groups": mine.groups,
        "vetoes": mine.vetoes,
        "ceilings": mine.ceilings,
        "unchecked": mine.unchecked,
    }


def differences(pack: Pack, told: Told, as_of: date) -> dict[str, tuple[Any, Any]]:
    """What engine and oracle do not agree on, as (engine, oracle); empty when they do."""
    return differing(of_engine(engine(pack, told, as_of)), opinion(pack.id, told, as_of))


def opinion(scheme: str, told: Told, as_of: date) -> dict[str, Any]:
    return of_oracle(ORACLES[scheme].opinion(told, as_of))


def differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = {}
    for key, said in one.items():
        if said == other[key]:
            continue
        if isinstance(said, dict):
            names = sorted({*said, *other[key]})
            pairs = {n: (said.get(n, "-"), other[key].get(n, "-")) for n in names}
            found |= {f"{key}.{n}": pair for n, pair in pairs.items() if pair[0] != pair[1]}
        else:
            found[key] = (said, other[key])
    return found


def smallest(pack: Pack, told: Told, as_of: date) -> str:
    """The disagreement with everything left out that does not matter to it."""
    told = {**told, "values": dict(told["values"]), "records": list(told["records"])}
    for fact in list(told["values"]):
        fewer = {**told, "values": {k: v for k, v in told["values"].items() if k != fact}}
        told = fewer if differences(pack, fewer, as_of) else told
    for record in list(told["records"]):
        fewer = {**told, "records": [r for r in told["records"] if r is not record]}
        told = fewer if differences(pack, fewer, as_of) else told
    return f"on {as_of} of {told}\n(engine, oracle): {differences(pack, told, as_of)}"


def both(
    scheme: str, *records: dict[str, Any], as_of: date = AS_OF, **values: Any
) -> dict[str, Any]:
    """What engine and oracle say of verified facts, when they say the same."""
    if scheme == PUBLIC:
        values = {"registration_status": "存续"} | values
    rows = [{"id": f"r{n}", **record} for n, record in enumerate(records)]
    told = {"basis": "verified", "standing": "verified", "values": values, "records": rows}
    said = of_engine(engine(shipped_pack(scheme), told, as_of))
    assert said == opinion(scheme, told, as_of)
    return said


def marked(**marks: tuple[int, ...]) -> list[dict[str, Any]]:
    return [
        {"fact": fact, "value": value, "by": f"专家{n}", "reason": "见评分表"}
        for fact, given in marks.items()
        for n, value in enumerate(given)
    ]


def event(fact: str, on: date | None = None, **said: Any) -> dict[str, Any]:
    return {"fact": fact, **({"date": on} if on else {}), **said}
