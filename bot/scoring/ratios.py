"""The financial side of a pack: its ratios, the statements in force, the industry's reference."""

from collections.abc import Callable, Mapping
from datetime import date

from bot.scoring.facts import Record, newest
from bot.scoring.formula import (
    Book,
    Exact,
    Formula,
    FormulaError,
    Unknown,
    cut_down,
    cut_up,
    millionths,
)
from bot.scoring.pack import Pack, Reference
from bot.scoring.reading import BadData

Usable = Mapping[str, tuple[Record, ...]]
ANY_INDUSTRY = "*"
NO_STATEMENT = "还没有财务报表"


class Ratios:
    """Everything financial of one pack, read once."""

    def __init__(self, pack: Pack) -> None:
        self._file = pack.file
        self._items = pack.statement.items if pack.statement else ()
        self._books = pack.statement.fact if pack.statement else ""
        self._industry = (pack.statement.industry if pack.statement else None) or ""
        self.formulas = {row.name: self.formula(row.formula, row.positive) for row in pack.ratios}
        ordered = sorted(pack.references, key=_longest_first)
        self._references = [(row, self._thresholds(row)) for row in ordered]

    def formula(self, text: str, positive: tuple[str, ...]) -> Formula:
        return Formula(text, positive, self._items)

    def _thresholds(self, row: Reference) -> dict[str, tuple[int, ...]]:
        try:
            return {name: tuple(map(millionths, found)) for name, found in row.values.items()}
        except FormulaError as error:
            raise BadData(self._file, f"reference[{row.industry}]", str(error)) from error

    def book(self, usable: Usable, as_of: date) -> Book | None:
        """The statements in force, one a year: the later record, then the trusted one."""
        years: dict[int, Record] = {}
        for record in usable.get(self._books, ()):
            best = years.get(record.year)
            if record.until > as_of and (best is None or record.weight > best.weight):
                years[record.year] = record
        if not years:
            return None
        return Book({year: (record.items, record.before) for year, record in years.items()})

    def reference(
        self, usable: Usable, as_of: date
    ) -> tuple[Reference, dict[str, tuple[int, ...]]]:
        """The table of the longest prefix of the enterprise's industry code."""
        found = newest(usable.get(self._industry, ()), as_of)
        code = "" if found is None else str(found.value)
        return next(
            pair
            for pair in self._references
            if pair[0].industry == ANY_INDUSTRY or code.startswith(pair[0].industry)
        )


def _longest_first(row: Reference) -> tuple[bool, int, str]:
    return row.industry == ANY_INDUSTRY, -len(row.industry), row.industry


def level_reached(value: Exact, thresholds: tuple[int, ...]) -> int:
    """The best level met, 0 first; the number of levels when none is met."""
    if thresholds[0] >= thresholds[-1]:
        reached = cut_down(value)
        return next((n for n, least in enumerate(thresholds) if reached >= least), len(thresholds))
    held = cut_up(value)
    return next((n for n, most in enumerate(thresholds) if held <= most), len(thresholds))


def known(formula: Callable[[Book], Exact], book: Book | None) -> Exact | str:
    """The exact value, or the reason why it is unknown."""
    if book is None:
        return NO_STATEMENT
    try:
        return formula(book)
    except Unknown as reason:
        return str(reason)
