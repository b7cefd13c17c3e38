"""The size of an enterprise by 统计上大中小微型企业划分办法(2017): industry and indicators."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

_FILE = Path(__file__).with_name("sizes.toml")
_FEN_IN_WAN = 10_000 * 100
INDICATORS = ("staff", "revenue", "assets")


class Size(StrEnum):
    LARGE = "大型"
    MEDIUM = "中型"
    SMALL = "小型"
    MICRO = "微型"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one year; what is not known is None."""

    staff: int | None = None
    revenue_fen: int | None = None
    assets_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """A row of the table; `least` has the lower bounds of large, medium and small."""

    name: str
    least: Mapping[str, tuple[int, int, int]]


def _read(text: str) -> Mapping[str, Trade]:
    """The rows by the codes of their industries."""
    rows: dict[str, Trade] = {}
    for given in tomllib.loads(text)["trade"]:
        units = {"staff": 1, "revenue": _FEN_IN_WAN, "assets": _FEN_IN_WAN}
        least = {
            name: tuple(bound * units[name] for bound in given[name])
            for name in INDICATORS
            if name in given
        }
        trade = Trade(given["name"], MappingProxyType(least))
        rows |= dict.fromkeys(given["industries"], trade)
    return MappingProxyType(rows)


_TRADES = _read(_FILE.read_text())


def trade_of(industry: str) -> Trade | None:
    """The row that an industry belongs to; None where the table has none, or more than one."""
    return next(
        (
            _TRADES[industry[:long]]
            for long in range(len(industry), 0, -1)
            if industry[:long] in _TRADES
        ),
        None,
    )


def size_of(industry: str, figures: Figures) -> Size | None:
    """The size, or None where the table has no row or an indicator is not known.

    Large, medium and small ask for every lower bound, else it is one step down; for micro one
    indicator is enough: so the lowest indicator decides.
    """
    trade = trade_of(industry)
    if trade is None:
        return None
    known = {
        "staff": figures.staff,
        "revenue": figures.revenue_fen,
        "assets": figures.assets_fen,
    }
    steps = []
    for name, least in trade.least.items():
        value = known[name]
        if value is None:
            return None
        steps.append(sum(value < bound for bound in least))
    return list(Size)[max(steps)]
