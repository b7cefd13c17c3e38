"""Our client against the simulated WeChat: what arrives there, and how trouble comes back."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bot.clients.wechat import Notice, PageCard, Picture, Text, Visitor
from bot.clients.wechat_account import Account, WeChatHttp
from bot.clients.wechat_errors import Permanent, Transient, WeChatError
from bot.clients.wechat_http import Timeouts, open_transport, upload
from bot.config import (
    SANDBOX_APPID,
    SANDBOX_MINI_APPID,
    SANDBOX_MINI_SECRET,
    SANDBOX_SECRET,
    Config,
)
from bot.domain.errors import BadInput
from bot.sandbox.app import build_sandbox
from bot.sandbox.people import FIRST_PEOPLE, mini_openid
from tests.conftest import NOW
from tests.fakes import SharedInMemory
from tests.http.frame import caught_logs

WANG = FIRST_PEOPLE[0][0]
AS_EVER, QUICK = Timeouts(), Timeouts(connect_s=0.5, total_s=0.3, media_s=0.3)
impatient = pytest.mark.parametrize("wechat", [QUICK], indirect=True)
SEND = "/cgi-bin/message/template/send"
NOTICE = Notice(WANG, "annual_review", {"thing1": "企业年审😀"}, url="https://a.cn/h5/r/9")
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(200)


@dataclass
class WeChat:
    """The simulated one, and our two clients for its two accounts."""

    server: TestServer
    service: WeChatHttp
    mini: WeChatHttp
    http: aiohttp.ClientSession
    clock: "Clock"

    async def control(self, path: str, body: object = None) -> dict:
        async with self.http.post(f"/_control/{path}", json=body or {}) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def trouble(self, **fault: object) -> None:
        await self.control("faults", {"api": fault})

    async def ledger(self, table: str) -> list[dict]:
        async with self.http.get("/_control/ledger", params={"table": table}) as answer:
            return (await answer.json())[table]

    async def calls(self, path: str) -> list[dict]:
        return [call for call in await self.ledger("calls") if call["path"] == path]

    async def template(self, number: int = 1) -> str:
        return await self.service.send_template(NOTICE, client_msg_id=f"c{number}")


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def clients(
    *bases: str, clock: Callable[[], datetime], timeouts: Timeouts = AS_EVER
) -> AsyncIterator[tuple]:
    shared = SharedInMemory()
    async with open_transport(bases, timeouts=timeouts) as transport:
        made = [
            WeChatHttp(
                Account(appid, secret, SANDBOX_MINI_APPID),
                transport,
                shared,
                clock=clock,
                jitter=lambda: 0.5,
            )
            for appid, secret in (
                (SANDBOX_APPID, SANDBOX_SECRET),
                (SANDBOX_MINI_APPID, SANDBOX_MINI_SECRET),
            )
        ]
        yield tuple(made)
        for one in made:
            await one.close()


def base_of(server: TestServer) -> str:
    return str(server.make_url("")).rstrip("/")


@asynccontextmanager
async def sandbox(clock: Clock) -> AsyncIterator[TestServer]:
    async def success(_: web.Request) -> web.Response:
        return web.Response(text="success")

    ours = web.Application()
    ours.router.add_post("/hooks/wechat/{account}", success)
    async with TestServer(ours) as callback:
        app = build_sandbox(Config(), clock=clock, callback_base=base_of(callback))
        async with TestServer(app) as server:
            yield server


@pytest.fixture
async def wechat(request: pytest.FixtureRequest) -> AsyncIterator[WeChat]:
    clock, timeouts = Clock(), getattr(request, "param", AS_EVER)
    async with (
        sandbox(clock) as server,
        clients(base_of(server), clock=clock, timeouts=timeouts) as (service, mini),
        aiohttp.ClientSession(base_of(server)) as http,
    ):
        wechat = WeChat(server, service, mini, http, clock)
        await wechat.control(f"people/{WANG}/follow")
        yield wechat


async def failure(work) -> WeChatError:
    with pytest.raises(WeChatError) as caught:
        await work
    return caught.value


# What arrives


async def test_a_follower_is_told_by_the_ids_that_both_accounts_share(wechat):
    tied = await wechat.service.user_info(WANG)
    await wechat.control(f"people/{WANG}/unfollow")
    gone = await wechat.service.user_info(WANG)
    await wechat.control("platform", {"bound": False})
    loose = await wechat.service.user_info(WANG)

    assert tied == gone == Visitor(WANG, "uSbx6" + WANG.removeprefix("oSbx6"))
    assert loose == Visitor(WANG, None)
    nobody = await failure(wechat.service.user_info("oNobody"))
    assert (type(nobody), nobody.errcode) == (Permanent, 40003)


async def test_a_template_message_arrives_as_it_was_written(wechat):
    msgid = await wechat.template()

    (sent,) = await wechat.ledger("sends")
    assert (str(sent["msgid"]), sent["client_msg_id"]) == (msgid, "c1")
    assert sent["body"] == {
        "touser": WANG,
        "template_id": "annual_review",
        "data": {"thing1": {"value": "企业年审😀"}},
        "url": "https://a.cn/h5/r/9",
        "client_msg_id": "c1",
    }


async def test_the_same_client_msg_id_is_sent_once_and_answers_the_first_id(wechat):
    first, second = await wechat.template(), await wechat.template()

    assert first == second
    assert len(await wechat.ledger("sends")) == 1


async def test_subscriptions_of_both_kinds_use_up_what_was_allowed(wechat):
    asked = {"template_ids": ["annual_review"]}
    await wechat.control(f"people/{WANG}/subscribe", asked)
    await wechat.control(f"people/{WANG}/subscribe", asked | {"account": "mini"})
    mini_notice = Notice(mini_openid(WANG), "annual_review", {"thing1": "年审"}, mini_page="p/i")

    await wechat.service.send_subscription(NOTICE)
    await wechat.mini.send_mini_subscription(mini_notice)
    refusals = [
        await failure(wechat.service.send_subscription(NOTICE)),
        await failure(wechat.mini.send_mini_subscription(mini_notice)),
    ]

    assert [one["kind"] for one in await wechat.ledger("sends")] == ["subscription", "mini"]
    assert [(type(one), one.errcode) for one in refusals] == [(Permanent, 43101)] * 2


async def test_a_customer_message_that_is_too_long_arrives_in_whole_sentences(wechat):
    await wechat.control(f"people/{WANG}/text", {"content": "答复"})

    await wechat.service.send_custom(WANG, Text("请再等一等。" * 200))

    (sent,) = await wechat.ledger("sends")
    assert sent["body"]["text"]["content"] == "请再等一等。" * 113 + "……"


async def test_a_customer_message_of_each_kind_arrives_within_the_window(wechat):
    await wechat.control(f"people/{WANG}/text", {"content": "证书"})
    media_id = await wechat.service.upload_picture(PICTURE, kind="png")

    for content in (Text("您好"), Picture(media_id), PageCard("我的证书", "p/i", media_id)):
        await wechat.service.send_custom(WANG, content)

    assert [one["body"] for one in await wechat.ledger("sends")] == [
        {"touser": WANG, "msgtype": "text", "text": {"content": "您好"}},
        {"touser": WANG, "msgtype": "image", "image": {"media_id": media_id}},
        {
            "touser": WANG,
            "msgtype": "miniprogrampage",
            "miniprogrampage": {
                "title": "我的证书",
                "appid": SANDBOX_MINI_APPID,
                "pagepath": "p/i",
                "thumb_media_id": media_id,
            },
        },
    ]


async def test_a_menu_in_chinese_is_published_and_read_back(wechat):
    buttons = [{"type": "click", "name": "证书", "key": "certificates"}]
    before = await wechat.service.menu()

    await wechat.service.publish_menu(buttons)

    assert before is None
    assert await wechat.service.menu() == [{**buttons[0], "sub_button": []}]


async def test_a_parametric_code_is_scanned_and_its_scene_comes_back(wechat):
    code = await wechat.service.scene_code("cert:9f3K2a", lives=timedelta(days=365))
    for_ever = await wechat.service.scene_code("poster", lives=None)

    await wechat.control(f"people/{WANG}/scan", {"scene": code.url})
    async with wechat.http.get("/cgi-bin/showqrcode", params={"ticket": code.ticket}) as answer:
        picture = await answer.read()

    assert (code.lives, for_ever.lives) == (timedelta(days=30), None)
    scan = (await wechat.ledger("pushes"))[-1]
    assert "<EventKey><![CDATA[cert:9f3K2a]]></EventKey>" in scan["xml"]
    assert picture.startswith(b"\x89PNG")


async def test_an_old_code_tells_nothing_any_more(wechat):
    code = await wechat.service.scene_code("cert:9f3K2a", lives=timedelta(minutes=1))
    wechat.clock.now += timedelta(minutes=1)

    await wechat.control(f"people/{WANG}/scan", {"scene": code.url})

    assert "cert:9f3K2a" not in (await wechat.ledger("pushes"))[-1]["xml"]


async def test_a_mini_program_code_is_a_picture_and_a_link_an_address(wechat):
    picture = await wechat.mini.page_code("c=9f3K2a", page="pages/cert/verify")
    link = await wechat.mini.url_link("/pages/cert/verify", "c=9f3K2a", days=30)

    assert picture.startswith(b"\x89PNG")
    assert link.startswith("https://wxaurl.cn/")


@pytest.mark.parametrize(
    "call",
    [
        lambda wechat: wechat.service.scene_code("", lives=None),
        lambda wechat: wechat.service.scene_code("x" * 65, lives=None),
        lambda wechat: wechat.mini.page_code("中文", page="pages/a"),
        lambda wechat: wechat.mini.page_code("a%b", page="pages/a"),
        lambda wechat: wechat.mini.page_code("x" * 33, page="pages/a"),
        lambda wechat: wechat.mini.page_code("a", page="/pages/a"),
        lambda wechat: wechat.mini.url_link("pages/a", "", days=30),
        lambda wechat: wechat.mini.url_link("/pages/a", "", days=31),
    ],
)
async def test_what_wechat_would_refuse_is_not_even_asked(wechat, call):
    with pytest.raises(BadInput):
        await call(wechat)

    assert await wechat.ledger("calls") == []


async def test_the_ticket_is_asked_for_once_in_its_life(wechat):
    first = await wechat.service.jsapi_ticket()
    second = await wechat.service.jsapi_ticket()
    wechat.clock.now += timedelta(hours=2)
    third = await wechat.service.jsapi_ticket()

    assert first == second != third
    assert len(await wechat.calls("/cgi-bin/ticket/getticket")) == 2


async def test_each_account_has_a_token_of_its_own(wechat):
    await wechat.template()
    await wechat.mini.url_link("/pages/a", "", days=1)
    refused = await failure(wechat.service.page_code("a", page="pages/a"))

    assert {row["appid"] for row in await wechat.ledger("tokens")} == {
        SANDBOX_APPID,
        SANDBOX_MINI_APPID,
    }
    assert (type(refused), refused.errcode) == (Permanent, 48001)


async def test_an_upload_has_a_length_and_one_without_is_refused(wechat):
    async def pieces() -> AsyncIterator[bytes]:
        yield upload("media", "a.png", PICTURE, "image/png").content

    async with wechat.http.post("/cgi-bin/media/upload", data=pieces()) as chunked:
        status = chunked.status

    assert status == 412
    assert await wechat.service.upload_picture(PICTURE, kind="jpg")
    with pytest.raises(ValueError, match="ASCII"):
        upload("media", "证书.png", PICTURE, "image/png")


# The token


async def test_a_revoked_token_costs_one_more_question_and_no_message(wechat):
    await wechat.template(1)
    await wechat.control("token/revoke")

    await wechat.template(2)

    assert len(await wechat.ledger("sends")) == 2
    assert len(await wechat.calls("/cgi-bin/stable_token")) == 2


async def test_twenty_calls_that_meet_a_revoked_token_share_one_question(wechat):
    await wechat.template(0)
    await wechat.control("token/revoke")

    await asyncio.gather(*(wechat.template(number) for number in range(1, 21)))

    assert len(await wechat.ledger("sends")) == 21
    assert len(await wechat.calls("/cgi-bin/stable_token")) == 2


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_storm_of_refused_tokens_ends_in_one_retry_and_three_questions(wechat, errcode):
    await wechat.template(0)
    await wechat.trouble(kind="errcode", errcode=errcode, path="@token")

    failures = [await failure(wechat.template(number)) for number in range(1, 11)]

    assert {type(one) for one in failures} == {Transient}
    assert len(await wechat.calls(SEND)) == 1 + 2 + 9  # only the first was tried with another token
    assert len(await wechat.calls("/cgi-bin/stable_token")) == 3


async def test_a_call_that_is_refused_twice_asks_for_no_third_token(wechat):
    await wechat.template(0)
    await wechat.control("token/revoke")
    await wechat.trouble(kind="errcode", errcode=40001, path=SEND, count=2)

    told = await failure(wechat.template(1))

    assert (type(told), told.errcode) == (Transient, 40001)
    assert len(await wechat.calls("/cgi-bin/stable_token")) == 2


# Trouble


@pytest.mark.parametrize(
    ("fault", "kind", "errcode", "uncertain"),
    [
        ({"kind": "errcode", "errcode": -1}, Transient, -1, True),
        ({"kind": "errcode", "errcode": 45011}, Transient, 45011, False),
        ({"kind": "errcode", "errcode": 45009}, Transient, 45009, False),
        ({"kind": "errcode", "errcode": 40164}, Transient, 40164, False),
        ({"kind": "errcode", "errcode": 47003}, Permanent, 47003, None),
        ({"kind": "html", "status": 502}, Transient, None, True),
        ({"kind": "html", "status": 200}, Transient, None, True),
        ({"kind": "status", "status": 200}, Transient, None, True),
        ({"kind": "status", "status": 503}, Transient, None, True),
        ({"kind": "status", "status": 412}, Permanent, None, None),
        ({"kind": "slow", "delay_s": 30}, Transient, None, True),
        ({"kind": "silent"}, Transient, None, True),
        ({"kind": "silent", "after": True}, Transient, None, True),
    ],
)
@impatient
async def test_each_trouble_is_one_of_two_failures(wechat, fault, kind, errcode, uncertain):
    await wechat.template(0)
    await wechat.trouble(path=SEND, **fault)

    told = await failure(wechat.template(1))

    assert (type(told), told.errcode) == (kind, errcode)
    assert getattr(told, "uncertain", None) is uncertain
    assert bool(told.rid) is (errcode is not None)
    assert SEND in str(told)


async def test_a_used_up_quota_is_transient_until_midnight_in_beijing(wechat):
    await wechat.control("quota", {"path": SEND, "daily": 2})
    await wechat.template(1)
    await wechat.template(2)

    told = await failure(wechat.template(3))
    wechat.clock.now += timedelta(hours=14, minutes=30)  # midnight
    await wechat.template(4)

    assert (type(told), told.errcode, told.uncertain) == (Transient, 45009, False)
    assert len(await wechat.ledger("sends")) == 3


async def test_a_stranger_is_permanent_with_code_and_rid(wechat):
    told = await failure(
        wechat.service.send_template(
            Notice(FIRST_PEOPLE[1][0], "t", {"thing1": "x"}), client_msg_id="c"
        )
    )

    assert (type(told), told.errcode) == (Permanent, 43004)
    assert len(told.rid) == 26


async def test_a_wrong_secret_says_nothing_of_the_call_and_is_not_asked_again_and_again():
    clock = Clock()
    async with (
        sandbox(clock) as server,
        open_transport([base_of(server)], timeouts=QUICK) as transport,
    ):
        account = Account(SANDBOX_APPID, "not-the-secret-at-all")
        service = WeChatHttp(account, transport, SharedInMemory(), clock=clock, jitter=lambda: 0.5)
        with caught_logs() as logs:
            told = [await failure(service.menu()) for _ in range(5)]

    # Transient: once somebody has mended the account, the very same call succeeds.
    assert [(type(one), one.errcode, one.uncertain) for one in told] == [
        *[(Transient, 40125, False)] * 3,
        *[(Transient, None, False)] * 2,
    ]
    assert [line["level"] for line in logs.named("wechat_refused")] == ["error"] * 3


@dataclass
class Odd:
    """A server that answers as it is told, and counts."""

    bodies: list[bytes] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    content_type: str = "text/plain"

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(request.path)
        if request.path.endswith("stable_token"):
            return web.json_response({"access_token": "T" * 512, "expires_in": 7200})
        body = self.bodies.pop(0)
        return web.Response(body=body, content_type=self.content_type)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self.answer)
        return app


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "image/jpeg"])
async def test_an_answer_is_read_whatever_it_is_called(content_type):
    odd = Odd([b'\n {"errcode":"0","errmsg":"a\x01b","msgid":200228332}'], [], content_type)
    async with (
        TestServer(odd.app()) as server,
        clients(base_of(server), clock=Clock()) as (service, _),
    ):
        assert await service.send_template(NOTICE, client_msg_id="c") == "200228332"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"errcode":"x"}', b"\xff\xfe", b"null"])
async def test_an_answer_that_is_none_is_transient(body):
    async with (
        TestServer(Odd([body]).app()) as server,
        clients(base_of(server), clock=Clock()) as (service, _),
    ):
        told = await failure(service.send_template(NOTICE, client_msg_id="c"))

    assert (type(told), told.uncertain) == (Transient, True)


async def test_a_good_answer_without_what_we_asked_for_is_transient():
    async with (
        TestServer(Odd([b'{"errcode":0}'] * 3).app()) as server,
        clients(base_of(server), clock=Clock()) as (service, mini),
    ):
        told = [
            await failure(service.scene_code("a", lives=None)),
            await failure(service.jsapi_ticket()),
            await failure(mini.page_code("a", page="pages/a")),
        ]

    assert {type(one) for one in told} == {Transient}


# Two hosts


async def test_an_unreachable_host_is_passed_over(wechat):
    nobody = f"http://127.0.0.1:{unused_port()}"
    async with clients(nobody, base_of(wechat.server), clock=wechat.clock) as (service, _):
        await service.send_template(NOTICE, client_msg_id="c")

    assert len(await wechat.ledger("sends")) == 1


@pytest.mark.parametrize("fault", [{"kind": "slow", "delay_s": 30}, {"kind": "html"}])
async def test_a_call_that_was_sent_is_never_repeated_on_the_other_host(wechat, fault):
    second = Odd([b'{"errcode":0,"msgid":1}'])
    async with (
        TestServer(second.app()) as other,
        clients(base_of(wechat.server), base_of(other), clock=wechat.clock, timeouts=QUICK) as (
            service,
            _,
        ),
    ):
        await service.menu()
        await wechat.trouble(path=SEND, **fault)
        told = await failure(service.send_template(NOTICE, client_msg_id="c"))

    assert (type(told), told.uncertain, second.seen) == (Transient, True, [])


async def test_nobody_at_all_is_transient_and_certain():
    nobody = f"http://127.0.0.1:{unused_port()}"
    async with clients(nobody, clock=Clock()) as (service, _):
        told = await failure(service.menu())

    assert (type(told), told.uncertain) == (Transient, False)


async def test_after_five_failures_wechat_is_left_alone(wechat):
    await wechat.template(0)
    await wechat.trouble(kind="html", path=SEND)

    told = [await failure(wechat.template(number)) for number in range(1, 9)]

    assert len(await wechat.calls(SEND)) == 1 + 5
    assert [one.uncertain for one in told] == [True] * 5 + [False] * 3


# What never shows


async def test_a_redirect_does_not_carry_the_token_elsewhere():
    elsewhere = Odd()

    async def redirect(request: web.Request) -> web.Response:
        if request.path.endswith("stable_token"):
            return web.json_response({"access_token": "T1", "expires_in": 7200})
        raise web.HTTPTemporaryRedirect(f"{base_of(other)}{request.path_qs}")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", redirect)
    async with (
        TestServer(elsewhere.app()) as other,
        TestServer(app) as server,
        clients(base_of(server), clock=Clock()) as (service, _),
    ):
        told = await failure(service.menu())

    assert (type(told), elsewhere.seen) == (Transient, [])


@impatient
async def test_neither_token_nor_secret_shows_in_logs_or_errors(wechat):
    troubles = [
        {"kind": "errcode", "errcode": -1},
        {"kind": "errcode", "errcode": 40013, "errmsg": f"bad {SANDBOX_SECRET}"},
        {"kind": "html"},
        {"kind": "silent"},
        {"kind": "status", "status": 307},
    ]
    with caught_logs("debug") as logs:
        await wechat.template(0)
        token = (await wechat.ledger("tokens"))[-1]["token"]
        said = []
        for number, fault in enumerate(troubles, 1):
            await wechat.control("faults", {"api": {"path": SEND, "count": 1, **fault}})
            error = await failure(wechat.template(number))
            said += [repr(error), *traceback.format_exception(error)]
            assert (error.__cause__, error.__context__) == (None, None)
        nobody = f"http://127.0.0.1:{unused_port()}"
        async with clients(nobody, clock=wechat.clock) as (service, _):
            said += traceback.format_exception(await failure(service.menu()))

    everything = "\n".join(said) + logs.raw.decode()
    assert len(logs.named("wechat_call_failed")) >= 3
    assert not [secret for secret in (token, token[:20], SANDBOX_SECRET) if secret in everything]
