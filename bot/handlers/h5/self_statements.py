"""Self-assessment on the phone: the three statements of accounts as an Excel file."""

from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web
from pydantic import Field

from bot.clients.statements import BadStatements, template
from bot.deps import DEPS
from bot.domain.errors import NotFound
from bot.handlers import filled, forms, pages, self_forms
from bot.handlers import self_pages as places
from bot.handlers.members import member
from bot.handlers.uploads import UploadLimits, read_parts
from bot.services import self_assessments
from bot.services.drafts import Overtaken
from bot.services.self_answers import Walk
from bot.services.self_assessments import Finished

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LIMITS = UploadLimits(request_bytes=3 * 1024 * 1024, part_bytes=3 * 1024 * 1024, parts=4)


class Handed(forms.Input):
    """What comes beside the file."""

    seen: int = Field(ge=0)


async def show(request: web.Request) -> web.Response:
    """Where the Excel template is fetched and handed in."""
    walk = await places.walk_of(request)
    return _upload(request, walk, seen=walk.seen)


def _upload(
    request: web.Request, walk: Walk, problems: Sequence[str] = (), *, seen: int
) -> web.Response:
    if walk.rules.pack.statement is None:
        raise NotFound
    first = next(i for i in walk.items.values() if i.question.kind == "statement")
    return places.render(
        request,
        "h5/self/statements.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        walk=walk,
        seen=seen,
        problems=problems,
        form=self_forms.Sheet({}, {}),
        part=places.part(request, walk.asked.section_of(first.question)),
        base=places.base(request),
    )


async def take(request: web.Request) -> web.Response:
    """Read a filled-in template; a wrong cell is named, and nothing that was typed is touched."""
    walk = await places.walk_of(request)
    async with read_parts(request, limits=LIMITS) as parts:
        files = [upload for upload in parts.files if upload.field == "statements" and upload.size]
        data = files[0].file.read() if files else b""
        handed = filled.check(parts.fields.items(), Handed).value
    if handed is None:
        return _upload(request, walk, ["本页已经更新，请再选一次文件并上传。"], seen=walk.seen)
    if not data:
        return _upload(request, walk, ["请先选择填好的 Excel 文件"], seen=handed.seen)
    try:
        walk = await self_assessments.take_statements(
            walk.enterprise_id,
            walk.scheme,
            data,
            seen=handed.seen,
            actor=member(request),
            now=request.app[DEPS].clock(),
        )
    except BadStatements as refusal:
        return _upload(request, walk, refusal.problems, seen=handed.seen)
    except (Overtaken, Finished) as refusal:
        walk = await places.walk_of(request)  # what stands there now is seen with the next try
        said = [str(refusal), "要用文件里的数，请再选一次文件并上传。"]
        return _upload(request, walk, said, seen=walk.seen)
    first = next(i for i in walk.items.values() if i.question.kind == "statement")
    place = places.part(request, walk.asked.section_of(first.question))
    return pages.see_other(request, place, said="报表已经读入，请核对。")


async def excel(request: web.Request) -> web.Response:
    """The empty template, with the last years as its columns."""
    walk = await places.walk_of(request)
    if walk.rules.pack.statement is None:
        raise NotFound
    return web.Response(
        body=template(walk.rules.pack.statement, walk.as_of.year - 1),
        content_type=EXCEL,
        headers={"Content-Disposition": 'attachment; filename="statements.xlsx"'},
    )
