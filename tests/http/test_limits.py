"""Bytes and seconds that a body may take: counted and timed by ourselves, on a real socket."""

import asyncio
import contextlib
import gzip
import tempfile
from pathlib import Path

import pytest
from aiohttp import web

from bot.domain.errors import TooLarge, TooSlow
from bot.handlers.audience import Audience
from bot.handlers.forms import read_body
from bot.handlers.guard import Limits
from bot.handlers.surface import Route
from bot.handlers.uploads import UploadLimits, read_parts
from tests.http.frame import Serving, caught_logs, client, serving

LIMIT = 1000
QUICK = Limits(linger_s=0.1)
UPLOAD = UploadLimits(
    request_bytes=4000,
    part_bytes=2000,
    field_bytes=100,
    parts=3,
    floor_bytes_s=1024,
    grace_s=0.3,
    deadline_s=2,
)


async def take(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await read_body(request, limit=LIMIT, deadline=0.3))))


async def upload(request: web.Request) -> web.Response:
    async with read_parts(request, limits=UPLOAD) as parts:
        files = [
            [f.field, f.filename, f.content_type, f.size, len(f.file.read())] for f in parts.files
        ]
        return web.json_response({"fields": parts.fields, "files": files})


ROUTES = (
    Route("POST", "/api/take", take, Audience.PUBLIC),
    Route("POST", "/api/upload", upload, Audience.PUBLIC),
)
HEAD = b"POST /api/take HTTP/1.1\r\nHost: x\r\n"
BOUNDARY = b"--frontier"
MARK = b"y" * len(b"\r\n--frontier")  # as long as what might still be a boundary
UPLOAD_HEAD = (
    b"POST /api/upload HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: multipart/form-data; boundary=frontier\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def file_part(name: str, data: bytes) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{name}.pdf"\r\n\r\n'
    return BOUNDARY + b"\r\n" + head.encode() + data + b"\r\n"


def open_files_under(folder: Path) -> list[str]:
    """Name what this process still holds open there; the files have no name in the folder."""
    links = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(str(link.readlink()))
    return [link for link in links if link.startswith(str(folder))]


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("size", [0, 1, LIMIT])
async def test_a_body_up_to_the_limit_is_taken_whole(size):
    async with serving(*ROUTES, limits=QUICK) as server, client(server) as http:
        answer = await http.post("/api/take", data=b"x" * size)

    assert (answer.status, await answer.text()) == (200, str(size))


async def test_a_body_in_many_pieces_is_taken_whole():
    async with serving(*ROUTES, limits=QUICK) as server:
        reader, writer = await server.open()
        writer.write(HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(4):
            writer.write(chunk(b"x" * 250))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        answer = await reader.read()
        writer.close()

    assert (status_of(answer), answer[-4:]) == (200, b"1000")


@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 1001\r\n\r\n",
        b"Content-Length: 1001\r\n\r\n" + b"x" * 1001,
        b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"x" * 1001),
        b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"x" * 600) + chunk(b"x" * 401),
    ],
    ids=["announced", "sent", "chunked", "two chunks"],
)
async def test_one_byte_over_the_limit_is_refused_before_the_body_ends(sent):
    async with serving(*ROUTES, limits=QUICK) as server:
        answer = await server.talk(HEAD + sent)

    assert status_of(answer) == 413
    assert TooLarge.message.encode() in answer
    assert b"Connection: close" in answer


async def test_what_counts_is_the_size_after_unpacking():
    bomb = gzip.compress(b"\0" * 10_000_000)

    async with serving(*ROUTES, limits=QUICK) as server, client(server) as http:
        answer = await http.post("/api/take", data=bomb, headers={"Content-Encoding": "gzip"})

    assert answer.status == 413


async def test_a_body_that_cannot_be_unpacked_is_bad_input():
    async with serving(*ROUTES, limits=QUICK) as server, client(server) as http:
        answer = await http.post("/api/take", data=b"no gzip", headers={"Content-Encoding": "gzip"})

    assert (answer.status, (await answer.json())["error"]["code"]) == (400, "bad_input")


@pytest.mark.parametrize("sent", [b"", b"x"], ids=["nothing", "a little"])
async def test_a_body_that_does_not_come_is_cut_off_with_408(sent):
    async with serving(*ROUTES, limits=QUICK) as server:
        answer = await server.talk(HEAD + b"Content-Length: 10\r\n\r\n" + sent)

    assert status_of(answer) == 408
    assert TooSlow.message.encode() in answer


