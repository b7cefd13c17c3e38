"""A handwritten signature: what both clients send, what is kept, and how it is drawn again.

Both send `[{"points": [{"x": …, "y": …, "time": …}, …]}, …]`, as signature_pad does. The strokes
are the record and the picture is made from them; a picture alone would prove nothing.
"""

import hashlib
import json
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from typing import Any

from bot.domain.errors import BadInput

FIELD = "signature"
MOST_BYTES = 256 * 1024
MOST_STROKES = 80
MOST_POINTS = 6000
LEAST_POINTS = 20
LEAST_EXTENT = 400
"""Tenths of a pixel: what is smaller in both directions is a dot or a slip."""
FARTHEST = 40_000
LONGEST_MS = 10 * 60 * 1000

WIDEST, THINNEST = 34, 11
"""Of the pen, in tenths of a pixel."""
MARGIN = 40

UNREADABLE = "没有收到完整的签名，请清除后重新签写。"
TOO_SHORT = "签名笔画太少，请用正楷写下完整的姓名。"
TOO_LONG = "签名笔画太多，请清除后重新签写姓名。"


@dataclass(frozen=True, slots=True)
class Dot:
    """Where the pen was: tenths of a pixel, milliseconds since it first touched."""

    x: int
    y: int
    ms: int


@dataclass(frozen=True, slots=True)
class Strokes:
    strokes: tuple[tuple[Dot, ...], ...]

    @property
    def canonical(self) -> str:
        """The one way to write these strokes down; what is stored, and what is hashed."""
        rows = [[[dot.x, dot.y, dot.ms] for dot in stroke] for stroke in self.strokes]
        return json.dumps(rows, separators=(",", ":"))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.canonical.encode()).hexdigest()


def read(text: str | bytes) -> Strokes:
    """Take what a client sent; refuse what is too much, no strokes, or too little for a name."""
    if len(text) > MOST_BYTES:
        raise BadInput(TOO_LONG, field=FIELD)
    try:
        given = json.loads(text)
        raw = [[_numbers(point) for point in stroke["points"]] for stroke in given]
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        raise BadInput(UNREADABLE, field=FIELD) from None
    if len(raw) > MOST_STROKES or sum(map(len, raw)) > MOST_POINTS:
        raise BadInput(TOO_LONG, field=FIELD)
    return _checked(_relative([stroke for stroke in raw if stroke]))


def restore(canonical: str) -> Strokes:
    """Take back what `canonical` wrote; it was checked when it came."""
    rows = json.loads(canonical)
    return Strokes(tuple(tuple(Dot(*dot) for dot in stroke) for stroke in rows))


def svg(strokes: Strokes, *, title: str = "手写签名") -> str:
    """Draw the strokes with a pen that thins when it hurries."""
    dots = [dot for stroke in strokes.strokes for dot in stroke]
    left, top = min(d.x for d in dots) - MARGIN, min(d.y for d in dots) - MARGIN
    wide, high = max(d.x for d in dots) + MARGIN - left, max(d.y for d in dots) + MARGIN - top
    moved = [[Dot(d.x - left, d.y - top, d.ms) for d in stroke] for stroke in strokes.strokes]
    paths = "".join(_drawn(stroke) for stroke in moved)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img"'
        f' aria-label="{title}"><title>{title}</title><g fill="none" stroke="currentColor"'
        f' stroke-linecap="round" stroke-linejoin="round">{paths}</g></svg>'
    )


def _numbers(point: Any) -> tuple[int, int, int]:  # any value that JSON can hold
    x, y, when = (point[name] for name in ("x", "y", "time"))
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in (x, y, when)):
        raise TypeError
    return round(x * 10), round(y * 10), round(when)


def _relative(raw: list[list[tuple[int, int, int]]]) -> Strokes:
    """Count time from the first touch: the clocks of phones are their own."""
    start = raw[0][0][2] if raw else 0
    return Strokes(tuple(tuple(Dot(x, y, when - start) for x, y, when in stroke) for stroke in raw))


def _checked(strokes: Strokes) -> Strokes:
    dots = [dot for stroke in strokes.strokes for dot in stroke]
    if len(dots) < LEAST_POINTS:
        raise BadInput(TOO_SHORT, field=FIELD)
    if any(max(abs(d.x), abs(d.y)) > FARTHEST or not 0 <= d.ms <= LONGEST_MS for d in dots):
        raise BadInput(UNREADABLE, field=FIELD)
    extents = (max(values) - min(values) for values in ([d.x for d in dots], [d.y for d in dots]))
    if max(extents) < LEAST_EXTENT:
        raise BadInput(TOO_SHORT, field=FIELD)
    return strokes


def _drawn(stroke: list[Dot]) -> str:
    """Join neighbouring pieces of one width into one path: compact, and no seams."""
    first = stroke[0]
    if len(stroke) == 1:
        return f'<path d="M{first.x} {first.y}h0" stroke-width="{WIDEST}"/>'
    parts: list[tuple[int, str]] = []
    pen, here = float(WIDEST + THINNEST) / 2, (first.x, first.y)
    for before, dot in pairwise(stroke):
        speed = hypot(dot.x - before.x, dot.y - before.y) / 10 / max(dot.ms - before.ms, 1)
        pen = pen * 0.7 + max(WIDEST / (speed + 1), THINNEST) * 0.3
        middle = ((before.x + dot.x) // 2, (before.y + dot.y) // 2)
        curve = f"Q{before.x} {before.y} {middle[0]} {middle[1]}"
        if parts and parts[-1][0] == round(pen / 3):
            parts[-1] = (parts[-1][0], parts[-1][1] + curve)
        else:
            parts.append((round(pen / 3), f"M{here[0]} {here[1]}{curve}"))
        here = middle
    step, path = parts[-1]
    parts[-1] = (step, f"{path}L{stroke[-1].x} {stroke[-1].y}")
    return "".join(f'<path d="{path}" stroke-width="{step * 3}"/>' for step, path in parts)
