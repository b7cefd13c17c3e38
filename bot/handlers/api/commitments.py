"""The commitment for the mini-program: by the same services as the pages."""

from datetime import datetime
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.cases import NotEligible
from bot.domain.commitments import How, Missing, NoSuchStep, State
from bot.domain.errors import BadInput, NotFound
from bot.handlers import forms
from bot.handlers.members import enterprise_id, member
from bot.handlers.surface import Contract
from bot.services import commitment_publishing, commitments, files, signing_links
from bot.services.bindings import NeedsLegal
from bot.services.commitments import Begun, Standing
from bot.services.consents import NoConsent

STROKES_LONGEST = 256 * 1024
KINDS = {"seal": commitments.put_seal, "commitment_letter": commitments.put_letter}


class Begin(forms.Input):
    legal_representative: str = Field(
        min_length=2, max_length=40, description="法定代表人姓名，与营业执照一致"
    )
    status: str = Field(
        "", max_length=20, description="企业登记状态，如 存续；还没有填写过的必须给出"
    )


class Sign(forms.Input):
    strokes: str = Field(
        min_length=2,
        max_length=STROKES_LONGEST,
        description="手写笔迹的 JSON：[{points:[{x,y,time}]}]",
    )


class Put(forms.Input):
    file: UUID = Field(description="先上传的材料：种类为 seal（公章）或 commitment_letter（整份）")


class Withdraw(forms.Input):
    reason: str = Field(min_length=2, max_length=200, description="撤回的原因")


class Section(BaseModel):
    heading: str
    items: list[str]


class Promise(BaseModel):
    version: int = Field(description="承诺书的版本")
    title: str = Field(description="标题")
    approved: bool = Field(description="正文是否已经协会审定；false 为示范文本")
    basis: str = Field(description="开头的话")
    sections: list[Section]


class One(BaseModel):
    id: UUID = Field(description="编号")
    state: State = Field(description="状态")
    how: How | None = Field(description="签署方式；还没有签为 null")
    owed_fen: int = Field(description="应缴费用，分；没有为 0")
    published_at: datetime | None = Field(description="公开的时间")
    certificate: str = Field(description="证书编号；没有为空")
    letter_file: UUID | None = Field(
        description="签字盖章的整份承诺书，从 /api/files/{file} 下载；不是这样签的为 null"
    )


class Commitment(BaseModel):
    name: str = Field(description="企业名称")
    credit_code: str = Field(description="统一社会信用代码")
    text: Promise
    being_signed: One | None = Field(description="正在签署的；没有为 null")
    public: One | None = Field(description="已公示的；没有为 null")
    missing: list[Missing] = Field(description="还差什么：signature 签字，seal 盖章")
    obstacle: str = Field(description="签署和公示以前要先办的事；没有为空")
    price_fen: int = Field(description="公示前应缴的费用，分；会员为 0")


class Link(BaseModel):
    url: str = Field(description="转发给法定代表人的一次性链接，只在这里出现一次")
    expires_at: datetime = Field(description="到这个时间失效")


SHOW = Contract("信用承诺做到哪里", returns=Commitment, refusals=(NotFound,))


async def show(request: web.Request) -> web.Response:
    return await _standing(request)


BEGIN = Contract(
    "开始签署；正在签署的会接着办（须先同意 publication 这项用途）",
    body=Begin,
    returns=Commitment,
    refusals=(NotFound, BadInput, NoConsent, NotEligible),
)


async def begin(request: web.Request) -> web.Response:
    given = forms.body(request, Begin)
    await commitments.prepare(
        enterprise_id(request),
        given.legal_representative,
        status=given.status,
        actor=member(request),
        now=_now(request),
    )
    return await _standing(request)


SIGN = Contract(
    "法定代表人签字（须先同意 publication 这项用途）",
    body=Sign,
    body_bytes=STROKES_LONGEST * 2,
    returns=Commitment,
    refusals=(NotFound, BadInput, NeedsLegal, NoConsent, NoSuchStep),
)


async def sign(request: web.Request) -> web.Response:
    await commitments.sign(
        enterprise_id(request),
        forms.body(request, Sign).strokes,
        actor=member(request),
        vault=request.app[DEPS].vault,
        now=_now(request),
    )
    return await _standing(request)


FORWARD = Contract("生成转发给法定代表人的签字链接", returns=Link, refusals=(NotFound, NoSuchStep))


async def forward(request: web.Request) -> web.Response:
    made = await signing_links.forward(
        enterprise_id(request), actor=member(request), now=_now(request)
    )
    url = f"{request.app[DEPS].config.public_url}/h5/s/{made.token}"
    answer = Link(url=url, expires_at=made.expires_at)
    return web.json_response(text=answer.model_dump_json())


PUT = Contract(
    "放上公章的照片，或签字盖章的整份承诺书",
    body=Put,
    returns=Commitment,
    refusals=(NotFound, BadInput, NoSuchStep),
)


async def put(request: web.Request) -> web.Response:
    firm, who, now = enterprise_id(request), member(request), _now(request)
    kept = await files.found(forms.body(request, Put).file, actor=who, now=now)
    if kept.enterprise_id != firm:
        raise NotFound
    if kept.kind not in KINDS:
        raise BadInput("这份材料的种类不对，请上传公章照片或整份承诺书。", field="file")
    await KINDS[kept.kind](firm, kept.id, kept.sha256, actor=who, now=now)
    return await _standing(request)


ABANDON = Contract(
    "放弃正在签署、还没有公示的承诺", returns=Commitment, refusals=(NotFound, NoSuchStep)
)


async def abandon(request: web.Request) -> web.Response:
    await commitment_publishing.abandon(
        enterprise_id(request), actor=member(request), now=_now(request)
    )
    return await _standing(request)


WITHDRAW = Contract(
    "法定代表人撤回已公示的承诺，证书同时失效",
    body=Withdraw,
    returns=Commitment,
    refusals=(NotFound, NeedsLegal, NoSuchStep),
)


async def withdraw(request: web.Request) -> web.Response:
    await commitment_publishing.withdraw(
        enterprise_id(request),
        forms.body(request, Withdraw).reason,
        actor=member(request),
        now=_now(request),
    )
    return await _standing(request)


async def _standing(request: web.Request) -> web.Response:
    found = await commitments.standing(
        enterprise_id(request), actor=member(request), now=_now(request)
    )
    return web.json_response(text=_told(found).model_dump_json())


def _told(found: Standing) -> Commitment:
    text = found.text
    return Commitment(
        name=found.name,
        credit_code=found.credit_code,
        text=Promise(
            version=text.version,
            title=text.title,
            approved=text.approved,
            basis=text.basis,
            sections=[Section(heading=s.heading, items=list(s.items)) for s in text.sections],
        ),
        being_signed=_one(found.being_signed),
        public=_one(found.public),
        missing=list(found.missing),
        obstacle=f"{found.obstacle.words}：{found.obstacle.note}" if found.obstacle else "",
        price_fen=found.price.fen if found.price else 0,
    )


def _one(row: Begun | None) -> One | None:
    if row is None:
        return None
    return One(
        id=row.id,
        state=row.state,
        how=row.how,
        owed_fen=row.owed_fen,
        published_at=row.published_at,
        certificate=row.certificate,
        letter_file=row.letter_file if row.how is How.LETTER else None,
    )


def _now(request: web.Request) -> datetime:
    return request.app[DEPS].clock()
