"""The jail as the product sees it: a file goes in, a clean one or a refusal comes out.

Nothing that comes back is believed: the report is read as strictly as a stranger's form, and each
piece must begin like the type it is said to be.
"""

import asyncio
import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, Literal, Protocol

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot import telemetry
from bot.domain.errors import Unavailable
from bot.domain.files import (
    BEGINS,
    LIMITS,
    LONGEST_CODE,
    MOST_CODES,
    VIEWS_AT_ONCE,
    WORDS,
    Clean,
    Limits,
    Media,
    Piece,
    Refusal,
    Unreadable,
    Warned,
)

log = structlog.get_logger()

CHECKOUT = Path(__file__).resolve().parents[2]
AT_ONCE = 2
"""Files that one process has in the jail at the same time; the others wait their turn."""
QUEUE = 40
PATIENCE_S = 15.0
"""Who waits longer for a turn is asked to come again."""
START_S = 30.0
VIEWS = range(1, VIEWS_AT_ONCE + 1)
LONGEST_REPORT = 65536
BLANK = b" "
FILES = telemetry.counter("jail_files", "送检文件的结果", ("outcome",))


class Examiner(Protocol):
    """What takes files apart."""

    async def examine(self, file: IO[bytes], *, views: range = VIEWS) -> Clean:
        """Give the clean form of a file, and asked pages of a PDF as pictures, or Unreadable."""

    async def legible(self, file: IO[bytes], *, within: int) -> bytes:
        """Give the first page as a JPEG of at most so many bytes, for a reader of pictures."""

    async def codes(self, file: IO[bytes]) -> tuple[str, ...]:
        """What the QR codes on a picture say, or Unreadable."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class _Piece(_Strict):
    page: int = Field(ge=0, le=LIMITS.pages)
    media_type: Media
    width: int = Field(ge=0, le=LIMITS.side)
    height: int = Field(ge=0, le=LIMITS.side)
    bytes: int = Field(gt=0, le=LIMITS.output_bytes)


class _Report(_Strict):
    media_type: Media
    pages: int = Field(ge=1, le=LIMITS.pages)
    warnings: list[Literal[Warned.BLURRED, Warned.SMALL, Warned.NO_SEAL, Warned.SEAL_UNSEEN]] = (
        Field(max_length=2)
    )
    pieces: list[_Piece] = Field(min_length=1, max_length=LIMITS.pages + 1)


class _Refused(_Strict):
    refused: Refusal


class _Codes(_Strict):
    codes: list[Annotated[str, Field(max_length=LONGEST_CODE)]] = Field(max_length=MOST_CODES)


_REPORT: TypeAdapter[_Report | _Codes | _Refused] = TypeAdapter(
    Annotated[_Report | _Codes | _Refused, Field(union_mode="left_to_right")]
)


class Jail:
    """One keeper process, started with the first file; closing ends it with its children."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._starting = asyncio.Lock()
        self._orders: socket.socket | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self.missing: list[str] = []

    async def start(self) -> list[str]:
        """Start it before the first file comes; answers which walls are missing here."""
        await self._keeper_socket()
        return self.missing

    @property
    def pid(self) -> int | None:
        return self._keeper.pid if self._keeper else None

    async def examine(self, file: IO[bytes], *, views: range = VIEWS) -> Clean:
        return await self._in_turn(file, {"views": [views.start, views.stop], "within": 0})

    async def legible(self, file: IO[bytes], *, within: int) -> bytes:
        found = (await self._in_turn(file, {"views": [0, 0], "within": within})).body
        if found.media_type is not Media.JPEG or len(found.data) > within:
            raise Unreadable
        return found.data

    async def codes(self, file: IO[bytes]) -> tuple[str, ...]:
        order = json.dumps({"limits": asdict(self._limits), "codes": True})
        async with self._a_turn():
            with tempfile.TemporaryFile() as made:
                told = await self._order(order.encode(), file.fileno(), made.fileno())
        found = _reported(told)
        if not isinstance(found, _Codes):
            raise Unreadable
        return tuple(found.codes)

    async def _in_turn(self, file: IO[bytes], wanted: Mapping[str, object]) -> Clean:
        async with self._a_turn():
            return await self._done(file, wanted)

    @contextlib.asynccontextmanager
    async def _a_turn(self) -> AsyncIterator[None]:
        if self._waiting >= QUEUE:
            raise Unavailable
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turn.release()

    async def _done(self, file: IO[bytes], wanted: Mapping[str, object]) -> Clean:
        order = json.dumps({"limits": asdict(self._limits), **wanted})
        with tempfile.TemporaryFile() as made:
            told = await self._order(order.encode(), file.fileno(), made.fileno())
            try:
                found = await asyncio.to_thread(_read, told, made)
            except Unreadable:
                FILES.labels("refused" if told.strip() else "died").inc()
                raise
        FILES.labels("clean").inc()
        return found

    async def _order(self, order: bytes, given: int, made: int) -> bytes:
        """Send the order and wait for the report, which is blank when the child died of the file.

        An order that nobody took, because the keeper is gone, is given to the next keeper, once.
        """
        for _ in range(2):
            reading, writing = os.pipe()
            with io.FileIO(reading) as report:
                try:
                    sent = await self._send(order, [given, made, writing])
                finally:
                    os.close(writing)
                told = await _all_of(report, limit_s=self._limits.wall_s + START_S) if sent else b""
            if told:
                return told
            await self.close()
        raise Unavailable

    async def _send(self, order: bytes, descriptors: list[int]) -> bool:
        try:
            socket.send_fds(await self._keeper_socket(), [order], descriptors)
        except OSError:
            return False
        return True

    async def _keeper_socket(self) -> socket.socket:
        async with self._starting:
            if self._orders is not None:
                return self._orders
            orders, self._keeper, self.missing = await asyncio.to_thread(_start)
            self._orders = orders
            return orders

    async def close(self) -> None:
        if self._orders is not None and self._keeper is not None:
            orders, keeper = self._orders, self._keeper
            self._orders = self._keeper = None
            orders.close()
            await asyncio.to_thread(keeper.wait)


