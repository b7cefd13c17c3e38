"""The register as one signed file that all processes of a machine map into memory and share.

    records | hashes of numbers, sorted | where each record begins | hashes of codes, sorted
    | for each code the hash of a number | head (JSON) | signature | length of the head | mark

The head holds the SHA-256 of everything before it and is what is signed.
"""

import mmap
import os
import struct
import sys
import tempfile
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import IO, Any

import orjson
import structlog

from bot.clients.signer import Sign, verify

log = structlog.get_logger()

NAME = "certificates.register"
MARK = b"CREDREG3"
SIGNATURE_BYTES = 64
_TAIL = struct.Struct(">64sI8s")
_BLOCK = 1 << 20
_KEPT = mmap.MAP_SHARED | 0x2000  # MAP_LOCKED of Linux, for which Python has no name
Head = dict[str, Any]  # JSON


class BadFileError(Exception):
    """The file is cut off, altered, of another machine or of an older version: it is not used."""


UNUSABLE = (OSError, BadFileError, LookupError, TypeError, ValueError, zlib.error)
"""What reading a file may raise, also one that is signed and does not hold what it should."""


class Table:
    """Records found by the hash of their number or of the code of their holder; read only."""

    def __init__(self, data: mmap.mmap | bytes, head: Head) -> None:
        self.head = head
        self.count = int(head["count"])
        self.proofs = bytearray(self.count)
        """What the reader found out about each record; nothing yet."""
        self._data = data
        view = memoryview(data)
        parts = [view[begin : begin + length] for begin, length in head["sections"]]
        self._hashes = parts[0].cast("Q")
        self._starts = parts[1].cast("I")
        self._codes = parts[2].cast("Q")
        self._holders = parts[3].cast("Q")

    def records(self, wanted: int) -> list[tuple[int, bytes]]:
        """Every record whose number has this hash, with its place: one, as good as always."""
        found = []
        hashes, starts, at = self._hashes, self._starts, bisect_left(self._hashes, wanted)
        while at < self.count and hashes[at] == wanted:
            found.append((at, self._data[starts[at] : starts[at + 1]]))
            at += 1
        return found

    def at(self, place: int) -> tuple[int, bytes]:
        """The hash and the record at a place."""
        return self._hashes[place], self._data[self._starts[place] : self._starts[place + 1]]

    def proof_of(self, wanted: int, record: bytes) -> int:
        """What was found out about this very record; 0 if it is not here, or nobody asked."""
        for place, found in self.records(wanted):
            if found == record:
                return self.proofs[place]
        return 0

    def held(self, code: int) -> Iterator[int]:
        """Hashes of the numbers that belong to a code with this hash."""
        at = bisect_left(self._codes, code)
        while at < self.count and self._codes[at] == code:
            yield self._holders[at]
            at += 1


