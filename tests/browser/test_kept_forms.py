"""What was typed and not handed in is there again, and is gone once it was handed in."""

from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from bot.domain.actors import Member
from bot.domain.bindings import Role
from bot.domain.enterprises import Details
from bot.services import enterprises, invitations
from bot.services.certificate_programmes import find_programme
from models import Consent
from tests import applying, people
from tests.browser.looks import Stage, applying_for, at_home, draw, legal_of, promise
from tests.browser.test_looks import site as site  # noqa: PLC0414
from tests.browser.test_looks import stage as stage  # noqa: PLC0414
from tests.browser.test_looks import tab as tab  # noqa: PLC0414
from tests.conftest import NOW
from tests.waiting import until

pytestmark = pytest.mark.browser
LEFT = "Object.keys(localStorage).filter(one => one.startsWith('kept:'))"
LEFT_OF_CASES = LEFT.replace("'kept:'", "'kept:') && one.includes('/cases/'")


async def nothing_is_left(page: Page) -> None:
    """The script that forgets runs after the page can be seen."""

    async def forgotten() -> bool:
        return await page.evaluate(LEFT_OF_CASES) == []

    await until(forgotten, "what was kept of the case to be forgotten")


async def test_a_page_that_was_closed_brings_back_what_was_typed_also_after_a_lost_upload(stage):
    await stage.sign_in()
    await stage.go("/h5/bind")
    await stage.page.get_by_label("企业名称").fill("晨星科技有限公司")
    await stage.page.get_by_label("您的姓名").fill("李强")
    await stage.page.locator("input[value=legal]").check()
    await stage.page.route("**/h5/bind/licence", lambda route: route.abort())
    photo = {"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": b"a photo"}
    await stage.page.locator("input[type=file]").set_input_files(photo)
    await expect(stage.page.locator(".upload [role=status]")).to_contain_text("网络断了")
    await stage.go("/h5/me")

    await stage.go("/h5/bind")

    assert await stage.page.get_by_label("企业名称").input_value() == "晨星科技有限公司"
    assert await stage.page.get_by_label("您的姓名").input_value() == "李强"
    await expect(stage.page.locator("input[value=legal]")).to_be_checked()
    await expect(stage.page.get_by_text("已恢复您上次没有提交的内容")).to_be_visible()


async def test_neither_a_lost_line_nor_a_refusal_loses_a_form_and_a_saved_one_is_forgotten(stage):
    enterprise = await at_home(stage)
    here = f"/h5/e/{enterprise}/details"
    await stage.go(here)
    typed = "北京市西城区月坛南街59号"
    await stage.page.get_by_label("住所").fill(typed)
    await stage.page.route("**/details", lambda route: route.abort())
    await stage.page.get_by_role("button", name="保存").click()
    await stage.page.unroute("**/details")

    await stage.go(here)
    assert await stage.page.get_by_label("住所").input_value() == typed
    await Consent.filter(purpose="privacy").update(revoked_at=NOW)
    await stage.page.get_by_role("button", name="保存").click()
    await stage.page.get_by_text("去看说明").click()
    await stage.page.get_by_role("button", name="同意，继续").click()
    await expect(stage.page).to_have_url(f"{stage.url}/h5/e/{enterprise}")

    await stage.go(here)
    assert await stage.page.get_by_label("住所").input_value() == typed
    await stage.page.get_by_role("button", name="保存").click()
    await expect(stage.page.get_by_text("已保存")).to_be_visible()
    await stage.go(here)

    await expect(stage.page.get_by_text("已恢复")).to_have_count(0)


async def test_what_was_typed_before_a_colleague_saved_undoes_nothing_of_theirs(stage):
    enterprise = await at_home(stage)
    here = f"/h5/e/{enterprise}/details"
    await stage.go(here)
    await stage.page.get_by_label("住所").fill("北京市西城区月坛南街59号")
    await stage.go("/h5/me")
    colleague = await people.member()
    await people.bind(colleague.user_id, enterprise, Role.AGENT)
    await enterprises.declare(enterprise, Details(staff=20), actor=colleague, now=NOW)

    await stage.go(here)
    await stage.page.get_by_role("button", name="保存").click()
    await expect(stage.page.get_by_text("已保存")).to_be_visible()

    known = (await enterprises.look(enterprise)).details
    assert (known.staff, known.address) == (20, "北京市西城区月坛南街59号")


