"""How somebody comes to act for an enterprise: the form, the licence read for it, the claim."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Literal
from uuid import UUID

from aiohttp import web
from pydantic import Field

from bot.deps import DEPS
from bot.domain import credit_codes
from bot.domain.bindings import Role
from bot.domain.claims import faults
from bot.domain.errors import BadInput, DomainError, NotFound, TooLarge, TooMany, Unavailable
from bot.domain.files import Unreadable
from bot.domain.licences import Licence
from bot.domain.workdays import BEIJING
from bot.handlers import filled, forms, pages, papers
from bot.handlers.h5.me import TAGS
from bot.handlers.members import member, path_id
from bot.services import claim_papers, claims, licence_photos, mini_links
from bot.services.claims import HeldAlready, Papers, Stated

ROLES = (
    (Role.LEGAL.value, Role.LEGAL.label, "营业执照上的负责人本人"),
    (Role.AGENT.value, Role.AGENT.label, "受企业委托办理的人"),
)


class Claim(forms.Input):
    credit_code: str = Field(
        max_length=60, title="统一社会信用代码", description="营业执照上的 18 位代码"
    )
    name: str = Field(max_length=200, title="企业名称", description="与营业执照一致")
    role: Literal["legal", "agent"] = Field(title="您的身份")
    person: str = Field(min_length=2, max_length=40, title="您的姓名")
    phone: str = Field(max_length=30, title="手机号", description="工作人员核实时会联系您")
    legal_representative: str | None = Field(None, max_length=80, title="法定代表人")
    founded_on: date | None = Field(None, title="成立日期")
    address: str | None = Field(None, max_length=300, title="住所")

    def papers(self) -> Papers:
        stated = Stated(self.legal_representative or "", self.founded_on, self.address or "")
        role = Role(self.role)
        return Papers(self.credit_code, self.name, role, self.person, self.phone, stated)


ASKED = frozenset(Claim.model_fields)
WITH_PHOTO = replace(papers.ONE, parts=len(ASKED) + 1)


class Paper(forms.Input):
    kind: Literal["licence", "letter"]


LETTER: Mapping[Role, str] = {
    Role.LEGAL: "写明由本人办理信用服务，签字并加盖公章",
    Role.AGENT: "写明委托您办理信用服务，由法定代表人签字并加盖公章",
}


async def ask(request: web.Request) -> web.Response:
    return await _form(request, filled.blank(Claim))


async def to_mini(request: web.Request) -> web.Response:
    """Into the mini-program, whose button gives us a number that WeChat vouches for."""
    deps = request.app[DEPS]
    wechat = deps.accounts.mini if deps.accounts else None
    return pages.see_other(request, await mini_links.to(deps.config.mini_bind_page, wechat=wechat))


async def read_licence(request: web.Request) -> web.Response:
    """Fill the form in from a photo of the licence; whatever fails there, it stays a form."""
    deps = request.app[DEPS]
    typed: Mapping[str, str] = {}
    try:
        async with papers.form(request, limits=WITH_PHOTO) as (parts, photos):
            typed = {name: text for name, text in parts.fields.items() if name in ASKED}
            if not photos:
                raise BadInput("请先拍照或者选一张营业执照的照片，再按“识别照片”。")
            found = await licence_photos.take(
                photos[0],
                actor=member(request),
                now=deps.clock(),
                cabinet=papers.cabinet(request),
                wechat=deps.accounts.service if deps.accounts else None,
            )
        filled_in = _completed(typed, found)
        notes = (*found.warnings, *_differing(typed, found), _read(typed, filled_in))
        typed = filled_in
    except DomainError as refusal:
        notes = (str(refusal),)
    return await _form(request, filled.blank(Claim, typed), notes)


def _completed(typed: Mapping[str, str], found: Licence) -> dict[str, str]:
    """What was typed stays; what the licence says goes where nothing stands yet."""
    read = {
        "credit_code": found.code,
        "name": found.name,
        "legal_representative": found.legal,
        "founded_on": found.founded.isoformat() if found.founded else "",
        "address": found.address,
    }
    if typed.get("role") == Role.LEGAL:
        read["person"] = found.legal
    return {
        **typed,
        **{name: text for name, text in read.items() if not typed.get(name, "").strip()},
    }


def _read(typed: Mapping[str, str], filled_in: Mapping[str, str]) -> str:
    """Which fields the photo filled in, for whoever has to check them."""
    new = [
        field.title or name
        for name, field in Claim.model_fields.items()
        if filled_in.get(name) and not typed.get(name, "").strip()
    ]
    if not new:
        return "照片上的内容您都填过了，请再核对一遍。"
    return f"已从照片读出{'、'.join(new)}，请逐项核对，有错的直接改。"


def _differing(typed: Mapping[str, str], found: Licence) -> list[str]:
    """Where the licence says something else than what was typed and stays."""
    code, name = typed.get("credit_code", ""), typed.get("name", "")
    said = []
    if code.strip() and found.code and credit_codes.tidy(code) != found.code:
        said.append(f"照片上的代码是 {found.code}，与您填的不一样。")
    if name.strip() and found.name and name.strip() != found.name:
        said.append(f"照片上的名称是“{found.name}”，与您填的不一样。")
    return said


async def send(request: web.Request) -> web.Response:
    """Make the claim; the photo of the licence that came before, or comes with it, is its paper."""
    deps, who = request.app[DEPS], member(request)
    now = deps.clock()
    form: filled.Filled[Claim] = filled.blank(Claim)
    try:
        async with papers.form(request, limits=WITH_PHOTO) as (parts, photos):
            form = filled.check(parts.fields.items(), Claim)
            for fault in faults(form.given, today=now.astimezone(BEIJING).date()):
                if fault.field not in form.errors:
                    form = form.refused(str(fault), fault.field)
            if photos:
                await licence_photos.keep(
                    photos[0], actor=who, now=now, cabinet=papers.cabinet(request)
                )
        if form.value is not None:
            claimed = await claims.by_papers(
                form.value.papers(), actor=who, vault=deps.vault, now=now
            )
            mended = credit_codes.read(form.value.credit_code).mended
            said = "".join(("已提交。", *mended, await _hand_over(request, claimed.binding_id)))
            return pages.see_other(request, f"/h5/claims/{claimed.binding_id}", said=said)
    except BadInput as refusal:
        form = form.refused(str(refusal), refusal.field)
    except (HeldAlready, TooMany, TooLarge, Unavailable) as refusal:
        form = form.refused(str(refusal))
    return await _form(request, form)


async def _hand_over(request: web.Request, claim: UUID) -> str:
    """What became of the photo, in words; the claim stands whatever that is."""
    who, now = member(request), request.app[DEPS].clock()
    try:
        if await licence_photos.waits(who, now=now):
            await licence_photos.hand_over(
                claim, actor=who, now=now, cabinet=papers.cabinet(request)
            )
    except (Unreadable, Unavailable) as refusal:
        return f"执照照片没有收下：{refusal}"
    return ""


async def _form(
    request: web.Request, form: filled.Filled[Claim], notes: tuple[str, ...] = ()
) -> web.Response:
    photographed = await licence_photos.waits(member(request), now=request.app[DEPS].clock())
    return pages.render(
        request,
        "h5/bind.html",
        status=form.status,
        form=form,
        notes=notes,
        roles=ROLES,
        photographed=photographed,
        mini=bool(request.app[DEPS].config.mini_bind_page),
    )


async def show(request: web.Request) -> web.Response:
    return await _claim(request, filled.blank(Paper))


async def hand_in(request: web.Request) -> web.Response:
    """Take the licence or the letter of authority; a refused file leaves the page as it was."""
    claim = path_id(request, "claim")
    form: filled.Filled[Paper] = filled.blank(Paper)
    try:
        async with papers.received(request) as (parts, [upload, *_]):
            await claim_papers.keep(
                claim,
                parts.fields.get("kind", ""),
                upload,
                actor=member(request),
                now=request.app[DEPS].clock(),
                cabinet=papers.cabinet(request),
            )
    except (BadInput, Unreadable, TooLarge, Unavailable) as refusal:
        return await _claim(request, form.refused(str(refusal)))
    return pages.see_other(request, f"/h5/claims/{claim}", said="已收到")


async def _claim(request: web.Request, form: filled.Filled[Paper]) -> web.Response:
    """A claim that waits; once it is decided it is found here no more."""
    wanted, who = path_id(request, "claim"), member(request)
    for claim in await claims.waiting_of(who):
        if claim.binding_id == wanted:
            licence, letter = await claim_papers.handed_in(wanted, actor=who)
            return pages.render(
                request,
                "h5/claim.html",
                status=form.status,
                form=form,
                claim=claim,
                tag=(TAGS[claim.state], claim.state.label),
                wanted=[
                    ("licence", "营业执照", "照片要拍全四个角", licence),
                    ("letter", "授权书", LETTER[claim.role], letter),
                ],
            )
    raise NotFound("没有等待核实的申请，可能已经有了结果，请到“我的”里查看。")


async def withdraw(request: web.Request) -> web.Response:
    claim = path_id(request, "claim")
    await claims.withdraw(claim, actor=member(request), now=request.app[DEPS].clock())
    return pages.see_other(request, "/h5/me", said="已撤回申请")
