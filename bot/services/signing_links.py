"""One-time links: an agent forwards one, the legal representative signs with it, once."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.clients.vault import Vault
from bot.domain import handwriting
from bot.domain.actors import Member, Visitor
from bot.domain.commitments import LINK_LIVES, How, LinkOver, NoSuchStep, State
from bot.services import binding_steps, bindings, commitments, people
from bot.services.commitment_texts import Text, texts
from bot.services.sessions import TOKEN_BYTES, hashed
from models import Commitment, SigningLink
from models.ids import new_id

# Whoever made it has acted for the enterprise ever since: who left and came back asks anew.
_MAKER_ACTS = """
SELECT 1 FROM binding b JOIN app_user u ON u.id = b.user_id
JOIN app_user maker ON 'member:' || maker.id = $1
WHERE coalesce(u.joined_into_id, u.id) = coalesce(maker.joined_into_id, maker.id)
    AND b.enterprise_id = $2 AND b.state = 'active' AND b.active_at <= $3 AND b.expires_at > $4
"""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A fresh link. The token stands here and nowhere else."""

    expires_at: datetime
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the legal representative sees before they sign."""

    name: str
    credit_code: str
    legal_representative: str
    text: Text
    expires_at: datetime


async def forward(enterprise_id: UUID, *, actor: Member, now: datetime) -> Forwarded:
    """Make a link for what is being signed; an older one stops working."""
    await bindings.require(actor, enterprise_id, now=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    async with in_transaction():
        await binding_steps.lock(enterprise_id)
        row = await commitments.being_signed(enterprise_id)
        if row is None or row.state is not State.PREPARED:
            raise NoSuchStep("没有正在签署的承诺书，请从头开始。")
        living = SigningLink.filter(commitment_id=row.id, used_at=None, revoked_at=None)
        await living.update(revoked_at=now)
        link = SigningLink(
            id=new_id(now),
            commitment_id=row.id,
            token_hash=hashed(token),
            created_by=people.label(actor),
            created_at=now,
            expires_at=now + LINK_LIVES,
        )
        await link.save(force_create=True)
        await commitments.note(row, "commitment.forward", row.state, actor=actor, now=now)
    return Forwarded(link.expires_at, token)


async def look(token: str, *, now: datetime) -> Asked:
    """What a link asks for, or LinkOver; looking uses nothing up."""
    link, row = await _living(token, now=now)
    return Asked(
        row.name, row.credit_code, row.legal_representative, texts()[row.text_version],
        link.expires_at,
    )  # fmt: skip


async def sign(token: str, strokes: str, *, vault: Vault, now: datetime) -> Commitment:
    """Take the signature; of two at once one succeeds, and the link is used up.

    The same signature again is answered as the first time: its answer may have been lost.
    """
    read = handwriting.read(strokes)
    seen = await _any(token)
    if seen is None:
        raise LinkOver
    async with in_transaction():
        await binding_steps.lock(seen.commitment.enterprise_id)
        seen = await _any(token)  # again: it may have been used meanwhile
        if seen and seen.used_at and seen.commitment.signature_sha256 == read.sha256:
            return seen.commitment
        link, row = await _living(token, now=now)
        await SigningLink.filter(id=link.id).update(used_at=now)
        await commitments.take_signature(row, read, How.LINK, actor=Visitor(), vault=vault, now=now)
    return row


async def _any(token: str) -> SigningLink | None:
    """The link of this token, also one that is over."""
    return await SigningLink.filter(token_hash=hashed(token)).select_related("commitment").first()


async def _living(token: str, *, now: datetime) -> tuple[SigningLink, Commitment]:
    """A link that is unused, of somebody who still acts for the enterprise."""
    link = await (
        SigningLink.filter(
            token_hash=hashed(token),
            used_at=None,
            revoked_at=None,
            expires_at__gt=now,
            commitment__state=State.PREPARED,
        )
        .select_related("commitment")
        .first()
    )
    if link is None:
        raise LinkOver
    row: Commitment = link.commitment
    if not await fetch(_MAKER_ACTS, link.created_by, row.enterprise_id, link.created_at, now):
        raise LinkOver
    return link, row
