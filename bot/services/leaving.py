"""After somebody left the service account for good: what was theirs in the chat is deleted."""

from datetime import datetime

from bot.services import conversation, dialogues, grants, receipts, telling, tickets
from bot.services.outbox import Payload


async def forget(payload: Payload, now: datetime) -> None:
    """Delete what they wrote, asked, answered and allowed, and what our messages to them said."""
    if await conversation.forget(payload, now):
        await erase(payload["appid"], payload["openid"], now=now)


async def erase(appid: str, openid: str, *, now: datetime) -> None:
    """Delete what stands under this openid, but for what they wrote.

    That a message was sent, when and how it ended stays: it may be the proof of a reminder.
    """
    await dialogues.forget(appid, openid, before=now)
    await tickets.forget(appid, openid)
    await grants.forget(appid, openid)
    await receipts.forget(appid, openid)
    await telling.forget(openid)
