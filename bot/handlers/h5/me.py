"""The members' home: my enterprises, what is next, what waits, and the ways out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from aiohttp import web

from bot.deps import DEPS
from bot.domain.bindings import State
from bot.domain.cases import EDITABLE, ENDED
from bot.domain.cases import State as CaseState
from bot.domain.dates import in_words
from bot.domain.memberships import HOWS
from bot.domain.workdays import BEIJING
from bot.handlers import case_words, forms, pages
from bot.handlers.h5 import commitment
from bot.handlers.h5.cases import here, today
from bot.handlers.members import COOKIE, drop_cookie, member
from bot.services import (
    bindings,
    cases,
    claims,
    colleagues,
    commitments,
    enterprises,
    journeys,
    memberships,
    sessions,
    signers,
)
from bot.services.bindings import Bound
from bot.services.case_views import Summary
from bot.services.memberships import Membership

# What a member does for an enterprise, in the order of the journey; a line shows once its page is
# among the routes. Whoever adds such a page adds it here.
ENTRIES: Sequence[tuple[str, str]] = (
    ("信用承诺", "/h5/e/{enterprise}/commitment"),
    ("自评", "/h5/e/{enterprise}/self"),
    ("申报", "/h5/e/{enterprise}/cases"),
    ("证书", "/h5/e/{enterprise}/certificates"),
    ("信用档案", "/h5/e/{enterprise}/file"),
    ("同事", "/h5/e/{enterprise}/colleagues"),
    ("公告", "/h5/e/{enterprise}/notices"),
    ("企业信息", "/h5/e/{enterprise}"),
)
TAGS: Mapping[State, str] = {
    State.REQUESTED: "waiting",
    State.DISPUTED: "waiting",
    State.SUSPENDED: "fix",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One enterprise on the page."""

    bound: Bound
    memberships: Sequence[tuple[str, str]]
    """Tags and their words."""
    links: Sequence[tuple[str, str]]
    under_way: Sequence[tuple[str, str, str]]
    """Cases that were handed in: the programme, where to, and whose turn it is until when."""


@dataclass(frozen=True, slots=True)
class Next:
    """The one main button, under the enterprise that it is about."""

    words: str
    href: str
    enterprise_id: UUID | None = None


class SignOut(forms.Input):
    where: Literal["here", "everywhere"]


async def show(request: web.Request) -> web.Response:
    who, now = member(request), request.app[DEPS].clock()
    mine = await bindings.bound(who, now=now)
    waiting = await claims.waiting_of(who)
    renewals = await colleagues.renewals(who, now=now)
    begun = {
        one.enterprise_id: await cases.listed(one.enterprise_id, actor=who, now=now) for one in mine
    }
    cards = [
        Card(
            one,
            await membership_tags(one.enterprise_id, now=now),
            entries(request, one.enterprise_id),
            [
                (head.programme.name, _case(head), case_words.line(head))
                for head in begun[one.enterprise_id]
                if _under_way(head)
            ],
        )
        for one in mine
    ]
    since = who.signed_in_at.astimezone(BEIJING)
    return pages.render(
        request,
        "h5/me.html",
        cards=cards,
        waiting=waiting,
        tags=TAGS,
        mini=bool(request.app[DEPS].config.mini_bind_page),
        renewals=[
            (id_, name, in_words(until.astimezone(BEIJING).date())) for id_, name, until in renewals
        ],
        resign=[due for one in mine if (due := await signers.due(one.enterprise_id))],
        next=await _next(request, begun, renewing=bool(renewals), waiting=bool(waiting)),
        since=f"{since.year} 年 {since.month} 月 {since.day} 日 {since:%H:%M}",
    )


def entries(request: web.Request, enterprise_id: UUID) -> list[tuple[str, str]]:
    """The pages about an enterprise that exist."""
    known = {resource.canonical for resource in request.app.router.resources()}
    return [
        (words, path.format(enterprise=enterprise_id)) for words, path in ENTRIES if path in known
    ]


