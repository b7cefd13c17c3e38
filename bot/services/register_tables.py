"""The register's table of the whole: which one is newest, when another is due, how it is made.

The keeper makes it for all processes of the machine; whoever waits in vain for it, or has no key
for the files, makes one for itself alone.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from pathlib import Path

import asyncpg
import structlog

from bot.clients.register_file import Table, Writer
from bot.clients.signer import Sign
from bot.domain.signing_keys import Key
from bot.services import register_folder, register_rows
from bot.services.register_folder import Folder
from bot.services.register_rows import Marks

log = structlog.get_logger()

PAUSE_S = 10.0  # from one table to the next while everything is being signed again
SIGN_OF_LIFE_S = 5.0  # the server sorts for minutes, and nothing is written meanwhile
KEEPER_PATIENCE_S = 60.0  # for a keeper without a sign of life, before making a table alone
Signing = tuple[Key, Sign] | None


class Tables:
    """One is made at a time, while the changes go on being applied."""

    def __init__(self, folder: Folder | None) -> None:
        self.behind = False
        self._folder = folder
        self._behind_since = 0.0
        self._draft: tuple[tuple[str, int], ...] = ()
        self._last = (0.0, 0.0)  # when the last one was finished, and how long it took
        self._made: Table | None = None
        self._making: asyncio.Task[None] | None = None

    async def newest(
        self, table: Table | None, since: Marks, at: Marks
    ) -> tuple[Table | None, Marks]:
        """The table to go on from, and since when changes are missing on top of it.

        `table` is the one in use, `since` what was known with it, `at` where the server is now.
        Whoever may become the keeper takes none from a file: any web process could have written it.
        """
        if since.history != at.history or since.xmin > at.xmin:  # restored, or another server
            table, since = None, Marks(0, at.history)
        if self._folder is not None and not self._folder.may_keep:
            newer = await asyncio.to_thread(self._folder.load_newer, table, at.history)
            if newer is not None:
                self._give_up()  # the keeper's came after all, and that one is shared
                return newer, register_folder.marks_of(newer)
        if self._made is not None and self._made.head["history"] != at.history:
            self._made = None
        if self._made is not None:
            return self._made, register_folder.marks_of(self._made)
        return table, since

    def _give_up(self) -> None:
        self._made = None
        if self._making is not None:
            self._making.cancel()

    def taken(self, table: Table | None) -> None:
        """It is in use; until then a look that fails finds it again."""
        if table is self._made:
            self._made = None

    def fall_behind(self, *, is_behind: bool) -> None:
        if is_behind and not self.behind:
            self._behind_since = asyncio.get_running_loop().time()
        self.behind = is_behind

    def are_due(self, table: Table | None, *, can_sign: bool) -> bool:
        """Now for the keeper, but not without end; for the others when the keeper does not come."""
        if not self.behind or (self._making is not None and not self._making.done()):
            return False
        ended, took = self._last
        now = asyncio.get_running_loop().time()
        if ended and now - ended < max(PAUSE_S, took):
            return False
        if not can_sign or self._folder is None or self._folder.is_keeper():
            return True
        if (draft := self._folder.draft()) != self._draft:
            self._draft, self._behind_since = draft, now  # the keeper is at work
        usual = float(table.head.get("took", 0)) if table else 0.0
        return now - self._behind_since > max(KEEPER_PATIENCE_S, 4 * usual)

    def begin(self, work: Coroutine[None, None, None]) -> None:
        self._making = asyncio.create_task(work)

    async def stop(self) -> None:
        if self._making is not None:
            self._making.cancel()
            await asyncio.wait({self._making})

    async def make(
        self,
        connection: asyncpg.Connection,
        now: datetime,
        keys: Sequence[Key],
        signing: Signing,
    ) -> None:
        """Make one; the next `newest` takes it, together with what changed meanwhile."""
        began = asyncio.get_running_loop().time()
        table = None
        try:
            if signing and self._folder and self._folder.is_keeper():
                try:
                    table = await _written(connection, now, keys, signing, self._folder.place)
                except (TimeoutError, ConnectionError):
                    raise  # it is the server, not the disk
                except OSError as error:
                    register_folder.refused(error)
                    await connection.execute("ROLLBACK", timeout=register_rows.PATIENCE_S)
            if table is None:
                table = await _written(connection, now, keys, None, None)
        finally:  # also of one that failed: the next try waits, though only a little
            ended = asyncio.get_running_loop().time()
            self._last = (ended, ended - began if table is not None else 0.0)
        self._made = table
        log.info("register_built", certificates=table.count)


async def _written(
    connection: asyncpg.Connection,
    now: datetime,
    keys: Sequence[Key],
    signing: Signing,
    place: Path | None,
) -> Table:
    signer, sign = signing or (None, None)
    head = register_folder.head(now, keys, signer)
    writer = Writer(place)
    telling = asyncio.create_task(_tell(writer))
    try:
        return await register_rows.build(connection, writer, head, sign)
    finally:
        telling.cancel()


async def _tell(writer: Writer) -> None:
    while True:
        writer.touch()
        await asyncio.sleep(SIGN_OF_LIFE_S)
