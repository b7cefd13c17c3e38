"""The simulated WeChat's codes, consents, quotas and ordered trouble, as the account sees them."""

import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.config import (
    SANDBOX_APPID,
    SANDBOX_MINI_APPID,
    SANDBOX_MINI_SECRET,
    SANDBOX_SECRET,
    Config,
)
from bot.sandbox import xml
from bot.sandbox.app import build_sandbox
from bot.sandbox.ledger import Ledger
from bot.sandbox.people import FIRST_PEOPLE, mini_openid
from tests.conftest import NOW

WANG = FIRST_PEOPLE[0][0]
BIZSEND = "/cgi-bin/message/subscribe/bizsend"
QRCODE = "/cgi-bin/qrcode/create"
WXACODE = "/wxa/getwxacodeunlimit"
LINK = "/wxa/generate_urllink"
UPLOAD = "/cgi-bin/media/upload"
TICKET = "/cgi-bin/ticket/getticket"
NOTICE = {"touser": WANG, "template_id": "T1", "data": {"thing1": {"value": "年审"}}}
FOREVER = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "a"}}}


@dataclass
class Sandbox:
    http: aiohttp.ClientSession
    now: datetime = NOW

    def clock(self) -> datetime:
        return self.now

    async def control(self, path: str, body: object = None) -> dict:
        async with self.http.post(f"/_control/{path}", json=body or {}) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def token(self, *, mini: bool = False) -> str:
        owner = (
            (SANDBOX_MINI_APPID, SANDBOX_MINI_SECRET) if mini else (SANDBOX_APPID, SANDBOX_SECRET)
        )
        body = {"grant_type": "client_credential", "appid": owner[0], "secret": owner[1]}
        async with self.http.post("/cgi-bin/stable_token", json=body) as answer:
            return json.loads(await answer.text())["access_token"]

    async def call(self, path: str, body: object = None, **query: str) -> tuple[str, dict]:
        """The kind of the answer and, when it is JSON, what it says."""
        asked = {"access_token": await self.token(mini=path.startswith("/wxa/"))} | query
        method = "POST" if body is not None else "GET"
        sent = {"data": body} if isinstance(body, aiohttp.FormData) else {"json": body}
        async with self.http.request(method, path, params=asked, **sent) as answer:
            raw = await answer.read()
            said = json.loads(raw) if raw.startswith(b"{") else {}
            return answer.content_type, said

    async def errcode(self, path: str, body: object = None, **query: str) -> int:
        _, said = await self.call(path, body, **query)
        return said.get("errcode", 0)

    async def ledger(self, table: str) -> list[dict]:
        async with self.http.get("/_control/ledger", params={"table": table}) as answer:
            return (await answer.json())[table]

    async def events(self, name: str) -> list:
        rows = await self.ledger("pushes")
        return [xml.read(row["xml"]) for row in rows if row["kind"] == name]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async def success(_: web.Request) -> web.Response:
        return web.Response(text="success")

    ours = web.Application()
    ours.router.add_post("/hooks/wechat/oa", success)
    async with TestServer(ours) as callback:
        made = Sandbox(None)  # type: ignore[arg-type]
        base = f"http://127.0.0.1:{callback.port}"
        app = build_sandbox(Config(), clock=made.clock, callback_base=base)
        async with (
            TestServer(app) as server,
            aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as http,
        ):
            made.http = http
            yield made


async def consent(sandbox: Sandbox, **more: object) -> dict:
    return await sandbox.control(f"people/{WANG}/subscribe", {"template_ids": ["T1"]} | more)


async def test_a_consent_carries_one_message_and_its_end_is_pushed(sandbox):
    before = await sandbox.errcode(BIZSEND, NOTICE)
    await consent(sandbox)

    codes = [await sandbox.errcode(BIZSEND, NOTICE) for _ in range(2)]
    await sandbox.control("settle")

    assert (before, codes) == (43101, [0, 43101])
    (popup,) = await sandbox.events("subscribe_msg_popup_event")
    item = popup.find("SubscribeMsgPopupEvent/List")
    assert [part.text for part in item] == ["T1", "accept", "2"]
    (end,) = await sandbox.events("subscribe_msg_sent_event")
    item = end.find("SubscribeMsgSentEvent/List")
    msgid = str((await sandbox.ledger("sends"))[0]["msgid"])
    assert [part.text for part in item] == ["T1", msgid, "0", "success"]


