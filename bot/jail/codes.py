"""QR codes on photographs that strangers send: only what they say leaves the jail."""

import io

import zxingcpp
from PIL import Image, ImageOps

from bot.domain.files import LONGEST_CODE, MOST_CODES, Limits, Refusal
from bot.jail.pictures import kind_of
from bot.jail.refused import Refused

LONGEST_SIDE = 2400  # of what is searched: a code on a photographed page is still readable
_KINDS = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def read(data: bytes, limits: Limits) -> tuple[str, ...]:
    """The texts of the codes on a picture; refused when it is none, or unpacks to too much."""
    kind = kind_of(data[:64])
    if not kind:
        raise Refused(Refusal.TYPE)
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            if image.width * image.height > limits.pixels:
                raise Refused(Refusal.PIXELS)
            image.draft("L", (LONGEST_SIDE, LONGEST_SIDE))
            plain = ImageOps.exif_transpose(image).convert("L")
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, Image.DecompressionBombError):
        raise Refused(Refusal.BROKEN) from None
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    found = zxingcpp.read_barcodes(plain, formats=_KINDS)
    return tuple(one.text[:LONGEST_CODE] for one in found[:MOST_CODES])
