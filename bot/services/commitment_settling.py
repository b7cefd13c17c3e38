"""When a commitment becomes public: nothing missing, its conditions met, nothing owed."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.domain import commitments as rules
from bot.domain.actors import Actor, System
from bot.domain.commitments import OPEN, Missing, State
from bot.domain.errors import DomainError
from bot.domain.workdays import BEIJING
from bot.scoring.programme import NoFee, Price
from bot.services import binding_steps, case_conditions, memberships, programmes
from bot.services.case_conditions import Condition
from bot.services.certificate_programmes import find_programme
from bot.services.commitment_publishing import PROGRAMME, publish
from models import Commitment

ISSUER = find_programme(PROGRAMME).issuer
SETTLING = System("commitments.settle")
# House rule: what the association took down is not public again before somebody has looked.
TAKEN_DOWN = Condition(
    "协会撤下的承诺，核实后才能重新签署", met=False, note="请先联系协会，说明已经改正"
)


def missing(row: Commitment) -> tuple[Missing, ...]:
    sealed = row.seal_file is not None
    return rules.missing(signed=row.signed_at is not None, sealed=sealed, how=row.how)


async def price(enterprise_id: UUID, *, now: datetime) -> Price | None:
    """What this enterprise owes before its commitment is shown; members owe nothing (X06).

    Members of the association that issues it: who belongs to another one owes the fee.
    """
    today = now.astimezone(BEIJING).date()
    member = await memberships.current(enterprise_id, on=today, association=ISSUER)
    try:
        return await programmes.price(PROGRAMME, member=member is not None)
    except NoFee:
        return None


async def obstacle(enterprise_id: UUID, *, now: datetime) -> Condition | None:
    """What is in the way of showing it: an open take-down, or a condition that is not met."""
    if await Commitment.filter(
        enterprise_id=enterprise_id, state=State.TAKEN_DOWN, released_at=None
    ).exists():
        return TAKEN_DOWN
    found = await case_conditions.conditions(enterprise_id, find_programme(PROGRAMME), now=now)
    return next((one for one in found if not one.met), None)


async def settle(row: Commitment, *, actor: Actor, now: datetime) -> None:
    """Show it, or await its fee, inside the caller's transaction and under the enterprise's lock.

    What is not whole, or not allowed today, stays as it is and nothing of it is lost.
    """
    if row.state not in OPEN or missing(row) or await obstacle(row.enterprise_id, now=now):
        return
    owed = await price(row.enterprise_id, now=now)
    if owed is None or row.state is State.PREPARED:
        await publish(row, owed_fen=owed.fen if owed else 0, actor=actor, now=now)


async def settle_of(enterprise_id: UUID, *, now: datetime) -> None:
    """Look again at what an enterprise is signing: what held it up may be over."""
    async with in_transaction():
        await binding_steps.lock(enterprise_id)
        row = await Commitment.filter(enterprise_id=enterprise_id, state__in=OPEN).first()
        if row is not None:
            await settle(row, actor=SETTLING, now=now)


async def look(*, now: datetime) -> None:
    """Look again at everything that is signed and not public."""
    for row in await Commitment.filter(state__in=OPEN, signed_at__isnull=False).order_by("id"):
        with suppress(DomainError):  # one that cannot be published holds up no other
            await settle_of(row.enterprise_id, now=now)
