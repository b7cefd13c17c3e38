"""Every page of the table looks right in every mode: nobody is kept out, nothing sticks out."""

import json
import re
from datetime import date
from typing import Literal

import pytest
from aiohttp import web
from playwright.async_api import Page, expect
from pydantic import Field

from bot.handlers import filled, forms, pages
from bot.handlers.audience import Audience
from bot.handlers.surface import Route
from bot.handlers.uploads import UploadLimits, read_parts
from bot.routes import ROUTES
from tests.browser.eyes import PHONE, faults_of, script
from tests.browser.looks import NO_PAGES, PAGES_TO_LOOK_AT, Stage, draw
from tests.browser.phone import forget
from tests.browser.scales import weighed
from tests.browser.site import open_site

pytestmark = pytest.mark.browser


class Company(forms.Input):
    """One field of each kind, for the page that shows the kit."""

    name: str = Field(title="企业名称", description="与营业执照一致", max_length=60)
    staff: int = Field(title="从业人员", ge=1)
    founded_on: date | None = Field(None, title="成立日期")
    industry: Literal["C", "I"] = Field(title="所属行业")
    role: Literal["legal", "agent"] = Field(title="您的身份")
    arrears: Literal["yes", "no", "unsure"] = Field(title="近三年是否欠税")
    kinds: tuple[Literal["a", "b"], ...] = Field((), title="已获认证", description="可选多项")
    reason: str = Field("", title="说明", max_length=500)
    licence: str = Field("", title="营业执照照片", description="JPEG、PNG、PDF 或 HEIC")
    signature: str = Field("", title="手写签名")
    agreed: Literal["yes"] = Field(title="公开同意")


async def show_kit(request: web.Request) -> web.Response:
    form = filled.blank(Company, {"name": "杭州喆堃新材料科技股份有限公司", "kinds": ["b"]})
    return pages.render(request, "kit_page.html", form=form)


async def show_done(request: web.Request) -> web.Response:
    return pages.render(request, "done_page.html")


async def take_kit(request: web.Request) -> web.Response:
    form = await forms.fill(request, Company)
    if form.value is None:
        return pages.render(request, "kit_page.html", form=form, status=form.status)
    return pages.see_other(request, "/", said=f"收到：{form.value.signature or '没有签名'}")


async def take_files(request: web.Request) -> web.Response:
    async with read_parts(request, limits=UploadLimits(part_bytes=300_000)) as parts:
        files = [file for file in parts.files if file.size]
    if not files:
        form = filled.blank(Company).refused("请选择文件。", "licence")
        return pages.render(request, "kit_page.html", form=form, status=form.status)
    return pages.see_other(request, "/", said=f"收到 {len(files)} 个文件。")


async def crash(_request: web.Request) -> web.Response:
    raise RuntimeError


async def show_eyes(_request: web.Request) -> web.Response:
    """The browser keeps it, and keeps it compiled."""
    kept = {"Cache-Control": "max-age=86400"}
    return web.Response(text=script(), content_type="text/javascript", headers=kept)


EXTRA = (
    Route("GET", "/eyes.js", show_eyes, Audience.PUBLIC),
    Route("GET", "/crash", crash, Audience.PUBLIC),
    Route("GET", "/kit", show_kit, Audience.PUBLIC),
    Route("GET", "/kit/done", show_done, Audience.PUBLIC),
    Route("POST", "/kit", take_kit, Audience.PUBLIC),
    Route("POST", "/kit/files", take_files, Audience.PUBLIC),
)


@pytest.fixture(scope="module")
async def site(orm, redis_url):
    async with open_site(redis_url, *EXTRA) as opened:
        yield opened


@pytest.fixture(scope="module")
async def tab(browser):
    """One tab for all tests: another would start a process for each page."""
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    page.set_default_timeout(30_000)
    yield page, await weighed(page)
    await context.close()


