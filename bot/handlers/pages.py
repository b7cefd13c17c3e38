"""Pages for people: the templates' environment, the home page, and the switch to large print."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Literal

import jinja2
from aiohttp import web

from bot.deps import DEPS, REQUEST_ID
from bot.handlers.assets import ASSETS, ROOT
from bot.handlers.forms import Input, read_form

# Where the large-print switch may lead back to; a free address could lead anywhere.
PAGES: Mapping[str, str] = {"home": "/", "docs": "/api/docs", "me": "/h5/me"}
CARE_COOKIE = "care"
CARE_SECONDS = 365 * 24 * 3600
# The association's own contact card (document 000, 联系我们).
CONTACT: Mapping[str, str] = {"name": "中国中小企业协会", "phone": "010-88653588"}


@cache
def environment() -> jinja2.Environment:
    """Escape always, and fail on a name that was not given."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    request: web.Request,
    template: str,
    *,
    status: int = HTTPStatus.OK,
    page: str = "home",
    **data: object,
) -> web.Response:
    """Fill a template; `page` is the name, in PAGES, to which the large-print switch returns."""
    text = (
        environment()
        .get_template(template)
        .render(
            data,
            status=status,
            page=page,
            asset=request.app[ASSETS].url,
            care=request.cookies.get(CARE_COOKIE) == "1",
            request_id=request.get(REQUEST_ID, ""),
            contact=CONTACT,
        )
    )
    return web.Response(text=text, status=status, content_type="text/html")


async def home(request: web.Request) -> web.Response:
    return render(request, "home.html", page="home")


class CareChoice(Input):
    on: Literal["0", "1"]
    page: str


async def choose_care(request: web.Request) -> web.Response:
    """Remember the choice in this browser only; the server renders it, no script needed."""
    choice = await read_form(request, CareChoice)
    answer = web.Response(status=303, headers={"Location": PAGES.get(choice.page, PAGES["home"])})
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
