"""Pages that differ only in a few words: filled by Jinja once for each form, then by joining text.

A scan peak of thousands a second leaves a page some twenty microseconds; the template engine needs
ten times that. What decides the form of a page comes in as it is and is part of the key; what is
only written somewhere comes in as a mark, and is escaped and put in place for each request.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from html import escape

_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: nobody's name contains them, no rule escapes them
_BETWEEN = "\0"  # in no text; should one hold it all the same, each is escaped by itself
_SPLIT = _BETWEEN.encode()
_MARK = re.compile(f"{_OPEN}([a-z_]+){_CLOSE}")
MOST = 2000  # forms; there are a few hundred, and what is sent to us cannot make more

Fill = Callable[[Mapping[str, str]], bytes]


class Skeletons:
    """The forms that have been asked for so far."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Fill] = {}

    def get(self, key: Hashable, render: Callable[[Callable[[str], str]], str]) -> Fill:
        """The form for a key; `render` makes it, given what writes the mark of a name."""
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST:
                self._known.clear()
            found = self._known[key] = _cut(render(lambda name: f"{_OPEN}{name}{_CLOSE}"))
        return found


def _cut(text: str) -> Fill:
    parts = _MARK.split(text)
    literals, names = [part.encode() for part in parts], parts[1::2]

    def fill(values: Mapping[str, str]) -> bytes:
        whole = [*literals]
        given = [values[name] for name in names]
        # Not Jinja's, which is slower, and all at once: most of them hold nothing to escape.
        safe = escape(_BETWEEN.join(given)).encode().split(_SPLIT)
        if len(safe) != len(given):
            safe = [escape(one).encode() for one in given]
        whole[1::2] = safe
        return b"".join(whole)

    return fill
