"""Self-assessment for the mini-program: the same questions and answers as on the pages."""

from datetime import date, datetime
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.errors import BadInput, NotFound
from bot.handlers import forms
from bot.handlers import self_pages as places
from bot.handlers.members import enterprise_id, member
from bot.handlers.surface import Contract
from bot.scoring.canonical import plain
from bot.services import self_assessments
from bot.services.assessments import Kept
from bot.services.drafts import Overtaken
from bot.services.self_answers import Item, Walk
from bot.services.self_assessments import Finished


class Last(BaseModel):
    id: UUID = Field(description="自评的编号")
    as_of: date = Field(description="评价日")
    total: str | None = Field(description="自评得分；没有计分为 null")


class Offer(BaseModel):
    scheme: str = Field(description="评价体系的编号")
    name: str = Field(description="名称")
    about: str = Field(description="是什么")
    questions: int = Field(description="共有几题")
    minutes: int = Field(description="大约几分钟")
    answered: int = Field(description="没有完成的答案里已答几题")
    saved_at: datetime | None = Field(description="没有完成的答案何时保存；没有为 null")
    last: Last | None = Field(description="上一次自评；没有为 null")


class Offers(BaseModel):
    schemes: list[Offer]


LIST = Contract("可以自评的体系，以及各做到哪里", returns=Offers, refusals=(NotFound,))


async def listed(request: web.Request) -> web.Response:
    found = await self_assessments.offers(
        enterprise_id(request), actor=member(request), now=request.app[DEPS].clock()
    )
    offers = [
        Offer(
            scheme=one.scheme,
            name=one.asked.name,
            about=one.asked.about,
            questions=len(one.asked),
            minutes=one.asked.minutes,
            answered=one.answered,
            saved_at=one.saved_at,
            last=last_of(one.last) if one.last else None,
        )
        for one in found
    ]
    return _json(Offers(schemes=offers))


class Choice(BaseModel):
    value: str = Field(description="写进答案的值")
    label: str = Field(description="给人看的字")


class Question(BaseModel):
    id: str
    kind: str = Field(
        description="choice、mark、date、amount、text、count、which、events、statement"
    )
    text: str = Field(description="问题")
    help: str = Field(description="怎样答")
    example: str = Field(description="例子")
    none: str = Field(description="“没有”这一项怎样说")
    unit: str = Field(description="数的单位")
    endings: bool = Field(description="每件事是否还问哪天了结")
    options: list[Choice] = Field(description="可以选的")
    items: list[str] = Field(description="报表的科目")
    used_for: list[str] = Field(description="用于哪些指标")
    settled: dict[str, str] = Field(description="已核实、不再问的事实或年度")
    parts: dict[str, str] = Field(description="现在的答案，各部分照填写的样子")
    origin: str = Field(
        description="答案从哪里来：draft 这一次填的，known 以前说过的，file 信用档案，"
        "scheme 另一体系的得分，settled 已核实，空为没有"
    )
    state: str = Field(description="blank 没有答，given 答了，unsure 不清楚，faulty 有误")
    words: str = Field(description="答案的意思")
    faults: dict[str, str] = Field(description="哪一部分有误，怎样改")


class Section(BaseModel):
    id: str
    title: str
    questions: list[Question]


class Standing(BaseModel):
    scheme: str
    version: int = Field(description="评分办法的版本")
    seen: int = Field(description="答案的版本，保存时原样送回")
    saved_at: datetime | None
    answered: int
    asked: int
    next_question: str | None = Field(description="下一个没有答的问题；都答了为 null")
    sections: list[Section]


SHOW = Contract("一个体系的全部问题和现在的答案", returns=Standing, refusals=(NotFound,))


async def show(request: web.Request) -> web.Response:
    return _json(_standing(await places.walk_of(request)))


class Answers(forms.Input):
    seen: int = Field(ge=0, description="上次得到的 seen")
    answers: dict[str, dict[str, str]] = Field(
        max_length=60, description="按问题，各部分照填写的样子；空的表示清空"
    )


ANSWER = Contract(
    "保存若干题的答案；有误的也会保存，并指出来",
    body=Answers,
    returns=Standing,
    refusals=(NotFound, Overtaken, Finished),
)


async def answer(request: web.Request) -> web.Response:
    given = forms.body(request, Answers)
    walk = await self_assessments.answer(
        enterprise_id(request),
        request.match_info["scheme"],
        given.answers,
        seen=given.seen,
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return _json(_standing(walk))


START_OVER = Contract("清除没有完成的答案", statuses=(204,), refusals=(NotFound,))


async def start_over(request: web.Request) -> web.Response:
    await self_assessments.start_over(
        enterprise_id(request),
        request.match_info["scheme"],
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return web.Response(status=204)


class Made(BaseModel):
    id: UUID = Field(description="自评的编号")


FINISH = Contract(
    "看结果：答案成为企业申报的事实，算分并保留。没有新答案时得到上一次的编号",
    returns=Made,
    refusals=(NotFound, BadInput),
)


async def finish(request: web.Request) -> web.Response:
    made = await self_assessments.finish(
        enterprise_id(request),
        request.match_info["scheme"],
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return _json(Made(id=made))


def last_of(kept: Kept) -> Last:
    total = None if kept.total is None else plain(kept.total)
    return Last(id=kept.id, as_of=kept.as_of, total=total)


def _standing(walk: Walk) -> Standing:
    following = walk.next_question()
    return Standing(
        scheme=walk.scheme,
        version=walk.rules.version,
        seen=walk.seen,
        saved_at=walk.saved_at,
        answered=walk.answered,
        asked=len(walk.asked),
        next_question=following.question.id if following else None,
        sections=[
            Section(id=one.id, title=one.title, questions=[_question(i) for i in walk.of(one)])
            for one in walk.asked.sections
        ],
    )


def _question(item: Item) -> Question:
    question, answered = item.question, item.answer
    return Question(
        id=question.id,
        kind=question.kind,
        text=question.text,
        help=question.help,
        example=question.example,
        none=question.none,
        unit=question.unit,
        endings=question.endings,
        options=[Choice(value=one.value, label=one.label) for one in question.options],
        items=list(question.items),
        used_for=list(question.used_for),
        settled=dict(item.settled),
        parts=dict(item.parts),
        origin=item.origin,
        state=answered.state,
        words=answered.words,
        faults=dict(answered.faults),
    )


def _json(answer: BaseModel) -> web.Response:
    return web.json_response(text=answer.model_dump_json())