async def test_a_sender_that_hangs_up_half_way_is_no_bug_of_ours():
    with caught_logs() as logs:
        async with serving(*ROUTES, limits=QUICK) as server:
            _, writer = await server.open()
            writer.write(HEAD + b"Content-Length: 10\r\n\r\nx")
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            # Taken in order on one loop: when this one is answered, the other has been begun.
            await server.talk(HEAD + b"Connection: close\r\nContent-Length: 0\r\n\r\n")

    assert logs.named("crashed") == []
    assert sorted(line["status"] for line in logs.named("answered")) == [200, 400]


async def dripped(server: Serving, first: bytes, drip: bytes) -> tuple[int, int]:
    """Keep a request dripping until it is answered; return the status and the drips."""
    reader, writer = await server.open()
    writer.write(first)
    answered = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    drips = 0
    while not (await asyncio.wait({answered}, timeout=0.02))[0]:
        writer.write(drip)
        drips += 1
    writer.close()
    return status_of(answered.result()), drips


async def test_a_dribbled_body_is_cut_off_however_regularly_it_drips():
    async with serving(*ROUTES, limits=QUICK) as server:
        status, drips = await dripped(server, HEAD + b"Content-Length: 500\r\n\r\n", b"x")

    assert status == 408
    assert 5 < drips < 60


async def test_a_good_upload_is_handed_over_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # As a browser writes it: names in plain UTF-8.
    body = (
        BOUNDARY
        + b'\r\nContent-Disposition: form-data; name="title"\r\n\r\n'
        + "营业执照\r\n".encode()
        + BOUNDARY
        + b'\r\nContent-Disposition: form-data; name="scan"; filename="'
        + '执照.pdf"\r\nContent-Type: application/pdf\r\n\r\n'.encode()
        + b"x\r\n--front" * 100
        + b"\r\n"
        + BOUNDARY
        + b"--\r\n"
    )
    kind = {"Content-Type": "multipart/form-data; boundary=frontier"}

    async with serving(*ROUTES, limits=QUICK) as server, client(server) as http:
        answer = await http.post("/api/upload", data=body, headers=kind)

    assert await answer.json() == {
        "fields": {"title": "营业执照"},
        "files": [["scan", "执照.pdf", "application/pdf", 1000, 1000]],
    }
    assert open_files_under(tmp_path) == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (file_part("a", b"x" * 2001 + MARK), 413),
        (
            file_part("a", b"x" * 1900) + file_part("b", b"x" * 1900) + file_part("c", b"x"),
            413,
        ),
        (b"".join(file_part(name, b"x") for name in "abcd"), 413),
        (
            BOUNDARY + b'\r\nContent-Disposition: form-data; name="t"\r\n\r\n' + b"x" * 101 + MARK,
            413,
        ),
        (b"preamble\r\n" * 5, 400),
        (BOUNDARY + b"\r\n" + b"X-Padding: yes\r\n" * 300, 413),
        (BOUNDARY + b"\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + BOUNDARY + b"--\r\n", 400),
        (
            BOUNDARY + b"\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n",
            400,
        ),
    ],
    ids=["part", "request", "parts", "field", "preamble", "headers", "nameless", "nested"],
)
async def test_an_upload_over_any_limit_is_refused_before_it_ends(
    sent, status, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async with serving(*ROUTES, limits=QUICK) as server:
        answer = await server.talk(UPLOAD_HEAD + chunk(sent))

    assert status_of(answer) == status
    assert open_files_under(tmp_path) == []


async def test_an_upload_below_the_floor_is_cut_off_with_408():
    first = UPLOAD_HEAD + chunk(file_part("a", b"x" * 100)[:-2])

    async with serving(*ROUTES, limits=QUICK) as server:
        status, drips = await dripped(server, first, chunk(b"x"))

    assert status == 408
    assert drips > 5


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=" + "b" * 71,
    ],
)
async def test_what_is_no_upload_is_refused(kind):
    async with serving(*ROUTES, limits=QUICK) as server, client(server) as http:
        answer = await http.post("/api/upload", data=b"x", headers={"Content-Type": kind})

    assert (answer.status, (await answer.json())["error"]["code"]) == (400, "bad_input")


async def test_an_upload_that_announces_too_much_is_refused_at_once():
    head = UPLOAD_HEAD.replace(b"Transfer-Encoding: chunked", b"Content-Length: 4001")

    async with serving(*ROUTES, limits=QUICK) as server:
        answer = await server.talk(head)

    assert status_of(answer) == 413


async def test_an_upload_that_breaks_off_is_no_bug_of_ours():
    async with serving(*ROUTES, limits=QUICK) as server:
        answer = await server.talk(
            UPLOAD_HEAD.replace(b"Host", b"Connection: close\r\nHost")
            + chunk(file_part("a", b"x"))
            + b"0\r\n\r\n"
        )

    assert status_of(answer) == 400