@pytest.fixture
async def stage(db, site, tab):
    """A page that keeps nothing of the one before, and its weight on the wire."""
    page, scales = tab
    made = Stage(site, page, db, scales)
    yield made
    await forget(page)
    await page.set_viewport_size(PHONE)
    await page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("name", PAGES_TO_LOOK_AT)
async def test_the_page_is_for_everybody_in_every_mode(stage, name):
    assert await faults_of(stage, name) == {}


async def test_chinese_is_drawn_whatever_fonts_the_machine_has(stage):
    """The browser is given a typeface of ours, which the pages name at the end of theirs."""
    await stage.go("/")
    heading = stage.page.locator("h1")
    named = await heading.evaluate("one => getComputedStyle(one).fontFamily")
    await heading.evaluate("""one => {
      one.textContent = '喆堃䶮'
      one.style.fontFamily = '"Noto Sans SC"'
    }""")
    wire = await stage.page.context.new_cdp_session(stage.page)
    for domain in ("DOM", "CSS"):
        await wire.send(f"{domain}.enable")
    root = await wire.send("DOM.getDocument")
    asked = {"nodeId": root["root"]["nodeId"], "selector": "h1"}
    node = await wire.send("DOM.querySelector", asked)
    told = await wire.send("CSS.getPlatformFontsForNode", node)
    await wire.detach()

    assert named.endswith('"Noto Sans SC", sans-serif')
    assert [(one["familyName"], one["glyphCount"]) for one in told["fonts"]] == [
        ("Noto Sans SC", 3)
    ]


def test_no_page_of_the_product_is_left_out():
    pages_of_ours = {
        route.path
        for route in ROUTES
        if route.method == "GET" and not route.contract and route.path not in NO_PAGES
    }

    assert pages_of_ours - {name.split(" ")[0] for name in PAGES_TO_LOOK_AT} == set()


async def test_what_is_wrong_is_told_on_top_and_each_fault_leads_to_its_field(stage):
    await stage.go("/kit")
    await stage.page.get_by_label("企业名称").fill("")
    await stage.page.get_by_label("说明").fill("写了很久的话")
    await draw(stage.page)
    await stage.page.get_by_role("button", name="去补正材料").click()

    await expect(stage.page.locator("#faults")).to_be_focused()
    await stage.page.get_by_role("link", name="请填写企业名称。").click()
    await expect(stage.page.get_by_label("企业名称")).to_be_focused()
    assert await stage.page.get_by_label("说明").input_value() == "写了很久的话"
    assert await stage.page.title() == "请修改：页面部件 · 中小企业信用服务"
    described = await stage.page.get_by_label("企业名称").get_attribute("aria-describedby")
    assert described == "f-name-hint f-name-fault"


async def fill_kit(page: Page) -> None:
    await page.get_by_label("从业人员").fill("12")
    await page.get_by_label("所属行业").select_option("C")
    await page.get_by_text("法定代表人", exact=True).click()
    await page.get_by_text("不确定").click()
    await page.get_by_text("我已阅读并同意公开以上内容").click()


@pytest.fixture
async def without_script(browser):
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    page.set_default_timeout(30_000)
    yield page
    await context.close()


async def test_the_whole_form_works_without_a_script(stage, without_script):
    page = without_script
    await page.goto(stage.url + "/kit")
    await fill_kit(page)
    await page.get_by_role("button", name="去补正材料").click()

    await expect(page.get_by_role("status")).to_have_text("收到：没有签名")
    assert page.url == stage.url + "/"


async def test_large_print_works_without_a_script_leads_back_and_is_kept(stage, without_script):
    page, address = without_script, stage.url + "/api/docs?from=here"
    await page.goto(address)
    await page.get_by_role("button", name="大字版").click()
    back = page.url
    await page.goto(stage.url)
    kept = await page.locator("html[data-care] body[data-weui-mode=care]").count()
    await page.get_by_role("button", name="标准版").click()

    assert (back, kept) == (address, 1)
    assert await page.get_by_role("button", name="大字版").count() == 1


