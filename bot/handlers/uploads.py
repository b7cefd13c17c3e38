"""Multipart uploads as a stream: caps on bytes and parts, a floor on speed, no file left over.

aiohttp's reader has no cap of its own while streaming and waits for ever; it reads here from a
meter that counts every byte, headers and preamble of the parts included.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import IO, cast

from aiohttp import BodyPartReader, MultipartReader, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.domain.errors import BadInput, TooLarge, TooSlow
from bot.handlers.forms import BROKEN

CHUNK = 64 * 1024
LONGEST_NAME = 255


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


class _Meter:
    """A stream that counts and times what passes; has the methods that MultipartReader uses."""

    def __init__(self, content: StreamReader, limits: UploadLimits) -> None:
        self._content = content
        self._limits = limits
        self._seen = 0
        self._started = asyncio.get_running_loop().time()

    def _by(self) -> float:
        """Tell when the next byte is due: the floor and the whole deadline in one instant."""
        earned = self._limits.grace_s + self._seen / self._limits.floor_bytes_s
        return self._started + min(earned, self._limits.deadline_s)

    def _count(self, data: bytes) -> bytes:
        self._seen += len(data)
        if self._seen > self._limits.request_bytes:
            raise TooLarge
        return data

    async def read(self, size: int = -1) -> bytes:
        async with asyncio.timeout_at(self._by()):
            return self._count(await self._content.read(size))

    async def readline(self) -> bytes:
        async with asyncio.timeout_at(self._by()):
            return self._count(await self._content.readline())

    def unread_data(self, data: bytes) -> None:
        self._seen -= len(data)
        self._content.unread_data(data)

    def at_eof(self) -> bool:
        return self._content.at_eof()


@asynccontextmanager
async def read_parts(
    request: web.Request, *, limits: UploadLimits = UPLOAD_LIMITS
) -> AsyncIterator[Parts]:
    """Read the whole upload, then hand it over; on leaving, every temporary file is gone."""
    if request.content_type != "multipart/form-data":
        raise BadInput("请选择文件后提交。")
    if (request.content_length or 0) > limits.request_bytes:
        raise TooLarge
    with ExitStack() as files:
        yield await _read(request, limits, files)


async def _read(request: web.Request, limits: UploadLimits, files: ExitStack) -> Parts:
    fields: dict[str, str] = {}
    uploads: list[Upload] = []
    meter = cast("StreamReader", _Meter(request.content, limits))
    try:
        async for part in MultipartReader(request.headers, meter):
            if len(fields) + len(uploads) >= limits.parts:
                raise TooLarge("一次提交的内容太多，请分几次提交。")
            if not isinstance(part, BodyPartReader) or not part.name:
                raise BadInput
            if part.filename is None:
                if part.name in fields:
                    raise BadInput("同一项填写了两次，请只保留一次。")
                fields[part.name] = await _text(part, limits.field_bytes)
            else:
                uploads.append(await _file(part, limits.part_bytes, files))
    except TimeoutError:
        raise TooSlow from None
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
        raise BadInput(BROKEN) from None
    except (
        ValueError,
        RuntimeError,
        AssertionError,
        KeyError,
    ):  # aiohttp's words for bad multipart
        raise BadInput from None
    return Parts(fields, tuple(uploads))


async def _text(part: BodyPartReader, limit: int) -> str:
    text = b""
    while chunk := await part.read_chunk(CHUNK):
        text += chunk
        if len(text) > limit:
            raise TooLarge
    return text.decode()


def _spool() -> IO[bytes]:
    return cast("IO[bytes]", tempfile.TemporaryFile(buffering=0))  # closed by the stack


async def _file(part: BodyPartReader, limit: int, files: ExitStack) -> Upload:
    file = files.enter_context(_spool())
    size = 0
    while chunk := await part.read_chunk(CHUNK):
        size += len(chunk)
        if size > limit:
            raise TooLarge
        await asyncio.to_thread(file.write, chunk)  # a full disk must not hold up everybody
    file.seek(0)
    name = (part.filename or "")[:LONGEST_NAME]
    kind = part.headers.get("Content-Type", "application/octet-stream")
    return Upload(part.name or "", name, kind, size, file)
