"""Red seals: whether a picture shows a ring in red ink, as far as a small copy of it can say.

Nobody is refused for it. A seal across a red line, or half off the page, may not be found; another
office's seal, like that on a licence, passes for one. A picture without colour says nothing.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from math import atan2, pi

from PIL import Image, ImageChops, ImageStat

from bot.domain.files import Warned

SIDE = 640
COARSE = 4
"""One point of the map in which red hangs together, in pixels: worn rings have gaps."""
FINE = 160
"""What looks like a seal is examined at this size at most, however large it is."""
# Hues of 255, across zero: from pink to vermilion; not skin, not wood.
AFTER, UNTIL = 235, 11
SATURATED, BRIGHT = 60, 80
# A photograph has some colour, if only from the light; a scan without colour has none at all.
COLOURLESS, STRAY = 3, 0.0005
SMALLEST = 24  # pixels across: a seal is four centimetres wide, on a page of thirty
SECTORS, INKED = 24, 20
RING = (0.8, 1.1)  # of the radius
AROUND = (-1, 0, 1)

Point = tuple[int, int]


class Seen(Enum):
    """What one page shows."""

    SEAL = "seal"
    COLOUR = "colour"  # and no seal
    GREY = "grey"  # a seal would not be red


def told(pages: Sequence[Seen], *, of: int = 1) -> tuple[Warned, ...]:
    """What to say about a paper of so many pages, some of which were looked at."""
    if not pages or Seen.SEAL in pages:
        return ()
    whole = len(pages) == of and Seen.COLOUR in pages
    return (Warned.NO_SEAL,) if whole else (Warned.SEAL_UNSEEN,)


def seen(picture: Image.Image) -> Seen:
    small = _small(picture)
    if _sealed(small):
        return Seen.SEAL
    return Seen.COLOUR if _coloured(small) else Seen.GREY


def _small(picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    copy.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    if copy.mode == "RGBA":
        paper = Image.new("RGB", copy.size, "white")
        paper.paste(copy, mask=copy.getchannel("A"))
        copy = paper
    return copy.convert("RGB").convert("HSV")


def _coloured(small: Image.Image) -> bool:
    strong = ImageStat.Stat(_strong(small)).mean[0] / 255
    return strong > STRAY or ImageStat.Stat(small.getchannel("S")).mean[0] > COLOURLESS


def _strong(small: Image.Image) -> Image.Image:
    return ImageChops.darker(
        small.getchannel("S").point(lambda one: 255 * (one >= SATURATED)),
        small.getchannel("V").point(lambda one: 255 * (one >= BRIGHT)),
    )


def _sealed(small: Image.Image) -> bool:
    red = small.getchannel("H").point(lambda one: 255 * (one >= AFTER or one <= UNTIL))
    ink = ImageChops.darker(_strong(small), red)
    boxes = (_box(patch) for patch in _patches(_points(ink.reduce(COARSE))))
    return any(_is_ring(ink.crop(box)) for box in boxes)


def _points(mask: Image.Image) -> set[Point]:
    data, width = mask.tobytes(), mask.width
    return {(at % width, at // width) for at, one in enumerate(data) if one}


def _patches(points: set[Point]) -> Iterable[set[Point]]:
    """The points in groups that hang together; each is visited once."""
    left = set(points)
    while left:
        waiting = [left.pop()]
        patch = set(waiting)
        while waiting:
            x, y = waiting.pop()
            beside = {(x + dx, y + dy) for dx in AROUND for dy in AROUND} & left
            left -= beside
            patch |= beside
            waiting.extend(beside)
        yield patch


def _box(patch: set[Point]) -> tuple[int, int, int, int]:
    across, down = [x for x, _ in patch], [y for _, y in patch]
    left, top = COARSE * min(across), COARSE * min(down)
    return left, top, COARSE * (max(across) + 1), COARSE * (max(down) + 1)


def _is_ring(ink: Image.Image) -> bool:
    """About as wide as high, ink all around the edge, next to none in the corners, not filled."""
    mask = ink.crop(ink.getbbox())
    narrow, wide = sorted(mask.size)
    share = ImageStat.Stat(mask).mean[0] / 255
    if narrow < SMALLEST or wide > 1.7 * narrow or share > 0.75 * pi / 4:
        return False
    mask.thumbnail((FINE, FINE), Image.Resampling.BOX)
    points = _points(mask.point(lambda one: 255 * (one >= 85)))
    middle_x, middle_y = (mask.width - 1) / 2, (mask.height - 1) / 2
    around = [
        (2 * (x - middle_x) / mask.width, 2 * (y - middle_y) / mask.height) for x, y in points
    ]
    inner, outer = RING
    in_corners = sum(u * u + v * v > outer**2 for u, v in around)
    sectors = {
        int((atan2(v, u) / pi + 1) * SECTORS / 2) % SECTORS
        for u, v in around
        if inner**2 <= u * u + v * v <= outer**2
    }
    return len(sectors) >= INKED and in_corners <= len(points) // 20