class Writer:
    """Takes rows in the order of their hashes and leaves a finished file, or none at all.

    Without a folder it is made in memory, for this process alone: that works on a full disk too.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / NAME if folder else None
        self._temporary: Path | None = None
        self._file: IO[bytes]
        if folder is None:
            self._file = os.fdopen(os.memfd_create(NAME), "w+b")
        else:
            file = tempfile.NamedTemporaryFile(dir=folder, prefix="register.", delete=False)  # noqa: SIM115  # closed by finish or drop
            self._file, self._temporary = file, Path(file.name)
        self._digest = sha256()
        self._hashes, self._codes, self._holders = bytearray(), bytearray(), bytearray()
        self._starts = array("I", [0])

    def add(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Hash of the number and record, both as bytes."""
        self._hashes += b"".join(row[0] for row in rows)
        self._put(b"".join(row[1] for row in rows))
        last = self._starts[-1]
        self._starts.extend(last + end for end in accumulate(len(row[1]) for row in rows))

    def add_codes(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Hash of the code and hash of the number."""
        self._codes += b"".join(row[0] for row in rows)
        self._holders += b"".join(row[1] for row in rows)

    def finish(self, head: Head, sign: Sign | None) -> Table:
        """Sign, make durable, put in place of the last one, and map it: not for an event loop."""
        self._align()
        sections = []
        for numbers in (
            native(self._hashes), self._starts, native(self._codes), native(self._holders),
        ):  # fmt: skip
            data = numbers.tobytes()
            sections.append((self._file.tell(), len(data)))
            self._put(data)
            self._align()
        whole = head | {
            "count": len(self._hashes) // 8,
            "order": sys.byteorder,
            "sections": sections,
            "sha256": self._digest.hexdigest(),
        }
        text = orjson.dumps(whole)
        signature = sign(MARK + text) if sign else bytes(SIGNATURE_BYTES)
        self._file.write(text + _TAIL.pack(signature, len(text), MARK))
        self._file.flush()
        return self._publish(whole)

    def touch(self) -> None:
        """Show whoever waits for it that it is still being written."""
        if self._temporary is not None:
            with suppress(OSError):
                os.utime(self._temporary)

    def drop(self) -> None:
        with suppress(OSError):  # what it holds back may not fit on the disk
            self._file.close()
        if self._temporary is not None:
            with suppress(OSError):
                self._temporary.unlink()

    def _publish(self, head: Head) -> Table:
        data = _mapped(self._file)
        if self._path is not None and self._temporary is not None:
            os.fsync(self._file.fileno())
            head["inode"] = os.fstat(self._file.fileno()).st_ino
            self._temporary.chmod(0o640)
            self._temporary.replace(self._path)
        self.drop()
        return Table(data, head)

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)

    def _align(self) -> None:
        """Whole numbers are read where they lie, which must be a multiple of their size."""
        self._put(bytes(-self._file.tell() % 8))


def native(hashes: bytes | bytearray) -> "array[int]":
    """Eight bytes each, as PostgreSQL wrote them: turned round where this machine reads them so."""
    numbers = array("Q")
    numbers.frombytes(bytes(hashes))
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def load(path: Path, trust: Callable[[Head], bytes]) -> Table:
    """Map a file after checking all of it; `trust` gives the public key that must have signed."""
    with path.open("rb") as file:
        head, signature, text, body = _read_head(file)
        if head.get("order") != sys.byteorder or not verify(trust(head), signature, MARK + text):
            raise BadFileError("signature")
        file.seek(0)
        found, left = sha256(), body
        while left and (block := file.read(min(_BLOCK, left))):
            found.update(block)
            left -= len(block)
        if found.hexdigest() != head["sha256"]:
            raise BadFileError("content")
        head["inode"] = os.fstat(file.fileno()).st_ino
        return Table(_mapped(file), head)


def _mapped(file: IO[bytes]) -> mmap.mmap:
    """Kept in memory where the system lets us: pages of files are what it takes away first when it
    wants memory back, and then a question waits for the disk.

    Mapping holds up every thread: 3 ms for 230,000 certificates.
    """
    try:
        return mmap.mmap(file.fileno(), 0, flags=_KEPT, prot=mmap.PROT_READ)
    except OSError:  # more than this account may keep: `ulimit -l`, LimitMEMLOCK of systemd
        log.info("register_not_kept_in_memory", bytes=os.fstat(file.fileno()).st_size)
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _read_head(file: IO[bytes]) -> tuple[Head, bytes, bytes, int]:
    size = file.seek(0, os.SEEK_END)
    if size < _TAIL.size:
        raise BadFileError("length")
    file.seek(size - _TAIL.size)
    signature, length, mark = _TAIL.unpack(file.read(_TAIL.size))
    body = size - _TAIL.size - length
    if mark != MARK or body < 0:
        raise BadFileError("mark")
    file.seek(body)
    text = file.read(length)
    try:
        head = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadFileError("head") from None
    if not isinstance(head, dict):
        raise BadFileError("head")
    return head, signature, text, body


def signed(kind: str, content: Head, sign: Sign) -> bytes:
    """A small signed JSON file that says what it is."""
    text = orjson.dumps(content | {"kind": kind})
    return text + _TAIL.pack(sign(MARK + text), len(text), MARK)


def put(path: Path, data: bytes) -> None:
    """In place of the last one; several files may be put at once."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    temporary.chmod(0o640)
    temporary.replace(path)


def left_over(folder: Path) -> Iterator[Path]:
    """Whatever a keeper that was killed had not yet put in its place."""
    for name in ("register.*", "certificates.[0-9]*", "certificates.*.[0-9]*"):
        yield from folder.glob(name)


def read_signed(path: Path, kind: str, trust: Callable[[Head], bytes]) -> Head:
    with path.open("rb") as file:
        head, signature, text, body = _read_head(file)
    if body or not verify(trust(head), signature, MARK + text):
        raise BadFileError("signature")
    if head.get("kind") != kind:
        raise BadFileError("kind")
    return head
