"""One document of a case on the phone: photographed or chosen, checked at once, taken out."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from aiohttp import web
from pydantic import Field

from bot.deps import DEPS
from bot.domain.case_papers import FINDINGS, HINTS, UNCHECKED, Asks, Finding
from bot.domain.cases import EDITABLE
from bot.domain.errors import BadInput, NotFound, Stale, TooMany, Unavailable
from bot.domain.files import KINDS, Media, Unreadable
from bot.handlers import case_words, filled, forms, pages, papers
from bot.handlers.h5.cases import here, today
from bot.handlers.members import enterprise_id, member, path_id
from bot.services import case_materials, cases
from bot.services.case_materials import MOST_FILES
from bot.services.case_views import Case, Document
from bot.services.consents import NoConsent
from bot.services.files import Spooled

ONE_OF = {"file": "文件", "dated": "日期"}


class Sent(forms.Input):
    """The file alone, or with the last day of a licence that is not for ever."""

    dated: str = Field("", max_length=10, title="有效期至", description="长期有效的不用填")
    kept: str = Field("", max_length=37 * MOST_FILES)  # numbers of what upload.js sent ahead
    agreed: int = 0  # the version of the text that stands beside the button
    file: str | None = Field(
        None,
        title="文件",
        description="拍照、从相册选图片，或选 PDF；每个最多 20 MB，可一次选多个",
    )


class OfYear(Sent):
    dated: str = Field(max_length=10, title="所属年度")


class Issued(Sent):
    dated: str = Field(max_length=10, title="开具日期", description="写在材料上的日期")


MODELS: Mapping[Asks | None, type[Sent]] = {Asks.YEAR: OfYear, Asks.ISSUED: Issued}


class Chosen(forms.Input):
    paper: str = Field(max_length=36)


async def show(request: web.Request) -> web.Response:
    found, document = await _document(request)
    return await _page(request, found, document, filled.blank(_model(document)))


async def send(request: web.Request) -> web.Response:
    """Enter every file of the form; the first that is refused is told, those before it are in."""
    found, document = await _document(request)
    model = _model(document)
    form = filled.blank(model)
    findings: list[Finding] = []
    entered = 0
    try:
        async with papers.form(request, limits=papers.SEVERAL) as (parts, given):
            form = filled.check(parts.fields.items(), model)
            everything = _files(parts.fields.get("kept", ""), given)
            if form.value is None:
                return await _page(request, found, document, form)
            await papers.agree(request, document.paper_rule.kind, form.value.agreed)
            for one in everything:
                findings += await _enter(request, found, document, one, form.value.dated)
                entered += 1
    except (BadInput, NoConsent, Stale, TooMany, Unreadable, Unavailable) as refusal:
        said = f"前 {entered} 个已收到。{refusal}" if entered else str(refusal)
        form = form.refused(said, refusal.field if refusal.field in ONE_OF else "file")
        return await _page(request, *await _document(request), form)
    return _received(request, found, document, findings, f"已收到 {entered} 个文件")


def _files(kept: str, given: Sequence[Spooled]) -> list[UUID | Spooled]:
    """What came in parts before the form, and what came with it."""
    if not kept and not given:
        raise BadInput("请选择要上传的文件。", field="file")
    return [*_ids(kept), *given]


async def _enter(
    request: web.Request, found: Case, document: Document, one: UUID | Spooled, dated: str
) -> tuple[Finding, ...]:
    """A file of the form, or one that came before it in parts."""
    deps, head = request.app[DEPS], found.head
    which = (head.enterprise_id, head.id, document.rule.id)
    wechat = deps.accounts.service if deps.accounts else None
    who, now, cabinet = member(request), deps.clock(), papers.cabinet(request)
    if isinstance(one, UUID):
        return await case_materials.attach(
            *which, one, dated, actor=who, now=now, cabinet=cabinet, wechat=wechat
        )
    return await case_materials.hand_in(
        *which, one, dated, actor=who, now=now, cabinet=cabinet, wechat=wechat
    )


def _received(
    request: web.Request, found: Case, document: Document, findings: Sequence[Finding], done: str
) -> web.Response:
    """On to the list, or to the document where something beside a file is worth another look."""
    wrong = [one for one in findings if one not in HINTS]
    if wrong:
        said = f"{done}，有 {len(wrong)} 处请您看一下。"
        return pages.see_other(request, _place(found, document), said=said)
    unchecked = any(one in UNCHECKED for one in findings)
    said = "有的内容不能自动检查，由工作人员核对" if unchecked else "检查通过"
    return pages.see_other(request, here(found), said=f"{document.rule.name}：{done}，{said}。")


async def remove(request: web.Request) -> web.Response:
    found, document = await _document(request)
    given = await forms.read_form(request, Chosen)
    await case_materials.remove(
        found.head.enterprise_id,
        found.head.id,
        _chosen(given),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    return pages.see_other(request, _place(found, document), said="已移除，旧版本保留在档案里。")


async def reuse(request: web.Request) -> web.Response:
    found, document = await _document(request)
    given = await forms.read_form(request, Chosen)
    deps = request.app[DEPS]
    findings = await case_materials.reuse(
        found.head.enterprise_id,
        found.head.id,
        document.rule.id,
        _chosen(given),
        actor=member(request),
        now=deps.clock(),
        cabinet=papers.cabinet(request),
        wechat=deps.accounts.service if deps.accounts else None,
    )
    return _received(request, found, document, findings, "已使用以前通过的材料")


def _chosen(given: Chosen) -> UUID:
    chosen = _ids(given.paper)
    if len(chosen) != 1:
        raise NotFound
    return chosen[0]


def _ids(text: str) -> list[UUID]:
    """Numbers of files or papers with commas between them; what cannot be one is not found."""
    try:
        return [UUID(one) for one in text.split(",")] if text else []
    except ValueError:
        raise NotFound from None


def _model(document: Document) -> type[Sent]:
    return MODELS.get(document.paper_rule.asks, Sent)


async def _document(request: web.Request) -> tuple[Case, Document]:
    found = await cases.show(
        enterprise_id(request),
        path_id(request, "case"),
        actor=member(request),
        now=request.app[DEPS].clock(),
    )
    document = found.document(request.match_info["material"])
    if document is None:
        raise NotFound
    return found, document


async def _page(
    request: web.Request, found: Case, document: Document, form: filled.Filled[Sent]
) -> web.Response:
    editable = found.head.state in EDITABLE
    known = (
        await case_materials.offered(
            found.head.enterprise_id,
            found.head.id,
            document.rule.id,
            actor=member(request),
            now=request.app[DEPS].clock(),
        )
        if editable
        else ()
    )
    kind = KINDS[document.paper_rule.kind]
    asked = await papers.asked(request, document.paper_rule.kind)
    in_parts = kind.confidential or not document.rule.confidential  # sealed as well as the form's
    ahead = in_parts and asked is None  # the form brings the agreement
    return pages.render(
        request,
        "h5/case_paper.html",
        status=form.status,
        here=_place(found, document),
        base=here(found),
        place=_place(found, document),
        most=MOST_FILES,
        parts=f"/api/enterprises/{found.head.enterprise_id}/uploads" if ahead else "",
        asked=asked,
        document=document,
        editable=editable,
        known=known,
        form=form,
        asks=document.paper_rule.asks,
        years=[(year, f"{year} 年度") for year in document.paper_rule.years_taken(today(request))],
        findings=FINDINGS,
        hints=HINTS,
        pdf=Media.PDF,
        words=case_words,
    )


def _place(found: Case, document: Document) -> str:
    return f"{here(found)}/papers/{document.rule.id}"
