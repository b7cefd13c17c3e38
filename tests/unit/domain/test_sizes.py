"""Sizes of enterprises, at every border of the table, and the list of industries behind them."""

import pytest

from bot.domain import industries
from bot.domain.sizes import Figures, Size, size_of, trade_of

L, M, S, T = Size.LARGE, Size.MEDIUM, Size.SMALL, Size.MICRO
WAN = 1_000_000  # fen

# The table once more, written down from the document by itself: 人; 万元; 万元.
TABLE = {
    "A01": (None, (20000, 500, 50), None),
    "B06": ((1000, 300, 20), (40000, 2000, 300), None),
    "C13": ((1000, 300, 20), (40000, 2000, 300), None),
    "D44": ((1000, 300, 20), (40000, 2000, 300), None),
    "E47": (None, (80000, 6000, 300), (80000, 5000, 300)),
    "F51": ((200, 20, 5), (40000, 5000, 1000), None),
    "F52": ((300, 50, 10), (20000, 500, 100), None),
    "G54": ((1000, 300, 20), (30000, 3000, 200), None),
    "G58": ((1000, 300, 20), (30000, 3000, 200), None),
    "G591": ((1000, 300, 20), (30000, 3000, 200), None),
    "G592": ((200, 100, 20), (30000, 1000, 100), None),
    "G60": ((1000, 300, 20), (30000, 2000, 100), None),
    "H61": ((300, 100, 10), (10000, 2000, 100), None),
    "H62": ((300, 100, 10), (10000, 2000, 100), None),
    "I63": ((2000, 100, 10), (100000, 1000, 100), None),
    "I64": ((2000, 100, 10), (100000, 1000, 100), None),
    "I65": ((300, 100, 10), (10000, 1000, 50), None),
    "K701": (None, (200000, 1000, 100), (10000, 5000, 2000)),
    "K702": ((1000, 300, 100), (5000, 1000, 500), None),
    "L72": ((300, 100, 10), None, (120000, 8000, 100)),
    "M74": ((300, 100, 10), None, None),
    "Q85": ((300, 100, 10), None, None),
    "R88": ((300, 100, 10), None, None),
}
HUGE = (10**6, 10**8 * WAN, 10**8 * WAN)


def figures(values: list[int]) -> Figures:
    return Figures(*values)


def borders():
    for industry, row in TABLE.items():
        for place, least in enumerate(row):
            for step, bound in enumerate(least or ()):
                yield industry, place, step, bound * (1 if place == 0 else WAN)


@pytest.mark.parametrize(("industry", "place", "step", "bound"), [*borders()])
def test_the_size_changes_exactly_at_each_border(industry, place, step, bound):
    values = list(HUGE)

    values[place] = bound
    at = size_of(industry, figures(values))
    values[place] = bound - 1
    below = size_of(industry, figures(values))

    assert (at, below) == (list(Size)[step], list(Size)[step + 1])


@pytest.mark.parametrize(
    ("industry", "given", "size"),
    [
        ("C13", Figures(1500, 100 * WAN), T),  # many people, hardly any revenue
        ("C13", Figures(19, 50000 * WAN), T),
        ("C13", Figures(1000, 2000 * WAN), M),
        ("F51", Figures(5, 40000 * WAN), S),
        ("E50", Figures(None, 80000 * WAN, 5000 * WAN), M),
        ("L71", Figures(300, None, 8000 * WAN), M),
        ("M73", Figures(10), S),
    ],
)
def test_the_lowest_indicator_decides(industry, given, size):
    assert size_of(industry, given) is size


@pytest.mark.parametrize(
    "industry",
    ["", "C", "G53", "G59", "K70", "K704", "J66", "P83", "Q84", "S91", "T97", "X99"],
)
def test_what_the_table_leaves_out_has_no_size(industry):
    expected = T if industry == "C" else None

    assert size_of(industry, Figures(0, 0, 0)) is expected


@pytest.mark.parametrize(
    "given", [Figures(), Figures(staff=100), Figures(revenue_fen=100), Figures(100, None, 100)]
)
def test_a_missing_indicator_leaves_the_size_open(given):
    assert size_of("C13", given) is None


def test_a_trade_tells_what_it_asks_for():
    trade = trade_of("L72")

    assert trade is not None
    assert (trade.name, sorted(trade.least)) == ("租赁和商务服务业", ["assets", "staff"])


def test_the_list_has_every_section_and_division_of_the_standard():
    divisions = [code for code in industries.BELOW if len(code) == 3]

    assert "".join(sorted(industries.SECTIONS)) == "ABCDEFGHIJKLMNOPQRST"
    assert sorted(int(code[1:]) for code in divisions) == list(range(1, 98))
    assert divisions == sorted(divisions)
    assert {trade_of(code) is None for code in divisions if code[0] in "BCDEHILMNOR"} == {False}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("C13", "C13"),
        ("c13", "C13"),
        ("13", "C13"),
        ("K701", "K701"),
        ("701", "K701"),
        ("制造业", "C"),
        ("农副食品加工业", "C13"),
        ("教育", "P83"),
        ("C99", None),
        ("999", None),
        ("", None),
    ],
)
def test_an_industry_is_read_from_a_code_or_its_name(written, code):
    assert industries.read(written) == code


def test_a_form_offers_the_groups_where_the_size_depends_on_them():
    offered = [code for code, _ in industries.choices()]

    assert {"K701", "G591", "C13"} <= set(offered)
    assert not {"K70", "G59", "C"} & set(offered)
    assert ("C13", "C13 农副食品加工业") in industries.choices()
    assert (industries.name_of("C13"), industries.name_of("?")) == ("农副食品加工业", "")
