"""What statements of accounts say for a reader: items and ratios by year, and how each compares."""

from dataclasses import dataclass

from bot.scoring.formula import Book, Exact, Unknown
from bot.scoring.pack import Reference
from bot.scoring.ratios import Ratios, known, level_reached
from bot.scoring.result import Result

YEARS = 3


@dataclass(frozen=True, slots=True)
class Ratio:
    """One ratio over the years; the last one is that of the score."""

    name: str
    values: tuple[Exact | str, ...]
    """A value for each year, or the reason why there is none."""
    level: str
    """Which of the reference values the last one reaches; "" where it is not known."""


@dataclass(frozen=True, slots=True)
class Financials:
    """`years` has the oldest first, and none of which nothing is known but the latest."""

    years: tuple[int, ...]
    items: tuple[tuple[str, tuple[Exact | None, ...]], ...]
    """Those that are known of any year."""
    ratios: tuple[Ratio, ...]
    reference: Reference
    levels: tuple[str, ...]
    """Of the reference values, the best first."""


def financials(ratios: Ratios, result: Result) -> Financials | None:
    """None where there is no statement that the basis of the result admits."""
    pack, usable, as_of = result.pack, result.facts.usable, result.as_of
    book = ratios.book(usable, as_of)
    if book is None or pack.statement is None:
        return None
    names = pack.statement.items
    seen = {back: book.seen_from(book.latest - back) for back in reversed(range(YEARS))}
    books = [
        one for back, one in seen.items() if not back or any(_item(one, name) for name in names)
    ]
    items = ((name, tuple(_item(one, name) for one in books)) for name in names)
    reference, thresholds = ratios.reference(usable, as_of)
    levels = [name for name, _ in pack.levels.shares] if pack.levels else []
    found = []
    for name, formula in ratios.formulas.items():
        values = tuple(known(formula, one) for one in books)
        level = _level(values[-1], thresholds[name], levels)
        found.append(Ratio(name, values, level))
    return Financials(
        tuple(one.latest for one in books),
        tuple((name, row) for name, row in items if any(row)),
        tuple(found),
        reference,
        tuple(levels),
    )


def _item(book: Book, name: str) -> Exact | None:
    try:
        return book.value((name, 0))
    except Unknown:
        return None


def _level(value: Exact | str, thresholds: tuple[int, ...], levels: list[str]) -> str:
    if isinstance(value, str):
        return ""
    reached = level_reached(value, thresholds)
    return levels[reached] if reached < len(levels) else f"低于{levels[-1]}"
