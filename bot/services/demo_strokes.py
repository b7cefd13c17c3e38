"""Signatures of the demonstration: strokes like those of Chinese writing, in nobody's hand."""

from random import Random

import orjson

BOX = 96  # pixels of one character
DOTS = 14  # of one stroke
# From where to where, and how far it bends to the side, in parts of the box: 横 竖 撇 捺 折.
_SHAPES = (
    (0.10, 0.25, 0.90, 0.18, 0.02), (0.15, 0.62, 0.88, 0.55, 0.03), (0.50, 0.05, 0.48, 0.95, 0.02),
    (0.52, 0.30, 0.08, 0.92, 0.12), (0.50, 0.38, 0.95, 0.90, -0.10), (0.22, 0.20, 0.30, 0.70, 0.05),
    (0.70, 0.15, 0.78, 0.60, -0.06), (0.20, 0.85, 0.85, 0.80, -0.03),
)  # fmt: skip


def strokes(name: str) -> str:
    """The same for the same name, as signature_pad sends it."""
    random = Random(name)  # noqa: S311  # nothing secret
    drawn: list[dict[str, object]] = []
    time = 1000
    for place in range(len(name)):
        for shape in sorted(random.sample(range(len(_SHAPES)), 5)):
            points = []
            for x, y in _line(_SHAPES[shape], random):
                time += 16
                points.append({"x": 30 + place * BOX + x, "y": 40 + y, "time": time})
            drawn.append({"points": points})
            time += 180
    return orjson.dumps(drawn).decode()


def _line(shape: tuple[float, ...], random: Random) -> list[tuple[int, int]]:
    """Dots along a stroke that starts and ends a little elsewhere every time."""
    left, top, right, bottom = (part + random.uniform(-0.06, 0.06) for part in shape[:4])
    bend = shape[4]
    dots = []
    for dot in range(DOTS):
        part = dot / (DOTS - 1)
        aside = 4 * bend * part * (1 - part)
        x = left + (right - left) * part + aside * (bottom - top)
        y = top + (bottom - top) * part + aside * (right - left)
        dots.append((round(x * BOX), round(y * BOX)))
    return dots
