"""Signing in by a WeChat identity, and the sessions that follow from it."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Member, System
from bot.domain.consents import TEXTS, Purpose
from bot.domain.sessions import ONE_MESSAGE, Door, expiry, worth_noting
from bot.services import audit
from models import Identity, Session, User
from models.ids import new_id

TOKEN_BYTES = 32
# Advisory locks, each kind taken after the one above it, so that nobody waits in a circle.
_LOCK_IDENTITY, _LOCK_UNIONID, _LOCK_JOINING = 4101, 4102, 4103

# Whether the person of the user `u` agrees to today's privacy text: $1 and $2.
_AGREED = (
    "EXISTS (SELECT 1 FROM consent c JOIN app_user a ON a.id = c.user_id"
    " WHERE coalesce(u.joined_into_id, u.id) IN (a.id, a.joined_into_id)"
    " AND c.purpose = $1 AND c.version = $2 AND c.revoked_at IS NULL)"
)
_PRIVACY = (Purpose.PRIVACY.value, TEXTS[Purpose.PRIVACY].version)


@dataclass(frozen=True, slots=True)
class Known:
    """What WeChat says about who came in: an openid of one of its accounts."""

    appid: str
    openid: str
    unionid: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A fresh session. Of its token only the hash is kept, and for some minutes the sealed answer
    that gave it, where that was asked for with a key."""

    member: Member
    token: str = field(repr=False)


async def sign_in(known: Known, door: Door, *, now: datetime) -> Opened:
    """Find or make the person of this identity and open a session for them.

    A unionid joins the identities of one person, also when it becomes known only later; then the
    younger of two users points to the older for ever. No unionid joins nobody.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    async with in_transaction():
        user_id = await _user_of(known, now=now)
        session = Session(
            id=new_id(now),
            token_hash=hashed(token),
            user_id=user_id,
            door=door.value,
            created_at=now,
            last_seen_at=now,
            expires_at=expiry(door, created_at=now, now=now),
        )
        await session.save(force_create=True)
    return Opened(Member(user_id, session.id, door, now, session.expires_at), token)


async def recognise(known: Known, *, now: datetime) -> UUID:
    """The same, of somebody who has not come in: no session is opened."""
    async with in_transaction():
        return await _user_of(known, now=now)


async def is_tied(known: Known) -> bool:
    """Whether this identity's unionid is known."""
    who = Identity.filter(appid=known.appid, openid=known.openid, unionid__isnull=False)
    return await who.exists()


async def find(token: str, door: Door, *, now: datetime) -> Member | None:
    """Whose token it is, if it lives and was made for this door; being used, it lives longer.

    Whether the person agrees to today's privacy text is told by the same query.
    """
    rows = await fetch(
        "SELECT s.id, s.created_at, s.last_seen_at, s.expires_at,"  # noqa: S608  # our own words
        f" coalesce(u.joined_into_id, u.id) AS user_id, {_AGREED} AS agreed"
        " FROM session s JOIN app_user u ON u.id = s.user_id"
        " WHERE s.token_hash = $3 AND s.door = $4 AND s.ended_at IS NULL AND s.expires_at > $5",
        *_PRIVACY,
        hashed(token),
        door.value,
        now,
    )
    if not rows:
        return None
    [row] = rows
    until: datetime = row["expires_at"]
    if worth_noting(last_seen_at=row["last_seen_at"], now=now):
        until = expiry(door, created_at=row["created_at"], now=now)
        await Session.filter(id=row["id"], ended_at__isnull=True).update(
            last_seen_at=now, expires_at=until
        )
    return Member(row["user_id"], row["id"], door, row["created_at"], until, row["agreed"])


async def in_chat(appid: str, openid: str, *, now: datetime) -> Member | None:
    """Who wrote to this account, if they have ever signed in; for this one message, without a
    session to keep."""
    rows = await fetch(
        f"SELECT coalesce(u.joined_into_id, u.id) AS user_id, {_AGREED} AS agreed FROM identity i"  # noqa: S608  # our own words
        " JOIN app_user u ON u.id = i.user_id WHERE i.appid = $3 AND i.openid = $4",
        *_PRIVACY,
        appid,
        openid,
    )
    if not rows:
        return None
    [row] = rows
    until = now + ONE_MESSAGE
    return Member(row["user_id"], new_id(now), Door.CHAT, now, until, row["agreed"])


async def end(actor: Member, *, now: datetime) -> None:
    """End the session that is acting."""
    await Session.filter(id=actor.session_id, ended_at__isnull=True).update(ended_at=now)


async def end_all(actor: Member, *, now: datetime) -> int:
    """End every session of this person at once, also this one; how many they were."""
    return await end_all_of(actor.user_id, now=now)


