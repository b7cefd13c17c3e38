"""The register of certificates in memory: what verifications are answered from, database or not.

A table of the whole, mapped from a file that the processes of a machine share, and on top of it
what changed since. One process, the keeper, writes the file and, every few seconds, the changes;
both are signed, so that a start without the database goes on from there. Everybody looks at the
database when it calls (NOTIFY) and, in case a call was lost, every two seconds.

After very many changes a new table is due (`register_tables`). Until it is there the changes that
matter most are applied all the same; of the others that ended a certificate it is known that they
did, so that none of them is called valid.
"""

import asyncio
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import asyncpg
import structlog
from tortoise.exceptions import BaseORMException

from bot import telemetry
from bot.clients.database import GONE, connect
from bot.clients.register_file import Table
from bot.clients.signer import NoPrivateKeyError, Sign
from bot.domain.certificates import State
from bot.domain.errors import DomainError
from bot.domain.register import Entry, hashed, read_entry
from bot.domain.signing_keys import Key, Keyring, Purpose
from bot.services import register_rows
from bot.services.register_folder import LONG_AGO, Folder, Kept
from bot.services.register_proofs import Prover
from bot.services.register_proving import Proving
from bot.services.register_rows import Marks
from bot.services.register_tables import Tables
from bot.services.signing_keys import Issuer, open_newest

log = structlog.get_logger()

CHANNEL = "certificates"
PAUSE_S = 2.0  # between two looks when nobody called
LEAST_PAUSE_S = 0.05  # between two looks when everybody calls
AGAIN_S = 1.0  # after the database was gone
MOST_RECENT = 10_000  # changes on top of the table; with more of them a new table is cheaper
FAILED = (*GONE, BaseORMException, asyncpg.PostgresError, DomainError, OSError)


