"""Closing an account: everything of the person goes in one transaction, and nothing comes back.

What is the enterprise's stays the enterprise's: certificates, public commitments, its file, and
what was filled in for it while somebody else still acts for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from bot.clients.database import everything, fetch
from bot.domain.actors import Member, System
from bot.domain.bindings import HOLDING, OPEN, Role
from bot.domain.files import CONSENTED_KINDS
from bot.services import (
    audit,
    binding_steps,
    claims,
    colleagues,
    consents,
    conversation,
    exports,
    file_upkeep,
    leaving,
    people,
    sessions,
    telling,
)
from models import (
    Binding,
    Draft,
    Enterprise,
    ExportPack,
    FileUpload,
    Identity,
    Invitation,
    LicencePhoto,
    StoredFile,
    User,
)

KEEPER = System("account.close")
REASON = "账号注销"
_NOBODY_ELSE_HANDED_IN = """
SELECT f.id FROM stored_file f WHERE f.id = ANY($1::uuid[]) AND f.erased_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM binding b WHERE b.enterprise_id = f.enterprise_id
        AND (f.id IN (b.licence_file, b.letter_file) OR b.older_files ? f.id::text))
"""


@dataclass(frozen=True, slots=True)
class Affected:
    """An enterprise that the person acts for, or has asked to."""

    name: str
    role: Role
    holding: bool
    last: bool
    """Nobody else acts for it."""


async def affected(actor: Member, *, now: datetime) -> tuple[Affected, ...]:
    """What closing would do to enterprises; told before it is done."""
    rows = await Binding.filter(people.of(actor.user_id), state__in=OPEN).order_by("id")
    found = []
    for row in rows:
        enterprise = await Enterprise.get(id=row.enterprise_id)  # type: ignore[attr-defined]
        holding = row.state in HOLDING
        last = holding and not await _others(row, actor=actor, now=now)
        name = enterprise.name if holding else row.name_given or enterprise.name
        found.append(Affected(name, row.role, holding, last))
    return tuple(found)


async def close(*, actor: Member, now: datetime) -> None:
    """Erase the person; the number of their user stays, for the records that name it."""
    why = "closing tells colleagues, and reaches what lies under openids and in the chat"
    async with everything(why), in_transaction():
        await consents.lock(actor.user_id)
        await _leave_enterprises(actor, now=now)
        await _erase_claims(actor, now=now)
        await _erase_cards(actor, now=now)
        await _drop_unfinished(actor, now=now)
        await _forget_wechat(actor, now=now)
        await consents.revoke_all(actor=actor, now=now)
        await sessions.end_all(actor, now=now)
        users = Q(id=actor.user_id) | Q(joined_into_id=actor.user_id)
        await User.filter(users).update(closed_at=now)
        await audit.note("account.close", kind="app_user", id=actor.user_id, actor=actor, now=now)


async def _leave_enterprises(actor: Member, *, now: datetime) -> None:
    """End every open binding; colleagues are told once, and the drafts of nobody are deleted."""
    told = set()
    for row in await Binding.filter(people.of(actor.user_id), state__in=OPEN).order_by("id"):
        enterprise = await binding_steps.lock(row.enterprise_id)  # type: ignore[attr-defined]
        others = await _others(row, actor=actor, now=now)
        holding = row.state in HOLDING
        action = "leave" if holding else "withdraw"
        await binding_steps.move(row, action, actor=actor, now=now, reason=REASON)
        if holding and enterprise.id not in told:
            told.add(enterprise.id)
            await colleagues.tell_others(enterprise, row, "有联系人已退出", now=now)
        if holding and not others:
            await Draft.filter(subject=enterprise.id).delete()
    mine = await Binding.filter(people.of(actor.user_id)).values_list("id", flat=True)
    unused = Invitation.filter(made_by_id__in=mine, used_at=None, revoked_at=None)
    await unused.update(revoked_at=now)


async def _erase_claims(actor: Member, *, now: datetime) -> None:
    """Phone numbers, and papers that proved a claim, unless somebody else handed in the same."""
    mine = await Binding.filter(people.of(actor.user_id))
    papers = [file for row in mine for file in claims.papers_of(row)]
    gone: dict[str, object] = {
        "phone_sealed": None,
        "licence_file": None,
        "letter_file": None,
        "older_files": [],
    }
    for row in mine:
        await binding_steps.fill(row, actor=actor, now=now, **gone)
    await _erase(await fetch(_NOBODY_ELSE_HANDED_IN, papers), now=now)


async def _erase_cards(actor: Member, *, now: datetime) -> None:
    """The papers that were handed in by a consent of their own: identity cards."""
    users = [str(user_id) for user_id in await _users(actor)]
    cards = StoredFile.filter(
        kind__in=CONSENTED_KINDS, actor_kind="member", actor__in=users, erased_at=None
    )
    await _erase(await cards.values("id"), now=now)


async def _erase(files: Sequence[Mapping[str, UUID]], *, now: datetime) -> None:
    for file in files:
        await file_upkeep.erase(file["id"], actor=KEEPER, now=now, reason=REASON)


async def _drop_unfinished(actor: Member, *, now: datetime) -> None:
    ids = await _users(actor)
    await Draft.filter(subject__in=ids).delete()
    await FileUpload.filter(user_id__in=ids).delete()
    await LicencePhoto.filter(user_id__in=ids).delete()
    await exports.drop(await ExportPack.filter(user_id__in=ids), now=now)
    await fetch("DELETE FROM idempotency_key WHERE user_id = ANY($1::uuid[])", ids)


async def _forget_wechat(actor: Member, *, now: datetime) -> None:
    """The chat, and who they are in WeChat: whoever signs in again is somebody new."""
    known = await Identity.filter(people.of(actor.user_id))
    for one in known:
        await telling.cancel(one.openid)
        await leaving.erase(one.appid, one.openid, now=now)
        await conversation.erase(one.appid, one.openid)
    await Identity.filter(id__in=[one.id for one in known]).delete()


async def _others(row: Binding, *, actor: Member, now: datetime) -> bool:
    held = await binding_steps.holders(row.enterprise_id, now=now)  # type: ignore[attr-defined]
    return any([await binding_steps.person_of(one) != actor.user_id for one in held])


async def _users(actor: Member) -> list[UUID]:
    users = User.filter(Q(id=actor.user_id) | Q(joined_into_id=actor.user_id))
    return [one.id for one in await users]
