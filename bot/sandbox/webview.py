"""The browser inside the phone: what WeChat does for a page of the product that is open in it.

The product's pages load phone/bridge.js from here, which asks for three things: whether the page's
JS-SDK signature holds, who may be holding the phone, and that a choice in the popup is told.
"""

import hashlib

from aiohttp import web

from bot.sandbox import people
from bot.sandbox.inputs import FROM_PAGES
from bot.sandbox.subscriptions import Subscribe, subscribe
from bot.sandbox.world import WORLD, Mistake

HOLDER = "simulated-phone"  # the cookie that says who logged in last in this browser
CHOICES = {"accept": True, "reject": False}
MOST_AT_ONCE = 5


def routes() -> list[web.RouteDef]:
    return [
        web.post(f"{FROM_PAGES}verify", verify),
        web.get(f"{FROM_PAGES}popup", popup),
        web.post(f"{FROM_PAGES}subscribe", choose),
    ]


def remember(answer: web.Response, openid: str) -> None:
    """From now on this browser is the phone of this person."""
    answer.set_cookie(HOLDER, openid, path=FROM_PAGES, httponly=True, samesite="Lax")


async def verify(request: web.Request) -> web.Response:
    """What `preVerifyJSAPI` says of a page's signature, in WeChat's own words."""
    world, given = request.app[WORLD], await request.post()
    kept = world.ledger.recall("jsapi_ticket") or {"ticket": ""}
    names = ("noncestr", "timestamp", "url")
    words = "&".join(
        [f"jsapi_ticket={kept['ticket']}", *(f"{name}={given.get(name, '')}" for name in names)]
    )
    wanted = hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest()
    signed = (world.config.oa_appid, wanted) == (given.get("appid"), given.get("signature"))
    return _told(request, {"errmsg": "ok" if signed else "fail, invalid signature"})


async def popup(request: web.Request) -> web.Response:
    """Whose phone it may be; the popup itself is drawn by the bridge."""
    rows = request.app[WORLD].ledger.rows("SELECT openid, nickname FROM people ORDER BY rowid")
    me = request.cookies.get(HOLDER, "")
    return _told(request, {"account": people.NAME, "people": rows, "me": me})


async def choose(request: web.Request) -> web.Response:
    """What was tapped; its event goes to the product as from the phone's own popup."""
    world, given = request.app[WORLD], await request.post()
    templates = str(given.get("templates", "")).split(",")
    status = str(given.get("status", ""))
    if status not in CHOICES or len(templates) > MOST_AT_ONCE or "" in templates:
        raise Mistake(400, "bad_input", "提交的内容有误，请检查后再试。")
    who = people.person(world, str(given.get("openid", "")))
    told = Subscribe(template_ids=templates, accept=CHOICES[status])
    world.deliveries.later(world.deliveries.deliver(subscribe(world, who, told)))
    return _told(request, {})


def _told(request: web.Request, answer: object) -> web.Response:
    """Readable by the page that asked; only pages of this machine come so far."""
    headers = {
        "Access-Control-Allow-Origin": request.headers.get("Origin", "null"),
        "Access-Control-Allow-Credentials": "true",
    }
    return web.json_response(answer, headers=headers)
