"""On what a certificate may rest: the issuer itself looks the decision up, before and when signing.

Whoever decides something that certificates follow from adds a checker to BASES when its module is
read: `BASES["commitment"] = checked`. A kind without a checker issues nothing. What is public by
itself does not outlive its certificate: ENDS says, by the programme, what ends with it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.domain import remarks
from bot.domain.actors import Actor
from bot.domain.certificates import NotDecided, Reason, two_people
from bot.domain.errors import DomainError


@dataclass(frozen=True, slots=True)
class Basis:
    """What was decided, by its id; or two people who answer for a demonstration."""

    kind: str
    id: UUID | None = None
    by: str = ""
    second: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One certificate that somebody asks for."""

    enterprise_id: UUID
    programme: str
    level: str | None
    basis: Basis


Checker = Callable[[Sequence[Wanted], datetime], Awaitable[None]]
"""Raises NotDecided unless each of them was decided, exactly so, and still stands."""

BASES: dict[str, Checker] = {}

Follow = Callable[[UUID, Reason, Actor, datetime], Awaitable[None]]
"""Of which enterprise, why, who, when; inside the transaction of the end and under the lock of
the enterprise."""
ENDS: dict[str, Follow] = {}
DEMONSTRATION = "demonstration"
NOT_HERE = "正式环境不签发演示证书：证书由承诺公示或评价决定签发。"


def demonstration(*, by: str, second: str, reason: str, production: bool) -> Basis:
    """Two people who answer for a certificate that only shows how one looks; in production none."""
    if production:
        raise NotDecided(NOT_HERE)
    two_people(by, second)
    return Basis(DEMONSTRATION, by=by, second=second, reason=remarks.reason(reason))


async def check(wanted: Sequence[Wanted], now: datetime, *, production: bool = False) -> None:
    """Ask each kind's own checker once; an unknown kind is refused.

    Whoever signs says whether it is in earnest; who only records does not know where it is.
    """
    for kind in {one.basis.kind for one in wanted}:
        checker = BASES.get(kind)
        if kind == DEMONSTRATION and production:
            raise NotDecided(NOT_HERE)
        if checker is None:
            raise NotDecided
        await checker([one for one in wanted if one.basis.kind == kind], now)


async def refusals(
    wanted: Sequence[Wanted], now: datetime, *, production: bool = False
) -> list[DomainError | None]:
    """What stands against each, None where all is well: asked at once, and in halves where one of
    them is refused."""
    try:
        await check(wanted, now, production=production)
    except DomainError as refusal:
        if len(wanted) == 1:
            return [refusal]
        half = len(wanted) // 2
        first = await refusals(wanted[:half], now, production=production)
        return first + await refusals(wanted[half:], now, production=production)
    return [None] * len(wanted)


async def _demonstration(wanted: Sequence[Wanted], _now: datetime) -> None:
    """Until awards exist: two different people, and a reason."""
    for by, second, reason in {(b.by, b.second, b.reason) for b in (one.basis for one in wanted)}:
        two_people(by, second)
        if not reason.strip():
            raise NotDecided("演示证书要写明原因。")


BASES[DEMONSTRATION] = _demonstration
