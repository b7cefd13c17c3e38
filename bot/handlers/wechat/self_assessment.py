"""自评 in the chat: prompt by prompt, saved after each question, scored at the end.

It is the self-assessment of the pages: the same draft, so that one can go on here, there, or after
a day. Whoever has finished it may answer everything again, or one question.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bot.domain.actors import Member
from bot.domain.dates import in_words
from bot.domain.dialogues import Control, control_of
from bot.domain.errors import DomainError
from bot.domain.knowledge import fill
from bot.domain.workdays import BEIJING
from bot.handlers.wechat import places
from bot.handlers.wechat.self_prompts import (
    About,
    Words,
    about_of,
    asking,
    before,
    behind,
    choice,
    choosing,
    enterprises,
    next_open,
    offered,
    prompt,
    questions,
    sections,
)
from bot.scoring.answers import Parts, read
from bot.scoring.asks import finished, next_ask, put
from bot.scoring.canonical import plain
from bot.scoring.library import shipped_wording
from bot.services import assessments, bindings, self_assessments, self_results, sessions
from bot.services.assessments import Kept
from bot.services.conversation import Heard
from bot.services.dialogues import Stand
from bot.services.self_answers import Item, Walk
from bot.services.self_assessments import Unfinished

ASSESS = "assess"
LINES = 3  # of the way up
REST, ALL = "rest", "all"  # which questions are asked: the open ones, or every one
ONE, LOOK = "one", "look"
WAYS = {ALL: "assess_all", ONE: "assess_one", LOOK: "assess_look"}  # who has finished may …


@dataclass(frozen=True, slots=True)
class _Turn:
    """One message of somebody who is bound."""

    member: Member
    words: Words
    now: datetime


@dataclass(frozen=True, slots=True)
class SelfAssessment:
    public_url: str
    lifetime: timedelta = timedelta(days=7)
    waits: bool = True

    async def begin(self, heard: Heard, words: Words, now: datetime) -> Stand:
        member = await sessions.in_chat(heard.appid, heard.openid, now=now)
        bound = await bindings.bound(member, now=now) if member else ()
        if member is None or not bound:
            return Stand(fill(words["bind_how"], {"link": self.public_url + places.BIND}))
        if not member.agreed:
            return Stand(self._agree_first(words))
        turn = _Turn(member, words, now)
        if len(bound) == 1:
            return await self._schemes(turn, str(bound[0].enterprise_id))
        return enterprises(bound, turn.words)

    async def take(
        self, about: About, said: str, heard: Heard, words: Words, now: datetime
    ) -> Stand:
        member = await sessions.in_chat(heard.appid, heard.openid, now=now)
        if member is None:
            return Stand(fill(words["bind_how"], {"link": self.public_url + places.BIND}))
        if not member.agreed:
            return Stand(self._agree_first(words), about, understood=False)
        turn = _Turn(member, words, now)
        try:
            if "choose" in about:
                return await self._chosen(turn, about, said)
            return await self._answered(turn, about, said)
        except DomainError as refusal:  # no longer bound, or another device was faster
            return Stand(f"{refusal}\n\n{words['assess_again']}")

    def _agree_first(self, words: Words) -> str:
        return fill(words["agree_first"], {"link": self.public_url + places.ME})

    async def _chosen(self, turn: _Turn, about: About, said: str) -> Stand:
        again = choosing(about["ask"], about["choose"], about["known"], about)
        control = control_of(said)
        if control is Control.RESUME:
            return again
        if control is Control.BACK:
            return await self._back(turn, about)
        value = choice(about["ask"], about["known"]).read(said)
        if value is None:
            return again.unread(turn.words["dialogue_unread"])
        if about["choose"] == "enterprise":
            return await self._schemes(turn, value)
        if about["choose"] == "scheme":
            return await self._start(turn, about["enterprise"], value)
        return await self._again(turn, about["choose"], value, await _walk(turn, about))

    async def _again(self, turn: _Turn, chosen: str, value: str, walk: Walk) -> Stand:
        """Everything was answered before: all of it once more, or one question, or the score."""
        if chosen == "section":
            return questions(walk, value, turn.words)
        if chosen == "question":
            return asking(walk, walk.item(value), {}, turn.words, mode=REST)
        if value == ONE:
            return sections(walk, turn.words)
        last = await assessments.latest(walk.enterprise_id, walk.scheme, basis="self")
        if value == LOOK and last is not None:
            return await self._shown(turn, walk, last.id)
        first = behind(walk, "") if value == ALL else None
        if first is None:
            return await self._done(turn, walk)
        return asking(walk, first, {}, turn.words, mode=ALL, ahead=turn.words["assess_begin"])

    async def _schemes(self, turn: _Turn, enterprise: str) -> Stand:
        offers = await self_assessments.offers(UUID(enterprise), actor=turn.member, now=turn.now)
        if not offers:
            return Stand(turn.words["assess_none"])
        if len(offers) == 1:
            return await self._start(turn, enterprise, offers[0].scheme)
        return offered(enterprise, offers, turn.words)

    async def _back(self, turn: _Turn, about: About) -> Stand:
        """The choice before this one, or out where this was the first."""
        chosen = about["choose"]
        if chosen == "question":
            return sections(await _walk(turn, about), turn.words)
        if chosen == "section":
            return await self._start(turn, about["enterprise"], about["scheme"])
        who: dict[str, Any] = {"actor": turn.member, "now": turn.now}
        if chosen == "again":
            offers = await self_assessments.offers(UUID(about["enterprise"]), **who)
            if len(offers) > 1:
                return offered(about["enterprise"], offers, turn.words)
        bound = await bindings.bound(turn.member, now=turn.now)
        if chosen != "enterprise" and len(bound) > 1:
            return enterprises(bound, turn.words)
        return Stand(turn.words["dialogue_stopped"])

    async def _start(self, turn: _Turn, enterprise: str, scheme: str) -> Stand:
        walk = await _walk(turn, {"enterprise": enterprise, "scheme": scheme})
        item = next_open(walk, "")
        if item is not None:
            return asking(walk, item, {}, turn.words, mode=REST, ahead=turn.words["assess_begin"])
        last = await assessments.latest(walk.enterprise_id, scheme, basis="self")
        if last is None or walk.saved_at is not None:
            return await self._done(turn, walk)
        return _done_before(turn, walk, last)

    async def _answered(self, turn: _Turn, about: About, said: str) -> Stand:
        walk = await _walk(turn, about)
        item, parts, mode = walk.item(about["question"]), about["parts"], about.get("mode", REST)
        ask = next_ask(item.question, parts)
        if ask is None:  # the rules have changed since
            return await self._on(turn, walk, item.question.id, mode)
        if (control := control_of(said)) is not None:
            return _steered(turn, walk, item, parts, control, mode)
        value = prompt(ask, turn.words).read(said)
        if value is None:
            why = turn.words["dialogue_unread" if ask.choices else "dialogue_unread_words"]
            return asking(walk, item, parts, turn.words, mode=mode).unread(why)
        filled = put(ask, parts, value)
        faults = read(item.question, finished(filled), walk.as_of).faults
        whole = next_ask(item.question, filled) is None
        if ask.part in faults or (whole and faults):
            kept = parts if ask.part in faults else {}
            again = asking(walk, item, kept, turn.words, mode=mode)
            return again.unread(next(iter(faults.values())))
        if not whole:
            return asking(walk, item, filled, turn.words, mode=mode)
        return await self._saved(turn, walk, item, filled, mode)

    async def _saved(self, turn: _Turn, walk: Walk, item: Item, parts: Parts, mode: str) -> Stand:
        name = item.question.id
        walk = await self_assessments.answer(
            walk.enterprise_id,
            walk.scheme,
            {name: finished(parts)},
            seen=walk.seen,
            actor=turn.member,
            now=turn.now,
        )
        return await self._on(turn, walk, name, mode)

    async def _on(self, turn: _Turn, walk: Walk, after: str, mode: str) -> Stand:
        item = behind(walk, after) if mode == ALL else next_open(walk, after)
        if item is None:
            return await self._done(turn, walk)
        return asking(walk, item, {}, turn.words, mode=mode)

    async def _done(self, turn: _Turn, walk: Walk) -> Stand:
        try:
            made = await self_assessments.finish(
                walk.enterprise_id, walk.scheme, actor=turn.member, now=turn.now
            )
        except Unfinished:
            return Stand(fill(turn.words["assess_faulty"], {"link": f"{self._home(walk)}/check"}))
        return await self._shown(turn, walk, made)

    async def _shown(self, turn: _Turn, walk: Walk, made: UUID) -> Stand:
        """A result that is kept, in short."""
        told = await self_results.told(
            walk.enterprise_id, walk.scheme, made, actor=turn.member, now=turn.now
        )
        titles, lines = shipped_wording()["sections"], dict(told.explanation.sections)
        total = told.result.total
        score = None if total is None else plain(total)
        values = {
            "name": told.enterprise,
            "score": _points(turn, score),
            "why": "\n".join(lines.get(titles["why"], ())[:LINES]),
            "way": "\n".join(lines.get(titles["way_up"], ())[: LINES + 1]),
            "link": f"{self._home(walk)}/results/{made}",
        }
        return Stand(fill(turn.words["assess_done"], values))

    def _home(self, walk: Walk) -> str:
        return f"{self.public_url}{places.of('assess', walk.enterprise_id)}/{walk.scheme}"


async def _walk(turn: _Turn, about: About) -> Walk:
    enterprise = UUID(about["enterprise"])
    return await self_assessments.walk(enterprise, about["scheme"], actor=turn.member, now=turn.now)


def _points(turn: _Turn, score: str | None) -> str:
    if score is None:
        return turn.words["assess_no_score"]
    return fill(turn.words["part_points"], {"score": score})


def _done_before(turn: _Turn, walk: Walk, last: Kept) -> Stand:
    """Everything is answered and scored: what is to be done with it?"""
    score = _points(turn, None if last.total is None else plain(last.total))
    on = in_words(last.made_at.astimezone(BEIJING).date())
    values = {"scheme": walk.asked.name, "score": score, "on": on}
    ways = [[way, turn.words[words]] for way, words in WAYS.items()]
    return choosing(fill(turn.words["assess_done_before"], values), "again", ways, about_of(walk))


def _steered(  # what a word that steers is said to
    turn: _Turn, walk: Walk, item: Item, parts: Parts, control: Control, mode: str
) -> Stand:
    """Once more the same prompt, or the question again, or the one before it."""
    if control is not Control.BACK:
        return asking(walk, item, parts, turn.words, mode=mode)
    if parts:
        return asking(walk, item, {}, turn.words, mode=mode)
    earlier = before(walk, item)
    if earlier is None:
        first = turn.words["dialogue_first"]
        return asking(walk, item, {}, turn.words, mode=mode, ahead=first)
    return asking(walk, earlier, {}, turn.words, mode=mode)
