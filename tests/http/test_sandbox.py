"""The simulated WeChat as its two neighbours see it: the account's server and the tests."""

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, unused_port

from bot.config import SANDBOX_APPID, SANDBOX_SECRET, Config
from bot.sandbox import crypto, xml
from bot.sandbox.accounts import ACCOUNT
from bot.sandbox.app import build_sandbox, serve
from bot.sandbox.deliveries import BROKEN
from bot.sandbox.people import FIRST_PEOPLE

WANG, LI = FIRST_PEOPLE[0][0], FIRST_PEOPLE[1][0]
NOON = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)  # in Beijing
KEYS = crypto.Keys.of_service(Config())
OWNER = {"grant_type": "client_credential", "appid": SANDBOX_APPID, "secret": SANDBOX_SECRET}
CUSTOM = "/cgi-bin/message/custom/send"
TEMPLATE = "/cgi-bin/message/template/send"
STABLE = "/cgi-bin/stable_token"
TEXT = {"touser": WANG, "msgtype": "text", "text": {"content": "您的材料已收到"}}
REMINDER = {
    "touser": WANG,
    "template_id": "annual-review",
    "url": "https://assoc.example/h5/r/9",
    "data": {"thing1": {"value": "企业年审"}},
}


@dataclass
class Clock:
    now: datetime = NOON
    tick: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        self.now += self.tick
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Account:
    """The other side: takes pushes apart and answers what the test put into `answers`."""

    queries: list[dict[str, str]] = field(default_factory=list)
    messages: list[ET.Element] = field(default_factory=list)
    answers: list[Callable[[ET.Element], web.Response]] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    silent: bool = False

    async def take(self, request: web.Request) -> web.Response:
        envelope = xml.read((await request.read()).decode())
        message = xml.read(crypto.decrypt(envelope.findtext("Encrypt", ""), KEYS).decode())
        self.queries.append({**request.query, "Encrypt": envelope.findtext("Encrypt", "")})
        self.messages.append(message)
        if self.silent:
            await self.released.wait()
        return self.answers.pop(0)(message) if self.answers else web.Response(text="success")

    def told(self, *names: str) -> list[tuple[str | None, ...]]:
        return [tuple(message.findtext(name) for name in names) for message in self.messages]


@dataclass
class Sandbox:
    """What tests ask of the simulated WeChat, in words."""

    http: TestClient
    clock: Clock

    async def control(self, path: str, body: object = None, *, status: int = 200) -> dict:
        async with self.http.post(f"/_control/{path}", json=body or {}) as response:
            assert response.status == status
            return await response.json()

    async def person(self, act: str, body: object = None, *, openid: str = WANG) -> dict:
        return await self.control(f"people/{openid}/{act}", body)

    async def call(self, path: str, body: object, *, token: str | None = None) -> dict:
        token = await self.token() if token is None else token
        async with self.http.post(path, json=body, params={"access_token": token}) as response:
            assert (response.status, response.content_type) == (200, "text/plain")
            return json.loads(await response.text())

    async def stable(self, **more: object) -> dict:
        async with self.http.post(STABLE, json=OWNER | more) as response:
            return json.loads(await response.text())

    async def token(self) -> str:
        return (await self.stable())["access_token"]

    async def ledger(self, table: str) -> list[dict]:
        async with self.http.get("/_control/ledger", params={"table": table}) as response:
            return (await response.json())[table]

    async def screen(self, openid: str = WANG) -> list[tuple[str, str, dict]]:
        async with self.http.get("/phone/state") as response:
            people = (await response.json())["people"]
        lines = next(one["lines"] for one in people if one["openid"] == openid)
        return [(line["from"], line["kind"], line["body"]) for line in lines]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def account(aiohttp_server):
    account = Account()
    app = web.Application()
    app.router.add_post("/hooks/wechat/oa", account.take)
    account.server = await aiohttp_server(app)
    yield account
    account.released.set()


@pytest.fixture
async def sandbox(aiohttp_client, account, clock):
    base = str(account.server.make_url("")).rstrip("/")
    return Sandbox(
        await aiohttp_client(build_sandbox(Config(), clock=clock, callback_base=base)), clock
    )


@pytest.fixture
async def follower(sandbox, account):
    """Wang follows; what that caused is forgotten on the account's side."""
    await sandbox.person("follow")
    account.messages.clear()
    account.queries.clear()
    return sandbox


def reply_text(content, **changes):
    """A sealed text reply; `changes` make it wrong on purpose."""

    def answer(message: ET.Element) -> web.Response:
        inside = xml.write(
            {
                "ToUserName": changes.get("to", message.findtext("FromUserName")),
                "FromUserName": ACCOUNT,
                "CreateTime": 1772337600,
                "MsgType": changes.get("kind", "text"),
                "Content": content,
            }
        )
        keys = changes.get("keys", KEYS)
        timestamp = changes.get("timestamp", "1772337600")
        sealed = crypto.encrypt(inside.encode(), keys, random16=b"0123456789abcdef")
        signed = crypto.signature(keys.token, timestamp, "7", sealed)
        body = xml.write(
            {
                "Encrypt": sealed,
                "MsgSignature": changes.get("signature", signed),
                "TimeStamp": int(timestamp),
                "Nonce": "7",
            }
        )
        return web.Response(text=changes.get("before", "") + body)

    return answer


