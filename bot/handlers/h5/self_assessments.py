"""Self-assessment on the phone: choose a scheme, and answer it page by page.

Every page works without a script; with one, each answer is saved as it is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from bot.deps import DEPS
from bot.domain.errors import BadInput, NotFound, Stale
from bot.handlers import forms, pages, self_forms
from bot.handlers import self_pages as places
from bot.handlers.members import enterprise_id, member
from bot.handlers.self_forms import Typed
from bot.scoring.answers import Parts
from bot.scoring.questions import Section
from bot.services import self_assessments
from bot.services.drafts import Overtaken
from bot.services.self_answers import Item, Walk
from bot.services.self_assessments import Finished


async def choose(request: web.Request) -> web.Response:
    """Which scheme: what it is, how long it takes, how far it has come."""
    found = await self_assessments.offers(
        enterprise_id(request), actor=member(request), now=request.app[DEPS].clock()
    )
    return places.render(request, "h5/self/choose.html", offers=found, base=places.home(request))


async def begin(request: web.Request) -> web.Response:
    """Lead to the page with the first open question, or to the check where none is open."""
    walk = await places.walk_of(request)
    item = walk.next_question()
    if item is None:
        return pages.see_other(request, f"{places.base(request)}/check")
    return pages.see_other(request, places.part(request, walk.asked.section_of(item.question)))


async def show(request: web.Request) -> web.Response:
    walk = await places.walk_of(request)
    section = _section(request, walk)
    return _page(request, walk, View(section, walk.of(section)))


async def show_one(request: web.Request) -> web.Response:
    walk = await places.walk_of(request)
    item = walk.item(request.match_info["question"])
    return _page(request, walk, View(None, [item]))


async def save(request: web.Request) -> web.Response:
    """Save a page of answers and go where the button says."""
    walk = await places.walk_of(request)
    section = _section(request, walk)
    return await _save(request, walk, section, walk.of(section))


async def save_one(request: web.Request) -> web.Response:
    walk = await places.walk_of(request)
    item = walk.item(request.match_info["question"])
    return await _save(request, walk, None, [item])


async def _save(
    request: web.Request, walk: Walk, section: Section | None, items: Sequence[Item]
) -> web.Response:
    typed = await forms.read_form(request, Typed)
    given = self_forms.parts_of(typed, items)
    try:
        walk = await self_assessments.answer(
            walk.enterprise_id,
            walk.scheme,
            given,
            seen=typed.seen,
            actor=member(request),
            now=request.app[DEPS].clock(),
        )
    except (Overtaken, Finished, BadInput) as refusal:
        if typed.do == "save":
            raise
        walk = await places.walk_of(request)
        shown = [walk.items[item.question.id] for item in items]
        view = View(section, shown, typed=given, refused=refusal, status=_status(refusal))
        return _page(request, walk, view)
    if typed.do == "save":
        return web.json_response({"seen": walk.seen, "answered": walk.answered})
    return _onward(request, walk, section, [walk.items[i.question.id] for i in items], typed.do)


def _status(refusal: Stale | BadInput) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(refusal, BadInput) else HTTPStatus.CONFLICT


def _onward(
    request: web.Request, walk: Walk, section: Section | None, items: Sequence[Item], do: str
) -> web.Response:
    if do == "later":
        return pages.see_other(request, places.home(request), said="已保存，随时可以接着答。")
    if do.startswith("more."):
        return _page(request, walk, View(section, items, more=do.removeprefix("more.")))
    if do == "back":
        return pages.see_other(request, _before(request, walk, section, items))
    if any(item.answer.faults for item in items):
        return _page(request, walk, View(section, items, status=HTTPStatus.UNPROCESSABLE_ENTITY))
    return pages.see_other(request, _after(request, walk, section, items))


def _after(request: web.Request, walk: Walk, section: Section | None, items: Sequence[Item]) -> str:
    if section is None:
        following = walk.next_question(items[0].question.id)
        return places.one(request, following) if following else f"{places.base(request)}/check"
    sections = walk.asked.sections
    at = sections.index(section) + 1
    if at == len(sections):
        return f"{places.base(request)}/check"
    return places.part(request, sections[at])


def _before(
    request: web.Request, walk: Walk, section: Section | None, items: Sequence[Item]
) -> str:
    if section is None:
        earlier = walk.before(items[0].question.id)
        return places.one(request, earlier) if earlier else places.home(request)
    at = walk.asked.sections.index(section)
    return places.part(request, walk.asked.sections[at - 1]) if at else places.home(request)


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows besides the questions themselves."""

    section: Section | None  # none: one question alone
    items: Sequence[Item]
    typed: Mapping[str, Parts] | None = None  # typed and not saved
    refused: Overtaken | Finished | BadInput | None = None
    more: str = ""  # the question that wants one more row
    status: int = HTTPStatus.OK


def _page(request: web.Request, walk: Walk, view: View) -> web.Response:
    sections, section, items = walk.asked.sections, view.section, view.items
    clash = view.refused
    return places.render(
        request,
        "h5/self/page.html",
        status=view.status,
        walk=walk,
        section=section or sections[0],
        at=sections.index(section) + 1 if section else 0,
        single=section is None,
        items=items,
        form=self_forms.sheet(items, view.typed),
        clash=[walk.items[name] for name in clash.names] if isinstance(clash, Overtaken) else (),
        clash_words=str(clash) if clash else "",
        mend=isinstance(clash, BadInput),
        years={i.question.id: self_forms.years(i, walk) for i in items if i.question.sheet},
        rows={i.question.id: self_forms.rows(i, view.more) for i in items},
        facts=walk.rules.pack.facts,
        base=places.base(request),
        home=places.home(request),
    )


def _section(request: web.Request, walk: Walk) -> Section:
    section = walk.asked.section(request.match_info["section"])
    if section is None:
        raise NotFound
    return section
