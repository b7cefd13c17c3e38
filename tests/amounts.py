"""How much the long drills do: with `--full`, as in CI, all that was promised; else a part of it.

The part is as large as it takes to find what the drill is for, and small enough that whoever
changes a line need not wait for it.
"""

import os

WORD = "--full"
_FULL = "TEST_FULL"


def ask_for_all() -> None:
    """From here on, for this process and those it starts, the amounts are the promised ones."""
    os.environ[_FULL] = "1"


def in_full() -> bool:
    return os.environ.get(_FULL) == "1"


def amount(promised: int, *, part: int) -> int:
    return promised if in_full() else part
