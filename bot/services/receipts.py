"""What WeChat says later about a message that it took: kept, matched, and acted upon once."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import structlog
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from bot.domain.telling import RECEIPT_WITHIN, SEND, SUBSCRIPTIONS
from bot.services import outbox
from bot.services.grants import lists
from models import Receipt, Telling, TellingState
from models.ids import new_id

log = structlog.get_logger()

TAKE = "receipts.take"  # the job that a receipt event becomes


async def take(payload: outbox.Payload, now: datetime) -> None:
    """Keep what the event says, then look for the message that it is about."""
    appid, openid = payload["appid"], payload["openid"]
    for msgid, template_id, status in _told(payload["fields"]):
        receipt = Receipt(
            id=new_id(now),
            appid=appid,
            msgid=msgid[:64],
            openid=openid,
            template_id=template_id,
            status=status[:100],
            received_at=now,
        )
        await Receipt.bulk_create([receipt], ignore_conflicts=True)
    await settle(appid, openid, now=now)


async def settle(appid: str, openid: str, *, now: datetime) -> int:
    """Bring together messages and receipts of one person; return how many found each other.

    Called from both sides, because either may be the later one: the event can arrive before the
    sender's own commit.
    """
    async with in_transaction():
        waiting = (
            await Receipt.filter(appid=appid, openid=openid, telling=None)
            .order_by("received_at")
            .select_for_update()
        )
        pairs = 0
        for receipt in waiting:
            telling = await _about(receipt)
            if telling is None:
                continue
            receipt.telling = telling.id
            await receipt.save(update_fields=["telling"])
            await _end(telling, receipt.status, now=now)
            pairs += 1
        return pairs


async def forget(appid: str, openid: str) -> None:
    await Receipt.filter(appid=appid, openid=openid).delete()


async def _about(receipt: Receipt) -> Telling | None:
    """Template messages are found by their id. The answer to a subscription message has none:
    there it is the person's oldest open one of that template, and one whose answer was lost is
    open for a while, because it may be just the one that WeChat speaks of."""
    ours = Telling.filter(appid=receipt.appid)
    if not receipt.template_id:
        sent = ours.filter(state=TellingState.SENT, msgid=receipt.msgid)
        return await sent.select_for_update().first()
    lost = Q(state=TellingState.UNKNOWN, claimed_at__gt=receipt.received_at - RECEIPT_WITHIN)
    waiting = ours.filter(
        Q(state=TellingState.SENT) | lost,
        template_id=receipt.template_id,
        channel__in=[channel.value for channel in SUBSCRIPTIONS],
        claimed_at__lte=receipt.received_at,
    ).order_by("claimed_at")
    openid = receipt.openid
    mine = await waiting.filter(service_openid=openid).select_for_update().first()
    return mine or await waiting.filter(mini_openid=openid).select_for_update().first()


async def _end(telling: Telling, status: str, *, now: datetime) -> None:
    """Arrived, or not: then the next channel is tried."""
    if not status:
        telling.state, telling.ended_at = TellingState.DELIVERED, now
    else:
        log.warning("telling_not_delivered", telling=str(telling.id), reason=status)
        telling.tried = [*telling.tried, f"{telling.channel}:{status}"]
        telling.state, telling.reason = TellingState.QUEUED, status[:300]
        await outbox.put(SEND, {"id": str(telling.id)}, now=now)
    await telling.save()


def _told(fields: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Message id, template id (subscriptions only) and the failure, "" for none."""
    if str(fields.get("Event", "")).lower() == "templatesendjobfinish":
        status = str(fields.get("Status", ""))
        yield str(fields.get("MsgID", "")), "", "" if status == "success" else status or "failed"
        return
    for item in lists(fields):
        code = str(item.get("ErrorCode", "0"))
        status = "" if code == "0" else f"{code} {item.get('ErrorStatus', '')}".strip()
        yield str(item.get("MsgID", "")), str(item.get("TemplateId", "")), status