async def test_what_was_typed_does_not_silently_replace_what_a_colleague_typed(stage):
    enterprise = await at_home(stage)
    here = f"/h5/e/{enterprise}/details"
    await stage.go(here)
    await stage.page.get_by_label("从业人员").fill("90")
    await stage.go("/h5/me")
    colleague = await people.member()
    await people.bind(colleague.user_id, enterprise, Role.AGENT)
    await enterprises.declare(enterprise, Details(staff=20), actor=colleague, now=NOW)

    await stage.go(here)
    await stage.page.get_by_role("button", name="保存").click()

    await expect(stage.page.locator("#f-staff-fault")).to_contain_text("您的同事刚改成“20 人”")
    assert (await enterprises.look(enterprise)).details.staff == 20
    await stage.page.get_by_role("button", name="保存").click()
    await expect(stage.page.get_by_text("已保存")).to_be_visible()
    assert (await enterprises.look(enterprise)).details.staff == 90


TYPED = {
    "/h5/bind": {
        "credit_code": "91350100M000100Y43", "name": "晨星科技有限公司", "role": "agent",
        "person": "李强", "phone": "13900139000", "legal_representative": "王建国",
        "founded_on": "2016-05-12", "address": "太原市迎泽区",
    },
    "/h5/e/{enterprise}/details": {
        "industry": "C13", "founded_on": "2017-05-12", "status": "停业", "address": "太原市迎泽区",
        "staff": "12", "revenue": "34.5", "assets": "67",
    },
    "/h5/e/{enterprise}/commitment": {"legal_representative": "王建国", "agreed": "1"},
    "/h5/e/{enterprise}/colleagues/{colleague}": {"reason": "已经离职"},
    "/h5/invitations/{token}": {"person": "李强"},
    "/h5/e/{enterprise}/cases/{case}/papers/tax_certificate": {"dated": "2026-02-12"},
}  # fmt: skip


async def type_in(page: Page, name: str, value: str) -> None:
    field = page.locator(f'[name="{name}"]')
    if await field.first.get_attribute("type") in ("radio", "checkbox"):
        await page.locator(f'[name="{name}"][value="{value}"]').check()
    elif await field.evaluate("field => field.tagName") == "SELECT":
        await field.select_option(value)
    else:
        await field.fill(value)


async def stands_in(page: Page) -> dict[str, str]:
    """What the form that is kept holds, as it would be sent."""
    return await page.evaluate(
        "() => Object.fromEntries([...new FormData(document.querySelector('form[data-keep]'))])"
    )


async def killed(stage: Stage) -> dict[str, object]:
    """What a browser that is killed leaves on the phone; nothing is told to the page."""
    return await stage.page.context.storage_state()


@pytest.mark.parametrize("path", TYPED)
async def test_a_browser_that_is_killed_loses_no_field(stage, browser, path):
    enterprise = await at_home(stage)
    owner = await legal_of(enterprise)
    other = await people.bind((await people.member()).user_id, enterprise, Role.AGENT)
    made = await invitations.invite(enterprise, Role.AGENT, actor=owner, now=NOW)
    case = await begun(enterprise, owner) if "{case}" in path else None
    here = path.format(enterprise=enterprise, colleague=other, token=made.token, case=case)
    await stage.go(here)
    if folded := await stage.page.locator("details:has(input)").all():
        await folded[0].locator("summary").click()
    for name, value in TYPED[path].items():
        await type_in(stage.page, name, value)
    left = await killed(stage)

    context = await browser.new_context(storage_state=left)
    page = await context.new_page()
    await page.goto(stage.url + here)
    found = await stands_in(page)
    seen = [await page.locator(f'[name="{name}"]').first.is_visible() for name in TYPED[path]]
    await context.close()

    assert {name: found.get(name) for name in TYPED[path]} == TYPED[path]
    assert all(seen)


async def begun(enterprise: UUID, owner: Member) -> UUID:
    await people.join(enterprise, association=find_programme(applying.SHANXI).issuer)
    await applying.describe(enterprise, status="存续", industry="C13")
    await applying.published(enterprise, owner)
    return await applying.Desk(enterprise, owner, None).begin(applying.SHANXI)


