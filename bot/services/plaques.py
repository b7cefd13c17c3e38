"""Plaques: ordered by the enterprise, made from our artwork, sent; the address stays sealed."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.clients.vault import Vault
from bot.domain.actors import Actor, Member, Staff, System
from bot.domain.certificates import USABLE, today
from bot.domain.errors import BadInput, NotFound, Stale
from bot.domain.files import Media
from bot.domain.papers import (
    ORDER,
    Address,
    AlreadyOrdered,
    Kind,
    NoPlaque,
    NotNow,
    OrderState,
)
from bot.services import (
    audit,
    bindings,
    certificate_life,
    certificate_trail,
    outbox,
    papers,
    people,
    plaque_orders,
)
from bot.services.cabinet import Cabinet
from bot.services.certificate_life import Certificate
from bot.services.certificate_trail import PLAQUE_CANCELLED, Told
from bot.services.signing_keys import USABLE as USABLE_SQL
from models import PlaqueOrder
from models.ids import new_id

SENT = "牌匾已寄出"
EXPIRED = System("plaques.expire")


@dataclass(frozen=True, slots=True)
class Order:
    """One order as everybody may see it who acts for the enterprise; without the address."""

    id: UUID
    number: str
    name: str
    state: OrderState
    ordered_at: datetime
    ended_at: datetime | None
    carrier: str
    parcel: str
    ready: bool = True
    """Whether its certificate may be used today; until then nothing is made or sent."""


async def order(
    enterprise_id: UUID,
    number: str,
    address: Address,
    *,
    actor: Member,
    vault: Vault,
    now: datetime,
) -> Order:
    """Order the plaque of a certificate that is valid; one is enough."""
    await bindings.require(actor, enterprise_id, now=now)
    found = await _theirs(enterprise_id, number)
    row = PlaqueOrder(
        id=new_id(now),
        enterprise_id=enterprise_id,
        certificate_id=found.id,
        state=OrderState.ORDERED,
        ordered_by=people.label(actor),
        ordered_at=now,
    )
    told = json.dumps(asdict(address), ensure_ascii=False)
    row.address_sealed = vault.seal(told, context=_context(row.id))
    try:
        async with in_transaction():
            locked = await certificate_life.locked(number)  # so that whoever ends it sees the order
            if locked.state_on(today(now)) not in USABLE:
                raise NoPlaque
            await row.save(force_create=True)
            await _note(row, "plaque.order", actor=actor, now=now)
            await outbox.put(ORDER, {}, now=now)
    except IntegrityError:
        raise AlreadyOrdered from None
    return _order(row, found)


async def cancel(enterprise_id: UUID, number: str, *, actor: Member, now: datetime) -> None:
    """Take an order back that nobody has sent; the address is forgotten."""
    await bindings.require(actor, enterprise_id, now=now)
    found = await _theirs(enterprise_id, number)
    async with in_transaction():
        row = await PlaqueOrder.filter(certificate_id=found.id, state=OrderState.ORDERED).first()
        if row is None:
            raise NotFound
        row.address_sealed = None
        await _end(row, OrderState.CANCELLED, "plaque.cancel", actor=actor, now=now)


async def of_certificate(certificate: Certificate) -> Order | None:
    """The order that counts, for whoever has asked whose certificate it is."""
    living = (OrderState.ORDERED, OrderState.SENT)
    row = await PlaqueOrder.filter(certificate_id=certificate.id, state__in=living).first()
    return _order(row, certificate) if row else None


async def listed(*, now: datetime, limit: int = 200) -> list[Order]:
    """What is to be made and sent, the oldest first, and what has to wait."""
    rows = await fetch(
        "SELECT o.id, c.number, c.name, o.state, o.ordered_at, o.ended_at, o.carrier, o.parcel,"  # noqa: S608  # our own words
        f" ({USABLE_SQL}) AS ready"
        " FROM plaque_order o JOIN certificate c ON c.id = o.certificate_id"
        " WHERE o.state = 'ordered' ORDER BY o.ordered_at LIMIT $2",
        today(now),
        limit,
    )
    return [Order(**row | {"state": OrderState(row["state"])}) for row in rows]


async def cancel_ended(*, now: datetime) -> int:
    """Cancel what is still open when its certificate's time is over, and tell the enterprise.

    What people end is cancelled at once; this finds the rest, every night.
    """
    rows = await fetch(
        "SELECT c.id, c.enterprise_id, c.name, c.programme, c.number FROM certificate c"
        " JOIN plaque_order o ON o.certificate_id = c.id"
        " WHERE o.state = 'ordered' AND (c.valid_to < $1 OR c.state IN ('withdrawn', 'revoked'))",
        today(now),
    )
    for row in rows:
        async with in_transaction():
            order = await plaque_orders.cancel(row.pop("id"), actor=EXPIRED, now=now)
            if order is not None:
                key = f"plaque:{order}:cancelled"
                await certificate_trail.tell(Told(**row), PLAQUE_CANCELLED, key=key, now=now)
    return len(rows)


async def address_of(order_id: UUID, *, actor: Staff, vault: Vault, now: datetime) -> Address:
    """Open the address for whoever packs the parcel; that they did is written down first."""
    async with in_transaction():
        row = await PlaqueOrder.get_or_none(id=order_id)
        if row is None or row.address_sealed is None:
            raise NotFound("没有这个牌匾登记，或者地址已经删除。")
        await _note(row, "plaque.address_read", actor=actor, now=now)
    return Address(**json.loads(vault.open(row.address_sealed, context=_context(row.id))))


async def artwork(order_id: UUID, *, cabinet: Cabinet, now: datetime) -> bytes:
    """What the maker is given; NotYetMade until the worker has made it. After it was sent, the
    same once more: for one that was lost or broken."""
    row = await PlaqueOrder.get_or_none(id=order_id)
    if row is None:
        raise NotFound("没有这个牌匾登记。")
    await _usable(row, now)
    if row.state is not OrderState.ORDERED:
        kept = await papers.kept(row.certificate_id, Kind.PLAQUE, now=now, cabinet=cabinet)
        return kept.data
    given = await papers.taken(
        row.certificate_id,
        Kind.PLAQUE,
        Media.PDF,
        enterprise_id=row.enterprise_id,
        now=now,
        cabinet=cabinet,
    )
    return given.data


async def sent(order_id: UUID, carrier: str, parcel: str, *, actor: Staff, now: datetime) -> None:
    """Note that it is on its way, and tell the enterprise."""
    carrier, parcel = carrier.strip(), parcel.strip()
    fits = 1 <= len(carrier) <= 40 and 4 <= len(parcel) <= 40
    if not fits or not (carrier + parcel).isprintable():
        raise BadInput("请写明快递公司和运单号。", field="parcel")
    async with in_transaction():
        row = await PlaqueOrder.get_or_none(id=order_id)
        if row is None:
            raise NotFound("没有这个牌匾登记。")
        row.carrier, row.parcel = carrier, parcel
        if row.state is OrderState.ORDERED:
            await _usable(row, now)
        await _end(row, OrderState.SENT, "plaque.send", actor=actor, now=now)
        [one] = await fetch(
            "SELECT enterprise_id, name, programme, number FROM certificate WHERE id = $1",
            row.certificate_id,
        )
        await certificate_trail.tell(Told(**one), SENT, key=f"plaque:{row.id}", now=now)


async def _usable(row: PlaqueOrder, now: datetime) -> None:
    """Nothing is made or sent for a certificate that may not be shown; nor does it change now."""
    found = await fetch(
        f"SELECT 1 FROM certificate c WHERE {USABLE_SQL} AND c.id = $2 FOR SHARE OF c",  # noqa: S608  # our own words
        today(now),
        row.certificate_id,
    )
    if not found:
        raise NotNow


async def _end(
    row: PlaqueOrder, state: OrderState, action: str, *, actor: Actor, now: datetime
) -> None:
    """Compare and set: of two who end an order at once the second is told."""
    moved = await PlaqueOrder.filter(id=row.id, state=OrderState.ORDERED).update(
        state=state,
        carrier=row.carrier,
        parcel=row.parcel,
        address_sealed=row.address_sealed,
        ended_by=people.label(actor),
        ended_at=now,
    )
    if not moved:
        raise Stale("这个牌匾登记已经处理过了。")
    row.state = state
    await _note(row, action, actor=actor, now=now, before=OrderState.ORDERED)


async def _note(
    row: PlaqueOrder,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    before: OrderState | None = None,
) -> None:
    await audit.note(
        action,
        kind="plaque_order",
        id=row.id,
        actor=actor,
        now=now,
        enterprise_id=row.enterprise_id,
        before={"state": before} if before else None,
        after={"state": row.state},
    )


async def _theirs(enterprise_id: UUID, number: str) -> Certificate:
    """A certificate of this enterprise; that of another looks as if there were none."""
    found = await certificate_life.find(number)
    if found.enterprise_id != enterprise_id:
        raise NotFound("没有这个编号的证书。")
    return found


def _order(row: PlaqueOrder, certificate: Certificate) -> Order:
    return Order(
        id=row.id,
        number=certificate.number,
        name=certificate.name,
        state=row.state,
        ordered_at=row.ordered_at,
        ended_at=row.ended_at,
        carrier=row.carrier,
        parcel=row.parcel,
    )


def _context(order_id: UUID) -> str:
    return f"plaque:{order_id}"
