"""Documents: the same bytes for the same record, literal text, real characters, readable codes."""

import re
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from tomllib import loads

import pikepdf
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image

from bot.clients import fonts, seals
from bot.clients.document_data import TEMPLATES, plain, themes
from bot.clients.documents import NotSetError, Press
from bot.domain.documents import Drawing, Listed, Unprintable
from bot.domain.reports import Chapter, Table
from tests.conftest import NOW
from tests.specimens import (
    CERTIFICATE,
    COMMITTED,
    EVERY,
    ISSUER,
    LETTER,
    NOTICE,
    RARE,
    REPORT,
)

PROGRAMMES = Path(__file__).parents[3] / "bot" / "scoring" / "programmes"
HOSTILE = '#read("/etc/passwd") *x* $y$ \\u{1F600} <b>#panic() @a `c` //'


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    folder = tmp_path_factory.mktemp("seals")
    seals.make(folder, owner=ISSUER, now=NOW)
    press = Press(fonts.folders(), seals.Keys(folder).of)
    yield press
    press.close()


def said(pdf: bytes, *options: str) -> str:
    """What a reader copies out of it, in the order in which it was written."""
    done = subprocess.run(
        ["pdftotext", *(options or ("-raw",)), "-", "-"], input=pdf, capture_output=True, check=True
    )
    return done.stdout.decode()


def joined(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("document", EVERY.values(), ids=EVERY)
def test_the_same_record_gives_the_same_bytes_also_from_another_press(press, document):
    other = Press(fonts.folders(), press._key_of)

    first, again, elsewhere = (one.pdf(document, at=NOW) for one in (press, press, other))
    other.close()

    assert first == again == elsewhere


def test_the_same_record_gives_the_same_picture_and_another_name_another(press):
    first, again = (press.picture(CERTIFICATE, at=NOW) for _ in range(2))
    other = press.picture(replace(CERTIFICATE, name="甲公司"), at=NOW)

    assert first == again != other


@pytest.mark.parametrize("document", EVERY.values(), ids=EVERY)
def test_name_and_number_can_be_copied_out(press, document):
    text = joined(said(press.pdf(document, at=NOW)))

    names = [row.name for row in document.rows] if document is NOTICE else [document.name]
    assert [name for name in names if name not in text] == []
    assert joined(document.number) in text


def test_the_certificate_says_all_that_it_must_and_speaks_of_evaluation(press):
    text = joined(said(press.pdf(CERTIFICATE, at=NOW)))

    wanted = [
        "企业信用等级证书",
        "证书编号：2026CNEAAA00123",
        "统一社会信用代码91330100MA2H3L8N0Q",
        "AAA",
        "评价依据《中小企业公共信用评价指标体系》第1版",
        "有效期2026年3月2日至2029年3月1日",
        "最近年审2027年2月18日",
        "发布单位：中国中小企业协会",
        "示范文本，不具有任何效力",
        "示范专用章",
    ]
    assert [words for words in wanted if words not in text] == []


def test_a_commitment_shows_no_level(press):
    text = joined(said(press.pdf(COMMITTED, at=NOW)))

    assert "承诺文本企业信用承诺书第1版" in text
    assert "等级为" not in text


def test_a_real_certificate_is_not_marked_as_a_demonstration(press):
    text = joined(said(press.pdf(replace(CERTIFICATE, demonstration=False), at=NOW)))

    assert "示范" not in text
    assert "电子印章" in text


@pytest.mark.parametrize("document", EVERY.values(), ids=EVERY)
def test_every_demonstration_is_marked_on_every_page(press, document):
    pages = said(press.pdf(document, at=NOW)).split("\f")[:-1]

    assert all("示范文本" in joined(page) for page in pages)


def test_no_word_of_ours_claims_certification_or_a_licensed_rating():
    words = [path.read_text() for path in TEMPLATES.iterdir()]

    assert [
        word for word in ("认证", "征信", "守信激励", "信用警示") if word in "".join(words)
    ] == []


def test_every_programme_has_a_title_and_colours():
    programmes = {loads(path.read_text())["id"] for path in PROGRAMMES.glob("*.toml")}

    assert set(themes()) == programmes
    assert {tuple(theme) for theme in themes().values()} == {tuple(themes()["commitment"])}


@pytest.mark.parametrize("document", [CERTIFICATE, LETTER, REPORT], ids=["c", "l", "r"])
def test_rare_characters_are_there_in_print_and_in_text(press, document):
    text = said(press.pdf(replace(document, name=f"{RARE}有限公司"), at=NOW))

    assert f"{RARE}有限公司" in joined(text)


def test_a_hostile_name_is_printed_as_it_stands(press):
    for document in (CERTIFICATE, LETTER, REPORT):
        text = joined(said(press.pdf(replace(document, name=HOSTILE), at=NOW)))

        assert joined(HOSTILE) in text
        assert "root:" not in text
    rows = (Listed(HOSTILE, "91330100MA2H3L8N0Q", "A"),)
    assert "$y$" in said(press.pdf(replace(NOTICE, rows=rows), at=NOW))


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("吉祥𠮷有限公司", ("𠮷",)),
        ("甲\u202e乙", ("\u202e",)),
        ("甲\x07乙\u200b", ("\x07", "\u200b")),
        ("甲\ue000", ("\ue000",)),
        ("😀商贸😀", ("😀",)),
    ],
)
def test_a_character_that_no_font_has_goes_to_a_person_with_its_code_point(press, name, lacking):
    with pytest.raises(Unprintable, match=f"U\\+{ord(lacking[0]):04X}") as refusal:
        press.pdf(replace(CERTIFICATE, name=name), at=NOW)

    assert refusal.value.characters == lacking