async def test_a_refusal_in_the_popup_takes_nothing_away_but_a_withdrawal_does(sandbox):
    await consent(sandbox)
    await consent(sandbox, accept=False)
    kept = await sandbox.ledger("consents")

    await sandbox.control(f"people/{WANG}/withdraw", {"template_id": "T1"})

    assert [row["remaining"] for row in kept] == [1]
    assert await sandbox.ledger("consents") == []
    (change,) = await sandbox.events("subscribe_msg_change_event")
    item = change.find("SubscribeMsgChangeEvent/List")
    assert [part.text for part in item] == ["T1", "reject"]


async def test_the_phone_shows_what_its_owner_has_allowed(sandbox):
    await consent(sandbox)
    await consent(sandbox)
    await consent(sandbox, account="mini")

    async with sandbox.http.get("/phone/state") as answer:
        person = (await answer.json())["people"][0]

    assert person["consents"] == [
        {"account": "mini", "template_id": "T1", "remaining": 1},
        {"account": "oa", "template_id": "T1", "remaining": 2},
    ]


async def test_the_mini_program_knows_people_by_another_openid(sandbox):
    await consent(sandbox, account="mini")
    token = await sandbox.token(mini=True)

    async def send(openid: str) -> int:
        path = "/cgi-bin/message/subscribe/send"
        body = NOTICE | {"touser": openid}
        async with sandbox.http.post(path, json=body, params={"access_token": token}) as answer:
            return json.loads(await answer.text())["errcode"]

    assert [await send(WANG), await send(mini_openid(WANG)), await send(mini_openid(WANG))] == [
        40003,
        0,
        43101,
    ]
    assert await sandbox.events("subscribe_msg_sent_event") == []


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"touser": "oNobody"}, 40003),
        ({"template_id": ""}, 40037),
        ({"data": {}}, 47003),
        ({"data": {"thing1": {"value": "a\nb"}}}, 47003),
        ({"page": 1}, 47003),
    ],
)
async def test_a_subscription_message_that_cannot_be_is_refused(sandbox, change, errcode):
    await consent(sandbox)

    assert await sandbox.errcode(BIZSEND, NOTICE | change) == errcode
    assert [row["remaining"] for row in await sandbox.ledger("consents")] == [1]


@pytest.mark.parametrize(
    ("fault", "count"),
    [({"never": True}, 0), ({"duplicate": 2}, 3), ({"status": "failed: system failed"}, 1)],
)
async def test_a_receipt_comes_as_it_was_ordered(sandbox, fault, count):
    await consent(sandbox)
    await sandbox.control("faults", {"receipt": fault})

    await sandbox.errcode(BIZSEND, NOTICE)
    await sandbox.control("settle")

    attempts = [
        attempt
        for row in await sandbox.ledger("pushes")
        if row["kind"] == "subscribe_msg_sent_event"
        for attempt in row["attempts"]
    ]
    assert len(attempts) == count
    if "status" in fault:
        (end,) = await sandbox.events("subscribe_msg_sent_event")
        assert end.findtext("SubscribeMsgSentEvent/List/ErrorStatus") == fault["status"]
        assert end.findtext("SubscribeMsgSentEvent/List/ErrorCode") == "100"


async def test_a_scan_from_the_menu_tells_the_key_and_what_was_found(sandbox):
    found = {"key": "scan", "result": "https://assoc.example/c/9f3K2a"}
    await sandbox.control(f"people/{WANG}/follow")

    told = await sandbox.control(f"people/{WANG}/scancode", found)

    (event,) = await sandbox.events("scancode_waitmsg")
    assert told["outcome"] == "delivered"
    assert event.findtext("EventKey") == "scan"
    assert [part.text for part in event.find("ScanCodeInfo")] == ["qrcode", found["result"]]
    assert (await sandbox.ledger("allowances"))[-1]["cause"] == "scancode_waitmsg"


async def test_a_quota_ends_at_midnight_in_beijing_and_can_be_lifted(sandbox):
    limit = {"path": TICKET, "daily": 1}
    told = await sandbox.control("quota", limit)
    codes = [await sandbox.errcode(TICKET, type="jsapi") for _ in range(3)]
    sandbox.now = NOW + timedelta(hours=14, minutes=30)
    codes.append(await sandbox.errcode(TICKET, type="jsapi"))
    codes.append(await sandbox.errcode(TICKET, type="jsapi"))
    await sandbox.control("quota", limit | {"daily": None})
    codes.append(await sandbox.errcode(TICKET, type="jsapi"))

    assert told == {"quotas": {TICKET: 1}}
    assert codes == [0, 45009, 45009, 0, 45009, 0]


