"""The popup that asks for a subscription message, on the simulated phone."""

import pytest
from playwright.async_api import Page, expect

from models import Job
from tests.browser.test_phone import first_line
from tests.conftest import NOW
from tests.house import open_house

pytestmark = pytest.mark.browser


@pytest.fixture
async def phone(db, redis_url, browser):
    async with open_house(redis_url, now=NOW) as house:
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        await page.goto(house.phone_page)
        await page.get_by_role("button", name="关注", exact=True).first.click()
        await expect(page.locator("li[data-from=account]").last).to_contain_text(
            first_line("welcome")
        )
        yield page
        await page.close()
        await house.redis.flushdb()  # the clock stands still: the next follower would be a repeat


async def open_popup(page: Page) -> None:
    await page.get_by_role("button", name="更多").first.click()
    await page.get_by_role("button", name="订阅消息").first.click()


async def test_allowing_is_shown_and_told_to_the_product(phone: Page):
    await open_popup(phone)
    await phone.get_by_label("消息模板的编号").first.fill("case_moved")
    await phone.get_by_role("button", name="允许").first.click()
    await expect(phone.locator("li[data-kind=note]").last).to_contain_text("允许接收订阅消息")

    await open_popup(phone)

    await expect(phone.locator(".consents").first).to_have_text("已允许：case_moved（还可收 1 次）")
    payloads = await Job.filter(kind="grants.take").values_list("payload", flat=True)
    assert [one["fields"]["Event"] for one in payloads] == ["subscribe_msg_popup_event"]


async def test_refusing_allows_nothing(phone: Page):
    await open_popup(phone)
    await phone.get_by_label("消息模板的编号").first.fill("case_moved")
    await phone.get_by_role("button", name="拒绝").first.click()
    await expect(phone.locator("li[data-kind=note]").last).to_contain_text("拒绝接收订阅消息")

    await open_popup(phone)

    await expect(phone.locator(".consents").first).to_have_text("还没有允许过任何消息。")


async def test_the_popup_has_no_accessibility_fault(phone: Page, violations):
    await open_popup(phone)
    await phone.evaluate("Promise.all(document.getAnimations().map(one => one.finished))")

    assert await violations(phone) == []
