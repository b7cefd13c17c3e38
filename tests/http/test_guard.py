"""The connection guard, on real sockets and on both event loops; nobody sleeps, sockets close."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvloop
from aiohttp import web

from bot import telemetry
from bot.handlers.audience import Audience
from bot.handlers.guard import BUSY_ANSWER, Limits
from bot.handlers.surface import Route
from tests.http.frame import Serving, serving

QUICK = Limits(
    first_byte_s=0.3, headers_s=0.3, idle_s=30, unread_s=0.3, linger_s=0.1, header_count=20
)
GET = b"GET /fine HTTP/1.1\r\nHost: x\r\n\r\n"
BIG = b"x" * 8_000_000
Scenario = Callable[[], Awaitable[None]]


async def fine(_request: web.Request) -> web.Response:
    return web.Response(text="fine")


async def big(_request: web.Request) -> web.Response:
    return web.Response(body=BIG)


ROUTES = (
    Route("GET", "/fine", fine, Audience.PUBLIC),
    Route("GET", "/big", big, Audience.PUBLIC),
)


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def play(request) -> Callable[[Scenario], None]:
    """Run a scenario on a loop of its own, of either kind."""

    def run(scenario: Scenario) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(scenario(), timeout=20))

    return run


def closed(why: str) -> float:
    return telemetry.REGISTRY.get_sample_value("http_connections_closed_total", {"why": why}) or 0


async def answer_on(reader: asyncio.StreamReader, size: int = 4) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), await reader.readexactly(size)


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


def test_a_connection_that_says_nothing_is_closed(play):
    async def scenario() -> None:
        async with serving(*ROUTES, limits=QUICK) as server:
            reader, writer = await server.open()
            before = closed("silent")
            assert await until_closed(reader) == b""
            assert closed("silent") == before + 1
            writer.close()

    play(scenario)


def test_dribbled_headers_are_cut_off_however_regularly_they_drip(play):
    async def scenario() -> None:
        async with serving(*ROUTES, limits=QUICK) as server:
            reader, writer = await server.open()
            before = closed("slow_headers")
            ended = asyncio.create_task(until_closed(reader))
            drips = 0
            writer.write(b"GET /fine HTTP/1.1\r\n")
            while not (await asyncio.wait({ended}, timeout=0.02))[0]:
                writer.write(b"X-Drip: 1\r\n"[drips % 11 : drips % 11 + 1])
                drips += 1
            assert ended.result() == b""
            assert closed("slow_headers") == before + 1
            assert 5 < drips < 60
            writer.close()

    play(scenario)


def test_the_second_request_on_a_connection_has_the_same_deadline(play):
    async def scenario() -> None:
        async with serving(*ROUTES, limits=QUICK) as server:
            reader, writer = await server.open()
            writer.write(GET)
            assert await answer_on(reader) == (200, b"fine")
            writer.write(b"GET /fine HT")
            assert await until_closed(reader) == b""
            writer.close()

    play(scenario)


def test_an_idle_connection_outlives_the_deadline_of_headers(play):
    async def scenario() -> None:
        async with serving(*ROUTES, limits=QUICK) as server:
            reader, writer = await server.open()
            writer.write(GET)
            assert await answer_on(reader) == (200, b"fine")
            silent_reader, silent_writer = await server.open()
            assert await until_closed(silent_reader) == b""  # so much time has passed by now
            writer.write(GET + GET)
            assert await answer_on(reader) == (200, b"fine")
            assert await answer_on(reader) == (200, b"fine")
            writer.close()
            silent_writer.close()

    play(scenario)


def test_one_connection_too_many_is_told_to_come_again(play):
    async def scenario() -> None:
        limits = Limits(connections=2)
        async with serving(*ROUTES, limits=limits) as server:
            held = [await server.open() for _ in range(2)]
            for reader, writer in held:
                writer.write(GET)
                assert await answer_on(reader) == (200, b"fine")
            third, third_writer = await server.open()
            assert await until_closed(third) == BUSY_ANSWER
            third_writer.close()
            held[0][1].write(b"GET /fine HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert (await until_closed(held[0][0])).endswith(b"fine")
            fourth, fourth_writer = await server.open()
            fourth_writer.write(GET)
            assert await answer_on(fourth) == (200, b"fine")
            for _, writer in [*held, (fourth, fourth_writer)]:
                writer.close()

    play(scenario)


def test_a_client_that_does_not_read_its_answer_is_cut_off(play):
    async def scenario() -> None:
        async with serving(*ROUTES, limits=QUICK) as server:
            before = closed("slow_reader")
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(client, b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
                await until_counted("slow_reader", before)

    async def until_counted(why: str, before: float) -> None:
        loop = asyncio.get_running_loop()
        while closed(why) == before:
            tick = loop.create_future()
            loop.call_later(0.02, tick.set_result, None)
            await tick

    play(scenario)


def test_a_big_answer_is_read_whole_by_a_client_that_reads(play):
    async def scenario() -> None:
        async with serving(*ROUTES, limits=QUICK) as server:
            reader, writer = await server.open()
            writer.write(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await answer_on(reader, len(BIG)) == (200, BIG)
            writer.close()

    play(scenario)


@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"y" * 9000 + b"\r\n",
        b"X: y\r\n" * 21,
    ],
    ids=["one long header", "many headers"],
)
def test_headers_beyond_their_size_are_refused(play, headers):
    async def scenario() -> None:
        async with serving(*ROUTES, limits=QUICK) as server:
            answer = await server.talk(b"GET /fine HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
            assert answer.startswith(b"HTTP/1.0 400 Bad Request\r\n")

    play(scenario)


def test_a_graceful_stop_finishes_what_is_in_flight_and_takes_nothing_new(play):
    async def scenario() -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()

        async def slow(_request: web.Request) -> web.Response:
            inside.set()
            await go_on.wait()
            return web.Response(text="done")

        async with serving(Route("GET", "/slow", slow, Audience.PUBLIC), grace=10) as server:
            reader, writer = await server.open()
            idle_reader, idle_writer = await server.open()
            writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            await inside.wait()
            server.stop.set()
            assert await until_closed(idle_reader) == b""
            assert await refuses(server)
            assert (await asyncio.wait({server.task}, timeout=0.1))[0] == set()
            go_on.set()
            assert await answer_on(reader) == (200, b"done")
            await server.task
            writer.close()
            idle_writer.close()

    async def refuses(server: Serving) -> bool:
        try:
            await server.open()
        except ConnectionRefusedError:
            return True
        return False

    play(scenario)


def test_a_stop_does_not_wait_longer_than_its_grace(play):
    async def scenario() -> None:
        inside = asyncio.Event()

        async def stuck(_request: web.Request) -> web.Response:
            inside.set()
            await asyncio.Event().wait()
            raise AssertionError

        stuck_route = Route("GET", "/stuck", stuck, Audience.PUBLIC)
        async with serving(stuck_route, grace=0.1) as server:
            reader, writer = await server.open()
            writer.write(b"GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
            await inside.wait()
            server.stop.set()
            assert await until_closed(reader) == b""
            await server.task
            writer.close()

    play(scenario)