def reply_with(kind, **parts):
    """A sealed reply of any kind, with fields as WeChat's documents name them."""

    def answer(message: ET.Element) -> web.Response:
        inside = {
            "ToUserName": message.findtext("FromUserName", ""),
            "FromUserName": ACCOUNT,
            "CreateTime": 1772337600,
            "MsgType": kind,
            **parts,
        }
        sealed = crypto.encrypt(xml.write(inside).encode(), KEYS, random16=b"0123456789abcdef")
        outside = {
            "Encrypt": sealed,
            "MsgSignature": crypto.signature(KEYS.token, "1772337600", "7", sealed),
            "TimeStamp": 1772337600,
            "Nonce": "7",
        }
        return web.Response(text=xml.write(outside))

    return answer


def plain(**answer):
    return lambda _: web.Response(**answer)


# ---- access tokens


async def test_the_stable_token_repeats_until_its_last_five_minutes(sandbox):
    first = await sandbox.stable()
    sandbox.clock.forward(seconds=6900)
    again = await sandbox.stable()
    sandbox.clock.forward(seconds=1)
    next_one = await sandbox.stable()
    old_one_works = await sandbox.call(CUSTOM, TEXT, token=first["access_token"])

    assert first["expires_in"] == 7200
    assert again == {"access_token": first["access_token"], "expires_in": 300}
    assert next_one["expires_in"] == 7200
    assert next_one["access_token"] != first["access_token"]
    assert old_one_works["errcode"] == 43004  # about the receiver, not about the token


async def test_a_forced_token_ends_the_one_before(sandbox):
    first = await sandbox.token()
    forced = (await sandbox.stable(force_refresh=True))["access_token"]

    refused = await sandbox.call(CUSTOM, TEXT, token=first)

    assert refused["errcode"] == 40001
    assert await sandbox.token() == forced


async def test_forcing_within_thirty_seconds_changes_nothing(sandbox):
    forced = await sandbox.stable(force_refresh=True)
    sandbox.clock.forward(seconds=29)
    too_soon = await sandbox.stable(force_refresh=True)
    sandbox.clock.forward(seconds=1)
    later = await sandbox.stable(force_refresh=True)

    assert too_soon == {"access_token": forced["access_token"], "expires_in": 7171}
    assert later["access_token"] != forced["access_token"]


async def test_forcing_is_rationed_to_twenty_a_day_of_beijing(sandbox):
    for _ in range(20):
        sandbox.clock.forward(seconds=30)
        assert "access_token" in await sandbox.stable(force_refresh=True)
    sandbox.clock.forward(seconds=30)
    refused = await sandbox.stable(force_refresh=True)
    sandbox.clock.now = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)  # midnight in Beijing
    next_day = await sandbox.stable(force_refresh=True)

    assert refused["errcode"] == 45009
    assert "access_token" in next_day


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b"", 44002),
        (b"{", 47001),
        (b"[]", 47001),
        (b'{"a":"\xff"}', 47001),
        (b'{"a":"\\ud800"}', 47001),
        (b'{"a":NaN}', 47001),
        (b'{"a":' + b"[" * 100_000, 47001),
        (b" " * (2 * 1024 * 1024 + 1), 45002),
        (OWNER | {"grant_type": "password"}, 40002),
        (OWNER | {"appid": ""}, 41002),
        (OWNER | {"secret": ""}, 41004),
        (OWNER | {"appid": "wx0000000000000000"}, 40013),
        (OWNER | {"secret": "guess"}, 40125),
        (OWNER | {"force_refresh": "yes"}, 47001),
    ],
)
async def test_a_wrong_request_for_a_token_is_refused_with_its_code(sandbox, body, errcode):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with sandbox.http.post(STABLE, data=io.BytesIO(raw)) as response:
        answer = json.loads(await response.text())

    assert (response.status, answer["errcode"]) == (200, errcode)
    assert " rid: " in answer["errmsg"]


@pytest.mark.parametrize(
    ("method", "path", "errcode"),
    [("GET", STABLE, 43002), ("GET", CUSTOM, 43002), ("POST", "/cgi-bin/menu/get", 43001)],
)
async def test_the_wrong_method_is_refused(sandbox, method, path, errcode):
    async with sandbox.http.request(method, path) as response:
        assert json.loads(await response.text())["errcode"] == errcode


async def test_an_unknown_endpoint_is_refused_in_wechats_own_way(sandbox):
    assert (await sandbox.call("/cgi-bin/nothing", {}))["errcode"] == 40066


