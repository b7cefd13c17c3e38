"""Deciding on claims: by a holder who knows the claimant, or by the staff who read the papers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.clients.vault import Vault
from bot.domain import remarks
from bot.domain.actors import Actor, Member, Staff
from bot.domain.bindings import How, Role, State
from bot.domain.dates import in_words
from bot.domain.enterprises import Details
from bot.domain.errors import BadInput, NotFound
from bot.domain.workdays import BEIJING
from bot.services import audit, binding_steps, bindings, claims, enterprises, journeys, people
from models import Binding, BindingStep, Enterprise

CONFIRMED = MappingProxyType({State.DISPUTED: "confirm", State.SUSPENDED: "reclaim"})


class NoPapers(BadInput):
    code = "claim_without_papers"
    message = "申请人还没有交齐营业执照和授权书。不用交的，请写明原因。"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A claim as the staff see it."""

    binding_id: UUID
    credit_code: str
    name: str
    name_given: str
    role: Role
    state: State
    how: How
    person: str
    phone: str
    papers: tuple[UUID, ...]
    holders: int
    requested_at: datetime


async def phones_of(rows: Iterable[Waiting], *, actor: Staff, now: datetime) -> dict[UUID, str]:
    """The numbers in clear, to call the claimants; that somebody reads each is written down."""
    found = {row.binding_id: row.phone for row in rows if row.phone}
    async with in_transaction():
        for binding in found:
            await audit.note("binding.phone_read", kind="binding", id=binding, actor=actor, now=now)
    return found


async def waiting(*, vault: Vault, limit: int = 200) -> tuple[Waiting, ...]:
    """What waits for the staff, the oldest first: claims, and lost phones with new papers."""
    rows = await fetch(
        "SELECT b.*, e.credit_code, e.name, (SELECT count(*) FROM binding h"
        " WHERE h.enterprise_id = b.enterprise_id AND h.id <> b.id"
        " AND h.state IN ('active', 'suspended')) AS holders"
        " FROM binding b JOIN enterprise e ON e.id = b.enterprise_id"
        " WHERE b.state IN ('requested', 'disputed')"
        " OR (b.state = 'suspended' AND (b.name_given <> ''"
        " OR coalesce(b.licence_file, b.letter_file) IS NOT NULL))"
        " OR (b.state = 'active' AND b.role = 'agent' AND b.id IN (SELECT s.binding_id FROM"
        "  binding_step s WHERE s.action = 'question'))"
        " ORDER BY b.requested_at LIMIT $1",
        limit,
    )
    return tuple(
        Waiting(
            binding_id=row["id"],
            credit_code=row["credit_code"],
            name=row["name"],
            name_given=row["name_given"],
            role=Role(row["role"]),
            state=State(row["state"]),
            how=How(row["how"]),
            person=row["person"],
            phone=_phone(row, vault),
            papers=tuple(file for file in (row["licence_file"], row["letter_file"]) if file),
            holders=row["holders"],
            requested_at=row["requested_at"],
        )
        for row in rows
    )


async def approve(
    binding_id: UUID,
    *,
    actor: Staff,
    now: datetime,
    replace: bool = False,
    reason: str = "",
    role: Role | None = None,
) -> None:
    """Believe the claimant. Who was there stays, unless `replace`; but there is one 法定代表人.

    A new legal representative ends the bindings of earlier ones, and their name enters the file.
    Without both papers the reason says why they were not needed. `role` is what the papers prove,
    where that is not the role of the claim.
    """
    async with in_transaction():
        binding, enterprise = await _locked(binding_id)
        if not reason.strip() and not (binding.licence_file and binding.letter_file):
            raise NoPapers
        await binding_steps.move(
            binding, "approve", actor=actor, now=now, reason=reason, role=role or binding.role
        )
        before = await binding_steps.holders(enterprise.id, now=now)
        others = [other for other in before if other.id != binding.id]
        gone = [one for one in others if replace or binding.role is one.role is Role.LEGAL]
        await end(gone, "replace", enterprise, actor=actor, now=now, reason="由新的联系人接替")
        await claims.enter_stated(binding, actor=actor, now=now)
        if binding.role is Role.LEGAL and binding.person:
            legal = Details(legal_representative=binding.person)
            await enterprises.describe(
                enterprise.id, legal, source=enterprises.STAFF, actor=actor, now=now
            )
        await claims.contest_others(binding, actor=actor, now=now)
        await tell_moved(binding, enterprise, "已通过", reason or "欢迎使用信用服务", now=now)


