"""My certificates for the mini-program: list, card, papers, plaque."""

from datetime import date, datetime

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS, Deps
from bot.domain.certificates import State
from bot.domain.errors import NotFound, Unavailable
from bot.domain.files import Media
from bot.domain.papers import (
    Address,
    AlreadyOrdered,
    NoPlaque,
    NotYetMade,
    OrderState,
    RareCharacter,
)
from bot.handlers import forms
from bot.handlers.members import enterprise_id, member
from bot.handlers.surface import Contract
from bot.services import held_certificates, plaques
from bot.services.bindings import TooFresh
from bot.services.held_certificates import Held
from bot.services.plaques import Order


class Line(BaseModel):
    number: str = Field(description="证书编号")
    programme: str = Field(description="评价项目")
    level: str = Field(description="等级；信用承诺为空")
    state: State
    word: str = Field(description="给人看的状态")
    valid_from: date
    valid_to: date


class All(BaseModel):
    certificates: list[Line] = Field(description="最新的在前")


class Plaque(BaseModel):
    state: OrderState
    word: str
    ordered_at: datetime
    carrier: str = Field(description="快递公司，寄出前为空")
    parcel: str = Field(description="运单号，寄出前为空")


class Event(BaseModel):
    at: datetime
    title: str
    reason: str


class One(BaseModel):
    certificate: Line
    name: str = Field(description="证书上的企业名称")
    credit_code: str
    issuer: str = Field(description="发布单位")
    meaning: str = Field(description="等级的含义")
    verify_url: str = Field(description="二维码的内容；签发前为空")
    printed: bool = Field(description="PDF 和图片是否已经生成；没有也可以下载，下载时生成")
    rare: bool = Field(description="名称里有打印字体没有的字，等工作人员处理，暂时不能下载")
    reviewed_on: date | None
    review_due: date | None
    checked_at: datetime = Field(description="这些内容是这个时间的")
    history: list[Event] = Field(description="最新的在前")
    plaque: Plaque | None


class Delivery(forms.Input):
    person: str = Field(min_length=2, max_length=40, description="收件人")
    phone: str = Field(min_length=7, max_length=20, pattern=r"^[0-9+\- ]+$", description="电话")
    place: str = Field(min_length=8, max_length=200, description="收件地址")


LIST = Contract("本企业的证书", returns=All, refusals=(NotFound,))
SHOW = Contract("一张证书：状态、二维码内容、经过、牌匾", returns=One, refusals=(NotFound,))
PDF = Contract(
    "下载证书的 PDF（带电子印章）",
    gives=(Media.PDF,),
    refusals=(NotFound, NotYetMade, RareCharacter, Unavailable),
)
PICTURE = Contract(
    "证书的分享图（PNG，宽 1754 像素）",
    gives=(Media.PNG,),
    refusals=(NotFound, NotYetMade, RareCharacter, Unavailable),
)
ORDER = Contract(
    "登记牌匾的收件信息",
    body=Delivery,
    returns=Plaque,
    refusals=(NotFound, NoPlaque, AlreadyOrdered),
)
CANCEL = Contract("取消还没寄出的牌匾，收件信息随即删除", statuses=(204,), refusals=(NotFound,))
LETTER = Contract(
    "下载已公示的信用承诺书（PDF）",
    gives=(Media.PDF,),
    refusals=(NotFound, NotYetMade, RareCharacter, TooFresh, Unavailable),
)
DRAFT = Contract(
    "下载待签的信用承诺书（PDF），打印后签字盖章",
    gives=(Media.PDF,),
    refusals=(NotFound, NotYetMade, RareCharacter, Unavailable),
)


async def listed(request: web.Request) -> web.Response:
    found = await held_certificates.listed(
        enterprise_id(request), actor=member(request), now=_deps(request).clock()
    )
    return _answer(All(certificates=[_line(one) for one in found]))


async def show(request: web.Request) -> web.Response:
    deps = _deps(request)
    now = deps.clock()
    found = await held_certificates.look(
        enterprise_id(request),
        request.match_info["certificate"],
        actor=member(request),
        base=deps.config.public_url,
        now=now,
    )
    one = found.held.certificate
    return _answer(
        One(
            certificate=_line(found.held),
            name=one.name,
            credit_code=one.credit_code,
            issuer=found.held.programme.issuer,
            meaning=found.meaning,
            verify_url=found.verify_url,
            printed=found.printed,
            rare=found.rare,
            reviewed_on=one.reviewed_on,
            review_due=one.review_due,
            checked_at=now,
            history=[Event(at=e.at, title=e.title, reason=e.reason) for e in found.history],
            plaque=_plaque(found.plaque) if found.plaque else None,
        )
    )


async def order_plaque(request: web.Request) -> web.Response:
    deps, given = _deps(request), forms.body(request, Delivery)
    made = await plaques.order(
        enterprise_id(request),
        request.match_info["certificate"],
        Address(given.person, given.phone, given.place),
        actor=member(request),
        vault=deps.vault,
        now=deps.clock(),
    )
    return _answer(_plaque(made))


async def cancel_plaque(request: web.Request) -> web.Response:
    await plaques.cancel(
        enterprise_id(request),
        request.match_info["certificate"],
        actor=member(request),
        now=_deps(request).clock(),
    )
    return web.Response(status=204)


def _line(one: Held) -> Line:
    return Line(
        number=one.certificate.number,
        programme=one.programme.name,
        level=one.certificate.level,
        state=one.state,
        word=one.word,
        valid_from=one.certificate.valid_from,
        valid_to=one.certificate.valid_to,
    )


def _plaque(one: Order) -> Plaque:
    return Plaque(
        state=one.state,
        word=one.state.label,
        ordered_at=one.ordered_at,
        carrier=one.carrier,
        parcel=one.parcel,
    )


def _answer(model: BaseModel) -> web.Response:
    return web.json_response(text=model.model_dump_json())


def _deps(request: web.Request) -> Deps:
    return request.app[DEPS]
