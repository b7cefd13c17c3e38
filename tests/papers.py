"""Papers as people hand them in, made cheaply, and a cabinet in a folder of the test's own."""

import io
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import IO

import pikepdf
from PIL import Image, ImageDraw

from bot.clients.jail import VIEWS, Examiner
from bot.config import Config
from bot.deps import open_cabinet
from bot.domain.files import BEGINS, LIMITS, Clean, Media, Piece
from bot.services.cabinet import Cabinet
from bot.services.files import Spooled

GPS = 0x8825
# 120 points across, of four curves.
RING = (
    b" 0.8 0.1 0.2 RG 6 w 460 200 m 460 233 433 260 400 260 c 367 260 340 233 340 200 c"
    b" 340 167 367 140 400 140 c 433 140 460 167 460 200 c S"
)


def stamp(page: Image.Image, ink: str = "#c8283c") -> None:
    """A round seal in the lower right of a page."""
    across = min(page.size) // 5
    left, top = page.width - across - across // 2, page.height - across - across // 2
    draw, wide = ImageDraw.Draw(page), max(across // 24, 1)
    draw.ellipse((left, top, left + across, top + across), outline=ink, width=wide)
    middle = (left + across / 2, top + across / 2, across / 8)
    draw.regular_polygon(middle, 5, fill=ink)


@lru_cache(maxsize=16)  # thousands of marks, and the same page in hundreds of tests
def picture(
    size: tuple[int, int] = (600, 800), kind: str = "JPEG", *, sealed: bool = True, **more: object
) -> bytes:
    """A page of lines in hard black on white, sharp enough for anybody, with a red seal."""
    page = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(page)
    for y in range(40, size[1] - 40, 24):
        for x in range(40, size[0] - 40, 18):
            draw.rectangle((x, y, x + 8, y + 10), outline="black")
    if sealed:
        stamp(page)
    out = io.BytesIO()
    page.save(out, kind, **more)
    return out.getvalue()


def photo(size: tuple[int, int] = (600, 800), *, turned: int = 1) -> bytes:
    """What a phone makes: with a place, a camera, a comment and an orientation."""
    exif = Image.Exif()
    exif[0x0112] = turned
    exif[0x010F] = "SECRET-CAMERA"
    exif.get_ifd(GPS)[2] = (39.0, 54.0, 20.0)
    return picture(size, exif=exif.tobytes(), comment=b"SECRET-COMMENT")


def pdf(pages: int = 1, **root: object) -> bytes:
    """A plain document with a line of text and a red ring on each page."""
    with pikepdf.new() as made:
        for number in range(pages):
            page = made.add_blank_page(page_size=(595, 842))
            page.obj.Resources = pikepdf.Dictionary(
                Font=pikepdf.Dictionary(
                    F1=pikepdf.Dictionary(
                        Type=pikepdf.Name.Font,
                        Subtype=pikepdf.Name.Type1,
                        BaseFont=pikepdf.Name.Helvetica,
                    )
                )
            )
            page.obj.Contents = made.make_stream(
                b"BT /F1 24 Tf 80 700 Td (Page %d) Tj ET" % (number + 1) + RING
            )
        for name, value in root.items():
            made.Root[f"/{name}"] = value
        out = io.BytesIO()
        made.save(out, deterministic_id=True)
        return out.getvalue()


@contextmanager
def spool(data: bytes) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        file.seek(0)
        yield file


@contextmanager
def spooled(data: bytes, name: str = "营业执照.jpg") -> Iterator[Spooled]:
    with spool(data) as file:
        yield Spooled(file, name, len(data))


@dataclass(frozen=True)
class Trusting:
    """Takes a JPEG for what it is, and asks the jail about all else: for tests of what becomes of
    a paper once it is kept. A page costs 30 ms of CPU in the jail, and its start 200."""

    jail: Examiner

    async def examine(self, file: IO[bytes], *, views: range = VIEWS) -> Clean:
        data = _whole(file)
        if not _is_jpeg(data):
            return await self.jail.examine(file, views=views)
        size = Image.open(io.BytesIO(data)).size
        return Clean(Media.JPEG, 1, (), (Piece(0, Media.JPEG, *size, data),))

    async def legible(self, file: IO[bytes], *, within: int) -> bytes:
        data = _whole(file)
        if not _is_jpeg(data) or len(data) > within:
            return await self.jail.legible(file, within=within)
        return data

    async def codes(self, file: IO[bytes]) -> tuple[str, ...]:
        return await self.jail.codes(file)


def _whole(file: IO[bytes]) -> bytes:
    return os.pread(file.fileno(), LIMITS.file_bytes, 0)


def _is_jpeg(data: bytes) -> bool:
    return data.startswith(BEGINS[Media.JPEG])


def trusting(cabinet: Cabinet | None) -> Cabinet:
    assert cabinet is not None
    return replace(cabinet, jail=Trusting(cabinet.jail))


@asynccontextmanager
async def cabinet_in(folder: Path) -> AsyncIterator[Cabinet]:
    async with open_cabinet(Config(state_dir=folder)) as cabinet:
        assert cabinet is not None
        yield cabinet


def objects(folder: Path) -> dict[str, bytes]:
    """Every object on the disk, by its path below the folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