async def test_a_call_without_a_living_token_is_refused(sandbox):
    token = await sandbox.token()
    missing = await sandbox.call(CUSTOM, TEXT, token="")
    unknown = await sandbox.call(CUSTOM, TEXT, token="guess")
    sandbox.clock.forward(seconds=7200)
    expired = await sandbox.call(CUSTOM, TEXT, token=token)
    newer = await sandbox.token()
    revoked = await sandbox.control("token/revoke")
    after = await sandbox.call(CUSTOM, TEXT, token=newer)

    codes = [one["errcode"] for one in (missing, unknown, expired, after)]
    assert codes == [41001, 40001, 42001, 40001]
    assert revoked == {"revoked": 1}


# ---- messages of the account


async def test_a_custom_message_stands_on_the_phone(follower):
    answer = await follower.call(CUSTOM, TEXT)

    assert answer == {"errcode": 0, "errmsg": "ok"}
    assert await follower.screen() == [("account", "text", {"content": "您的材料已收到"})]


@pytest.mark.parametrize(
    ("kind", "part", "shown"),
    [
        ("image", {"media_id": "m"}, {"media_id": "m"}),
        (
            "news",
            {"articles": [{"title": "公示", "url": "https://assoc.example"}]},
            {
                "articles": [
                    {
                        "title": "公示",
                        "description": "",
                        "pic_url": "",
                        "url": "https://assoc.example",
                    }
                ]
            },
        ),
        (
            "miniprogrampage",
            {"title": "签署", "appid": "wxM", "pagepath": "pages/a", "thumb_media_id": "t"},
            {"title": "签署", "appid": "wxM", "pagepath": "pages/a", "thumb_media_id": "t"},
        ),
    ],
)
async def test_other_kinds_stand_on_the_phone_too(follower, kind, part, shown):
    answer = await follower.call(CUSTOM, {"touser": WANG, "msgtype": kind, kind: part})

    assert answer["errcode"] == 0
    assert await follower.screen() == [("account", kind, shown)]


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"touser": "oNobody"}, 40003),
        ({"touser": None}, 40003),
        ({"touser": LI}, 43004),
        ({"msgtype": "hologram"}, 40008),
        ({"msgtype": "image"}, 40008),
        ({"text": "plain"}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"text": {"content": "信" * 683}}, 45002),
        ({"client_msg_id": 7}, 47001),
    ],
)
async def test_a_custom_message_that_cannot_be_is_refused(follower, change, errcode):
    assert (await follower.call(CUSTOM, TEXT | change))["errcode"] == errcode
    assert await follower.screen() == []


async def test_a_message_opens_the_window_for_48_hours(follower):
    await follower.person("text", {"content": "你好"})
    follower.clock.forward(hours=48, seconds=-1)
    inside = await follower.call(CUSTOM, TEXT)
    follower.clock.forward(seconds=1)
    outside = await follower.call(CUSTOM, TEXT)

    assert (inside["errcode"], outside["errcode"]) == (0, 45015)


async def test_following_opens_the_window_for_one_minute_only(follower):
    follower.clock.forward(seconds=59)
    inside = await follower.call(CUSTOM, TEXT)
    follower.clock.forward(seconds=1)
    outside = await follower.call(CUSTOM, TEXT)

    assert (inside["errcode"], outside["errcode"]) == (0, 45015)


async def test_one_message_of_a_person_allows_five_of_the_account(follower):
    follower.clock.forward(minutes=2)
    await follower.person("text", {"content": "你好"})

    codes = [(await follower.call(CUSTOM, TEXT))["errcode"] for _ in range(6)]

    assert codes == [0, 0, 0, 0, 0, 45047]


@pytest.mark.parametrize(("path", "body"), [(CUSTOM, TEXT), (TEMPLATE, REMINDER)])
async def test_the_same_client_msg_id_is_sent_once_within_ten_minutes(follower, path, body):
    await follower.person("text", {"content": "你好"})
    named = body | {"client_msg_id": "annual-2026-000123"}
    first = await follower.call(path, named)
    again = await follower.call(path, named)
    follower.clock.forward(minutes=10)
    much_later = await follower.call(path, named)

    sends = await follower.ledger("sends")
    assert [one["errcode"] for one in (first, again, much_later)] == [0, 45065, 0]
    assert again["msgid"] == sends[0]["msgid"]
    assert [one["client_msg_id"] for one in sends] == ["annual-2026-000123"] * 2


async def test_a_template_message_ends_with_a_receipt(follower, account):
    answer = await follower.call(TEMPLATE, REMINDER)
    await follower.control("settle")

    assert account.told("Event", "MsgID", "Status") == [
        ("TEMPLATESENDJOBFINISH", str(answer["msgid"]), "success")
    ]
    assert await follower.screen() == [
        (
            "account",
            "template",
            {
                "template_id": "annual-review",
                "url": "https://assoc.example/h5/r/9",
                "fields": [{"name": "thing1", "value": "企业年审"}],
            },
        )
    ]


