"""Pages for people: the templates' environment, the home page, and the switch to large print."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import Literal
from urllib.parse import quote, unquote

import jinja2
from aiohttp import web
from pydantic import Field
from yarl import URL

from bot.deps import DEPS, REQUEST_ID
from bot.domain.dates import in_words
from bot.domain.scenes import Kind, read_scene
from bot.domain.workdays import BEIJING
from bot.handlers.assets import ASSETS, ROOT
from bot.handlers.forms import Input, read_form
from bot.handlers.members import cookie, drop_cookie, set_cookie

HOME = "/"
CARE_COOKIE = "care"
CARE_SECONDS = 365 * 24 * 3600
SAID = "said"  # the cookie that carries one sentence over a redirect
UPLOADED = "X-Upload"
SAID_LIVES = timedelta(minutes=1)
SAID_LONGEST = 100
# The association's own contact card (document 000, 联系我们).
CONTACT: Mapping[str, str] = {"name": "中国中小企业协会", "phone": "010-88653588"}


@cache
def environment() -> jinja2.Environment:
    """Escape always, and fail on a name that was not given; the page kit is at hand everywhere."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["day"] = day
    made.globals["on"] = in_words
    made.globals["kit"] = made.get_template("h5/kit.html").module
    return made


def day(at: datetime) -> str:
    """The day of an instant, as people in China write it."""
    return in_words(at.astimezone(BEIJING).date())


def fill(request: web.Request, template: str, **data: object) -> str:
    """The text of a page, with what every page needs."""
    return (
        environment()
        .get_template(template)
        .render(
            {"here": request.path_qs} | data,
            asset=request.app[ASSETS].url,
            care=request.cookies.get(CARE_COOKIE) == "1",
            request_id=request.get(REQUEST_ID, ""),
            bridge=request.app[DEPS].config.wechat_bridge,
            contact=CONTACT,
        )
    )


def render(
    request: web.Request,
    template: str,
    *,
    status: int = HTTPStatus.OK,
    **data: object,
) -> web.Response:
    """Fill a template; what `see_other` said is shown once."""
    on_the_way = UPLOADED in request.headers  # upload.js reads this page only to go to it
    said = "" if on_the_way else unquote(cookie(request, SAID))[:SAID_LONGEST]
    text = fill(request, template, **{"said": said} | data, status=status)
    answer = web.Response(text=text, status=status, content_type="text/html")
    if said:
        drop_cookie(request, answer, SAID)
    return answer


def see_other(request: web.Request, place: str, *, said: str = "") -> web.Response:
    """Lead on after a change; the next page says the sentence (at most 100 characters) on top."""
    answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": place})
    if said:
        set_cookie(request, answer, SAID, quote(said[:SAID_LONGEST]), lives=SAID_LIVES)
    return answer


async def home(request: web.Request) -> web.Response:
    """Whoever comes by the code of an event reads which one it was."""
    came_by = read_scene(f"{Kind.EVENT}:{request.query.get('from', '')}")
    if came_by is None:
        return render(request, "home.html")
    return render(request, "home.html", said=f"欢迎参加活动（代号：{came_by.key}）。")


class CareChoice(Input):
    on: Literal["0", "1"]
    here: str = Field(max_length=2000)


async def choose_care(request: web.Request) -> web.Response:
    """Remember the choice in this browser only; the server renders it, no script needed."""
    choice = await read_form(request, CareChoice)
    answer = see_other(request, await _page_of_ours(request, choice.here))
    answer.set_cookie(
        CARE_COOKIE,
        choice.on,
        max_age=CARE_SECONDS,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=request.app[DEPS].config.public_url.startswith("https://"),
    )
    return answer


async def _page_of_ours(request: web.Request, place: str) -> str:
    """Return the place if our own router opens it, else the home page: a form field may say all.

    A page that answered a post may have no address of its own to go back to.
    """
    try:
        wanted = URL(place)
    except ValueError:
        return HOME
    if wanted.absolute or not place.startswith("/") or place.startswith(("//", "/\\")):
        return HOME
    found = await request.app.router.resolve(request.clone(method="GET", rel_url=wanted))
    return HOME if found.http_exception else str(wanted)