def test_an_unprintable_character_deep_in_a_report_is_found(press):
    table = Table("表", ("项",), (("𠮷",),))
    chapters = (*REPORT.chapters[:5], replace(REPORT.chapters[5], tables=(table,)))

    with pytest.raises(Unprintable, match=r"U\+20BB7"):
        press.pdf(replace(REPORT, chapters=chapters), at=NOW)


def test_what_may_be_printed_is_known_without_printing():
    where = fonts.folders()

    assert fonts.missing(f"{RARE}（A）\u3000·\n", where) == ()
    assert fonts.missing("甲𠮷乙𠮷", where) == ("𠮷",)


def test_without_npm_the_fonts_from_pypi_take_their_place(press, tmp_path):
    where = fonts.folders(tmp_path)
    other = Press(where, press._key_of)

    text = joined(said(other.pdf(replace(CERTIFICATE, name=RARE), at=NOW)))
    other.close()

    assert [path.name for path in where] == ["pylopdf_fonts_zh_cn"]
    assert RARE in text
    assert fonts.missing(RARE, where) == ()


def test_a_font_that_was_added_gives_a_character_that_ours_lack(press, tmp_path):
    """It stands behind ours: only what they have not is taken from it."""
    before = fonts.reader(tmp_path)("甲𠮷")
    made = FontBuilder(1000)
    made.setupGlyphOrder([".notdef", "rare"])
    made.setupCharacterMap({ord("𠮷"): "rare"})
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, 700), (900, 700), (900, 0)):
        pen.lineTo(corner)
    pen.closePath()
    made.setupGlyf({name: pen.glyph() for name in (".notdef", "rare")})
    made.setupHorizontalMetrics(dict.fromkeys((".notdef", "rare"), (1000, 0)))
    made.setupHorizontalHeader(ascent=800, descent=-200)
    named = {"familyName": "Added Rare", "styleName": "Regular", "fullName": "Added Rare Regular"}
    made.setupNameTable(
        {**named, "uniqueFontIdentifier": "1", "psName": "AddedRare", "version": "1"}
    )
    made.setupOS2(usWeightClass=400)
    made.setupPost()
    fonts.added_to(tmp_path).mkdir()
    made.save(fonts.added_to(tmp_path) / "rare.ttf")
    other = Press(fonts.folders(added=fonts.added_to(tmp_path)), press._key_of)

    text = joined(said(other.pdf(replace(CERTIFICATE, name="甲𠮷有限公司"), at=NOW)))
    unchanged = other.picture(CERTIFICATE, at=NOW)
    other.close()

    assert (before, fonts.reader(tmp_path)("甲𠮷")) == (("𠮷",), ())
    assert "甲𠮷有限公司" in text
    assert unchanged == press.picture(CERTIFICATE, at=NOW)


def test_only_our_fonts_are_in_a_document_and_all_of_them_are_embedded(press):
    for document in EVERY.values():
        pdf = pikepdf.open(BytesIO(press.pdf(document, at=NOW)))
        found = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary)]
        described = [o for o in found if o.get("/Type") == "/FontDescriptor"]

        assert described
        names = {str(o.FontName).partition("+")[2] for o in described}
        assert {re.split(r"[-_]", name)[0] for name in names} <= {"NotoSerifSC", "NotoSansSC"}
        assert all("/FontFile2" in o or "/FontFile3" in o for o in described)


@pytest.mark.parametrize("document", EVERY.values(), ids=EVERY)
def test_every_document_says_that_it_is_archival_and_accessible(press, document):
    pdf = pikepdf.open(BytesIO(press.pdf(document, at=NOW)))

    with pdf.open_metadata() as meta:
        claims = [meta.get(f"pdfaid:{key}") for key in ("part", "conformance")]
        assert [*claims, meta.get("pdfuaid:part")] == ["2", "A", "1"]
    assert pdf.Root.MarkInfo.Marked
    assert str(pdf.Root.Lang) in {"zh-CN", "zh"}