def _start() -> tuple[socket.socket, subprocess.Popen[bytes], list[str]]:
    """Start a keeper with an empty environment, and wait until it has read its modules."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        keeper = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-E", "-m", "bot.jail", str(theirs.fileno())],
            cwd=CHECKOUT,
            env={"MALLOC_ARENA_MAX": "1", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    ours.settimeout(START_S)
    try:
        said = ours.recv(LONGEST_REPORT)
    except OSError:
        said = b""
    if not said:
        ours.close()
        keeper.kill()
        keeper.wait()
        raise Unavailable
    missing = [str(name) for name in json.loads(said)["missing"]]
    log.info("jail_ready", pid=keeper.pid, walls_missing=missing)
    return ours, keeper, missing


async def _all_of(report: io.FileIO, *, limit_s: float) -> bytes:
    """Everything up to the end, which comes at the latest with the death of the writer."""
    told = bytearray()
    loop = asyncio.get_running_loop()
    os.set_blocking(report.fileno(), False)
    ready = asyncio.Event()
    loop.add_reader(report.fileno(), ready.set)
    try:
        async with asyncio.timeout(limit_s):
            while True:
                await ready.wait()
                ready.clear()
                with contextlib.suppress(BlockingIOError):
                    if not (piece := os.read(report.fileno(), LONGEST_REPORT)):
                        return bytes(told)
                    told += piece
                    if len(told) > LONGEST_REPORT:
                        return BLANK
    except TimeoutError:
        return BLANK
    finally:
        loop.remove_reader(report.fileno())


def _reported(told: bytes) -> _Report | _Codes:
    try:
        report = _REPORT.validate_json(told)
    except ValidationError:
        raise Unreadable from None
    if isinstance(report, _Refused):
        raise Unreadable(WORDS[report.refused])
    return report


def _read(told: bytes, made: IO[bytes]) -> Clean:
    report = _reported(told)
    if not isinstance(report, _Report):
        raise Unreadable
    made.seek(0)
    pieces = tuple(_pieces(report, made))
    if pieces[0].page != 0 or pieces[0].media_type is not report.media_type or made.read(1):
        raise Unreadable
    return Clean(report.media_type, report.pages, tuple(report.warnings), pieces)


def _pieces(report: _Report, made: IO[bytes]) -> Iterator[Piece]:
    for told in report.pieces:
        data = made.read(told.bytes)
        if len(data) != told.bytes or not data.startswith(BEGINS[told.media_type]):
            raise Unreadable
        yield Piece(told.page, told.media_type, told.width, told.height, data)
