"""The login of the H5 pages: to WeChat's page and back, with a state that only this browser has."""

import re
import secrets
from http import HTTPStatus
from urllib.parse import quote

from aiohttp import web

from bot.deps import DEPS
from bot.domain.consents import Purpose
from bot.domain.errors import DomainError, Unavailable
from bot.domain.sessions import Door
from bot.handlers import pages, throttle
from bot.handlers.errors import status_of
from bot.handlers.members import AGREE, COOKIE, DEFAULT, TARGETS, cookie, place_of, set_cookie
from bot.services import consents, logins, sessions
from bot.services.sending import Accounts

RETURN = "/h5/login/return"
BEFORE_LOGIN = "login"  # the cookie that ties a state to this browser
BROWSER = re.compile(r"[A-Za-z0-9_-]{43}")


async def begin(request: web.Request) -> web.Response:
    """Send the person to WeChat. Parameters that WeChat adds to shared links do no harm."""
    await throttle.check(request, throttle.LOGIN)
    deps = request.app[DEPS]
    accounts = _accounts(request)
    wanted = request.query.get("to", DEFAULT)
    target = wanted if place_of(wanted) else DEFAULT
    browser = cookie(request, BEFORE_LOGIN)  # kept, so that two open pages can both come back
    if not BROWSER.fullmatch(browser):
        browser = secrets.token_urlsafe(32)
    state = await logins.set_out(target, browser=browser, now=deps.clock())
    url = logins.authorize_url(
        deps.config.wechat_page,
        appid=accounts.service.appid,
        back=deps.config.public_url + RETURN,
        state=state,
    )
    answer = _to(url)
    set_cookie(request, answer, BEFORE_LOGIN, browser, lives=logins.PATIENCE)
    return answer


async def finish(request: web.Request) -> web.Response:
    """Take the person back from WeChat: a fresh session in a fresh cookie, or a page that says
    what to do. The state is used up before WeChat is asked."""
    now = request.app[DEPS].clock()
    state, browser = request.query.get("state", ""), cookie(request, BEFORE_LOGIN)
    before = await sessions.find(cookie(request, COOKIE), Door.H5, now=now)
    target = DEFAULT
    try:
        target = await logins.come_back(state, browser=browser, now=now)
        service = _accounts(request).service
        opened = await logins.from_page(request.query.get("code", ""), wechat=service, now=now)
    except logins.Adrift as refusal:
        # A phone may load the return twice at once: the second time it has no session yet. It is
        # led to the page, which sends it here again should the first time have come to nothing.
        if done := await logins.echo_of(state, browser=browser, now=now):
            return _to(place_of(done) or TARGETS[DEFAULT])
        return _failed(request, refusal, target)
    except DomainError as refusal:
        return _failed(request, refusal, target)
    if before:
        await sessions.end(before, now=now)
    agreed = await consents.agrees(Purpose.PRIVACY, actor=opened.member)
    place = place_of(target) or TARGETS[DEFAULT]
    answer = _to(place if agreed else f"{AGREE}?to={quote(target)}")
    set_cookie(request, answer, COOKIE, opened.token)
    return answer


def _failed(request: web.Request, refusal: DomainError, target: str) -> web.Response:
    """Say what happened and how to try again; whoever was signed in still is."""
    status = int(status_of(type(refusal)))
    return pages.render(
        request, "h5/login_failed.html", status=status, message=str(refusal), target=target
    )


def _accounts(request: web.Request) -> Accounts:
    accounts = request.app[DEPS].accounts
    if accounts is None:
        raise Unavailable
    return accounts


def _to(place: str) -> web.Response:
    """As it stands: the library's own redirect would rewrite the address inside the address."""
    return web.Response(status=HTTPStatus.FOUND, headers={"Location": place})