async def membership_tags(enterprise_id: UUID, *, now: datetime) -> list[tuple[str, str]]:
    """How the membership in each association stands, as tags of a page and their words."""
    today = now.astimezone(BEIJING).date()
    found = await memberships.each(enterprise_id, on=today)
    return [_membership_tag(one, today) for one in found] or [("optional", "还不是会员")]


def _membership_tag(one: Membership, today: date) -> tuple[str, str]:
    if one.until < today:
        return "ended", f"{one.association}会员资格已终止，到{in_words(one.until)}为止"
    if one.since > today:
        return "soon", f"{one.association}{one.level}，{in_words(one.since)}开始"
    return "ok", f"{one.association}{one.level}，至{in_words(one.until)}（{HOWS[one.how]}）"


async def _next(
    request: web.Request,
    begun: Mapping[UUID, Sequence[Summary]],
    *,
    renewing: bool,
    waiting: bool,
) -> Next | None:
    """The one thing to do now: what runs out first, then the journey of the first enterprise."""
    heads = [head for some in begun.values() for head in some]
    if returned := [head for head in heads if head.state is CaseState.RETURNED]:
        return await _mend(request, min(returned, key=lambda head: head.due_on or date.max))
    if renewing:
        return None  # the renewals stand on top with a button of their own
    if not begun:
        return None if waiting else Next("绑定我的企业", "/h5/bind")
    first = next(iter(begun))
    return await _onward(request, first, begun[first])


async def _onward(request: web.Request, first: UUID, begun: Sequence[Summary]) -> Next | None:
    """The next step of the journey: what was begun before what was not, and what was handed in is
    followed before anything else is begun."""
    if not (await enterprises.look(first)).details.industry:
        return Next("补全企业信息", f"/h5/e/{first}/details", first)
    steps, done = dict(entries(request, first)), await journeys.done(first)
    left = [words for words in ("信用承诺", "自评", "申报") if words in steps and words not in done]
    if "信用承诺" in left:
        who, now = member(request), request.app[DEPS].clock()
        act = commitment.act(await commitments.standing(first, actor=who, now=now))
        return Next(*(act or ("去信用承诺", steps["信用承诺"])), first)
    if drafts := [head for head in begun if head.state is CaseState.DRAFT]:
        return await _mend(request, drafts[0])
    if followed := [head for head in begun if _under_way(head)]:
        return Next("查看申报进度", _case(followed[0]), first)
    return Next(f"去{left[0]}", steps[left[0]], first) if left else None


def _under_way(head: Summary) -> bool:
    """Handed in, and nothing for its enterprise to mend, though it may have to pay: its line says
    whose turn it is."""
    return head.state not in EDITABLE | ENDED


def _case(head: Summary) -> str:
    return f"/h5/e/{head.enterprise_id}/cases/{head.id}"


async def _mend(request: web.Request, head: Summary) -> Next | None:
    """What a case asks of its enterprise, in the words of its own page."""
    who, now = member(request), request.app[DEPS].clock()
    found = await cases.show(head.enterprise_id, head.id, actor=who, now=now)
    act = case_words.act(found, here(found), today(request))
    return Next(*act, head.enterprise_id) if act else None


async def sign_out(request: web.Request) -> web.Response:
    given = await forms.read_form(request, SignOut)
    now = request.app[DEPS].clock()
    if given.where == "everywhere":
        await sessions.end_all(member(request), now=now)
    else:
        await sessions.end(member(request), now=now)
    return signed_out(request)


async def ask_lost(request: web.Request) -> web.Response:
    return pages.render(request, "h5/lost.html")


async def lose_phone(request: web.Request) -> web.Response:
    """Sign out everywhere and suspend every binding; others say when they go on."""
    await colleagues.lose_phone(actor=member(request), now=request.app[DEPS].clock())
    return signed_out(request)


def signed_out(request: web.Request, said: str = "") -> web.Response:
    answer = pages.see_other(request, pages.HOME, said=said)
    drop_cookie(request, answer, COOKIE)
    return answer
