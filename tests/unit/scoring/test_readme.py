"""The examples of the handbook for staff can be used as they stand."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bot.scoring.engine import score
from bot.scoring.facts_reader import read_facts
from bot.scoring.library import shipped_pack

README = Path("bot/scoring/README.md").read_text(encoding="utf-8")
BLOCKS = [
    (f"example.{kind}", text)
    for kind, text in re.findall(r"```(toml|json)\n(.*?)```", README, re.DOTALL)
]


@pytest.mark.parametrize(
    ("number", "scheme", "total", "grade"),
    [
        (0, "casme-public-credit", "814", "AA"),
        (1, "casme-public-credit", "801", "A"),
        (2, "sme-credit-rating", "9.74", "NR"),
        (3, "shanxi-integrity", "10.8", "不予评级"),
    ],
)
def test_an_example_of_a_facts_file_scores(
    number: int, scheme: str, total: str, grade: str
) -> None:
    name, text = BLOCKS[number]
    pack = shipped_pack(scheme)

    result = score(pack, read_facts(pack, text, name), date(2026, 3, 1))

    assert (result.total, result.grade) == (Decimal(total), grade)


def test_every_path_named_in_the_handbook_exists() -> None:
    named = re.findall(r"`((?:bot/)[\w/.-]+)`", README)

    assert [path for path in named if not Path(path).exists()] == []
    assert len(named) >= 1
