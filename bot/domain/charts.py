"""Gauge, bars, line and radar as compact SVG text: one drawing for phone, console and print.

Presentation attributes only, because the pages' CSP forbids style attributes. Texts take the
colour of their surroundings (currentColor), marks a green that shows on white and on black;
the classes chart-mark, chart-second and chart-track let a style sheet choose otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin, sqrt

from bot.domain.drawing import (
    LEADING,
    MARK,
    SECOND,
    SIZE,
    WIDTH,
    Number,
    arc,
    at,
    document,
    share,
    short,
    text,
)
from bot.domain.lettering import balanced, width, wrapped

RADIUS = 82
SIDE = 4 * SIZE
POLE = 84
"""Room for the labels beside, above and below a radar, so that neighbours cannot meet."""
TRACK = 'class="chart-track" fill="none" stroke="currentColor" opacity=".25"'


@dataclass(frozen=True, slots=True)
class Part:
    """One axis of a radar, one row of bars. `value` None: not known, which is not zero."""

    label: str
    value: Number | None
    most: Number
    second: Number | None = None
    """What the value is compared with, on the same scale."""


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a line, for example a year."""

    label: str
    value: Number | None


def gauge(  # noqa: PLR0913  # each is one thing the reader sees
    value: Number,
    *,
    least: Number,
    most: Number,
    title: str,
    caption: str = "",
    marks: Sequence[Number] = (),
    family: str = "",
) -> str:
    """Draw a half ring filled up to `value`, the number in it, and a caption below the number.

    `marks` are thresholds, shown as gaps in the ring; both ends are labelled.
    """
    radius, cx, cy = 118, WIDTH // 2, 140
    body = [arc(cx, cy, radius, 1, 'class="chart-track" stroke="currentColor" opacity=".14"')]
    filled = share(value, least, most)
    if filled > 0:
        body.append(arc(cx, cy, radius, filled, f'class="chart-mark" stroke="{MARK}"'))
    for mark in marks:
        angle = pi * (1 - share(mark, least, most))
        near, far = radius + 14, radius + 22
        body.append(
            f'<path d="M{at(cx, cy, near, angle)}L{at(cx, cy, far, angle)}"'
            ' stroke="currentColor" stroke-width="2"/>'
        )
    body.append(text(cx, cy - 12, str(value), size=52, weight="bold"))
    lines = wrapped(caption, SIZE, 190)
    body += [text(cx, cy + 16 + LEADING * i, line) for i, line in enumerate(lines)]
    ends = cy + 22
    body.append(text(cx - radius, ends, str(least), size=12))
    body.append(text(cx + radius, ends, str(most), size=12))
    height = max(ends, cy + 16 + LEADING * (len(lines) - 1)) + 10
    return document(height, f"{title}：{value}，范围 {least} 至 {most}", body, family)


def bars(parts: Sequence[Part], *, title: str, family: str = "") -> str:
    """Draw one row a part: the label and the number above, the bar below, so nothing can meet."""
    body, told, y = [], [], 4
    for part in parts:
        shown = _shown(part)
        told.append(f"{part.label} {shown}")
        lines = wrapped(part.label, SIZE, WIDTH - width(shown, SIZE) - 20)
        for line in lines:
            y += LEADING
            body.append(text(2, y - 4, line, anchor="start"))
        body.append(text(WIDTH - 2, y - 4, shown, anchor="end"))
        body.append(_bar(y + 2, 1, 'class="chart-track" fill="currentColor" opacity=".14"'))
        if part.value is not None and part.value > 0:
            filled = share(part.value, 0, part.most)
            body.append(_bar(y + 2, filled, f'class="chart-mark" fill="{MARK}"'))
        if part.second is not None:
            x = short(2 + (WIDTH - 4) * share(part.second, 0, part.most))
            body.append(
                f'<path class="chart-second" d="M{x} {y}v12" stroke="{SECOND}" stroke-width="3"/>'
            )
        y += 20
    return document(y, f"{title}：{'，'.join(told)}", body, family)


def line(points: Sequence[Point], *, title: str, family: str = "") -> str:
    """Draw values over time; an unknown value leaves a gap. Only labels with room are written."""
    known = [point.value for point in points if point.value is not None]
    if not known:
        raise ValueError("a line needs at least one known value")
    low, high = min(known), max(known)
    if low == high:
        low, high = low - 1, high + 1
    left = max(width(str(n), 12) for n in (low, high)) + 8
    top, bottom, right = 24, 150, WIDTH - 26
    step = (right - left - 10) / max(len(points) - 1, 1)
    places = [
        (left + 10 + step * i, bottom - (bottom - top) * share(p.value, low, high), i)
        for i, p in enumerate(points)
        if p.value is not None
    ]
    body = [
        f'<path class="chart-track" d="M{left} {y}H{WIDTH - 2}" stroke="currentColor"'
        f' opacity=".25"/>{text(left - 4, y + 4, str(n), size=12, anchor="end")}'
        for y, n in ((top, high), (bottom, low))
    ]
    path = "".join(
        f"{'L' if i and points[i - 1].value is not None else 'M'}{short(x)} {short(y)}"
        for x, y, i in places
    )
    body.append(
        f'<path class="chart-mark" d="{path}" fill="none" stroke="{MARK}" stroke-width="2.5"'
        ' stroke-linejoin="round"/>'
    )
    body += [
        f'<circle class="chart-mark" cx="{short(x)}" cy="{short(y)}" r="3.5" fill="{MARK}"/>'
        for x, y, _ in places
    ]
    body += _labels(points, left + 10, step, bottom + 22)
    told = "，".join(f"{p.label} {'未知' if p.value is None else p.value}" for p in points)
    return document(bottom + 32, f"{title}：{told}", body, family)


