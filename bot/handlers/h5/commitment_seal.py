"""The seal of a commitment, or the whole stamped letter: photographed, looked at, put there."""

from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

from aiohttp import web

from bot.deps import DEPS
from bot.domain.errors import BadInput, NotFound
from bot.domain.files import LIMITS, WARNINGS, Unreadable, Warned
from bot.handlers import pages, papers, uploads
from bot.handlers.h5.commitment import being_signed, check_open, standing
from bot.handlers.members import member
from bot.services import commitments, files
from bot.services.commitments import Standing
from bot.services.files import Kept, Spooled

OF = {"letter": "commitment_letter", "seal": "seal"}  # the kind of file
PICTURE = uploads.UploadLimits(
    request_bytes=LIMITS.file_bytes + 64 * 1024, part_bytes=LIMITS.file_bytes, parts=2
)


async def ask_seal(request: web.Request) -> web.Response:
    return _seal_page(request, await being_signed(request), "seal")


async def ask_letter(request: web.Request) -> web.Response:
    return _seal_page(request, await being_signed(request), "letter")


def _seal_page(  # noqa: PLR0913  # what is said above the same form
    request: web.Request,
    found: Standing,
    kind: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    fault: str = "",
    doubts: Sequence[str] = (),
    file: Kept | None = None,
) -> web.Response:
    check_open(found)
    return pages.render(
        request,
        "h5/commitment_seal.html",
        status=status,
        home=_home(request),
        found=found,
        fault=fault,
        kind=kind,
        doubts=doubts,
        file=file,
    )


async def seal(request: web.Request) -> web.Response:
    return await _take(request, "seal")


async def letter(request: web.Request) -> web.Response:
    return await _take(request, "letter")


async def _take(request: web.Request, kind: str) -> web.Response:
    """Keep the picture, then put it on the commitment; a refused one leaves the page as it was.

    What looks wrong on it is said first, for what is put there may be public at once.
    """
    deps, found = request.app[DEPS], await standing(request)
    put = commitments.put_seal if kind == "seal" else commitments.put_letter
    sure = False
    try:
        async with uploads.read_parts(request, limits=PICTURE) as parts:
            if chosen := parts.fields.get("use"):
                sure, kept = True, await _looked_at(request, found, chosen, kind)
            else:
                kept = await files.keep(
                    _picture(parts),
                    kind=OF[kind],
                    enterprise_id=found.enterprise_id,
                    actor=member(request),
                    now=deps.clock(),
                    cabinet=papers.cabinet(request),
                )
    except (BadInput, Unreadable) as refusal:
        unread = isinstance(refusal, Unreadable)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if unread else HTTPStatus.BAD_REQUEST
        return _seal_page(request, found, kind, status=status, fault=str(refusal))
    doubts = [WARNINGS[one] for one in kept.warnings if one is not Warned.DUPLICATE]
    if doubts and not sure:
        status = HTTPStatus.UNPROCESSABLE_ENTITY  # a form that comes back, to upload.js as well
        return _seal_page(request, found, kind, status=status, doubts=doubts, file=kept)
    await put(found.enterprise_id, kept.id, kept.sha256, actor=member(request), now=deps.clock())
    return pages.see_other(request, _home(request), said="已保存")


async def _looked_at(request: web.Request, found: Standing, chosen: str, kind: str) -> Kept:
    """The picture that they were asked about and want to use as it is."""
    try:
        file_id = UUID(chosen)
    except ValueError:
        raise NotFound from None
    row = await files.found(file_id, actor=member(request), now=request.app[DEPS].clock())
    if (row.enterprise_id, row.kind) != (found.enterprise_id, OF[kind]):
        raise NotFound
    return files.kept(row)


def _picture(parts: uploads.Parts) -> Spooled:
    for file in parts.files:
        if file.size:
            return Spooled(file.file, file.filename, file.size)
    raise BadInput("请先选择一张照片。")


def _home(request: web.Request) -> str:
    return request.path.rsplit("/", 1)[0]
