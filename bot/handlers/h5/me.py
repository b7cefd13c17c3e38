"""The page that says who is signed in, and the way out."""

from http import HTTPStatus
from typing import Literal
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.deps import DEPS
from bot.handlers import forms, pages
from bot.handlers.members import COOKIE, drop_cookie, member
from bot.services import sessions

BEIJING = ZoneInfo("Asia/Shanghai")


class SignOut(forms.Input):
    where: Literal["here", "everywhere"]


async def show(request: web.Request) -> web.Response:
    since = member(request).signed_in_at.astimezone(BEIJING)
    told = f"{since.year} 年 {since.month} 月 {since.day} 日 {since:%H:%M}"
    return pages.render(request, "h5/me.html", page="me", since=told)


async def sign_out(request: web.Request) -> web.Response:
    given = await forms.read_form(request, SignOut)
    now = request.app[DEPS].clock()
    if given.where == "everywhere":
        await sessions.end_all(member(request), now=now)
    else:
        await sessions.end(member(request), now=now)
    answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": pages.PAGES["home"]})
    drop_cookie(request, answer, COOKIE)
    return answer
