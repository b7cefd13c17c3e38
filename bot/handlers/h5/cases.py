"""Cases on the phone: chosen, begun, followed, checked and handed in, taken back."""

from datetime import date
from typing import Annotated

from aiohttp import web
from pydantic import Field

from bot.deps import DEPS
from bot.domain.cases import EDITABLE, ENDED, Incomplete, NotEligible, State
from bot.domain.errors import BadInput
from bot.handlers import case_words, filled, forms, pages
from bot.handlers.members import enterprise_id, member, path_id
from bot.services import bindings, cases
from bot.services.case_views import Case
from bot.services.cases import Offer
from bot.services.retention import WITHDRAWN


class Begin(forms.Input):
    kinds: list[str] = Field(
        [], title="企业类型", description="符合的请选上，会多要一份许可证；都不符合就不选"
    )


class Withdraw(forms.Input):
    reason: str = Field("", max_length=200, title="撤回的原因")


class Submit(forms.Input):
    truthful: Annotated[str, filled.TICKED] = Field(title="确认材料真实")


async def listed(request: web.Request) -> web.Response:
    """My cases, and what can be applied for."""
    who, now, enterprise = member(request), request.app[DEPS].clock(), enterprise_id(request)
    mine = await bindings.require(who, enterprise, now=now)
    found = await cases.listed(enterprise, actor=who, now=now)
    return pages.render(
        request,
        "h5/cases.html",
        mine=mine,
        cases=found,
        offers=await cases.offers(enterprise, actor=who, now=now),
        words=case_words,
    )


async def ask(request: web.Request) -> web.Response:
    """What it costs, how long it lasts, what is needed, who decides: before anything begins."""
    chosen = await _offer(request, request.match_info["programme"])
    form = filled.blank(Begin, {"kinds": sorted(chosen.kinds & set(chosen.kinds_asked))})
    return _offer_page(request, chosen, form)


async def begin(request: web.Request) -> web.Response:
    chosen = await _offer(request, request.match_info["programme"])
    form = await forms.fill(request, Begin)
    if form.value is not None:
        try:
            begun = await cases.begin(
                enterprise_id(request),
                chosen.programme.id,
                form.value.kinds,
                actor=member(request),
                now=request.app[DEPS].clock(),
            )
        except (BadInput, NotEligible) as refusal:
            form = form.refused(str(refusal), refusal.field)
        else:
            return pages.see_other(request, f"/h5/e/{enterprise_id(request)}/cases/{begun.id}")
    return _offer_page(request, chosen, form)


async def _offer(request: web.Request, programme: str) -> Offer:
    return await cases.offer(
        enterprise_id(request),
        programme,
        actor=member(request),
        now=request.app[DEPS].clock(),
    )


def _offer_page(request: web.Request, chosen: Offer, form: filled.Filled[Begin]) -> web.Response:
    return pages.render(
        request,
        "h5/case_new.html",
        status=form.status,
        home=f"/h5/e/{enterprise_id(request)}",
        offer=chosen,
        programme=chosen.programme,
        form=form,
        kinds=[(one, one) for one in chosen.kinds_asked],
        words=case_words,
    )


async def show(request: web.Request) -> web.Response:
    """Where the case is, and the one thing to do next."""
    found = await _case(request)
    base = here(found)
    return pages.render(
        request,
        "h5/case.html",
        case=found,
        head=found.head,
        base=base,
        words=case_words,
        next=case_words.act(found, base, today(request)),
        tasks=case_words.tasks(found, base),
        may_withdraw=found.head.state not in ENDED,
    )


async def check(request: web.Request) -> web.Response:
    found = await _case(request)
    if found.head.state not in EDITABLE or found.open:
        return pages.see_other(request, here(found))
    return await _check_page(request, found, filled.blank(Submit))


async def submit(request: web.Request) -> web.Response:
    found = await _case(request)
    form = await forms.fill(request, Submit)
    if form.value is None:
        return await _check_page(request, found, form)
    try:
        await cases.submit(
            found.head.enterprise_id,
            found.head.id,
            actor=member(request),
            now=request.app[DEPS].clock(),
        )
    except (Incomplete, NotEligible) as refusal:
        return await _check_page(request, found, form.refused(str(refusal)))
    return pages.see_other(request, f"{here(found)}/submitted")


async def _check_page(
    request: web.Request, found: Case, form: filled.Filled[Submit]
) -> web.Response:
    head = found.head
    offer = await _offer(request, head.programme.id)
    return pages.render(
        request,
        "h5/case_check.html",
        status=form.status,
        case=found,
        head=head,
        base=here(found),
        price=case_words.owed(head) if head.number else case_words.price(offer),
        form=form,
    )


async def submitted(request: web.Request) -> web.Response:
    """The number, what happens next and when; nothing of that before it is handed in."""
    found = await _case(request)
    if found.head.state is not State.SUBMITTED:
        return pages.see_other(request, here(found))
    return pages.render(
        request, "h5/case_submitted.html", head=found.head, base=here(found), words=case_words
    )


async def ask_withdraw(request: web.Request) -> web.Response:
    return _withdraw_page(request, await _case(request), filled.blank(Withdraw))


async def withdraw(request: web.Request) -> web.Response:
    found = await _case(request)
    form = await forms.fill(request, Withdraw)
    if form.value is None:
        return _withdraw_page(request, found, form)
    now = request.app[DEPS].clock()
    await cases.withdraw(
        found.head.enterprise_id,
        found.head.id,
        form.value.reason,
        actor=member(request),
        now=now,
    )
    until = pages.day(now + WITHDRAWN)
    return pages.see_other(
        request, here(found), said=f"已撤回，可以随时重新申报。材料保存到{until}。"
    )


def _withdraw_page(
    request: web.Request, found: Case, form: filled.Filled[Withdraw]
) -> web.Response:
    return pages.render(
        request,
        "h5/case_withdraw.html",
        status=form.status,
        head=found.head,
        base=here(found),
        form=form,
    )


async def _case(request: web.Request) -> Case:
    return await cases.show(
        enterprise_id(request),
        path_id(request, "case"),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )


def here(found: Case) -> str:
    return f"/h5/e/{found.head.enterprise_id}/cases/{found.head.id}"


def today(request: web.Request) -> date:
    return case_words.day(request.app[DEPS].clock())
