"""What a member agreed to, as a page: each purpose by itself, given and taken back by a button."""

from datetime import datetime
from typing import Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from bot.deps import DEPS
from bot.domain.consents import TEXTS, Purpose
from bot.domain.errors import Stale
from bot.domain.workdays import BEIJING
from bot.handlers import forms, pages
from bot.handlers.h5.me import signed_out
from bot.handlers.members import AGREE, DEFAULT, TARGETS, member, place_of
from bot.services import consents, sessions

PAGE = "/h5/consents"


class Choice(forms.Input):
    purpose: Purpose
    version: int = Field(ge=1)
    act: Literal["give", "revoke"]


async def show(request: web.Request) -> web.Response:
    found = await consents.standings(actor=member(request))
    rows = [
        {
            "purpose": one.purpose.value,
            "text": one.text,
            "given_on": _day(one.given_at),
            "revoked_on": _day(one.revoked_at),
            "older_on": _day(one.older_at),
        }
        for one in found
    ]
    return pages.render(request, "h5/consents.html", rows=rows)


async def choose(request: web.Request) -> web.Response:
    """Give or take back one; whoever read an older text is shown the new one first."""
    choice = await forms.read_form(request, Choice)
    who, now = member(request), request.app[DEPS].clock()
    if choice.act == "revoke":
        await consents.revoke(choice.purpose, actor=who, now=now)
        if choice.purpose is Purpose.PRIVACY:
            return signed_out(request, said="已撤回，并退出了登录。公开查询照常可用。")
        return pages.see_other(request, PAGE, said="已撤回。以后需要时，可以再同意。")
    try:
        await consents.give(choice.purpose, choice.version, actor=who, now=now)
    except Stale as stale:
        return pages.see_other(request, PAGE, said=str(stale))
    return pages.see_other(request, PAGE, said="已记下您的同意。")


class Asked(forms.Input):
    to: str = Field("", max_length=160)


class Answer(forms.Input):
    to: str = Field("", max_length=160)
    version: int = Field(ge=1)
    act: Literal["give", "leave"]


async def ask(request: web.Request) -> web.Response:
    """The one question before the first page; it leads on to where the person was going."""
    to = forms.read_query(request, Asked).to
    return pages.render(request, "h5/agree.html", text=TEXTS[Purpose.PRIVACY], to=to)


async def answer(request: web.Request) -> web.Response:
    """Lead on; whoever read an older text is shown the new one first."""
    given = await forms.read_form(request, Answer)
    who, now = member(request), request.app[DEPS].clock()
    if given.act == "leave":
        await sessions.end(who, now=now)
        return signed_out(request, said="没有登录。扫码查验等公开查询照常可用。")
    try:
        await consents.give(Purpose.PRIVACY, given.version, actor=who, now=now)
    except Stale as stale:
        return pages.see_other(request, f"{AGREE}?to={quote(given.to)}", said=str(stale))
    return pages.see_other(request, place_of(given.to) or TARGETS[DEFAULT])


def _day(at: datetime | None) -> str:
    if at is None:
        return ""
    day = at.astimezone(BEIJING)
    return f"{day.year}年{day.month}月{day.day}日"
