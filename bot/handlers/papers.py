"""Files over HTTP: what comes is only put on the disk, what goes can do nothing in a browser."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from aiohttp import web

from bot.deps import DEPS
from bot.domain.consents import TEXTS, Text
from bot.domain.errors import BadInput, NotFound, Unavailable
from bot.domain.files import KINDS, LIMITS, MB, SUFFIX, FileTooLarge, Media
from bot.handlers.headers import POLICY, SANDBOXED
from bot.handlers.members import member, path_id
from bot.handlers.uploads import Parts, UploadLimits, read_parts
from bot.services import consents, files
from bot.services.cabinet import Cabinet
from bot.services.files import Opened, Spooled

OWN = "本企业查看"
PAGE = re.compile(r"[1-9][0-9]{0,5}")
ONE = UploadLimits(request_bytes=LIMITS.file_bytes + MB, part_bytes=LIMITS.file_bytes, parts=8)
SEVERAL = UploadLimits(request_bytes=10 * LIMITS.file_bytes, part_bytes=LIMITS.file_bytes, parts=14)


def cabinet(request: web.Request) -> Cabinet:
    found = request.app[DEPS].cabinet
    if found is None:
        raise Unavailable
    return found


@asynccontextmanager
async def received(
    request: web.Request, *, limits: UploadLimits = ONE
) -> AsyncIterator[tuple[Parts, list[Spooled]]]:
    """The parts of a form, and its files as they lie on the disk; gone on leaving."""
    async with form(request, limits=limits) as (parts, given):
        if not given:
            raise BadInput("请选择要上传的文件。", field="file")
        yield parts, given


@asynccontextmanager
async def form(
    request: web.Request, *, limits: UploadLimits = ONE
) -> AsyncIterator[tuple[Parts, list[Spooled]]]:
    """As `received`, of a form that may come without a file."""
    if (request.content_length or 0) > limits.request_bytes:
        raise FileTooLarge
    async with read_parts(request, limits=limits) as parts:
        given = [one for one in parts.files if one.field == "file" and (one.size or one.filename)]
        yield parts, [Spooled(one.file, one.filename, one.size) for one in given]


async def asked(request: web.Request, kind: str) -> Text | None:
    """What has still to be agreed to before a paper of this kind is handed in."""
    purpose = KINDS[kind].purpose
    if purpose is None or await consents.agrees(purpose, actor=member(request)):
        return None
    return TEXTS[purpose]


async def agree(request: web.Request, kind: str, version: int) -> None:
    """Note the agreement that came with the paper: the text stood beside the button."""
    purpose = KINDS[kind].purpose if kind in KINDS else None
    if purpose and version:
        now = request.app[DEPS].clock()
        await consents.give(purpose, version, actor=member(request), now=now)


async def download(request: web.Request) -> web.Response:
    """The whole clean form of a file, to be saved."""
    opened = await files.handed_out(
        path_id(request, "file"),
        actor=member(request),
        why=OWN,
        now=request.app[DEPS].clock(),
        cabinet=cabinet(request),
    )
    return served(opened, attached=True)


async def view(request: web.Request) -> web.Response:
    """One page of a file as a picture."""
    page = request.match_info["page"]
    if not PAGE.fullmatch(page) or int(page) > LIMITS.pages:
        raise NotFound
    opened = await files.handed_out(
        path_id(request, "file"),
        actor=member(request),
        why=OWN,
        now=request.app[DEPS].clock(),
        page=int(page),
        cabinet=cabinet(request),
    )
    return served(opened, attached=False)


def served(opened: Opened, *, attached: bool) -> web.Response:
    """Answer with bytes that some stranger made, so that nothing of them comes alive.

    Only pictures may be shown in place; a PDF is always saved.
    """
    kind = "attachment" if attached or opened.media_type is Media.PDF else "inline"
    plain = f"file{SUFFIX[opened.media_type]}"
    name = quote(opened.name, safe="")
    return web.Response(
        body=opened.data,
        content_type=opened.media_type.value,
        headers={
            "Content-Disposition": f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{name}",
            "Cache-Control": "private, no-store",
            POLICY: SANDBOXED,
        },
    )