class Register:
    """Look-ups cost microseconds and wait for nobody; `as_of` says how old what they find is."""

    def __init__(
        self,
        *,
        bases: Sequence[str] = (),
        issuer: Issuer | None = None,
        folder: Path | None = None,
        production: bool = False,
        keeps: bool = True,
    ) -> None:
        """`keeps`: whether it may become the keeper of the folder."""
        self.bases = tuple(bases)
        """The addresses under which our tokens were issued."""
        self.as_of: datetime | None = None
        self.keys = Keyring()
        self.status_list: tuple[datetime, str] = (LONG_AGO, "")
        self.signing: tuple[Key, Sign] | None = None
        """The key of this machine for receipts and its own files, when it has one."""
        self._issuer = issuer
        self._folder = Folder(folder, issuer, keeps=keeps) if folder and issuer else None
        self._production = production
        self._table: Table | None = None
        self._recent: dict[str, bytes] = {}
        self._holders: dict[str, tuple[str, ...]] = {}
        self._doubtful = array("Q")
        self._marks = Marks(0, "")
        self._all_keys: list[Key] = []
        self._prover = Prover(self.bases)
        self._tables = Tables(self._folder)
        self._proving = Proving(self._prover, self._folder)
        self._unkept = False
        self._told = False
        self._wake = asyncio.Event()
        self._looked = asyncio.Event()

    def __len__(self) -> int:
        """About how many; a certificate that changed since the table was made counts twice."""
        return (self._table.count if self._table else 0) + len(self._recent)

    @property
    def behind(self) -> bool:
        """Whether younger certificates than it can find may exist, more than it could take in."""
        return self._tables.behind

    def is_in_doubt(self, number: str) -> bool:
        """Whether it has ended in some way that only the next table will tell."""
        if not self._doubtful:
            return False
        wanted = hashed(number)
        at = bisect_left(self._doubtful, wanted)
        return at < len(self._doubtful) and self._doubtful[at] == wanted

    def find(self, number: str) -> Entry | None:
        """The certificate under a number; what none of our keys has signed is not there."""
        record = self._recent.get(number)
        if record is not None:
            return self._prover.proven(read_entry(record), self._prover.recent, number)
        if self._table is not None:
            for place, record in self._table.records(hashed(number)):
                entry = read_entry(record)
                if entry.number == number:
                    return self._prover.proven(entry, self._table.proofs, place)
        return None

    def of_code(self, code: str) -> list[Entry]:
        """All certificates of one credit code, the youngest first."""
        numbers = {*self._of_table(code), *self._holders.get(code, ())}
        found = [entry for number in numbers if (entry := self.find(number)) is not None]
        return sorted(found, key=lambda entry: entry.recorded, reverse=True)

    def _of_table(self, code: str) -> Iterator[str]:
        if self._table is None:
            return
        for holder in self._table.held(hashed(code)):
            for _, record in self._table.records(holder):
                entry = read_entry(record)
                if entry.code == code:
                    yield entry.number

    async def keep_fresh(self, url: str, clock: Callable[[], datetime]) -> None:
        """Look again and again until cancelled; whatever goes wrong, go on with what there is."""
        try:
            while True:
                try:
                    await self._follow(url, clock)
                except FAILED as error:
                    log.warning("register_stale", reason=type(error).__name__)
                except Exception:  # whatever it is: who follows nothing answers wrong for ever
                    log.exception("register_stale")
                await asyncio.sleep(AGAIN_S)
        finally:
            await self._tables.stop()
            await self._proving.stop()

    async def first_look(self, limit_s: float) -> None:
        """Wait until there is something to answer from, so long as others take the questions."""
        if self.as_of is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._looked.wait(), limit_s)

    async def _follow(self, url: str, clock: Callable[[], datetime]) -> None:
        connection = await connect(
            url, application="credit-register", patience_ms=register_rows.SERVER_PATIENCE_MS
        )
        try:
            await connection.add_listener(CHANNEL, lambda *_: self._wake.set())
            while True:
                self._wake.clear()
                await self.refresh(connection, now=clock())
                if self._tables.are_due(self._table, can_sign=self.signing is not None):
                    self._tables.begin(self._build_apart(url, clock))
                if self._folder is not None and self._folder.is_keeper():
                    await self._proving.go_on(self._table, self.signing)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), PAUSE_S)
                await asyncio.sleep(LEAST_PAUSE_S)
        finally:
            connection.terminate()  # a server that hangs would keep a polite close waiting

    async def catch_up(self, connection: asyncpg.Connection, *, now: datetime) -> None:
        """Bring everything up to date at once, however much it is: for who has time to wait."""
        await self.refresh(connection, now=now)
        if self.behind:
            await self._build(connection, now)
            await self.refresh(connection, now=now)

    async def refresh(self, connection: asyncpg.Connection, *, now: datetime) -> None:
        """Bring everything up to date, or raise and leave everything as it was.

        Of more changes than it can take in, it takes those that ended a certificate, and the
        newest; `behind` says so. Whatever else has ended is in doubt.
        """
        at = await register_rows.marks(connection)
        table, since = await self._tables.newest(self._table, self._marks, at)
        rows = await register_rows.changed(connection, since.snapshot, limit=MOST_RECENT + 1)
        doubtful = await self._ended_besides(rows, connection, since)
        await self._refresh_keys(connection, now)  # after the rows that were signed with them
        grown = len(rows) + (len(self._recent) if table is self._table else 0)
        self._tables.fall_behind(is_behind=grown > MOST_RECENT)
        if not self.behind or table is not None or at.history == self._marks.history:
            self._take(table, rows, since if self.behind else at)
            self._tables.taken(table)
            self._doubtful = doubtful
            self.as_of = now
            self._looked.set()
            AS_OF.set(now.timestamp())
        self._proving.take(self._table)
        if found := await register_rows.status_list(connection, self.status_list[0]):
            self.status_list, self._unkept = found, True
        await self._write_down()

    async def _ended_besides(
        self, rows: Sequence[bytes], connection: asyncpg.Connection, since: Marks
    ) -> "array[int]":
        """The hashes of the numbers that ended and are not among these rows, sorted."""
        if len(rows) <= MOST_RECENT or read_entry(rows[-1]).state == State.ACTIVE:
            return array("Q")  # all that ended came before it
        told = {
            hashed(entry.number) for entry in map(read_entry, rows) if entry.state != State.ACTIVE
        }
        ended = await register_rows.ended(connection, since.snapshot)
        return array("Q", (one for one in ended if one not in told))

    async def _refresh_keys(self, connection: asyncpg.Connection, now: datetime) -> None:
        self._know(await register_rows.keys(connection))
        if self._issuer is None:
            return
        newest = self.keys.newest(Purpose.STATUS, now)
        if newest is not None and self.signing and self.signing[0].number == newest.number:
            return
        try:
            self.signing = await open_newest(Purpose.STATUS, issuer=self._issuer, now=now)
        except (NoPrivateKeyError, DomainError) as error:
            if self.signing is not None or not self._told:
                log.warning("register_cannot_sign", reason=str(error))
            self.signing, self._told = None, True

    def _know(self, keys: list[Key]) -> None:
        self._all_keys = keys
        self.keys = Keyring.of(keys, production=self._production)
        if self._folder is not None:
            self._folder.know(keys)
        if self._prover.learn(self.keys) and self._table is not None:
            self._table.proofs = bytearray(self._table.count)

    def _take(self, table: Table | None, rows: Iterable[bytes], marks: Marks) -> None:
        """All in one step, so that no look-up ever sees half of it."""
        if table is not self._table or self._marks.history != marks.history:
            self._table, self._recent, self._holders = table, {}, {}
            self._prover.recent.clear()
        for record in rows:
            entry = read_entry(record)
            if self._recent.get(entry.number) != record:
                if entry.number not in self._recent:
                    self._holders[entry.code] = (*self._holders.get(entry.code, ()), entry.number)
                self._recent[entry.number] = record
                self._prover.recent.pop(entry.number, None)
                self._unkept = True
        self._marks = marks

    async def _build_apart(self, url: str, clock: Callable[[], datetime]) -> None:
        """On a connection of its own: the changes go on being applied meanwhile."""
        try:
            connection = await connect(
                url,
                application="credit-register-table",
                patience_ms=register_rows.BUILD_SERVER_PATIENCE_MS,
            )
            try:
                await self._build(connection, clock())
            finally:
                connection.terminate()
        except FAILED as error:
            log.warning("register_not_built", reason=type(error).__name__)
        except Exception:
            log.exception("register_not_built")
        self._wake.set()

    async def _build(self, connection: asyncpg.Connection, now: datetime) -> None:
        await self._tables.make(connection, now, self._all_keys, self.signing)

    # --- what is kept on the disk ---

    async def _write_down(self) -> None:
        if self._folder is None or self.signing is None or not self._folder.is_keeper():
            return
        if self._doubtful:  # the files cannot say so: let them be older, and true
            return
        if self.as_of is None or not self._folder.is_time(self.as_of, changed=self._unkept):
            return
        kept = Kept(
            self.as_of, self._all_keys, self._marks, self._table, list(self._recent.values()),
            self.status_list, self.behind,
        )  # fmt: skip
        self._unkept = False
        await asyncio.to_thread(self._folder.write_down, kept, self.signing)

    def restore(self) -> None:
        """Begin with what was kept on the disk; without it, with nothing.

        Not for the keeper: what is in the folder could be any web process's, and it has time.
        """
        kept = self._folder.read() if self._folder else None
        if kept is None:
            return
        self._know(list(kept.keys))
        self.status_list = kept.status_list
        self._take(kept.table, kept.records, kept.marks)
        self._proving.take(self._table)
        self.as_of = kept.as_of
        self._tables.fall_behind(is_behind=kept.behind)
        log.info("register_restored", certificates=len(self), as_of=kept.as_of.isoformat())

    def close(self) -> None:
        """Let another process be the keeper; what was found stays readable."""
        if self._folder is not None:
            self._folder.close()


AS_OF = telemetry.gauge("certificate_register_as_of", "证书登记簿截至的时间（Unix 秒）")
