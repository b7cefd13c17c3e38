"""Pages, assets and probes as a browser or a watcher meets them."""

import asyncio
import re

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app import build_app
from bot.config import Config
from bot.handlers import pages
from bot.handlers.audience import Audience
from bot.handlers.surface import Route
from bot.routes import ROUTES
from bot.web import equipped
from tests.http.frame import NOON, client, serving


async def test_every_address_on_the_pages_answers(db, redis_url):
    async with (
        equipped(Config.read({}), redis_url, lambda: NOON) as deps,
        TestClient(TestServer(build_app(deps))) as http,
    ):
        found = set()
        for page in ("/", "/api/docs", "/nothing"):
            text = await (await http.get(page, headers={"Accept": "text/html"})).text()
            found |= set(re.findall(r'(?:href|src|action)="(/[^"]*)"', text))
        answers = {path: await http.get(path, allow_redirects=False) for path in found - {"/care"}}

    assert "/care" in found
    assert len(answers) >= 6
    # Members' pages send to the login whoever is not signed in.
    assert {a.status for path, a in answers.items() if path.startswith("/h5/")} <= {200, 302}
    assert {a.status for path, a in answers.items() if not path.startswith("/h5/")} == {200}


async def test_no_page_holds_a_script_or_a_style_of_its_own():
    async with serving() as server, client(server) as http:
        for page in ("/", "/api/docs", "/nothing"):
            text = await (await http.get(page, headers={"Accept": "text/html"})).text()
            loaded = re.sub(r'<script src="/a/[^"]+" defer></script>', "", text)
            assert re.findall(r"<script|<style|\sstyle=|\son\w+=", loaded) == []


async def test_who_comes_by_the_code_of_an_event_reads_which_one():
    async with serving() as server, client(server) as http:
        named, other, plain = [
            await (await http.get("/", params=query)).text()
            for query in ({"from": "fair-2026"}, {"from": "<b>Fair</b>"}, {})
        ]

    assert "欢迎参加活动（代号：fair-2026）。" in named
    assert ["欢迎参加活动" in page for page in (other, plain)] == [False, False]


async def test_the_document_page_shows_every_documented_route():
    async with serving() as server, client(server) as http:
        page = await (await http.get("/api/docs")).text()
        document = await (await http.get("/api/openapi.json")).json()

    told = [route for route in ROUTES if route.contract]
    assert [route.path for route in told if f"<code>{route.path}</code>" not in page] == []
    assert set(document["paths"]) == {route.path for route in told}


async def test_large_print_is_chosen_without_a_script_and_leads_back():
    async with serving() as server, client(server) as http:
        plain = await (await http.get("/")).text()
        choice = await http.post(
            "/care", data={"on": "1", "here": "/api/docs?a=1"}, allow_redirects=False
        )
        large = await (await http.get("/", headers={"Cookie": "care=1"})).text()

    cookie = choice.cookies["care"]
    assert (choice.status, choice.headers["Location"]) == (303, "/api/docs?a=1")
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("1", True, "Lax")
    assert ("大字版" in plain, "data-care" in plain) == (True, False)
    assert ("标准版" in large, '<html lang="zh-CN" data-care>' in large) == (True, True)


@pytest.mark.parametrize(
    "place",
    [
        "https://elsewhere.example",
        "//elsewhere.example/",
        "/\\elsewhere.example",
        "/\t/elsewhere.example",
        "http:elsewhere",
        "http://[",
        "api/docs",
        "/nothing",
        "/h5/logout",
        "",
    ],
)
async def test_the_switch_leads_nowhere_else(place):
    async with serving() as server, client(server) as http:
        form = {"on": "1", "here": place}
        answer = await http.post("/care", data=form, allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_what_was_said_over_a_redirect_is_shown_once_and_escaped():
    async def save(request: web.Request) -> web.Response:
        return pages.see_other(request, "/", said="<b>已保存，编号 1；谢谢。")

    save_route = Route("POST", "/save", save, Audience.PUBLIC)
    async with (
        serving(*ROUTES, save_route) as server,
        aiohttp.ClientSession(server.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        first = await (await http.post("/save")).text()
        second = await (await http.get("/")).text()

    assert "<p>&lt;b&gt;已保存，编号 1；谢谢。</p>" in first
    assert "已保存" not in second


async def test_an_asset_is_packed_kept_for_ever_and_not_sent_twice():
    async with serving() as server, client(server) as http:
        page = await (await http.get("/")).text()
        [path] = re.findall(r'href="(/a/weui\.[^"]+)"', page)
        sizes = {}
        for coding in ("br", "gzip", "identity", "br;q=0, gzip;q=0.5"):
            answer = await http.get(path, headers={"Accept-Encoding": coding})
            sizes[coding] = (answer.headers.get("Content-Encoding"), answer.content_length)
        again = await http.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        unknown = await http.get("/a/weui.000000000000.css")

    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert [coding for coding, _ in sizes.values()] == ["br", "gzip", None, "gzip"]
    assert sizes["br"][1] < sizes["gzip"][1] < sizes["identity"][1]
    assert (again.status, await again.read()) == (304, b"")
    assert unknown.status == 404


async def test_alive_and_ready_are_answered_within_two_seconds_while_a_check_hangs():
    async def fine() -> None:
        return

    checks = {"postgres": asyncio.Event().wait, "redis": fine}
    loop = asyncio.get_running_loop()

    async with serving(checks=checks) as server, client(server) as http:
        began = loop.time()
        ready = await http.get("/readyz")
        took = loop.time() - began
        alive = await http.get("/healthz")

        assert took < 2
        assert ready.status == 503
        assert await ready.json() == {
            "ready": False,
            "checks": {"postgres": "没有回应", "redis": "ok"},
        }
        assert (alive.status, await alive.json()) == (200, {"alive": True})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"on=1&here=/", "text/plain"),
        (b"on=%ff&here=/", "application/x-www-form-urlencoded"),
        (b"on=\xff&here=/", "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % n for n in range(201)), "application/x-www-form-urlencoded"),
        (b"on=1&on=0&here=/", "application/x-www-form-urlencoded"),
        (b"on=2&here=/", "application/x-www-form-urlencoded"),
        (b"on=1&here=/&more=1", "application/x-www-form-urlencoded"),
    ],
    ids=["type", "escape", "bytes", "fields", "twice", "choice", "more"],
)
async def test_a_form_that_no_page_of_ours_sends_is_refused(body, kind):
    async with serving() as server, client(server) as http:
        answer = await http.post("/care", data=body, headers={"Content-Type": kind})

    assert (answer.status, "Set-Cookie" in answer.headers) == (400, False)
