"""The login of the H5 pages, with its attackers: states, cookies, targets, made-up people."""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from models import Identity, LoginAttempt, Session, User
from tests.conftest import NOW
from tests.doors import LI, WANG, Doors, open_doors

ME = "/h5/me"
AGREE = "/h5/agree"


@pytest.fixture
async def doors(db, redis_url):
    async with open_doors(redis_url, now=NOW) as opened:
        yield opened


@dataclass
class Browser:
    """Keeps cookies as a browser does, and follows no redirect by itself."""

    doors: Doors
    cookies: dict[str, str]

    async def ask(self, method: str, path: str, **more: object) -> aiohttp.ClientResponse:
        held = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": held, "Accept": "text/html"} | more.pop("headers", {})
        answer = await self.doors.ask(method, path, headers=headers, **more)
        for name, morsel in answer.cookies.items():
            self.cookies[name] = morsel.value
        return answer

    async def set_out(self, to: str = "me") -> str:
        """Begin a login; the state that WeChat is told."""
        answer = await self.ask("GET", "/h5/login", params={"to": to})
        assert answer.status == 302
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["state"]

    async def come_back(self, state: str, code: str) -> aiohttp.ClientResponse:
        return await self.ask("GET", "/h5/login/return", params={"code": code, "state": state})

    async def sign_in(self, openid: str = WANG) -> None:
        code = await self.doors.code(openid, door="h5")
        answer = await self.come_back(await self.set_out(), code)
        assert answer.status == 302
        if answer.headers["Location"] != ME:  # the first time they are asked
            assert answer.headers["Location"] == f"{AGREE}?to=me"
            headers = {"Origin": self.doors.url}
            form = {"act": "give", "version": 1, "to": "me"}
            agreed = await self.ask("POST", AGREE, data=form, headers=headers)
            assert (agreed.status, agreed.headers["Location"]) == (303, ME)


@pytest.fixture
def browser(doors) -> Browser:
    return Browser(doors, {})


async def refused(answer: aiohttp.ClientResponse, words: str) -> None:
    text = await answer.text()
    assert answer.status == 400
    assert words in text
    assert 'href="/h5/login?to=me"' in text
    assert "session" not in answer.cookies


async def test_wechats_page_is_asked_in_its_own_order_and_told_no_secret(doors, browser):
    answer = await browser.ask("GET", "/h5/login")

    back = f"{doors.url}/h5/login/return".replace(":", "%3A").replace("/", "%2F")
    assert re.fullmatch(
        re.escape(
            f"{doors.wechat}/connect/oauth2/authorize?appid=wx5a4d0b0c0ffee001"
            f"&redirect_uri={back}&response_type=code&scope=snsapi_base&state="
        )
        + r"[a-zA-Z0-9]{64}#wechat_redirect",
        answer.headers["Location"],
    )
    cookie = answer.cookies["login"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "600")
    assert cookie.value not in answer.headers["Location"]


async def test_who_opens_a_members_page_is_sent_to_the_login_and_led_back(doors, browser):
    first = await browser.ask("GET", ME)
    assert (first.status, first.headers["Location"]) == (302, "/h5/login?to=me")

    await browser.sign_in()

    page = await browser.ask("GET", ME)
    assert page.status == 200
    assert "您已登录" in await page.text()
    assert "2026 年 3 月 2 日 09:30" in await page.text()


async def test_the_whole_way_through_wechats_page_leads_home(doors, browser):
    begun = await browser.ask("GET", "/h5/login?to=me")
    async with doors.http.get(begun.headers["Location"]) as page:
        [link] = re.findall(rf'class="agree" href="([^"]*{LI}[^"]*)"', await page.text())
    link = link.replace("&amp;", "&")
    async with doors.http.get(doors.wechat + link, allow_redirects=False) as agreed:
        back = agreed.headers["Location"]

    answer = await browser.ask("GET", back.removeprefix(doors.url))

    assert (answer.status, answer.headers["Location"]) == (302, f"{AGREE}?to=me")
    assert await Identity.all().values_list("appid", "openid") == [("wx5a4d0b0c0ffee001", LI)]


async def test_a_foreign_state_opens_nothing(doors, browser):
    attacker = Browser(doors, {})
    state, code = await attacker.set_out(), await doors.code(LI, door="h5")
    await browser.set_out()

    await refused(await browser.come_back(state, code), "不是在这个页面上发起的")

    assert await Session.all().count() == 0
    assert (await attacker.come_back(state, code)).status == 302  # nor was it used up for its own


