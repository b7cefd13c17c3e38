"""What a picture of a business licence says, read for a form that a person then checks."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.domain.credit_codes import ALPHABET, LENGTH, check_character

_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
_ENDLESS = frozenset({"长期", "永久", "无固定期限"})


class Term(StrEnum):
    """What the licence says about how long the enterprise may do business (营业期限)."""

    OPEN = "在营业期限内"
    OVER = "营业期限已过"
    UNKNOWN = "没有写明营业期限"


@dataclass(frozen=True, slots=True)
class Licence:
    """A proposal for a form and nothing more: never trusted, never kept. "" is not readable."""

    code: str
    name: str
    legal: str
    founded: date | None
    address: str
    status: Term
    warnings: tuple[str, ...]
    """In plain words, for the person who fills in the form."""


def understood(words: Mapping[str, str], *, today: date) -> Licence:
    """Read the words of a licence (keys: code, name, legal, founded, address, term)."""
    text = {key: _tidy(value) for key, value in words.items()}
    code, founded, status = text["code"].upper(), _day(text["founded"]), _status(text, today)
    parts = {
        "统一社会信用代码": code,
        "企业名称": text["name"],
        "法定代表人": text["legal"],
        "成立日期": founded,
        "住所": text["address"],
    }
    unread = [name for name, value in parts.items() if not value]
    warnings = _warnings(unread, code, status)
    return Licence(code, text["name"], text["legal"], founded, text["address"], status, warnings)


def _warnings(unread: list[str], code: str, status: Term) -> tuple[str, ...]:
    said = []
    if unread:
        said.append(f"没有认出{'、'.join(unread)}，请照执照填写。")
    if code and not _CODE.fullmatch(code):
        said.append("统一社会信用代码应为18位数字和大写字母，请与执照核对。")
    elif code and check_character(code[:-1]) != code[-1]:
        said.append("统一社会信用代码的校验码不对，可能认错了一位，请与执照核对。")
    if status is Term.OVER:
        said.append("执照上的营业期限已过，请核对；已经换照的，请用新执照。")
    return tuple(said)


def _tidy(text: str) -> str:
    """One width, no blanks inside: the reader puts some between Chinese characters.

    Brackets are wide, as they stand in registered names.
    """
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    return plain.translate({ord("("): "（", ord(")"): "）"})


def _day(text: str) -> date | None:
    found = _DAY.search(text)
    if not found:
        return None
    year, month, day = (int(part) for part in found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _status(text: Mapping[str, str], today: date) -> Term:
    _, until, end = text["term"].rpartition("至")
    if end in _ENDLESS:
        return Term.OPEN
    last = _day(end) if until else None
    if last is None:
        return Term.UNKNOWN
    return Term.OPEN if today <= last else Term.OVER
