"""Applying on a phone with a script: every upload has its bar, and the buttons lead to the end."""

import pytest
from PIL import Image
from playwright.async_api import expect

from bot.domain.actors import Staff
from bot.services import case_intake
from bot.services.case_materials import MOST_FILES
from bot.services.file_uploads import PART_BYTES
from bot.services.idempotency import InProgress
from models import CreditCase
from tests import applying, papers, people
from tests.browser.phone import Phone, faultless, forget, hand_in, on_phone
from tests.browser.site import open_site
from tests.conftest import NOW

pytestmark = pytest.mark.browser


@pytest.fixture
async def site(db, redis_url):
    async with open_site(redis_url) as opened:
        yield opened


@pytest.fixture(scope="module")
async def phone(browser):
    async with on_phone(browser) as page:
        yield page


@pytest.fixture
async def page(site, phone):
    with faultless(phone):
        yield phone
        await forget(phone)


@pytest.fixture
def large(tmp_path):
    """A photograph of more than two parts, with nothing wrong."""
    noise = Image.effect_noise((2000, 2000), 60).convert("RGB")
    papers.stamp(noise)
    path = tmp_path / "image.jpg"
    noise.save(path, quality=97)
    return path


async def test_an_upload_goes_on_after_the_network_was_gone_and_after_a_reload(site, page, large):
    opened = await people.opened()
    cookie = {"name": "session", "value": opened.token, "url": site.url}
    await page.context.add_cookies([cookie])
    firm = await applying.ready(opened.member)
    desk = applying.Desk(firm, opened.member, None)
    case = await desk.begin()
    place = f"{site.url}/h5/e/{firm}/cases/{case}/papers/capital"
    sent, broken = [], {"left": 0}

    async def part(route):
        start = int(route.request.url.rsplit("/", 1)[1])
        if start and broken["left"]:
            broken["left"] -= 1
            await route.abort()
            return
        sent.append(start)
        await route.continue_()

    await page.route("**/uploads/*/parts/*", part)
    broken["left"] = 100
    await page.goto(place)
    await page.locator('input[type="file"]').set_input_files(large)
    await page.get_by_role("button", name="上传并检查").click()
    await page.get_by_text("网络断了，正在重新连接").wait_for()
    await page.reload()
    await expect(page.get_by_role("main")).to_contain_text("“image.jpg”上次没有传完")
    broken["left"] = 1  # once more, and this time it comes back by itself
    await page.locator('input[type="file"]').set_input_files(large)
    await page.get_by_role("button", name="上传并检查").click()
    await page.get_by_role("status").get_by_text("已收到 1 个文件").wait_for()

    size = large.stat().st_size
    assert size > 2 * PART_BYTES
    assert sent == list(range(0, size, PART_BYTES))  # each of them once
    found = (await desk.show(case)).document("capital")
    assert [one.name for one in found.papers] == ["image.jpg"]


@pytest.fixture
async def paper(site, page):
    """The page of a document that waits for its files; whose it is comes with it."""
    opened = await people.opened()
    cookie = {"name": "session", "value": opened.token, "url": site.url}
    await page.context.add_cookies([cookie])
    firm = await applying.ready(opened.member)
    desk = applying.Desk(firm, opened.member, None)
    case = await desk.begin()
    await page.goto(f"{site.url}/h5/e/{firm}/cases/{case}/papers/capital")
    return desk, case


def photo(number: int) -> dict[str, object]:
    return {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": applying.page(number)}


async def test_an_upload_that_is_still_being_checked_is_asked_for_again(page, paper):
    desk, case = paper
    asked = []

    async def finish(route):
        asked.append(route.request.url)
        if len(asked) == 1:  # as after a line that was lost while the file is looked at
            error = {"code": InProgress.code, "message": InProgress.message}
            await route.fulfill(status=409, json={"error": error})
            return
        await route.continue_()

    await page.route("**/uploads/*/finish", finish)
    await page.locator('input[type="file"]').set_input_files([photo(1)])
    await page.get_by_role("button", name="上传并检查").click()
    await page.get_by_role("status").get_by_text("已收到 1 个文件").wait_for()

    assert len(asked) == 2
    assert len(set(asked)) == 1
    assert len((await desk.show(case)).document("capital").papers) == 1


async def test_as_many_photographs_as_a_document_may_have_are_handed_in_at_once(page, paper):
    desk, case = paper
    choose = page.locator('input[type="file"]')

    await choose.set_input_files([photo(n) for n in range(MOST_FILES + 1)])
    await page.get_by_role("button", name="上传并检查").click()
    said = f"一次最多选 {MOST_FILES} 个文件，您选了 {MOST_FILES + 1} 个。"
    await expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()
    await choose.set_input_files([photo(n) for n in range(MOST_FILES)])
    await page.get_by_role("button", name="上传并检查").click()
    await page.get_by_role("status").get_by_text(f"已收到 {MOST_FILES} 个文件").wait_for()

    assert len((await desk.show(case)).document("capital").papers) == MOST_FILES


async def test_a_case_is_handed_in_fixed_and_handed_in_again(site, page):
    opened = await people.opened()
    cookie = {"name": "session", "value": opened.token, "url": site.url}
    await page.context.add_cookies([cookie])
    firm = await applying.ready(opened.member)
    await page.goto(f"{site.url}/h5/e/{firm}/cases")
    await page.locator(f'a[href$="/cases/new/{applying.EVALUATION}"]').click()
    await page.get_by_role("button", name="开始申报").click()
    case = page.url
    for number in range(3):
        await page.get_by_role("link", name="去准备材料").click()
        material = page.url.rsplit("/", 1)[1]
        await hand_in(Phone(page), 600 + number, applying.dated(material))
        if material == "business_licence":  # the simulated reader knows licences of other firms
            await expect(page.get_by_role("main")).to_contain_text("与本企业不一致，请确认没有选错")
            await page.goto(case)
    await page.get_by_role("link", name="核对并提交").click()
    await page.get_by_label("以上材料真实").check()
    await page.get_by_role("button", name="提交申报").click()
    await expect(page.get_by_role("heading", name="申报已提交")).to_be_visible()
    row = await CreditCase.get(enterprise_id=firm)
    await expect(page.get_by_role("main")).to_contain_text(row.number)

    reasons = {"application": "没有盖章"}
    await case_intake.return_(row.id, reasons, actor=Staff("王芳"), now=NOW)
    await page.goto(case)
    await page.get_by_role("link", name="去补正材料（剩 7 天）").click()
    await expect(page.get_by_role("main")).to_contain_text("没有盖章")
    await hand_in(Phone(page), 700, "")
    await page.get_by_role("link", name="核对并提交（剩 7 天）").click()
    await page.get_by_label("以上材料真实").check()
    await page.get_by_role("button", name="再次提交").click()
    await expect(page.get_by_role("heading", name="申报已提交")).to_be_visible()
