"""A scheme pack: the types of everything that its data file says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

FACT_TYPES = ("choice", "date", "number", "text", "records", "mark", "statement")
_READINGS = re.compile(r"（X\d+(?:、X\d+)*）")
ANY_KIND = ""  # the key in `each` when all kinds weigh the same


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number comes from: a clause, a decision of the house, or both."""

    standard: str | None
    house: str | None

    def __str__(self) -> str:
        """For people: without the numbers under which readings are kept."""
        house = f"协会取值：{self.house}" if self.house else None
        text = "；".join(part for part in (self.standard, house) if part)
        return _READINGS.sub("", text)

    @property
    def plain(self) -> str:
        """The words alone, for a table that has a column for each kind."""
        text = "；".join(part for part in (self.standard, self.house) if part)
        return _READINGS.sub("", text)


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One thing that can be told about an enterprise."""

    id: str
    name: str
    type: str
    values: tuple[str, ...]
    kinds: tuple[str, ...]
    many: bool
    adverse: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Band:
    """Half-open: `start` belongs to it (以上), `below` does not (未满); None is without end."""

    start: Decimal | None
    below: Decimal | None
    points: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """The smallest thing that earns points: one rule over one fact, ratio or formula."""

    id: str
    name: str
    rule: str
    fact: str | None = None
    points: Decimal | None = None
    choices: tuple[tuple[str, Decimal], ...] = ()
    each: tuple[tuple[str, Decimal], ...] = ()
    cap: Decimal | None = None
    window_years: int | None = None
    bands: tuple[Band, ...] = ()
    ratio: str | None = None
    formula: str | None = None
    positive: tuple[str, ...] = ()
    effort: int | None = None
    how: str | None = None


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of the standard's table; most have a single part."""

    id: str
    code: str
    name: str
    group: str
    parts: tuple[Part, ...]
    source: Source | None


@dataclass(frozen=True, slots=True)
class Group:
    """Indicators and groups that are added up and then held between two limits."""

    id: str
    name: str
    within: str | None
    at_least: Decimal | None
    at_most: Decimal | None
    source: Source | None


@dataclass(frozen=True, slots=True)
class Gate:
    """What must hold before anything is scored at all."""

    id: str
    fact: str
    allow: tuple[str, ...]
    refusal: str
    source: Source | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A veto or a ceiling: while it is triggered, `result` is the best that can be reached."""

    id: str
    name: str
    fact: str
    kinds: tuple[str, ...]
    window_years: int | None
    happened: bool  # the clause asks whether it happened; that it is over changes nothing
    younger_than_years: int | None
    result: str
    remedy: str | None
    source: Source | None
    veto: bool


@dataclass(frozen=True, slots=True)
class Grade:
    """One rung of the ladder."""

    name: str
    start: Decimal
    below: Decimal | None
    graded: bool  # False: a mark such as NR, not a grade
    class_name: str | None
    print_class: bool
    meaning: str
    source: Source | None


@dataclass(frozen=True, slots=True)
class Ratio:
    """A financial ratio in the pack's own words."""

    name: str
    formula: str
    positive: tuple[str, ...]
    source: Source | None


@dataclass(frozen=True, slots=True)
class Reference:
    """An industry's reference values of a year, best level first."""

    industry: str
    name: str
    year: int
    values: Mapping[str, tuple[Decimal, ...]]
    source: Source | None


@dataclass(frozen=True, slots=True)
class Statement:
    """Which items a statement of accounts may carry, by sheet; which facts hold them."""

    fact: str
    industry: str | None
    sheets: tuple[tuple[str, tuple[str, ...]], ...]
    signed: tuple[str, ...]
    """The items that may be negative."""

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(item for _, items in self.sheets for item in items)


@dataclass(frozen=True, slots=True)
class Levels:
    """What share of a ratio's points each level of the reference table earns, best first."""

    shares: tuple[tuple[str, Decimal], ...]
    source: Source | None


@dataclass(frozen=True, slots=True)
class Expert:
    """How expert marks count: the top mark, and how many different experts are needed."""

    top: int
    marks: int
    self_marks: int
    source: Source | None


@dataclass(frozen=True, slots=True)
class Score:
    """Where the total starts and between which limits it is held."""

    base: Decimal
    at_least: Decimal
    at_most: Decimal
    source: Source | None


@dataclass(frozen=True, slots=True, eq=False)  # compared and hashed by identity: one per version
class Pack:
    """One version of one scheme; `hash` is the SHA-256 of its canonical form."""

    id: str
    version: int
    name: str
    document: str
    hash: str
    file: str
    score: Score
    facts: Mapping[str, FactSpec]
    gates: tuple[Gate, ...]
    groups: tuple[Group, ...]
    indicators: tuple[Indicator, ...]
    bars: tuple[Bar, ...]
    grades: tuple[Grade, ...]  # best first
    expert: Expert | None
    statement: Statement | None
    ratios: tuple[Ratio, ...]
    levels: Levels | None
    references: tuple[Reference, ...]

    def rank(self, grade: str) -> int:
        """0 is the best rung."""
        return [rung.name for rung in self.grades].index(grade)
