"""Papers of our own making over HTTP: certificate and commitment letter, to save or to show."""

from urllib.parse import quote

from aiohttp import web

from bot.deps import DEPS
from bot.domain.files import Media
from bot.domain.papers import Kind, NotYetMade, file_name
from bot.handlers import pages
from bot.handlers.headers import POLICY, SANDBOXED
from bot.handlers.members import enterprise_id, member
from bot.handlers.papers import cabinet
from bot.services import commitments, held_certificates, papers
from bot.services.papers import Given

LOOK_AGAIN_S, PATIENCE = 2, 30  # so many looks, then somebody is to be called
PLAIN = {Media.PDF: "paper.pdf", Media.PNG: "paper.png"}


async def pdf(request: web.Request) -> web.Response:
    """The sealed PDF of a certificate."""
    return await _certificate(request, Media.PDF)


async def picture(request: web.Request) -> web.Response:
    """The certificate as a picture, shown in place: WeChat saves it by a long press."""
    return await _certificate(request, Media.PNG)


async def _certificate(request: web.Request, media: Media) -> web.Response:
    try:
        name, given = await held_certificates.paper(
            enterprise_id(request),
            request.match_info["certificate"],
            media,
            actor=member(request),
            now=request.app[DEPS].clock(),
            cabinet=cabinet(request),
        )
    except NotYetMade:
        return _being_made(request)
    return _served(name, given, attached=media is Media.PDF)


async def letter(request: web.Request) -> web.Response:
    """The commitment as it was signed and published."""
    return await _commitment(request, Kind.LETTER)


async def draft(request: web.Request) -> web.Response:
    """The commitment to be printed and signed by hand."""
    return await _commitment(request, Kind.DRAFT)


async def _commitment(request: web.Request, kind: Kind) -> web.Response:
    who, now = member(request), request.app[DEPS].clock()
    found = await commitments.paper_of(enterprise_id(request), kind, actor=who, now=now)
    try:
        given = await papers.opened(
            found.id,
            kind,
            enterprise_id=found.enterprise_id,
            actor=who,
            now=now,
            cabinet=cabinet(request),
        )
    except NotYetMade:
        return _being_made(request)
    return _served(file_name(kind, found.name, Media.PDF), given, attached=True)


def _being_made(request: web.Request) -> web.Response:
    """A page that looks again by itself, without a script, until the paper is there.

    It says so in a header: for a page that reloads itself there is no accessible mark-up.
    """
    if request.path.startswith("/api/"):
        raise NotYetMade
    asked = request.query.get("looked", "0")
    looked = int(asked) if asked.isdecimal() and len(asked) < 4 else 0
    again = f"{request.path}?looked={looked + 1}"
    page = pages.render(
        request, "h5/being_made.html", status=202, again=again, late=looked >= PATIENCE
    )
    if looked < PATIENCE:
        page.headers["Refresh"] = f"{LOOK_AGAIN_S}; url={again}"
    page.headers["Cache-Control"] = "private, no-store"
    return page


def _served(name: str, given: Given, *, attached: bool) -> web.Response:
    kind = "attachment" if attached else "inline"
    told = f"filename=\"{PLAIN[given.media]}\"; filename*=UTF-8''{quote(name, safe='')}"
    return web.Response(
        body=given.data,
        content_type=given.media.value,
        headers={
            "Content-Disposition": f"{kind}; {told}",
            "Cache-Control": "private, no-store",
            POLICY: SANDBOXED,
        },
    )
