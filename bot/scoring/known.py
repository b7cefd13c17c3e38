"""What is known already, in the words of a question: filled in before it is asked, or settled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from bot.scoring.answers import ROWS, YEARS, Parts
from bot.scoring.canonical import plain
from bot.scoring.facts import Facts, Record, newest
from bot.scoring.pack import FactSpec, Pack
from bot.scoring.questions import Question

OWN = "self."  # how the ids of records begin that a self-assessment wrote
NO_PARTS: Parts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Known:
    """What a credit file says about one question.

    `settled` names the facts that were verified, with what was found: they are not asked again.
    `parts` fills in the rest, as far as the enterprise has told it before.
    """

    settled: Mapping[str, str]
    parts: Parts
    whole: bool  # whether nothing is left open


def known(question: Question, facts: Facts, as_of: date, pack: Pack) -> Known:
    """What the facts say; `facts` are all records, declared ones included."""
    settled: dict[str, str] = {}
    declared: dict[str, tuple[Record, ...]] = {}
    for fact in question.told:
        records = facts.usable.get(fact, ())
        firm = tuple(one for one in records if one.standing != "declared")
        spec = pack.facts[fact]
        if spec.type == "statement":
            settled |= {str(one.year): "" for one in firm}
            declared[fact] = tuple(one for one in records if str(one.year) not in settled)
        elif settles(spec, firm, as_of):
            settled[fact] = _words(question, spec, firm, as_of)
        else:
            declared[fact] = tuple(
                one
                for one in records
                if one.standing == "declared"
                and (one.until > as_of or (question.endings and one.id.startswith(OWN)))
            )
    left = remaining(question, settled)
    parts = NO_PARTS if left is None else _FILLERS[question.kind](left, declared, as_of)
    open_facts = [fact for fact in question.told if not (declared.get(fact) or fact in settled)]
    if question.kind == "statement":
        return Known(settled, parts, whole=bool(parts or settled))
    return Known(settled, parts, whole=not open_facts)


def settles(spec: FactSpec, firm: tuple[Record, ...], as_of: date) -> bool:
    """Whether verified records answer for good; of things that are counted even ended ones do."""
    return bool(firm) if spec.type == "records" else newest(firm, as_of) is not None


def remaining(question: Question, settled: Mapping[str, str]) -> Question | None:
    """The question without what is settled; None when nothing is left to ask."""
    facts = tuple(fact for fact in question.facts if fact not in settled)
    if not facts:
        return None
    if len(facts) == len(question.facts):
        return question
    options = tuple(one for one in question.options if one.fact not in settled)
    return replace(question, facts=facts, options=options)


def _words(question: Question, spec: FactSpec, firm: tuple[Record, ...], as_of: date) -> str:
    """What was verified, as people say it."""
    if spec.type == "records":
        number = sum(one.value for one in firm if one.until > as_of)
        return f"{number} 项" if number else "没有"
    record = newest(firm, as_of)
    value: Any = record.value if record else ""
    if isinstance(value, date):
        return f"{value.year} 年 {value.month} 月 {value.day} 日"
    if spec.type == "number":
        return f"{plain(Decimal(value) / question.times)} {question.unit}".strip()
    labels = {one.value: one.label for one in question.options}
    return labels.get(str(value), str(value))


_Declared = Mapping[str, tuple[Record, ...]]


def _single(question: Question, declared: _Declared, as_of: date) -> Parts:
    records = declared[question.facts[0]]
    best = {one.value: one.worth for one in question.options}
    record = newest(records, as_of)
    if record is not None and question.many:
        record = max(records, key=lambda one: best[one.value])
    if record is None:
        return NO_PARTS
    value = record.value
    if isinstance(value, date):
        return {"v": value.isoformat()}
    if question.kind == "amount":
        return {"v": plain(Decimal(value) / question.times)}
    return {"v": str(value)}


def _count(question: Question, declared: _Declared, _: date) -> Parts:
    records = declared[question.facts[0]]
    if not records:
        return NO_PARTS
    number = sum(one.value for one in records)
    return {"has": "yes", "n": str(number)} if number else {"has": "no"}


def _which(question: Question, declared: _Declared, _: date) -> Parts:
    found = [fact for fact in question.facts if any(one.value for one in declared[fact])]
    if found:
        return {"has": "yes"} | dict.fromkeys(found, "1")
    return {"has": "no"} if all(declared[fact] for fact in question.facts) else NO_PARTS


def _events(question: Question, declared: _Declared, _: date) -> Parts:
    parts: dict[str, str] = {}
    number = 0
    for fact in question.facts:
        for one in declared[fact]:
            for _again in range(min(one.value, ROWS - number)):
                number += 1
                parts[f"{number}.what"] = f"{fact}/{one.kind}" if one.kind else fact
                parts |= {
                    f"{number}.{part}": on.isoformat()
                    for part, on in (("on", one.on), ("end", one.ended_on))
                    if on and (part == "on" or question.endings)
                }
    if parts:
        return {"has": "yes"} | parts
    return {"has": "no"} if all(declared[fact] for fact in question.facts) else NO_PARTS


def _statement(question: Question, declared: _Declared, as_of: date) -> Parts:
    cells = {
        f"{one.year}.{item}": plain(amount)
        for one in declared[question.facts[0]]
        if as_of.year - YEARS <= one.year
        for item, amount in one.items.items()
        if item in question.items
    }
    return {"unit": "1"} | cells if cells else NO_PARTS


_FILLERS: Mapping[str, Callable[[Question, _Declared, date], Parts]] = {
    "choice": _single,
    "mark": _single,
    "date": _single,
    "amount": _single,
    "text": _single,
    "count": _count,
    "which": _which,
    "events": _events,
    "statement": _statement,
}
