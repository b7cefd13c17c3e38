"""How wide a text will be, and where a line of it may break: for drawings, which cannot ask."""

from unicodedata import east_asian_width

WIDE = {"W", "F", "A"}  # ambiguous ones are wide in Chinese fonts
NO_START = frozenset("，。、；：？！）》」』】％%")
"""A line does not begin with these (Chinese setting rules)."""


def width(text: str, size: int) -> int:
    """Return the width in the unit of `size`, rounded up; an upper bound for the usual fonts."""
    tenths = sum(10 if east_asian_width(char) in WIDE else 7 for char in text)
    return -(-tenths * size // 10)


def wrapped(text: str, size: int, most: int) -> tuple[str, ...]:
    """Break into lines no wider than `most`; Latin words and numbers stay whole while they fit."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and _is_full(line, piece, size, most):
            lines.append(line.rstrip())
            line = ""
        for char in piece.lstrip() if not line else piece:
            if line and _is_full(line, char, size, most):
                lines.append(line.rstrip())
                line = ""
            line += char
    return (*lines, line.rstrip()) if line.strip() else tuple(lines)


def balanced(text: str, size: int, most: int) -> tuple[str, ...]:
    """Break into as few lines as `wrapped`, of even length: no last line of one character."""
    lines = wrapped(text, size, most)
    for narrower in range(most - 1, size, -1):
        tried = wrapped(text, size, narrower)
        if len(tried) > len(lines):
            break
        lines = tried
    return lines


def _is_full(line: str, more: str, size: int, most: int) -> bool:
    """Tell whether `more` begins a new line; one closing mark may hang over the edge."""
    hangs = more in NO_START and width(line, size) <= most
    return width(line + more, size) > most and not hangs


def _pieces(text: str) -> list[str]:
    """Single Chinese characters and blanks, whole runs of anything else."""
    pieces: list[str] = []
    for char in text:
        narrow = east_asian_width(char) not in WIDE and not char.isspace()
        if narrow and pieces and _is_word(pieces[-1]):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _is_word(piece: str) -> bool:
    return east_asian_width(piece[-1]) not in WIDE and not piece[-1].isspace()
