"""The files beside this one, read: questions, language, and the numbers of the programmes."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import bot.scoring
from bot.domain.knowledge import (
    MENU,
    MESSAGE,
    Book,
    Entry,
    Press,
    missing_numbers,
    read_entries,
    texts_of,
)
from bot.domain.matching import Language
from bot.domain.programme_numbers import programme_numbers
from bot.handlers.wechat.answers import CLICKS
from bot.handlers.wechat.words import WORDS
from bot.services.office import office

HERE = Path(__file__).parent
LANGUAGE = "language.toml"
MENU_FILE = Path(__file__).resolve().parents[4] / "templates" / "menu.toml"
SITE = "site"
OA_MENU = f"{MENU}oa"
SCORING = Path(bot.scoring.__file__).parent


def entries() -> list[Entry]:
    """Every question of every topic; no id may come twice."""
    found = [
        entry
        for file in sorted(HERE.glob("*.toml"))
        if file.name != LANGUAGE
        for entry in read_entries(file.read_text(encoding="utf-8"))
    ]
    ids = [entry.id for entry in found]
    if len(ids) != len(set(ids)):
        raise ValueError("an id of a question comes twice")
    return found


def language() -> Language:
    return Language.read(tomllib.loads((HERE / LANGUAGE).read_text(encoding="utf-8")))


def numbers() -> dict[str, str]:
    """Prices, validity, scores and office hours: each from the one place where it stands."""
    programmes = [_parsed(file) for file in sorted(SCORING.glob("programmes/*.toml"))]
    packs = {scheme: _parsed(newest) for scheme, newest in _newest_packs().items()}
    own = {"office_hours": office().hours, SITE: f"${SITE}"}  # our address comes when it is said
    return {**own, **programme_numbers(programmes, packs)}


@cache
def press() -> Press:
    own = {f"{MESSAGE}{name}": frozenset(missing_numbers(body, {})) for name, body in WORDS.items()}
    return Press(language(), numbers(), own, frozenset(CLICKS))


@cache
def texts() -> dict[str, str]:
    """All texts of the files, under the names that they have in the database."""
    return {**texts_of(WORDS, entries()), OA_MENU: MENU_FILE.read_text(encoding="utf-8").strip()}


@cache
def book() -> Book:
    """The book of the files alone: what a process has before it has looked into the database."""
    return press().print(texts())


def _newest_packs() -> Mapping[str, Path]:
    found: dict[str, Path] = {}
    for file in SCORING.glob("packs/*/*.toml"):
        scheme = file.parent.name
        if file.stem.isdigit() and (
            scheme not in found or int(file.stem) > int(found[scheme].stem)
        ):
            found[scheme] = file
    return found


def _parsed(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
