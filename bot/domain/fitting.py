"""Texts of the chat within what WeChat takes of one: whole parts, whole sentences."""

import re
from collections.abc import Callable, Sequence

LONGEST = 2048  # bytes of UTF-8, of an answer to a message and of a customer message
MORE = "……"
_END = re.compile(r"[。！？!?；;\n]")


def fitting(text: str, *, most: int = LONGEST) -> str:
    """The text; or of a longer one the sentences that fit, and a mark that there was more."""
    raw = text.encode()
    if len(raw) <= most:
        return text
    kept = raw[: max(most - len(MORE.encode()), 0)].decode(errors="ignore")
    ends = [found.end() for found in _END.finditer(kept)]
    return (kept[: ends[-1]] if ends else kept).rstrip() + MORE


def listed(
    frame: Callable[[str], str], parts: Sequence[str], *, more: str, between: str = "\n\n"
) -> str:
    """As many whole parts as fit into their frame, and `more` where one is missing.

    The first is never missing: one that is too long by itself is cut.
    """
    for count in range(len(parts), 0, -1):
        missing = [] if count == len(parts) else [more]
        told = frame(between.join([*parts[:count], *missing]))
        if len(told.encode()) <= LONGEST:
            return told
    room = LONGEST - len(frame(between + more).encode())
    return frame(fitting(parts[0], most=room) + between + more)
