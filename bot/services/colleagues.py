"""Who acts for an enterprise together: seen, renewed, left, removed, and phones that were lost."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from bot.clients.database import everything
from bot.domain.actors import Actor, Member, Staff, System
from bot.domain.bindings import (
    HOLDING,
    LIVES,
    OPEN,
    REMIND_DAYS_BEFORE,
    RENEW_AFTER,
    How,
    Role,
    State,
    may_remove,
    renewable,
)
from bot.domain.dates import in_words
from bot.domain.errors import DomainError, NotFound, Stale
from bot.domain.workdays import BEIJING
from bot.services import binding_steps, bindings, claims, people, sessions
from bot.services.claim_reviews import end, tell_moved
from models import Binding, Enterprise

CLOCK = System("bindings.expire")
_ACTIVE = frozenset({State.ACTIVE})
AT_ONCE = 500  # bindings of one run of the clock


class NotYetRenewable(DomainError):
    code = "binding_not_renewable"
    message = "现在还不用续期，到期前 30 天我们会提醒您。"


class MayNotRemove(DomainError):
    code = "may_not_remove"
    message = "只有法定代表人可以解除经办人；其他情况请联系协会工作人员。"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who acts for the enterprise, or would like to."""

    binding_id: UUID
    person: str
    role: Role
    state: State
    how: How
    since: datetime
    expires_at: datetime | None
    me: bool
    removable: bool


async def team(enterprise_id: UUID, *, actor: Member, now: datetime) -> tuple[Colleague, ...]:
    """Everybody with an open binding, the asker first; of those who wait, what they said."""
    mine = await bindings.require(actor, enterprise_id, now=now)
    rows = await Binding.filter(enterprise_id=enterprise_id, state__in=OPEN).order_by("id")
    found = [
        Colleague(
            binding_id=row.id,
            person=row.person,
            role=row.role,
            state=row.state,
            how=row.how,
            since=row.active_at or row.requested_at,
            expires_at=row.expires_at,
            me=await binding_steps.person_of(row) == actor.user_id,
            removable=row.active_at is not None and may_remove(mine.role, row.role),
        )
        for row in rows
        if row.expires_at is None or row.expires_at + RENEW_AFTER > now
    ]
    return tuple(sorted(found, key=lambda one: (not one.me, one.state not in HOLDING, one.since)))


async def check_here(
    binding_id: UUID, enterprise_id: UUID, *, actor: Member, now: datetime
) -> None:
    """NotFound unless it is a binding, open or over, of an enterprise that the actor acts for."""
    await bindings.require(actor, enterprise_id, now=now)
    if not await Binding.filter(id=binding_id, enterprise_id=enterprise_id).exists():
        raise NotFound


async def renew(enterprise_id: UUID, *, actor: Member, now: datetime) -> datetime:
    """Another year, from thirty days before the end to thirty days after it; answers till when."""
    async with in_transaction():
        await binding_steps.lock(enterprise_id)
        each = await binding_steps.each_of(actor.user_id, enterprise_id)
        mine = [(one, one.expires_at) for one in each if one.state is State.ACTIVE]
        due = [(one, ends) for one, ends in mine if ends and renewable(ends, now=now)]
        if not due:
            for binding, ends in mine:
                if ends and await binding_steps.repeated(binding, "renew", actor=actor):
                    return ends
            raise NotYetRenewable if mine else NotFound
        for binding, ends in due:
            until = max(ends, now) + LIVES
            await binding_steps.move(binding, "renew", actor=actor, now=now, expires_at=until)
    return max(now, *(ends for _, ends in due)) + LIVES


async def renewals(actor: Member, *, now: datetime) -> tuple[tuple[UUID, str, datetime], ...]:
    """The enterprises whose binding the member should renew now: id, name, until when it lasts."""
    rows = (
        await _of(actor)
        .filter(
            state=State.ACTIVE,
            expires_at__lt=now + timedelta(days=REMIND_DAYS_BEFORE[0]),
            expires_at__gt=now - RENEW_AFTER,
        )
        .order_by("-expires_at")
        .select_related("enterprise")
    )
    due = {row.enterprise.id: (row.enterprise.name, row.expires_at) for row in rows}
    return tuple((one, name, ends) for one, (name, ends) in due.items() if ends)


async def leave(enterprise_id: UUID, *, actor: Member, now: datetime) -> None:
    """Act for the enterprise no more; its file and drafts stay with the others."""
    if await _left(enterprise_id, actor):
        return
    await bindings.require(actor, enterprise_id, now=now)
    async with in_transaction():
        enterprise = await binding_steps.lock(enterprise_id)
        mine = await binding_steps.each_of(actor.user_id, enterprise_id)
        if not mine:
            raise NotFound
        for binding in mine:
            action = "leave" if binding.state in HOLDING else "withdraw"
            await binding_steps.move(binding, action, actor=actor, now=now)
        await tell_others(enterprise, mine[0], "有联系人已退出", now=now)


async def remove(binding_id: UUID, *, actor: Member | Staff, reason: str, now: datetime) -> None:
    """End somebody's binding: the legal representative an agent's, the staff anybody's.

    What that person has open finds the binding gone with the very next request.
    """
    async with in_transaction():
        binding, enterprise = await _found(binding_id, actor=actor, now=now)
        if await binding_steps.repeated(binding, "remove", actor=actor):
            return
        gone = [binding, *await _alike(binding, HOLDING)]
        await end(gone, "remove", enterprise, actor=actor, now=now, reason=reason)