async def test_the_first_tab_stop_leads_to_the_content(stage):
    await stage.go("/")
    await stage.page.keyboard.press("Tab")
    skip = await stage.page.evaluate("document.activeElement.textContent")
    await stage.page.keyboard.press("Enter")

    assert (skip, stage.page.url) == ("跳到正文", stage.url + "/#content")


async def test_the_bar_of_buttons_never_covers_what_has_the_focus_or_the_end(stage):
    covered = """() => {
      const bar = document.querySelector('.dock').getBoundingClientRect()
      const one = document.activeElement.getBoundingClientRect()
      return !document.activeElement.closest('.dock, .foot, .bar') && one.bottom > bar.top + 1
    }"""
    await stage.page.set_viewport_size({"width": 390, "height": 700})
    await stage.go("/kit")
    found = []
    for _ in range(30):
        await stage.page.keyboard.press("Tab")
        found.append(await stage.page.evaluate(covered))
    last = """() => {
      scrollTo(0, document.body.scrollHeight)
      const bar = document.querySelector('.dock')
      return bar.previousElementSibling.getBoundingClientRect().bottom
        <= bar.getBoundingClientRect().top
    }"""

    assert found == [False] * 30
    assert await stage.page.evaluate(last)


async def test_large_print_comes_at_once_and_nothing_typed_is_lost(stage):
    await stage.go("/kit")
    await stage.page.get_by_label("说明").fill("写了很久的话")
    async with stage.page.expect_response("**/care"):
        await stage.page.get_by_role("button", name="大字版").click()

    assert await stage.page.get_by_label("说明").input_value() == "写了很久的话"
    size = "getComputedStyle(document.querySelector('main')).fontSize"
    assert await stage.page.evaluate(size) == "21px"
    await stage.go("/")
    assert await stage.page.evaluate(size) == "21px"


async def test_a_second_press_sends_nothing(stage):
    sent = []
    stage.page.on("request", lambda request: sent.append((request.method, request.url)))
    await stage.go("/kit")
    await fill_kit(stage.page)
    await draw(stage.page)
    sent.clear()
    twice = "b => { b.click(); b.click() }"
    await stage.page.get_by_role("button", name="去补正材料").evaluate(twice)

    await expect(stage.page.get_by_role("status")).to_contain_text("收到")
    assert [one for one in sent if one[0] == "POST"] == [("POST", stage.url + "/kit")]


async def test_a_signature_is_sent_as_strokes_and_survives_the_turning_of_the_phone(stage):
    ink = """() => {
      const c = document.querySelector('canvas')
      const all = c.getContext('2d').getImageData(0, 0, c.width, c.height).data
      return all.filter((_, at) => at % 4 === 3).some(one => one > 0)
    }"""
    field = stage.page.locator("input[name=signature]")
    await stage.go("/kit")
    await fill_kit(stage.page)
    await draw(stage.page)
    drawn = await field.input_value()
    await stage.page.set_viewport_size({"width": 844, "height": 390})
    await expect(stage.page.locator("canvas")).to_have_attribute("width", re.compile("[5-9]"))
    turned = (await field.input_value(), await stage.page.evaluate(ink))
    await stage.page.get_by_role("button", name="去补正材料").click()

    strokes = json.loads(drawn)
    assert [list(stroke) for stroke in strokes] == [["points"], ["points"]]
    points = [point for stroke in strokes for point in stroke["points"]]
    assert len(points) >= 10
    assert all(set(one) == {"x", "y", "time"} for one in points)
    assert all(0 <= one["x"] <= 600 and 0 <= one["y"] <= 300 for one in points)
    assert turned == (drawn, True)
    await expect(stage.page.get_by_role("status")).to_contain_text('收到：[{"points"')