async def end_all_of(user_id: UUID, *, now: datetime) -> int:
    rows = await fetch(
        "WITH gone AS (UPDATE session SET ended_at = $2 WHERE ended_at IS NULL AND user_id IN"
        " (SELECT id FROM app_user WHERE id = $1 OR joined_into_id = $1) RETURNING expires_at)"
        " SELECT count(*) FILTER (WHERE expires_at > $2) AS alive FROM gone",
        user_id,
        now,
    )
    return int(rows[0]["alive"])


async def openid_in(appid: str, *, actor: Member) -> str | None:
    """Under which openid this account knows the person."""
    rows = await fetch(
        "SELECT i.openid FROM identity i JOIN app_user u ON u.id = i.user_id"
        " WHERE i.appid = $1 AND (u.id = $2 OR u.joined_into_id = $2)"
        " ORDER BY i.id DESC LIMIT 1",
        appid,
        actor.user_id,
    )
    return str(rows[0]["openid"]) if rows else None


async def openid_beside(appid: str, openid: str, *, other: str) -> str:
    """Under which openid our other account knows the same person, who must agree to today's
    privacy text; "" when they do not, or nobody can tell."""
    rows = await fetch(
        "SELECT beside.openid FROM identity i JOIN app_user u ON u.id = i.user_id"  # noqa: S608  # ours
        " JOIN app_user v ON coalesce(u.joined_into_id, u.id) IN (v.id, v.joined_into_id)"
        " JOIN identity beside ON beside.user_id = v.id"
        f" WHERE i.appid = $3 AND i.openid = $4 AND beside.appid = $5 AND {_AGREED}"
        " ORDER BY beside.id DESC LIMIT 1",
        *_PRIVACY,
        appid,
        openid,
        other,
    )
    return str(rows[0]["openid"]) if rows else ""


def hashed(token: str) -> str:
    """Of 256 random bits nothing can be guessed, so a plain hash keeps the secret."""
    return sha256(token.encode()).hexdigest()


async def _user_of(known: Known, *, now: datetime) -> UUID:
    unionid = known.unionid or None  # "" is as little a person as null is
    await _lock(_LOCK_IDENTITY, f"{known.appid} {known.openid}")
    identity = await Identity.get_or_none(appid=known.appid, openid=known.openid)
    if unionid is not None:
        await _lock(_LOCK_UNIONID, unionid)
    if identity is None:
        user_id = await _by_unionid(unionid) or await _new_user(now)
        fresh = Identity(
            id=new_id(now),
            appid=known.appid,
            openid=known.openid,
            unionid=unionid,
            user_id=user_id,
            created_at=now,
        )
        await fresh.save(force_create=True)
        return user_id
    if unionid is not None and identity.unionid != unionid:
        other = await _by_unionid(unionid)
        identity.unionid = unionid
        await identity.save(update_fields=["unionid"])
        if other is not None:
            await _join(await _oldest(identity), other, now=now)
    return await _oldest(identity)


async def _by_unionid(unionid: str | None) -> UUID | None:
    """The person behind any identity with this unionid; none is never looked for."""
    if unionid is None:
        return None
    identity = await Identity.filter(unionid=unionid).order_by("id").first()
    return await _oldest(identity) if identity else None


async def _oldest(identity: Identity) -> UUID:
    rows = await fetch(
        "SELECT coalesce(u.joined_into_id, u.id) AS id FROM identity i"
        " JOIN app_user u ON u.id = i.user_id WHERE i.id = $1",
        identity.id,
    )
    found: UUID = rows[0]["id"]
    return found


async def _new_user(now: datetime) -> UUID:
    user = User(id=new_id(now), created_at=now)
    await user.save(force_create=True)
    return user.id


async def _join(one: UUID, other: UUID, *, now: datetime) -> None:
    """Make them one person: the older stays. Joins are rare and happen one after the other.

    Whoever may act for an enterprise may change by it, so each user that moves is in the audit log.
    """
    await _lock(_LOCK_JOINING, "")
    users = await fetch(
        "SELECT coalesce(joined_into_id, id) AS id FROM app_user WHERE id = ANY($1)", [one, other]
    )
    older, younger = min(user["id"] for user in users), max(user["id"] for user in users)
    if older == younger:
        return
    moved = await fetch(
        "UPDATE app_user SET joined_into_id = $1 WHERE id = $2 OR joined_into_id = $2 RETURNING id",
        older,
        younger,
    )
    for user in moved:
        await audit.note(
            "user.join",
            kind="app_user",
            id=user["id"],
            actor=System("unionid"),
            now=now,
            before={"joined_into": None if user["id"] == younger else younger},
            after={"joined_into": older},
        )


async def _lock(kind: int, name: str) -> None:
    """Held until the transaction ends."""
    await fetch("SELECT pg_advisory_xact_lock($1, hashtext($2))", kind, name)
