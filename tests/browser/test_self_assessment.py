"""Self-assessment on a phone: taps counted, each answer saved."""

from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from bot.services import drafts
from tests import people
from tests.browser.phone import Phone, faultless, forget, on_phone
from tests.conftest import NOW
from tests.doors import Doors, open_doors
from tests.packs import PUBLIC
from tests.service.test_self_assessments import CLEAN, CLEAN_TOTAL, Desk
from tests.service.test_self_assessments import firm as firm  # noqa: PLC0414  # a fixture
from tests.service.test_self_assessments import published as published  # noqa: PLC0414

pytestmark = pytest.mark.browser


@pytest.fixture
async def doors(db, redis_url):
    async with open_doors(redis_url, now=NOW) as opened:
        yield opened


class Answering(Phone):
    """Somebody who is at the self-assessment of an enterprise."""

    def __init__(self, page: Page, base: str, desk: Desk) -> None:
        super().__init__(page)
        self.base, self.desk = base, desk

    async def saved(self) -> None:
        await expect(self.page.locator("[data-saved]")).to_have_text("，已保存")


@pytest.fixture(scope="module")
async def page(browser):
    async with on_phone(browser) as page:
        yield page


@pytest.fixture
async def phone(doors: Doors, page: Page, firm: UUID):
    opened = await people.opened()
    await people.bind(opened.member.user_id, firm)
    with faultless(page):
        cookie = {"name": "session", "value": opened.token, "url": doors.url}
        await page.context.add_cookies([cookie])
        yield Answering(page, f"{doors.url}/h5/e/{firm}/self", Desk(firm, opened.member))
        await forget(page)


async def known_from_the_licence(phone: Answering) -> None:
    await phone.desk.answer(
        registration_status=CLEAN["registration_status"], founded_on=CLEAN["founded_on"]
    )


async def test_the_public_scheme_takes_no_more_than_25_taps(phone):
    await known_from_the_licence(phone)
    page = phone.page
    await page.goto(phone.base)
    await phone.press("接着答：公共信用自评", "link")
    for name in ("taxpayer", "business_licence", "filings", "grade_of_qualification"):
        await phone.choose(f"{name}.v", CLEAN[name]["v"])
    await phone.choose("special_permits.has", "no")
    await phone.choose("certificates.has", "yes")
    await page.locator('input[name="certificates.n"]').fill("2")  # typing is no tap
    await phone.press("下一页")
    for name in ("judgment_debtor", "lists", "penalties", "abnormal_shareholders"):
        await phone.choose(f"{name}.has", "no")
    await phone.press("下一页")
    await phone.choose("red_list.has", "yes")
    await phone.choose("red_list.a_level_taxpayer", "1")
    for name in ("passed_inspections", "government_awards", "subsidies"):
        await phone.choose(f"{name}.has", "no")
    await phone.choose("recognitions.has", "yes")
    await phone.choose("recognitions.high_tech", "1")
    await phone.choose("specialised.v", "没有认定")
    await phone.press("去核对")
    await phone.press("看结果")

    await expect(page.get_by_role("heading", name="自评结果")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text(f"自评 {CLEAN_TOTAL} 分")
    assert phone.taps <= 25


async def test_each_answer_is_saved_before_the_page_is_left(phone):
    await phone.page.goto(f"{phone.base}/{PUBLIC}/part/company")
    await phone.choose("taxpayer.v", "一般纳税人")
    await phone.saved()
    await phone.page.goto("about:blank")  # the battery is empty

    saved = await drafts.load(f"self:{PUBLIC}", phone.desk.firm)
    assert list(saved.fields) == ["taxpayer"]
    await phone.page.goto(f"{phone.base}/{PUBLIC}/part/company")
    await expect(phone.page.locator('input[name="taxpayer.v"]:checked')).to_have_value("一般纳税人")
    await expect(phone.page.locator("[data-answered]")).to_have_text("1")


async def test_details_unfold_under_yes_and_are_not_sent_under_no(phone):
    page = phone.page
    await page.goto(f"{phone.base}/{PUBLIC}/part/company")
    number = page.locator('input[name="certificates.n"]')
    await expect(number).to_be_hidden()
    await phone.choose("certificates.has", "yes")
    await expect(number).to_be_visible()
    await number.fill("3")
    await phone.choose("certificates.has", "no")
    await expect(number).to_be_hidden()
    await phone.press("下一页")

    await expect(page.get_by_role("heading", name="不良记录")).to_be_visible()
    assert (await phone.desk.walk()).items["certificates"].parts == {"has": "no"}


async def test_what_another_device_saved_is_told_at_once(phone):
    await phone.page.goto(f"{phone.base}/{PUBLIC}/part/company")
    colleague = await people.member()
    await people.bind(colleague.user_id, phone.desk.firm)
    await Desk(phone.desk.firm, colleague).answer(taxpayer={"v": "小规模纳税人"})
    await phone.choose("taxpayer.v", "一般纳税人")

    await expect(phone.page.locator("[data-saved]")).to_contain_text("您的同事刚刚改过这里")
    await phone.press("下一页")
    await expect(phone.page.locator("#clash")).to_contain_text("那边填的是：小规模纳税人")
    await phone.press("下一页")
    await expect(phone.page.get_by_role("heading", name="不良记录")).to_be_visible()
    assert (await phone.desk.walk()).items["taxpayer"].parts == {"v": "一般纳税人"}
