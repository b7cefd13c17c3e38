"""What the jail makes of a file, without its walls: pictures, documents, reports that lie."""

import base64
import io
import json
import random
import tempfile
import zlib
from dataclasses import replace

import pikepdf
import pytest
import qrcode
from PIL import Image, ImageFilter

from bot.clients import jail as client
from bot.domain.files import LIMITS, Media, Refusal, Unreadable, Warned
from bot.jail import __main__ as keeper
from bot.jail import codes
from bot.jail.refused import Refused
from tests import papers
from tests.faults import poison

NONE = range(0)


def examined(data: bytes, views: range = NONE, **limits: int):
    return keeper.examine(data, replace(LIMITS, **limits), views=views)


def refused(data: bytes, **limits: int) -> Refusal:
    with pytest.raises(Refused) as caught:
        examined(data, range(1, 2), **limits)
    return caught.value.why


def blurred(radius: float) -> bytes:
    out = io.BytesIO()
    page = Image.open(io.BytesIO(papers.picture((900, 1200))))
    page.filter(ImageFilter.GaussianBlur(radius)).save(out, "JPEG")
    return out.getvalue()


def coded(words: str) -> bytes:
    out = io.BytesIO()
    qrcode.make(words).save(out, "PNG")
    return out.getvalue()


def test_a_code_on_a_picture_is_read_and_nothing_too_long_leaves():
    assert codes.read(coded("https://a.cn/v/1"), LIMITS) == ("https://a.cn/v/1",)
    assert codes.read(coded("x" * 2000), LIMITS) == ("x" * 1024,)
    assert codes.read(papers.picture(), LIMITS) == ()


@pytest.mark.parametrize(
    ("data", "pixels", "why"),
    [
        (b"GIF89a", LIMITS.pixels, Refusal.TYPE),
        (b"\xff\xd8\xff no picture", LIMITS.pixels, Refusal.BROKEN),
        (coded("x"), 100, Refusal.PIXELS),
    ],
)
def test_what_is_no_picture_for_us_is_not_searched_for_codes(data, pixels, why):
    with pytest.raises(Refused) as caught:
        codes.read(data, replace(LIMITS, pixels=pixels))

    assert caught.value.why is why


@pytest.mark.parametrize(("turned", "size"), [(1, (90, 120)), (3, (90, 120)), (6, (120, 90))])
def test_a_photo_is_turned_as_its_metadata_said_and_then_has_none(turned, size):
    body = examined(papers.photo((90, 120), turned=turned)).body

    with Image.open(io.BytesIO(body.data)) as made:
        assert made.size == (body.width, body.height) == size
        assert dict(made.getexif()) == {}
    assert b"SECRET" not in body.data


def grain(size: tuple[int, int], kind: str) -> bytes:
    """The worst that a camera can send: nothing in it can be packed."""
    out = io.BytesIO()
    Image.frombytes("RGB", size, random.Random(3).randbytes(3 * size[0] * size[1])).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        lambda: papers.photo((90, 120), turned=6),
        lambda: papers.picture((900, 700), "PNG"),
        lambda: papers.pdf(2),
        poison.heic,
        lambda: grain((2000, 1500), "PNG"),
        lambda: grain((2600, 1900), "JPEG"),
    ],
    ids=["photo", "screenshot", "document", "heic", "grain.png", "grain.jpg"],
)
def test_whatever_a_licence_comes_as_a_reader_gets_a_small_jpeg(make):
    [piece] = keeper.legible(make(), LIMITS, within=2_000_000).pieces

    assert len(piece.data) <= 2_000_000
    with Image.open(io.BytesIO(piece.data)) as made:
        assert (made.format, made.mode) == ("JPEG", "RGB")
        assert dict(made.getexif()) == {}


def test_a_stamp_without_a_background_is_laid_on_white_paper():
    out = io.BytesIO()
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(out, "PNG")

    [piece] = keeper.legible(out.getvalue(), LIMITS, within=2_000_000).pieces

    with Image.open(io.BytesIO(piece.data)) as made:
        assert made.getpixel((20, 20)) == (255, 255, 255)


@pytest.mark.parametrize(("data", "why"), [(b"", Refusal.EMPTY), (b"words", Refusal.TYPE)])
def test_what_is_no_picture_is_not_made_legible(data, why):
    with pytest.raises(Refused) as caught:
        keeper.legible(data, LIMITS, within=2_000_000)

    assert caught.value.why is why


