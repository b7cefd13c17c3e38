"""The ledger of consents: given per purpose and version, listed, revoked; nothing is deleted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Member
from bot.domain.consents import TEXTS, Purpose, Text
from bot.domain.errors import Stale
from models import Consent
from models.ids import new_id


@dataclass(frozen=True, slots=True)
class Standing:
    """One purpose: today's text, and since when the person agrees to it, if they do."""

    purpose: Purpose
    text: Text
    given_at: datetime | None


async def standings(*, actor: Member) -> list[Standing]:
    """Every purpose, asked or not; an agreement to an older text does not count."""
    given = {
        (one.purpose, one.version): one.given_at
        for one in await _live(actor.user_id).order_by("-given_at")
    }
    return [
        Standing(purpose, text, given.get((purpose.value, text.version)))
        for purpose, text in TEXTS.items()
    ]


async def agrees(purpose: Purpose, *, actor: Member) -> bool:
    """Whether the person agrees to today's text of this purpose."""
    mine = _live(actor.user_id)
    return await mine.filter(purpose=purpose.value, version=TEXTS[purpose].version).exists()


async def give(purpose: Purpose, version: int, *, actor: Member, now: datetime) -> None:
    """Record that the person agrees to today's text; agreeing again changes nothing."""
    text = TEXTS[purpose]
    if version != text.version:
        raise Stale("说明已经更新，请阅读新的说明后再决定。")
    async with in_transaction():
        await _one_at_a_time(actor.user_id)
        if await _live(actor.user_id).filter(purpose=purpose.value, version=version).exists():
            return
        consent = Consent(
            id=new_id(now),
            user_id=actor.user_id,
            purpose=purpose.value,
            version=version,
            text_hash=text.hash,
            given_at=now,
        )
        await consent.save(force_create=True)


async def revoke(purpose: Purpose, *, actor: Member, now: datetime) -> None:
    """End every agreement to this purpose, of whatever version."""
    async with in_transaction():
        await _one_at_a_time(actor.user_id)
        await Consent.filter(
            id__in=[one.id for one in await _live(actor.user_id).filter(purpose=purpose.value)]
        ).update(revoked_at=now)


def _live(user_id: UUID) -> QuerySet[Consent]:
    """Also what was given before two users proved to be one person."""
    mine = Q(user_id=user_id) | Q(user__joined_into_id=user_id)
    return Consent.filter(mine, revoked_at=None)


async def _one_at_a_time(user_id: UUID) -> None:
    await fetch("SELECT 1 FROM app_user WHERE id = $1 FOR UPDATE", user_id)