async def test_a_blocked_template_message_is_accepted_but_never_shown(follower, account):
    await follower.control("faults", {"receipt": {"status": "failed:user block", "count": 1}})
    answer = await follower.call(TEMPLATE, REMINDER)
    await follower.control("settle")

    assert answer["errcode"] == 0
    assert account.told("Status") == [("failed:user block",)]
    assert await follower.screen() == []


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"touser": "oNobody"}, 40003),
        ({"touser": LI}, 43004),
        ({"template_id": ""}, 40037),
        ({"data": {}}, 47003),
        ({"data": {"thing1": "企业年审"}}, 47003),
        ({"data": {"thing1": {"value": ""}}}, 47003),
        ({"data": {"thing1": {"value": "两\n行"}}}, 47003),
    ],
)
async def test_a_template_message_that_cannot_be_is_refused(follower, change, errcode):
    assert (await follower.call(TEMPLATE, REMINDER | change))["errcode"] == errcode
    assert await follower.ledger("sends") == []


# ---- menu


async def test_a_menu_is_published_shown_and_deleted(sandbox):
    token = {"access_token": await sandbox.token()}
    button = {"type": "click", "name": "我的评分", "key": "CREDIT_SCORE"}
    raw = json.dumps({"button": [button]}, ensure_ascii=False).encode()

    async with sandbox.http.post("/cgi-bin/menu/create", params=token, data=raw) as response:
        created = json.loads(await response.text())
    async with sandbox.http.get("/cgi-bin/menu/get", params=token) as response:
        held = json.loads(await response.text())
    async with sandbox.http.get("/phone/state") as response:
        shown = (await response.json())["menu"]
    async with sandbox.http.get("/cgi-bin/menu/delete", params=token) as response:
        deleted = json.loads(await response.text())
    async with sandbox.http.get("/cgi-bin/menu/get", params=token) as response:
        gone = json.loads(await response.text())

    assert (created, deleted) == ({"errcode": 0, "errmsg": "ok"}, {"errcode": 0, "errmsg": "ok"})
    assert held == {"menu": {"button": [button | {"sub_button": []}]}}
    assert shown == [button | {"sub_button": []}]
    assert gone["errcode"] == 46003


CLICK = {"type": "click", "name": "a", "key": "A"}


@pytest.mark.parametrize(
    ("menu", "errcode"),
    [
        ({"button": []}, 40016),
        ({"button": [CLICK] * 4}, 40016),
        ({"button": [CLICK | {"name": "x" * 17}]}, 40018),
        ({"button": [CLICK | {"type": "dance"}]}, 40017),
        ({"button": [CLICK | {"key": ""}]}, 40019),
        ({"button": [{"name": "a", "sub_button": [CLICK] * 6}]}, 40023),
        ({"button": [{"name": "a", "sub_button": [CLICK | {"name": "x" * 61}]}]}, 40025),
        ({"button": [{"type": "view", "name": "a", "url": "javascript:alert(1)"}]}, 40055),
        ({"button": [CLICK | {"name": "评分"}]}, 40033),  # json= escapes it as \uXXXX
    ],
)
async def test_a_wrong_menu_is_refused_with_its_code(sandbox, menu, errcode):
    assert (await sandbox.call("/cgi-bin/menu/create", menu))["errcode"] == errcode


# ---- pushes to the account


async def test_a_text_arrives_sealed_and_signed_and_its_reply_is_shown(follower, account):
    account.answers.append(reply_text("已收到]]>谢谢"))

    outcome = await follower.person("text", {"content": "你好 ]]> <b>"})

    (query,) = account.queries
    timestamp, nonce = query["timestamp"], query["nonce"]
    sealed = query["Encrypt"]
    assert query == {
        "signature": crypto.signature(KEYS.token, timestamp, nonce),
        "timestamp": str(int(NOON.timestamp())),
        "nonce": nonce,
        "openid": WANG,
        "encrypt_type": "aes",
        "msg_signature": crypto.signature(KEYS.token, timestamp, nonce, sealed),
        "Encrypt": sealed,
    }
    assert account.told("ToUserName", "FromUserName", "CreateTime", "MsgType", "Content") == [
        (ACCOUNT, WANG, str(int(NOON.timestamp())), "text", "你好 ]]> <b>")
    ]
    assert outcome["outcome"] == "delivered"
    assert outcome["reply"] == {"kind": "text", "body": {"content": "已收到]]>谢谢"}}
    assert await follower.screen() == [
        ("me", "text", {"content": "你好 ]]> <b>"}),
        ("account", "text", {"content": "已收到]]>谢谢"}),
    ]


