"""One friendly answer to whoever writes where nobody reads: in the mini-program."""

from dataclasses import replace
from datetime import datetime

from bot.clients.wechat import Text, WeChat
from bot.domain.workdays import BEIJING
from bot.services import answering, content
from bot.services.outbox import Payload

SEND = "courtesy.send"
WORDS = "mini_chat"


async def send(payload: Payload, now: datetime, *, wechat: WeChat, speech: content.Speech) -> None:
    """Answer once a day and person; when WeChat will not carry it, nothing is lost."""
    due = answering.due(payload, SEND)
    today = due.acted_at.astimezone(BEIJING).date()
    once = replace(due, key=f"{SEND}:{today}")
    words = (await speech())[WORDS]
    await answering.answer(once, Text(words), wechat=wechat, now=now)
