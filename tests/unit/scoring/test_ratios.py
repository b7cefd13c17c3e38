"""Which statement and which reference table a ratio is held against."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from enterprises import AS_OF, Row, read

from bot.scoring.engine import compiled, score
from bot.scoring.lint import load_pack
from bot.scoring.pack import Pack
from bot.scoring.steps import options

TEXT = (Path(__file__).parent / "base_pack.toml").read_text(encoding="utf-8")
OWN = """
[[reference]]
industry = "C3"
name = "制造业"
year = 2025
source = { house = "示例" }
[reference.values]
"负债率" = [0.5, 0.7]
"""
PACK = load_pack(TEXT + OWN, "p.toml")
OPEN = {"id": "k", "fact": "kind", "value": "甲"}


def _debt(*rows: Row) -> Decimal | None:
    result = score(PACK, read(PACK, [OPEN, *rows]), AS_OF)
    return result.as_dict()["indicators"][-1]["points"]


def _books(name: str, debt: int, **more: object) -> Row:
    items = {"资产": 100, "负债": debt}
    return {"id": name, "fact": "books", "year": 2025, "items": items, **more}


def _trade(code: str, **more: object) -> Row:
    return {"id": code, "fact": "trade", "value": code, **more}


def test_the_table_of_the_longest_matching_industry_code_counts() -> None:
    assert _debt(_books("s", 50)) == Decimal(5)
    assert _debt(_books("s", 50), _trade("F51")) == Decimal(5)
    assert _debt(_books("s", 50), _trade("C35")) == Decimal(10)


def test_a_one_letter_industry_comes_before_the_general_table() -> None:
    pack = load_pack(TEXT + OWN.replace('"C3"', '"C"'), "p.toml")
    facts = read(pack, [OPEN, _books("s", 50), _trade("C35")])

    assert score(pack, facts, AS_OF).as_dict()["indicators"][-1]["points"] == Decimal(10)


def test_an_industry_that_has_ended_is_no_longer_asked() -> None:
    ended = _trade("C35", date=date(2020, 1, 1), ended_on=date(2025, 1, 1))

    assert _debt(_books("s", 50), ended) == Decimal(5)


def test_of_two_statements_of_a_year_the_later_record_counts() -> None:
    old = _books("a", 90, date=date(2026, 1, 10))
    new = _books("b", 40, date=date(2026, 2, 10))

    assert _debt(old, new) == _debt(new, old) == Decimal(10)
    assert _debt(old) == Decimal(0)
    assert _debt(old, {**new, "ended_on": date(2026, 2, 20)}) == Decimal(0)


def test_without_any_statement_a_ratio_is_unknown() -> None:
    assert _debt() is None


def test_a_pack_without_statements_has_no_book(public: Pack) -> None:
    result = score(
        public, read(public, [{"id": "s", "fact": "registration_status", "value": "存续"}]), AS_OF
    )

    assert result.total == Decimal(800)


def test_a_known_ratio_offers_each_better_level_for_one_effort_more(rating: Pack) -> None:
    books = {"id": "s", "fact": "statements", "year": 2025}
    row = {**books, "items": {"资产总额": 100, "负债总额": 60}}
    functions, result = compiled(rating), score(rating, read(rating, [row]), AS_OF)

    offers = options(functions, result)

    parts = [part.id for _, part in functions.flat]
    found = [(result.points(o.units), o.effort) for o in offers[parts.index("PQ0302.资产负债率")]]
    assert found == [(Decimal("0.8"), 3), (Decimal(1), 6)]
    assert parts.index("PQ0302.流动比率") not in offers
