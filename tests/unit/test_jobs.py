"""When to try again, and when to stop."""

from datetime import timedelta

import pytest

from bot.domain.jobs import Retry


@pytest.mark.parametrize(
    ("attempts", "wait"), [(1, 10), (2, 50), (3, 250), (4, 1250), (5, 6250), (6, 31250)]
)
def test_each_wait_is_five_times_the_last(attempts, wait):
    assert Retry().after(attempts) == timedelta(seconds=wait)


def test_the_seventh_failure_is_the_last():
    assert Retry().after(7) is None
