"""What the chat says about a person's own enterprise: to nobody but those who are bound to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.clients.database import act_for
from bot.domain import cases as case_rules
from bot.domain import commitments as commitment_rules
from bot.domain.actors import Member
from bot.domain.cases import ENDED, left
from bot.domain.certificates import USABLE, today
from bot.domain.dates import in_words
from bot.domain.errors import NotAgreed
from bot.domain.fitting import listed
from bot.domain.knowledge import fill
from bot.domain.verification import Outcome
from bot.domain.workdays import BEIJING
from bot.handlers import case_words
from bot.handlers.wechat import finding, places
from bot.handlers.wechat.asking import Asking
from bot.scoring.canonical import plain
from bot.scoring.library import shipped_programmes
from bot.services import (
    bindings,
    cases,
    certificate_life,
    commitment_publishing,
    commitments,
    memberships,
    self_assessments,
    sessions,
    tickets,
)
from bot.services.bindings import Bound
from bot.services.case_views import Summary
from bot.services.certificate_life import Certificate

SOON = timedelta(days=90)
SHOWN = 4


@dataclass(frozen=True, slots=True)
class Mine:
    """A question of somebody who acts for one enterprise."""

    asking: Asking
    member: Member
    bound: Bound

    def part(self, words: str, **values: str) -> str:
        return fill(self.asking.words[words], values)

    def told(self, words: str, page: str, **values: str) -> str:
        link = self.asking.link(places.of(page, self.bound.enterprise_id))
        return self.part(words, name=self.bound.name, link=link, **values)


Own = Callable[[Mine], Awaitable[str]]


async def mine(asking: Asking) -> tuple[Mine, ...]:
    """The enterprises that the writer acts for; from here on nothing of any other is seen.

    Raise NotAgreed for who acts for one and does not agree to the privacy text.
    """
    member = await sessions.in_chat(asking.appid, asking.openid, now=asking.now)
    if member is None:
        return ()
    act_for(member.user_id)
    bound = await bindings.bound(member, now=asking.now)
    if bound and not member.agreed:
        raise NotAgreed
    return tuple(Mine(asking, member, one) for one in bound)


def own(tell: Own) -> Callable[[Asking], Awaitable[str]]:
    """For a bound person their own; for others how to bind; with several, where to choose."""

    async def lookup(asking: Asking) -> str:
        theirs = await mine(asking)
        if not theirs:
            return fill(asking.words["bind_how"], {"link": asking.link(places.BIND)})
        if len(theirs) > 1:
            return fill(asking.words["which_enterprise"], {"link": asking.link(places.ME)})
        return await tell(theirs[0])

    return lookup


async def bind(asking: Asking) -> str:
    link = asking.link(places.BIND)
    theirs = await mine(asking)
    if not theirs:
        return fill(asking.words["bind_how"], {"link": link})

    def told(names: str) -> str:
        return fill(asking.words["bind_done"], {"names": names, "link": link})

    names = [one.bound.name for one in theirs]
    return listed(told, names, more=asking.words["part_more"], between="\n")


async def answers(asking: Asking) -> str:
    """What the staff answered to what the writer left; it needs no binding."""
    given = await tickets.answers(asking.appid, asking.openid)
    if not given:
        return asking.words["my_answers_none"]
    lines = [
        fill(asking.words["part_answer"], {"on": in_words(one.asked_on), "answer": one.answer})
        for one in given
    ]

    def told(shown: str) -> str:
        return fill(asking.words["my_answers"], {"lines": shown})

    return listed(told, lines, more=asking.words["part_answers_more"])


async def commitment(asking: Asking) -> str:
    return await _way_to(asking, "commitment", "click_commitment")


async def assess(asking: Asking) -> str:
    return await _way_to(asking, "assess", "click_assess")


async def _way_to(asking: Asking, what: str, words: str) -> str:
    """Everybody may read about it; who is bound is led to the page of their enterprise."""
    try:
        theirs = await mine(asking)
        page = places.BIND if not theirs else places.ME
        if len(theirs) == 1:
            page = places.of(what, theirs[0].bound.enterprise_id)
    except NotAgreed:
        page = places.ME
    return fill(asking.words[words], {"link": asking.link(page)})


async def progress(mine: Mine) -> str:
    """The commitment and every case: which step, whose turn, by when; open ones first."""
    standing = await _commitment(mine)
    shown = standing.being_signed or standing.public
    found = [(_named(commitment_publishing.PROGRAMME), shown.state.label)] if shown else []
    found += [
        (one.programme.name, case_words.line(one))
        for one in sorted(await _cases(mine), key=lambda one: one.state in ENDED)
    ]
    if not found:
        return mine.told("my_progress_none", "progress")
    lines = [mine.part("part_case", what=what, state=state) for what, state in found]
    return mine.told("my_progress", "progress", lines="\n".join(lines[:SHOWN]))


async def payment(mine: Mine) -> str:
    owed = [mine.part("part_owed", what=what, amount=amount) for what, amount in await _owed(mine)]
    if not owed:
        return mine.told("my_payment_none", "payment")
    return mine.told("my_payment", "payment", lines="\n".join(owed))


async def score(mine: Mine) -> str:
    """The newest self-assessment of each scheme; always called one, never a grade."""
    offers = await self_assessments.offers(
        mine.bound.enterprise_id, actor=mine.member, now=mine.asking.now
    )
    done = [
        (last.made_at, last.total, one.asked.name)
        for one in offers
        if (last := one.last) and last.total is not None
    ]
    if not done:
        return mine.told("my_score_none", "assess")
    made_at, total, scheme = max(done, key=lambda one: one[0])
    return mine.told(
        "my_score",
        "assess",
        score=mine.part("part_points", score=plain(total)),
        when=mine.part("part_score", scheme=scheme, on=_when(made_at)),
    )


async def certificates(mine: Mine) -> str:
    held = await certificate_life.of_enterprise(mine.bound.enterprise_id)
    if not held:
        return mine.told("my_certificates_none", "commitment")
    lines = [mine.part("part_case", what=_what(one), state=_state(one, mine)) for one in held]
    return mine.told("my_certificates", "certificates", lines="\n".join(lines[:SHOWN]))


async def reminders(mine: Mine) -> str:
    """What waits for this enterprise now, and what ends within ninety days."""
    lines = [mine.part("part_pay", what=what, amount=amount) for what, amount in await _owed(mine)]
    lines += [
        mine.part("part_dated", on=in_words(due), what=what)
        for due, what in sorted(await _dues(mine))
    ]
    if not lines:
        return mine.told("my_reminders_none", "reminders")
    return mine.told("my_reminders", "reminders", lines="\n".join(lines[:SHOWN]))


async def _dues(mine: Mine) -> list[tuple[date, str]]:
    on = today(mine.asking.now)
    dues = [
        (one.due_on, mine.part("part_fix", what=one.programme.name, left=left(one.due_on, on)))
        for one in await _cases(mine)
        if one.state is case_rules.State.RETURNED and one.due_on
    ]
    for one in await certificate_life.of_enterprise(mine.bound.enterprise_id):
        if not _is_held(one, mine):
            continue
        if one.review_due:
            dues.append((one.review_due, mine.part("part_review", what=_what(one))))
        dues.append((one.valid_to, mine.part("part_expiry", what=_what(one))))
    if member := await memberships.current(mine.bound.enterprise_id, on=on):
        dues.append((member.until, mine.part("part_membership")))
    dues.append((today(mine.bound.expires_at), mine.part("part_binding")))
    return [(due, what) for due, what in dues if due <= on + SOON]


async def _owed(mine: Mine) -> list[tuple[str, str]]:
    """What is to be paid for, and how much, in yuan."""
    found = (await _commitment(mine)).being_signed
    owed = []
    if found and found.state is commitment_rules.State.AWAITING_PAYMENT:
        owed.append((_named(commitment_publishing.PROGRAMME), found.owed_fen))
    owed += [
        (one.programme.name, one.owed_fen)
        for one in await _cases(mine)
        if one.state is case_rules.State.AWAITING_PAYMENT
    ]
    return [(what, plain(Decimal(fen) / 100)) for what, fen in owed]


async def _commitment(mine: Mine) -> commitments.Standing:
    whose, now = mine.bound.enterprise_id, mine.asking.now
    return await commitments.standing(whose, actor=mine.member, now=now)


async def _cases(mine: Mine) -> tuple[Summary, ...]:
    return await cases.listed(mine.bound.enterprise_id, actor=mine.member, now=mine.asking.now)


def _is_held(one: Certificate, mine: Mine) -> bool:
    """A day must not be missed because the register is away: then the row is believed."""
    found = mine.asking.verifier.standing(one.number, now=mine.asking.now)
    if found.outcome is Outcome.UNAVAILABLE:
        return one.state_on(today(mine.asking.now)) in USABLE
    return found.state in USABLE


def _what(one: Certificate) -> str:
    return f"{_named(one.programme)}{' ' if one.level else ''}{one.level}"


def _named(programme: str) -> str:
    names = {one.id: one.name for one in shipped_programmes()}
    return names.get(programme, programme)


def _state(one: Certificate, mine: Mine) -> str:
    """As everybody is told who scans it; what is not signed yet is no certificate yet."""
    if one.token is None:
        return mine.part("part_signing")
    found = mine.asking.verifier.standing(one.number, now=mine.asking.now)
    word = finding.state_of(mine.asking, found)
    if found.state not in USABLE:
        return word
    return mine.part("part_valid", state=word, on=in_words(one.valid_to))


def _when(at: datetime) -> str:
    return in_words(at.astimezone(BEIJING).date())