async def test_an_empty_or_wiped_signature_is_not_sent(stage):
    await stage.go("/kit")
    await fill_kit(stage.page)
    await draw(stage.page)
    await stage.page.get_by_role("button", name="重写").click()
    await stage.page.get_by_role("button", name="去补正材料").click()

    await expect(stage.page.get_by_text("请在框内写下签名，再按确认。")).to_be_visible()
    await expect(stage.page.locator("canvas")).to_be_focused()
    assert stage.page.url == stage.url + "/kit"
    await draw(stage.page)
    await expect(stage.page.get_by_text("请在框内写下签名，再按确认。")).to_be_hidden()


def photo(name: str, size: int) -> dict:
    return {"name": name, "mimeType": "image/jpeg", "buffer": b"x" * size}


async def test_files_are_sent_with_a_bar_and_lead_to_the_next_page(stage):
    await stage.go("/kit")
    await stage.page.get_by_label("营业执照照片").set_input_files(
        [photo("1.jpg", 200_000), photo("2.jpg", 200_000)]
    )
    await stage.page.get_by_role("button", name="上传材料").click()

    await expect(stage.page.get_by_role("status")).to_have_text("收到 2 个文件。")
    assert stage.page.url == stage.url + "/"


async def test_refused_files_are_told_in_place(stage):
    await stage.go("/kit")
    chosen = stage.page.get_by_label("营业执照照片")
    await chosen.set_input_files([photo("1.jpg", 0)])
    await stage.page.get_by_role("button", name="上传材料").click()
    await expect(stage.page.locator("#faults")).to_be_focused()
    await expect(stage.page.locator("#faults")).to_contain_text("请选择文件。")

    await stage.page.get_by_label("营业执照照片").set_input_files([photo("1.jpg", 300_001)])
    await stage.page.get_by_role("button", name="上传材料").click()

    await expect(stage.page.locator(".upload [role=status]")).to_have_text(
        "内容太大，请缩小后再试。"
    )
    assert stage.page.url == stage.url + "/kit"


BRIDGE = """window.told = []; window.WeixinJSBridge = {
  invoke(name, given, done) { told.push(name); done({err_msg: name + ':ok'}) },
  on() {}, call() {}, subscribe() {} }"""


async def inside_wechat(browser):
    context = await browser.new_context(user_agent="Mozilla/5.0 (Linux) MicroMessenger/8.0.50")
    await context.add_init_script(BRIDGE)
    return context


async def test_inside_wechat_the_card_for_sharing_is_set(stage, browser):
    context = await inside_wechat(browser)
    page = await context.new_page()
    async with page.expect_response("**/api/js-sdk?*") as answered:
        await page.goto(stage.url + "/kit")
    status = (await answered.value).status
    named = await page.evaluate("""async () => {
      for (let n = 0; n < 50 && told.length < 3; n++) await new Promise(r => setTimeout(r, 20))
      return told
    }""")

    assert status == 200
    assert named == ["preVerifyJSAPI", "updateAppMessageShareData", "updateTimelineShareData"]
    await context.close()


async def test_inside_wechat_a_member_may_allow_us_to_remind(stage, browser):
    """WeChat draws its button; what it answers is played here."""
    context = await inside_wechat(browser)
    page = await context.new_page()
    await page.goto(stage.url + "/kit")
    place, tag = page.locator("[data-allow]"), page.locator("wx-open-subscribe")
    await expect(tag).to_have_attribute("template", "t-expires,t-review")

    answer = "(one, told) => one.dispatchEvent(new CustomEvent('success', {detail: told}))"
    await tag.evaluate(answer, {"subscribeDetails": '{"t-expires":"{\\"status\\":\\"reject\\"}"}'})
    await expect(tag).to_have_count(1)
    await tag.evaluate(answer, {"subscribeDetails": '{"t-expires":"{\\"status\\":\\"accept\\"}"}'})

    await expect(tag).to_have_count(0)
    await expect(place).to_contain_text("好的，到期前会在微信里提醒您。")
    await context.close()


async def test_elsewhere_nobody_is_asked_to_allow_anything(stage):
    await stage.go("/kit")

    await expect(stage.page.locator("[data-allow]")).to_be_hidden()
