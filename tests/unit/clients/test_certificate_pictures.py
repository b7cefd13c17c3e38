"""The code on a certificate's picture: two decoders read it, also from a bad photo of it."""

import random
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageEnhance, ImageFilter

from bot.clients import fonts, seals
from bot.clients.documents import Press
from bot.domain.printing import Document
from tests.conftest import NOW
from tests.specimens import CERTIFICATE, COMMITTED, INTEGRITY, LETTER, PLAQUE, RATED

DOCUMENTS = {
    "evaluation": CERTIFICATE,
    "commitment": COMMITTED,
    "rating": RATED,
    "integrity": INTEGRITY,
    "plaque": PLAQUE,
    "letter": LETTER,
}


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    press = Press(fonts.folders(), seals.Keys(tmp_path_factory.mktemp("seals")).of)
    yield press
    press.close()


@pytest.fixture(scope="module", params=DOCUMENTS.values(), ids=DOCUMENTS)
def document(request: pytest.FixtureRequest) -> Document:
    return request.param


@pytest.fixture(scope="module")
def page(press: Press, document: Document) -> Image.Image:
    return Image.open(BytesIO(press.picture(document, at=NOW)))


def photographed(page: Image.Image) -> Image.Image:
    """Turn, tilt, darken to one side, blur, add noise, and save as a small JPEG."""
    wide, high = page.size
    tilted = page.convert("L").transform(
        page.size,
        Image.Transform.QUAD,
        (-30, -20, -10, high + 25, wide + 35, high - 15, wide + 10, 12),
        Image.Resampling.BICUBIC,
        fillcolor=120,
    )
    turned = tilted.rotate(2.5, Image.Resampling.BICUBIC, fillcolor=120)
    shade = Image.linear_gradient("L").resize(page.size).point(lambda v: v // 3)
    shaded = Image.composite(Image.new("L", page.size, 60), turned, shade)
    blurred = shaded.filter(ImageFilter.GaussianBlur(0.6))
    grain = Image.frombytes("L", page.size, random.Random(7).randbytes(wide * high))
    noisy = Image.blend(blurred, grain, 0.08)
    jpeg = BytesIO()
    ImageEnhance.Contrast(noisy).enhance(0.8).save(jpeg, "JPEG", quality=55)
    return Image.open(jpeg)


def zxing(page: Image.Image) -> list[str]:
    found = zxingcpp.read_barcodes(page.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
    return [code.text for code in found]


def zbar(page: Image.Image, tmp_path: Path) -> list[str]:
    path = tmp_path / "page.pgm"  # packing it would take longer than reading the code
    page.convert("L").save(path)
    words = ["zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", path]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def test_both_decoders_read_the_picture_that_people_share(document, page, tmp_path):
    assert max(page.size) == 1754
    assert (zxing(page), zbar(page, tmp_path)) == ([document.verify_url], [document.verify_url])


def test_both_decoders_read_a_bad_photo_of_it(document, page, tmp_path):
    photo = photographed(page)

    assert (zxing(photo), zbar(photo, tmp_path)) == ([document.verify_url], [document.verify_url])
