"""Mobile numbers of the mainland: one way to write each, and how much of it is shown."""

import re
import unicodedata

_MOBILE = re.compile(r"1\d{10}")  # which prefixes are given out changes; simulated phones have 100
_IN_TEXT = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:\+|00)?86[ -]?)?(1[3-9]\d(?:[ -]?\d){8})(?![0-9A-Za-z])"
)
_WIDE = str.maketrans("０１２３４５６７８９", "0123456789")
_BETWEEN = re.compile(r"[\s\-‐‑–—.()]")


def read(text: str) -> str | None:
    """The eleven digits, or None for what is no mobile number."""
    if text.isascii() and _MOBILE.fullmatch(text):
        return text
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    plain = re.sub(r"^(?:\+|00)?86(?=1\d{10}$)", "", plain)
    return plain if plain.isascii() and _MOBILE.fullmatch(plain) else None


def masked(number: str) -> str:
    """138****8000: enough for its owner to know it again."""
    return f"{number[:3]}****{number[-4:]}"


def taken_out(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with its mobile numbers masked, and each of them once."""
    plain = text.translate(_WIDE)
    numbers = tuple(dict.fromkeys(_digits(found) for found in _IN_TEXT.finditer(plain)))
    if not numbers:
        return text, ()
    return _IN_TEXT.sub(lambda found: masked(_digits(found)), plain), numbers


def _digits(found: re.Match[str]) -> str:
    return re.sub(r"[ -]", "", found[1])
