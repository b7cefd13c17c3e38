"""Files of an enterprise, for the mini-program: handed in whole or in parts, listed, opened."""

import re
from datetime import datetime
from http import HTTPStatus
from typing import Self
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, Field

from bot.deps import DEPS
from bot.domain.errors import BadInput, NotFound, Stale, TooMany, Unavailable
from bot.domain.files import LIMITS, WARNINGS, FileTooLarge, Media, Unreadable, Warned
from bot.handlers import filled, forms, papers
from bot.handlers.members import enterprise_id, member, path_id
from bot.handlers.surface import Contract
from bot.services import file_uploads, files, openings
from bot.services.bindings import TooFresh
from bot.services.consents import NoConsent
from bot.services.file_uploads import PART_BYTES, Plan, Progress, WrongOffset
from bot.services.files import Kept

PART_DEADLINE_S = 120
OFFSET = re.compile(r"[0-9]{1,9}")


class Sent(forms.Input):
    kind: str = Field(max_length=40, title="材料种类", description="如 business_licence")


class Begun(Sent):
    name: str = Field(max_length=255, description="文件原来的名称")
    bytes: int = Field(ge=1, le=LIMITS.file_bytes, description="文件的大小")


class Warning(BaseModel):  # noqa: A001  # the API's word for it
    code: Warned
    message: str = Field(description="给人看的一句话")


class File(BaseModel):
    id: UUID
    kind: str = Field(description="材料的种类")
    name: str
    media_type: Media = Field(description="保存下来的格式；HEIC 会转为 JPEG")
    pages: int = Field(description="页数；图片为 1")
    bytes: int
    sha256: str
    confidential: bool = Field(description="是否加密保存")
    kept_at: datetime
    warnings: list[Warning] = Field(description="建议当场处理的问题")

    @classmethod
    def of(cls, kept: Kept) -> Self:
        return cls(
            id=kept.id,
            kind=kept.kind,
            name=kept.name,
            media_type=kept.media_type,
            pages=kept.pages,
            bytes=kept.size,
            sha256=kept.sha256,
            confidential=kept.confidential,
            kept_at=kept.kept_at,
            warnings=[Warning(code=one, message=WARNINGS[one]) for one in kept.warnings],
        )


class Files(BaseModel):
    files: list[File]


class Upload(BaseModel):
    id: UUID
    bytes: int = Field(description="文件的大小")
    received: int = Field(description="已收到的字节数，下一部分从这里开始")
    part_bytes: int = Field(description="每一部分最多的字节数")
    file: File | None = Field(description="全部收到并检查以后的文件")

    @classmethod
    def of(cls, progress: Progress) -> Self:
        return cls(
            id=progress.id,
            bytes=progress.size,
            received=progress.received,
            part_bytes=PART_BYTES,
            file=File.of(progress.kept) if progress.kept else None,
        )


class Opening(BaseModel):
    file: UUID
    name: str
    page: int = Field(description="0 为整个文件")
    by: str = Field(description="谁查看的")
    why: str = Field(description="为什么查看")
    at: datetime


class Openings(BaseModel):
    openings: list[Opening]


LIST = Contract("企业的全部材料，新的在前", returns=Files, refusals=(NotFound,))


async def listed(request: web.Request) -> web.Response:
    who, now = member(request), request.app[DEPS].clock()
    found = await files.listed(enterprise_id(request), actor=who, now=now)
    return _answer(Files(files=[File.of(one) for one in found]))


HAND_IN = Contract(
    "上传一个文件（multipart，字段 kind 与 file），当场检查",
    form=Sent,
    returns=File,
    refusals=(NotFound, NoConsent, Unreadable, FileTooLarge, Unavailable),
)


async def hand_in(request: web.Request) -> web.Response:
    deps = request.app[DEPS]
    async with papers.received(request) as (parts, given):
        sent = filled.check(parts.fields.items(), Sent)
        if sent.value is None:
            name, sentence = next(iter(sent.errors.items()))
            raise BadInput(sentence, field=name or None)
        if len(given) != 1:
            raise BadInput("每次请求上传一个文件。", field="file")
        kept = await files.keep(
            given[0],
            kind=sent.value.kind,
            enterprise_id=enterprise_id(request),
            actor=member(request),
            now=deps.clock(),
            cabinet=papers.cabinet(request),
        )
    return _answer(File.of(kept))


