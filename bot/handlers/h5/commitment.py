"""Signing the commitment on the phone: read, signed, sealed, public; or taken back."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from bot.deps import DEPS, Deps
from bot.domain.bindings import Role
from bot.domain.cases import NotEligible
from bot.domain.commitments import HOW_LABELS, Missing, State
from bot.domain.consents import TEXTS, Purpose
from bot.domain.enterprises import STATUSES
from bot.domain.errors import BadInput, NotFound, Stale
from bot.handlers import filled, forms, pages
from bot.handlers.h5.reminding import reminders
from bot.handlers.members import enterprise_id, member
from bot.services import (
    bindings,
    commitment_publishing,
    commitments,
    consents,
    public_commitments,
    signing_links,
)
from bot.services.commitments import Standing

SIGNATURE_BYTES = 512 * 1024


class Begin(forms.Input):
    legal_representative: str = Field(
        min_length=2, max_length=40, title="法定代表人姓名", description="与营业执照一致"
    )
    status: str = Field("", max_length=20, title="企业登记状态", description="不是“存续”的请改")
    agreed: Annotated[int, filled.TICKED] = Field(
        title="同意公开"
    )  # the version of the text that was read
    how: Literal["sign", "letter"] = "sign"  # the page that comes next


class Sign(forms.Input):
    signature: str = Field(min_length=1, title="手写签名")
    agreed: int = 0  # as above; it stands beside the button


class Reason(forms.Input):
    reason: str = Field(min_length=2, max_length=200, title="撤回的原因")


async def show(request: web.Request) -> web.Response:
    """Where the commitment stands, and the one thing to do next."""
    found = await standing(request)
    form = _blank(found)
    return _shown(request, found, form)


async def ask_again(request: web.Request) -> web.Response:
    """Sign anew while one is public: for a new legal representative or a new text."""
    found = await standing(request)
    if found.public is None or found.being_signed is not None:
        return pages.see_other(request, _here(found))
    form = _blank(found)
    return _shown(request, found, form, again=True)


def _blank(found: Standing) -> filled.Filled[Begin]:
    """Nearly every enterprise is registered as existing: whoever is not says so."""
    known = {"legal_representative": found.legal_representative, "status": STATUSES[0]}
    return filled.blank(Begin, known)


async def begin(request: web.Request) -> web.Response:
    form = await forms.fill(request, Begin)
    found = await standing(request)
    again = found.public is not None
    if form.value is None:
        return _shown(request, found, form, again=again)
    who, now = member(request), _deps(request).clock()
    try:
        await consents.give(Purpose.PUBLICATION, form.value.agreed, actor=who, now=now)
        await commitments.prepare(
            found.enterprise_id,
            form.value.legal_representative,
            status=form.value.status,
            actor=who,
            now=now,
        )
    except NotEligible as refusal:
        return _shown(request, found, form.refused(str(refusal), "status"), again=again)
    except Stale as refusal:  # a newer text, or a colleague began meanwhile with another name
        return pages.see_other(request, _here(found), said=str(refusal))
    return pages.see_other(request, f"{_here(found)}/{form.value.how}")


def _shown(
    request: web.Request, found: Standing, form: filled.Filled[Begin], *, again: bool = False
) -> web.Response:
    now = _deps(request).clock()
    return pages.render(
        request,
        "h5/commitment.html",
        status=form.status,
        home=_here(found),
        found=found,
        form=form,
        tasks=_tasks(found),
        next=act(found),
        sheet=public_commitments.preview(found, now=now, again=again),
        again=again,
        ways=HOW_LABELS,
        publication=TEXTS[Purpose.PUBLICATION],
        reminders=reminders(_deps(request).config),
        statuses=[(word, word) for word in STATUSES],
    )


def _tasks(found: Standing) -> list[dict[str, object]]:
    """The steps of what is being signed, each with its page."""
    row, here = found.being_signed, _here(found)
    if row is None:
        return []
    paying = row.state is State.AWAITING_PAYMENT
    steps: list[dict[str, object]] = [
        {
            "title": "法定代表人签字",
            "status": "todo" if Missing.SIGNATURE in found.missing else "done",
            "href": None if paying else f"{here}/sign",
        },
        {
            "title": "加盖公章",
            "status": "todo" if Missing.SEAL in found.missing else "done",
            "href": None if paying else f"{here}/seal",
        },
    ]
    if found.obstacle and not found.missing:
        steps.append(
            {
                "title": found.obstacle.words,
                "note": found.obstacle.note,
                "status": "todo",
                "href": found.obstacle.path,
            }
        )
    owed = row.owed_fen or (found.price.fen if found.price else 0)
    if owed:
        fee = f"{owed // 100} 元"
        steps.append({"title": f"缴费 {fee}", "status": "due" if paying else "blocked"})
    steps.append({"title": "公开展示，取得证书", "status": "blocked"})
    for one in steps:
        if one["status"] in {"todo", "due"}:
            one["current"] = True
            break
    return steps


def act(found: Standing) -> tuple[str, str] | None:
    """What is left for the enterprise to do on the one that is being signed, and where."""
    here = _here(found)
    if Missing.SIGNATURE in found.missing:
        return "去签字", f"{here}/sign"
    return ("去盖章", f"{here}/seal") if Missing.SEAL in found.missing else None


async def ask_signature(request: web.Request) -> web.Response:
    found = await being_signed(request)
    return await _sign_page(request, found, filled.blank(Sign))


async def sign(request: web.Request) -> web.Response:
    deps, found = _deps(request), await standing(request)
    form = await forms.fill(request, Sign, limit=SIGNATURE_BYTES)
    if form.value is not None:
        who, now = member(request), deps.clock()
        try:
            if form.value.agreed:
                await consents.give(Purpose.PUBLICATION, form.value.agreed, actor=who, now=now)
            row = await commitments.sign(
                found.enterprise_id, form.value.signature, actor=who, vault=deps.vault, now=now
            )
        except (BadInput, Stale) as refusal:
            form = form.refused(str(refusal), "signature")
        else:
            done = row.state is not State.PREPARED
            return pages.see_other(
                request, _here(found) if done else f"{_here(found)}/seal", said="签字已保存"
            )
    return await _sign_page(request, found, form)


async def _sign_page(
    request: web.Request, found: Standing, form: filled.Filled[Sign], *, link: str = ""
) -> web.Response:
    check_open(found)
    mine = await bindings.require(member(request), found.enterprise_id, now=_deps(request).clock())
    return pages.render(
        request,
        "h5/commitment_sign.html",
        status=form.status,
        home=_here(found),
        found=found,
        form=form,
        mine=mine,
        may_sign=mine.role is Role.LEGAL,
        publication=TEXTS[Purpose.PUBLICATION],
        link=link,
    )


async def forward(request: web.Request) -> web.Response:
    """Make the one-time link; it is shown once, on this answer."""
    deps, found = _deps(request), await being_signed(request)
    made = await signing_links.forward(found.enterprise_id, actor=member(request), now=deps.clock())
    link = f"{deps.config.public_url}/h5/s/{made.token}"
    return await _sign_page(request, found, filled.blank(Sign), link=link)


async def ask_withdraw(request: web.Request) -> web.Response:
    return _withdraw_page(request, await standing(request), filled.blank(Reason))


async def withdraw(request: web.Request) -> web.Response:
    found = await standing(request)
    form = await forms.fill(request, Reason)
    if form.value is None:
        return _withdraw_page(request, found, form)
    await commitment_publishing.withdraw(
        found.enterprise_id, form.value.reason, actor=member(request), now=_deps(request).clock()
    )
    return pages.see_other(request, _here(found), said="已撤回，证书同时失效")


def _withdraw_page(
    request: web.Request, found: Standing, form: filled.Filled[Reason]
) -> web.Response:
    if found.public is None:
        raise NotFound
    return pages.render(
        request,
        "h5/commitment_withdraw.html",
        status=form.status,
        home=_here(found),
        found=found,
        form=form,
    )


async def abandon(request: web.Request) -> web.Response:
    found = await standing(request)
    await commitment_publishing.abandon(
        found.enterprise_id, actor=member(request), now=_deps(request).clock()
    )
    return pages.see_other(request, _here(found), said="已放弃，您可以随时重新开始")


async def standing(request: web.Request) -> Standing:
    return await commitments.standing(
        enterprise_id(request), actor=member(request), now=_deps(request).clock()
    )


async def being_signed(request: web.Request) -> Standing:
    found = await standing(request)
    check_open(found)
    return found


def check_open(found: Standing) -> None:
    """A page for signing or sealing needs something that is being signed."""
    if found.being_signed is None:
        raise NotFound("没有正在签署的承诺书，请从头开始。")


def _here(found: Standing) -> str:
    return f"/h5/e/{found.enterprise_id}/commitment"


def _deps(request: web.Request) -> Deps:
    return request.app[DEPS]
