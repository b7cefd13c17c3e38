"""Multipart uploads as a stream: caps on bytes and parts, a floor on speed, no file left over.

Our own reader of the format: aiohttp's has no cap of its own while streaming, waits for ever, and
asks for bytes beyond a part before it hands the part over.
"""

import asyncio
import tempfile
import warnings
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import IO, cast

from aiohttp import StreamReader, web
from aiohttp.helpers import parse_mimetype
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.multipart import content_disposition_filename, parse_content_disposition

from bot.domain.errors import BadInput, TooLarge, TooSlow
from bot.handlers.forms import BROKEN, NUL, UNKEPT

LONGEST_NAME = 255
PART_HEADERS_BYTES = 4096
LONGEST_BOUNDARY = 70  # RFC 2046, 5.1.1


@dataclass(frozen=True, slots=True)
class UploadLimits:
    request_bytes: int = 40 * 1024 * 1024
    part_bytes: int = 20 * 1024 * 1024
    field_bytes: int = 16 * 1024
    parts: int = 30
    floor_bytes_s: int = 1024
    """Slower than this is cut off, once the grace is over."""
    grace_s: float = 10
    deadline_s: float = 600


UPLOAD_LIMITS = UploadLimits()


@dataclass(frozen=True, slots=True)
class Upload:
    field: str
    filename: str
    """As the sender calls it: for showing, never for opening."""
    content_type: str
    """As the sender calls it: never to be believed."""
    size: int
    file: IO[bytes]


@dataclass(frozen=True, slots=True)
class Parts:
    fields: dict[str, str]
    files: tuple[Upload, ...]


PARTS = web.RequestKey("PARTS", Parts)
"""An upload that was read before its handler began, so that its content could be compared."""


class _Body:
    """The body cut at marks: every byte counted, every wait timed, one window in memory."""

    def __init__(self, content: StreamReader, limits: UploadLimits) -> None:
        self._content = content
        self._limits = limits
        self._seen = 0
        self._started = asyncio.get_running_loop().time()
        self._window = bytearray(b"\r\n")  # so that the first boundary looks like the others

    async def until(self, mark: bytes) -> AsyncIterator[bytes]:
        """Yield what stands before the mark as it comes, and swallow the mark."""
        window = self._window
        while (at := window.find(mark)) < 0:
            certain = len(window) - len(mark) + 1
            if certain > 0:
                yield bytes(window[:certain])
                del window[:certain]
            await self._more()
        yield bytes(window[:at])
        del window[: at + len(mark)]

    async def take(self, size: int) -> bytes:
        while len(self._window) < size:
            await self._more()
        taken = bytes(self._window[:size])
        del self._window[:size]
        return taken

    async def finish(self) -> None:
        """Read what follows the last boundary and drop it."""
        while await self._receive():
            pass

    async def _more(self) -> None:
        if not (data := await self._receive()):
            raise BadInput(BROKEN)
        self._window += data

    async def _receive(self) -> bytes:
        # The next byte is due when the floor would be broken without it, or the time is up.
        earned = self._limits.grace_s + self._seen / self._limits.floor_bytes_s
        try:
            async with asyncio.timeout_at(self._started + min(earned, self._limits.deadline_s)):
                data = await self._content.readany()
        except TimeoutError:
            raise TooSlow from None
        except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
            raise BadInput(BROKEN) from None
        self._seen += len(data)
        if self._seen > self._limits.request_bytes:
            raise TooLarge
        return data


@asynccontextmanager
async def read_parts(
    request: web.Request, *, limits: UploadLimits = UPLOAD_LIMITS
) -> AsyncIterator[Parts]:
    """Read the whole upload, then hand it over; on leaving, every temporary file is gone."""
    if (read := request.get(PARTS)) is not None:
        yield read
        return
    if request.content_type != "multipart/form-data":
        raise BadInput("请选择文件后提交。")
    boundary = parse_mimetype(request.headers["Content-Type"]).parameters.get("boundary", "")
    if not 0 < len(boundary) <= LONGEST_BOUNDARY:
        raise BadInput
    if (request.content_length or 0) > limits.request_bytes:
        raise TooLarge
    with ExitStack() as files:
        yield await _read(
            _Body(request.content, limits), b"\r\n--" + boundary.encode(), limits, files
        )


async def _read(body: _Body, mark: bytes, limits: UploadLimits, files: ExitStack) -> Parts:
    fields: dict[str, str] = {}
    uploads: list[Upload] = []
    async for piece in body.until(mark):
        if piece:  # words before the first boundary: no browser sends them
            raise BadInput
    while (after := await body.take(2)) == b"\r\n":
        if len(fields) + len(uploads) >= limits.parts:
            raise TooLarge("一次提交的内容太多，请分几次提交。")
        name, filename, kind = _described(await _whole(body, b"\r\n\r\n", PART_HEADERS_BYTES))
        if filename is None:
            if name in fields:
                raise BadInput("同一项填写了两次，请只保留一次。")
            fields[name] = _text(await _whole(body, mark, limits.field_bytes))
        else:
            size, file = await _stored(body, mark, limits.part_bytes, files)
            uploads.append(Upload(name, filename[:LONGEST_NAME], kind, size, file))
    if after != b"--":
        raise BadInput
    await body.finish()
    return Parts(fields, tuple(uploads))


def _described(headers: bytes) -> tuple[str, str | None, str]:
    """Return the part's name, its file's name (None for a plain field) and its type."""
    lines = (line.partition(":") for line in _text(headers).split("\r\n"))
    given = {name.strip().lower(): value.strip() for name, _, value in lines}
    with warnings.catch_warnings(action="ignore"):  # a bad header has no parameters: that will do
        _, parameters = parse_content_disposition(given.get("content-disposition"))
    name = content_disposition_filename(parameters, "name")
    if not name:
        raise BadInput
    filename = content_disposition_filename(parameters, "filename")
    return name, filename, given.get("content-type", "application/octet-stream")


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise BadInput from None
    if NUL in text:
        raise BadInput(UNKEPT)
    return text


async def _whole(body: _Body, mark: bytes, limit: int) -> bytes:
    whole = b""
    async for piece in body.until(mark):
        whole += piece
        if len(whole) > limit:
            raise TooLarge
    return whole


async def _stored(body: _Body, mark: bytes, limit: int, files: ExitStack) -> tuple[int, IO[bytes]]:
    file = cast("IO[bytes]", tempfile.TemporaryFile(buffering=0))  # noqa: SIM115  # by the stack
    files.enter_context(file)
    size = 0
    async for piece in body.until(mark):
        size += len(piece)
        if size > limit:
            raise TooLarge
        await asyncio.to_thread(file.write, piece)  # a slow disk must not hold up everybody
    file.seek(0)
    return size, file
