"""How a member proves to be one: the mini-program by a bearer token, the H5 pages by a cookie."""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import web

from bot.deps import ACTOR, DEPS
from bot.domain.actors import Member
from bot.domain.errors import ForeignOrigin, NotSignedIn
from bot.domain.sessions import LONGEST, Door
from bot.services import sessions

BEARER = "Bearer "
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE = "session"
# Where a login may lead; an address from outside could lead anywhere.
TARGETS: Mapping[str, str] = {"me": "/h5/me"}
LOGIN = "/h5/login"


async def prove(request: web.Request) -> Member:
    """Return who is asking, or raise NotSignedIn; a cookie alone changes nothing from elsewhere.

    Whoever opens one of the pages in TARGETS is sent to the login, which leads back there.
    """
    now = request.app[DEPS].clock()
    given = request.headers.get("Authorization")
    if given is not None:
        token = given.removeprefix(BEARER) if given.startswith(BEARER) else ""
        found = await sessions.find(token, Door.MINI, now=now)
    elif token := cookie(request, COOKIE):
        if request.method not in SAFE:
            check_origin(request)
        found = await sessions.find(token, Door.H5, now=now)
    else:
        found = None
    if found is None:
        for key, path in TARGETS.items():
            if request.path == path and request.method in SAFE:
                raise web.HTTPFound(f"{LOGIN}?to={key}")
        raise NotSignedIn
    return found


def member(request: web.Request) -> Member:
    """Return the actor of a route for members; the edge has asked for the proof."""
    actor = request[ACTOR]
    if not isinstance(actor, Member):
        raise TypeError("the route is not for members")
    return actor


def check_origin(request: web.Request) -> None:
    """Refuse what a page of another site sent along with our cookie; browsers tell the truth."""
    ours = urlsplit(request.app[DEPS].config.public_url)
    if request.headers.get("Origin") != f"{ours.scheme}://{ours.netloc}":
        raise ForeignOrigin


def cookie(request: web.Request, name: str) -> str:
    return request.cookies.get(_named(request, name), "")


def set_cookie(
    request: web.Request, answer: web.Response, name: str, value: str, *, lives: timedelta = LONGEST
) -> None:
    """Set a cookie that no script reads and no other host can plant; the server ends it."""
    answer.set_cookie(
        _named(request, name),
        value,
        max_age=int(lives.total_seconds()),
        path="/",
        httponly=True,
        samesite="Lax",
        secure=_https(request),
    )


def drop_cookie(request: web.Request, answer: web.Response, name: str) -> None:
    answer.del_cookie(
        _named(request, name), path="/", httponly=True, samesite="Lax", secure=_https(request)
    )


def _named(request: web.Request, name: str) -> str:
    """Browsers take a __Host- cookie over https only, so a local machine has to do without."""
    return f"__Host-{name}" if _https(request) else name


def _https(request: web.Request) -> bool:
    return request.app[DEPS].config.public_url.startswith("https://")