@pytest.mark.parametrize("body", ["", "success"])
async def test_an_empty_answer_or_success_is_enough_at_once(follower, account, body):
    account.answers.append(plain(text=body))

    outcome = await follower.person("text", {"content": "你好"})

    assert [one["verdict"] for one in outcome["attempts"]] == ["quiet"]
    assert await follower.screen() == [("me", "text", {"content": "你好"})]


ARTICLE = {"Title": "公示", "Description": "d", "PicUrl": "", "Url": "https://assoc.example/n"}
SHOWN = {"title": "公示", "description": "d", "pic_url": "", "url": "https://assoc.example/n"}


@pytest.mark.parametrize(
    ("kind", "parts", "shown"),
    [
        ("image", {"Image": {"MediaId": "m"}}, {"media_id": "m"}),
        ("voice", {"Voice": {"MediaId": "m"}}, {"media_id": "m"}),
        ("video", {"Video": {"MediaId": "m"}}, {"media_id": "m"}),
        ("music", {"Music": {"Title": "歌", "MusicUrl": "u"}}, {"title": "歌", "url": "u"}),
        (
            "news",
            {"ArticleCount": 2, "Articles": {"item": [ARTICLE, ARTICLE]}},
            {"articles": [SHOWN]},  # a message is answered with one article only
        ),
        (
            "transfer_customer_service",
            {"TransInfo": {"KfAccount": "kf@assoc"}},
            {"account": "kf@assoc"},
        ),
    ],
)
async def test_every_kind_of_reply_is_understood(follower, account, kind, parts, shown):
    account.answers.append(reply_with(kind, **parts))

    outcome = await follower.person("text", {"content": "你好"})

    assert outcome["reply"] == {"kind": kind, "body": shown}


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("image", {"Image": {"MediaId": ""}}),
        ("news", {"ArticleCount": 0, "Articles": ""}),
        ("news", {"ArticleCount": 2, "Articles": {"item": ARTICLE}}),
        ("text", {"Content": ""}),
        ("text", {"Content": "a", "CreateTime": "today"}),
    ],
)
async def test_a_reply_with_a_part_missing_fails(follower, account, kind, parts):
    account.answers += [reply_with(kind, **parts)] * 3

    outcome = await follower.person("text", {"content": "你好"})

    assert [one["verdict"] for one in outcome["attempts"]] == ["malformed"] * 3


OTHER = crypto.Keys.of("wx0000000000000000", KEYS.token, Config().oa_aes_key.get_secret_value())


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        pytest.param(plain(status=500), "status", id="HTTP 500"),
        pytest.param(plain(status=204), "status", id="HTTP 204"),
        pytest.param(plain(status=302, headers={"Location": "/"}), "status", id="redirect"),
        pytest.param(plain(text="ok"), "malformed", id="ok"),
        pytest.param(plain(text='"success"'), "malformed", id="success in quotes"),
        pytest.param(plain(body=b"\xff\xfe"), "malformed", id="no text"),
        pytest.param(plain(text="x" * 70_000), "malformed", id="too large"),
        pytest.param(plain(text="<xml><Content>a</Content></xml>"), "malformed", id="plain reply"),
        pytest.param(reply_text("a", before="<!DOCTYPE xml>"), "malformed", id="document type"),
        pytest.param(reply_text("a", timestamp="1772337600000"), "malformed", id="milliseconds"),
        pytest.param(reply_text("a", to=LI), "malformed", id="for somebody else"),
        pytest.param(reply_text("a", kind="dance"), "malformed", id="unknown kind"),
        pytest.param(reply_text("信" * 683), "malformed", id="2049 bytes"),
        pytest.param(reply_text("a", signature="0" * 40), "bad_signature", id="signature"),
        pytest.param(reply_text("a", keys=OTHER), "bad_envelope", id="appid"),
    ],
)
async def test_any_other_answer_fails_three_times_and_is_shown_so(
    follower, account, answer, verdict
):
    account.answers += [answer] * 3

    outcome = await follower.person("text", {"content": "你好"})

    assert outcome["outcome"] == "failed"
    assert [one["verdict"] for one in outcome["attempts"]] == [verdict] * 3
    assert len(account.messages) == 3
    assert await follower.screen() == [
        ("me", "text", {"content": "你好"}),
        ("system", "failure", {"content": BROKEN}),
    ]


async def test_each_attempt_has_a_fresh_timestamp_and_nonce_but_the_same_message(follower, account):
    account.answers += [plain(status=500), plain(status=500), reply_text("终于收到")]
    follower.clock.tick = timedelta(seconds=1)

    outcome = await follower.person("text", {"content": "你好"})

    assert [one["verdict"] for one in outcome["attempts"]] == ["status", "status", "reply"]
    assert len({query["timestamp"] for query in account.queries}) == 3
    assert len({query["nonce"] for query in account.queries}) == 3
    assert len({query["Encrypt"] for query in account.queries}) == 3
    assert len(set(account.told("MsgId", "CreateTime"))) == 1