@pytest.mark.parametrize(
    ("made", "kept"),
    [("JPEG", Media.JPEG), ("PNG", Media.PNG), ("HEIF", Media.JPEG)],
)
def test_each_kind_of_picture_is_known_by_its_content(made, kept):
    data = poison.heic() if made == "HEIF" else papers.picture((700, 700), made)

    found = examined(data)

    assert (found.media_type, found.pages, len(found.pieces)) == (kept, 1, 1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "I;16", "CMYK"])
def test_every_way_to_store_colour_ends_as_a_picture_that_browsers_show(mode):
    source = Image.new("L", (8, 8), 128)
    out = io.BytesIO()
    kind = "JPEG" if mode == "CMYK" else "PNG"
    converted = source.convert("I").convert("I;16") if mode == "I;16" else source.convert(mode)
    (converted.convert("RGBA") if mode == "PA" else converted).save(out, kind)

    body = examined(out.getvalue()).body

    with Image.open(io.BytesIO(body.data)) as made:
        assert made.mode in {"L", "RGB", "RGBA"}


def test_a_large_picture_is_made_smaller_and_a_large_opaque_png_becomes_a_jpeg():
    out = io.BytesIO()
    Image.new("RGB", (5000, 1000), "white").save(out, "PNG")

    body = examined(out.getvalue()).body

    assert (body.media_type, max(body.width, body.height)) == (Media.PNG, LIMITS.long_side)
    out = io.BytesIO()
    Image.new("RGB", (2500, 2000), "white").save(out, "PNG")
    assert examined(out.getvalue()).media_type is Media.JPEG


@pytest.mark.parametrize(
    ("make", "warned"),
    [
        (papers.picture, ()),
        (lambda: blurred(0.5), ()),
        (lambda: blurred(6), (Warned.BLURRED,)),
        (lambda: papers.picture((500, 900)), (Warned.SMALL,)),
    ],
    ids=["sharp", "nearly", "blurred", "small"],
)
def test_a_picture_that_cannot_be_read_is_told_from_one_that_can(make, warned):
    assert examined(make()).warnings == warned


def test_an_empty_page_counts_as_blurred():
    out = io.BytesIO()
    Image.new("RGB", (700, 700), "white").save(out, "PNG")

    assert examined(out.getvalue()).warnings == (Warned.BLURRED, Warned.SEAL_UNSEEN)


@pytest.mark.parametrize(
    ("data", "limits", "why"),
    [
        (b"", {}, Refusal.EMPTY),
        (b"<svg/>", {}, Refusal.TYPE),
        (papers.picture(), {"file_bytes": 1000}, Refusal.BROKEN),
        (papers.picture(), {"pixels": 1000}, Refusal.PIXELS),
        (papers.picture(), {"side": 700}, Refusal.PIXELS),
        (papers.picture()[:900], {}, Refusal.BROKEN),
        (papers.pdf(3), {"pages": 2}, Refusal.PAGES),
        (papers.pdf(3), {"objects": 3}, Refusal.UNPACKED),
        (papers.pdf(), {"unpacked_bytes": 10}, Refusal.UNPACKED),
        (b"%PDF-1.4\nnothing", {}, Refusal.BROKEN),
        (papers.pdf(0), {}, Refusal.BROKEN),
        (poison.locked(1, poison.random.Random(1)).data, {}, Refusal.LOCKED),
    ],
)
def test_what_is_refused_says_why(data, limits, why):
    assert refused(data, **limits) is why


def test_a_document_keeps_what_is_seen_and_loses_what_acts():
    luck = poison.random.Random(1)
    for number in range(6):
        found = examined(poison.acting_pdf(number, luck).data, range(1, 2))

        with pikepdf.open(io.BytesIO(found.body.data)) as made:
            assert set(made.Root.keys()) == {"/Type", "/Pages"}
            names = {name for one in made.objects for name in getattr(one, "keys", list)()}
        assert names & {"/JS", "/A", "/AA", "/F", "/AF", "/EF", "/OPI", "/Annots"} == set()
        assert [piece.page for piece in found.pieces] == [0, 1]


def test_a_seal_in_an_annotation_is_drawn_into_the_page():
    with_seal = poison.acting_pdf(4, poison.random.Random(1)).data

    seen = examined(with_seal, range(1, 2)).pieces[1]

    with Image.open(io.BytesIO(seen.data)) as page:
        scale = page.width / 595
        red = page.getpixel((int(120 * scale), int((842 - 120) * scale)))
    assert (red[0] > 200, red[1] < 80) == (True, True)


