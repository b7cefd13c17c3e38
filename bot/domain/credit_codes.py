"""统一社会信用代码 (GB 32100-2015): its alphabet, its check character, reading what was typed."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from bot.domain.errors import BadInput

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
LENGTH = 18
# Who registers (1 机构编制, 5 民政, 9 市场监管, Y others, more since 2015), the type of body,
# which is never 0, and the region in digits: of all this the check character sees nothing.
_FORM = re.compile(f"[1-9ANY][1-9][0-9]{{6}}[{ALPHABET}]{{10}}")
_WEIGHTS = tuple(pow(3, place, 31) for place in range(LENGTH - 1))
# What the letters that no code has are taken for, by eyes and by machines that read pictures.
LOOK_ALIKES: Mapping[str, str] = MappingProxyType(
    {"O": "0QD", "I": "1LJ", "S": "58", "Z": "27", "V": "UYW"}
)
MOST_MENDED = 2  # of more, some reading stands the check by chance
_DASHES = frozenset("-‐‑‒–—―−_·.")


class BadCode(BadInput):
    """No code, or one with a slip in it; the sentence says where as far as that is known."""

    code = "bad_credit_code"
    message = "统一社会信用代码不对，请与营业执照核对。"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="credit_code")


@dataclass(frozen=True, slots=True)
class Read:
    """A code that stands the check, and what of the typing had to be mended, in sentences."""

    code: str
    mended: tuple[str, ...] = ()


def check_character(first: str) -> str:
    """The 18th character of a code whose first 17 these are; a remainder of 0 gives "0"."""
    total = sum(ALPHABET.index(one) * weight for one, weight in zip(first, _WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def stands(code: str) -> bool:
    """Whether it has the form of a code and the right check character."""
    return _FORM.fullmatch(code) is not None and check_character(code[:-1]) == code[-1]


def read(text: str) -> Read:
    """The code that was typed, or BadCode.

    Width, case, blanks and dashes mean nothing. A letter that no code has is replaced only when of
    all it may look like exactly one stands the check, and the person is told; nothing else is.
    """
    typed = tidy(text)
    _check_length(typed)
    strange = [place for place, one in enumerate(typed) if one not in ALPHABET]
    if not strange:
        if check_character(typed[:-1]) != typed[-1]:
            raise BadCode(
                "统一社会信用代码的校验位不符，至少有一位填错或者两位颠倒了，请与营业执照逐位核对。"
            )
        if not stands(typed):
            raise BadCode("这不是统一社会信用代码，企业的以 91、92 或 93 开头。请照营业执照填写。")
        return Read(typed)
    if unknown := [place for place in strange if typed[place] not in LOOK_ALIKES]:
        raise BadCode(
            f"统一社会信用代码第 {unknown[0] + 1} 位“{typed[unknown[0]]}”不是数字或字母，请改正。"
        )
    found = []
    if len(strange) <= MOST_MENDED:
        found = [code for code in _candidates(typed, strange) if stands(code)]
    if len(found) != 1:
        raise BadCode(
            f"统一社会信用代码第 {_places(strange)} 位不会是字母"
            f"{'、'.join(dict.fromkeys(typed[place] for place in strange))}，请与营业执照核对。"
        )
    mended = tuple(
        f"第 {place + 1} 位的字母 {typed[place]} 已改为 {found[0][place]}，请核对。"
        for place in strange
    )
    return Read(found[0], mended)


def tidy(text: str) -> str:
    """Half-width capitals without blanks and dashes; what cannot be seen is no character."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(
        one
        for one in plain
        if not one.isspace() and one not in _DASHES and unicodedata.category(one) != "Cf"
    )


def _check_length(typed: str) -> None:
    if not typed:
        raise BadCode("请填写统一社会信用代码，在营业执照的右上方或编号处。")
    if len(typed) == 15 and typed.isdigit():
        raise BadCode("这是 15 位的旧注册号，请填写营业执照上 18 位的统一社会信用代码。")
    if len(typed) != LENGTH:
        raise BadCode(f"统一社会信用代码应为 18 位，您填了 {len(typed)} 位，请核对。")


def _candidates(typed: str, strange: list[int]) -> Iterator[str]:
    for choice in product(*(LOOK_ALIKES[typed[place]] for place in strange)):
        letters = list(typed)
        for place, letter in zip(strange, choice, strict=True):
            letters[place] = letter
        yield "".join(letters)


def _places(strange: list[int]) -> str:
    return "、".join(str(place + 1) for place in strange)
