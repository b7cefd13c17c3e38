"""The mini-program's own pushes: its own keys, as JSON or XML, and what each leaves behind."""

import base64
import hashlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.config import (
    SANDBOX_AES_KEY,
    SANDBOX_APPID,
    SANDBOX_MINI_AES_KEY,
    SANDBOX_MINI_APPID,
    SANDBOX_MINI_TOKEN,
    SANDBOX_TOKEN,
    Config,
)
from bot.domain.consents import TEXTS
from bot.handlers.wechat.words import WORDS
from bot.jobs import work_with
from bot.sandbox.mini import PUSH_SERVICE
from bot.sandbox.people import mini_openid
from bot.services import outbox
from models import Consent, Contact, Grant, InboundMessage, Job, JobState, Session
from tests.conftest import NOW
from tests.doors import WANG, Doors, open_doors

MINI = mini_openid(WANG)


@dataclass
class Desk:
    doors: Doors

    async def act(self, name: str, **given: object) -> str:
        done = await self.doors.control(f"people/{WANG}/{name}", given)
        return done["outcome"]

    async def work(self) -> list[str]:
        tasks = work_with(self.doors.accounts, Config()).tasks
        kinds = []
        while jobs := await Job.filter(state=JobState.WAITING).order_by("id"):
            for job in jobs:
                await outbox.perform(job.id, tasks=tasks, now=self.doors.clock.now)
                kinds.append(job.kind)
            await self.doors.control("settle")
        return kinds

    async def post(self, body: bytes, **query: str) -> tuple[int, bytes]:
        answer = await self.doors.ask("POST", "/hooks/wechat/mini", params=query, data=body)
        return answer.status, await answer.read()


@pytest.fixture
async def desk(db, redis_url) -> AsyncIterator[Desk]:
    async with open_doors(redis_url, now=NOW) as doors:
        yield Desk(doors)


def sealed(plain: bytes, *, token: str, aes_key: str, appid: str) -> tuple[bytes, dict[str, str]]:
    """A JSON push, sealed with code of its own."""
    full = os.urandom(16) + len(plain).to_bytes(4, "big") + plain + appid.encode()
    pad = 32 - len(full) % 32
    key = base64.b64decode(aes_key + "=")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    encrypted = base64.b64encode(cipher.update(full + bytes([pad]) * pad)).decode()
    query = {"timestamp": str(int(NOW.timestamp())), "nonce": "n1", "encrypt_type": "aes"}
    parts = sorted((token, query["timestamp"], query["nonce"], encrypted))
    query["msg_signature"] = hashlib.sha1("".join(parts).encode()).hexdigest()
    return json.dumps({"ToUserName": "gh_m", "Encrypt": encrypted}).encode(), query


OURS = {
    "token": SANDBOX_MINI_TOKEN, "aes_key": SANDBOX_MINI_AES_KEY, "appid": SANDBOX_MINI_APPID,
}  # fmt: skip
HELLO = {
    "ToUserName": "gh_m", "FromUserName": MINI, "CreateTime": int(NOW.timestamp()),
    "MsgType": "event", "Event": "user_enter_tempsession", "SessionFrom": "证书",
}  # fmt: skip


async def test_a_sealed_json_push_is_opened_and_answered_with_success(desk):
    body, query = sealed(json.dumps(HELLO).encode(), **OURS)

    assert await desk.post(body, **query) == (200, b"success")


@pytest.mark.parametrize(
    "keys",
    [
        OURS | {"token": SANDBOX_TOKEN},
        OURS | {"aes_key": SANDBOX_AES_KEY},
        OURS | {"appid": SANDBOX_APPID},
    ],
)
async def test_the_keys_of_the_other_account_open_nothing(desk, keys):
    body, query = sealed(json.dumps(HELLO).encode(), **keys)

    status, _ = await desk.post(body, **query)

    assert status == 403


@pytest.mark.parametrize(
    "body", [b"{}", b'{"Encrypt": 5}', b'{"Encrypt": "x', b"{" * 9000, b"[]", b'{"Encrypt":"\xe4"}']
)
async def test_a_body_that_is_no_envelope_is_refused(desk, body):
    _, query = sealed(b"{}", **OURS)

    status, _ = await desk.post(body, **query)

    assert status in {400, 403}


