"""Inviting colleagues: a link for one person, once, for a few days; its token is kept as a hash.

The answer that showed it lies sealed for a day besides, where it was asked for with a key.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from bot.clients.database import everything
from bot.domain.actors import Member
from bot.domain.bindings import INVITED_FOR, MOST_HOLDERS, How, Role, State
from bot.domain.dates import in_words
from bot.domain.enterprises import Details
from bot.domain.errors import DomainError, NotFound, Stale, TooMany
from bot.domain.workdays import BEIJING
from bot.services import audit, binding_steps, bindings, enterprises, people
from bot.services.claim_reviews import end
from bot.services.claims import HeldAlready
from bot.services.sessions import TOKEN_BYTES, hashed
from models import Binding, Invitation
from models.ids import new_id

WHY = "whoever holds a link acts for the enterprise only once they have accepted"
MOST_OPEN = 20  # links of one enterprise that nobody has used yet


class NoInvitation(DomainError):
    """Used, too old, taken back, or never made: who holds the link is told no more."""

    code = "invitation_over"
    message = "这个邀请链接已经用过或者过期了，请联系邀请您的同事重新发一个。"


@dataclass(frozen=True, slots=True)
class Invited:
    """A fresh link. The token stands here, and sealed in the answer that is kept for its key."""

    id: UUID
    role: Role
    expires_at: datetime
    token: str = field(repr=False)
    again: bool = False
    """The link before it, which may never have arrived, is no good any more."""


@dataclass(frozen=True, slots=True)
class Open:
    """An invitation that nobody has used yet, as the holders see it."""

    id: UUID
    role: Role
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """What the invited person sees before they accept."""

    enterprise_id: UUID
    name: str
    role: Role
    expires_at: datetime


async def invite(
    enterprise_id: UUID, role: Role, *, actor: Member, now: datetime, number: UUID | None = None
) -> Invited:
    """Make a link; only the legal representative invites the next legal representative.

    `number` is that of the asking: asked again, since its answer was lost on the way, it makes no
    second invitation but gives the one that it made a new link.
    """
    mine = await bindings.require(actor, enterprise_id, now=now, role=role)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    async with in_transaction():
        await binding_steps.lock(enterprise_id)
        links = await _open(enterprise_id, now=now)
        asked = (number, role, mine.binding_id)  # a colleague's link is none of the asker's
        made = next((o for o in links if (o.id, o.role, _maker(o)) == asked), None)
        if again := made is not None:
            await Invitation.filter(id=made.id).update(token_hash=hashed(token))
        elif len(links) >= MOST_OPEN:
            raise TooMany("还没有使用的邀请链接太多了，请先收回几个。")
        else:
            made = Invitation(
                id=number or new_id(now),
                enterprise_id=enterprise_id,
                made_by_id=mine.binding_id,
                token_hash=hashed(token),
                role=role,
                created_at=now,
                expires_at=now + INVITED_FOR,
            )
            try:
                await made.save(force_create=True)
            except IntegrityError:  # used or taken back by now, or somebody else's
                raise Stale("这次邀请已经办过了，请回到联系人页面再看。") from None
        await _note("invitation.renew" if again else "invitation.make", made, actor=actor, now=now)
    return Invited(made.id, role, made.expires_at, token, again)


async def listed(enterprise_id: UUID, *, actor: Member, now: datetime) -> tuple[Open, ...]:
    """The links that nobody has used yet."""
    await bindings.require(actor, enterprise_id, now=now)
    rows = await _open(enterprise_id, now=now)
    return tuple(Open(row.id, row.role, row.created_at, row.expires_at) for row in rows)


async def revoke(enterprise_id: UUID, invitation_id: UUID, *, actor: Member, now: datetime) -> None:
    """Take a link back before anybody uses it."""
    await bindings.require(actor, enterprise_id, now=now)
    async with in_transaction():
        found = Invitation.filter(id=invitation_id, enterprise_id=enterprise_id)
        invitation = await found.first()
        taken = await found.filter(used_at=None, revoked_at=None).update(revoked_at=now)
        if taken and invitation is not None:
            await _note("invitation.revoke", invitation, actor=actor, now=now)
        elif invitation is None or invitation.revoked_at is None:
            raise NotFound


async def look(token: str, *, now: datetime) -> Offer:
    """What a link offers, or NoInvitation."""
    async with everything(WHY):
        invitation = await _living(token, now=now)
    enterprise = invitation.enterprise
    return Offer(enterprise.id, enterprise.name, invitation.role, invitation.expires_at)


async def accept(token: str, person: str, *, actor: Member, now: datetime) -> UUID:
    """Become a holder; of two at once one succeeds. Answers the enterprise.

    A new legal representative takes the place of the one who invited them, and of any other.
    """
    async with everything(WHY), in_transaction():
        if (joined := await _joined(token, actor)) is not None:
            return joined  # its answer was lost on the way
        enterprise_id = (await _living(token, now=now)).enterprise.id
        enterprise = await binding_steps.lock(enterprise_id)
        invitation = await _living(token, now=now)  # again: it may have been used meanwhile
        held = await binding_steps.holders(enterprise_id, now=now)
        if len(held) >= MOST_HOLDERS:
            raise TooMany("这家企业的联系人已满，请先解除不再办理的人。")
        mine = await binding_steps.mine(enterprise_id, actor.user_id)
        if mine is not None and mine.state is State.ACTIVE:
            raise HeldAlready
        mine = await _let_in(mine, invitation, person.strip(), actor=actor, now=now)
        await Invitation.filter(id=invitation.id).update(used_at=now, used_for=mine.id)
        if invitation.role is Role.LEGAL:
            old = [one for one in held if one.role is Role.LEGAL and one.id != mine.id]
            await end(old, "replace", enterprise, actor=actor, now=now, reason="法定代表人已变更")
            if person.strip():
                legal = Details(legal_representative=person.strip())
                await enterprises.describe(
                    enterprise_id, legal, source=enterprises.DECLARED, actor=actor, now=now
                )
        await _tell_joined(invitation, enterprise.name, actor=actor, now=now)
    return enterprise_id


async def _joined(token: str, actor: Member) -> UUID | None:
    """The enterprise that somebody acts for by this very link."""
    used = await Invitation.get_or_none(token_hash=hashed(token), used_at__isnull=False)
    binding = await Binding.get_or_none(id=used.used_for, state=State.ACTIVE) if used else None
    if binding is None or await binding_steps.person_of(binding) != actor.user_id:
        return None
    enterprise_id: UUID = binding.enterprise_id  # type: ignore[attr-defined]
    return enterprise_id


async def _let_in(
    mine: Binding | None, invitation: Invitation, person: str, *, actor: Member, now: datetime
) -> Binding:
    if mine is None:
        fresh = Binding(
            enterprise_id=invitation.enterprise.id,
            user_id=actor.user_id,
            role=invitation.role,
            how=How.INVITATION,
            state=State.ACTIVE,
            person=person,
        )
        return await binding_steps.begin(fresh, actor=actor, now=now)
    more = {"role": invitation.role, "how": How.INVITATION, "person": person}
    await binding_steps.move(mine, "join", actor=actor, now=now, **more)
    return mine


async def _tell_joined(
    invitation: Invitation, company: str, *, actor: Member, now: datetime
) -> None:
    await people.tell_holders(
        invitation.enterprise.id,
        "colleague_moved",
        {
            "company": company,
            "what": f"有新的{invitation.role.label}加入",
            "moved_on": in_words(now.astimezone(BEIJING).date()),
        },
        key=f"invitation:{invitation.id}:used",
        now=now,
        link=f"/h5/e/{invitation.enterprise.id}/colleagues",
        but=actor.user_id,
    )


async def _living(token: str, *, now: datetime) -> Invitation:
    """A link of somebody who still acts for the enterprise, and in a role that may make it."""
    invitation = await (
        Invitation.filter(
            token_hash=hashed(token),
            used_at=None,
            revoked_at=None,
            expires_at__gt=now,
            made_by__state=State.ACTIVE,
            made_by__expires_at__gt=now,
        )
        .select_related("enterprise", "made_by")
        .first()
    )
    if invitation is None or not invitation.made_by.role.covers(invitation.role):
        raise NoInvitation
    return invitation


async def _open(enterprise_id: UUID, *, now: datetime) -> list[Invitation]:
    return await Invitation.filter(
        enterprise_id=enterprise_id, used_at=None, revoked_at=None, expires_at__gt=now
    ).order_by("-created_at", "-id")


def _maker(invitation: Invitation) -> UUID:
    binding_id: UUID = invitation.made_by_id  # type: ignore[attr-defined]
    return binding_id


async def _note(action: str, invitation: Invitation, *, actor: Member, now: datetime) -> None:
    enterprise_id: UUID = invitation.enterprise_id  # type: ignore[attr-defined]
    await audit.note(
        action,
        kind="invitation",
        id=invitation.id,
        actor=actor,
        now=now,
        enterprise_id=enterprise_id,
        after={"role": invitation.role},
    )
