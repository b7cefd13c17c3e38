"""What WeChat takes as the value of a template's keyword: the type is the start of its name."""

import re
import unicodedata
from datetime import date

_NAME = re.compile(r"([a-z_]+?)\d{1,3}")
_DAY = r"\d{4}年\d{1,2}月\d{1,2}日"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_INSTANT = rf"(?:{_DAY}(?: {_CLOCK})?|{_CLOCK})"
_LINE = r"[^\n\r]"
_HAN = r"[\u3400-\u9fff\U00020000-\U0003134f]"

_SHAPES = {
    "thing": rf"{_LINE}{{1,20}}",
    "number": r"(?=.{1,32}$)\d+(\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "character_string": r"[\x21-\x7e]([\x20-\x7e]{0,30}[\x21-\x7e])?",
    "time": rf"{_INSTANT}(?: ?~ ?{_INSTANT})?",
    "date": rf"{_DAY}(?: {_CLOCK})?(?: ?~ ?{_DAY}(?: {_CLOCK})?)?",
    "amount": r"[¥￥$]?\d{1,10}(?:\.\d{1,2})?元?",
    "phone_number": r"[0-9+\-() ]{1,17}",
    "car_number": rf"{_LINE}{{1,8}}",
    "name": rf"(?:[{_HAN[1:-1]}·]{{1,10}}|[A-Za-z .'\-]{{1,20}})",
    "phrase": rf"{_HAN}{{1,5}}",
    "const": rf"{_LINE}{{1,20}}",
    "enum": rf"{_LINE}{{1,20}}",
}
_COMPILED = {kind: re.compile(shape) for kind, shape in _SHAPES.items()}

LONGEST_THING = 20
_JOINER = "\u200d"


def kind_of(name: str) -> str:
    """The type in a keyword's name such as thing1; "" when WeChat knows no such type."""
    found = _NAME.fullmatch(name)
    return found[1] if found and found[1] in _SHAPES else ""


def problem(name: str, value: str) -> str:
    """What WeChat would refuse with 47003 about this value; "" when nothing."""
    kind = kind_of(name)
    if not kind:
        return f"{name}: no type of keyword that WeChat knows"
    if value != value.strip() or not _COMPILED[kind].fullmatch(value):
        return f"{name}: {len(value)} characters that are not what {kind} takes"
    if kind in {"date", "time"} and not all(map(_exists, re.findall(_DAY, value))):
        return f"{name}: a day that no calendar has"
    return ""


def shortened(text: str, limit: int = LONGEST_THING) -> str:
    """Cut to the limit with … at the end, never in the middle of what is seen as one sign."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and _within(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def _within(text: str, at: int) -> bool:
    """Whether the sign before this place goes on after it."""
    after, before = text[at], text[at - 1]
    if _JOINER in (before, after) or unicodedata.combining(after):
        return True
    if unicodedata.category(after) == "Mn" or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    flags = 0
    while flags < at and "\U0001f1e6" <= text[at - 1 - flags] <= "\U0001f1ff":
        flags += 1
    return flags % 2 == 1 and "\U0001f1e6" <= after <= "\U0001f1ff"


def _exists(day: str) -> bool:
    year, month, number = (int(part) for part in re.findall(r"\d+", day))
    try:
        date(year, month, number)
    except ValueError:
        return False
    return True