def test_only_the_asked_pages_are_drawn_and_all_to_one_size():
    found = examined(papers.pdf(5), range(2, 4))
    beyond = examined(papers.pdf(2), range(2, 9))

    assert [(one.page, one.height) for one in found.pieces[1:]] == [(2, 1600), (3, 1600)]
    assert [one.page for one in beyond.pieces] == [0, 2]


def test_the_same_document_is_cleaned_to_the_same_bytes():
    assert examined(papers.pdf(2)).body == examined(papers.pdf(2)).body


HONEST = {
    "media_type": "image/png",
    "pages": 1,
    "warnings": [],
    "pieces": [{"page": 0, "media_type": "image/png", "width": 1, "height": 1, "bytes": 8}],
}
PNG = b"\x89PNG\r\n\x1a\n"


def read(report: object, made: bytes = PNG):
    with tempfile.TemporaryFile() as file:
        file.write(made)
        return client._read(json.dumps(report).encode(), file)


def test_an_honest_report_is_believed():
    assert read(HONEST).body.data == PNG


def packed_pdf(data: bytes, *filters: str) -> bytes:
    """A page that draws a picture which is packed in these ways, the outermost first."""
    with pikepdf.open(io.BytesIO(papers.pdf())) as pdf:
        picture = pikepdf.Stream(pdf, b"")
        picture.write(data, filter=pikepdf.Array([pikepdf.Name(f"/{name}") for name in filters]))
        picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        picture.Width, picture.Height, picture.BitsPerComponent = 200, 200, 8
        picture.ColorSpace = pikepdf.Name.DeviceGray
        pdf.pages[0].obj.Resources = pikepdf.Dictionary(
            XObject=pikepdf.Dictionary(I=pdf.make_indirect(picture))
        )
        pdf.pages[0].obj.Contents = pdf.make_stream(b"200 0 0 200 0 0 cm /I Do")
        out = io.BytesIO()
        pdf.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return out.getvalue()


GREY = b"\x80" * 40_000
BY_RUNS = b"\x81\x80" * (40_000 // 128) + b"\x80"


@pytest.mark.parametrize(
    ("data", "filters"),
    [
        (zlib.compress(GREY), ("FlateDecode",)),
        (base64.a85encode(zlib.compress(GREY)) + b"~>", ("ASCII85Decode", "FlateDecode")),
        (BY_RUNS, ("RunLengthDecode",)),
    ],
)
def test_what_is_packed_is_weighed_however_it_is_packed(data: bytes, filters: tuple[str, ...]):
    pdf = packed_pdf(data, *filters)

    assert refused(pdf, unpacked_bytes=30_000) is Refusal.UNPACKED
    assert examined(pdf, unpacked_bytes=100_000).pages == 1


@pytest.mark.parametrize("inner", ["FlateDecode", "Fl", "LZWDecode", "RunLengthDecode"])
def test_what_swells_twice_over_is_refused_unweighed(inner: str):
    pdf = packed_pdf(zlib.compress(zlib.compress(GREY)), "FlateDecode", inner)

    assert refused(pdf) is Refusal.UNPACKED


@pytest.mark.parametrize(
    ("change", "made"),
    [
        ({"media_type": "text/html"}, PNG),
        ({"media_type": "image/jpeg"}, PNG),
        ({"pages": 10**9}, PNG),
        ({"pages": 0}, PNG),
        ({"warnings": ["duplicate"]}, PNG),
        ({"more": 1}, PNG),
        ({"pieces": []}, PNG),
        ({"pieces": [HONEST["pieces"][0] | {"page": 1}]}, PNG),
        ({"pieces": [HONEST["pieces"][0] | {"bytes": 9}]}, PNG),
        ({}, PNG + b"more"),
        ({}, b"<html>!!"),
        ({"refused": "no such reason"}, PNG),
    ],
)
def test_a_report_that_lies_is_an_unreadable_file(change, made):
    with pytest.raises(Unreadable):
        read(HONEST | change, made)


@pytest.mark.parametrize("told", [b"", b" ", b"{", b"[]", b"null"])
def test_a_report_that_is_none_is_an_unreadable_file(told):
    with tempfile.TemporaryFile() as made, pytest.raises(Unreadable):
        client._read(told, made)


def test_a_refusal_comes_back_in_words():
    with pytest.raises(Unreadable, match="设了密码"):
        read({"refused": "locked"})
