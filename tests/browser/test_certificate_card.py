"""The card that is shown to others: its time goes on, so that a screenshot can be told from it."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect
from tortoise.transactions import in_transaction

from bot.deps import open_issuer
from bot.domain.actors import Staff
from bot.services import certificate_signing, certificates
from bot.services.certificate_bases import Basis
from tests import people
from tests.browser.site import open_site
from tests.conftest import NOW

pytestmark = pytest.mark.browser

TWO = Basis("demonstration", by="王芳", second="李强", reason="演示")


@pytest.fixture
async def card(db, redis_url):
    """The site, its address of a card, and the session that may see it."""
    async with open_site(redis_url) as site:
        opened, firm = await people.opened(), await people.enterprise("晨星科技有限公司")
        await people.bind(opened.member.user_id, firm)
        async with in_transaction():
            made = await certificates.issue(
                enterprise_id=firm, programme="credit-evaluation", level="AAA", basis=TWO,
                actor=Staff("王芳"), now=NOW,
            )  # fmt: skip
        await certificate_signing.sign_waiting(issuer=open_issuer(site.deps.config), now=NOW)
        cookie = {"name": "session", "value": opened.token, "url": site.url}
        yield f"{site.url}/h5/e/{firm}/certificates/{made.number}", cookie


async def opened_card(browser, card, **more):
    url, cookie = card
    context = await browser.new_context(viewport={"width": 390, "height": 844}, **more)
    await context.add_cookies([cookie])
    page = await context.new_page()
    page.set_default_timeout(30_000)
    return context, page, url


async def test_the_time_on_the_card_goes_on_by_the_second(browser, card):
    context, page, url = await opened_card(browser, card)
    await page.clock.install()
    await page.goto(url)
    clock = page.locator("[data-ticking]")

    await expect(page.locator("[data-words]")).to_have_text("现在时间")
    first = await clock.inner_text()
    await page.clock.run_for(7_000)
    later = await clock.inner_text()
    await page.clock.run_for(timedelta(minutes=10).seconds * 1000)
    old = await page.locator("[data-words]").inner_text()
    await context.close()

    assert re.fullmatch(r"2026-03-02 09:30:0\d", first)
    assert seconds(later) - seconds(first) in {7, 8}
    assert old == "请刷新本页，打开时间"


async def test_without_a_script_the_card_says_when_it_was_opened(browser, card):
    context, page, url = await opened_card(browser, card, java_script_enabled=False)
    await page.goto(url)

    await expect(page.locator(".clock")).to_have_text("打开时间 2026-03-02 09:30:00")
    await context.close()


def seconds(shown: str) -> int:
    minutes, rest = shown[-5:].split(":")
    return int(minutes) * 60 + int(rest)
