"""What the members of an association are told about each other: grades that went down."""

from aiohttp import web

from bot.deps import DEPS
from bot.handlers import pages
from bot.handlers.members import enterprise_id, member
from bot.services import downgrades


async def show(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    lowered = await downgrades.among_members(
        enterprise_id(request),
        actor=member(request),
        now=deps.clock(),
        production=deps.config.production,
    )
    return pages.render(request, "h5/notices.html", lowered=lowered)
