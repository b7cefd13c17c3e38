"""The drawings of a self-assessment's result."""

from decimal import Decimal

from markupsafe import Markup

from bot.domain import charts
from bot.domain.charts import Part
from bot.scoring.canonical import plain
from bot.scoring.result import state
from bot.services.self_results import Told

AXES = range(3, 13)


def gauge(told: Told) -> Markup | None:
    """The total between its limits, with the thresholds of the levels."""
    result, pack = told.result, told.result.pack
    if result.total is None or result.level is None:
        return None
    level = result.level.name
    words = f"自评 · {level} 的分数段" if result.level.graded else f"自评 · {level}"
    least, most = _number(pack.score.at_least), _number(pack.score.at_most)
    marks = [_number(grade.start) for grade in pack.grades if least < grade.start < most]
    total = _number(result.total)
    drawn = charts.gauge(
        total, least=least, most=most, title="自评得分", caption=words, marks=marks
    )
    return Markup(drawn)  # noqa: S704  # the chart escapes its texts


def bars(told: Told) -> Markup | None:
    """What each group has of what it could give; groups that only take away are told in words."""
    parts = [
        Part(row.group.name, None if _blank(told, row.group.id) else _number(row.points),
             _number(row.high))
        for row in told.filled
        if row.high > 0
    ]  # fmt: skip
    return Markup(charts.bars(parts, title="各部分得分")) if parts else None  # noqa: S704


def radar(told: Told) -> Markup | None:
    """How full each group is; indicators instead where a scheme has too few groups."""
    parts = [
        Part(row.group.name, None if _blank(told, row.group.id) else round(row.share * 100), 100)
        for row in told.filled
    ]
    if len(parts) not in AXES:
        parts = _by_indicator(told)
    if len(parts) not in AXES:
        return None
    return Markup(charts.radar(parts, title="各方面做到了几成（百分比）"))  # noqa: S704


def _by_indicator(told: Told) -> list[Part]:
    result = told.result
    parts = []
    for indicator, units in zip(result.pack.indicators, result.by_indicator(), strict=True):
        most = sum((part.points or Decimal(0) for part in indicator.parts), Decimal(0))
        known = state(units) != "unknown"
        points = result.points(sum(one or 0 for one in units))
        parts.append(Part(indicator.name, _number(points) if known else None, _number(most)))
    return [part for part in parts if part.most > 0]


def _blank(told: Told, group: str) -> bool:
    """Whether nothing at all is known of a group."""
    result = told.result
    rows = zip(result.pack.indicators, result.by_indicator(), strict=True)
    return all(state(units) == "unknown" for indicator, units in rows if indicator.group == group)


def _number(points: Decimal) -> Decimal:
    """Without needless zeros, for the number is written as it is."""
    return Decimal(plain(points))
