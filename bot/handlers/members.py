"""How a member proves to be one: the mini-program by a bearer token, the H5 pages by a cookie."""

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from urllib.parse import quote, urlsplit
from uuid import UUID

from aiohttp import web

from bot.clients.database import act_for
from bot.deps import ACTOR, DEPS
from bot.domain.actors import Member
from bot.domain.certificates import NUMBER
from bot.domain.errors import ForeignOrigin, NotAgreed, NotFound, NotSignedIn
from bot.domain.sessions import LONGEST, Door
from bot.services import sessions

BEARER = "Bearer "
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE = "session"
# Where a login may lead, each page by a key; an address from outside could lead anywhere. What
# stands in braces follows the key, after colons: `file:0190…`.
TARGETS: Mapping[str, str] = {
    "me": "/h5/me",
    "bind": "/h5/bind",
    "case": "/h5/e/{enterprise}/cases/{case}",
    "cases": "/h5/e/{enterprise}/cases",
    "certificate": "/h5/e/{enterprise}/certificates/{certificate}",
    "certificates": "/h5/e/{enterprise}/certificates",
    "claim": "/h5/claims/{claim}",
    "close": "/h5/close-account",
    "commitment": "/h5/e/{enterprise}/commitment",
    "colleagues": "/h5/e/{enterprise}/colleagues",
    "consents": "/h5/consents",
    "enterprise": "/h5/e/{enterprise}",
    "export": "/h5/export",
    "exports": "/h5/e/{enterprise}/export",
    "file": "/h5/e/{enterprise}/file",
    "papers": "/h5/e/{enterprise}/papers",
    "invitation": "/h5/invitations/{token}",
    "self": "/h5/e/{enterprise}/self",
}
DEFAULT = "me"
PAGES = "/h5/"
LOGIN = "/h5/login"
AGREE = "/h5/agree"  # asked once, before the first page
PLACE = re.compile(r"{(\w+)}")
UUID_TEXT = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SHAPES: Mapping[str, str] = {"certificate": NUMBER.pattern, "token": r"[A-Za-z0-9_-]{43}"}
"""Of what stands in braces; everything else is an id."""


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
        target = target_of(request.path)
        if target and request.method in SAFE:
            raise web.HTTPFound(f"{LOGIN}?to={target}")
        raise NotSignedIn
    act_for(found.user_id)
    return found


async def prove_agreed(request: web.Request) -> Member:
    """Return who is asking if they agree to the privacy text, or raise NotAgreed.

    Whoever opens a page is sent to the text instead, which leads on to there.
    """
    found = await prove(request)
    if found.agreed:
        return found
    if request.method in SAFE and request.path.startswith(PAGES):
        raise web.HTTPFound(f"{AGREE}?to={quote(nearest(request.path))}")
    raise NotAgreed


def nearest(path: str) -> str:
    """Return the key of this page, or of the first one above it that a login may lead to."""
    while path:
        if target := target_of(path):
            return target
        path = path.rpartition("/")[0]
    return DEFAULT


def target_of(path: str) -> str | None:
    """Return the key, with its ids, of a page that a login may lead to."""
    for key, pattern in _patterns().items():
        if found := pattern.fullmatch(path):
            return ":".join((key, *found.groups()))
    return None


def place_of(target: str) -> str | None:
    """Return the page of a key with its ids; None for everything that is not in the table."""
    key, *given = target.split(":")
    if key not in TARGETS or len(PLACE.findall(TARGETS[key])) != len(given):
        return None
    left = iter(given)
    path = PLACE.sub(lambda _: next(left), TARGETS[key])
    return path if _patterns()[key].fullmatch(path) else None


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    return {
        key: re.compile(PLACE.sub(lambda name: f"({SHAPES.get(name[1], UUID_TEXT)})", path))
        for key, path in TARGETS.items()
    }


def member(request: web.Request) -> Member:
    """Return the actor of a route for members; the edge has asked for the proof."""
    actor = request[ACTOR]
    if not isinstance(actor, Member):
        raise TypeError("the route is not for members")
    return actor


def enterprise_id(request: web.Request) -> UUID:
    """Return the enterprise in the address; whether it is the member's is for services to ask."""
    return path_id(request, "enterprise")


def path_id(request: web.Request, name: str) -> UUID:
    """Return an id in the address; what cannot be one looks like one that is missing."""
    given = request.match_info[name]
    try:
        found = UUID(given)
    except ValueError:
        raise NotFound from None
    if str(found) != given:  # one thing has one address
        raise NotFound
    return found


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
