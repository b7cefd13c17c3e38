"""Where the pages of a self-assessment stand, and what all of them are drawn with."""

from datetime import datetime
from http import HTTPStatus

from aiohttp import web

from bot.deps import DEPS
from bot.domain.workdays import BEIJING
from bot.handlers import pages
from bot.handlers.members import enterprise_id, member
from bot.scoring.canonical import plain
from bot.scoring.questions import Section
from bot.services import self_assessments
from bot.services.self_answers import Item, Walk


def render(
    request: web.Request, name: str, *, status: int = HTTPStatus.OK, **data: object
) -> web.Response:
    told = {"plain": plain, "beijing": moment}
    return pages.render(request, name, status=status, **told, **data)


def moment(at: datetime) -> str:
    """Day and time as people in China say them."""
    local = at.astimezone(BEIJING)
    return f"{local.month} 月 {local.day} 日 {local:%H:%M}"


async def walk_of(request: web.Request) -> Walk:
    return await self_assessments.walk(
        enterprise_id(request),
        request.match_info["scheme"],
        actor=member(request),
        now=request.app[DEPS].clock(),
    )


def home(request: web.Request) -> str:
    return f"/h5/e/{enterprise_id(request)}/self"


def base(request: web.Request) -> str:
    return f"{home(request)}/{request.match_info['scheme']}"


def part(request: web.Request, section: Section) -> str:
    return f"{base(request)}/part/{section.id}"


def one(request: web.Request, item: Item) -> str:
    return f"{base(request)}/one/{item.question.id}"