@pytest.mark.parametrize("state", ["", "0" * 64, "x" * 4000, "'; DROP TABLE session; --"])
async def test_a_missing_or_made_up_state_opens_nothing(doors, browser, state):
    await browser.set_out()

    await refused(await browser.come_back(state, await doors.code(door="h5")), "重新登录")


async def test_a_state_without_the_browsers_cookie_opens_nothing(doors, browser):
    state = await browser.set_out()
    browser.cookies.clear()

    await refused(await browser.come_back(state, await doors.code(door="h5")), "重新登录")


async def test_a_state_opens_one_session(doors, browser):
    """The second time it leads on, as it may be the twin of the first; but it opens nothing."""
    state = await browser.set_out()
    assert (await browser.come_back(state, await doors.code(door="h5"))).status == 302
    browser.cookies.pop("session")

    again = await browser.come_back(state, await doors.code(door="h5"))

    assert (again.status, again.headers["Location"], len(again.cookies)) == (302, ME, 0)
    assert await Session.all().count() == 1


async def test_a_state_that_was_used_leads_another_browser_nowhere(doors, browser):
    state = await browser.set_out()
    await browser.come_back(state, await doors.code(door="h5"))
    browser.cookies.clear()

    await refused(await browser.come_back(state, await doors.code(door="h5")), "重新登录")

    assert await Session.all().count() == 1


async def test_a_return_that_is_loaded_twice_at_once_leads_on_both_times(doors, browser):
    state, code = await browser.set_out(), await doors.code(door="h5")

    answers = await asyncio.gather(*(browser.come_back(state, code) for _ in range(2)))

    assert [answer.status for answer in answers] == [302, 302]
    assert await Session.all().count() == 1


async def test_the_same_return_loaded_twice_leads_on_and_opens_no_second_session(doors, browser):
    state, code = await browser.set_out(), await doors.code(door="h5")
    await browser.come_back(state, code)

    again = await browser.come_back(state, code)

    assert (again.status, again.headers["Location"], len(again.cookies)) == (302, ME, 0)
    assert await Session.all().count() == 1
    doors.clock.now += timedelta(minutes=1)
    await refused(await browser.come_back(state, code), "重新登录")


@pytest.mark.parametrize(("seconds", "status"), [(599, 302), (600, 400)])
async def test_a_state_lasts_ten_minutes(doors, browser, seconds, status):
    state = await browser.set_out()
    doors.clock.now += timedelta(seconds=seconds)

    answer = await browser.come_back(state, await doors.code(door="h5"))

    assert answer.status == status


async def test_two_pages_of_one_browser_can_both_come_back(doors, browser):
    first, second = await browser.set_out(), await browser.set_out()

    answers = [await browser.come_back(one, await doors.code(door="h5")) for one in (first, second)]

    assert [answer.status for answer in answers] == [302, 302]


async def test_a_made_up_person_of_the_preview_is_refused_and_not_kept(doors, browser):
    code = await doors.code(door="h5", virtual=True)

    answer = await browser.come_back(await browser.set_out(), code)

    await refused(answer, "使用完整服务")
    assert await User.all().count() == 0


async def test_who_declines_or_brings_a_used_code_may_try_again(doors, browser):
    used = await doors.code(door="h5")
    await browser.come_back(await browser.set_out(), used)

    await refused(await browser.come_back(await browser.set_out(), ""), "没有同意")
    await refused(await browser.come_back(await browser.set_out(), used), "微信没有确认")


async def test_while_wechat_is_away_the_page_says_so(doors, browser):
    fault = {"kind": "errcode", "errcode": -1, "path": "/sns/oauth2/access_token"}
    await doors.control("faults", {"api": fault})

    answer = await browser.come_back(await browser.set_out(), await doors.code(door="h5"))

    assert (answer.status, "请稍后再试" in await answer.text()) == (503, True)


async def test_a_login_brings_a_new_session_and_ends_the_one_before(doors, browser):
    await browser.sign_in()
    before = browser.cookies["session"]

    await browser.sign_in()

    after = browser.cookies["session"]
    old, new = Browser(doors, {"session": before}), Browser(doors, {"session": after})
    assert before != after
    assert [(await one.ask("GET", ME)).status for one in (old, new)] == [302, 200]


