"""Woven lines: they stay inside their band, close where they should, and stay small."""

import re
from math import hypot

import pytest

from bot.domain import guilloche

NUMBER = re.compile(r"-?\d+")


def nodes(svg: str) -> list[list[tuple[int, int]]]:
    """The places that each curve goes through, in order."""
    curves = []
    for path in re.findall(r"M[^M\"]+", svg.partition(' d="')[2].partition('"')[0]):
        head, *parts = re.split(r"[cs]", path)
        x, y = map(int, NUMBER.findall(head))
        curve = [(x, y)]
        for part in parts:
            numbers = list(map(int, NUMBER.findall(part)))
            x, y = x + numbers[-2], y + numbers[-1]
            curve.append((x, y))
        curves.append(curve)
    return curves


def test_a_strip_fills_its_length_and_never_leaves_its_height():
    curves = nodes(guilloche.strip(4980, 200, strands=5, beads=16, colour="#cfae62"))

    assert len(curves) == 10
    assert {(curve[0][0], curve[-1][0]) for curve in curves} == {(0, 4980)}
    heights = [y for curve in curves for _, y in curve]
    assert (min(heights), max(heights)) == (24, 194)


def test_a_ring_is_one_closed_curve_between_its_two_radii():
    (curve,) = nodes(guilloche.rosette(2000, [(0.5, 1.0, 96, 7)], "#000"))

    assert len(curve) == 2 * 96 + 1
    assert curve[0] == curve[-1]
    assert {round(hypot(x - 1000, y - 1000), -1) for x, y in curve} == {500, 1000}


def test_a_ring_that_would_fall_apart_is_refused():
    with pytest.raises(ValueError, match="96 lobes in 6 turns do not close"):
        guilloche.rosette(2000, [(0.5, 1.0, 96, 6)], "#000")


def test_the_lines_of_a_whole_certificate_are_small():
    strip = guilloche.strip(4980, 200, strands=5, beads=16, colour="#cfae62")
    ring = guilloche.rosette(2360, [(0.7, 1.0, 96, 7), (0.42, 0.76, 80, 7)], "#cfae62")

    assert len(strip) + len(ring) < 16_000
