"""A seal is looked for on pages as people photograph, scan and print them; nobody is refused."""

import io
import math

import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageFilter

from bot.domain.files import LIMITS, Warned
from bot.jail import __main__ as keeper
from tests import papers

INK, FADED = (200, 40, 60), (225, 130, 135)
WOOD, RED_CLOTH = (140, 100, 70), (150, 30, 35)
SEEN, NONE, UNSEEN = (), (Warned.NO_SEAL,), (Warned.SEAL_UNSEEN,)


def page() -> Image.Image:
    return Image.open(io.BytesIO(papers.picture((1240, 1754), sealed=False))).convert("RGB")


def sealed(ink: tuple[int, int, int] = INK, *, oval: float = 1.0) -> Image.Image:
    """A ring with signs along its inside and a star, over the lines of the page."""
    made, across = page(), 236
    seal = Image.new("RGBA", (across + 8, across + 8), (0, 0, 0, 0))
    draw, middle = ImageDraw.Draw(seal), across / 2 + 4
    draw.ellipse((4, 4, across, across), outline=ink, width=7)
    for turn in range(10):
        angle = math.radians(150 + 27 * turn)
        x, y = (middle + 88 * part(angle) for part in (math.cos, math.sin))
        draw.rectangle((x - 12, y - 12, x + 12, y + 12), outline=ink, width=6)
    draw.regular_polygon((middle, middle, 40), 5, fill=ink)
    seal = seal.resize((seal.width, int(seal.height * oval)))
    made.paste(seal, (780, 1300), seal)
    return made


def photo(paper: Image.Image, table: tuple[int, int, int] = WOOD, width: int = 840) -> Image.Image:
    """On a table, a little askew, in warm light."""
    whole = Image.new("RGB", (1200, 1600), table)
    laid = paper.convert("RGBA").resize((width, width * paper.height // paper.width))
    laid = laid.rotate(4, expand=True, resample=Image.Resampling.BICUBIC)
    whole.paste(laid, ((1200 - laid.width) // 2, (1600 - laid.height) // 2), laid)
    lit = zip(whole.split(), (1, 0.95, 0.84), strict=True)
    warm = Image.merge("RGB", [band.point(lambda v, k=k: int(v * k)) for band, k in lit])
    return warm.filter(ImageFilter.GaussianBlur(1))


def written(words: str) -> Image.Image:
    """A page on which something is drawn in red that is no seal."""
    made = page()
    draw = ImageDraw.Draw(made)
    if words == "a heading":
        for x in range(120, 1080, 120):
            draw.rectangle((x, 60, x + 90, 150), outline=INK, width=14)
            draw.line((x, 60, x + 90, 150), fill=INK, width=14)
        draw.line((80, 180, 1160, 180), fill=INK, width=6)
    if words == "a square":
        draw.rectangle((800, 1300, 1000, 1500), outline=INK, width=12)
    if words == "a disc":
        draw.ellipse((800, 1300, 1000, 1500), fill=INK)
    if words == "a blue seal":
        papers.stamp(made, "#2832c8")
    return made


def said(picture: Image.Image, kind: str = "JPEG") -> tuple[Warned, ...]:
    out = io.BytesIO()
    picture.save(out, kind)
    found = keeper.examine(out.getvalue(), LIMITS, views=range(1, 3)).warnings
    return tuple(one for one in found if one not in {Warned.BLURRED, Warned.SMALL})


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(sealed, id="scanned"),
        pytest.param(lambda: sealed(FADED), id="faded"),
        pytest.param(lambda: sealed(oval=0.72), id="oval"),
        pytest.param(lambda: photo(sealed()), id="photographed"),
        pytest.param(lambda: photo(sealed(FADED), width=660), id="photographed from afar"),
        pytest.param(lambda: photo(sealed(), RED_CLOTH), id="on red cloth"),
        pytest.param(lambda: sealed().crop((760, 1280, 1040, 1560)).resize((800, 800)), id="alone"),
    ],
)
def test_a_red_seal_is_seen(draw):
    assert said(draw()) == SEEN


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda: photo(page()), id="nothing red"),
        pytest.param(lambda: photo(page(), RED_CLOTH), id="on red cloth"),
        pytest.param(lambda: written("a heading"), id="a red heading"),
        pytest.param(lambda: written("a square"), id="somebody's own seal"),
        pytest.param(lambda: written("a disc"), id="a red disc"),
        pytest.param(lambda: photo(written("a blue seal")), id="a blue seal"),
    ],
)
def test_without_one_it_is_said(draw):
    assert said(draw()) == NONE


def test_a_picture_without_colour_cannot_tell():
    assert said(sealed().convert("L")) == UNSEEN
    assert said(sealed().convert("L").convert("RGB")) == UNSEEN
    assert said(page()) == UNSEEN  # print on white: as grey as a copy of a seal


def test_a_seal_on_a_clear_ground_is_seen():
    clear = sealed().convert("RGBA")
    clear.putalpha(clear.getchannel("G").point(lambda one: 255 * (one < 240)))

    assert said(clear, "PNG") == SEEN


def of_pages(*pages: Image.Image) -> tuple[Warned, ...]:
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:])
    return keeper.examine(out.getvalue(), LIMITS, views=range(1, 3)).warnings


def test_one_page_of_a_document_is_enough_and_pages_not_drawn_yet_cannot_tell():
    none = photo(page())

    assert of_pages(none, photo(sealed())) == SEEN
    assert of_pages(none, none) == NONE
    assert of_pages(none, none, none) == UNSEEN


def test_a_document_that_is_not_drawn_says_nothing():
    with pikepdf.open(io.BytesIO(papers.pdf())) as made:
        out = io.BytesIO()
        made.save(out)

    assert keeper.examine(out.getvalue(), LIMITS, views=range(0)).warnings == ()
