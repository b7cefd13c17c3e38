"""Answers written in one piece: the same on the wire as those that the library writes."""

import pytest
from aiohttp import web

from bot.handlers import swift
from bot.handlers.audience import Audience
from bot.handlers.surface import Route
from bot.handlers.swift import Swift
from tests.http.frame import NOON, Serving, caught_logs, serving

BODY = "证书".encode()
HTML = "text/html; charset=utf-8"


async def fine(request: web.Request) -> web.StreamResponse:
    return swift.answer(request, BODY, kind=HTML, status=200, now=NOON)


async def ours(request: web.Request) -> web.StreamResponse:
    return swift.answer(request, BODY, kind="application/json", status=503, now=NOON)


async def librarys(request: web.Request) -> web.Response:
    status, kind = (503, "application/json") if request.query else (200, HTML)
    return web.Response(body=BODY, status=status, headers={"Content-Type": kind})


ROUTES = (
    Route("GET", "/fine", fine, Audience.PUBLIC),
    Route("GET", "/ours", ours, Audience.PUBLIC),
    Route("GET", "/librarys", librarys, Audience.PUBLIC),
    Route("POST", "/fine", fine, Audience.PROVIDER),
    Route("POST", "/librarys", librarys, Audience.PROVIDER),
)
CHANGING = ("X-Request-Id", "Date")


async def asked(
    server: Serving, path: str, *, line: str = "GET {} HTTP/1.1", more: str = ""
) -> tuple[str, dict[str, str], bytes]:
    """First line, headers and body of one answer."""
    reader, writer = await server.open()
    writer.write(f"{line.format(path)}\r\nHost: x\r\n{more}\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = dict(one.split(": ", 1) for one in lines)
    assert len(headers) == len(lines)
    body = b"" if line.startswith("HEAD") else await reader.readexactly(len(BODY))
    writer.close()
    return first, headers, body


def steady(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in CHANGING}


GET, POST = "GET {} HTTP/1.1", "POST {} HTTP/1.1\r\nContent-Length: 0"


@pytest.mark.parametrize(
    ("line", "swift_path", "path"),
    [(GET, "/fine", "/librarys"), (GET, "/ours", "/librarys?a=1"), (POST, "/fine", "/librarys")],
)
async def test_a_swift_answer_carries_what_the_librarys_carries(
    monkeypatch, line, swift_path, path
):
    swifts = []
    monkeypatch.setattr(swift, "Swift", lambda *given: swifts.append(1) or Swift(*given))
    async with serving(*ROUTES) as server:
        first, headers, body = await asked(server, swift_path, line=line)
        expected = await asked(server, path, line=line)

    assert swifts == [1]
    assert (first, steady(headers), body) == (expected[0], steady(expected[1]), expected[2])
    assert set(headers) == set(expected[1])
    assert headers["Date"] == "Sun, 01 Mar 2026 04:00:00 GMT"


@pytest.mark.parametrize(
    ("line", "more", "connection"),
    [
        ("HEAD {} HTTP/1.1", "", None),
        ("GET {} HTTP/1.0", "", None),
        ("GET {} HTTP/1.0", "Connection: keep-alive\r\n", "keep-alive"),
        ("GET {} HTTP/1.1", "Connection: close\r\n", "close"),
    ],
)
async def test_who_asks_in_another_way_gets_what_the_library_makes_of_it(line, more, connection):
    async with serving(*ROUTES) as server:
        found = await asked(server, "/fine", line=line, more=more)
        expected = await asked(server, "/librarys", line=line, more=more)

    assert (found[0], steady(found[1]), found[2]) == (
        expected[0], steady(expected[1]), expected[2],
    )  # fmt: skip
    assert found[1].get("Connection") == connection


async def test_many_on_one_connection_are_answered_in_turn_and_written_down():
    with caught_logs() as logs:
        async with serving(*ROUTES) as server:
            asks = [
                f"GET {path} HTTP/1.1\r\nHost: x\r\n{end}\r\n"
                for path, end in (("/fine", ""), ("/ours", ""), ("/fine", "Connection: close\r\n"))
            ]
            told = await server.talk("".join(asks).encode())

    lines = logs.named("answered")
    assert [one[:3] for one in told.split(b"HTTP/1.1 ")[1:]] == [b"200", b"503", b"200"]
    assert told.count(BODY) == 3
    assert [line["status"] for line in lines] == [200, 503, 200]
    assert [f"X-Request-Id: {line['request_id']}\r\n".encode() in told for line in lines] == (
        [True] * 3
    )
    assert {line["timestamp"] for line in lines} == {NOON.isoformat()}
