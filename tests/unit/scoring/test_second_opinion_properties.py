"""What must hold for every enterprise: order, one more good or bad fact, limits, unknowns."""

from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.scoring.canonical import canonical
from bot.scoring.engine import score
from bot.scoring.facts_reader import read_facts
from bot.scoring.library import shipped_pack
from bot.scoring.pack import Pack
from tests.oracle.enterprises import ADVERSE, CHOSEN, COUNTED, KINDS, MARKED, Enterprise, enterprise
from tests.oracle.facts import Told
from tests.unit.second_opinion import ORACLES, engine, of_engine

Fact = tuple[str, dict[str, Any]]
LIMITS = {
    "casme-public-credit": (500, 1000),
    "sme-credit-rating": (0, 100),
    "shanxi-integrity": (0, 100),
}
each_scheme = pytest.mark.parametrize("scheme", ORACLES)
randoms = st.integers(0, 2**48).map(Random)
often = settings(
    max_examples=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def good_facts(scheme: str) -> list[Fact]:
    """A further honour, a full mark by one more expert, the best answer of all."""
    return [
        *((fact, {}) for fact in COUNTED[scheme] if fact not in ADVERSE),
        *((fact, {"value": 5, "by": "另一位", "reason": "优"}) for fact in MARKED[scheme]),
        *((fact, {"value": options[0]}) for fact, options in CHOSEN[scheme].items()),
    ]


def bad_facts(scheme: str) -> list[Fact]:
    """A further bad record of each kind, the answer that is worth nothing."""
    listed = [fact for fact in COUNTED[scheme] if fact in ADVERSE]
    graded = {f: o for f, o in CHOSEN[scheme].items() if len(o) > 1}  # a look-up has one answer
    worthless = {f: o[-1] for f, o in graded.items() if f != "taxpayer"}  # its last is 3
    return [
        *((fact, {}) for fact in listed if fact not in KINDS),
        *((fact, {"kind": kind}) for fact in listed for kind in KINDS.get(fact, ())),
        *((fact, {"value": answer}) for fact, answer in worthless.items()),
    ]


def with_one_more(one: Enterprise, more: Fact) -> dict[str, Any]:
    """The facts and one that was checked today, in the place of another answer of today."""
    (told, as_of), (fact, said) = one, more
    answer = isinstance(said.get("value"), str)
    kept = [
        record
        for record in told["records"]
        if not (answer and record["fact"] == fact and record.get("date") == as_of)
    ]
    new = {"id": "more", "fact": fact, "standing": "trusted", "date": as_of, **said}
    return {**told, "records": [*kept, new]}


def standing_of(pack: Pack, told: Told, as_of: date) -> tuple[Any, int]:
    """Points and rung, the more the better; a firm that may not be scored stays so."""
    said = of_engine(engine(pack, told, as_of))
    if said["total"] is None:
        return -1, 0
    return said["total"], -[grade.name for grade in pack.grades].index(said["level"])


@each_scheme
def test_the_order_of_facts_does_not_matter(scheme: str) -> None:
    pack = shipped_pack(scheme)

    @often
    @given(randoms)
    def holds(rng: Random) -> None:
        told, as_of = enterprise(rng, scheme)
        records, values = list(told["records"]), list(told["values"].items())
        rng.shuffle(records)
        rng.shuffle(values)
        mixed = {**told, "records": records, "values": dict(values)}

        assert engine(pack, mixed, as_of).as_json() == engine(pack, told, as_of).as_json()

    holds()


@each_scheme
def test_facts_read_from_a_file_score_like_facts_in_memory(scheme: str) -> None:
    pack = shipped_pack(scheme)

    @often
    @given(randoms)
    def holds(rng: Random) -> None:
        told, as_of = enterprise(rng, scheme)
        text = canonical({"format": 1, **told}).decode()

        from_file = score(pack, read_facts(pack, text, "facts.json"), as_of)
        assert from_file.as_json() == engine(pack, told, as_of).as_json()

    holds()


@each_scheme
def test_one_more_good_fact_never_lowers(scheme: str) -> None:
    pack, facts = shipped_pack(scheme), good_facts(scheme)

    @often
    @given(randoms)
    def holds(rng: Random) -> None:
        told, as_of = one = enterprise(rng, scheme)
        richer = with_one_more(one, rng.choice(facts))

        before = standing_of(pack, told, as_of)
        after = standing_of(pack, richer, as_of)
        assert after[0] >= before[0]
        assert after[1] >= before[1]

    holds()


@each_scheme
def test_one_more_bad_fact_never_raises(scheme: str) -> None:
    pack, facts = shipped_pack(scheme), bad_facts(scheme)

    @often
    @given(randoms)
    def holds(rng: Random) -> None:
        told, as_of = one = enterprise(rng, scheme)
        worse = with_one_more(one, rng.choice(facts))

        before = standing_of(pack, told, as_of)
        after = standing_of(pack, worse, as_of)
        assert after[0] <= before[0]
        assert after[1] <= before[1]

    holds()


@each_scheme
def test_totals_and_groups_stay_inside_their_limits(scheme: str) -> None:
    pack, (least, most) = shipped_pack(scheme), LIMITS[scheme]

    @often
    @given(randoms)
    def holds(rng: Random) -> None:
        said = of_engine(engine(pack, *enterprise(rng, scheme)))

        assert not said["scored"] or least <= said["total"] <= most
        for group in pack.groups if said["scored"] else ():
            points, _ = said["groups"][group.id]
            assert group.at_most is None or points <= group.at_most
            assert group.at_least is None or points >= group.at_least

    holds()


@pytest.mark.parametrize("scheme", ["casme-public-credit", "sme-credit-rating"])
def test_unknown_is_listed_and_is_not_the_zero_of_a_checked_register(scheme: str) -> None:
    pack = shipped_pack(scheme)
    items = {part.fact: (i.id, part.id) for i in pack.indicators for part in i.parts}

    @often
    @given(randoms)
    def holds(rng: Random) -> None:
        told, as_of = enterprise(rng, scheme)
        fact = rng.choice(COUNTED[scheme])
        item, part = items[fact]
        told["values"]["registration_status"] = "存续" if scheme == "casme-public-credit" else ""
        told["values"] = {k: v for k, v in told["values"].items() if v != "" and k != fact}
        told["records"] = [record for record in told["records"] if record["fact"] != fact]
        looked = {"id": "none", "fact": fact, "value": 0, "standing": "verified"}
        checked = {**told, "standing": "verified", "records": [*told["records"], looked]}

        silent = of_engine(engine(pack, {**told, "standing": "verified"}, as_of))
        zero = of_engine(engine(pack, checked, as_of))

        assert (silent["parts"][item][part], zero["parts"][item][part]) == (None, 0)
        assert silent["states"][item] != "known"
        assert zero["total"] == silent["total"]

    holds()


def test_a_bar_that_nobody_checked_is_listed_and_one_checked_is_not() -> None:
    pack, as_of = shipped_pack("shanxi-integrity"), date(2026, 3, 1)
    bars = {bar.id: bar.fact for bar in pack.bars}
    nothing: dict[str, Any] = {"basis": "verified", "standing": "verified", "records": []}
    looked: dict[str, Any] = dict.fromkeys(bars.values(), 0) | {"founded_on": date(2000, 1, 1)}

    silent = of_engine(engine(pack, {**nothing, "values": {}}, as_of))
    checked = of_engine(engine(pack, {**nothing, "values": looked}, as_of))

    assert len(bars) == 11 + 14
    assert silent["unchecked"] == set(bars)
    assert (checked["unchecked"], checked["vetoes"], checked["ceilings"]) == (set(), {}, {})
