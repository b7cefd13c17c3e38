"""WeChat's authorisation page: who is holding the phone, and do they agree."""

import re
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web

from bot.sandbox import logins, people, webview
from bot.sandbox.world import WORLD, World

STATE = re.compile(r"[A-Za-z0-9]{0,128}")
PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · 模拟微信</title>
<link rel="icon" href="/phone/icon.svg">
<link rel="stylesheet" href="/phone/page.css">
<link rel="stylesheet" href="/phone/authorize.css">
</head>
<body><main class="authorize">{content}</main></body>
</html>
"""


def routes() -> list[web.RouteDef]:
    return [
        web.get("/connect/oauth2/authorize", ask),
        web.get("/connect/oauth2/agree", agree),
    ]


async def ask(request: web.Request) -> web.Response:
    """The real page takes the person from the phone; here one of the phones is chosen."""
    world = request.app[WORLD]
    if fault := _fault(world, request):
        return _page("无法打开", f"<h1>无法打开</h1><p>{escape(fault)}</p>", status=400)
    asked = dict(request.query)
    rows = world.ledger.rows("SELECT * FROM people ORDER BY rowid")
    items = "".join(
        f'<li><a class="agree" href="{_agree(asked, row["openid"])}">'
        f"{escape(row['nickname'])}（{escape(row['role'])}）</a>"
        f'<a class="preview" href="{_agree(asked, row["openid"], virtual="1")}">'
        f"{escape(row['nickname'])}的快照页</a></li>"
        for row in rows
    )
    content = (
        f"<h1>{escape(people.NAME)} 申请登录</h1><p>您是哪一位？选择即表示同意。</p>"
        f'<ul>{items}</ul><p><a class="decline" href="{escape(_back(asked))}">不同意</a></p>'
    )
    return _page("登录", content)


async def agree(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    if fault := _fault(world, request):
        return _page("无法打开", f"<h1>无法打开</h1><p>{escape(fault)}</p>", status=400)
    asked = dict(request.query)
    order = logins.Order(
        openid=asked.get("openid", "?"),
        door="h5",
        scope="snsapi_userinfo" if asked["scope"] == logins.FULL else "snsapi_base",
        virtual=asked.get("virtual") == "1",
    )
    code = logins.issue(world, order)
    answer = web.Response(status=302, headers={"Location": _back(asked, code=code)})
    webview.remember(answer, order.openid)
    return answer


def _fault(world: World, request: web.Request) -> str:
    """What the real page shows instead, with its own numbers."""
    asked = request.query
    back = urlsplit(asked.get("redirect_uri", ""))
    own = urlsplit(world.config.public_url)
    if asked.get("appid") != world.config.oa_appid:
        return "AppID 参数错误（10013）"
    if (back.scheme, back.netloc) != (own.scheme, own.netloc):
        return "redirect_uri 域名与后台配置不一致（10003）"
    if asked.get("response_type") != "code" or asked.get("scope") not in {
        "snsapi_base",
        logins.FULL,
    }:
        return "Scope 参数错误或没有 Scope 权限（10005）"
    return "" if STATE.fullmatch(asked.get("state", "")) else "state 参数错误（10023）"


def _agree(asked: dict[str, str], openid: str, **more: str) -> str:
    return escape("/connect/oauth2/agree?" + urlencode(asked | {"openid": openid} | more))


def _back(asked: dict[str, str], **more: str) -> str:
    back = urlsplit(asked["redirect_uri"])
    query = [*parse_qsl(back.query), *more.items(), ("state", asked.get("state", ""))]
    return urlunsplit(back._replace(query=urlencode(query)))


def _page(title: str, content: str, *, status: int = 200) -> web.Response:
    text = PAGE.format(title=title, content=content)
    return web.Response(text=text, status=status, content_type="text/html")
