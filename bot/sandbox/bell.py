"""Tells the open phone pages that something changed, without saying what."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    def __init__(self) -> None:
        self.closed = False
        self._listeners: set[asyncio.Event] = set()

    def ring(self) -> None:
        for heard in self._listeners:
            heard.set()

    def close(self) -> None:
        """Let every listener go: the process ends."""
        self.closed = True
        self.ring()

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        heard = asyncio.Event()
        self._listeners.add(heard)
        try:
            yield heard
        finally:
            self._listeners.discard(heard)