async def test_ticks_are_kept_each_and_gone_once_the_case_has_begun(stage):
    desk = await applying_for(stage)
    here = f"/h5/e/{desk.enterprise}/cases/new/{applying.SHANXI}"
    await stage.go(here)
    boxes = stage.page.locator("input[name=kinds]")
    await expect(boxes).to_have_count(2)
    await boxes.nth(0).check()
    await boxes.nth(1).check()
    await stage.go("/h5/me")
    await stage.go(here)
    found = [await one.is_checked() for one in await boxes.all()]
    await boxes.nth(0).uncheck()

    await stage.go(here)

    assert found == [True, True]
    assert [await one.is_checked() for one in await boxes.all()] == [False, True]
    await stage.page.get_by_role("button", name="开始申报").click()
    await stage.page.wait_for_url("**/cases/*")
    await nothing_is_left(stage.page)


async def test_a_date_is_kept_until_its_file_was_taken_also_where_the_page_comes_again(stage):
    desk = await applying_for(stage)
    case = await desk.begin(applying.SHANXI)
    await desk.hand_in(case, "bank_letter", applying.page(1), on="2026-02-11")
    here = f"/h5/e/{desk.enterprise}/cases/{case}/papers/tax_certificate"
    await stage.go(here)
    dated = stage.page.locator("[name=dated]")
    await dated.fill("2026-02-12")
    await stage.go("/h5/me")
    await stage.go(here)
    kept = await dated.input_value()
    photo = {"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": applying.page(1)}
    await stage.page.locator("input[type=file]").set_input_files(photo)

    await stage.page.get_by_role("button", name="上传并检查").click()
    await expect(stage.page.locator(".notice.good[role=status]")).to_contain_text("已收到 1 个文件")

    assert kept == "2026-02-12"
    await nothing_is_left(stage.page)
    await expect(stage.page.get_by_text("已恢复")).to_have_count(0)


@pytest.mark.parametrize("stopped_by", ["too many files", "a file that is refused"])
async def test_a_date_is_kept_where_its_files_were_not_even_sent(stage, stopped_by):
    desk = await applying_for(stage)
    case = await desk.begin(applying.SHANXI)
    here = f"/h5/e/{desk.enterprise}/cases/{case}/papers/tax_certificate"
    await stage.go(here)
    await stage.page.locator("[name=dated]").fill("2026-02-12")
    chosen = stage.page.locator("input[type=file]")
    many = int(await chosen.evaluate("input => input.form.dataset.most")) + 1
    photo = {"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    await chosen.set_input_files([photo] * (many if stopped_by == "too many files" else 1))
    await stage.page.get_by_role("button", name="上传并检查").click()
    said = stage.page.locator(".upload [role=status]")
    await expect(said).to_contain_text("请")
    await expect(stage.page.locator(".upload progress")).to_be_hidden()
    await stage.go("/h5/me")

    await stage.go(here)

    assert await stage.page.locator("[name=dated]").input_value() == "2026-02-12"


async def test_a_page_that_comes_back_whole_asks_for_another_invitation(stage):
    enterprise = await at_home(stage)
    await stage.go(f"/h5/e/{enterprise}/colleagues")
    number = stage.page.locator("input[name=number]")
    before = await number.input_value()

    for persisted in ("false", "true"):
        event = f"new PageTransitionEvent('pageshow', {{persisted: {persisted}}})"
        await stage.page.evaluate(f"window.dispatchEvent({event})")
        if persisted == "false":
            assert await number.input_value() == before

    await expect(number).not_to_have_value(before)


async def test_a_browser_that_is_killed_loses_no_signature(stage, browser):
    await promise("/sign")(stage)
    await draw(stage.page)
    drawn = await stage.page.locator("input[name=signature]").input_value()
    left = await killed(stage)

    context = await browser.new_context(storage_state=left)
    page = await context.new_page()
    await page.goto(stage.page.url)
    found = (await stands_in(page))["signature"]
    await context.close()

    assert found == drawn


async def test_a_signature_that_was_drawn_is_there_again(stage):
    await promise("/sign")(stage)
    await draw(stage.page)
    drawn = await stage.page.locator("input[name=signature]").input_value()

    await stage.page.reload()

    assert await stage.page.locator("input[name=signature]").input_value() == drawn
    assert len(drawn) > 200


async def test_signing_out_leaves_nothing_on_the_phone(stage):
    await stage.sign_in()
    await stage.go("/h5/bind")
    await stage.page.get_by_label("您的姓名").fill("李强")
    await stage.go("/h5/me")

    await stage.page.get_by_role("button", name="退出登录", exact=True).click()

    await expect(stage.page).to_have_url(f"{stage.url}/")
    assert await stage.page.evaluate(LEFT) == []