def test_a_long_name_stays_between_the_lines_around_it(press):
    for count in (1, 24, 25, 60, 100):
        name = "长" * count
        page = said(press.pdf(replace(CERTIFICATE, name=name), at=NOW), "-bbox")
        words = re.findall(
            r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">长', page
        )

        assert words
        assert min(float(left) for left, *_ in words) > 33 * 72 / 25.4
        assert max(float(right) for *_, right, _ in words) < (297 - 33) * 72 / 25.4
        assert min(float(top) for _, top, *_ in words) > 66 * 72 / 25.4
        assert max(float(bottom) for *_, bottom in words) < 97 * 72 / 25.4


def test_a_long_list_repeats_its_head_and_counts_its_pages(press):
    rows = tuple(Listed(f"{i}号企业", "91330100MA2H3L8N0Q", "A") for i in range(1, 301))

    pages = said(press.pdf(replace(NOTICE, rows=rows), at=NOW)).split("\f")[:-1]

    heads = [page.count("企业名称") for page in pages if "号企业" in page]
    assert len(heads) > 8
    assert set(heads) == {1}
    assert [f"第{i}页，共{len(pages)}页" in joined(p) for i, p in enumerate(pages, 1)] == [
        True
    ] * len(pages)


def test_a_report_has_its_six_parts_in_order(press):
    text = joined(said(press.pdf(REPORT, at=NOW)))
    body = text[text.index("附件8其他资料") + 5 :]  # behind the table of contents

    assert "密级：内部" in text[: text.index("声明")]
    places = [body.index(word) for word in ("概述", "正文", "评价结论", "附件1")]
    assert places == sorted(places)
    headings = [f"{n}、{c.heading}" for n, c in zip("一二三四五六", REPORT.chapters, strict=True)]
    assert all(one in body for one in headings)
    assert all(body.index(a) < body.index(b) for a, b in pairwise(headings))


def test_a_report_explains_the_second_line_only_where_there_is_one(press):
    alone = tuple(replace(part, second=None) for part in REPORT.aspects)

    texts = [said(press.pdf(replace(REPORT, aspects=a), at=NOW)) for a in (REPORT.aspects, alone)]

    assert ["同行业参考值" in text for text in texts] == [True, False]


@pytest.mark.parametrize(
    "broken",
    [
        {"chapters": REPORT.chapters[:5]},
        {"chapters": REPORT.chapters[::-1]},
        {"annexes": (Chapter("别的"), *REPORT.annexes[1:])},
    ],
)
def test_a_report_with_a_part_missing_cannot_be_made(broken):
    with pytest.raises(ValueError, match="in this order"):
        replace(REPORT, **broken)


def test_a_table_with_a_short_row_cannot_be_made():
    with pytest.raises(ValueError, match="has not as many cells"):
        Table("表", ("甲", "乙"), (("1",),))


def test_what_the_documents_cannot_hold_is_a_fault_of_ours():
    with pytest.raises(TypeError, match="cannot hold a float"):
        plain(1.5)


def test_a_drawing_of_a_picture_reaches_the_page(press):
    red = BytesIO()
    Image.new("RGB", (2, 2), (255, 0, 0)).save(red, "PNG")
    drawing = Drawing.of_png(b64encode(red.getvalue()).decode(), width=2, height=2)

    page = Image.open(BytesIO(press.picture(replace(LETTER, seal=drawing), at=NOW)))

    colours = {colour: n for n, colour in page.convert("RGB").getcolors(10**6)}
    assert colours[255, 0, 0] > 200 * 200  # 42 mm at 150 to the inch, less what is written over it


def test_a_font_that_is_not_there_stops_the_document(press):
    serif_only = tuple(folder for folder in fonts.folders() if "serif" in str(folder))
    other = Press(serif_only, press._key_of)

    with pytest.raises(NotSetError, match="unknown font family: noto sans sc"):
        other.pdf(CERTIFICATE, at=NOW)
    other.close()


def test_without_any_font_nothing_counts_as_printable(tmp_path):
    assert fonts.missing("甲", (tmp_path,)) == ("甲",)


async def test_a_worker_gets_file_and_picture_from_the_presss_own_thread(press):
    recorded = NOW + timedelta(microseconds=123_456)  # as a clock gives it
    made = await press.make(CERTIFICATE, at=recorded, now=recorded + timedelta(minutes=1))

    assert made.png == press.picture(CERTIFICATE, at=NOW)
    assert made.png[16:24] == (1754).to_bytes(4) + (1240).to_bytes(4)
    assert made.pdf.startswith(b"%PDF-1.7")


async def test_lists_and_reports_have_no_picture_to_share(press):
    assert (await press.make(NOTICE, at=NOW, now=NOW)).png is None
