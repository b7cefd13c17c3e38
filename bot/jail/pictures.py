"""Pictures: turned upright, made anew without metadata, measured for whether they can be read."""

import io
import warnings
from dataclasses import replace

import pillow_heif
from PIL import Image, ImageFilter, ImageOps, ImageStat, MpoImagePlugin

from bot.domain.files import (
    SHARP_ENOUGH,
    SHORT_SIDE_ENOUGH,
    Clean,
    Limits,
    Media,
    Piece,
    Refusal,
    Warned,
)
from bot.jail import seals
from bot.jail.refused import Refused

del MpoImagePlugin  # read now: what a phone calls JPEG is often one, and later no module is read
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.options.THUMBNAILS = False
pillow_heif.register_heif_opener(thumbnails=False)
warnings.simplefilter("ignore")
Image.MAX_IMAGE_PIXELS = None  # our own limit comes first, and says so in words

QUALITY = 88
READING_SIDES = (2400, 1600, 1200)
"""Tried one after the other until a reader takes the picture; print is legible on the smallest."""
LARGEST_PNG = 4_000_000  # pixels; above it a picture without transparency is a photograph
BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
LAPLACIAN = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)
MEASURED_SIDE = 1600
TILES = 8


def kind_of(head: bytes) -> str:
    """Pillow's name of the format, by the first bytes and nothing else; "" for no picture."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[4:8] == b"ftyp" and head[8:12] in BRANDS:
        return "HEIF"
    return ""


def clean(data: bytes, kind: str, limits: Limits) -> Clean:
    """Decode within the limits and encode anew; what was hidden in the file stays behind."""
    picture, short_side = _decoded(data, kind, limits)
    media_type, warned = _media(picture, kind), []
    if short_side < SHORT_SIDE_ENOUGH:
        warned.append(Warned.SMALL)
    elif sharpness(picture) < SHARP_ENOUGH:
        warned.append(Warned.BLURRED)
    warned += seals.told([seals.seen(picture)])
    return Clean(media_type, 1, tuple(warned), (encoded(picture, media_type),))


def legible(data: bytes, kind: str, limits: Limits, *, within: int) -> Piece:
    """The picture as a JPEG of at most so many bytes: smaller and smaller until it fits."""
    picture, _ = _decoded(data, kind, replace(limits, long_side=READING_SIDES[0]))
    if picture.mode == "RGBA":
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
        picture = paper
    for side in READING_SIDES:
        picture.thumbnail((side, side), Image.Resampling.BOX)
        made = encoded(picture, Media.JPEG)
        if len(made.data) <= within:
            break
    return made


def _decoded(data: bytes, kind: str, limits: Limits) -> tuple[Image.Image, int]:
    """The picture, and how long the shorter side was that was sent."""
    try:
        opened = Image.open(io.BytesIO(data), formats=[kind])
        width, height = opened.size
        if width * height > limits.pixels or max(width, height) > limits.side:
            raise Refused(Refusal.PIXELS)
        return _upright(opened, limits), min(width, height)
    except MemoryError:
        raise Refused(Refusal.PIXELS) from None
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, Image.DecompressionBombError):
        raise Refused(Refusal.BROKEN) from None


def _upright(opened: Image.Image, limits: Limits) -> Image.Image:
    """The first picture, of at most our size, turned as its EXIF says; nothing else of it."""
    side = limits.long_side
    opened.draft(None, (side, side))  # JPEG: decodes straight to a half or a quarter
    if max(opened.size) > side:
        opened.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=2.0)
    turned = ImageOps.exif_transpose(opened)
    clear = turned.mode in {"RGBA", "LA", "PA"} or "transparency" in turned.info
    if opened.format == "PNG" and clear:
        plain = turned.convert("RGBA")
    else:
        plain = turned.convert("L" if turned.mode in {"1", "L", "I", "I;16"} else "RGB")
    plain.info.clear()
    return plain


def _media(picture: Image.Image, kind: str) -> Media:
    small = picture.width * picture.height <= LARGEST_PNG
    return Media.PNG if kind == "PNG" and (picture.mode == "RGBA" or small) else Media.JPEG


def encoded(
    picture: Image.Image, media_type: Media, *, page: int = 0, quality: int = QUALITY
) -> Piece:
    out = io.BytesIO()
    if media_type is Media.JPEG:
        picture.save(out, "JPEG", quality=quality)
    else:
        picture.save(out, "PNG", compress_level=4)
    return Piece(page, media_type, picture.width, picture.height, out.getvalue())


def sharpness(picture: Image.Image) -> int:
    """How hard the hardest edges are, from 0: the second derivative where most is drawn.

    The best tenth of the tiles counts, since a page may be mostly white; each is held against the
    contrast of the whole, since a shadow is no blur.
    """
    grey = picture.convert("L")
    grey.thumbnail((MEASURED_SIDE, MEASURED_SIDE), Image.Resampling.BILINEAR)
    contrast = ImageStat.Stat(grey).stddev[0]
    if contrast < 1:
        return 0
    edges = grey.filter(LAPLACIAN).crop((2, 2, grey.width - 2, grey.height - 2))
    across, down = edges.width // TILES, edges.height // TILES
    found = sorted(
        ImageStat.Stat(edges.crop((x, y, x + across, y + down))).stddev[0]
        for x in range(0, TILES * across, across)
        for y in range(0, TILES * down, down)
    )
    return int(50 * found[-(TILES * TILES // 10)] / contrast)
