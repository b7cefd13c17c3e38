"""Coming to act for an enterprise in the mini-program: claims, and a phone that was lost."""

from contextlib import suppress
from datetime import date
from typing import Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain import credit_codes, files
from bot.domain.bindings import Role, State
from bot.domain.errors import BadInput, NotFound, TooMany, Unavailable
from bot.domain.files import FileTooLarge
from bot.domain.licences import Term
from bot.handlers import forms, papers
from bot.handlers.api.session import PhoneCode
from bot.handlers.members import member, path_id
from bot.handlers.surface import Contract
from bot.services import (
    claim_papers,
    claims,
    colleagues,
    licence_photos,
    licences,
    logins,
    roster_claims,
)
from bot.services.claims import Claimed, HeldAlready, Papers, Stated
from bot.services.consents import NoConsent
from bot.services.licences import Off, UsedUp
from bot.services.roster_claims import NotOnRoster


class Asked(forms.Input):
    credit_code: str = Field(max_length=60, description="统一社会信用代码")
    name: str = Field(max_length=200, description="企业名称，与营业执照一致")
    role: Role = Field(description="legal 法定代表人，agent 经办人")
    person: str = Field(min_length=2, max_length=40, description="您的姓名")
    phone: str = Field(max_length=30, description="手机号，供核实时联系")
    legal_representative: str = Field("", max_length=80, description="执照上的法定代表人")
    founded_on: date | None = Field(None, description="执照上的成立日期")
    address: str = Field("", max_length=300, description="执照上的住所")


class Photo(forms.Input):
    """The picture itself is the part `file`."""


class Read(BaseModel):
    credit_code: str = Field(description="以下没有认出的为空")
    name: str
    legal_representative: str
    founded_on: date | None
    address: str
    term: Term = Field(description="营业期限")
    warnings: list[str] = Field(description="请给填写人看")


class Paper(forms.Input):
    kind: Literal["licence", "letter"] = Field(description="licence 营业执照，letter 授权书")


class HandedIn(BaseModel):
    licence: bool = Field(description="营业执照已经交了")
    letter: bool = Field(description="授权书已经交了")


class Claim(BaseModel):
    id: UUID
    enterprise_id: UUID
    credit_code: str
    name: str
    role: Role
    state: State = Field(
        description="active 已生效；requested 等待审核；disputed 已有联系人，等待核实；"
        "suspended 因手机丢失暂停，由现有联系人确认或工作人员核实后恢复"
    )


class Claims(BaseModel):
    claims: list[Claim]
    mended: list[str] = Field(default=[], description="代码里改正了什么，请给填写人看")
    left_out: str = Field(
        default="",
        description="名册里这个手机号的企业，为什么有的这次没有申请上；请给填写人看。空的就是没有遗漏",
    )


READ = Contract(
    "拍营业执照预填申请（multipart，字段 file）：请让填写人核对；照片留给接下来的申请，不用再交",
    form=Photo,
    returns=Read,
    refusals=(files.Unreadable, licences.Unreadable, FileTooLarge, UsedUp, Off, Unavailable),
)
PAPERS = Contract("一个申请交了哪些材料", returns=HandedIn, refusals=(NotFound,))
HAND_IN = Contract(
    "交申请的营业执照或授权书（multipart，字段 kind 与 file）；再交一次即替换",
    form=Paper,
    returns=HandedIn,
    refusals=(NotFound, files.Unreadable, FileTooLarge, Unavailable),
)
BY_PHONE = Contract(
    "用手机号按钮的 code 绑定：与会员名册一致的马上生效（须先同意 phone 这项用途）；"
    "因手机丢失暂停的不会因此恢复",
    body=PhoneCode,
    returns=Claims,
    refusals=(NoConsent, logins.Unproven, NotOnRoster, TooMany, Unavailable),
)
ASK = Contract(
    "申请绑定，由工作人员核实",
    body=Asked,
    returns=Claims,
    refusals=(BadInput, HeldAlready, TooMany),
)
LIST = Contract("我的还没有结果的申请", returns=Claims)
WITHDRAW = Contract("撤回申请", statuses=(204,), refusals=(NotFound,))
LOST = Contract(
    "手机丢了：退出所有登录，暂停所有绑定；由现有联系人确认或工作人员核实后恢复", statuses=(204,)
)


