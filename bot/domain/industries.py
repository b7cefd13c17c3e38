"""Industries (GB/T 4754-2017) by code: C is a section, C13 a division, K701 a group."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_FILE = Path(__file__).with_name("industries.toml")


def _read(text: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The names of the sections, and of everything below them, by code."""
    data = tomllib.loads(text)
    del data["source"]
    below = {
        letter + number: name
        for letter, section in data.items()
        for number, name in (section["divisions"] | section.get("groups", {})).items()
    }
    sections = {letter: section["name"] for letter, section in data.items()}
    return MappingProxyType(sections), MappingProxyType(below)


SECTIONS, BELOW = _read(_FILE.read_text())
NAMES: Mapping[str, str] = MappingProxyType({**SECTIONS, **BELOW})
# A division whose groups are listed is chosen by them: the size of an enterprise depends on it.
_PARTED = frozenset(code[:3] for code in BELOW if len(code) == 4)


def choices() -> tuple[tuple[str, str], ...]:
    """What a form offers, each with its code in front, so that lists on paper can be compared."""
    return tuple((code, f"{code} {BELOW[code]}") for code in sorted(BELOW) if code not in _PARTED)


def read(text: str) -> str | None:
    """The code of what was written: a code, with or without its letter, or a full name."""
    word = text.strip().upper()
    if word in NAMES:
        return word
    if word.isascii() and word.isdigit():
        return next((code for code in BELOW if code[1:] == word), None)
    named = [code for code, name in NAMES.items() if name == text.strip()]
    return named[-1] if named else None  # 教育 is a section and its only division: the narrower


def name_of(code: str) -> str:
    """In words; "" for none."""
    return NAMES.get(code, "")