async def test_silence_is_given_up_after_three_waits(aiohttp_client, account, clock):
    account.silent = True
    base = str(account.server.make_url("")).rstrip("/")
    app = build_sandbox(Config(), clock=clock, callback_base=base, answer_within_s=0.05)
    impatient = Sandbox(await aiohttp_client(app), clock)

    outcome = await impatient.person("follow")

    assert [one["verdict"] for one in outcome["attempts"]] == ["timeout"] * 3
    assert await impatient.screen() == [("system", "failure", {"content": BROKEN})]


async def test_nobody_listening_is_a_failure_too(aiohttp_client, clock):
    base = f"http://127.0.0.1:{unused_port()}"
    app = build_sandbox(Config(), clock=clock, callback_base=base)
    lonely = Sandbox(await aiohttp_client(app), clock)

    outcome = await lonely.person("follow")

    assert [one["verdict"] for one in outcome["attempts"]] == ["unreachable"] * 3


async def test_people_follow_scan_tap_and_leave(sandbox, account):
    for act, body in [
        ("scan", {"scene": "bind:7f3a"}),
        ("scan", {"scene": "bind:7f3a"}),
        ("click", {"key": "CREDIT_SCORE"}),
        ("view", {"url": "https://assoc.example/h5/"}),
        ("unfollow", None),
        ("follow", None),
    ]:
        await sandbox.person(act, body)

    assert account.told("MsgType", "Event", "EventKey") == [
        ("event", "subscribe", "qrscene_bind:7f3a"),
        ("event", "SCAN", "bind:7f3a"),
        ("event", "CLICK", "CREDIT_SCORE"),
        ("event", "VIEW", "https://assoc.example/h5/"),
        ("event", "unsubscribe", ""),
        ("event", "subscribe", ""),
    ]
    assert await sandbox.screen() == []  # following again begins with an empty chat


async def test_a_failure_of_an_event_nobody_waits_for_is_not_shown(follower, account):
    account.answers += [plain(status=500)] * 3

    outcome = await follower.person("page", {"pagepath": "pages/commit/index"})

    assert outcome["outcome"] == "failed"
    assert account.told("Event", "EventKey")[0] == ("view_miniprogram", "pages/commit/index")
    assert await follower.screen() == []


async def test_who_does_not_follow_cannot_write(sandbox):
    refused = await sandbox.control(f"people/{WANG}/text", {"content": "你好"}, status=409)

    assert refused == {"error": {"code": "not_following", "message": "请先关注公众号。"}}


async def test_a_push_of_ones_own_goes_out_as_it_was_written(sandbox, account):
    fields = {"MsgType": "image", "MediaId": "m1", "MsgId": 24571563425563453}
    await sandbox.control("push", {"openid": WANG, "fields": fields})
    await sandbox.control("push", {"openid": WANG, "fields": fields})
    await sandbox.control("push", {"openid": WANG, "xml": "<xml><Odd>1</Odd></xml>"})
    listed = {"MsgType": "event", "Event": "e", "Popup": {"List": [{"Id": "1"}, {"Id": "2"}]}}
    await sandbox.control("push", {"openid": WANG, "fields": listed})

    assert account.told("MsgType", "MediaId", "MsgId", "Odd") == [
        ("image", "m1", "24571563425563453", None),
        ("image", "m1", "24571563425563453", None),
        (None, None, None, "1"),
        ("event", None, None, None),
    ]
    assert [one.text for one in account.messages[-1].findall("Popup/List/Id")] == ["1", "2"]


# ---- trouble on order


async def test_a_delivery_comes_late_and_three_times_but_is_shown_once(follower, account):
    account.answers += [reply_text("一"), reply_text("一"), reply_text("一")]
    await follower.control("faults", {"delivery": {"duplicate": 2, "delay_s": 0.01, "count": 1}})

    outcome = await follower.person("text", {"content": "你好"})

    assert sorted(one["copy"] for one in outcome["attempts"]) == [0, 1, 2]
    assert len(set(account.told("MsgId"))) == 1
    assert await follower.screen() == [
        ("me", "text", {"content": "你好"}),
        ("account", "text", {"content": "一"}),
    ]


async def test_an_ordered_errcode_holds_for_its_calls_and_its_path_only(follower):
    order = {"path": CUSTOM, "kind": "errcode", "errcode": 45009, "count": 2}
    await follower.control("faults", {"api": order})
    await follower.token()

    codes = [(await follower.call(CUSTOM, TEXT))["errcode"] for _ in range(3)]

    assert codes == [45009, 45009, 0]


