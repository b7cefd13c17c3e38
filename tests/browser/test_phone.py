"""The simulated phone, used as a newcomer uses it, against the real product."""

import pytest
from playwright.async_api import Page, expect

from bot.handlers.wechat.words import WORDS
from models import Contact
from tests.conftest import NOW
from tests.house import open_house

pytestmark = pytest.mark.browser


@pytest.fixture
async def phone_page(db, redis_url, browser):
    async with open_house(redis_url, clock=lambda: NOW) as house:
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        await page.goto(house.phone_page)
        yield page
        await page.close()


def first_line(name: str) -> str:
    return WORDS[name].splitlines()[0]


async def follow(page: Page) -> None:
    await page.get_by_role("button", name="关注", exact=True).first.click()
    await expect(page.locator("li[data-from=account]").last).to_contain_text(first_line("welcome"))


async def test_follow_hello_and_reply_are_seen_and_the_person_is_remembered(phone_page: Page):
    await follow(phone_page)

    await phone_page.get_by_label("发消息").first.fill("你好")
    await phone_page.get_by_role("button", name="发送").first.click()

    await expect(phone_page.locator("li[data-from=me]").last).to_contain_text("你好")
    answers = phone_page.locator("li[data-from=account]")
    await expect(answers).to_have_count(2)
    await expect(answers.last).to_contain_text("发“帮助”：看能办什么")
    assert await Contact.all().values_list("first_seen_at", "followed_at") == [(NOW, NOW)]


async def test_a_tap_on_the_menu_is_answered(phone_page: Page):
    await follow(phone_page)

    await phone_page.get_by_role("button", name="联系电话").first.click()

    await expect(phone_page.locator("li[data-from=account]").last).to_contain_text("010-88653588")


async def test_a_new_phone_can_be_added_and_leaving_is_possible(phone_page: Page):
    await follow(phone_page)
    await phone_page.get_by_label("姓名").fill("赵敏")
    await phone_page.get_by_role("button", name="添加一部手机").click()
    await expect(phone_page.locator("section[data-phone]")).to_have_count(6)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_phone_page_has_no_accessibility_fault(phone_page: Page, violations, scheme):
    await phone_page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await follow(phone_page)

    assert await violations(phone_page) == []
