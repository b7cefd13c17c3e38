"""What the simulated phone can do besides talking: allow a message, scan, send a picture."""

import json
from base64 import b64decode

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from bot.config import SANDBOX_APPID, SANDBOX_SECRET
from bot.domain.sessions import Door
from bot.services import sessions
from bot.services.sessions import Known
from models import Certificate, Job
from tests import people
from tests.browser.test_phone import first_line
from tests.conftest import NOW
from tests.doors import WANG
from tests.house import open_house
from tests.http.test_chat_lookups import NAME, Chat, chat, photo  # noqa: F401  # a fixture
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


async def test_a_picture_of_a_certificate_that_is_sent_is_answered_valid(chat, browser):  # noqa: F811
    page, link = await certified_phone(chat, browser)
    code = {"name": "证书.jpg", "mimeType": "image/jpeg", "buffer": b64decode(photo(link))}

    await page.get_by_label("要发的图片").first.set_input_files(code)
    await expect(page.locator("li[data-from=account]").last).to_contain_text("图片收到了")
    await chat.later()

    await expect(page.locator("li[data-from=account]").last).to_contain_text("证书有效")
    shown = page.locator("li[data-from=me] img").last
    assert await shown.evaluate("one => one.decode().then(() => one.naturalWidth > 100)")
    await page.close()


async def test_the_corner_opens_what_the_code_of_a_certificate_says(chat, browser):  # noqa: F811
    page, link = await certified_phone(chat, browser)
    code = {"name": "c.jpg", "mimeType": "image/jpeg", "buffer": b64decode(photo(link))}

    await page.get_by_role("button", name="扫一扫").first.click()
    await page.get_by_label("或者选一张二维码的图片").first.set_input_files(code)
    await expect(page.get_by_label("二维码里的内容").first).to_have_value(link)
    async with page.context.expect_page() as opened:
        await page.get_by_role("button", name="扫描", exact=True).first.click()

    assert (await opened.value).url == link
    await page.close()


async def certified_phone(chat: Chat, browser: Browser) -> tuple[Page, str]:  # noqa: F811
    """The phone of somebody who follows, and the address in a certificate's code."""
    number = await chat.certificate(await people.enterprise(NAME))
    token = (await Certificate.get(number=number)).token
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(chat.doors.wechat)
    return page, chat.url(f"/v/{number}?t={token}")


@pytest.mark.parametrize("tapped", ["允许", "拒绝"])
async def test_a_page_of_the_product_asks_in_the_popup_of_the_phone(
    chat,  # noqa: F811
    browser,
    tapped,
):
    """The real JS-SDK, with a signature that the simulated WeChat has checked."""
    mine = await people.enterprise(NAME)
    await chat.certificate(mine)
    who = await sessions.sign_in(Known(SANDBOX_APPID, WANG), Door.H5, now=NOW)
    await people.agree(who.member.user_id)
    await people.bind(who.member.user_id, mine)
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    await context.add_cookies([{"name": "session", "value": who.token, "url": chat.doors.url}])
    page = await context.new_page()
    await page.goto(chat.url(f"/h5/e/{mine}/certificates"))

    await page.get_by_role("button", name="到期前提醒我").click()
    await page.get_by_label("谁的手机").select_option(WANG)
    await page.get_by_role("button", name=tapped, exact=True).click()

    async def told() -> bool:
        return await Job.filter(kind="grants.take").exists()

    await until(told, "the event of the popup")
    [payload] = await Job.filter(kind="grants.take").values_list("payload", flat=True)
    status = "accept" if tapped == "允许" else "reject"
    chosen = payload["fields"]["SubscribeMsgPopupEvent"]["List"]
    assert payload["openid"] == WANG
    assert {one["TemplateId"]: one["SubscribeStatusString"] for one in chosen} == dict.fromkeys(
        ("certificate_expires", "annual_review_due"), status
    )
    thanks = page.get_by_text("好的，到期前会在微信里提醒您。")
    await expect(thanks).to_have_count(1 if tapped == "允许" else 0)
    await context.close()
