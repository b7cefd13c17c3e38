"""Logging in on a real phone's terms: Chromium, the simulated WeChat's page, our cookies."""

import pytest
from playwright.async_api import Page, expect

from models import Identity, Session
from tests.browser.phone import forget
from tests.conftest import NOW
from tests.doors import LI, Doors, open_doors

pytestmark = pytest.mark.browser


@pytest.fixture
async def doors(db, redis_url):
    async with open_doors(redis_url, now=NOW) as opened:
        yield opened


@pytest.fixture(scope="module")
async def tab(browser):
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def page(doors, tab):
    yield tab
    await forget(tab)


async def sign_in(doors: Doors, page: Page) -> None:
    await page.goto(f"{doors.url}/h5/me")
    await enter(page)


async def enter(page: Page) -> None:
    await page.get_by_role("link", name="李秀英（会计）").click()
    asked, home = page.get_by_role("button", name="同意，继续"), page.get_by_text("您已登录")
    await expect(asked.or_(home)).to_be_visible()
    if await asked.is_visible():  # the first time
        await asked.click()
    await expect(page.get_by_role("heading", name="您已登录")).to_be_visible()


async def test_from_a_members_page_through_wechat_and_back_and_out_again(doors, page):
    await sign_in(doors, page)

    assert page.url == f"{doors.url}/h5/me"
    assert await Identity.all().values_list("openid", flat=True) == [LI]
    assert await page.evaluate("document.cookie") == ""  # no script can read a session

    await page.get_by_role("button", name="退出登录", exact=True).click()

    await expect(page.get_by_role("heading", name="让诚信的企业被看见")).to_be_visible()
    assert await Session.filter(ended_at=None).count() == 0
    await page.goto(f"{doors.url}/h5/me")
    await expect(page.get_by_role("heading", name="中小企业信用服务 申请登录")).to_be_visible()


async def test_signing_out_everywhere_reaches_the_other_browser(doors, page, browser):
    await sign_in(doors, page)
    other = await browser.new_context()
    elsewhere = await other.new_page()
    await sign_in(doors, elsewhere)

    await page.get_by_role("button", name="退出所有设备上的登录").click()
    await expect(page.get_by_role("heading", name="让诚信的企业被看见")).to_be_visible()

    await elsewhere.reload()
    await expect(elsewhere.get_by_role("link", name="李秀英（会计）")).to_be_visible()
    await other.close()


@pytest.mark.parametrize(
    ("choice", "words"), [("李秀英的快照页", "使用完整服务"), ("不同意", "您没有同意登录")]
)
async def test_who_is_not_let_in_reads_why_and_can_try_again(doors, page, choice, words):
    await page.goto(f"{doors.url}/h5/me")
    await page.get_by_role("link", name=choice).click()
    await expect(page.get_by_role("main")).to_contain_text(words)

    await page.get_by_role("link", name="重新登录").click()
    await enter(page)


async def test_the_simulated_page_that_asks_has_no_accessibility_fault(doors, page, violations):
    await page.goto(f"{doors.url}/h5/me")

    assert await violations(page) == []