@pytest.mark.parametrize("plain", [b"{}", b"{", b'{"a":' * 20 + b"1" + b"}" * 20, b"[1]", b"7"])
async def test_what_is_no_message_inside_is_refused(desk, plain):
    body, query = sealed(plain, **OURS)

    status, _ = await desk.post(body, **query)

    assert status == 400


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_the_popup_of_the_mini_program_enters_the_ledger_of_grants(desk, form):
    await desk.doors.control("mini", {"form": form})

    for templates in (["case_moved"], ["case_moved", "payment_received"]):
        await desk.act("subscribe", template_ids=templates, account="mini")
        await desk.work()
        await desk.doors.control("faults", {"delivery": {"duplicate": 2}})

    left = await Grant.filter(appid=SANDBOX_MINI_APPID, openid=MINI).values_list(
        "template_id", "left"
    )
    assert sorted(left) == [("case_moved", 2), ("payment_received", 1)]


async def test_agreeing_and_refusing_within_one_second_are_two_events(desk):
    for accept in (True, False, True):
        await desk.act("subscribe", template_ids=["case_moved"], account="mini", accept=accept)

    kinds = await InboundMessage.filter(appid=SANDBOX_MINI_APPID).values_list("kind", flat=True)
    assert kinds == ["subscribe_msg_popup_event"] * 2


async def test_who_writes_in_the_mini_program_is_told_once_a_day_where_to_write(desk):
    for words in ("在吗", "有人吗"):
        await desk.act("mini_text", content=words)

    await desk.work()

    sends = await desk.doors.ledger("sends")
    assert [(s["kind"], s["openid"]) for s in sends] == [("custom", MINI)]
    assert sends[0]["body"]["text"]["content"] == WORDS["mini_chat"]
    assert await Contact.filter(appid=SANDBOX_MINI_APPID).values_list("openid", flat=True) == [MINI]


async def test_what_somebody_writes_in_the_mini_program_is_kept_nowhere(desk):
    await desk.act("mini_text", content="我的电话是13800001111")

    assert [job.payload["fields"] for job in await Job.all()] == [{}]
    assert [message.reply for message in await InboundMessage.all()] == [""]


async def test_a_character_that_no_database_keeps_does_no_harm(desk):
    event = {"Event": "wxa_media_check", "trace_id": "a\0b", "x\0y": {"z": "\0"}}
    body, query = sealed(json.dumps(HELLO | event).encode(), **OURS)

    assert await desk.post(body, **query) == (200, b"success")
    [job] = await Job.all()
    assert (job.payload["fields"]["trace_id"], job.payload["fields"]["xy"]) == ("ab", {"z": ""})


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"whole": True}, set()),
        ({"whole": False, "permission": "8"}, {"privacy"}),
        ({"whole": False, "permission": "7"}, {"privacy", "phone"}),
    ],
    ids=["everything", "the phone number", "the camera"],
)
async def test_what_a_person_takes_back_in_wechat_ends_here_too(desk, given, left):
    answer = await desk.doors.ask(
        "POST", "/api/session", json={"code": await desk.doors.code(WANG)}
    )
    me = {"Authorization": f"Bearer {(await answer.json())['token']}"}
    for purpose in ("privacy", "phone"):
        body = {"purpose": purpose, "version": TEXTS[purpose].version}
        await desk.doors.ask("POST", "/api/consents", json=body, headers=me)

    await desk.act("mini_revoke", **given)
    await desk.work()

    assert {one.purpose for one in await Consent.filter(revoked_at=None)} == left
    assert {one.ended_at for one in await Session.all()} == {None if left else NOW}
    assert PUSH_SERVICE not in await Contact.all().values_list("openid", flat=True)


@pytest.mark.parametrize(
    "event", ["user_info_modified", "user_enter_tempsession", "weapp_audit_success", "brand_new"]
)
async def test_events_that_ask_nothing_of_us_leave_nothing(desk, event):
    fields = {"MsgType": "event", "Event": event}
    done = await desk.doors.control("push", {"openid": MINI, "mini": fields})

    assert done["outcome"] == "delivered"
    assert await InboundMessage.all().count() == 0
    assert await Job.all().count() == 0
