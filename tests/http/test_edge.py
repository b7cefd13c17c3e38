"""Around every request: headers, request id, refusals, crashes, log lines, metrics."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from pydantic import Field
from yarl import URL

from bot import telemetry
from bot.config import Config
from bot.domain.errors import BadInput, NotFound, Stale
from bot.handlers import forms
from bot.handlers.audience import Audience
from bot.handlers.headers import policy
from bot.handlers.surface import Contract, Route
from tests.http.frame import NOON, caught_logs, client, serving

MARKER = "marker-7f3a-of-a-secret"
EVERY_ANSWER = {
    "Content-Security-Policy": policy(Config()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Server": "credit",
    "Cache-Control": "no-store",
}
HTML = {"Accept": "text/html"}


class Order(forms.Input):
    count: int = Field(ge=1, le=9)
    name: str = Field(max_length=5)


async def fine(_request: web.Request) -> web.Response:
    return web.Response(text="fine")


async def crash(request: web.Request) -> web.Response:
    await request.read()
    password = MARKER
    raise RuntimeError(f"token={password}")


async def refuse(_request: web.Request) -> web.Response:
    raise Stale


async def away(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/fine")


async def order(request: web.Request) -> web.Response:
    return web.Response(text=str(forms.body(request, Order).count))


async def search(request: web.Request) -> web.Response:
    return web.Response(text=forms.query(request, Order).name)


ROUTES = (
    Route("GET", "/fine", fine, Audience.PUBLIC),
    Route("POST", "/crash/{what}", crash, Audience.PUBLIC),
    Route("POST", "/api/crash", crash, Audience.PUBLIC),
    Route("GET", "/api/stale", refuse, Audience.PUBLIC),
    Route("GET", "/away", away, Audience.PUBLIC),
    Route("POST", "/api/orders", order, Audience.PUBLIC, Contract("下单", body=Order)),
    Route("GET", "/api/orders", search, Audience.PUBLIC, Contract("找单", query=Order)),
    Route("GET", "/api/mine", fine, Audience.MEMBER),
    Route("GET", "/api/desk", fine, Audience.STAFF),
)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fine", 200),
        ("HEAD", "/fine", 200),
        ("GET", "/away", 302),
        ("GET", "/nothing", 404),
        ("DELETE", "/fine", 405),
        ("GET", "/api/stale", 409),
        ("POST", "/crash/x", 500),
        ("POST", "/api/orders", 400),
    ],
)
async def test_every_answer_carries_every_security_header(method, path, status):
    with caught_logs():
        async with serving(*ROUTES) as server, client(server) as http:
            answer = await http.request(method, path, allow_redirects=False)

    assert answer.status == status
    assert {name: answer.headers.get(name) for name in EVERY_ANSWER} == EVERY_ANSWER
    assert "Strict-Transport-Security" not in answer.headers


async def test_what_is_not_http_is_refused_in_our_words_with_every_header():
    with caught_logs() as logs:
        async with serving(*ROUTES) as server:
            answer = await server.talk(MARKER.encode() + b" / NOT-HTTP\r\n\r\n")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 400 Bad Request\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert {name: headers.get(name) for name in EVERY_ANSWER} == EVERY_ANSWER
    assert MARKER.encode() not in answer + logs.raw
    assert body.decode() == (
        '{"error":{"code":"bad_input","message":"填写的内容有误，请检查后再提交。"}}'
    )


async def test_a_public_address_with_https_asks_browsers_to_stay_on_https():
    config = Config(public_url="https://credit.example.org")

    async with serving(*ROUTES, config=config) as server, client(server) as http:
        answer = await http.get("/nothing")

    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


async def test_the_request_id_is_in_the_answer_and_in_the_log_line():
    with caught_logs() as logs:
        async with serving(*ROUTES) as server, client(server) as http:
            answers = [await http.get("/fine?q=" + MARKER) for _ in range(3)]

    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(ids)) == 3
    assert all(len(one) == 16 for one in ids)
    assert [line["request_id"] for line in logs.named("answered")] == ids


async def test_the_access_line_holds_the_template_and_nothing_of_the_request():
    with caught_logs() as logs:
        async with serving(*ROUTES) as server, client(server) as http:
            answer = await http.post(f"/crash/{MARKER}?q={MARKER}", data=MARKER)

    [line] = logs.named("answered")
    took = line.pop("ms")
    assert isinstance(took, float)
    assert line == {
        "event": "answered",
        "level": "info",
        "method": "POST",
        "route": "/crash/{what}",
        "status": 500,
        "request_id": answer.headers["X-Request-Id"],
        "timestamp": NOON.isoformat(),
    }


@pytest.mark.parametrize(
    ("proxies", "given", "kept"),
    [(1, "proxy-id-0001", True), (0, "proxy-id-0001", False), (1, "x y", False)],
)
async def test_an_id_is_taken_only_from_our_own_proxy(proxies, given, kept):
    config = Config(trusted_proxies=proxies)

    async with serving(*ROUTES, config=config) as server, client(server) as http:
        answer = await http.get("/fine", headers={"X-Request-Id": given})

    assert (answer.headers["X-Request-Id"] == given) is kept


@pytest.mark.parametrize("path", ["/crash/x", "/api/crash"])
async def test_a_bug_is_logged_once_with_its_stack_and_the_asker_learns_nothing(path):
    with caught_logs() as logs:
        async with serving(*ROUTES) as server, client(server) as http:
            answer = await http.post(path, data=MARKER, headers=HTML if "x" in path else {})
            text = await answer.text()

    [line] = logs.named("crashed")
    assert answer.status == 500
    assert "系统出了问题" in text
    assert "RuntimeError" not in text
    assert MARKER not in text
    assert MARKER.encode() not in logs.raw
    assert line["error"] == "RuntimeError: token=***"
    assert line["stack"][-1].endswith(" crash")
    assert line["request_id"] == answer.headers["X-Request-Id"]


async def test_programs_get_json_and_people_get_a_page_with_the_request_id():
    async with serving(*ROUTES) as server, client(server) as http:
        program = await http.get("/api/stale")
        person = await http.get("/nothing", headers=HTML)
        page = await person.text()

    assert await program.json() == {"error": {"code": "stale", "message": Stale.message}}
    assert person.content_type == "text/html"
    assert person.headers["X-Request-Id"] in page
    assert NotFound.message in page


async def test_a_member_without_a_session_is_told_to_sign_in():
    async with serving(*ROUTES) as server, client(server) as http:
        answer = await http.get("/api/mine")

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_an_audience_that_cannot_prove_itself_yet_is_told_there_is_nothing():
    async with serving(*ROUTES) as server, client(server) as http:
        answer = await http.get("/api/desk")

    assert answer.status == 404
    assert await answer.json() == {"error": {"code": "not_found", "message": NotFound.message}}


async def test_a_wrong_method_says_which_are_right():
    async with serving(*ROUTES) as server, client(server) as http:
        answer = await http.delete("/api/orders")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD,POST")
    assert (await answer.json())["error"]["code"] == "method_not_allowed"


async def named(request: web.Request) -> web.Response:
    return web.Response(text=request.match_info["number"])


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/n/2026.json?t=a/b", 200, "2026.json"),
        ("/n/20%2026", 200, "20 26"),
        ("/n/", 404, None),
        ("/n/1/2", 404, None),
    ],
)
async def test_a_route_at_hand_takes_what_a_search_would_find(path, status, told):
    found = []
    for at_hand in (True, False):
        route = Route("GET", "/n/{number}", named, Audience.PUBLIC, at_hand=at_hand)
        async with serving(route) as server, client(server) as http:
            got = await http.get(URL(path, encoded=True))
            text = await got.text() if got.status == 200 else None
            found.append((got.status, text, (await http.post("/n/1")).status))

    assert found == [(status, told, 405)] * 2


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("OPTIONS * HTTP/1.1", 404),
        ("TRACE /fine HTTP/1.1", 405),
        ("GET //fine HTTP/1.1", 404),
        ("GET http://elsewhere HTTP/1.1", 404),
        ("GET http://elsewhere?q=1 HTTP/1.1", 404),
        ("CONNECT elsewhere:443 HTTP/1.1", 404),
        (f"GET {'/a' * 4000} HTTP/1.1", 404),
        (f"GET /fine{'/' * 8000} HTTP/1.1", 404),
    ],
)
async def test_what_no_route_takes_is_refused_in_our_words_and_written_down(line, status):
    with caught_logs() as logs:
        async with serving(*ROUTES) as server:
            told = await server.talk(f"{line}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    [answered] = logs.named("answered")
    assert told.startswith(f"HTTP/1.1 {status} ".encode())
    assert f"X-Request-Id: {answered['request_id']}\r\n".encode() in told
    assert (answered["route"], answered["status"]) == ("unmatched", status)
    assert answered["method"] == ("other" if line[0] in "TC" else line.split()[0])


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        (
            {"count": 1, "name": "甲", "grade": "AAA"},
            "grade",
            "“grade”不在可提交的内容之列，请去掉。",
        ),
        ({"count": 0, "name": "甲"}, "count", "“count”太小，不能小于 1。"),
        ({"count": 1}, "name", "缺少“name”，请补上。"),
        ({"count": 1, "name": MARKER}, "name", "“name”太长，最多 5 个字。"),
        ({"count": MARKER, "name": "甲"}, "count", "“count”的内容不对，请检查后再提交。"),
        ({"count": 1, "name": "甲", "bad key": 1}, None, BadInput.message),
    ],
)
async def test_bad_input_is_named_by_field_and_never_repeated(sent, field, message):
    with caught_logs() as logs:
        async with serving(*ROUTES) as server, client(server) as http:
            answer = await http.post("/api/orders", json=sent)
            text = await answer.text()
            error = (await answer.json())["error"]

    assert answer.status == 400
    assert error == {"code": "bad_input", "message": message} | ({"field": field} if field else {})
    assert MARKER not in text
    assert MARKER.encode() not in logs.raw


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (b"{", "application/json", "内容不是完整的 JSON，请检查格式。"),
        (b"{}", "text/plain", "请以 JSON 格式提交（Content-Type: application/json）。"),
    ],
)
async def test_what_is_not_json_is_refused(data, kind, message):
    async with serving(*ROUTES) as server, client(server) as http:
        answer = await http.post("/api/orders", data=data, headers={"Content-Type": kind})

    assert (answer.status, (await answer.json())["error"]["message"]) == (400, message)


async def test_declared_input_reaches_the_handler_typed():
    async with serving(*ROUTES) as server, client(server) as http:
        body = await http.post("/api/orders", json={"count": 3, "name": "甲"})
        query = await http.get("/api/orders?count=3&name=乙")
        twice = await http.get("/api/orders?count=3&count=4&name=乙")

    assert (await body.text(), await query.text()) == ("3", "乙")
    assert (await twice.json())["error"] == {
        "code": "bad_input",
        "message": "同一项填写了两次，请只保留一次。",
        "field": "count",
    }


async def test_metrics_count_by_template_method_and_class_of_status():
    labels = {"route": "/api/stale", "method": "GET", "status": "4xx"}
    before = telemetry.REGISTRY.get_sample_value("http_request_seconds_count", labels) or 0.0
    runner = await telemetry.serve_metrics("127.0.0.1", 0)
    host, port = runner.addresses[0]

    async with serving(*ROUTES) as server, client(server) as http:
        await http.get("/api/stale")
        async with aiohttp.ClientSession(f"http://{host}:{port}") as private:
            text = await (await private.get("/metrics")).text()
            elsewhere = (await private.get("/")).status
    await runner.cleanup()

    line = (
        f'http_request_seconds_count{{method="GET",route="/api/stale",status="4xx"}} {before + 1}'
    )
    assert line in text.splitlines()
    assert elsewhere == 404


async def test_a_lifespan_is_open_for_every_answer_and_closes_after_the_last():
    seen = []
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def pool(_app: web.Application) -> AsyncIterator[None]:
        seen.append("open")
        yield
        seen.append("closed")

    async def slow(_request: web.Request) -> web.Response:
        inside.set()
        await go_on.wait()
        seen.append("answered")
        return web.Response()

    route = Route("GET", "/slow", slow, Audience.PUBLIC)
    async with serving(route, lifespan=[pool], grace=5) as server, client(server) as http:
        asking = asyncio.create_task(http.get("/slow"))
        await inside.wait()
        server.stop.set()
        go_on.set()
        status = (await asking).status

    assert status == 200
    assert seen == ["open", "answered", "closed"]


async def test_what_is_shown_is_escaped():
    async def nasty(_request: web.Request) -> web.Response:
        raise BadInput("<script>alert(1)</script>")

    async with (
        serving(Route("GET", "/nasty", nasty, Audience.PUBLIC)) as server,
        client(server) as http,
    ):
        page = await (await http.get("/nasty", headers=HTML)).text()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page


async def test_an_answer_that_breaks_in_the_middle_is_hung_up_not_patched():
    async def half(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100"})
        await answer.prepare(request)
        await answer.write(b"half")
        raise RuntimeError

    with caught_logs() as logs:
        async with serving(Route("GET", "/half", half, Audience.PUBLIC)) as server:
            answer = await server.talk(b"GET /half HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.partition(b"\r\n\r\n")[2] == b"half"
    assert len(logs.named("crashed")) == 1


@pytest.mark.parametrize(
    ("expect", "first"), [(b"100-continue", b"HTTP/1.1 100 "), (MARKER.encode(), b"HTTP/1.1 400 ")]
)
async def test_an_expectation_is_met_or_ignored_but_never_repeated(expect, first):
    head = b"POST /api/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n"
    kind = b"Content-Type: application/json\r\nExpect: " + expect + b"\r\n\r\n{}"

    async with serving(*ROUTES) as server:
        answer = await server.talk(head + kind)

    assert answer.startswith(first)
    assert "缺少“count”".encode() in answer
    assert MARKER.encode() not in answer


async def test_asking_for_input_that_the_route_does_not_declare_is_a_bug():
    with caught_logs() as logs:
        async with (
            serving(Route("POST", "/api/orders", order, Audience.PUBLIC)) as server,
            client(server) as http,
        ):
            answer = await http.post("/api/orders", json={"count": 1, "name": "甲"})

    assert answer.status == 500
    assert [line["error"] for line in logs.named("crashed")] == [
        "TypeError: the route declares no Order"
    ]


async def test_a_handler_that_answers_nothing_is_a_logged_bug():
    async def silent(_request: web.Request) -> None:
        return

    with caught_logs() as logs:
        async with (
            serving(Route("GET", "/api/silent", silent, Audience.PUBLIC)) as server,
            client(server) as http,
        ):
            answer = await http.get("/api/silent")
            error = (await answer.json())["error"]["code"]

    assert (answer.status, error) == (500, "internal")
    assert answer.headers["Content-Security-Policy"] == policy(Config())
    assert [line["status"] for line in logs.named("answered")] == [500]
    assert len(logs.named("answer_failed")) == 1
