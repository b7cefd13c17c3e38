"""Self-assessments: begun, answered bit by bit, resumed on any device, and scored when finished.

Unfinished answers are a draft of the enterprise, one field a question, saved as they come. Only
when a self-assessment is finished do answers become declared facts; nothing verified is touched.
What comes out is private to those who act for the enterprise, and never a grade.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.clients.statements import BadStatements, read_statements
from bot.domain.actors import Member
from bot.domain.errors import BadInput, NotFound, Stale
from bot.scoring.answers import YEARS, read
from bot.scoring.canonical import plain
from bot.scoring.library import questionnaire
from bot.scoring.questions import Questionnaire
from bot.services import assessments, audit, bindings, drafts, facts, schemes
from bot.services.assessments import Kept
from bot.services.schemes import Published
from bot.services.self_answers import (
    Item,
    Walk,
    decoded,
    encoded,
    kind,
    refuse_odd,
    stand,
    today_of,
    told,
)
from models import SelfAssessment
from models.ids import new_id

SOURCE = "企业自评"
MOST_PARTS = 160
LONGEST_PART = 120
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Finished(Stale):
    """The answers that a page was opened with have become a result since; nothing was written."""

    code = "self_assessment_finished"
    message = "这份自评已经看过结果了。请看一下现在的答案，再决定要不要改。"


class Unfinished(BadInput):
    """Some answers cannot be taken as they are; each is named."""

    code = "answers_faulty"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("还有填写有误的地方，请先改好再看结果。", field=names[0])
        self.names = tuple(names)


@dataclass(frozen=True, slots=True)
class Offer:
    """A scheme to assess oneself by, and how far that has come."""

    asked: Questionnaire
    scheme: str
    answered: int  # in the draft; 0 without one
    saved_at: datetime | None
    last: Kept | None


async def offers(enterprise_id: UUID, *, actor: Member, now: datetime) -> tuple[Offer, ...]:
    """Every scheme in force today."""
    await bindings.require(actor, enterprise_id, now=now)
    today = today_of(now)
    newest: dict[str, Published] = {}
    for rules in await schemes.all_published():
        if rules.effective_on <= today:
            newest[rules.scheme] = rules
    found = []
    for rules in newest.values():
        draft = await drafts.load(kind(rules.scheme), enterprise_id)
        last = await assessments.latest(enterprise_id, rules.scheme, basis="self")
        asked = questionnaire(rules.pack)
        answers = decoded(draft)
        count = sum(
            read(question, answers.get(question.id, {}), today).counts for question in asked
        )
        found.append(Offer(asked, rules.scheme, count, draft.saved_at, last))
    return tuple(sorted(found, key=lambda offer: offer.asked.minutes))


async def walk(enterprise_id: UUID, scheme: str, *, actor: Member, now: datetime) -> Walk:
    """Begin or resume: every question with what is known of it already."""
    bound = await bindings.require(actor, enterprise_id, now=now)
    return await stand(enterprise_id, bound.name, scheme, today_of(now))


async def next_question(
    enterprise_id: UUID, scheme: str, *, after: str = "", actor: Member, now: datetime
) -> Item | None:
    """The next open question; None when the self-assessment can be finished."""
    return (await walk(enterprise_id, scheme, actor=actor, now=now)).next_question(after)


async def answer(
    enterprise_id: UUID,
    scheme: str,
    given: Mapping[str, Mapping[str, str]],
    *,
    seen: int,
    actor: Member,
    now: datetime,
) -> Walk:
    """Save answers, faulty ones too: whoever resumes finds them as they were typed.

    `given` holds for each question its parts. Raises Overtaken where another device has answered
    one of them otherwise since version `seen`, or Finished where the answers of that version are a
    result by now; then nothing is saved.
    """
    found = await walk(enterprise_id, scheme, actor=actor, now=now)
    if not found.begun <= seen <= found.seen:
        raise Finished
    fields = {}
    for name, parts in given.items():
        item = found.item(name)
        if item.closed:
            continue
        filled = {part: text.strip() for part, text in parts.items() if text.strip()}
        if len(filled) > MOST_PARTS or any(
            len(part) > LONGEST_PART or len(text) > LONGEST_PART for part, text in filled.items()
        ):
            raise BadInput("填写的内容太多，请精简后再保存。", field=name)
        if any(CONTROL.search(text) for pair in filled.items() for text in pair):
            raise BadInput("填写的内容里有不能显示的字符，请去掉后再保存。", field=name)
        empty = not filled and item.origin != "draft" and not item.parts
        fields[name] = None if empty else encoded(filled)
    if any(fields.values()) or found.saved_at is not None:
        await drafts.save(kind(scheme), enterprise_id, fields, seen=seen, actor=actor, now=now)
    return await stand(enterprise_id, found.enterprise, scheme, found.as_of)


async def take_statements(
    enterprise_id: UUID, scheme: str, data: bytes, *, seen: int, actor: Member, now: datetime
) -> Walk:
    """Answer the questions about accounts from a filled-in template; every wrong cell is named.

    A workbook with a fault changes nothing, in the draft or elsewhere.
    """
    found = await walk(enterprise_id, scheme, actor=actor, now=now)
    wanted = found.rules.pack.statement
    if wanted is None:
        raise NotFound
    rows = await asyncio.to_thread(read_statements, wanted, data, as_of=found.as_of)
    oldest = found.as_of.year - YEARS
    if early := [row["year"] for row in rows if row["year"] < oldest]:
        raise BadStatements([f"{early[-1]} 年太早：只收最近 {YEARS} 年（{oldest} 年起）的报表"])
    given: dict[str, dict[str, str]] = {}
    for item in found.items.values():
        if item.question.kind == "statement":
            given[item.question.id] = {"unit": "1"} | {
                f"{row['year']}.{name}": plain(amount)
                for row in rows
                if str(row["year"]) not in item.settled
                for name, amount in row["items"].items()
                if name in item.question.items
            }
    return await answer(enterprise_id, scheme, given, seen=seen, actor=actor, now=now)


async def start_over(enterprise_id: UUID, scheme: str, *, actor: Member, now: datetime) -> None:
    """Throw the unfinished answers away; facts and earlier results stay."""
    await bindings.require(actor, enterprise_id, now=now)
    refuse_odd(scheme)
    await drafts.drop(kind(scheme), enterprise_id)


async def finish(enterprise_id: UUID, scheme: str, *, actor: Member, now: datetime) -> UUID:
    """Turn the answers into declared facts, score them, keep the result; answers its id.

    Finishing again with nothing new in between answers the same result.
    """
    bound = await bindings.require(actor, enterprise_id, now=now)
    refuse_odd(scheme)
    async with in_transaction():
        await fetch("SELECT 1 FROM enterprise WHERE id = $1 FOR UPDATE", enterprise_id)
        await drafts.hold(kind(scheme), enterprise_id)  # what comes now begins the next draft
        found = await stand(enterprise_id, bound.name, scheme, today_of(now))
        if found.faulty:
            raise Unfinished([item.question.id for item in found.faulty])
        records = told(found)
        version = await facts.declare(
            enterprise_id, records, source=SOURCE, pack=found.rules.pack, now=now
        )
        last = await assessments.latest(enterprise_id, scheme, basis="self")
        if last is not None and found.saved_at is None:
            same = (last.facts_version, last.sha256, last.as_of)
            if same == (version, found.rules.sha256, found.as_of):
                return last.id
        kept = await assessments.assess(
            enterprise_id, scheme, basis="self", as_of=found.as_of, now=now
        )
        await _keep(found, kept, actor=actor, now=now)
        await drafts.drop(kind(scheme), enterprise_id)
    return kept.id


async def _keep(found: Walk, kept: Kept, *, actor: Member, now: datetime) -> None:
    items = found.items.values()
    row = await SelfAssessment.create(
        id=new_id(now),
        enterprise_id=kept.enterprise_id,
        assessment_id=kept.id,
        user_id=actor.user_id,
        answers={item.question.id: dict(item.parts) for item in items if item.parts},
        asked=len(items),
        answered=found.answered,
        unsure=sum(item.answer.state == "unsure" for item in items),
        finished_at=now,
    )
    await audit.note(
        "self_assessment.finish",
        kind="self_assessment",
        id=row.id,
        actor=actor,
        now=now,
        enterprise_id=kept.enterprise_id,
        after={"scheme": kept.scheme, "assessment": kept.id},
    )
