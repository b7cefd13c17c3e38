"""What a template is given: the document's words, and the drawings that belong to them."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from bot.domain import charts, guilloche, qr
from bot.domain.documents import Certificate, Drawing, Notice, Plaque
from bot.domain.printing import Document
from bot.domain.reports import Chapter, Report

TEMPLATES = Path(__file__).parents[2] / "templates" / "documents"
FAMILY = "Noto Sans SC"
"""Of the letters in charts; those of the templates stand in common.typ."""
CORNER = ((0.6, 1.0, 30, 7), (0.28, 0.66, 24, 5), (0.1, 0.34, 12, 5))


def filled(document: Document, *, seal: Mapping[str, object] | None) -> dict[str, object]:
    """Return the document's fields with theme, woven lines, QR code and charts."""
    data: dict[str, object] = {**_fields(document), "seal_place": seal}
    if isinstance(document, Certificate | Plaque):
        theme = themes()[document.programme]
        data |= {"theme": theme, "art": _art(document.programme)}
    if isinstance(document, Report):
        radar = charts.radar(document.aspects, title="各方面得分", family=FAMILY)
        data["radar"] = Drawing(radar)
        trend = document.trend and charts.line(document.trend, title="得分变化", family=FAMILY)
        data["trend"] = Drawing(trend) if trend else None
        data["compared"] = any(part.second is not None for part in document.aspects)
        data["chapters"] = [_drawn(chapter) for chapter in document.chapters]
        data["annexes"] = [_drawn(annex) for annex in document.annexes]
    if not isinstance(document, Notice):
        data["qr"] = Drawing(qr.svg(document.verify_url))
    return data


def plain(value: object) -> object:
    """Turn what JSON does not know into what it does."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    return _fields(value)


def texts(value: object) -> Iterator[str]:
    """Give every text of a person or of ours that will be set; drawings hold none of a font's."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif is_dataclass(value) and not isinstance(value, Drawing):
        yield from texts(_fields(value))


@cache
def themes() -> Mapping[str, Mapping[str, Any]]:
    """Title, words and colours by programme; a programme without an entry is a KeyError."""
    return tomllib.loads((TEMPLATES / "themes.toml").read_text())


@cache
def _art(programme: str) -> Mapping[str, Drawing]:
    """The woven lines of a programme, in its colour: the same on every certificate of it."""
    theme = themes()[programme]
    colour = theme["line"]
    return {
        "along": Drawing(guilloche.strip(4980, 200, strands=5, beads=16, colour=colour)),
        "down": Drawing(guilloche.strip(3240, 200, strands=5, beads=10, colour=colour)),
        "corner": Drawing(guilloche.rosette(420, CORNER, colour)),
        "middle": Drawing(guilloche.rosette(2360, theme["rings"], colour)),
    }


def _drawn(chapter: Chapter) -> dict[str, object]:
    bars = charts.bars(chapter.bars, title=chapter.heading, family=FAMILY) if chapter.bars else None
    return {
        **_fields(chapter),
        "bars": bars and Drawing(bars),
        "trends": [
            {"title": title, "drawing": Drawing(charts.line(points, title=title, family=FAMILY))}
            for title, points in chapter.trends
        ],
    }


def _fields(value: object) -> dict[str, object]:
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"a document cannot hold a {type(value).__name__}")
    return {field.name: getattr(value, field.name) for field in fields(value)}
