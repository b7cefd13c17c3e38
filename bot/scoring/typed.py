"""What people type, read generously and exactly: days, whole numbers, amounts with their unit."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

MOST = 10_000  # more of one thing than any enterprise has: a typing slip
_LARGEST = Decimal(10) ** 13
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_AMOUNT = re.compile(r"([+-]?\d{1,15}(?:\.\d{1,8})?)(元|万元?|亿元?|分)?")
_TIMES: Mapping[str, int] = MappingProxyType(
    {"元": 1, "分": 1, "万": 10**4, "万元": 10**4, "亿": 10**8, "亿元": 10**8}
)


class Misread(Exception):
    """What was typed cannot be taken; the sentence says what to do."""


def tidy(text: str) -> str:
    """One width, no blanks, no thousands separators."""
    return re.sub(r"[\s,，]", "", unicodedata.normalize("NFKC", text))


def day(text: str, as_of: date) -> date:
    found = _DAY.fullmatch(tidy(text))
    if found is None:
        raise Misread("请填日期，例如 2025-03-12")
    year, month, number = (int(part) for part in found.groups() if part)
    try:
        given = date(year, month, number)
    except ValueError:
        raise Misread("没有这一天，请检查年月日") from None
    if given > as_of:
        raise Misread("日期不能晚于今天")
    if given.year < 1900:
        raise Misread("年份不对，请检查")
    return given


def whole(text: str) -> int:
    plain = tidy(text).removesuffix("项").removesuffix("个").removesuffix("件").removesuffix("家")
    if not re.fullmatch(r"\d{1,9}", plain):
        raise Misread("请填整数，例如 2")
    if int(plain) > MOST:
        raise Misread("这个数太大，请检查")
    return int(plain)


def amount(text: str, *, times: int = 1, below_zero: bool = False, places: int = 2) -> Decimal:
    """An amount in the smallest unit; a unit that was typed with it goes before `times`."""
    found = _AMOUNT.fullmatch(tidy(text).replace("−", "-"))  # a real minus sign
    if found is None:
        raise Misread("请填数字，例如 1200 或 1200.50")
    number = Decimal(found[1]) * (_TIMES[found[2]] if found[2] else times)
    if number < 0 and not below_zero:
        raise Misread("不能是负数")
    if abs(number) >= _LARGEST:
        raise Misread("这个数不合理，请检查单位")
    if number != round(number, places):
        raise Misread(f"最多 {places} 位小数（以元计）")
    return number or Decimal(0)
