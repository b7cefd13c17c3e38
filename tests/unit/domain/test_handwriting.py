"""Signatures: what is taken, what is refused with which words, and how they are drawn."""

import json
import xml.etree.ElementTree as ET

import pytest

from bot.domain import handwriting
from bot.domain.errors import BadInput
from bot.domain.handwriting import TOO_LONG, TOO_SHORT, UNREADABLE


def stroke(count: int = 12, *, x: float = 10, y: float = 20, since: int = 1_700_000_000_000):
    points = [
        {"x": x + 4.04 * i, "y": y + i % 3, "time": since + 16 * i, "pressure": 0.5}
        for i in range(count)
    ]
    return {"penColor": "black", "points": points}


NAME = [stroke(), stroke(y=60, since=1_700_000_000_400)]


def test_the_record_is_tenths_of_a_pixel_and_time_since_the_first_touch():
    strokes = handwriting.read(json.dumps(NAME))

    assert strokes.canonical.startswith("[[[100,200,0],[140,210,16],[181,220,32],")
    assert strokes.strokes[1][0] == handwriting.Dot(100, 600, 400)


def test_both_clients_give_the_same_record_for_the_same_hand():
    plain = [
        {"points": [{key: point[key] for key in ("x", "y", "time")} for point in each["points"]]}
        for each in NAME
    ]

    assert handwriting.read(json.dumps(plain)) == handwriting.read(json.dumps(NAME).encode())


def test_what_was_kept_comes_back_with_the_same_hash():
    strokes = handwriting.read(json.dumps(NAME))

    again = handwriting.restore(strokes.canonical)

    assert again == strokes
    assert again.sha256 == strokes.sha256
    assert len(strokes.sha256) == 64


def test_a_stroke_changed_by_a_tenth_has_another_hash():
    moved = json.loads(json.dumps(NAME))
    moved[0]["points"][3]["x"] += 0.1

    assert handwriting.read(json.dumps(moved)).sha256 != handwriting.read(json.dumps(NAME)).sha256


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("", UNREADABLE),
        ("[[", UNREADABLE),
        ("{}", TOO_SHORT),
        ("[]", TOO_SHORT),
        ("null", UNREADABLE),
        ('[{"points":null}]', UNREADABLE),
        ('[{"points":[{"x":1,"y":2}]}]', UNREADABLE),
        ('[{"points":[{"x":"1","y":2,"time":3}]}]', UNREADABLE),
        ('[{"points":[{"x":true,"y":2,"time":3}]}]', UNREADABLE),
        ('[{"points":[{"x":NaN,"y":2,"time":3}]}]', UNREADABLE),
        ('[{"points":[{"x":1e400,"y":2,"time":3}]}]', UNREADABLE),
        ("[" * 9000, UNREADABLE),
        (json.dumps([stroke(19)]), TOO_SHORT),
        (json.dumps([{"points": []}]), TOO_SHORT),
        (json.dumps([{"points": [{"x": 5, "y": 5, "time": i} for i in range(50)]}]), TOO_SHORT),
        (json.dumps([stroke(30, x=5000)]), UNREADABLE),
        (json.dumps([stroke(12), stroke(12, since=1_600_000_000_000)]), UNREADABLE),
        (json.dumps([stroke(1)] * 81), TOO_LONG),
        (json.dumps([stroke(100)] * 61), TOO_LONG),
        (" " * 256 * 1024 + "[]", TOO_LONG),
    ],
)
def test_what_is_not_a_signature_is_refused_with_what_to_do(sent, said):
    with pytest.raises(BadInput, match=said) as refusal:
        handwriting.read(sent)

    assert refusal.value.field == "signature"


def widths(svg: str) -> list[int]:
    return [
        int(path.get("stroke-width", "0"))
        for path in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}path")
    ]


def test_the_pen_thins_when_it_hurries():
    def drawn(pace: int) -> list[int]:
        points = [{"x": 4 * i, "y": 5, "time": pace * i} for i in range(40)]
        return widths(handwriting.svg(handwriting.read(json.dumps([{"points": points}]))))

    slow, quick = drawn(80), drawn(1)

    assert max(slow) > 2 * min(quick)
    assert slow == sorted(slow)
    assert quick == sorted(quick, reverse=True)


def test_a_dot_is_drawn_too():
    svg = handwriting.svg(handwriting.read(json.dumps([*NAME, stroke(1, y=90)])))

    assert 'h0" stroke-width="34"' in svg


def test_the_picture_is_as_large_as_the_hand_and_has_no_style():
    svg = handwriting.svg(handwriting.read(json.dumps(NAME)))

    assert ET.fromstring(svg).get("viewBox") == "0 0 524 500"
    assert "style" not in svg
    assert svg.count("currentColor") == 1