@pytest.mark.parametrize(
    ("order", "status", "content_type"),
    [
        ({"kind": "html", "status": 502}, 502, "text/html"),
        ({"kind": "html", "status": 200}, 200, "text/html"),
        ({"kind": "status", "status": 412}, 412, "application/octet-stream"),
        ({"kind": "slow", "delay_s": 0.01}, 200, "text/plain"),
    ],
)
async def test_an_ordered_wrong_answer_comes(sandbox, order, status, content_type):
    await sandbox.control("faults", {"api": order | {"count": 1}})

    async with sandbox.http.post(STABLE, json=OWNER) as response:
        seen = (response.status, response.content_type)

    assert seen == (status, content_type)
    assert "access_token" in await sandbox.stable()


async def test_silence_ends_without_an_answer_when_faults_are_cleared(sandbox):
    await sandbox.control("faults", {"api": {"kind": "silent"}})
    waiting = asyncio.create_task(sandbox.stable())
    while not await sandbox.ledger("calls"):
        pass  # each look is a request of its own

    async with sandbox.http.delete("/_control/faults") as response:
        left = await response.json()

    with pytest.raises(aiohttp.ClientError):
        await waiting
    assert left == {"api": [], "delivery": [], "receipt": []}


async def test_an_answer_can_be_lost_after_the_message_was_sent(follower):
    order = {"path": CUSTOM, "kind": "errcode", "errcode": -1, "after": True, "count": 1}
    await follower.control("faults", {"api": order})
    named = TEXT | {"client_msg_id": "once"}
    lost = await follower.call(CUSTOM, named)
    again = await follower.call(CUSTOM, named)

    assert (lost["errcode"], again["errcode"]) == (-1, 45065)
    assert len(await follower.screen()) == 1


# ---- ledger


async def test_the_ledger_tells_what_was_sent_and_what_came_back(follower, account):
    account.answers += [plain(status=500), reply_text("收到")]
    outcome = await follower.person("text", {"content": "你好"})

    push = (await follower.ledger("pushes"))[-1]
    at = NOON.isoformat(timespec="microseconds")
    assert (push["id"], push["openid"], push["kind"]) == (outcome["push_id"], WANG, "text")
    assert (push["at"], push["outcome"]) == (at, "delivered")
    assert push["reply"] == {"kind": "text", "body": {"content": "收到"}}
    assert [(one["number"], one["status"], one["verdict"]) for one in push["attempts"]] == [
        (1, 500, "status"),
        (2, 200, "reply"),
    ]


async def test_the_ledger_keeps_no_secret_and_no_token_of_a_call(sandbox):
    await sandbox.stable()

    (call,) = await sandbox.ledger("calls")
    assert call["body"] == OWNER | {"secret": "***"}
    assert call["answer"] == {"access_token": "***", "expires_in": 7200}


async def test_a_folder_keeps_the_ledger_over_a_restart(aiohttp_client, clock, tmp_path):
    config = Config(state_dir=tmp_path / "state")
    base = f"http://127.0.0.1:{unused_port()}"
    first = Sandbox(
        await aiohttp_client(build_sandbox(config, clock=clock, callback_base=base)), clock
    )
    token = await first.token()
    await first.person("follow")
    await first.http.close()
    second = Sandbox(
        await aiohttp_client(build_sandbox(config, clock=clock, callback_base=base)), clock
    )

    assert await second.token() == token
    assert [one["following"] for one in await second.ledger("people")] == [1, 0, 0, 0, 0]


async def test_what_was_under_way_at_the_end_is_marked_as_interrupted(
    aiohttp_client, account, clock, tmp_path
):
    account.silent = True
    base = str(account.server.make_url("")).rstrip("/")
    config = Config(state_dir=tmp_path)
    first = await aiohttp_client(build_sandbox(config, clock=clock, callback_base=base))
    async with first.post(f"/phone/people/{WANG}/follow", json={}) as response:
        assert response.status == 202
    await first.close()
    second = Sandbox(
        await aiohttp_client(build_sandbox(config, clock=clock, callback_base=base)), clock
    )

    assert [one["outcome"] for one in await second.ledger("pushes")] == ["interrupted"]


async def test_a_ledger_is_read_by_table_person_and_number_of_rows(follower):
    await follower.person("follow", openid=LI)
    for query, expected in [
        ({"table": "pushes", "openid": LI}, [LI]),
        ({"table": "pushes", "limit": "1"}, [LI]),
        ({"table": "pushes"}, [WANG, LI]),
    ]:
        async with follower.http.get("/_control/ledger", params=query) as response:
            assert [one["openid"] for one in (await response.json())["pushes"]] == expected
    for query, status in [({"table": "sqlite_master"}, 404), ({"limit": "0"}, 400)]:
        async with follower.http.get("/_control/ledger", params=query) as response:
            assert response.status == status


async def test_a_further_phone_can_be_added_up_to_sixty(sandbox):
    async with sandbox.http.post("/phone/people", json={"nickname": "赵敏"}) as response:
        added = await response.json()
    for number in range(60 - len(FIRST_PEOPLE) - 1):
        await sandbox.control("people", {"nickname": f"甲{number}"})
    refused = await sandbox.control("people", {"nickname": "乙"}, status=409)

    assert (response.status, added["nickname"], added["role"]) == (201, "赵敏", "访客")
    assert len(added["openid"]) == 28
    assert refused["error"]["code"] == "too_many"


