"""What the simulated phone can do besides talking: allow a message, scan from the menu."""

import json

import aiohttp
import pytest
from playwright.async_api import Page, expect

from bot.config import SANDBOX_APPID, SANDBOX_SECRET
from models import Job
from tests.browser.test_phone import first_line
from tests.conftest import NOW
from tests.house import open_house
from tests.waiting import until

pytestmark = pytest.mark.browser


@pytest.fixture
async def phone(db, redis_url, browser):
    async with open_house(redis_url, clock=lambda: NOW) as house:
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


async def test_a_menu_button_that_scans_tells_what_it_found(phone: Page):
    menu = [{"type": "scancode_waitmsg", "name": "扫码验真", "key": "scan"}]
    async with aiohttp.ClientSession() as http:
        await publish(http, phone.url, menu)
    await phone.get_by_role("button", name="扫码验真").first.click()

    await phone.get_by_label("二维码里的内容").first.fill("https://assoc.example/c/9f3K2a")
    await phone.get_by_role("button", name="扫描", exact=True).first.click()

    async def pushed() -> bool:
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{phone.url}_control/ledger?table=pushes") as answer,
        ):
            pushes = (await answer.json())["pushes"]
        return pushes[-1]["kind"] == "scancode_waitmsg" and "9f3K2a" in pushes[-1]["xml"]

    await until(pushed, "the scan to be told")


async def publish(http: aiohttp.ClientSession, base: str, buttons: list[dict]) -> None:
    owner = {"grant_type": "client_credential", "appid": SANDBOX_APPID, "secret": SANDBOX_SECRET}
    async with http.post(f"{base}cgi-bin/stable_token", json=owner) as answer:
        token = json.loads(await answer.text())["access_token"]
    body = json.dumps({"button": buttons}, ensure_ascii=False).encode()
    path = f"{base}cgi-bin/menu/create?access_token={token}"
    async with http.post(path, data=body) as answer:
        assert json.loads(await answer.text())["errcode"] == 0
