"""The ledger of consents to subscription messages: WeChat tells each of them, and only once."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from tortoise.transactions import in_transaction

from bot.services.outbox import Payload
from models import Grant, GrantEntry
from models.ids import new_id

TAKE = "grants.take"  # the job that a popup or change event becomes


class Cause(StrEnum):
    ACCEPTED = "accepted"  # in the popup: one more
    REFUSED = "refused"  # in the popup: nothing more, nothing less
    WITHDRAWN = "withdrawn"  # in WeChat's own settings: none is left
    USED = "used"
    MAYBE_USED = "maybe used"  # the answer to the sending was lost
    FOUND_EMPTY = "found empty"  # WeChat knew of none (43101)


_CHANGE = {Cause.ACCEPTED: 1, Cause.REFUSED: 0, Cause.USED: -1, Cause.MAYBE_USED: -1}


async def take(payload: Payload, now: datetime) -> None:
    """Enter what a subscribe_msg_popup_event or subscribe_msg_change_event says."""
    for template_id, cause in _consents(payload["fields"]):
        await enter(payload["appid"], payload["openid"], template_id, cause, now=now)


async def enter(appid: str, openid: str, template_id: str, cause: Cause, *, now: datetime) -> int:
    """Add one entry and return how many sendings are left; never below none."""
    who = {"appid": appid, "openid": openid, "template_id": template_id}
    async with in_transaction():
        fresh = Grant(id=new_id(now), changed_at=now, **who)
        await Grant.bulk_create([fresh], ignore_conflicts=True)
        grant = await Grant.filter(**who).select_for_update().get()
        before = grant.left
        grant.left = max(0, before + _CHANGE[cause]) if cause in _CHANGE else 0
        grant.changed_at = now
        await grant.save()
        change = grant.left - before
        entry = GrantEntry(
            id=new_id(now), cause=cause.value, change=change, left=grant.left, at=now, **who
        )
        await entry.save()
        return grant.left


async def left(appid: str, openid: str, template_id: str) -> int:
    grant = await Grant.get_or_none(appid=appid, openid=openid, template_id=template_id)
    return grant.left if grant else 0


async def forget(appid: str, openid: str) -> None:
    """Delete what somebody allowed, so that nothing is sent on its strength any more."""
    await Grant.filter(appid=appid, openid=openid).delete()
    await GrantEntry.filter(appid=appid, openid=openid).delete()


def _consents(fields: Mapping[str, object]) -> Iterator[tuple[str, Cause]]:
    for item in lists(fields):
        template_id = str(item.get("TemplateId", ""))
        accepted = item.get("SubscribeStatusString") == "accept"
        changed = str(fields.get("Event", "")).lower() == "subscribe_msg_change_event"
        if template_id and changed and not accepted:
            yield template_id, Cause.WITHDRAWN
        elif template_id and not changed:
            yield template_id, Cause.ACCEPTED if accepted else Cause.REFUSED


def lists(fields: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """The List items of a subscription event, which stand at the top or one level down."""
    for level in (fields, *(value for value in fields.values() if isinstance(value, dict))):
        found = level.get("List", [])
        for item in found if isinstance(found, list) else [found]:
            if isinstance(item, dict):
                yield item
