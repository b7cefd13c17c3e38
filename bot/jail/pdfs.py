"""PDFs: rebuilt from what stands on their pages, without anything that acts; drawn as pictures.

Annotations, form fields and electronic seals are drawn into the page first, so that what a reader
saw is still there. Then only the pages go over into a new document, each with what drawing needs:
scripts, actions, attachments and forms have no place left to stand in.
"""

import io
import zlib
from collections.abc import Iterator

import pikepdf
import pypdfium2
from pikepdf import Dictionary, Name, Object, Pdf, PdfError, Stream
from PIL import Image

from bot.domain.files import Clean, Limits, Media, Piece, Refusal
from bot.jail import seals
from bot.jail.pictures import encoded
from bot.jail.refused import Refused

LEAD = b"\xef\xbb\xbf \t\r\n\0"  # what careless programs put before a PDF
OF_A_PAGE = {
    "/Type", "/Parent", "/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit",
    "/Group",
}  # fmt: skip
OF_RESOURCES = {
    "/Font", "/XObject", "/ColorSpace", "/ExtGState", "/Pattern", "/Shading", "/ProcSet",
}  # fmt: skip
OF_NO_STREAM = (
    "/AA", "/AF", "/F", "/FDecodeParms", "/FFilter", "/LastModified", "/Measure", "/Metadata",
    "/OC", "/OPI", "/PS", "/PieceInfo", "/PtData", "/Ref", "/StructParent", "/StructParents",
)  # fmt: skip
ACTIONS = {
    "/GoTo", "/GoTo3DView", "/GoToE", "/GoToR", "/Hide", "/ImportData", "/JavaScript", "/Launch",
    "/Movie", "/Named", "/Rendition", "/ResetForm", "/RichMediaExecute", "/SetOCGState", "/Sound",
    "/SubmitForm", "/Thread", "/Trans", "/URI",
}  # fmt: skip
SWELLING = {"/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"}
MOST_BY_RUNS = 64  # two bytes stand for 128 at the most
DEEPEST = 100
VIEW_QUALITY = 80


def is_pdf(head: bytes) -> bool:
    return head.lstrip(LEAD).startswith(b"%PDF-")


def clean(data: bytes, limits: Limits, *, views: range) -> Clean:
    """Rebuild the document and draw the pages in `views`, numbered from one."""
    try:
        rebuilt, pages = _rebuilt(data.lstrip(LEAD), limits)
        drawn, seen = [], []
        for number, picture in draw(rebuilt, views, limits):
            drawn.append(encoded(picture, Media.JPEG, page=number, quality=VIEW_QUALITY))
            seen.append(seals.seen(picture))
    except pikepdf.PasswordError:
        raise Refused(Refusal.LOCKED) from None
    except (PdfError, pypdfium2.PdfiumError, ValueError, TypeError, KeyError, RuntimeError):
        raise Refused(Refusal.BROKEN) from None
    whole = Piece(0, Media.PDF, 0, 0, rebuilt)
    return Clean(Media.PDF, pages, seals.told(seen, of=pages), (whole, *drawn))


def draw(data: bytes, views: range, limits: Limits) -> Iterator[tuple[int, Image.Image]]:
    """The asked pages as pictures of one size, however large they say they are."""
    document = pypdfium2.PdfDocument(data)
    for number in views:
        if number > len(document):
            break
        page = document[number - 1]
        width, height = page.get_size()
        scale = limits.view_side / max(width, height, 1)
        picture = page.render(scale=scale, may_draw_forms=False).to_pil()
        yield number, picture.convert("RGB")
        page.close()


