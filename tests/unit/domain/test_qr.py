"""QR codes: a decoder of others reads what was put in, and the drawing is the matrix."""

import re

import pytest
import zxingcpp
from PIL import Image

from bot.domain import qr

ADDRESS = "https://credit.example.cn/v/2026CNEAAA00123?t=" + "aB3_x-9Z" * 12


def picture(rows: tuple[tuple[bool, ...], ...]) -> Image.Image:
    side = len(rows)
    image = Image.new("L", (side, side), 255)
    image.putdata([0 if dark else 255 for row in rows for dark in row])
    return image.resize((side * 3, side * 3), Image.Resampling.NEAREST)


@pytest.mark.parametrize("text", [ADDRESS, "https://a.cn/v/1", "信用核验"])
def test_a_decoder_reads_what_was_put_in(text):
    found = zxingcpp.read_barcodes(picture(qr.matrix(text)), formats=zxingcpp.BarcodeFormat.QRCode)

    assert [code.text for code in found] == [text]
    assert [code.ec_level for code in found] == ["M"]


def test_four_modules_of_white_surround_the_code():
    rows = qr.matrix(ADDRESS)

    edges = [rows[:4], rows[-4:], [row[:4] for row in rows], [row[-4:] for row in rows]]
    assert not any(dark for edge in edges for row in edge for dark in row)
    assert rows[4][4]


def test_the_drawing_is_the_matrix():
    rows, svg = qr.matrix(ADDRESS), qr.svg(ADDRESS)
    drawn = {
        (int(x) + step, int(y))
        for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg)
        for step in range(int(run))
    }

    assert drawn == {(x, y) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark}
    assert svg.startswith(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(rows)} ')


def test_the_drawing_is_small_has_a_name_and_no_style():
    svg = qr.svg(ADDRESS, title="核验 <1>")

    assert len(svg) < 10_000
    assert "<title>核验 &lt;1&gt;</title>" in svg
    assert "style" not in svg
