"""Reporting a certificate that looks false: no sign-in, one page, a number to ask about it by."""

from http import HTTPStatus

from aiohttp import web

from bot.deps import DEPS
from bot.domain.errors import BadInput, TooLarge, TooMany, Unavailable
from bot.domain.sessions import Door
from bot.handlers import members, pages
from bot.handlers.limits import Limiter, client_of
from bot.handlers.uploads import UploadLimits, read_parts
from bot.services import fake_reports, sessions
from bot.services.fake_reports import Told

LONGEST = {"number": 40, "place": 200, "url": 500, "words": 1000}
PHOTO_BYTES = 8 * 1024 * 1024
UPLOADS = UploadLimits(request_bytes=PHOTO_BYTES + 64 * 1024, part_bytes=PHOTO_BYTES, parts=8)
REPORTS = Limiter(per_client=5, in_all=2000, seconds=3600)


async def ask(request: web.Request) -> web.Response:
    number = request.query.get("number", "")[: LONGEST["number"]]
    return _form(request, {"number": number}, "")


async def take(request: web.Request) -> web.Response:
    """Keep the report, or show the form again with everything typed and what is wrong."""
    deps = request.app[DEPS]
    given: dict[str, str] = {}
    try:
        async with read_parts(request, limits=UPLOADS) as parts:
            given = {name: parts.fields.get(name, "").strip() for name in LONGEST}
            photos = [file for file in parts.files if file.field == "photo" and file.size]
            told = Told(**_short(given), photo=photos[0].file if photos else None)
            REPORTS.spend(client_of(request))
            ticket = await fake_reports.take(
                told,
                asker=client_of(request),
                openid=await _openid(request),
                cabinet=deps.cabinet,
                now=deps.clock(),
            )
    except BadInput as refusal:
        return _form(request, given, str(refusal))
    except TooMany as refusal:
        return _form(request, given, str(refusal), HTTPStatus.TOO_MANY_REQUESTS)
    except Unavailable as refusal:
        return _form(request, given, str(refusal), HTTPStatus.SERVICE_UNAVAILABLE)
    except TooLarge:
        fault = f"照片太大，请选一张小于 {PHOTO_BYTES >> 20} MB 的。"
        return _form(request, given, fault, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return pages.render(request, "public/reported.html", ticket=ticket)


async def _openid(request: web.Request) -> str:
    """By which openid WeChat judges what a person sends who is signed in and agrees to the privacy
    text; nobody has to be, or to agree: then people judge."""
    deps = request.app[DEPS]
    token = members.cookie(request, members.COOKIE)
    known = await sessions.find(token, Door.H5, now=deps.clock()) if token else None
    if known is None or not known.agreed:
        return ""
    return await sessions.openid_in(deps.config.mini_appid, actor=known) or ""


def _short(given: dict[str, str]) -> dict[str, str]:
    for name, longest in LONGEST.items():
        if len(given[name]) > longest:
            raise BadInput(f"有一项太长，最多 {longest} 个字，请缩短。", field=name)
    return given


def _form(
    request: web.Request,
    given: dict[str, str],
    fault: str,
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> web.Response:
    answer = pages.render(
        request,
        "public/report.html",
        status=status if fault else HTTPStatus.OK,
        given=dict.fromkeys(LONGEST, "") | given,
        longest=LONGEST,
        fault=fault,
        here="/certificates/report",
    )
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and fault:
        answer.force_close()
    return answer
