"""What every web process keeps in memory of the chat, refreshed beside the requests.

An answer without an effect is read from here and waits for nobody. Texts may be seconds old, and
when the database is gone they stay what they were.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import structlog
from tortoise.exceptions import BaseORMException

from bot.clients.database import GONE
from bot.domain.errors import BadInput
from bot.domain.knowledge import Book, Press, readable
from bot.domain.programme_numbers import charged
from bot.services import content, dialogues, programmes

log = structlog.get_logger()

PAUSE_S = 1.0  # a person needs longer than this to write the next message


class Bookshelf:
    """The book of texts and answers, and who may write any words at all next."""

    def __init__(
        self,
        press: Press | None = None,
        files: Mapping[str, str] | None = None,
        book: Book | None = None,
        *,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._press = press
        self._files = dict(files or {})
        self._printed = self._files
        self._pause_s = pause_s
        self._versions = -1
        self._charged: frozenset[str] = frozenset()  # programmes, by a switch of the association
        self._listening: frozenset[tuple[str, str]] = frozenset()
        self.book = book or (press.print(self._files) if press else Book())

    def is_listening(self, appid: str, openid: str) -> bool:
        return (appid, openid) in self._listening

    def listen(self, appid: str, openid: str) -> None:
        """This process knows at once; the others within the pause."""
        self._listening |= {(appid, openid)}

    async def refresh(self, *, now: datetime) -> None:
        """Look once; the first look also brings the files' texts into the database."""
        if self._versions < 0:
            await content.seed(self._files, now=now)
        self._listening = await dialogues.listening(now=now)
        versions = await content.count()
        on = frozenset(name for name, one in (await programmes.switches()).items() if one.is_on)
        if (versions, on) != (self._versions, self._charged) and self._press:
            press = replace(self._press, numbers=charged(self._press.numbers, on))
            self._print(press, await content.newest(), again=on != self._charged)
            self._versions, self._charged = versions, on

    def _print(self, press: Press, versions: Mapping[str, content.Version], *, again: bool) -> None:
        texts = dict(self._files)
        for name, version in versions.items():
            if version.body == self._files.get(name):
                continue
            try:
                readable(name, version.body)
            except BadInput as error:  # written before today's rules: the file's text is used
                log.warning("content_unreadable", name=name, reason=str(error))
            else:
                texts[name] = version.body
        if again or texts != self._printed:
            self.book, self._printed = press.print(texts), texts

    async def keep_fresh(self, clock: Callable[[], datetime]) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                await self.refresh(now=clock())
            except (*GONE, BaseORMException) as error:
                log.warning("bookshelf_stale", reason=type(error).__name__)
            await asyncio.sleep(self._pause_s)
