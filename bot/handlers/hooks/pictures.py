"""A picture for WeChat's content check, opened by a ticket that only WeChat was given."""

import re

from aiohttp import web

from bot.deps import DEPS
from bot.domain.errors import NotFound
from bot.handlers import papers
from bot.services import content_checks, fake_reports

TICKET = re.compile(r"[A-Za-z0-9_-]{43}")


async def fetch(request: web.Request) -> web.Response:
    """A report's photo, while the check is open; whoever comes later or without a ticket finds
    nothing."""
    ticket, now = request.match_info["ticket"], request.app[DEPS].clock()
    if not TICKET.fullmatch(ticket):
        raise NotFound
    file_id = await content_checks.opened_by(ticket, now=now)
    cabinet = papers.cabinet(request)
    opened = await fake_reports.photo_for_wechat(file_id, cabinet=cabinet, now=now)
    return papers.served(opened, attached=False)
