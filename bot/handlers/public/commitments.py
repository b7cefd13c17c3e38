"""The public list of commitments, and one of them: for everybody, without a login."""

from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.errors import NotFound, TooMany
from bot.handlers import forms, pages
from bot.handlers.public import searches
from bot.handlers.surface import Contract
from bot.services import public_commitments


class Search(forms.Input):
    words: str = Field("", max_length=60, description="企业名称的一部分，或 18 位代码")
    after: str = Field("", max_length=36, description="上一页最后一份的编号")


class Line(BaseModel):
    id: UUID = Field(description="编号")
    name: str = Field(description="企业名称")
    credit_code: str = Field(description="统一社会信用代码")
    published_on: str = Field(description="公开日期，北京时间")


class List(BaseModel):
    commitments: list[Line]
    next: str = Field(description="下一页从哪里开始；没有下一页为空")


async def page(request: web.Request) -> web.Response:
    asked = forms.read_query(request, Search)
    searches.count(request)
    found = await public_commitments.listed(asked.words, after=asked.after)
    return pages.render(request, "public/commitments.html", found=found, words=asked.words)


async def one(request: web.Request) -> web.Response:
    try:
        wanted = UUID(request.match_info["commitment"])
    except ValueError:
        raise NotFound from None
    found = await public_commitments.look(wanted, now=request.app[DEPS].clock())
    return pages.render(request, "public/commitment.html", one=found)


LIST = Contract("已公示的信用承诺", query=Search, returns=List, refusals=(NotFound, TooMany))


async def listed(request: web.Request) -> web.Response:
    asked = forms.query(request, Search)
    searches.count(request)
    found = await public_commitments.listed(asked.words, after=asked.after)
    lines = [
        Line(
            id=line.id,
            name=line.name,
            credit_code=line.credit_code,
            published_on=pages.day(line.published_at),
        )
        for line in found.lines
    ]
    answer = List(commitments=lines, next=found.next)
    return web.json_response(text=answer.model_dump_json())
