"""Documents of a case for the mini-program: a kept file entered, one reused, one taken out."""

from datetime import date
from http import HTTPStatus
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.cases import NotNow
from bot.domain.errors import BadInput, NotFound, TooMany, Unavailable
from bot.handlers import forms, papers
from bot.handlers.api.cases import Found, answer
from bot.handlers.members import enterprise_id, member, path_id
from bot.handlers.surface import Contract
from bot.services import case_materials


class Added(forms.Input):
    material: str = Field(max_length=64)
    file: UUID = Field(description="已经上传的文件")
    dated: str = Field("", max_length=10, description="年度如 2025，日期如 2026-03-02；不问的为空")


class Again(forms.Input):
    material: str = Field(max_length=64)
    paper: UUID = Field(description="以前通过的那一份")


class Offered(BaseModel):
    paper: UUID
    name: str
    dated_on: date | None
    accepted_on: date
    programme: str = Field(description="在哪个项目里通过的")


class Offers(BaseModel):
    papers: list[Offered]


class Checked(BaseModel):
    findings: list[Found] = Field(description="当场检查的结果")


ADD = Contract(
    "把已上传的文件用作一项材料，当场检查",
    body=Added,
    returns=Checked,
    refusals=(NotFound, BadInput, NotNow, TooMany, Unavailable),
)


async def add(request: web.Request) -> web.Response:
    deps, given = request.app[DEPS], forms.body(request, Added)
    findings = await case_materials.attach(
        enterprise_id(request),
        path_id(request, "case"),
        given.material,
        given.file,
        given.dated,
        actor=member(request),
        now=deps.clock(),
        cabinet=papers.cabinet(request),
        wechat=deps.accounts.service if deps.accounts else None,
    )
    return answer(Checked(findings=Found.all(findings)))


REUSABLE = Contract("这项材料以前通过、还能再用的", returns=Offers, refusals=(NotFound,))


async def reusable(request: web.Request) -> web.Response:
    found = await case_materials.offered(
        enterprise_id(request),
        path_id(request, "case"),
        request.match_info["material"],
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return answer(
        Offers(
            papers=[
                Offered(
                    paper=one.id,
                    name=one.name,
                    dated_on=one.dated_on,
                    accepted_on=one.accepted_on,
                    programme=one.programme,
                )
                for one in found
            ]
        )
    )


REUSE = Contract(
    "使用以前通过的材料，重新检查",
    body=Again,
    returns=Checked,
    refusals=(NotFound, NotNow, TooMany, Unavailable),
)


async def reuse(request: web.Request) -> web.Response:
    deps, given = request.app[DEPS], forms.body(request, Again)
    findings = await case_materials.reuse(
        enterprise_id(request),
        path_id(request, "case"),
        given.material,
        given.paper,
        actor=member(request),
        now=deps.clock(),
        cabinet=papers.cabinet(request),
        wechat=deps.accounts.service if deps.accounts else None,
    )
    return answer(Checked(findings=Found.all(findings)))


REMOVE = Contract(
    "移除一个文件；旧版本保留在档案里",
    statuses=(HTTPStatus.NO_CONTENT,),
    refusals=(NotFound, NotNow),
)


async def remove(request: web.Request) -> web.Response:
    await case_materials.remove(
        enterprise_id(request),
        path_id(request, "case"),
        path_id(request, "paper"),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return web.Response(status=HTTPStatus.NO_CONTENT)
