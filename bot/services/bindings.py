"""Whom a member acts for: every service about an enterprise asks here before it does anything."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bot.clients.database import fetch
from bot.domain.actors import Member
from bot.domain.bindings import Role
from bot.domain.errors import DomainError, NotFound
from bot.domain.workdays import BEIJING


class NeedsLegal(DomainError):
    """The enterprise is theirs to act for, but this needs the legal representative."""

    code = "needs_legal_representative"
    message = "这一步需要法定代表人本人办理，请把链接转给法定代表人。"


class TooFresh(DomainError):
    """So that somebody who won a binding by deceit is noticed before any harm is done."""

    code = "binding_too_fresh"
    message = "为了您企业的安全，刚绑定的 72 小时内不能导出资料，也不能退款。"

    def __init__(self, until: datetime) -> None:
        minute = (until + timedelta(seconds=59)).astimezone(BEIJING)  # never a minute too early
        from_when = f"{minute.month}月{minute.day}日 {minute:%H:%M} 起就可以了。"
        super().__init__(self.message + from_when)


@dataclass(frozen=True, slots=True)
class Bound:
    """An enterprise that a member acts for."""

    enterprise_id: UUID
    name: str
    credit_code: str
    role: Role
    since: datetime
    binding_id: UUID
    fresh_until: datetime
    """Before then nothing is exported or paid out: ask `settled_or_refuse`."""
    expires_at: datetime


# Also what they were given before two users proved to be one person.
_BOUND = (
    "SELECT e.id AS enterprise_id, e.name, e.credit_code, b.role, b.active_at AS since,"
    " b.id AS binding_id, b.fresh_until, b.expires_at"
    " FROM binding b JOIN app_user u ON u.id = b.user_id"
    " JOIN enterprise e ON e.id = b.enterprise_id"
    " WHERE (u.id = $1 OR u.joined_into_id = $1) AND b.state = 'active' AND b.expires_at > $2"
)


async def bound(actor: Member, *, now: datetime) -> tuple[Bound, ...]:
    """Every enterprise that the member acts for, the one they have had longest first."""
    rows = await fetch(f"{_BOUND} ORDER BY b.active_at, b.id", actor.user_id, now)
    return tuple({row["enterprise_id"]: _bound(row) for row in reversed(rows)}.values())[::-1]


async def require(
    actor: Member, enterprise_id: UUID, *, now: datetime, role: Role | None = None
) -> Bound:
    """The member's binding to this enterprise; NotFound when it is not theirs, or not any more.

    Read afresh each time, so that a binding that ended is gone with the next request.
    """
    rows = await fetch(
        f"{_BOUND} AND e.id = $3 ORDER BY b.role DESC LIMIT 1", actor.user_id, now, enterprise_id
    )
    if not rows:
        raise NotFound
    found = _bound(rows[0])
    if not found.role.covers(role):
        raise NeedsLegal
    return found


async def settled_or_refuse(actor: Member, enterprise_id: UUID, *, now: datetime) -> Bound:
    """As `require`, for whatever takes data or money away: TooFresh with the hour from which.

    What the public sees of an enterprise anyway, such as its certificate, is no export.
    """
    mine = await require(actor, enterprise_id, now=now)
    if now < mine.fresh_until:
        raise TooFresh(mine.fresh_until)
    return mine


def _bound(row: dict[str, object]) -> Bound:
    return Bound(**row | {"role": Role(str(row["role"]))})  # type: ignore[arg-type]
