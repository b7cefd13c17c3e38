"""Every page in a real browser: accessible, within the screen, and usable without a script."""

import socket
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.app import build_app
from bot.handlers.audience import Audience
from bot.handlers.surface import Route
from bot.routes import ROUTES
from tests.http.frame import make_deps

pytestmark = pytest.mark.browser

PAGES = {"home": "/", "missing": "/nothing", "crash": "/crash", "docs": "/api/docs"}
LOOKS = {"light": ("light", False), "dark": ("dark", False), "care": ("light", True)}


async def crash(_request: web.Request) -> web.Response:
    raise RuntimeError


@pytest.fixture(scope="module")
async def site():
    routes = (*ROUTES, Route("GET", "/crash", crash, Audience.PUBLIC))
    runner = web.AppRunner(build_app(make_deps(), routes=routes))
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, sock).start()
    yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    await runner.cleanup()


@asynccontextmanager
async def page_of(browser, site, *, scheme="light", care=False, width=390, scripts=True):
    context = await browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, java_script_enabled=scripts
    )
    if care:
        await context.add_cookies([{"name": "care", "value": "1", "url": site}])
    try:
        yield await context.new_page()
    finally:
        await context.close()


@pytest.mark.parametrize("look", LOOKS)
async def test_no_page_has_an_accessibility_fault(browser, site, violations, look):
    scheme, care = LOOKS[look]

    async with page_of(browser, site, scheme=scheme, care=care) as page:
        found = {}
        for name, path in PAGES.items():
            await page.goto(site + path)
            found[name] = await violations(page)

    assert found == {name: [] for name in PAGES}


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("care", [False, True], ids=["plain", "care"])
async def test_nothing_is_wider_than_the_screen(browser, site, width, care):
    wider = """[...document.querySelectorAll('body, main, .card, .cells, .bar')]
        .filter(e => e.scrollWidth > e.clientWidth).map(e => e.outerHTML.slice(0, 80))"""

    async with page_of(browser, site, width=width, care=care) as page:
        found = {}
        for name, path in PAGES.items():
            await page.goto(site + path)
            found[name] = await page.evaluate(wider)

    assert found == {name: [] for name in PAGES}


@pytest.mark.parametrize(("care", "side"), [(False, 44), (True, 60)], ids=["plain", "care"])
async def test_everything_to_tap_is_big_enough(browser, site, care, side):
    small = f"""[...document.querySelectorAll('button, .cell, .main, .brand')]
        .filter(e => e.getBoundingClientRect().height < {side}).map(e => e.outerHTML)"""

    async with page_of(browser, site, care=care) as page:
        await page.goto(site + PAGES["missing"])
        assert await page.evaluate(small) == []


async def test_no_page_breaks_the_content_security_policy(browser, site):
    said = []

    async with page_of(browser, site) as page:
        page.on("console", lambda message: said.append((message.text, "")))
        page.on("requestfailed", lambda request: said.append((request.url, request.failure)))
        for name in ("home", "docs"):
            await page.goto(site + PAGES[name])

    # A picture that the next page cut off is no breach.
    assert [one for one in said if "ERR_ABORTED" not in one[-1]] == []


async def test_large_print_works_without_a_script_and_is_kept(browser, site):
    size = "getComputedStyle(document.querySelector('main')).fontSize"

    async with page_of(browser, site) as page:
        await page.goto(site + "/api/docs")
        before = await page.evaluate(size)
        await page.get_by_role("button", name="大字版").click()
        after = (page.url, await page.evaluate(size))
        await page.goto(site + "/")
        kept = await page.evaluate(size)
        await page.get_by_role("button", name="标准版").click()
        back = await page.evaluate(size)

    assert (before, after, kept, back) == ("16px", (site + "/api/docs", "21px"), "21px", "16px")


async def test_the_switch_works_with_scripts_turned_off(browser, site):
    async with page_of(browser, site, scripts=False) as page:
        await page.goto(site)
        await page.get_by_role("button", name="大字版").click()
        assert await page.get_by_role("button", name="标准版").count() == 1


async def test_the_first_tab_stop_leads_to_the_content(browser, site):
    async with page_of(browser, site) as page:
        await page.goto(site)
        await page.keyboard.press("Tab")
        skip = await page.evaluate("document.activeElement.textContent")
        await page.keyboard.press("Enter")
        assert (skip, page.url) == ("跳到正文", site + "/#content")
