"""The questions of a self-assessment: a pack's facts in plain words, a few on each page."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bot.scoring.pack import FactSpec, Pack

KINDS = ("choice", "date", "amount", "text", "mark", "count", "which", "events", "statement")
UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: what is kept, what people read, and the fact with its kind behind it."""

    value: str
    label: str
    fact: str
    kind: str = ""
    worth: Decimal = Decimal(0)  # of a choice: its points, to find the best of several


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that is asked. `facts` are what its answer tells."""

    id: str
    kind: str
    facts: tuple[str, ...]
    text: str
    help: str = ""
    example: str = ""
    none: str = "没有"
    options: tuple[Option, ...] = ()
    used_for: tuple[str, ...] = ()  # indicators and bars that this answer decides
    checked: str = ""  # a fact that says "looked up", told by any answer but unsure
    checked_value: str = ""
    endings: bool = False  # of events: also asks on which day each was settled
    unit: str = ""
    times: int = 1  # what one unit is worth
    pattern: str = ""  # of a text
    wrong: str = ""  # said when it does not match
    sheet: str = ""  # of a statement
    items: tuple[str, ...] = ()
    signed: tuple[str, ...] = ()  # the items that may be negative
    from_scheme: str = ""  # the total of this scheme answers it
    from_file: str = ""  # what stands in the credit file answers it: status, founded_on, industry
    marked_by: str = ""
    many: bool = False  # of a choice: several may be known, the best one is asked for

    @property
    def told(self) -> tuple[str, ...]:
        """Every fact that an answer writes."""
        return (*self.facts, self.checked) if self.checked else self.facts


@dataclass(frozen=True, slots=True)
class Section:
    """What stands on one page."""

    id: str
    title: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Questionnaire:
    """Everything that one version of one scheme asks."""

    pack: Pack
    name: str
    about: str
    minutes: int
    sections: tuple[Section, ...]

    def __iter__(self) -> Iterator[Question]:
        for section in self.sections:
            yield from section.questions

    def __len__(self) -> int:
        return sum(len(section.questions) for section in self.sections)

    def question(self, name: str) -> Question | None:
        return next((one for one in self if one.id == name), None)

    def section(self, name: str) -> Section | None:
        return next((one for one in self.sections if one.id == name), None)

    def section_of(self, question: Question) -> Section:
        """Where it is asked, whole or without what is settled."""
        return next(one for one in self.sections if any(q.id == question.id for q in one.questions))


def used_for(pack: Pack, facts: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the indicators and bars that ask for these facts, each once."""
    ratios = pack.statement is not None and pack.statement.fact in facts
    names = [
        indicator.name
        for indicator in pack.indicators
        for part in indicator.parts
        if part.fact in facts or (ratios and part.fact is None)
    ]
    names += [bar.name for bar in pack.bars if bar.fact in facts]
    if pack.statement is not None and pack.statement.industry in facts:
        names.append("按哪个行业的标准值比较财务比率")
    names += ["能不能计分" for gate in pack.gates if gate.fact in facts]
    return tuple(dict.fromkeys(names))


def plain_question(pack: Pack, spec: FactSpec, *, sheet: str = "") -> Question:
    """A question for a fact that nobody has put into words yet: its name does."""
    kind = default_kind(pack, spec)
    return Question(
        id=f"{spec.id}.{sheet}" if sheet else spec.id,
        kind=kind,
        facts=(spec.id,),
        text=sheet or f"{spec.name}？",
        help=f"依据：{spec.evidence}",
        options=options(pack, kind, (spec.id,), {}, ()),
        used_for=used_for(pack, (spec.id,)),
        many=spec.many,
        sheet=sheet,
        items=dict(pack.statement.sheets).get(sheet, ()) if pack.statement else (),
        signed=pack.statement.signed if pack.statement else (),
    )


def default_kind(pack: Pack, spec: FactSpec) -> str:
    """How a fact is asked for when nothing else is said."""
    if spec.type == "records":
        return "events" if spec.kinds or spec.id in dated(pack) else "count"
    return "amount" if spec.type == "number" else spec.type


def options(
    pack: Pack,
    kind: str,
    facts: tuple[str, ...],
    labels: dict[str, str],
    marks: tuple[str, ...],
) -> tuple[Option, ...]:
    """What may be chosen, in the order in which it is shown."""
    first = pack.facts[facts[0]]
    if kind == "choice":
        worth = {
            value: points
            for indicator in pack.indicators
            for part in indicator.parts
            if part.fact == first.id
            for value, points in part.choices
        }
        zero = Decimal(0)
        return tuple(
            Option(v, labels.get(v, v), first.id, worth=worth.get(v, zero)) for v in first.values
        )
    if kind == "mark":
        top = pack.expert.top if pack.expert else 0
        words = marks or tuple(f"{mark} 分" for mark in range(top + 1))
        return tuple(Option(str(mark), words[mark], first.id) for mark in range(top, -1, -1))
    if kind == "which":
        return tuple(Option(fact, pack.facts[fact].name, fact) for fact in facts)
    if kind == "events":
        return tuple(one for fact in facts for one in _happenings(pack.facts[fact], len(facts)))
    return ()


def dated(pack: Pack) -> frozenset[str]:
    """The facts that some rule looks at through a window of time."""
    parts = {p.fact for i in pack.indicators for p in i.parts if p.window_years and p.fact}
    return frozenset(parts | {bar.fact for bar in pack.bars if bar.window_years})


def _happenings(spec: FactSpec, facts: int) -> Iterator[Option]:
    if not spec.kinds:
        yield Option(spec.id, spec.name, spec.id)
    for kind in spec.kinds:
        label = kind if facts == 1 else f"{spec.name}：{kind}"
        yield Option(f"{spec.id}/{kind}", label, spec.id, kind)
