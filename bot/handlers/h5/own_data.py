"""A member's own data as pages: asking for a copy, fetching it by a link, closing the account."""

from uuid import UUID

from aiohttp import web

from bot.deps import DEPS
from bot.domain.closing import STAYS
from bot.handlers import filled, forms, pages
from bot.handlers.h5.me import signed_out
from bot.handlers.headers import POLICY, SANDBOXED
from bot.handlers.members import enterprise_id, member, path_id
from bot.handlers.papers import cabinet
from bot.services import bindings, closing, exports

EXPORT = "/h5/export"
ASKED = "正在准备，好了以后回到这一页取。"
FILE = "credit-data.zip"


class Close(forms.Input):
    understood: str | None = None


async def show(request: web.Request) -> web.Response:
    return await _page(request, None)


async def show_enterprise(request: web.Request) -> web.Response:
    return await _page(request, enterprise_id(request))


async def ask(request: web.Request) -> web.Response:
    await exports.ask(None, actor=member(request), now=request.app[DEPS].clock())
    return pages.see_other(request, EXPORT, said=ASKED)


async def ask_enterprise(request: web.Request) -> web.Response:
    wanted = enterprise_id(request)
    await exports.ask(wanted, actor=member(request), now=request.app[DEPS].clock())
    return pages.see_other(request, f"/h5/e/{wanted}/export", said=ASKED)


async def _page(request: web.Request, enterprise: UUID | None) -> web.Response:
    who, now = member(request), request.app[DEPS].clock()
    mine = await bindings.require(who, enterprise, now=now) if enterprise else None
    found = await exports.latest(enterprise, actor=who, now=now)
    return pages.render(
        request,
        "h5/export.html",
        mine=mine,
        pack=found,
        place=f"/h5/e/{enterprise}/export" if enterprise else EXPORT,
        fresh_until=mine.fresh_until if mine and now < mine.fresh_until else None,
    )


async def link(request: web.Request) -> web.Response:
    """Make a link and show it this once: it also opens outside of WeChat, where files are saved."""
    deps = request.app[DEPS]
    made = await exports.link(path_id(request, "export"), actor=member(request), now=deps.clock())
    path = f"/h5/x/{made.token}"
    return pages.render(
        request, "h5/export_link.html", path=path, link=deps.config.public_url + path, here=EXPORT
    )


async def look(request: web.Request) -> web.Response:
    """What the link gives; only the button on it uses it up, for robots look at links as well."""
    found = await exports.look(request.match_info["token"], now=request.app[DEPS].clock())
    return pages.render(request, "h5/export_fetch.html", pack=found)


async def take(request: web.Request) -> web.StreamResponse:
    """The copy, once."""
    taken = await exports.take(
        request.match_info["token"], cabinet=cabinet(request), now=request.app[DEPS].clock()
    )
    answer = web.StreamResponse(
        headers={
            "Content-Type": "application/zip",
            "Content-Length": str(taken.size),
            "Content-Disposition": f'attachment; filename="{FILE}"',
            "Cache-Control": "private, no-store",
            POLICY: SANDBOXED,
        }
    )
    await answer.prepare(request)
    async for piece in taken.pieces:
        await answer.write(piece)
    await answer.write_eof()
    return answer


async def ask_closing(request: web.Request) -> web.Response:
    return await _closing_page(request, filled.blank(Close))


async def close(request: web.Request) -> web.Response:
    """Close the account; without the tick nothing happens."""
    form = await forms.fill(request, Close)
    if form.value is None or form.value.understood != "yes":
        return await _closing_page(
            request, form.refused("请先打勾，表示您看清楚了。", "understood")
        )
    await closing.close(actor=member(request), now=request.app[DEPS].clock())
    return signed_out(request, said="账号已经注销，您的个人信息已经删除。")


async def _closing_page(request: web.Request, form: filled.Filled[Close]) -> web.Response:
    now = request.app[DEPS].clock()
    found = await closing.affected(member(request), now=now)
    return pages.render(
        request,
        "h5/close_account.html",
        status=form.status,
        form=form,
        affected=found,
        last=[one for one in found if one.last],
        stays=STAYS,
    )