async def reject(binding_id: UUID, *, actor: Staff, reason: str, now: datetime) -> None:
    """Refuse a claim; the claimant is told why."""
    if not reason.strip():
        raise BadInput("请写明不通过的原因，申请人会看到。")
    async with in_transaction():
        binding, enterprise = await _locked(binding_id)
        await binding_steps.move(binding, "reject", actor=actor, now=now, reason=reason)
        await tell_moved(binding, enterprise, "未通过", reason, now=now)


async def uphold(binding_id: UUID, *, actor: Staff, reason: str, now: datetime) -> None:
    """The staff found that who was put to the question still is the legal representative."""
    reason = remarks.reason(reason)
    async with in_transaction():
        binding, enterprise = await _locked(binding_id)
        asked = await BindingStep.filter(binding_id=binding.id, action="question").exists()
        if binding.state is not State.ACTIVE or binding.role is Role.LEGAL or not asked:
            raise NotFound("这个联系人没有等待确认的法定代表人身份。")
        known = (await enterprises.look(enterprise.id)).details.legal_representative
        person = binding.person or known
        await binding_steps.move(
            binding, "uphold", actor=actor, now=now, reason=reason, role=Role.LEGAL, person=person
        )
        before = await binding_steps.holders(enterprise.id, now=now)
        gone = [one for one in before if one.role is Role.LEGAL and one.id != binding.id]
        await end(gone, "replace", enterprise, actor=actor, now=now, reason="由新的联系人接替")
        legal = Details(legal_representative=person)
        await enterprises.describe(
            enterprise.id, legal, source=enterprises.STAFF, actor=actor, now=now
        )
        await tell_moved(binding, enterprise, "已确认", "您仍是法定代表人", now=now)


async def confirm(binding_id: UUID, *, actor: Member, now: datetime) -> None:
    """A holder knows who claims their enterprise, or who is back after a loss: as an 经办人.

    Only the legal representative lets somebody in as legal representative: by an invitation.
    """
    async with in_transaction():
        binding, enterprise = await _locked(binding_id)
        mine = await bindings.require(actor, enterprise.id, now=now)
        if binding.state is State.SUSPENDED and not mine.role.covers(binding.role):
            raise bindings.NeedsLegal
        action = CONFIRMED.get(binding.state)
        if action is None:
            for done in CONFIRMED.values():
                if await binding_steps.repeated(binding, done, actor=actor):
                    return
            raise NotFound
        await binding_steps.move(binding, action, actor=actor, now=now, role=Role.AGENT)
        await claims.enter_stated(binding, actor=actor, now=now)
        await tell_moved(binding, enterprise, "已通过", "由现有联系人确认", now=now)


async def end(
    gone: Iterable[Binding],
    action: str,
    enterprise: Enterprise,
    *,
    actor: Actor,
    now: datetime,
    reason: str,
) -> None:
    """End bindings and tell whose they were, inside the caller's transaction: each person once,
    also who held several."""
    told = set()
    for binding in gone:
        await binding_steps.move(binding, action, actor=actor, now=now, reason=reason)
        person = await binding_steps.person_of(binding)
        if person not in told:
            await tell_moved(binding, enterprise, "已解除", reason, now=now)
        told.add(person)


async def tell_moved(
    binding: Binding, enterprise: Enterprise, state: str, reason: str, *, now: datetime
) -> None:
    """Tell the person of a binding how it stands now; `state` is at most five signs."""
    await people.tell_user(
        await binding_steps.person_of(binding),
        "binding_moved",
        {
            "company": binding.name_given or enterprise.name,
            "state": state,
            "reason": reason,
            "moved_on": in_words(now.astimezone(BEIJING).date()),
        },
        key=f"binding:{binding.id}:{state}:{now.isoformat()}",
        now=now,
        link=await _leads_to(binding, enterprise),
    )


async def _leads_to(binding: Binding, enterprise: Enterprise) -> str:
    """Who is let in goes straight on to the first step; all others see where they stand."""
    let_in = binding.state is State.ACTIVE
    if let_in and "信用承诺" not in await journeys.done(enterprise.id):
        return f"/h5/e/{enterprise.id}/commitment"
    return "/h5/me"


async def _locked(binding_id: UUID) -> tuple[Binding, Enterprise]:
    """The binding as it stands once nobody else changes who acts for its enterprise."""
    binding = await Binding.get_or_none(id=binding_id)
    if binding is None:
        raise NotFound("没有这个编号的绑定申请。")
    enterprise = await binding_steps.lock(binding.enterprise_id)  # type: ignore[attr-defined]
    await binding.refresh_from_db()
    return binding, enterprise


def _phone(row: dict[str, object], vault: Vault) -> str:
    sealed = row["phone_sealed"]
    if not isinstance(sealed, bytes):
        return ""
    return vault.open(sealed, context=f"binding:{row['id']}:phone")
