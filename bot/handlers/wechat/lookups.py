"""Answers that stand in the database: looked up while the writer waits, or brought a little later.

A lookup is named, so that a job can make the same one when the database was too slow for an answer
in time.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from bot.clients.database import GONE
from bot.clients.wechat import Text, WeChat
from bot.domain.errors import NotAgreed
from bot.domain.knowledge import fill
from bot.handlers.wechat import finding, personal, places
from bot.handlers.wechat.asking import Asking
from bot.services import answering, rations
from bot.services.content import Speech
from bot.services.outbox import Payload
from bot.services.verification import Verifier

LATER = "chat.later"  # the job that brings an answer
SEARCH = "search"
A_DAY = 60  # searches of one person; whoever needs more uses the page
IN_TIME_S = 1.5  # of the 2.5 that an answer may take
_PLAIN = re.compile(r"[\w:/.?=&%~-]+", re.ASCII)
LOOKUPS: Mapping[str, Callable[[Asking], Awaitable[str]]] = {
    SEARCH: finding.search,
    "scanned": finding.scanned,
    "answers": personal.answers,
    "bind": personal.bind,
    "commitment": personal.commitment,
    "assess": personal.assess,
    "progress": personal.own(personal.progress),
    "payment": personal.own(personal.payment),
    "score": personal.own(personal.score),
    "certificates": personal.own(personal.certificates),
    "reminders": personal.own(personal.reminders),
}


async def in_time(name: str, asking: Asking) -> str | None:
    """The answer; None when it will take longer than the writer's phone waits."""
    if name == SEARCH and not await rations.left(SEARCH, asking.openid, A_DAY, now=asking.now):
        return fill(asking.words["search_too_many"], {"link": asking.link(places.LOOK_UP)})
    try:
        async with asyncio.timeout(IN_TIME_S):
            return await look_up(name, asking)
    except TimeoutError:
        return None


async def look_up(name: str, asking: Asking) -> str:
    """In a task of its own, because a personal lookup narrows what its task may see."""
    try:
        return await asyncio.create_task(LOOKUPS[name](asking))  # type: ignore[arg-type]  # coroutines
    except NotAgreed:
        return fill(asking.words["agree_first"], {"link": asking.link(places.ME)})


def our_path(text: str, addresses: Sequence[str]) -> str:
    """The path and query behind an address of ours, also a former one: such codes are printed.

    "" for everything else.
    """
    base = next((one for one in addresses if text.startswith(f"{one}/")), None)
    return text.removeprefix(base) if base and _PLAIN.fullmatch(text) else ""


async def bring(
    payload: Payload,
    now: datetime,
    *,
    wechat: WeChat,
    speech: Speech,
    public_url: str,
    verifier: Verifier,
) -> None:
    """Look it up without hurry and send it as a customer message."""
    fields, words = payload["fields"], await speech()
    appid, openid, about = payload["appid"], payload["openid"], fields["about"]
    asking = Asking(appid, openid, about, now, words, public_url, verifier)
    try:
        told = await look_up(fields["lookup"], asking)
    except GONE:
        told = words["search_down"]
    due = answering.due(payload, LATER)
    await answering.answer(due, Text(told), wechat=wechat, now=now)
