"""Results of self-assessments for the mini-program: numbers as text, exact."""

from datetime import date, datetime
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.errors import NotFound
from bot.handlers.api.self_assessments import Last, last_of
from bot.handlers.members import enterprise_id, member, path_id
from bot.handlers.surface import Contract
from bot.scoring.canonical import plain
from bot.services import self_results
from bot.services.self_results import Compared, Told


class Results(BaseModel):
    results: list[Last]


HISTORY = Contract("一个体系的历次自评，新的在前", returns=Results, refusals=(NotFound,))


async def history(request: web.Request) -> web.Response:
    found = await self_results.history(
        enterprise_id(request),
        request.match_info["scheme"],
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return _json(Results(results=[last_of(kept) for kept in found]))


class Lines(BaseModel):
    title: str
    lines: list[str]


class Group(BaseModel):
    name: str
    points: str
    low: str = Field(description="最低可能")
    high: str = Field(description="最高可能")
    open: bool = Field(description="还有没答的")


class Burden(BaseModel):
    name: str
    kind: str
    on: date | None
    ends_on: date | None = Field(description="哪一天起不再计入；修复或移出才停的为 null")
    bars: list[str] = Field(description="触发的否决和限制")


class Range(BaseModel):
    low: str
    high: str
    lowest: str
    highest: str


class Comparison(BaseModel):
    label: str = Field(description="自评，或核实评价")
    made_at: datetime
    total: str | None
    level: str | None
    difference: str = Field(description="这一次多几分；不能比为空")
    other_rules: bool = Field(description="评分办法换过版本")


class Outcome(BaseModel):
    id: UUID
    scheme: str
    version: int
    sha256: str = Field(description="评分办法的指纹")
    label: str = Field(description="总是“自评”：不是评价等级")
    as_of: date
    total: str | None = Field(description="得分；没有计分为 null")
    level: str | None = Field(description="分数落在哪一段；不是等级")
    asked: int
    answered: int
    unsure: int
    share: int = Field(description="有内容的题占百分之几")
    range: Range | None = Field(description="没答的都补上以后，总分会在哪里")
    groups: list[Group]
    burdens: list[Burden] = Field(description="正在计入的不良记录")
    last: Comparison | None = Field(description="和上一次自评相比")
    verified: Comparison | None = Field(description="和核实评价相比")
    sections: list[Lines] = Field(description="说明：结果、限制、怎样提高、变化、逐项得分")


SHOW = Contract(
    "一次自评的结果和说明；只有本企业的联系人能看", returns=Outcome, refusals=(NotFound,)
)


async def show(request: web.Request) -> web.Response:
    told = await self_results.told(
        enterprise_id(request),
        request.match_info["scheme"],
        path_id(request, "assessment"),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return _json(_outcome(told))


def _outcome(told: Told) -> Outcome:
    kept, level, span = told.kept, told.result.level, told.span
    return Outcome(
        id=kept.id,
        scheme=kept.scheme,
        version=kept.version,
        sha256=kept.sha256,
        label="自评",
        as_of=kept.as_of,
        total=None if kept.total is None else plain(kept.total),
        level=level.name if level else None,
        asked=len(told.asked),
        answered=told.answered,
        unsure=told.unsure,
        share=told.share,
        range=None
        if span is None
        else Range(
            low=plain(span.low),
            high=plain(span.high),
            lowest=span.lowest.name,
            highest=span.highest.name,
        ),
        groups=[
            Group(
                name=row.group.name,
                points=plain(row.points),
                low=plain(row.low),
                high=plain(row.high),
                open=row.open,
            )
            for row in told.filled
        ],
        burdens=[
            Burden(
                name=one.name,
                kind=one.record.kind,
                on=one.record.on,
                ends_on=one.ends_on,
                bars=list(one.bars),
            )
            for one in told.burdens
        ],
        last=_comparison(told.last),
        verified=_comparison(told.verified),
        sections=[
            Lines(title=title, lines=list(lines)) for title, lines in told.explanation.sections
        ],
    )


def _comparison(one: Compared | None) -> Comparison | None:
    if one is None:
        return None
    return Comparison(
        label=one.label,
        made_at=one.made_at,
        total=one.total,
        level=one.level,
        difference=one.difference,
        other_rules=one.other_rules,
    )


def _json(answer: BaseModel) -> web.Response:
    return web.json_response(text=answer.model_dump_json())