async def test_a_session_that_somebody_planted_is_not_the_one_of_the_login(doors, browser):
    browser.cookies["session"] = "planted"

    await browser.sign_in()

    assert browser.cookies["session"] != "planted"


BEFORE = (
    *("//", "https://", "\\\\", "/\\", "https:", "/%09/", "/\t/", "@", "javascript:"),
    *("http:/\\/", "///", "me@", "me//", "/h5/me/..//", "%2f%2f"),
)
TRICKS = [
    f"{before}{host}{after}"
    for before in BEFORE
    for host in ("evil.example", "еvil.example", "127.0.0.1:1", "evil。example", "[::1]")
    for after in ("", "/h5/me", "#me", "?to=me")
]


async def test_no_return_target_leads_anywhere_but_to_our_own_pages(doors, browser):
    places = set()
    for trick in TRICKS:
        state = await browser.set_out(trick)
        answer = await browser.come_back(state, "")
        assert answer.status == 400
        places |= set(re.findall(r'href="(/h5/login[^"]*)"', await answer.text()))

    assert len(TRICKS) == 300
    assert places == {"/h5/login?to=me"}
    assert set(await LoginAttempt.all().values_list("target", flat=True)) == {"me"}


async def test_signing_out_takes_the_session_and_the_cookie(doors, browser):
    await browser.sign_in()
    token = browser.cookies["session"]
    ours = {"Origin": doors.url}

    answer = await browser.ask("POST", "/h5/logout", data={"where": "here"}, headers=ours)

    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert answer.cookies["session"]["max-age"] == "0"
    assert (await Browser(doors, {"session": token}).ask("GET", ME)).status == 302


async def test_signing_out_everywhere_ends_the_other_browser_too(doors, browser):
    other = Browser(doors, {})
    await browser.sign_in()
    await other.sign_in()
    ours = {"Origin": doors.url}

    await browser.ask("POST", "/h5/logout", data={"where": "everywhere"}, headers=ours)

    assert (await other.ask("GET", ME)).status == 302


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:1"])
async def test_a_foreign_page_cannot_act_with_our_cookie(doors, browser, origin):
    await browser.sign_in()
    headers = {"Origin": origin} if origin else {}

    answer = await browser.ask("POST", "/h5/logout", data={"where": "here"}, headers=headers)

    assert answer.status == 403
    assert (await browser.ask("GET", ME)).status == 200


async def test_a_session_of_the_pages_is_no_bearer_token(doors, browser):
    await browser.sign_in()
    headers = {"Authorization": f"Bearer {browser.cookies['session']}"}

    assert (await doors.ask("GET", "/api/me", headers=headers)).status == 401


async def test_a_form_without_a_session_says_how_to_sign_in(doors, browser):
    answer = await browser.ask("POST", "/h5/logout", data={"where": "here"})

    assert answer.status == 401
    assert 'href="/h5/login"' in await answer.text()


async def test_over_https_the_cookies_belong_to_this_host_alone(db, redis_url):
    async with open_doors(redis_url, now=NOW, public_url="https://a.cn") as doors:
        browser = Browser(doors, {})
        begun = await browser.ask("GET", "/h5/login")
        state = dict(parse_qsl(urlsplit(begun.headers["Location"]).query))["state"]
        answer = await browser.come_back(state, await doors.code(door="h5"))

    for cookie in (begun.cookies["__Host-login"], answer.cookies["__Host-session"]):
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["path"], cookie["domain"]) == ("/", "")


async def test_both_openids_of_one_person_are_one_user_once_wechat_tells_the_unionid(
    doors, browser
):
    mini = await doors.ask("POST", "/api/session", json={"code": await doors.code()})
    token = (await mini.json())["token"]
    await browser.sign_in()
    apart = await User.filter(joined_into_id=None).count()

    code = await doors.code(door="h5", scope="snsapi_userinfo")
    await browser.come_back(await browser.set_out(), code)

    me = await doors.ask("GET", "/api/me", headers={"Authorization": f"Bearer {token}"})
    assert (apart, await User.filter(joined_into_id=None).count()) == (2, 1)
    assert (await me.json())["id"] == str((await User.get(joined_into_id=None)).id)
