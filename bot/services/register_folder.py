"""The folder in which the processes of a machine share the register.

One of them, the keeper, writes. All files are signed with a key of this very machine; nothing else
is believed.
"""

import fcntl
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import structlog

from bot import telemetry
from bot.clients import register_file
from bot.clients.register_file import UNUSABLE, BadFileError, Table
from bot.clients.signer import NoPrivateKeyError, Sign
from bot.domain.signing_keys import Key, Purpose
from bot.services.register_rows import Marks
from bot.services.signing_keys import Issuer

log = structlog.get_logger()

KEEP_EVERY = timedelta(seconds=5)  # how often changes are written down …
KEEP_ALWAYS = timedelta(seconds=30)  # … and the mere fact that we looked
RECENT = "certificates.recent"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
UNWRITTEN = telemetry.counter(
    "certificate_register_not_written", "登记簿文件写不下去的次数：磁盘满或没有权限，应当报警"
)
KEPT = telemetry.gauge(
    "certificate_register_kept", "登记簿进程是否拿到了锁；一直为 0 就是别的进程占着锁，应当报警"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything that a process knows: as it is written down and as it is read again."""

    as_of: datetime
    keys: Sequence[Key]
    marks: Marks
    table: Table | None
    records: Iterable[bytes]
    status_list: tuple[datetime, str]
    behind: bool = False
    """Whether there may be younger certificates than these."""


class Folder:
    """The files, and whether this process is the one that writes them."""

    def __init__(self, place: Path, issuer: Issuer, *, keeps: bool = True) -> None:
        """`keeps`: whether this process may become the keeper."""
        self.place = place
        self._issuer = issuer
        self.may_keep = keeps
        self._lock: IO[bytes] | None = None
        self._kept_at = LONG_AGO
        self._inode = 0
        self._stolen: frozenset[bytes] = frozenset()

    def is_keeper(self) -> bool:
        """Whether this process writes the files: the first that got the lock, until it ends."""
        if not self.may_keep:
            return False
        kept = self._lock is not None or self._locks()
        KEPT.set(kept)
        return kept

    def _locks(self) -> bool:
        try:
            self.place.mkdir(parents=True, exist_ok=True)
            lock = (self.place / "certificates.lock").open("ab")
        except OSError as error:
            refused(error)
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        self._lock = lock
        for left in register_file.left_over(self.place):
            left.unlink(missing_ok=True)
        return True

    def close(self) -> None:
        """Let another process be the keeper."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def know(self, keys: Iterable[Key]) -> None:
        """What a stolen key has signed is not believed, whatever it says."""
        self._stolen = frozenset(key.public for key in keys if key.compromised_from is not None)

    def load_newer(self, than: Table | None, history: str) -> Table | None:
        """The keeper's table when it is younger than the one in use."""
        path = self.place / register_file.NAME
        try:
            inode = path.stat().st_ino
            if inode == self._inode or (than and inode == than.head.get("inode")):
                return None
            table = register_file.load(path, self.trust)
            ours = table.head["history"] == history
            known = _seen(than) if than and than.head["history"] == history else (-1, -1)
            younger = known < _seen(table)
        except FileNotFoundError:  # few certificates need no table
            return None
        except UNUSABLE as error:
            log.info("register_file_unused", reason=str(error) or type(error).__name__)
            return None
        if not ours or not younger:
            self._inode = inode  # not to be read again; what is taken is known by its head
            return None
        return table

    def draft(self) -> tuple[tuple[str, int], ...]:
        """The table that the keeper is writing; while this changes, it is worth waiting for."""
        found = []
        for path in self.place.glob("register.*"):
            with suppress(FileNotFoundError):  # finished, just now
                found.append((path.name, path.stat().st_mtime_ns))
        return tuple(sorted(found))

    def is_time(self, now: datetime, *, changed: bool) -> bool:
        """Changes are written down; also that there were none, a little less often."""
        return now - self._kept_at >= (KEEP_EVERY if changed else KEEP_ALWAYS)

    def write_down(self, kept: Kept, signing: tuple[Key, Sign]) -> None:
        """Put all that is known on the disk; a disk that takes nothing stops nobody."""
        content = (
            head(kept.as_of, kept.keys, signing[0])
            | asdict(kept.marks)
            | {
                "table": kept.table.head["sha256"] if kept.table else "",
                "records": [b64encode(record).decode() for record in kept.records],
                "status_list": [kept.status_list[0].isoformat(), kept.status_list[1]],
                "behind": kept.behind,
            }
        )
        self._kept_at = kept.as_of
        try:
            register_file.put(
                self.place / RECENT, register_file.signed(RECENT, content, signing[1])
            )
        except OSError as error:
            refused(error)

    def read(self) -> Kept | None:
        """What was kept on the disk, if anything there can be believed."""
        try:
            return self._read()
        except FileNotFoundError:
            return None
        except UNUSABLE as error:
            log.warning("register_not_restored", reason=str(error) or type(error).__name__)
            return None

    def _read(self) -> Kept:
        recent = register_file.read_signed(self.place / RECENT, RECENT, self.trust)
        self.know(_key(one) for one in recent["keys"])
        self.trust(recent)
        table = None
        if recent["table"]:
            table = register_file.load(self.place / register_file.NAME, self.trust)
            if table.head["sha256"] != recent["table"]:  # cut off between the two files
                recent = table.head | {"records": [], "status_list": [LONG_AGO.isoformat(), ""]}
        made_at, body = recent["status_list"]
        return Kept(
            datetime.fromisoformat(recent["as_of"]),
            [_key(one) for one in recent["keys"]],
            Marks(recent["xmin"], recent["history"], recent["snapshot"]),
            table,
            [b64decode(record) for record in recent["records"]],
            (datetime.fromisoformat(made_at), body),
            bool(recent.get("behind")),
        )

    def trust(self, found: dict[str, Any]) -> bytes:
        """Only a file that a key of this very machine has signed is believed; its public half."""
        try:
            public = bytes.fromhex(found["public"])
            self._issuer.holder(Purpose.STATUS).opened(int(found["key"]), public)
        except (NoPrivateKeyError, KeyError, TypeError, ValueError) as error:
            raise BadFileError(str(error)) from None
        if public in self._stolen:
            raise BadFileError("stolen key")
        return public


def _seen(table: Table) -> tuple[int, int]:
    """How far a table has seen: every transaction below the first, none from the second on. A long
    one anywhere on the server holds the first back, and the table is younger all the same."""
    return table.head["xmin"], int(table.head["snapshot"].split(":")[1])


def marks_of(table: Table) -> Marks:
    """Up to where a table knows everything."""
    return Marks(table.head["xmin"], table.head["history"], table.head["snapshot"])


def refused(error: OSError) -> None:
    """A disk that takes nothing: somebody must look, and everything goes on in memory."""
    UNWRITTEN.inc()
    log.warning("register_not_written", reason=str(error))


def head(now: datetime, keys: Iterable[Key], signer: Key | None) -> dict[str, Any]:
    return {
        **signed_by(signer),
        "as_of": now.isoformat(),
        "keys": [asdict(key) | {"public": key.public.hex()} for key in keys],
    }


def signed_by(signer: Key | None) -> dict[str, Any]:
    return {"key": signer.number if signer else 0, "public": signer.public.hex() if signer else ""}


def _key(kept: dict[str, Any]) -> Key:
    instants = {
        name: datetime.fromisoformat(kept[name]) if kept[name] else None
        for name in ("used_from", "retired_at", "compromised_from", "verify_until")
    }
    public, purpose = bytes.fromhex(kept["public"]), Purpose(kept["purpose"])
    return Key(**kept | instants | {"public": public, "purpose": purpose})
