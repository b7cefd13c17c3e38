"""Charts: what they tell, and that no text ever lies on another on the narrowest phone."""

import xml.etree.ElementTree as ET
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import charts
from bot.domain.charts import Part, Point
from bot.domain.drawing import WIDTH
from bot.domain.lettering import balanced, width, wrapped

SVG = "{http://www.w3.org/2000/svg}"
LABELS = st.text(alphabet="经营能力财务状况履约（A）12 ，信", min_size=1, max_size=16).filter(
    lambda text: text.strip()
)
VALUES = st.none() | st.integers(0, 120) | st.decimals(0, 120, places=1)


def texts(svg: str) -> list[tuple[float, float, float, float, str]]:
    """Every text's box: left, top, right, bottom, with our own upper bound of its width."""
    boxes = []
    for node in ET.fromstring(svg).iter(f"{SVG}text"):
        size, words = int(node.get("font-size", "")), node.text or ""
        x, y, wide = float(node.get("x", "")), float(node.get("y", "")), width(words, size)
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[node.get("text-anchor", "")]
        boxes.append((left, y - size * 0.85, left + wide, y + size * 0.15, words))
    return boxes


def overlaps(svg: str) -> list[tuple[str, str]]:
    return [
        (one[4], two[4])
        for one, two in combinations(texts(svg), 2)
        if one[0] < two[2] - 1 and two[0] < one[2] - 1
        if one[1] < two[3] - 1 and two[1] < one[3] - 1
    ]


def outside(svg: str) -> list[str]:
    high = float(ET.fromstring(svg).get("viewBox", "").split()[3])
    return [
        words
        for left, top, right, bottom, words in texts(svg)
        if left < -1 or right > WIDTH + 1 or top < -1 or bottom > high + 1
    ]


def parts(labels: list[str], values: list[Decimal | int | None]) -> list[Part]:
    return [Part(name, value, 120) for name, value in zip(labels, values, strict=True)]


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(LABELS, VALUES), min_size=3, max_size=12))
def test_no_label_of_a_radar_lies_on_another_or_leaves_the_phone(rows):
    svg = charts.radar([Part(name, value, 120) for name, value in rows], title="六个方面")

    assert (overlaps(svg), outside(svg)) == ([], [])


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(LABELS, VALUES), min_size=1, max_size=12))
def test_no_label_of_bars_lies_on_another_or_leaves_the_phone(rows):
    svg = charts.bars([Part(name, value, 120) for name, value in rows], title="得分")

    assert (overlaps(svg), outside(svg)) == ([], [])


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(LABELS, VALUES), min_size=1, max_size=12), st.integers(0, 999999))
def test_no_label_of_a_line_lies_on_another_or_leaves_the_phone(rows, last):
    points = [Point(name, value) for name, value in rows]

    svg = charts.line([*points, Point("2026年", last)], title="资产负债率")

    assert (overlaps(svg), outside(svg)) == ([], [])
    assert "2026年" in [words for *_, words in texts(svg)]


@pytest.mark.parametrize("caption", ["", "自评", "自评分，不是等级；约在 AAA 级范围，以评定为准"])
@pytest.mark.parametrize("value", [500, Decimal("842.5"), 1000, 1200])
def test_a_gauge_keeps_its_texts_apart(value, caption):
    svg = charts.gauge(value, least=500, most=1000, title="信用分", caption=caption, marks=(830,))

    assert (overlaps(svg), outside(svg)) == ([], [])


def test_a_gauge_says_its_value_in_words():
    svg = charts.gauge(842, least=500, most=1000, title="自评信用分")

    root = ET.fromstring(svg)
    said = "自评信用分：842，范围 500 至 1000"
    assert (root.get("role"), root.get("aria-label")) == ("img", said)
    assert root.findtext(f"{SVG}title") == said


def test_an_empty_gauge_has_no_filled_part():
    empty = charts.gauge(500, least=500, most=1000, title="分")
    full = charts.gauge(1000, least=500, most=1000, title="分")

    assert [svg.count("chart-mark") for svg in (empty, full)] == [0, 1]
    assert "M42 140A118 118 0 0 1 278 140" in full


def test_unknown_is_told_and_is_not_drawn_as_zero():
    svg = charts.bars([Part("经营能力", None, 80), Part("财务状况", 40, 80)], title="得分")

    assert ET.fromstring(svg).findtext(f"{SVG}title") == "得分：经营能力 未知，财务状况 40/80"
    assert svg.count('class="chart-mark"') == 1
    assert 'width="158"' in svg  # half of 316


def test_what_a_part_is_compared_with_is_marked_on_bars_and_radar():
    rows = [Part(name, 50, 100, second=75) for name in ("甲", "乙", "丙")]

    bars, radar = charts.bars(rows, title="得分"), charts.radar(rows, title="得分")

    assert bars.count('class="chart-second" d="M239') == 3
    assert radar.count('class="chart-second"') == 1


def test_a_radar_has_three_to_twelve_axes():
    for count in (2, 13):
        with pytest.raises(ValueError, match="three to twelve axes"):
            charts.radar([Part("项", 1, 2)] * count, title="x")


def test_a_line_breaks_where_a_value_is_unknown():
    points = [Point("一", 1), Point("二", 2), Point("三", None), Point("四", 3)]

    svg = charts.line(points, title="趋势")

    path = svg.partition('class="chart-mark" d="')[2].partition('"')[0]
    assert [path.count("M"), path.count("L")] == [2, 1]
    assert ET.fromstring(svg).findtext(f"{SVG}title") == "趋势：一 1，二 2，三 未知，四 3"


def test_a_line_of_equal_values_runs_through_the_middle():
    svg = charts.line([Point("一", 7), Point("二", 7)], title="趋势")

    assert svg.count('cy="87"') == 2


def test_a_line_without_a_value_is_refused():
    with pytest.raises(ValueError, match="at least one known value"):
        charts.line([Point("一", None)], title="趋势")


def test_charts_hold_no_style_no_script_and_no_markup_of_the_data():
    rows = [Part('<script>"&', 1, 2), Part("乙", 1, 2), Part("丙", 1, 2)]

    drawn = charts.radar(rows, title='"><b>', family="Noto Sans SC")

    assert "style" not in drawn
    assert "<script" not in drawn
    assert ET.fromstring(drawn).get("aria-label") == '"><b>：<script>"& 1/2，乙 1/2，丙 1/2'
    assert ET.fromstring(drawn).get("font-family") == "Noto Sans SC"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("经营能力", ("经营能力",)),
        ("经营能力分析", ("经营能力", "分析")),
        ("经营能力，好", ("经营能力，", "好")),
        ("纳税 A级企业", ("纳税 A级", "企业")),
        ("Enterprise", ("Enterp", "rise")),
        (" 信 用 ", ("信 用",)),
        ("", ()),
    ],
)
def test_lines_break_between_characters_and_never_before_a_comma(text, lines):
    assert wrapped(text, 10, 45) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("产品或服务", ("产品或", "服务")),
        ("经营能力", ("经营能力",)),
        ("质量与服务的投诉", ("质量与服", "务的投诉")),
        ("信", ("信",)),
    ],
)
def test_a_label_of_several_lines_is_divided_evenly(text, lines):
    assert balanced(text, 14, 56) == lines
