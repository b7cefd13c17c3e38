"""Self-assessment on the phone: check the answers, finish, and read what came of it."""

from http import HTTPStatus

from aiohttp import web

from bot.deps import DEPS
from bot.handlers import pages, self_charts
from bot.handlers import self_pages as places
from bot.handlers.members import enterprise_id, member, path_id
from bot.scoring.canonical import plain
from bot.scoring.library import shipped_wording
from bot.services import self_assessments, self_results
from bot.services.self_answers import Walk
from bot.services.self_assessments import Unfinished


async def check(request: web.Request) -> web.Response:
    return _checked(request, await places.walk_of(request))


def _checked(request: web.Request, walk: Walk, status: int = HTTPStatus.OK) -> web.Response:
    faults = {item.question.id: item for item in walk.faulty}
    return places.render(
        request,
        "h5/self/check.html",
        status=status,
        walk=walk,
        faults=faults,
        part={
            question.id: places.part(request, section)
            for section in walk.asked.sections
            for question in section.questions
        },
        facts=walk.rules.pack.facts,
        base=places.base(request),
        home=places.home(request),
    )


async def finish(request: web.Request) -> web.Response:
    walk = await places.walk_of(request)
    try:
        made = await self_assessments.finish(
            walk.enterprise_id,
            walk.scheme,
            actor=member(request),
            now=request.app[DEPS].clock(),
        )
    except Unfinished:
        return _checked(request, await places.walk_of(request), HTTPStatus.UNPROCESSABLE_ENTITY)
    return pages.see_other(request, f"{places.base(request)}/results/{made}")


async def start_over(request: web.Request) -> web.Response:
    """Throw unfinished answers away; asked for on the page of the check."""
    await self_assessments.start_over(
        enterprise_id(request),
        request.match_info["scheme"],
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return pages.see_other(request, places.home(request), said="没有完成的答案已经清除。")


async def result(request: web.Request) -> web.Response:
    told = await self_results.told(
        enterprise_id(request),
        request.match_info["scheme"],
        path_id(request, "assessment"),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    others = await self_results.history(
        told.kept.enterprise_id,
        told.kept.scheme,
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    titles = shipped_wording()["sections"]
    lines = dict(told.explanation.sections)
    return places.render(
        request,
        "h5/self/result.html",
        told=told,
        lines={key: lines.get(title, ()) for key, title in titles.items()},
        titles=titles,
        gauge=self_charts.gauge(told),
        bars=self_charts.bars(told),
        radar=self_charts.radar(told),
        earlier=[
            (
                f"{kept.as_of.isoformat()} 的自评",
                f"{places.base(request)}/results/{kept.id}",
                "没有计分" if kept.total is None else f"{plain(kept.total)} 分",
            )
            for kept in others
            if kept.id != told.kept.id
        ],
        base=places.base(request),
        home=places.home(request),
    )
