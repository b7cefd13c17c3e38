"""The woven lines of certificates: few, long curves, so that the file stays small and prints sharp.

Each function answers an SVG of the given size in twentieths of a millimetre. A curve is written
by its crests and troughs alone: between two of them one cubic follows the wave to within a hair.
"""

from collections.abc import Sequence
from math import cos, gcd, pi, sin

Place = tuple[float, float]


def strip(length: int, height: int, *, strands: int, beads: int, colour: str) -> str:
    """Weave two families of waves along a band: where one swells, the other is narrow."""
    waves = 2 * beads
    paths = [
        _wave(length, height, waves, beads, phase=strand / strands, shift=family / 2)
        for family in (0, 1)
        for strand in range(strands)
    ]
    return _svg(length, height, paths, colour, pen=2)


def rosette(side: int, rings: Sequence[tuple[float, float, int, int]], colour: str) -> str:
    """Weave rings around a centre: inner and outer share of the radius, lobes, turns.

    Lobes and turns have no common divisor: then one closed curve makes the whole ring.
    """
    paths = [
        _ring(side / 2, (inner * side / 2, outer * side / 2), lobes, turns)
        for inner, outer, lobes, turns in rings
    ]
    return _svg(side, side, paths, colour, pen=2)


def _wave(  # a wave has that many measures
    length: int, height: int, waves: int, beads: int, *, phase: float, shift: float
) -> str:
    """One strand: crests and troughs alternate, each as high as the band is at that place."""
    step = length / (2 * waves)
    places = []
    for node in range(2 * waves + 1):
        x = node * step
        turn = cos(2 * pi * (node / 2 + phase))
        swell = 0.56 + 0.38 * cos(2 * pi * (beads * x / length + shift))
        places.append((x, height / 2 * (1 + turn * swell)))
    return _curve(places, [(step / 3, 0.0)] * len(places))


def _ring(centre: float, radii: tuple[float, float], lobes: int, turns: int) -> str:
    if gcd(lobes, turns) != 1:
        raise ValueError(f"{lobes} lobes in {turns} turns do not close into one curve")
    step = pi * turns / lobes
    places, handles = [], []
    for node in range(2 * lobes + 1):
        angle, radius = node * step, radii[node % 2]
        places.append((centre + radius * cos(angle), centre + radius * sin(angle)))
        pull = radius * step / 3
        handles.append((-pull * sin(angle), pull * cos(angle)))
    return _curve(places, handles)


def _curve(places: Sequence[Place], handles: Sequence[Place]) -> str:
    """Write relative whole numbers; the pen's true place is kept, so that no error adds up."""
    x, y = (round(n) for n in places[0])
    out = [f"M{x} {y}"]
    for i in range(1, len(places)):
        (end_x, end_y), (pull_x, pull_y) = places[i], handles[i]
        numbers = [round(end_x - pull_x) - x, round(end_y - pull_y) - y]
        numbers += [round(end_x) - x, round(end_y) - y]
        if i == 1:
            first = (places[0][0] + handles[0][0], places[0][1] + handles[0][1])
            numbers = [round(first[0]) - x, round(first[1]) - y, *numbers]
        out.append(("c" if i == 1 else "s") + _joined(numbers))
        x, y = round(end_x), round(end_y)
    return "".join(out)


def _joined(numbers: Sequence[int]) -> str:
    return "".join(f"{'' if i == 0 or n < 0 else ' '}{n}" for i, n in enumerate(numbers))


def _svg(width: int, height: int, paths: Sequence[str], colour: str, *, pen: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<path d="{"".join(paths)}" fill="none" stroke="{colour}" stroke-width="{pen}"/></svg>'
    )