def _rebuilt(data: bytes, limits: Limits) -> tuple[bytes, int]:
    with pikepdf.open(io.BytesIO(data), suppress_warnings=True) as given, pikepdf.new() as made:
        if len(given.objects) > limits.objects:
            raise Refused(Refusal.UNPACKED)
        pages = len(given.pages)
        if pages > limits.pages:
            raise Refused(Refusal.PAGES)
        if not pages:
            raise Refused(Refusal.BROKEN)
        counted = _weigh(given, limits)
        given.flatten_annotations("screen")
        made.pages.extend(given.pages)
        for page in made.pages:
            _keep(page.obj, OF_A_PAGE)
        for one in made.objects:
            _disarm(one)
        out = io.BytesIO()
        made.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,  # nothing out of sight
            compress_streams=True,
            deterministic_id=True,
            linearize=False,
        )
    if not counted:  # by now what could be unpacked is deflated once, and can be counted
        with pikepdf.open(out) as again:
            if not _weigh(again, limits):
                raise Refused(Refusal.BROKEN)
    return out.getvalue(), pages


def _weigh(given: Pdf, limits: Limits) -> bool:
    """Unpack every deflated stream a little at a time, to count; whether all could be counted.

    A stream that swells twice over is never honest, and no reader would be safe with it.
    """
    left, counted = limits.unpacked_bytes, True
    for one in given.objects:
        filters = _filters(one) if isinstance(one, Stream) else []
        swelling = [name for name in filters if name in SWELLING]
        if len(swelling) > 1:
            raise Refused(Refusal.UNPACKED)
        if filters[:1] == ["/FlateDecode"]:
            left = _unpacked(one.read_raw_bytes(), left)
        elif swelling == ["/RunLengthDecode"]:
            left -= MOST_BY_RUNS * len(one.read_raw_bytes())
        else:
            counted = counted and not swelling
        if left < 0:
            raise Refused(Refusal.UNPACKED)
    return counted


def _filters(one: Stream) -> list[str]:
    given = one.get("/Filter")
    found = given.as_list() if isinstance(given, pikepdf.Array) else [given]
    return [str(name) for name in found if name is not None]


def _unpacked(rest: bytes, left: int) -> int:
    """How many bytes are left when these are unpacked."""
    unpacker = zlib.decompressobj()
    try:
        while rest and left >= 0:
            left -= len(unpacker.decompress(rest, 1 << 20))
            rest = unpacker.unconsumed_tail
    except zlib.error:
        pass  # torn: a renderer shows what it can of it
    return left


def _keep(given: Object, names: set[str]) -> None:
    for name in set(given.keys()) - names:
        del given[name]


def _disarm(one: Object, depth: int = 0) -> None:
    """Empty what acts or carries a file, wherever it lies; the pages cannot reach it any more.

    A dictionary may also be a table of names, a font's glyph called /AA for instance; therefore
    only streams, which never are, lose keys by name.
    """
    if depth > DEEPEST:
        raise Refused(Refusal.BROKEN)
    if isinstance(one, Stream):
        for name in OF_NO_STREAM:
            if name in one:
                del one[name]
    elif isinstance(one, Dictionary) and _acts(one):
        _keep(one, set())
    for part in _inside(one):
        if not part.is_indirect:
            _disarm(part, depth + 1)


def _inside(one: Object) -> list[Object]:
    if isinstance(one, Stream | Dictionary):
        resources = one.get("/Resources")
        if isinstance(resources, Dictionary):
            _keep(resources, OF_RESOURCES)
        parts = [one[name] for name in one.keys()]  # noqa: SIM118  # it iterates over nothing else
    elif isinstance(one, pikepdf.Array):
        parts = list(one.as_list())
    else:
        parts = []
    return [part for part in parts if isinstance(part, Object)]


def _acts(one: Dictionary) -> bool:
    kind, action = one.get("/Type"), one.get("/S")
    return (
        (isinstance(kind, Name) and str(kind) in {"/Action", "/Filespec", "/F", "/Annot"})
        or (isinstance(action, Name) and str(action) in ACTIONS)
        or isinstance(one.get("/JS"), pikepdf.String | Stream)
        or isinstance(one.get("/EF"), Dictionary)
    )