async def lose_phone(*, actor: Member, now: datetime) -> int:
    """My phone is gone: sign out everywhere, also here, and suspend every binding of mine."""
    async with in_transaction():
        rows = await _of(actor).filter(state=State.ACTIVE).order_by("id")
        await _suspend(rows, actor=actor, now=now)
        await sessions.end_all(actor, now=now)
    return len(rows)


async def suspend(binding_id: UUID, *, actor: Member | Staff, reason: str, now: datetime) -> None:
    """A colleague's phone is gone, say the legal representative or the staff to whom they spoke.

    Ends all sessions of that person.
    """
    async with in_transaction():
        binding, _ = await _found(binding_id, actor=actor, now=now)
        if await binding_steps.repeated(binding, "suspend", actor=actor):
            return
        theirs = [binding, *await _alike(binding, _ACTIVE)]
        await _suspend(theirs, actor=actor, now=now, reason=reason)
        async with everything("the phone of a colleague is gone: their sessions end as well"):
            await sessions.end_all_of(await binding_steps.person_of(binding), now=now)


async def expire(*, now: datetime) -> int:
    """What nobody renewed is over; by the clock."""
    rows = await Binding.filter(
        state__in=(State.ACTIVE, State.SUSPENDED), expires_at__lte=now - RENEW_AFTER
    ).limit(AT_ONCE)
    for binding in rows:
        with suppress(Stale):  # renewed or ended at this very moment
            async with in_transaction():
                await binding_steps.move(binding, "expire", actor=CLOCK, now=now)
    return len(rows)


async def remind(*, now: datetime) -> int:
    """Tell people in time that a binding runs out, once for each of the days; by the clock.

    A day on which the clock stood still is made up for on the next.
    """
    told = 0
    for days, later in zip(REMIND_DAYS_BEFORE, (*REMIND_DAYS_BEFORE[1:], 0), strict=True):
        rows = await Binding.filter(
            state=State.ACTIVE,
            expires_at__lte=now + timedelta(days=days),
            expires_at__gt=now + timedelta(days=later),
        ).select_related("enterprise")
        for binding in rows:
            assert binding.expires_at is not None  # noqa: S101  # the query asks for it
            async with in_transaction():
                await people.tell_user(
                    await binding_steps.person_of(binding),
                    "binding_expires",
                    {
                        "company": binding.enterprise.name,
                        "expires_on": in_words(binding.expires_at.astimezone(BEIJING).date()),
                    },
                    key=f"binding:{binding.id}:{binding.expires_at.date()}:expires:{days}",
                    now=now,
                    link="/h5/me",
                )
            told += 1
    return told


async def _left(enterprise_id: UUID, actor: Member) -> bool:
    """Whether they left already, and have not come back since."""
    rows = Binding.filter(people.of(actor.user_id), enterprise_id=enterprise_id)
    last = await rows.order_by("-id").first()
    return last is not None and await binding_steps.repeated(last, "leave", actor=actor)


def _of(actor: Member) -> QuerySet[Binding]:
    return Binding.filter(people.of(actor.user_id))


async def _found(
    binding_id: UUID, *, actor: Member | Staff, now: datetime
) -> tuple[Binding, Enterprise]:
    """A binding that the actor may end or suspend, under the lock of its enterprise."""
    binding = await Binding.get_or_none(id=binding_id)
    if binding is None:
        raise NotFound
    enterprise = await binding_steps.lock(binding.enterprise_id)  # type: ignore[attr-defined]
    await binding.refresh_from_db()
    if isinstance(actor, Member):
        mine = await bindings.require(actor, enterprise.id, now=now)
        if not may_remove(mine.role, binding.role):
            raise MayNotRemove
    return binding, enterprise


async def _alike(binding: Binding, states: frozenset[State]) -> list[Binding]:
    """What else the same person holds of this enterprise, in the same role."""
    person = await binding_steps.person_of(binding)
    each = await binding_steps.each_of(person, binding.enterprise_id)  # type: ignore[attr-defined]
    return [
        one
        for one in each
        if one.id != binding.id and one.state in states and one.role is binding.role
    ]


async def _suspend(
    rows: Sequence[Binding], *, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """Suspend what one person holds; about each enterprise everybody is told once."""
    told = set()
    for binding in rows:
        # Papers of the time before the loss prove nothing about who comes now.
        older = sorted(str(file) for file in claims.papers_of(binding))
        anew = {"name_given": "", "licence_file": None, "letter_file": None, "older_files": older}
        await binding_steps.move(binding, "suspend", actor=actor, now=now, reason=reason, **anew)
        await binding.fetch_related("enterprise")
        firm = binding.enterprise
        if firm.id not in told:
            await tell_moved(binding, firm, "已暂停", "手机丢失，确认是您本人后恢复", now=now)
            await tell_others(firm, binding, "有联系人手机丢失，已暂停", now=now)
        told.add(firm.id)


async def tell_others(
    enterprise: Enterprise, binding: Binding, what: str, *, now: datetime
) -> None:
    """Tell the other holders; of the same thing that happens again they are told again."""
    async with everything("who has just left or lost a phone has the others told"):
        await people.tell_holders(
            enterprise.id,
            "colleague_moved",
            {
                "company": enterprise.name,
                "what": what,
                "moved_on": in_words(now.astimezone(BEIJING).date()),
            },
            key=f"binding:{binding.id}:{what}:{now.isoformat()}",
            now=now,
            link=f"/h5/e/{enterprise.id}/colleagues",
            but=await binding_steps.person_of(binding),
        )
