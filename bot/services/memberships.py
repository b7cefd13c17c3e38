"""Memberships: which one runs on a day, and what its lapse blocks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.domain.actors import Actor
from bot.domain.dates import in_words
from bot.domain.errors import BadInput, DomainError, NotFound
from bot.domain.memberships import Act, blocked
from bot.scoring.programme import Programme
from bot.services import audit, outbox, people
from models import Enterprise
from models import Membership as Row
from models.ids import new_id

CHANGED = "memberships.changed"  # the job that looks again at what waits for a membership


class NeedsMembership(DomainError):
    """The lapse of a membership stops new applications and annual reviews, and nothing else."""

    code = "needs_membership"
    message = "这项申请需要有效的会员资格。请先续会或入会，再来申请。"


@dataclass(frozen=True, slots=True)
class Membership:
    """One period at one level; `until` is its last day."""

    id: UUID
    enterprise_id: UUID
    association: str
    level: str
    since: date
    until: date
    how: str


@dataclass(frozen=True, slots=True)
class Period:
    """What a membership is made of, before it is one."""

    association: str
    level: str
    since: date
    until: date


async def current(
    enterprise_id: UUID, *, on: date, association: str | None = None
) -> Membership | None:
    """The membership that runs on this day, the one that lasts longest; of one association."""
    rows = Row.filter(
        enterprise_id=enterprise_id, superseded_at=None, starts_on__lte=on, ends_on__gte=on
    )
    if association is not None:
        rows = rows.filter(association=association)
    running = [row for row in await rows if row.ended_on is None or on < row.ended_on]
    return _membership(max(running, key=lambda row: row.ends_on)) if running else None


async def each(enterprise_id: UUID, *, on: date) -> tuple[Membership, ...]:
    """The membership in each association: the one that runs, or else the last there was, or else
    the first there will be."""

    def rank(one: Membership) -> tuple[bool, bool, timedelta]:
        begun = one.since <= on
        return (begun and on <= one.until, begun, one.until - on if begun else on - one.since)

    rows = await Row.filter(enterprise_id=enterprise_id, superseded_at=None)
    best = sorted(map(_membership, rows), key=rank)
    found = {one.association: one for one in best}
    return tuple(sorted(found.values(), key=lambda one: one.until, reverse=True))


async def ended(enterprise_id: UUID, association: str, *, on: date) -> date | None:
    """The last day of a membership that is over; None while one runs, or if there never was one."""
    one = await _in(enterprise_id, association, on=on)
    return one.until if one is not None and one.since <= one.until < on else None


async def _in(enterprise_id: UUID, association: str, *, on: date) -> Membership | None:
    found = await each(enterprise_id, on=on)
    return next((one for one in found if one.association == association), None)


async def may_apply(
    enterprise_id: UUID, programme: Programme, *, on: date, act: Act = Act.APPLY
) -> None:
    """Raise NeedsMembership where the enterprise may not begin this because of its membership.

    Of the programme's own association; a fee that brings a membership with it is a way in.
    """
    member = await current(enterprise_id, on=on, association=programme.issuer)
    bundled = programme.fee.mode == "on" and any(
        price.membership for price in programme.fee.prices if price.who != "member"
    )
    if blocked(act, member=member is not None, bundled=bundled):
        last = await _in(enterprise_id, programme.issuer, on=on)
        if last is None:
            raise NeedsMembership
        if last.since > on:
            raise NeedsMembership(f"会员资格从{in_words(last.since)}开始，从那天起就可以申请。")
        raise NeedsMembership(
            f"会员资格已于{in_words(last.until)}到期。已有的证书不受影响；续会以后就可以申请。"
        )


async def add(
    enterprise_id: UUID,
    period: Period,
    *,
    how: str,
    actor: Actor,
    now: datetime,
) -> Membership:
    """Record a period inside the caller's transaction; one that begins the same day gives way."""
    if period.until < period.since:
        raise BadInput("会员资格的截止日不能早于开始日。")
    await Row.filter(
        enterprise_id=enterprise_id,
        association=period.association,
        starts_on=period.since,
        superseded_at=None,
    ).update(superseded_at=now)
    row = await Row.create(
        id=new_id(now),
        enterprise_id=enterprise_id,
        association=period.association,
        level=period.level,
        starts_on=period.since,
        ends_on=period.until,
        how=how,
        recorded_by=people.label(actor),
        recorded_at=now,
    )
    await _note("membership.add", row, actor=actor, now=now)
    await outbox.put(CHANGED, {}, now=now)
    return _membership(row)


async def end(membership_id: UUID, *, on: date, reason: str, actor: Actor, now: datetime) -> None:
    """The enterprise left or was excluded: not a member any more from this day."""
    async with in_transaction():
        row = await Row.get_or_none(id=membership_id, superseded_at=None, ended_on=None)
        if row is None:
            raise NotFound("没有这个有效的会员资格。")
        await Row.filter(id=row.id).update(ended_on=on, end_reason=reason[:200])
        await _note("membership.end", row, actor=actor, now=now, reason=reason)
        await outbox.put(CHANGED, {}, now=now)
        await people.tell_holders(
            row.enterprise_id,  # type: ignore[attr-defined]
            "membership_ended",
            {
                "company": (await Enterprise.get(id=row.enterprise_id)).name,  # type: ignore[attr-defined]
                "what": f"{row.association}{row.level}资格",
                "reason": reason.strip()[:200] or "协会已登记",
                "on": in_words(on),
            },
            key=f"membership:{row.id}:ended",
            now=now,
            link=f"/h5/e/{row.enterprise_id}",  # type: ignore[attr-defined]
        )


async def _note(action: str, row: Row, *, actor: Actor, now: datetime, reason: str = "") -> None:
    await audit.note(
        action,
        kind="membership",
        id=row.id,
        actor=actor,
        now=now,
        enterprise_id=row.enterprise_id,  # type: ignore[attr-defined]
        after={"level": row.level, "from": str(row.starts_on), "to": str(row.ends_on)},
        reason=reason,
    )


def _membership(row: Row) -> Membership:
    return Membership(
        id=row.id,
        enterprise_id=row.enterprise_id,  # type: ignore[attr-defined]
        association=row.association,
        level=row.level,
        since=row.starts_on,
        until=row.ends_on if row.ended_on is None else row.ended_on - timedelta(days=1),
        how=row.how,
    )
