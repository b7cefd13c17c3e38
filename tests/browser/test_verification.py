"""The public pages around certificates in a real browser: readable, accessible, and offline."""

from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from playwright.async_api import expect

from bot.deps import open_issuer
from bot.domain.certificates import Action, Reason
from bot.services import status_lists
from tests.http.conftest import clock  # noqa: F401  # a fixture
from tests.http.test_verification import house  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser


@asynccontextmanager
async def page_of(browser, *, scripts=True):
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=scripts
    )
    try:
        yield await context.new_page()
    finally:
        await context.close()


@pytest.fixture
async def site(house):  # noqa: F811
    return str(house.client.make_url("")).rstrip("/")


@pytest.fixture
async def places(house):  # noqa: F811
    """One address for each kind of page."""
    good = await house.issue("杭州喆堃䶮铉新材料科技股份有限公司")
    bad = await house.issue("撤销的公司")
    await house.change(bad.number, Action.REVOKE, Reason.MISUSE)
    return {
        "valid": house.path(good),
        "revoked": house.path(bad),
        "forged": house.path(good)[:-4] + "AAAA",
        "number": f"/v/{good.number}",
        "search": "/v",
        "code": f"/v?q={good.credit_code}",
        "report": "/certificates/report",
        "offline": "/certificates/offline",
    }


async def test_the_outcome_is_the_first_thing_to_be_read_also_without_a_script(
    browser, site, places
):
    words = {}
    async with page_of(browser, scripts=False) as page:
        for name in ("valid", "revoked", "forged"):
            await page.goto(site + places[name])
            words[name] = await page.get_by_role("heading", level=1).text_content()
        await page.goto(site + places["valid"])
        await page.get_by_text("AAA 是什么意思").click()
        await expect(page.get_by_text("不是行政许可")).to_be_visible()
        await page.get_by_role("link", name="内容不一致").click()
        assert await page.get_by_label("证书编号").input_value() == "2026CNEAAA00001"

    assert words == {"valid": "有效", "revoked": "已撤销", "forged": "签名不符"}


async def test_no_page_breaks_the_content_security_policy(browser, site, places):
    said = []
    async with page_of(browser) as page:
        page.on("console", lambda message: said.append(message.text))
        for name in ("valid", "search", "report"):
            await page.goto(site + places[name])

    assert said == []


@asynccontextmanager
async def offline_page(browser, site, house):  # noqa: F811
    """The page for checks without network, opened once with it and then opened again without."""
    await status_lists.renew(issuer=open_issuer(house.deps.config), now=house.clock())
    await house.refresh()
    async with page_of(browser) as page:
        await page.clock.set_fixed_time(house.clock())
        await page.goto(site + "/certificates/offline")
        await expect(page.locator("html[data-ready]")).to_have_count(1)
        await expect(page.locator("#stock-note")).to_have_text("已更新，没有网络时也能打开本页。")
        await page.context.set_offline(True)  # workers do not notice that
        await house.client.server.close()
        await page.reload()
        await expect(page.locator("html[data-ready]")).to_have_count(1)
        await expect(page.locator("#stock-note")).to_have_text("现在连不上，使用上次存下的。")
        yield page


async def checked(page, code) -> str:
    await page.get_by_label("二维码里的内容").fill(code)
    await page.get_by_role("button", name="核对").click()
    verdict = page.locator("#result .verdict h2")
    await expect(verdict).to_be_visible()
    word = await verdict.text_content()
    await page.evaluate("document.getElementById('result').replaceChildren()")
    return word


async def kept_with(page, change: str) -> None:
    """As if the keys had been published like that before the network went."""
    await page.evaluate(
        "() => { const kept = JSON.parse(localStorage.getItem('certificates-kept-1'));"
        f" for (const key of kept.keys.keys) {{ {change} }}"
        " localStorage.setItem('certificates-kept-1', JSON.stringify(kept)); }"
    )


async def test_a_token_is_checked_with_the_network_gone(browser, site, house, places):  # noqa: F811
    base = house.deps.config.public_url
    codes = {
        "valid": base + places["valid"],
        "revoked": base + places["revoked"],
        "forged": base + places["forged"],
        "foreign": "https://evil.example" + places["valid"],
        "nonsense": "胡说",
    }
    async with offline_page(browser, site, house) as page:
        await expect(page.locator("#list-age")).to_have_text("0 分钟前的名单")
        verdicts = {name: await checked(page, code) for name, code in codes.items()}
        await page.clock.set_fixed_time(house.clock().replace(day=4))
        await page.reload()
        await expect(page.locator("#list-age")).to_have_text("2 天前的名单")
        verdicts["later"] = await checked(page, codes["valid"])
        await page.get_by_label("二维码里的内容").fill(codes["valid"])
        await page.get_by_role("button", name="核对").click()
        await expect(page.locator("#result")).to_contain_text("杭州喆堃䶮铉新材料科技股份有限公司")
        await expect(page.locator("#result")).to_contain_text("示范文本，不具有任何效力")

    assert verdicts == {
        "valid": "有效",
        "revoked": "已撤销",
        "forged": "签名不符",
        "foreign": "签名不符",
        "nonsense": "签名不符",
        "later": "真实，状态未更新",
    }


async def test_keys_that_ended_or_were_stolen_are_known_offline_too(browser, site, house, places):  # noqa: F811
    code = house.deps.config.public_url + places["valid"]
    day = "2026-03-02"  # the first day of validity, in Beijing
    verdicts = {}
    async with offline_page(browser, site, house) as page:
        for name, change in {
            "retired that morning": f"key.signs_until = '{day}T07:59:00+08:00';",
            "retired the evening before": "key.signs_until = '2026-03-01T23:59:59+08:00';",
            "the list's key retired before": "if (key.purpose === 'status')"
            f" key.signs_until = '{day}T07:59:00+08:00'; else key.signs_until = null;",
            "the list's key stolen": "if (key.purpose === 'status') {"
            f" key.signs_until = null; key.compromised_from = '{day}T23:00:00+08:00'; }}",
        }.items():
            only = "if (key.purpose === 'certificate') {" if name.startswith("retired") else "{"
            await kept_with(page, f"{only} {change} }}")
            verdicts[name] = await checked(page, code)

    assert verdicts == {
        "retired that morning": "有效",
        "retired the evening before": "签名不符",
        "the list's key retired before": "不能离线核验",
        "the list's key stolen": "不能离线核验",
    }


async def test_a_review_that_is_due_is_told_offline_too(browser, site, house):  # noqa: F811
    row = await house.issue()
    house.clock.now += timedelta(days=365)
    async with offline_page(browser, site, house) as page:
        word = await checked(page, house.url(row))

    assert word == "已暂停或年审到期"
