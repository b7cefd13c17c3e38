"""One spelling for one value."""

from datetime import date
from decimal import Decimal

import pytest

from bot.scoring.canonical import canonical, fingerprint, plain


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1.50", "1.5"),
        ("3.0", "3"),
        ("100", "100"),
        ("1E+2", "100"),
        ("-0.0", "0"),
        ("0.10", "0.1"),
    ],
)
def test_a_decimal_has_one_spelling(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


def test_the_same_value_gives_the_same_bytes_whatever_the_order() -> None:
    one = {"b": [1, Decimal("2.50"), None, True], "a": {"day": date(2026, 3, 1), "字": "值"}}
    other = {"a": {"字": "值", "day": date(2026, 3, 1)}, "b": (1, Decimal("2.5"), None, True)}

    assert canonical(one) == '{"a":{"day":"2026-03-01","字":"值"},"b":[1,2.5,null,true]}'.encode()
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), {1.0}, object()])
def test_what_has_no_exact_spelling_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical({"x": value})
