"""The strokes that our drawings are made of, as SVG text with presentation attributes only."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from math import cos, pi, sin

Number = int | Decimal

WIDTH = 320
"""Of the narrowest phone: on it one unit is one pixel, so texts keep their size."""
SIZE = 14
LEADING = 18
MARK = "#138a56"
"""A green that shows on white (4.3 : 1) and on a dark page (4.0 : 1) alike."""
SECOND = "#b7791f"


def share(value: Number, least: Number, most: Number) -> float:
    """Tell where a value lies between the two, as 0 to 1."""
    return min(max(float((Decimal(value) - least) / (Decimal(most) - least)), 0.0), 1.0)


def arc(cx: int, cy: int, radius: int, part: float, paint: str) -> str:
    start, end = at(cx, cy, radius, pi), at(cx, cy, radius, pi * (1 - part))
    return (
        f'<path d="M{start}A{radius} {radius} 0 0 1 {end}" fill="none" stroke-width="20" {paint}/>'
    )


def at(cx: float, cy: float, radius: float, angle: float) -> str:
    return f"{short(cx + radius * cos(angle))} {short(cy - radius * sin(angle))}"


def text(
    x: float, y: float, words: str, *, size: int = SIZE, anchor: str = "middle", weight: str = ""
) -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    return (
        f'<text x="{short(x)}" y="{short(y)}" font-size="{size}" text-anchor="{anchor}"{bold}'
        f' fill="currentColor">{escape(words)}</text>'
    )


def short(number: float) -> str:
    """Write a coordinate with one digit and no needless one."""
    return f"{number:.1f}".removesuffix(".0").replace("-0.0", "0")


def document(height: float, title: str, body: Sequence[str], family: str) -> str:
    font = f' font-family="{escape(family)}"' if family else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {short(height)}" role="img"'
        f' aria-label="{escape(title)}"{font}><title>{escape(title)}</title>{"".join(body)}</svg>'
    )
