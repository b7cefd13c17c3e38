"""Where an enterprise stands in the questions of a self-assessment: what is known, what is open."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from bot.domain.errors import NotFound
from bot.domain.workdays import BEIJING
from bot.scoring.answers import Answer, Parts, read
from bot.scoring.canonical import plain
from bot.scoring.facts import Facts
from bot.scoring.known import Known, known, remaining
from bot.scoring.library import questionnaire
from bot.scoring.questions import Question, Questionnaire, Section
from bot.services import assessments, drafts, facts, schemes
from bot.services.assessments import Kept
from bot.services.schemes import Published
from models import Registration

SCHEME = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Item:
    """One question with what is known, what was answered, and what is wrong with that."""

    question: Question  # without what is settled; the whole one where all of it is
    settled: Mapping[str, str]  # verified facts, or years of accounts, in words
    parts: Parts
    answer: Answer
    origin: str  # draft, known, file, scheme, or empty
    done: bool

    @property
    def closed(self) -> bool:
        """Verified altogether: there is nothing to answer."""
        return self.origin == "settled"


@dataclass(frozen=True, slots=True)
class Walk:
    """Where an enterprise stands in the questions of one scheme."""

    enterprise_id: UUID
    enterprise: str
    rules: Published
    asked: Questionnaire
    items: Mapping[str, Item]
    seen: int  # hand this to `answer`, so that what another device saved since is not replaced
    begun: int  # what was seen before that is a result by now
    saved_at: datetime | None
    as_of: date

    @property
    def scheme(self) -> str:
        return self.rules.scheme

    @property
    def answered(self) -> int:
        return sum(item.done for item in self.items.values())

    @property
    def faulty(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items.values() if item.answer.faults)

    def of(self, section: Section) -> tuple[Item, ...]:
        return tuple(self.items[question.id] for question in section.questions)

    def item(self, name: str) -> Item:
        if name not in self.items:
            raise NotFound
        return self.items[name]

    def next_question(self, after: str = "") -> Item | None:
        """The next open question, beginning behind one; None when all are answered."""
        names = list(self.items)
        start = names.index(after) + 1 if after in self.items else 0
        return next(
            (i for n in names[start:] + names[:start] if not (i := self.items[n]).done), None
        )

    def before(self, name: str) -> Item | None:
        """The question that stands before one, verified ones left out."""
        open_names = [n for n, item in self.items.items() if not item.closed]
        at = open_names.index(name) if name in open_names else 0
        return self.items[open_names[at - 1]] if at else None


async def stand(enterprise_id: UUID, enterprise: str, scheme: str, today: date) -> Walk:
    """Every question with what is known of it; whether the asker may know is asked before."""
    refuse_odd(scheme)
    rules = await schemes.in_force(scheme, today)
    asked = questionnaire(rules.pack)
    found, _ = await facts.as_known(enterprise_id, pack=rules.pack, basis="self", as_of=today)
    draft = await drafts.load(kind(scheme), enterprise_id)
    answers = decoded(draft)
    outside = await _outside(enterprise_id, asked)
    items = {
        question.id: _item(question, answers, outside, found, rules, today) for question in asked
    }
    return Walk(
        enterprise_id=enterprise_id,
        enterprise=enterprise,
        rules=rules,
        asked=asked,
        items=items,
        seen=draft.version,
        begun=draft.begun,
        saved_at=draft.saved_at,
        as_of=today,
    )


def _item(
    question: Question,
    answers: Mapping[str, dict[str, str]],
    outside: Mapping[str, tuple[str, str]],
    found: Facts,
    rules: Published,
    today: date,
) -> Item:
    file = known(question, found, today, rules.pack)
    left = remaining(question, file.settled)
    if left is None:
        return Item(question, file.settled, {}, Answer("given"), "settled", done=True)
    origin, parts = _parts(left, answers, outside, file)
    answer = read(left, parts, today)
    done = answer.counts if origin in {"draft", "file", "scheme"} else file.whole
    return Item(left, file.settled, parts, answer, origin, done=done and not answer.faults)


def _parts(
    question: Question,
    answers: Mapping[str, dict[str, str]],
    outside: Mapping[str, tuple[str, str]],
    file: Known,
) -> tuple[str, Parts]:
    """The draft goes before everything; a computed total before what was once typed."""
    if question.id in answers:
        return "draft", answers[question.id]
    if question.id in outside and (question.from_scheme or not file.parts):
        origin, text = outside[question.id]
        return origin, {"v": text}
    return ("known", file.parts) if file.parts else ("", {})


async def _outside(enterprise_id: UUID, asked: Questionnaire) -> dict[str, tuple[str, str]]:
    """What the rest of the credit file answers: totals of other schemes, the registration."""
    found: dict[str, tuple[str, str]] = {}
    for question in asked:
        if question.from_scheme:
            kept = await _best_known(enterprise_id, question.from_scheme)
            if kept is not None and kept.total is not None:
                found[question.id] = ("scheme", plain(kept.total / question.times))
    wanted = {one.id: one.from_file for one in asked if one.from_file}
    if wanted and (row := await _registration(enterprise_id)):
        for name, column in wanted.items():
            value = getattr(row, column)
            allowed = {option.value for option in _asked_for(asked, name).options}
            text = value.isoformat() if isinstance(value, date) else str(value or "")
            if text and (not allowed or text in allowed):
                found[name] = ("file", text)
    return found


async def _registration(enterprise_id: UUID) -> Registration | None:
    return await Registration.get_or_none(enterprise_id=enterprise_id, superseded_at=None)


def _asked_for(asked: Questionnaire, name: str) -> Question:
    return next(one for one in asked if one.id == name)


async def _best_known(enterprise_id: UUID, scheme: str) -> Kept | None:
    verified = await assessments.latest(enterprise_id, scheme, basis="verified")
    return verified or await assessments.latest(enterprise_id, scheme, basis="self")


def told(found: Walk) -> dict[str, list[dict[str, Any]]]:
    """The records of every answer, by fact. Unsure takes back what was said before."""
    rows_of: dict[str, list[dict[str, Any]]] = {}
    for item in found.items.values():
        if item.closed or item.answer.state not in {"given", "unsure"}:
            continue
        if item.origin == "known" and item.question.kind != "statement":
            continue  # said before and left as it was
        for fact in item.question.told:
            if fact not in item.settled:
                rows_of.setdefault(fact, [])
        for row in item.answer.rows:
            if row["fact"] not in item.settled:
                rows_of[row["fact"]].append(row)
    return {fact: _by_year(rows) for fact, rows in rows_of.items()}


def _by_year(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sheets of one year are one statement."""
    if not rows or "year" not in rows[0]:
        return rows
    years: dict[int, dict[str, Any]] = {}
    for row in rows:
        known_year = years.setdefault(row["year"], {**row, "items": {}})
        known_year["items"] |= row["items"]
    return list(years.values())


def refuse_odd(scheme: str) -> None:
    """What cannot be the id of a scheme looks like one that is missing."""
    if not SCHEME.fullmatch(scheme):
        raise NotFound


def today_of(now: datetime) -> date:
    return now.astimezone(BEIJING).date()


def kind(scheme: str) -> str:
    return f"self:{scheme}"[:40]


def encoded(parts: Mapping[str, str]) -> str:
    return json.dumps(parts, ensure_ascii=False, sort_keys=True)


def decoded(draft: drafts.Saved) -> dict[str, dict[str, str]]:
    fields = draft.fields.items()
    return {name: json.loads(text) for name, text in fields if isinstance(text, str)}
