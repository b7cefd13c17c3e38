"""Engine and oracle agree on thousands of random enterprises; and the comparison has teeth."""

import ast
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.scoring.library import pack_path, shipped_pack
from bot.scoring.pack_reader import read_pack
from tests import oracle
from tests.amounts import amount
from tests.oracle import shanxi
from tests.oracle.enterprises import enterprise
from tests.unit.second_opinion import (
    ORACLES,
    differences,
    differing,
    engine,
    from_seed,
    of_engine,
    opinion,
    smallest,
)

ENTERPRISES = {
    "casme-public-credit": amount(8000, part=1000),
    "sme-credit-rating": amount(5000, part=600),
    "shanxi-integrity": amount(7200, part=880),
}
ROW = 40  # enterprises from one seed
LEVELS = {
    "casme-public-credit": {"AAA", "AA", "A", "B", "C", None},
    "sme-credit-rating": {"AAA", "AA", "A", "BBB", "NR"},
    "shanxi-integrity": {*shanxi.LEVELS},
}
# The groups whose items can come to more than the group may; in the others the caps never bite.
CAPPED = {
    "casme-public-credit": {"honour", "minus"},
    "sme-credit-rating": set(),
    "shanxi-integrity": set(),
}
# One number of a pack for each kind of rule: where it stands, and what it is changed to.
CHANGES = {
    "a choice": ("casme-public-credit", '"一般纳税人" = 6,', '"一般纳税人" = 7,'),
    "a record's points": ("casme-public-credit", "points = 15\neffort", "points = 14\neffort"),
    "a count's points": ("casme-public-credit", "each = -15", "each = -14"),
    "a count's cap": ("casme-public-credit", "cap = -60", "cap = -75"),
    "a kind's points": ("casme-public-credit", '"重大" = -30', '"重大" = -31'),
    "a window": ("casme-public-credit", "window_years = 5", "window_years = 6"),
    "an age band": ("casme-public-credit", "from = 10, below = 20", "from = 11, below = 20"),
    "a group's cap": ("casme-public-credit", "at_most = 45", "at_most = 44"),
    "the floor": ("casme-public-credit", "at_least = -300", "at_least = -299"),
    "the base": ("casme-public-credit", "base = 800", "base = 800.1"),
    "a grade's start": (
        "casme-public-credit",
        "from = 810\nbelow = 830",
        "from = 811\nbelow = 830",
    ),
    "a cent": ("sme-credit-rating", "from = 20000000,", "from = 20000000.01,"),
    "a ratio's weight": ("sme-credit-rating", "points = 0.3", "points = 0.2"),
    "a reference value": ("sme-credit-rating", "[0.75, 0.65,", "[0.75, 0.651,"),
    "a share of a level": ("sme-credit-rating", '"较低" = 0.4', '"较低" = 0.41'),
    "a formula": ("sme-credit-rating", "÷ 平均(存货)", "÷ 存货"),
    "marks needed": ("sme-credit-rating", "\nmarks = 2", "\nmarks = 3"),
    "an expert's points": ("shanxi-integrity", "points = 14", "points = 13"),
    "a ceiling's window": ("shanxi-integrity", "window_years = 3", "window_years = 2"),
    "a ceiling's level": ("shanxi-integrity", 'at_most = "A+"', 'at_most = "AA"'),
    "a veto's kind": ("shanxi-integrity", 'kinds = ["超过三个月"]', 'kinds = ["三个月以内"]'),
    "a young firm's years": (
        "shanxi-integrity",
        "younger_than_years = 3",
        "younger_than_years = 2",
    ),
}


class Spread:
    """What a run has met: a comparison of thousands of alike enterprises would prove little."""

    def __init__(self) -> None:
        self.levels: Counter[str | None] = Counter()
        self.points: defaultdict[str, set[Any]] = defaultdict(set)
        self.capped: set[str] = set()
        self.triggered: set[str] = set()
        self.unchecked: set[str] = set()

    def take(self, said: dict[str, Any]) -> None:
        self.levels[said["level"]] += 1
        for parts in said["parts"].values():
            for part, points in parts.items():
                self.points[part].add(points)
        self.capped |= {name for name, (held, sum_) in said["groups"].items() if held != sum_}
        self.triggered |= {*said["vetoes"], *said["ceilings"]}
        self.unchecked |= said["unchecked"]


def compared(scheme: str) -> tuple[set[str], Spread]:
    """Both on that many enterprises, made in rows from seeds Hypothesis draws: a draw costs more
    than the comparison.

    A seed has nothing to shrink; the disagreement itself is made small instead.
    """
    pack, spread, agreed = shipped_pack(scheme), Spread(), set[str]()

    @settings(
        max_examples=ENTERPRISES[scheme] // ROW,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**48))
    def agree(seed: int) -> None:
        for number in range(ROW):
            told, as_of = from_seed(scheme, f"{seed}.{number}")
            said = of_engine(engine(pack, told, as_of))
            spread.take(said)
            if said != opinion(scheme, told, as_of):
                pytest.fail(smallest(pack, told, as_of))
            agreed.add(f"{seed}.{number}")

    agree()
    return agreed, spread


@pytest.mark.mass
@pytest.mark.parametrize("scheme", ORACLES)
def test_engine_and_oracle_agree_to_the_last_decimal(
    scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    agreed, spread = compared(scheme)

    with capsys.disabled():
        print(f"\n{scheme}: {len(agreed)} enterprises agreed, levels {dict(spread.levels)}")
    assert len(agreed) == ENTERPRISES[scheme]
    assert set(spread.levels) == LEVELS[scheme]
    pack = shipped_pack(scheme)
    assert spread.triggered == spread.unchecked == {bar.id for bar in pack.bars}
    assert spread.capped == CAPPED[scheme]
    for part in (part for indicator in pack.indicators for part in indicator.parts):
        single = part.rule == "cite" or len(part.choices) == 1  # one answer besides unknown
        assert len(spread.points[part.id]) >= (2 if single else 3), part.id
        assert None in spread.points[part.id], part.id


@pytest.mark.parametrize("scheme", ORACLES)
def test_engine_and_oracle_agree_on_whatever_hypothesis_thinks_of(scheme: str) -> None:
    pack = shipped_pack(scheme)

    @settings(
        max_examples=60,  # every number in them is a draw of its own
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False))
    def agree(rng: Random) -> None:
        told, as_of = enterprise(rng, scheme)

        assert differences(pack, told, as_of) == {}

    agree()


def test_the_run_is_as_large_as_was_promised() -> None:
    assert sum(ENTERPRISES.values()) >= amount(20_000, part=2_000)


def test_the_oracle_knows_nothing_of_the_product() -> None:
    for file in Path(oracle.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in getattr(node, "names", ()) if hasattr(alias, "name")]
            names.append(getattr(node, "module", None) or "")
            assert not [name for name in names if name.split(".")[0] in {"bot", "models"}], file


def found_after(scheme: str, changed: str) -> int | None:
    """How many enterprises it takes until the changed pack is found out."""
    pack = read_pack(changed, "changed.toml")
    for number in range(ENTERPRISES[scheme]):
        told, as_of = from_seed(scheme, number)
        if differing(of_engine(engine(pack, told, as_of)), opinion(scheme, told, as_of)):
            return number + 1
    return None


@pytest.mark.parametrize("change", CHANGES)
def test_the_comparison_finds_one_changed_number(change: str) -> None:
    scheme, old, new = CHANGES[change]
    text = pack_path(scheme, 1).read_text(encoding="utf-8")
    assert old in text

    found = found_after(scheme, text.replace(old, new, 1))

    assert found is not None
