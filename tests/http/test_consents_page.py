"""The page of consents: read, given and taken back with plain forms."""

import re
from urllib.parse import quote, unquote

import pytest

from models import Consent
from tests.conftest import NOW
from tests.doors import open_doors
from tests.http.test_h5_login import Browser

PAGE = "/h5/consents"


@pytest.fixture
async def doors(db, redis_url):
    async with open_doors(redis_url, now=NOW) as opened:
        yield opened


@pytest.fixture
async def browser(doors) -> Browser:
    browser = Browser(doors, {})
    await browser.sign_in()
    return browser


async def buttons(browser: Browser) -> list[str]:
    text = await (await browser.ask("GET", PAGE)).text()
    return re.findall(r"<button[^>]*>((?:撤回)?同意[^<]*)</button>", text)


async def choose(browser: Browser, **form: object):
    headers = {"Origin": browser.doors.url}
    answer = await browser.ask("POST", PAGE, data=form, headers=headers)
    return answer.status, answer.headers.get("Location")


async def test_a_stranger_is_led_through_the_login_and_back(doors):
    answer = await doors.ask("GET", PAGE, headers={"Accept": "text/html"})

    assert (answer.status, answer.headers["Location"]) == (302, "/h5/login?to=consents")


async def test_each_purpose_is_given_and_taken_back_by_its_own_button(browser):
    seen = [await buttons(browser)]

    for act in ("give", "give", "revoke"):
        assert await choose(browser, purpose="phone", version=1, act=act) == (303, PAGE)
        seen.append(await buttons(browser))

    others = ["同意：使用身份证", "同意：公开信用承诺"]
    none, given = (
        ["撤回同意：使用信用服务", "同意：获取手机号", *others],
        ["撤回同意：使用信用服务", "撤回同意：获取手机号", *others],
    )
    assert seen == [none, given, given, none]
    assert [one.revoked_at for one in await Consent.filter(purpose="phone")] == [NOW]


async def test_the_page_says_when_it_was_given_and_when_taken_back(browser):
    await choose(browser, purpose="phone", version=1, act="give")
    given = await (await browser.ask("GET", PAGE)).text()
    await choose(browser, purpose="phone", version=1, act="revoke")
    revoked = await (await browser.ask("GET", PAGE)).text()

    assert "您在2026年3月2日同意。" in given
    assert "已记下您的同意。" in given
    assert "您在2026年3月2日撤回。" in revoked


async def test_an_agreement_to_an_older_text_is_shown_and_can_be_taken_back(browser):
    await choose(browser, purpose="phone", version=1, act="give")
    await Consent.filter(purpose="phone").update(version=0)
    text = await (await browser.ask("GET", PAGE)).text()
    seen = await buttons(browser)
    await choose(browser, purpose="phone", version=1, act="revoke")

    assert "您在2026年3月2日同意的是以前的说明。" in text
    assert seen[1:3] == ["同意：获取手机号", "撤回同意：获取手机号"]
    assert (await buttons(browser))[1:3] == ["同意：获取手机号", "同意：使用身份证"]
    assert [one.revoked_at for one in await Consent.filter(purpose="phone")] == [NOW]


async def test_who_read_an_older_text_is_shown_the_new_one_and_agreed_to_nothing(browser):
    assert await choose(browser, purpose="phone", version=9, act="give") == (303, PAGE)

    text = await (await browser.ask("GET", PAGE)).text()
    assert "说明已经更新" in text
    assert await Consent.filter(purpose="phone").count() == 0


@pytest.mark.parametrize(
    "form",
    [
        {"purpose": "phone", "version": 1, "act": "steal"},
        {"purpose": "money", "version": 1, "act": "give"},
        {"purpose": "phone", "act": "give"},
        {"purpose": "phone", "version": 1, "act": "give", "user_id": "7"},
    ],
)
async def test_what_the_form_does_not_offer_is_refused(browser, form):
    assert await choose(browser, **form) == (400, None)
    assert await Consent.filter(purpose="phone").count() == 0


async def test_taking_back_the_first_agreement_ends_every_login_and_is_asked_again(browser):
    other = Browser(browser.doors, {})
    await other.sign_in()

    done = await choose(browser, purpose="privacy", version=1, act="revoke")

    assert done == (303, "/")
    for one in (browser, other):
        assert (await one.ask("GET", "/h5/me")).status == 302
    await browser.sign_in()  # is asked once more, and agrees
    assert await Consent.filter(purpose="privacy", revoked_at=None).count() == 1


async def test_who_does_not_agree_at_the_first_login_is_signed_out(doors):
    stranger = Browser(doors, {})
    await stranger.come_back(await stranger.set_out(), await doors.code(door="h5"))
    page = await (await stranger.ask("GET", "/h5/agree?to=me")).text()
    headers = {"Origin": doors.url}

    left = await stranger.ask(
        "POST", "/h5/agree", data={"act": "leave", "version": 1}, headers=headers
    )

    assert "您会马上退出所有设备上的登录" in page
    assert (left.status, left.headers["Location"]) == (303, "/")
    assert (await stranger.ask("GET", "/h5/me")).status == 302


async def test_another_address_leads_to_the_question_and_the_answer_on_to_it(doors):
    stranger = Browser(doors, {})
    await stranger.come_back(await stranger.set_out(), await doors.code(door="h5"))
    promise = "/h5/e/0190c2a5-0000-7000-8000-000000000001/commitment"
    headers = {"Origin": doors.url}

    led = await stranger.ask("GET", f"{promise}/sign")
    refused = await stranger.ask("POST", promise, data={"agreed": "1"}, headers=headers)
    to = f"commitment:{promise.split('/')[3]}"
    given = {"act": "give", "version": 1, "to": to}
    older = await stranger.ask("POST", "/h5/agree", data=given | {"version": 9}, headers=headers)
    asked = await (await stranger.ask("GET", older.headers["Location"])).text()
    none = await Consent.all().count()
    agreed = await stranger.ask("POST", "/h5/agree", data=given, headers=headers)

    assert (led.status, unquote(led.headers["Location"])) == (302, f"/h5/agree?to={to}")
    assert refused.status == 409
    assert f'href="/h5/agree?to={quote(to)}"' in await refused.text()
    assert (older.status, unquote(older.headers["Location"])) == (303, f"/h5/agree?to={to}")
    assert ("说明已经更新" in asked, 'name="version" value="1"' in asked, none) == (True, True, 0)
    assert (agreed.status, agreed.headers["Location"]) == (303, promise)
    assert (await stranger.ask("GET", promise)).status == 404  # asked no more, and not theirs


async def test_the_declaration_is_for_everybody(doors):
    page = await (await doors.ask("GET", "/public/privacy")).text()

    for words in ("聊天记录 180 天", "申报撤回满 30 天", "撤回后 3 年", "注销账号"):
        assert words in page
