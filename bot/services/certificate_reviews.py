"""Annual reviews of certificates: when one may be noted as passed, and what that makes of it."""

from datetime import date, datetime, timedelta

from tortoise.transactions import in_transaction

from bot.domain import remarks
from bot.domain.actors import Actor
from bot.domain.certificates import (
    Action,
    NoSuchStep,
    Reason,
    State,
    allow,
    effective,
    next_review,
    today,
)
from bot.domain.dates import in_words
from bot.domain.memberships import Act
from bot.services import certificate_life, certificate_trail, memberships
from bot.services.certificate_life import Certificate
from bot.services.certificate_programmes import find_programme
from bot.services.certificate_trail import Event, Review


async def passed(number: str, *, words: str, actor: Actor, now: datetime) -> Certificate:
    """Note that the annual review was passed today; what only its lack suspended lives again."""
    day, words = today(now), remarks.reason(words)
    async with in_transaction():
        found = await certificate_life.locked(number)
        due = await _due(found, day)
        other = found.state is State.SUSPENDED and found.reason != Reason.REVIEW_MISSED
        event = Event(
            Action.REVIEW,
            found.state,
            found.state if other else State.ACTIVE,
            Reason(found.reason) if other else None,
            words,
        )
        await certificate_trail.move(
            found.id,
            event,
            enterprise_id=found.enterprise_id,
            actor=actor,
            now=now,
            review=Review(day, next_review(found.valid_to, after=max(day, due))),
        )
    return await certificate_life.find(number)


async def _due(found: Certificate, day: date) -> date:
    """By when it had to be passed; a refusal outside its time, or where no member asks (X35)."""
    allow(Action.REVIEW, found.state, None)
    over = effective(found.facts, day) in {State.EXPIRED, State.WITHDRAWN}
    programme = find_programme(found.programme)
    if found.review_due is None or programme.annual_review is None or over:
        raise NoSuchStep("这张证书现在没有要做的年审。")
    opens = found.review_due - timedelta(days=programme.annual_review.opens_days_before)
    if day < opens:
        raise NoSuchStep(f"现在还不到年审的时间，{in_words(opens)}起才能登记。")
    await memberships.may_apply(found.enterprise_id, programme, on=day, act=Act.ANNUAL_REVIEW)
    return found.review_due