async def test_reset_begins_again_with_the_first_people(follower):
    await follower.control("people", {"nickname": "赵敏"})
    await follower.control("faults", {"api": {"kind": "silent", "path": CUSTOM}})
    await follower.control("reset")

    people = await follower.ledger("people")
    assert [one["openid"] for one in people] == [openid for openid, _, _ in FIRST_PEOPLE]
    assert [one["following"] for one in people] == [0] * len(FIRST_PEOPLE)
    assert await follower.ledger("pushes") == []
    async with follower.http.get("/_control/faults") as response:
        assert await response.json() == {"api": [], "delivery": [], "receipt": []}


# ---- the page and its manners


async def test_what_is_tapped_is_answered_at_once_and_shown_when_done(sandbox, account):
    account.answers.append(reply_text("欢迎"))

    async with sandbox.http.post(f"/phone/people/{WANG}/follow", json={}) as response:
        assert response.status == 202
    await sandbox.control("settle")

    assert await sandbox.screen() == [("account", "text", {"content": "欢迎"})]


async def test_an_open_page_is_told_to_look_again(sandbox):
    async with sandbox.http.get("/phone/events") as events:
        first = await events.content.readuntil(b"\n\n")
        await sandbox.person("follow")
        second = await events.content.readuntil(b"\n\n")

    assert (events.content_type, first, second) == (
        "text/event-stream",
        b"data: look\n\n",
        b"data: look\n\n",
    )


async def test_the_page_runs_nothing_but_its_own_files(sandbox, account):
    async with sandbox.http.get("/") as response:
        page = await response.text()

    product = str(account.server.make_url("")).rstrip("/")
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src 'self' {product}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    assert "这是模拟微信，不是真的微信" in page
    assert (page.count("<script"), page.count("<style"), page.count(" style=")) == (1, 0, 0)


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
async def test_a_page_from_elsewhere_cannot_play_with_the_phones(sandbox, headers):
    path = f"/phone/people/{WANG}/follow"
    async with sandbox.http.post(path, json={}, headers=headers) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (403, "not_local")
    assert await sandbox.ledger("pushes") == []


@pytest.mark.parametrize(
    ("path", "sent", "status", "code"),
    [
        (f"/_control/people/{WANG}/dance", {"json": {}}, 404, "not_found"),
        ("/_control/people/oNobody/follow", {"json": {}}, 404, "not_found"),
        ("/_control/nothing", {"json": {}}, 404, "not_found"),
        ("/phone/state", {"json": {}}, 405, "method_not_allowed"),
        (f"/_control/people/{WANG}/text", {"json": {"content": "x" * 601}}, 400, "bad_input"),
        (f"/_control/people/{WANG}/text", {"json": {"content": " "}}, 400, "bad_input"),
        (f"/_control/people/{WANG}/text", {"json": {"c": 1}}, 400, "bad_input"),
        (f"/_control/people/{WANG}/follow", {"data": b"{}"}, 415, "not_json"),
        ("/_control/people", {"json": {"nickname": "又", "openid": WANG}}, 409, "exists"),
        ("/_control/push", {"json": {"openid": "o"}}, 400, "bad_input"),
        ("/_control/push", {"json": {"openid": "o", "fields": {"<": "a"}}}, 400, "bad_input"),
        ("/_control/faults", {"json": {"api": {"kind": "flood"}}}, 400, "bad_input"),
    ],
)
async def test_a_mistake_is_answered_clearly(sandbox, path, sent, status, code):
    async with sandbox.http.post(path, **sent) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (status, code)


async def test_a_mistake_names_the_field_and_for_testers_the_reason(sandbox):
    refused = await sandbox.control(f"people/{WANG}/text", {"c": 1}, status=400)

    assert refused == {
        "error": {
            "code": "bad_input",
            "message": "提交的内容有误，请检查后再试。",
            "field": "content",
            "detail": "Field required",
        }
    }


async def test_a_body_beyond_the_limit_is_refused(sandbox):
    body = io.BytesIO(b'"' + b"x" * 2 * 1024 * 1024 + b'"')
    headers = {"Content-Type": "application/json"}
    async with sandbox.http.post("/_control/push", data=body, headers=headers) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (413, "too_large")


async def test_serving_ends_cleanly_when_cancelled(clock):
    config = Config(sandbox_port=unused_port())
    serving = asyncio.create_task(serve(config, clock=clock))
    async with asyncio.timeout(10), aiohttp.ClientSession() as http:
        status = None
        while status is None:
            try:
                async with http.get(f"{config.sandbox_url}/") as response:
                    status = response.status
            except aiohttp.ClientConnectorError:
                continue  # not listening yet
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(f"{config.sandbox_url}/")
    assert status == 200