async def by_phone(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    if deps.accounts is None:
        raise Unavailable
    who = member(request)
    number = await logins.phone(
        forms.body(request, PhoneCode).code, actor=who, wechat=deps.accounts.mini
    )
    found = await roster_claims.by_phone(number, actor=who, vault=deps.vault, now=deps.clock())
    return _answer(found.claims, left_out=found.left_out)


async def read_licence(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    async with papers.received(request) as (_, [photo, *_]):
        found = await licence_photos.take(
            photo,
            actor=member(request),
            now=deps.clock(),
            cabinet=papers.cabinet(request),
            wechat=deps.accounts.mini if deps.accounts else None,
        )
    answer = Read(
        credit_code=found.code,
        name=found.name,
        legal_representative=found.legal,
        founded_on=found.founded,
        address=found.address,
        term=found.status,
        warnings=list(found.warnings),
    )
    return web.json_response(text=answer.model_dump_json())


async def ask(request: web.Request) -> web.Response:
    """Make the claim; a photo that was read for it becomes its licence, as far as that goes."""
    deps, who = request.app[DEPS], member(request)
    given = forms.body(request, Asked)
    mended = credit_codes.read(given.credit_code).mended
    stated = Stated(given.legal_representative, given.founded_on, given.address)
    said = Papers(given.credit_code, given.name, given.role, given.person, given.phone, stated)
    now = deps.clock()
    claimed = await claims.by_papers(said, actor=who, vault=deps.vault, now=now)
    with suppress(files.Unreadable, Unavailable):  # GET …/papers tells what is there
        if await licence_photos.waits(who, now=now):
            await licence_photos.hand_over(
                claimed.binding_id, actor=who, now=now, cabinet=papers.cabinet(request)
            )
    return _answer((claimed,), mended)


async def show_papers(request: web.Request) -> web.Response:
    return await _papers(request)


async def hand_in(request: web.Request) -> web.Response:
    async with papers.received(request) as (parts, [paper, *_]):
        await claim_papers.keep(
            path_id(request, "claim"),
            parts.fields.get("kind", ""),
            paper,
            actor=member(request),
            now=request.app[DEPS].clock(),
            cabinet=papers.cabinet(request),
        )
    return await _papers(request)


async def _papers(request: web.Request) -> web.Response:
    licence, letter = await claim_papers.handed_in(path_id(request, "claim"), actor=member(request))
    return web.json_response(text=HandedIn(licence=licence, letter=letter).model_dump_json())


async def listed(request: web.Request) -> web.Response:
    return _answer(await claims.waiting_of(member(request)))


async def withdraw(request: web.Request) -> web.Response:
    now = request.app[DEPS].clock()
    await claims.withdraw(path_id(request, "claim"), actor=member(request), now=now)
    return web.Response(status=204)


async def lose_phone(request: web.Request) -> web.Response:
    await colleagues.lose_phone(actor=member(request), now=request.app[DEPS].clock())
    return web.Response(status=204)


def _answer(
    found: tuple[Claimed, ...], mended: tuple[str, ...] = (), left_out: str = ""
) -> web.Response:
    answer = Claims(
        claims=[
            Claim(
                id=one.binding_id,
                enterprise_id=one.enterprise_id,
                credit_code=one.credit_code,
                name=one.name,
                role=one.role,
                state=one.state,
            )
            for one in found
        ],
        mended=list(mended),
        left_out=left_out,
    )
    return web.json_response(text=answer.model_dump_json())