def radar(parts: Sequence[Part], *, title: str, family: str = "") -> str:
    """Draw three to twelve axes; unknown values count as nothing in the figure, not in words."""
    if not 3 <= len(parts) <= 12:
        raise ValueError(f"a radar has three to twelve axes, not {len(parts)}")
    cx = WIDTH // 2
    angles = [pi / 2 - 2 * pi * i / len(parts) for i in range(len(parts))]
    boxes = _placed([part.label for part in parts], angles)
    top = min(-RADIUS, *(box.top for box in boxes))
    bottom = max(RADIUS, *(box.top + LEADING * len(box.lines) for box in boxes))
    cy = round(4 - top)
    web = "".join(
        f"M{'L'.join(at(cx, cy, RADIUS * ring / 4, angle) for angle in angles)}z"
        for ring in (1, 2, 3, 4)
    ) + "".join(f"M{cx} {cy}L{at(cx, cy, RADIUS, angle)}" for angle in angles)
    body = [f'<path {TRACK} d="{web}"/>']
    if any(part.second is not None for part in parts):
        path = _outline([part.second for part in parts], parts, angles, cy)
        body.append(
            f'<path class="chart-second" d="{path}" fill="none" stroke="{SECOND}"'
            ' stroke-width="2" stroke-dasharray="5 3"/>'
        )
    path = _outline([part.value for part in parts], parts, angles, cy)
    body.append(
        f'<path class="chart-mark" d="{path}" fill="{MARK}" fill-opacity=".22" stroke="{MARK}"'
        ' stroke-width="2.5" stroke-linejoin="round"/>'
    )
    for box in boxes:
        for i, words in enumerate(box.lines):
            y = cy + box.top + LEADING * i + SIZE
            body.append(text(cx + box.x, y, words, anchor=box.anchor))
    told = "，".join(f"{part.label} {_shown(part)}" for part in parts)
    return document(round(cy + bottom + 4), f"{title}：{told}", body, family)


@dataclass(frozen=True, slots=True)
class _Box:
    """A label of a radar, relative to its centre."""

    x: float
    top: float
    lines: tuple[str, ...]
    anchor: str


def _placed(labels: Sequence[str], angles: Sequence[float]) -> list[_Box]:
    """Find a place for each label outside the ring and away from the label before it."""
    boxes: list[_Box] = []
    floor = {1: -1e9, -1: -1e9}  # where the next label of the right and the left side may begin
    for label, angle in sorted(zip(labels, angles, strict=True), key=lambda pair: -sin(pair[1])):
        side = 0 if abs(cos(angle)) < 1e-6 else 1 if cos(angle) > 0 else -1
        lines = balanced(label, SIZE, SIDE if side else POLE)
        tall = LEADING * len(lines)
        y = -sin(angle) * (RADIUS + 8)
        if not side:
            boxes.append(_Box(0, y - tall if y < 0 else y, lines, "middle"))
            continue
        top = max(y - tall / 2, floor[side])
        floor[side] = top + tall + 4
        nearest = min(max(0, top), top + tall, key=abs)
        reach = sqrt(max(RADIUS**2 - nearest**2, 0))
        x = max(reach, abs(cos(angle)) * RADIUS) + 8
        boxes.append(_Box(side * x, top, lines, "start" if side > 0 else "end"))
    return boxes


def _outline(
    values: Sequence[Number | None], parts: Sequence[Part], angles: Sequence[float], cy: int
) -> str:
    places = [
        at(WIDTH // 2, cy, RADIUS * share(value or 0, 0, part.most), angle)
        for value, part, angle in zip(values, parts, angles, strict=True)
    ]
    return f"M{'L'.join(places)}z"


def _labels(points: Sequence[Point], left: float, step: float, y: int) -> list[str]:
    """Write the last label and, going back, each one that does not come near the one after it."""
    texts, free = [], WIDTH + 0.0
    for i in reversed(range(len(points))):
        wide = width(points[i].label, 12)
        x = min(max(left + step * i, wide / 2 + 2), WIDTH - wide / 2 - 2)
        if x + wide / 2 <= free:
            texts.append(text(x, y, points[i].label, size=12))
            free = x - wide / 2 - 8
    return texts[::-1]


def _shown(part: Part) -> str:
    return "未知" if part.value is None else f"{part.value}/{part.most}"


def _bar(y: int, part: float, paint: str) -> str:
    wide = max((WIDTH - 4) * part, 8)
    return f'<rect x="2" y="{y}" width="{short(wide)}" height="8" rx="4" {paint}/>'
