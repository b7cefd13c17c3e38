"""One spelling for one value: canonical JSON without floats, and the SHA-256 that names it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType, NoneType

_SCALARS = (str, Decimal, int, date, NoneType)
_WORDS: Mapping[bool | None, str] = MappingProxyType({None: "null", True: "true", False: "false"})


def plain(number: Decimal) -> str:
    """A decimal as people write it: no exponent, no needless zero, no minus before zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def canonical(value: object) -> bytes:
    """The same value always gives the same bytes: sorted keys, exact numbers, dates as text."""
    return _text(value).encode()


def fingerprint(value: object) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


@lru_cache(maxsize=4096)  # names and keys come again in every result
def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _text(value: object) -> str:
    if isinstance(value, _SCALARS):  # nearly all are, and to ask for a Mapping takes longest
        return _scalar(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_text(item) for item in value]) + "]"
    if isinstance(value, Mapping):
        return (
            "{" + ",".join([f"{_scalar(key)}:{_text(value[key])}" for key in sorted(value)]) + "}"
        )
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, Decimal) and value.is_finite():
        return plain(value)
    if isinstance(value, date):
        return f'"{value.isoformat()}"'
    raise TypeError(f"cannot be written canonically: {value!r}")
