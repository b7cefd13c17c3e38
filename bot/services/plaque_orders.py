"""What becomes of an order of a plaque when its certificate ends or gets another name."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Actor, System
from bot.domain.papers import OrderState
from bot.services import audit, people

ADDRESS_STAYS = timedelta(days=90)
"""After a plaque was sent: so long a lost or broken one is sent again."""
FORGOTTEN = System("retention.purge")
AT_ONCE = 500

_CANCEL = (
    "UPDATE plaque_order SET state = 'cancelled', address_sealed = NULL, ended_by = $2,"
    " ended_at = $3 WHERE certificate_id = $1 AND state = 'ordered' RETURNING id, enterprise_id"
)
_FOLLOW = (
    "UPDATE plaque_order o SET certificate_id = w.following"
    " FROM unnest($1::uuid[], $2::uuid[]) AS w (old, following)"
    " WHERE o.certificate_id = w.old AND o.state = 'ordered' RETURNING o.id, o.enterprise_id"
)
_FORGET = (
    "UPDATE plaque_order SET address_sealed = NULL WHERE id = ANY(ARRAY(SELECT id"
    " FROM plaque_order WHERE state IN ('sent', 'cancelled') AND ended_at < $1"
    " AND address_sealed IS NOT NULL LIMIT $2)) RETURNING id, enterprise_id, state"
)


async def cancel(certificate_id: UUID, *, actor: Actor, now: datetime) -> UUID | None:
    """Cancel the open order of a certificate that ends, inside the caller's transaction; its
    address is forgotten. Answers which it was."""
    for row in await fetch(_CANCEL, certificate_id, people.label(actor), now):
        await _note(row, "plaque.cancel", OrderState.CANCELLED, actor=actor, now=now)
        return UUID(str(row["id"]))
    return None


async def follow(successions: Sequence[tuple[UUID, UUID]], *, actor: Actor, now: datetime) -> None:
    """Let open orders go on under the certificates that took the place of theirs."""
    old, following = [pair[0] for pair in successions], [pair[1] for pair in successions]
    for row in await fetch(_FOLLOW, old, following):
        await _note(row, "plaque.follow", OrderState.ORDERED, actor=actor, now=now)


async def forget_addresses(*, now: datetime) -> int:
    """Delete the addresses of orders that ended long enough ago; the orders stay."""
    total = 0
    while True:
        async with in_transaction():
            rows = await fetch(_FORGET, now - ADDRESS_STAYS, AT_ONCE)
            for row in rows:
                state = OrderState(row["state"])
                await _note(row, "plaque.forget_address", state, actor=FORGOTTEN, now=now)
        total += len(rows)
        if len(rows) < AT_ONCE:
            return total


async def _note(
    row: dict[str, object], action: str, state: OrderState, *, actor: Actor, now: datetime
) -> None:
    before = OrderState.ORDERED if state is OrderState.CANCELLED else state
    await audit.note(
        action,
        kind="plaque_order",
        id=UUID(str(row["id"])),
        actor=actor,
        now=now,
        enterprise_id=UUID(str(row["enterprise_id"])),
        before={"state": before},
        after={"state": state},
    )