BEGIN = Contract(
    "开始分段上传；编号由客户端生成（UUID），重复开始会返回进度",
    body=Begun,
    returns=Upload,
    refusals=(NotFound, NoConsent, Stale, TooMany, Unavailable),
)


async def begin(request: web.Request) -> web.Response:
    given = forms.body(request, Begun)
    progress = await file_uploads.begin(
        path_id(request, "upload"),
        Plan(given.kind, given.name, given.bytes),
        enterprise_id=enterprise_id(request),
        actor=member(request),
        now=request.app[DEPS].clock(),
        cabinet=papers.cabinet(request),
    )
    return _answer(Upload.of(progress))


PROGRESS = Contract("分段上传的进度", returns=Upload, refusals=(NotFound,))


async def progress(request: web.Request) -> web.Response:
    found = await file_uploads.state(
        path_id(request, "upload"),
        enterprise_id=enterprise_id(request),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return _answer(Upload.of(found))


ADD = Contract(
    "上传从某个位置开始的一部分（内容即请求体）；已收到的部分再传不受影响",
    raw=True,
    returns=Upload,
    refusals=(NotFound, WrongOffset, Unavailable),
)


async def add(request: web.Request) -> web.Response:
    start = request.match_info["start"]
    if not OFFSET.fullmatch(start) or int(start) > LIMITS.file_bytes:
        raise NotFound
    data = await forms.read_body(request, limit=PART_BYTES, deadline=PART_DEADLINE_S)
    found = await file_uploads.add(
        path_id(request, "upload"),
        int(start),
        data,
        enterprise_id=enterprise_id(request),
        actor=member(request),
        now=request.app[DEPS].clock(),
        cabinet=papers.cabinet(request),
    )
    return _answer(Upload.of(found))


FINISH = Contract(
    "各部分传完以后，检查并保存",
    returns=File,
    refusals=(NotFound, NoConsent, WrongOffset, Unreadable, Unavailable),
)


async def finish(request: web.Request) -> web.Response:
    kept = await file_uploads.finish(
        path_id(request, "upload"),
        enterprise_id=enterprise_id(request),
        actor=member(request),
        now=request.app[DEPS].clock(),
        cabinet=papers.cabinet(request),
    )
    return _answer(File.of(kept))


DROP = Contract("放弃一个没有传完的上传", statuses=(HTTPStatus.NO_CONTENT,), refusals=(NotFound,))


async def drop(request: web.Request) -> web.Response:
    await file_uploads.drop(
        path_id(request, "upload"),
        enterprise_id=enterprise_id(request),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return web.Response(status=HTTPStatus.NO_CONTENT)


OPEN = Contract(
    "打开整个文件；每次打开都有记录。别人上传的，绑定满 72 小时以后才能下载",
    gives=tuple(Media),
    refusals=(NotFound, TooFresh, Unavailable),
)
VIEW = Contract(
    "以图片查看文件的一页；每次查看都有记录。图片就是它自己的一页，和整个文件一样限制",
    gives=(Media.JPEG, Media.PNG),
    refusals=(NotFound, TooFresh, Unavailable),
)
OPENINGS = Contract("谁在什么时候为什么查看过本企业的材料", returns=Openings, refusals=(NotFound,))


async def opened(request: web.Request) -> web.Response:
    who, now = member(request), request.app[DEPS].clock()
    found = await openings.listed(enterprise_id(request), actor=who, now=now)
    answer = Openings(
        openings=[
            Opening(
                file=one.file_id,
                name=one.file_name,
                page=one.page,
                by=one.by,
                why=one.why,
                at=one.at,
            )
            for one in found
        ]
    )
    return _answer(answer)


def _answer(model: BaseModel) -> web.Response:
    return web.json_response(text=model.model_dump_json())
