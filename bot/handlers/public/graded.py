"""The public list of graded enterprises: for everybody, without a login."""

from datetime import date

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.errors import NotFound, TooMany
from bot.domain.regions import REGIONS
from bot.handlers import filled, forms, pages
from bot.handlers.public import searches
from bot.handlers.surface import Contract
from bot.services import graded
from bot.services.graded import Found, Wanted


class Search(forms.Input):
    words: str = Field(
        "", max_length=60, title="企业名称或代码", description="名称的一部分，或 18 位代码"
    )
    region: str = Field("", max_length=2, title="注册地区", description="两位地区代码，如 33")
    programme: str = Field("", max_length=40, title="评价项目")
    level: str = Field("", max_length=8, title="等级")
    after: str = Field("", max_length=36, description="上一页最后一行的编号")


class Line(BaseModel):
    name: str = Field(description="企业名称")
    credit_code: str = Field(description="统一社会信用代码")
    region: str = Field(description="注册地区，按代码推断；不能推断为空")
    programme: str = Field(description="评价项目")
    level: str = Field(description="等级")
    valid_from: date
    valid_to: date


class List(BaseModel):
    enterprises: list[Line]
    next: str = Field(description="下一页从哪里开始；没有下一页为空")


LIST = Contract("等级在有效期内的企业", query=Search, returns=List, refusals=(NotFound, TooMany))


async def page(request: web.Request) -> web.Response:
    asked = forms.read_query(request, Search)
    found = await _listed(request, asked)
    typed = {name: value for name, value in asked.model_dump().items() if name != "after"}
    more = {name: value for name, value in typed.items() if value} | {"after": found.next}
    return pages.render(
        request,
        "public/graded.html",
        found=found,
        form=filled.blank(Search, typed),
        narrowed=any(typed.values()) or bool(asked.after),
        more=more,
        regions=list(REGIONS.items()),
        programmes=[(one.id, one.name) for one in graded.programmes()],
        levels=[(name, name) for name in graded.levels()],
    )


async def listed(request: web.Request) -> web.Response:
    found = await _listed(request, forms.query(request, Search))
    lines = [
        Line(
            name=one.name,
            credit_code=one.credit_code,
            region=one.region,
            programme=one.programme,
            level=one.level,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
        )
        for one in found.lines
    ]
    return web.json_response(text=List(enterprises=lines, next=found.next).model_dump_json())


async def _listed(request: web.Request, asked: Search) -> Found:
    searches.count(request)
    deps = request.app[DEPS]
    return await graded.listed(
        Wanted(asked.words, asked.region, asked.programme, asked.level),
        now=deps.clock(),
        production=deps.config.production,
        after=asked.after,
    )
