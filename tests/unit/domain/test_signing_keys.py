"""Until when what a key signed can be ours."""

from datetime import UTC, datetime

import pytest

from bot.domain.signing_keys import Key, Purpose

MADE, SOONER, LATER = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 5, 9))


@pytest.mark.parametrize(
    ("retired", "stolen", "ends"),
    [
        (None, None, None),
        (SOONER, None, SOONER),
        (None, LATER, LATER),
        (SOONER, LATER, SOONER),
        (LATER, SOONER, SOONER),
    ],
)
def test_a_key_signs_until_it_is_retired_or_stolen(retired, stolen, ends):
    key = Key(1, Purpose.CERTIFICATE, b"", False, MADE, retired, stolen)

    assert key.signing_ends == ends