async def test_a_storm_on_calls_with_a_token_spares_the_token_itself(sandbox):
    await sandbox.control(
        "faults", {"api": {"kind": "errcode", "errcode": 40001, "path": "@token"}}
    )

    assert await sandbox.token()
    assert [
        await sandbox.errcode(TICKET, type="jsapi"),
        await sandbox.errcode(QRCODE, FOREVER),
    ] == [
        40001,
        40001,
    ]


async def test_the_ticket_repeats_until_its_last_five_minutes(sandbox):
    first = (await sandbox.call(TICKET, type="jsapi"))[1]
    sandbox.now += timedelta(seconds=6899)
    second = (await sandbox.call(TICKET, type="jsapi"))[1]
    sandbox.now += timedelta(seconds=1)
    third = (await sandbox.call(TICKET, type="jsapi"))[1]

    assert (first["expires_in"], second["expires_in"], third["expires_in"]) == (7200, 301, 7200)
    assert first["ticket"] == second["ticket"] != third["ticket"]
    assert await sandbox.errcode(TICKET, type="card") == 40097


@pytest.mark.parametrize(
    ("path", "body", "errcode"),
    [
        (QRCODE, {"action_name": "QR_SCENE"}, 40052),
        (QRCODE, FOREVER | {"action_info": {"scene": {"scene_str": ""}}}, 40053),
        (QRCODE, FOREVER | {"action_info": {"scene": {"scene_str": "x" * 65}}}, 40053),
        (QRCODE, FOREVER | {"action_name": "QR_STR_SCENE", "expire_seconds": 2_592_001}, 40053),
        (WXACODE, {"scene": "中"}, 40129),
        (WXACODE, {"scene": "a", "page": "/pages/a"}, 41030),
        (LINK, {"path": "pages/a", "expire_type": 1}, 40165),
        (LINK, {"path": "/pages/a", "query": "x" * 1025, "expire_type": 1}, 40212),
        (LINK, {"path": "/pages/a", "expire_type": 0}, 85401),
        (LINK, {"path": "/pages/a", "expire_type": 1, "expire_interval": 31}, 85401),
    ],
)
async def test_a_code_or_link_that_cannot_be_is_refused(sandbox, path, body, errcode):
    assert await sandbox.errcode(path, body) == errcode


async def test_a_code_for_ever_is_a_picture_without_an_end(sandbox):
    _, made = await sandbox.call(QRCODE, FOREVER)
    kind, _ = await sandbox.call("/cgi-bin/showqrcode", ticket=made["ticket"])

    assert kind == "image/png"
    assert "expire_seconds" not in made
    assert await sandbox.errcode("/cgi-bin/showqrcode", ticket="other") == 40097


@pytest.mark.parametrize(
    ("filename", "content", "kind", "errcode"),
    [
        ("a.png", b"x", "image", 0),
        ("证书.png", b"x", "image", 41005),
        ("a.gif", b"x", "image", 41005),
        ("a.png", b"", "image", 41005),
        ("a.png", b"x", "voice", 40004),
    ],
)
async def test_an_upload_is_judged_by_its_name_and_content(
    sandbox, filename, content, kind, errcode
):
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("media", content, filename=filename, content_type="image/png")

    assert await sandbox.errcode(UPLOAD, form, type=kind) == errcode


async def test_an_upload_that_is_no_form_is_missing_its_media(sandbox):
    assert await sandbox.errcode(UPLOAD, {"media": "x"}, type="image") == 41005


async def test_the_token_of_the_other_account_opens_nothing(sandbox):
    token = await sandbox.token(mini=True)

    async with sandbox.http.get(TICKET, params={"access_token": token, "type": "jsapi"}) as answer:
        assert json.loads(await answer.text())["errcode"] == 48001


async def test_a_ledger_of_an_earlier_day_is_brought_up_to_date(tmp_path: Path):
    path = tmp_path / "sandbox.db"
    with sqlite3.connect(path) as old:
        old.execute(
            "CREATE TABLE tokens (token TEXT PRIMARY KEY, issued_at TEXT NOT NULL,"
            " expires_at TEXT NOT NULL, revoked_at TEXT, forced INTEGER NOT NULL)"
        )
        old.execute("INSERT INTO tokens VALUES ('T', 'a', 'b', NULL, 0)")
    old.close()

    ledger = Ledger(path)
    rows = ledger.rows("SELECT token, appid FROM tokens")
    ledger.close()

    assert rows == [{"token": "T", "appid": ""}]
