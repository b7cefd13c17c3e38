"""Stored objects: a folder and an S3-compatible store behave the same."""

from collections.abc import AsyncIterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clients.storage import Missing, Objects, open_bucket, open_folder
from bot.domain.errors import Unavailable

ONE, TWO, ELSEWHERE = "01JQ" + "0" * 21 + "1", "01JQ" + "0" * 21 + "2", "01JR" + "0" * 22


class Bucket:
    """As much of S3 as we use, signed with the right key."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.down = False

    async def answer(self, request: web.Request) -> web.Response:
        signed = request.headers.get("Authorization", "")
        if self.down or "Credential=id/" not in signed or "/bj/s3/" not in signed:
            return web.Response(status=503 if self.down else 403)
        key = request.match_info["key"]
        if request.method == "PUT":
            self.kept[key] = await request.read()
            return web.Response(headers={"ETag": '"1"'})
        if request.method == "DELETE":
            self.kept.pop(key, None)
            return web.Response(status=204)
        if not key:
            return self._listed(request.query.get("prefix", ""))
        if key not in self.kept:
            return web.Response(status=404)
        stamp = {"ETag": '"1"', "Last-Modified": "Mon, 02 Mar 2026 01:30:00 GMT"}
        return web.Response(body=self.kept[key], headers=stamp)

    def _listed(self, prefix: str) -> web.Response:
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-03-02T01:30:00.000Z</LastModified>"
            f"<Size>{len(data)}</Size><ETag>&quot;1&quot;</ETag></Contents>"
            for key, data in sorted(self.kept.items())
            if key.startswith(prefix)
        )
        text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        return web.Response(text=text, content_type="application/xml")


@pytest.fixture
async def bucket() -> AsyncIterator[tuple[Bucket, Objects]]:
    peer = Bucket()
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/papers{slash:/?}{key:.*}", peer.answer)
    async with TestServer(app) as server:
        yield peer, open_bucket(f"http://id:secret@127.0.0.1:{server.port}/papers?region=bj")


@pytest.fixture(params=["folder", "bucket"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, bucket: tuple[Bucket, Objects]
) -> Objects:
    return open_folder(tmp_path / "files") if request.param == "folder" else bucket[1]


async def test_what_is_put_is_got_and_what_is_deleted_is_missing(store):
    await store.put(ONE, b"paper" * 1_000_000)

    assert await store.get(ONE) == b"paper" * 1_000_000
    await store.delete([ONE, TWO])
    with pytest.raises(Missing):
        await store.get(ONE)


async def test_only_the_asked_folders_are_listed(store):
    for key in (ONE, TWO, ELSEWHERE):
        await store.put(key, b"x")

    assert sorted([name async for name in store.names(["01JQ"])]) == [ONE, TWO]
    assert [name async for name in store.names(["01JA", "01JR"])] == [ELSEWHERE]


async def test_in_a_folder_a_name_is_used_once_and_nobody_else_may_enter(tmp_path):
    store = open_folder(tmp_path / "files")
    await store.put(ONE, b"first")

    with pytest.raises(Unavailable):
        await store.put(ONE, b"second")

    assert await store.get(ONE) == b"first"
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700


async def test_a_store_that_is_down_is_our_fault_and_passing(bucket):
    peer, store = bucket
    peer.down = True

    for asked in (store.put(ONE, b"x"), store.get(ONE), store.delete([ONE])):
        with pytest.raises(Unavailable):
            await asked
    with pytest.raises(Unavailable):
        [name async for name in store.names(["01JQ"])]
