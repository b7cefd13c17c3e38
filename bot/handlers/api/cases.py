"""Cases for the mini-program: what can be applied for, begun, followed, handed in, taken back."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.case_papers import FINDINGS, Asks, Finding, PaperState, rule_of
from bot.domain.cases import TURNS, Action, By, Incomplete, NotEligible, NotNow, State
from bot.domain.errors import BadInput, NotFound, Stale
from bot.handlers import case_words, forms
from bot.handlers.members import enterprise_id, member, path_id
from bot.handlers.surface import Contract
from bot.services import cases
from bot.services.case_views import Document, Line, Paper, Summary
from bot.services.cases import Offer


class Begun(forms.Input):
    programme: str = Field(max_length=64, description="项目的 id")
    kinds: list[str] = Field([], max_length=10, description="企业类型，从项目的 kinds 中选")


class Declared(forms.Input):
    truthful: bool = Field(description="true：声明材料真实、完整，提交的复印件与原件一致")


class Withdrawn(forms.Input):
    reason: str = Field("", max_length=200, description="撤回的原因，可以不写")


class Condition(BaseModel):
    words: str
    met: bool
    note: str = Field(description="为什么还不符合，或说明")


class FlowStep(BaseModel):
    words: str
    by: str = Field(description="由谁办理")
    days: str = Field(description="工作日；没有规定为空")


class Wanted(BaseModel):
    material: str
    name: str
    required: bool
    only_for: str | None = Field(description="只有这类企业提供")
    confidential: bool
    kind: str = Field(description="上传文件时的 kind")
    asks: Asks | None = Field(description="一并填写的日期：year、issued、until；没有为 null")


class Programme(BaseModel):
    id: str
    name: str
    issuer: str
    price: str
    price_fen: int | None = Field(description="现在要付的金额，分；不收费为 null")
    validity: str
    decides: str
    by_case: bool = Field(description="false：信用承诺在另外的页面签署")
    eligible: bool
    conditions: list[Condition]
    kinds: list[str]
    steps: list[FlowStep]
    materials: list[Wanted]
    open_case: UUID | None

    @classmethod
    def of(cls, offer: Offer) -> Self:
        programme = offer.programme
        return cls(
            id=programme.id,
            name=programme.name,
            issuer=programme.issuer,
            price=case_words.price(offer),
            price_fen=offer.price.fen if offer.price else None,
            validity=case_words.validity(programme),
            decides=case_words.DECIDES[programme.flow.decides],
            by_case=offer.by_case,
            eligible=offer.eligible,
            conditions=[
                Condition(words=one.words, met=one.met, note=one.note) for one in offer.conditions
            ],
            kinds=list(offer.kinds_asked),
            steps=[
                FlowStep(words=what, by=by, days=days)
                for what, by, days in case_words.steps(programme)
            ],
            materials=[
                Wanted(
                    material=one.id,
                    name=one.name,
                    required=one.required,
                    only_for=one.only_for,
                    confidential=one.confidential,
                    kind=rule_of(one.id).kind,
                    asks=rule_of(one.id).asks,
                )
                for one in programme.materials
            ],
            open_case=offer.case.id if offer.case else None,
        )


class Brief(BaseModel):
    id: UUID
    programme: str
    programme_name: str
    number: str | None = Field(description="提交后生成")
    state: State
    line: str = Field(description="给人看的一句话：步骤、由谁办理、期限")
    turn: By | None = Field(description="轮到谁；已结束为 null")
    owed_fen: int = Field(description="这次申报的费用，分；提交时定下，不收费为 0")
    due_on: date | None
    moved_at: datetime

    @classmethod
    def of(cls, one: Summary) -> Self:
        turn = TURNS.get(one.state)
        return cls(
            id=one.id,
            programme=one.programme.id,
            programme_name=one.programme.name,
            number=one.number,
            state=one.state,
            line=case_words.line(one),
            turn=turn.by if turn else None,
            owed_fen=one.owed_fen,
            due_on=one.due_on,
            moved_at=one.moved_at,
        )


class Found(BaseModel):
    code: Finding
    message: str

    @classmethod
    def all(cls, findings: tuple[Finding, ...]) -> list[Self]:
        return [cls(code=one, message=FINDINGS[one]) for one in findings]


class CaseFile(BaseModel):
    id: UUID
    file: UUID
    name: str
    version: int
    state: PaperState
    dated_on: date | None
    reused: bool
    findings: list[Found]
    reason: str

    @classmethod
    def of(cls, one: Paper) -> Self:
        return cls(
            id=one.id,
            file=one.file_id,
            name=one.name,
            version=one.version,
            state=one.state,
            dated_on=one.dated_on,
            reused=one.reused,
            findings=Found.all(one.findings),
            reason=one.reason,
        )


class CaseDocument(BaseModel):
    material: str
    name: str
    required: bool
    state: PaperState
    reason: str = Field(description="为什么要补正；不用补正为空")
    kind: str
    asks: Asks | None
    files: list[CaseFile]

    @classmethod
    def of(cls, one: Document) -> Self:
        return cls(
            material=one.rule.id,
            name=one.rule.name,
            required=one.rule.required,
            state=one.state,
            reason=one.reason or one.fault or one.short,
            kind=one.paper_rule.kind,
            asks=one.paper_rule.asks,
            files=[CaseFile.of(paper) for paper in one.papers],
        )


class TrailLine(BaseModel):
    at: datetime
    action: Action
    words: str
    by: str
    reason: str
    due_on: date | None

    @classmethod
    def of(cls, one: Line) -> Self:
        return cls(
            at=one.at,
            action=one.action,
            words=one.action.label,
            by=one.by,
            reason=one.reason,
            due_on=one.due_on,
        )


class Whole(BaseModel):
    case: Brief
    missing: list[str] = Field(description="还差哪些材料，为空时可以提交")
    documents: list[CaseDocument]
    trail: list[TrailLine] = Field(description="新的在前")


class Everything(BaseModel):
    cases: list[Brief] = Field(description="新的在前")
    programmes: list[Programme]


LIST = Contract("我的申报，以及可以申报的项目", returns=Everything, refusals=(NotFound,))


async def listed(request: web.Request) -> web.Response:
    enterprise, who, now = enterprise_id(request), member(request), request.app[DEPS].clock()
    found = await cases.listed(enterprise, actor=who, now=now)
    offers = await cases.offers(enterprise, actor=who, now=now)
    return answer(
        Everything(
            cases=[Brief.of(one) for one in found],
            programmes=[Programme.of(one) for one in offers],
        )
    )


BEGIN = Contract(
    "开始一项申报；已经开始的接着办",
    body=Begun,
    returns=Brief,
    refusals=(NotFound, BadInput, NotEligible),
)


async def begin(request: web.Request) -> web.Response:
    given = forms.body(request, Begun)
    begun = await cases.begin(
        enterprise_id(request),
        given.programme,
        given.kinds,
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return answer(Brief.of(begun))


SHOW = Contract("一项申报：进度、材料、办理经过", returns=Whole, refusals=(NotFound,))


async def show(request: web.Request) -> web.Response:
    found = await cases.show(
        enterprise_id(request),
        path_id(request, "case"),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return answer(
        Whole(
            case=Brief.of(found.head),
            missing=[one.rule.id for one in found.open],
            documents=[CaseDocument.of(one) for one in found.documents],
            trail=[TrailLine.of(one) for one in found.trail],
        )
    )


SUBMIT = Contract(
    "提交，或补正后再次提交；要声明材料真实",
    body=Declared,
    returns=Brief,
    refusals=(NotFound, BadInput, Incomplete, NotEligible, NotNow, Stale),
)


async def submit(request: web.Request) -> web.Response:
    if not forms.body(request, Declared).truthful:
        raise BadInput("请先确认：以上材料真实、完整，与原件一致。", field="truthful")
    done = await cases.submit(
        enterprise_id(request),
        path_id(request, "case"),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return answer(Brief.of(done))


WITHDRAW = Contract(
    "撤回一项申报", body=Withdrawn, returns=Brief, refusals=(NotFound, NotNow, Stale)
)


async def withdraw(request: web.Request) -> web.Response:
    done = await cases.withdraw(
        enterprise_id(request),
        path_id(request, "case"),
        forms.body(request, Withdrawn).reason,
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return answer(Brief.of(done))


def answer(model: BaseModel) -> web.Response:
    return web.json_response(text=model.model_dump_json())
