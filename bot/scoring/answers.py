"""Answers of a self-assessment: from what was typed to records, or to what is wrong with it.

The parts of an answer are plain texts under short names, as a form sends them:

    choice, mark             v (a value, or unsure)
    date, amount, text       v, unsure
    count                    has (yes, no, unsure), n
    which                    has, and one part a fact
    events                   has, and for each row 1.what, 1.on, and where it is asked 1.end
    statement                unit, unsure, and 2025.资产总额 …

Unsure is an answer that tells nothing: the facts stay unknown, and unknown is never zero.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from bot.scoring.canonical import plain
from bot.scoring.questions import UNSURE, Option, Question
from bot.scoring.typed import Misread, amount, day, whole

Parts = Mapping[str, str]
Row = dict[str, Any]  # a record of a facts file, without its id

ROWS = 20  # happenings in one answer
YEARS = 4  # of statements: the latest three, and one more for averages over three years
LONGEST_TEXT = 100
UNSURE_WORDS = "不清楚"
_TWO_ANSWERS = "填了内容，又选了“不清楚”或“没有”，请只留一样"
_NOTHING_CHOSEN = "请选一项"
_UNITS = {"1": 1, "10000": 10_000}
_CELL = re.compile(r"(\d{4})\.(.{1,40})")
_EVENT = re.compile(r"([1-9]\d?)\.(what|on|end)")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it was understood."""

    state: str  # blank, unsure, given or faulty
    rows: tuple[Row, ...] = ()
    words: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Whether the question needs no further look; to be unsure is an answer."""
        return self.state in {"given", UNSURE}


BLANK = Answer("blank")
_UNSURE = Answer(UNSURE, words=UNSURE_WORDS)


def read(question: Question, parts: Parts, as_of: date) -> Answer:
    """What these parts say."""
    given = {name: text.strip() for name, text in parts.items() if text.strip()}
    if not given:
        return BLANK
    try:
        return _READERS[question.kind](question, given, as_of)
    except _Fault as fault:
        return Answer("faulty", faults={fault.part: str(fault)})


class _Fault(Exception):
    def __init__(self, part: str, words: str) -> None:
        super().__init__(words)
        self.part = part


def _faulty(faults: Mapping[str, str]) -> Answer:
    return Answer("faulty", faults=dict(faults))


def _chosen(question: Question, parts: Parts, _: date) -> Answer:
    value = parts.get("v", "")
    if value == UNSURE:
        return _UNSURE
    option = next((one for one in question.options if one.value == value), None)
    if option is None:
        raise _Fault("v", _NOTHING_CHOSEN)
    row: Row = {"fact": option.fact, "value": value}
    if question.kind == "mark":
        row |= {"value": int(value), "by": question.marked_by, "reason": option.label}
    return Answer("given", (row,), option.label)


def _typed(question: Question, parts: Parts, as_of: date) -> Answer:
    text, unsure = parts.get("v", ""), UNSURE in parts
    if text and unsure:
        raise _Fault("v", _TWO_ANSWERS)
    if unsure:
        return _UNSURE
    try:
        value, words = _value(question, text, as_of)
    except Misread as misread:
        raise _Fault("v", str(misread)) from None
    return Answer("given", ({"fact": question.facts[0], "value": value},), words)


def _value(question: Question, text: str, as_of: date) -> tuple[Any, str]:
    if question.kind == "date":
        given = day(text, as_of)
        return given, f"{given.year} 年 {given.month} 月 {given.day} 日"
    if question.kind == "amount":
        number = amount(text, times=question.times)
        told = plain(number / question.times)
        return number, f"{told} {question.unit}".strip()
    if len(text) > LONGEST_TEXT or (question.pattern and not re.fullmatch(question.pattern, text)):
        raise Misread(question.wrong or f"最多 {LONGEST_TEXT} 个字")
    return text, text


def _counted(question: Question, parts: Parts, _: date) -> Answer:
    has, text = parts.get("has", ""), parts.get("n", "")
    try:
        number = whole(text) if text else None
    except Misread as misread:
        raise _Fault("n", str(misread)) from None
    if number and has in {"no", UNSURE}:
        raise _Fault("n", _TWO_ANSWERS)
    if has == UNSURE:
        return _UNSURE
    if has == "no" or number == 0:
        return _none(question)
    if number is None:
        raise _Fault("n", "请填有几项")
    row = {"fact": question.facts[0], "value": number}
    return Answer("given", (row,), f"有，{number} 项")


def _none(question: Question) -> Answer:
    return Answer("given", tuple(_looked_up(question, set())), question.none)


def _looked_up(question: Question, found: set[str]) -> Iterator[Row]:
    """Whoever answers has looked: what was not named is known to be none."""
    if question.checked:
        yield {"fact": question.checked, "value": question.checked_value}
    for fact in question.facts:
        if fact not in found:
            yield {"fact": fact, "value": 0}


def _which(question: Question, parts: Parts, _: date) -> Answer:
    has = parts.get("has", "")
    ticked = [one for one in question.options if one.value in parts]
    if ticked and has in {"no", UNSURE}:
        raise _Fault("has", "勾选了，又选了“没有”或“不清楚”，请只留一样")
    if has == UNSURE:
        return _UNSURE
    if has == "no":
        return _none(question)
    if not ticked:
        raise _Fault("has", "请勾选是哪几项")
    return _found(question, ticked, [{"fact": one.fact, "value": 1} for one in ticked])


def _found(question: Question, named: list[Option], rows: list[Row]) -> Answer:
    rest = _looked_up(question, {one.fact for one in named})
    labels = [
        f"{one.label}（{row['date'].isoformat()}）" if "date" in row else one.label
        for one, row in zip(named, rows, strict=True)
    ]
    return Answer("given", (*rows, *rest), "、".join(labels))


def _events(question: Question, parts: Parts, as_of: date) -> Answer:
    has, filled = parts.get("has", ""), _filled(parts)
    if filled and has in {"no", UNSURE}:
        raise _Fault("has", _TWO_ANSWERS)
    if has == UNSURE:
        return _UNSURE
    if has == "no":
        return _none(question)
    if not filled:
        raise _Fault("has", "请在下面填是什么、哪一天")
    faults: dict[str, str] = {}
    found = [_event(question, number, row, as_of, faults) for number, row in filled.items()]
    if faults:
        return _faulty(faults)
    return _found(question, [option for option, _ in found], [row for _, row in found])


def _filled(parts: Parts) -> dict[int, dict[str, str]]:
    """The rows in which something stands; a single thing to choose from is not something."""
    rows: dict[int, dict[str, str]] = {}
    for name, text in parts.items():
        found = _EVENT.fullmatch(name)
        if found and int(found[1]) <= ROWS:
            rows.setdefault(int(found[1]), {})[found[2]] = text
    return dict(sorted(rows.items()))


def _event(
    question: Question, number: int, row: Mapping[str, str], as_of: date, faults: dict[str, str]
) -> tuple[Option, Row]:
    """One happening; what is wrong with it is added to the faults, part by part."""
    only = question.options[0] if len(question.options) == 1 else None
    option = only or next((o for o in question.options if o.value == row.get("what")), None)
    if option is None:
        faults[f"{number}.what"] = "请选是什么"
        option = question.options[0]
    found: Row = {"fact": option.fact, "value": 1}
    if option.kind:
        found["kind"] = option.kind
    for part, name in (("on", "date"), ("end", "ended_on")):
        if part == "on" or (question.endings and row.get(part)):
            try:
                found[name] = day(row.get(part, ""), as_of)
            except Misread as misread:
                faults[f"{number}.{part}"] = str(misread)
    if "ended_on" in found and "date" in found and found["ended_on"] < found["date"]:
        faults[f"{number}.end"] = "了结的日期不能早于发生的日期"
    return option, found


def _statement(question: Question, parts: Parts, as_of: date) -> Answer:
    cells = {name: text for name, text in parts.items() if _CELL.fullmatch(name)}
    if cells and UNSURE in parts:
        raise _Fault(UNSURE, _TWO_ANSWERS)
    if not cells:
        return _UNSURE if UNSURE in parts else BLANK
    times = _UNITS.get(parts.get("unit", ""))
    if times is None:
        raise _Fault("unit", "请选金额的单位：元，还是万元")
    faults: dict[str, str] = {}
    years: dict[int, dict[str, Decimal]] = {}
    for name, text in cells.items():
        year, item = int(name[:4]), name[5:]
        if item not in question.items or not as_of.year - YEARS <= year < as_of.year:
            faults[name] = "报表里没有这一格"
            continue
        try:
            below_zero = item in question.signed
            years.setdefault(year, {})[item] = amount(text, times=times, below_zero=below_zero)
        except Misread as misread:
            faults[name] = f"{year} 年 {item}：{misread}"
    if faults:
        return _faulty(faults)
    rows = [
        {"fact": question.facts[0], "year": year, "items": items}
        for year, items in sorted(years.items(), reverse=True)
    ]
    return Answer("given", tuple(rows), _filled_in(years))


def _filled_in(years: Mapping[int, Mapping[str, Decimal]]) -> str:
    told = [f"{year} 年 {len(items)} 个数" for year, items in sorted(years.items(), reverse=True)]
    return "、".join(told)


_READERS: Mapping[str, Callable[[Question, Parts, date], Answer]] = {
    "choice": _chosen,
    "mark": _chosen,
    "date": _typed,
    "amount": _typed,
    "text": _typed,
    "count": _counted,
    "which": _which,
    "events": _events,
    "statement": _statement,
}
