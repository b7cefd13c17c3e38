"""The ledger of consents: given per purpose and version, listed, revoked; nothing is deleted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Member
from bot.domain.consents import TEXTS, Purpose, Text
from bot.domain.errors import DomainError, Stale
from bot.services import commitment_publishing, people, sessions
from models import Consent
from models.ids import new_id

_LOCK = 4106


class NoConsent(DomainError):
    """The purpose is one that has to be agreed to by itself, before."""

    code = "no_consent"
    message = "这一步要您先同意相关说明。"


@dataclass(frozen=True, slots=True)
class Standing:
    """One purpose: today's text, and since when the person agrees to it, if they do."""

    purpose: Purpose
    text: Text
    given_at: datetime | None
    revoked_at: datetime | None = None
    """When the person last took an agreement to this purpose back."""
    older_at: datetime | None = None
    """Since when they agree to an older text only; it can be taken back like any other."""


async def standings(*, actor: Member) -> list[Standing]:
    """Every purpose, asked or not; an agreement to an older text does not count."""
    given: dict[str, datetime] = {}
    older: dict[str, datetime] = {}
    for one in await _live(actor.user_id).order_by("-given_at"):
        today = one.version == TEXTS[Purpose(one.purpose)].version
        (given if today else older).setdefault(one.purpose, one.given_at)
    mine = _ever(actor.user_id).filter(revoked_at__isnull=False)
    revoked = {one.purpose: one.revoked_at for one in await mine.order_by("revoked_at")}
    return [
        Standing(
            purpose,
            text,
            given.get(purpose.value),
            revoked.get(purpose.value),
            None if purpose.value in given else older.get(purpose.value),
        )
        for purpose, text in TEXTS.items()
    ]


async def agrees(purpose: Purpose, *, actor: Member) -> bool:
    """Whether the person agrees to today's text of this purpose."""
    mine = _live(actor.user_id)
    return await mine.filter(purpose=purpose.value, version=TEXTS[purpose].version).exists()


async def stands(purpose: Purpose, user_id: UUID) -> bool:
    """Whether a person who is not acting now stands by their agreement, also to an older text:
    what they gave under it may be used as it said."""
    [person] = await fetch(
        "SELECT coalesce(joined_into_id, id) AS id FROM app_user WHERE id = $1", user_id
    )
    return await _live(person["id"]).filter(purpose=purpose.value).exists()


async def require(purpose: Purpose, *, actor: Member) -> None:
    """Raise NoConsent for whoever does not agree to today's text."""
    if not await agrees(purpose, actor=actor):
        raise NoConsent(f"请您先阅读并同意“{TEXTS[purpose].title}”的说明。")


async def give(purpose: Purpose, version: int, *, actor: Member, now: datetime) -> None:
    """Record that the person agrees to today's text; agreeing again changes nothing."""
    text = TEXTS[purpose]
    if version != text.version:
        raise Stale("说明已经更新，请阅读新的说明后再决定。")
    async with in_transaction():
        await lock(actor.user_id)
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
    """End every agreement to this purpose, of whatever version.

    Without an agreement to be served at all nobody stays signed in; without one to be shown, what
    the person signed on their own phone is not shown any more, or ever.
    """
    async with in_transaction():
        await lock(actor.user_id)
        if purpose is Purpose.PRIVACY:
            await sessions.end_all(actor, now=now)
        if purpose is Purpose.PUBLICATION:
            await commitment_publishing.withdraw_signed(actor=actor, now=now)
        await Consent.filter(
            id__in=[one.id for one in await _live(actor.user_id).filter(purpose=purpose.value)]
        ).update(revoked_at=now)


async def revoke_all(*, actor: Member, now: datetime) -> None:
    """End every agreement of whoever closes their account, which took the `lock`."""
    await commitment_publishing.unsign(actor=actor, now=now)
    await Consent.filter(id__in=[one.id for one in await _live(actor.user_id)]).update(
        revoked_at=now
    )


def _live(user_id: UUID) -> QuerySet[Consent]:
    return _ever(user_id).filter(revoked_at=None)


def _ever(user_id: UUID) -> QuerySet[Consent]:
    return Consent.filter(people.of(user_id))


async def lock(user_id: UUID) -> None:
    """Whoever changes what a person agrees to, or acts on it, does so one after the other.

    Taken before the lock of an enterprise, inside the caller's transaction.
    """
    await fetch("SELECT pg_advisory_xact_lock($1, hashtext($2))", _LOCK, str(user_id))
