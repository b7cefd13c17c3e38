"""Logging in on a real phone's terms: Chromium, the simulated WeChat's page, our cookies."""

import pytest
from playwright.async_api import Page, expect

from models import Identity, Session
from tests.conftest import NOW
from tests.doors import LI, Doors, open_doors

pytestmark = pytest.mark.browser


@pytest.fixture
async def doors(db, redis_url):
    async with open_doors(redis_url, now=NOW) as opened:
        yield opened


@pytest.fixture
async def page(doors, browser):
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    yield await context.new_page()
    await context.close()


async def sign_in(doors: Doors, page: Page) -> None:
    await page.goto(f"{doors.url}/h5/me")
    await page.get_by_role("link", name="李秀英（会计）").click()
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
    await page.get_by_role("link", name="李秀英（会计）").click()

    await expect(page.get_by_role("heading", name="您已登录")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_of_the_login_has_an_accessibility_fault(doors, page, violations, scheme):
    await page.emulate_media(color_scheme=scheme)
    found = {}
    await page.goto(f"{doors.url}/h5/me")
    found["asked"] = await violations(page)
    await page.get_by_role("link", name="不同意").click()
    found["failed"] = await violations(page)
    await sign_in(doors, page)
    found["me"] = await violations(page)

    assert found == {"asked": [], "failed": [], "me": []}


async def test_everything_to_tap_is_big_enough_and_nothing_is_wider_than_the_screen(doors, page):
    small = "[...document.querySelectorAll('button, a.main')].map(e => [e.textContent.trim(), e.getBoundingClientRect().height >= 44])"  # noqa: E501
    wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.goto(f"{doors.url}/h5/login/return")
    failed = dict(await page.evaluate(small)), await page.evaluate(wider)
    await sign_in(doors, page)
    me = dict(await page.evaluate(small)), await page.evaluate(wider)

    assert failed == ({"大字版": True, "重新登录": True}, False)
    buttons = {"大字版": True, "退出登录": True, "退出所有设备上的登录": True}
    assert me == (buttons, False)
