"""A picture for WeChat's content check, opened by a ticket that only WeChat was given."""

import re

from aiohttp import web

from bot.deps import DEPS
from bot.domain.actors import System
from bot.domain.errors import NotFound
from bot.handlers import papers
from bot.services import content_checks, files

TICKET = re.compile(r"[A-Za-z0-9_-]{43}")
WECHAT = System("content_check")
WHY = "微信内容审核"


async def fetch(request: web.Request) -> web.Response:
    """Its clean form, while the check is open; whoever comes later or without a ticket finds
    nothing."""
    ticket, now = request.match_info["ticket"], request.app[DEPS].clock()
    if not TICKET.fullmatch(ticket):
        raise NotFound
    file_id = await content_checks.opened_by(ticket, now=now)
    opened = await files.opened(
        file_id, actor=WECHAT, why=WHY, now=now, cabinet=papers.cabinet(request), page=1
    )
    return papers.served(opened, attached=False)
