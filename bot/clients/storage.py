"""Stored objects: a folder of this machine or an S3-compatible store, under names of our own.

An object is there whole or not at all, never changes, and its name is never used again. The folder
is synced to the disk before `put` returns, since the row that names the object will be.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from bot.domain.errors import Unavailable
from bot.domain.files import folder_of

LIST_AT_ONCE = 500


class Missing(Exception):
    """There is no such object: a row points at nothing. Never a person's fault."""


class Store(Protocol):
    """Where objects lie."""

    async def put(self, key: str, data: bytes) -> None:
        """Keep an object; on return it survives a power cut."""

    async def get(self, key: str) -> bytes:
        """Return the whole object, or raise Missing."""

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are gone already do not count."""

    def names(self, folders: Iterable[str]) -> AsyncIterator[str]:
        """Every object in these folders."""


class Objects:
    """A store through obstore, which does the waiting in threads of its own."""

    def __init__(self, store: LocalStore | S3Store, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def put(self, key: str, data: bytes) -> None:
        path = _path(key)
        try:
            # Names never come twice; a folder makes sure, many S3-compatible stores cannot.
            mode: Literal["create", "overwrite"] = "create" if self._folder else "overwrite"
            await obstore.put_async(self._store, path, data, mode=mode, use_multipart=False)
        except BaseError as error:
            raise Unavailable from error
        if self._folder is not None:
            await asyncio.to_thread(_sync, self._folder / path)

    async def get(self, key: str) -> bytes:
        try:
            found = await obstore.get_async(self._store, _path(key))
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            raise Missing(key) from None
        except BaseError as error:
            raise Unavailable from error

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            try:
                await obstore.delete_async(self._store, _path(key))
            except FileNotFoundError:
                continue
            except BaseError as error:
                raise Unavailable from error

    async def names(self, folders: Iterable[str]) -> AsyncIterator[str]:
        for folder in folders:
            try:
                async for some in obstore.list(self._store, folder, chunk_size=LIST_AT_ONCE):
                    for one in some:
                        yield one["path"].rpartition("/")[2]
            except BaseError as error:
                raise Unavailable from error


def _path(key: str) -> str:
    return f"{folder_of(key)}/{key}"


def _sync(file: Path) -> None:
    for place in (file, file.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def open_folder(folder: Path) -> Objects:
    """Objects in a folder that nobody but us may enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Objects(LocalStore(folder), folder)


def open_bucket(url: str) -> Objects:
    """Objects in a bucket, as `https://key:secret@host/bucket?region=name` says."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return Objects(
        S3Store(
            parts.path.strip("/"),
            endpoint=f"{parts.scheme}://{host}",
            region=parse_qs(parts.query).get("region", ["us-east-1"])[0],
            access_key_id=unquote(parts.username or ""),
            secret_access_key=unquote(parts.password or ""),
            disable_bulk_delete=True,  # not every S3-compatible store understands it
            client_options={
                "allow_http": parts.scheme == "http",
                "connect_timeout": timedelta(seconds=3),
                "timeout": timedelta(seconds=30),
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
        )
    )
