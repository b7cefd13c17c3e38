"""Claiming enterprises by a phone number that the roster knows."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clients.database import everything
from bot.clients.vault import Vault
from bot.domain import phones
from bot.domain.actors import Member
from bot.domain.bindings import HOLDING, How, State
from bot.domain.errors import DomainError, TooMany
from bot.services import binding_steps, claims
from bot.services.claims import Claimed
from models import Binding, Enterprise, RosterContact

PHONE = "phone"  # the context of its blind index
LEFT_OUT = "名册里这个手机号还有别的企业，这次没有申请上："


class NotOnRoster(DomainError):
    """WeChat vouches for the number, and no roster has it."""

    code = "phone_not_on_roster"
    message = "会员名册里没有这个手机号。请改用营业执照和授权书申请，工作人员会尽快核实。"


@dataclass(frozen=True, slots=True)
class ByPhone:
    """What came of it."""

    claims: tuple[Claimed, ...]
    left_out: str
    """Why others that the roster has for this number were not claimed; empty: there are none."""


async def by_phone(number: str, *, actor: Member, vault: Vault, now: datetime) -> ByPhone:
    """Claim every enterprise for which a roster has this number; WeChat vouches that it is theirs.

    Active at once where nobody holds the enterprise; else a dispute, and the holders are told. A
    binding that was suspended stays so: the number proves who has the phone, not who owns it.
    """
    async with everything(claims.WHY):
        return await _by_phone(phones.read(number), actor=actor, vault=vault, now=now)


async def _by_phone(phone: str | None, *, actor: Member, vault: Vault, now: datetime) -> ByPhone:
    blind = vault.blind(phone, context=PHONE) if phone else b""
    contacts = await RosterContact.filter(phone_blind=blind, superseded_at=None).order_by(
        "enterprise_id", "role"
    )
    if phone is None or not contacts:
        raise NotOnRoster
    best = {contact.enterprise_id: contact for contact in contacts}  # type: ignore[attr-defined]
    claimed: list[Claimed] = []
    refused: TooMany | None = None
    for enterprise_id, contact in best.items():
        try:
            async with in_transaction():
                enterprise = await binding_steps.lock(enterprise_id)
                binding = await _by_roster(enterprise, contact, actor=actor, now=now)
                if binding.phone_sealed is None:
                    sealed = vault.seal(phone, context=f"binding:{binding.id}:phone")
                    await binding_steps.fill(binding, actor=actor, now=now, phone_sealed=sealed)
        except TooMany as refusal:  # a dispute too many keeps nobody from what is theirs at once
            refused = refusal
        else:
            claimed.append(_claimed(enterprise, binding))
    if refused and not claimed:
        raise refused
    return ByPhone(tuple(claimed), f"{LEFT_OUT}{refused}" if refused else "")


async def _by_roster(
    enterprise: Enterprise, contact: RosterContact, *, actor: Member, now: datetime
) -> Binding:
    mine = await binding_steps.mine(enterprise.id, actor.user_id)
    if mine is not None and mine.state in HOLDING:
        return mine
    held = await binding_steps.holders(enterprise.id, now=now)
    if mine is None:
        if held:
            await claims.check_claims_of_today(actor, now=now)
        mine = await binding_steps.begin(
            Binding(
                enterprise_id=enterprise.id,
                user_id=actor.user_id,
                role=contact.role,
                how=How.ROSTER,
                person=contact.person,
                state=State.DISPUTED if held else State.ACTIVE,
            ),
            actor=actor,
            now=now,
        )
    elif not held:
        more = {"role": contact.role, "person": contact.person, "how": How.ROSTER}
        await binding_steps.move(mine, "vouch", actor=actor, now=now, reason="", **more)
        await claims.enter_stated(mine, actor=actor, now=now)
    if mine.state is State.ACTIVE:
        await claims.contest_others(mine, actor=actor, now=now)
    else:
        await claims.alarm(enterprise, mine, now=now)
    return mine


def _claimed(enterprise: Enterprise, binding: Binding) -> Claimed:
    return Claimed(
        binding.id,
        enterprise.id,
        enterprise.credit_code,
        enterprise.name,
        binding.role,
        binding.state,
    )
