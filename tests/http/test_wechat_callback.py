"""WeChat's pushes against the real application: who may push, what is answered, what is kept."""

import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.app import build_app
from bot.config import SANDBOX_APPID, SANDBOX_TOKEN, Config
from bot.handlers.wechat.words import WORDS
from bot.services import conversation
from bot.web import equipped
from models import Contact, InboundMessage, Job
from tests.conftest import NOW
from tests.wechat_peer import Peer, event, picture, text, welcome

PATH = "/hooks/wechat/oa"
ALICE = "oAlice0000000000000000000001"

peer = Peer()


async def send(client: TestClient, xml: str, *, at: datetime = NOW, by: Peer = peer):
    push = by.push(xml, at=at)
    answer = await client.post(PATH, params=push.query, data=push.body)
    body = await answer.read()
    sealed = answer.status == 200 and body.startswith(b"<xml>")
    return answer.status, peer.open(body, nonce=push.query["nonce"]) if sealed else body.decode()


async def test_a_hello_is_answered_and_its_sender_remembered_once(client):
    status, words = await send(client, text(ALICE, "你好", number=1, at=NOW))

    assert (status, words) == (200, WORDS["greeting"])
    contact = await Contact.get()
    assert (contact.openid, contact.first_seen_at, contact.followed_at) == (ALICE, NOW, None)
    assert await InboundMessage.all().values_list("kind", "reply") == [("text", WORDS["greeting"])]


@pytest.mark.parametrize("copies", [2, 8])
async def test_copies_of_one_push_at_once_have_one_effect_and_one_answer(client, copies):
    xml = text(ALICE, "你好", number=1, at=NOW)

    answers = await asyncio.gather(*(send(client, xml) for _ in range(copies)))

    assert set(answers) == {(200, WORDS["greeting"])}
    assert await InboundMessage.all().count() == 1


async def test_a_repeat_after_redis_forgot_everything_has_no_second_effect(client, clock):
    xml = text(ALICE, "你好", number=1, at=NOW)
    await send(client, xml)
    await client.deps.hints._redis.flushdb()
    clock.now = NOW + timedelta(seconds=5)

    again = await send(client, xml, at=clock.now)

    assert again == (200, WORDS["greeting"])
    assert await InboundMessage.all().count() == 1
    assert (await Contact.get()).last_seen_at == NOW


async def test_a_repeat_gets_the_first_answer_even_when_the_words_have_changed(client):
    xml = text(ALICE, "你好", number=1, at=NOW)
    await send(client, xml)
    await client.deps.hints._redis.flushdb()
    await InboundMessage.all().update(reply="早先的话")

    assert await send(client, xml) == (200, "早先的话")


async def test_following_leaving_and_coming_back_late_and_out_of_order(client):
    came, left, back = NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)

    answers = [
        await send(client, event(ALICE, "subscribe", at=back)),
        await send(client, event(ALICE, "unsubscribe", at=left)),
        await send(client, event(ALICE, "subscribe", at=came)),
    ]

    hello = welcome(client.deps.config.public_url)
    assert answers == [(200, hello), (200, "success"), (200, hello)]
    contact = await Contact.get()
    assert (contact.followed_at, contact.unfollowed_at) == (back, left)


def clicked(at: datetime) -> str:
    return event(ALICE, "CLICK", at=at, key="commitment")


def scanned(at: datetime) -> str:
    return event(ALICE, "SCAN", at=at, key="e:spring")


def written(at: datetime) -> str:
    return text(ALICE, "你好", number=1, at=at)


@pytest.mark.parametrize("act", [clicked, scanned, written])
async def test_who_does_what_only_a_follower_can_follows_again(client, act):
    left, back = NOW, NOW + timedelta(minutes=1)
    await send(client, event(ALICE, "unsubscribe", at=left))  # and no subscribe ever came

    await send(client, act(back))

    contact = await Contact.get()
    assert (contact.followed_at, contact.unfollowed_at) == (back, left)
    gone = {"appid": SANDBOX_APPID, "openid": ALICE, "left_at": left.isoformat()}
    assert await conversation.forget(gone, NOW + timedelta(days=1)) is False


@pytest.mark.parametrize("act", [clicked, scanned, written])
async def test_what_was_done_before_leaving_does_not_bring_a_follower_back(client, act):
    left = NOW + timedelta(minutes=1)
    await send(client, event(ALICE, "unsubscribe", at=left))

    await send(client, act(NOW))

    contact = await Contact.get()
    assert (contact.followed_at, contact.unfollowed_at) == (None, left)


async def test_leaving_puts_the_job_that_forgets_and_a_repeat_puts_no_second(client):
    xml = event(ALICE, "unsubscribe", at=NOW)
    await send(client, text(ALICE, "你好", number=1, at=NOW))
    await send(client, xml)
    await send(client, xml)

    job = await Job.get()

    assert (job.kind, job.payload["openid"], job.due_at) == (
        conversation.FORGET, ALICE, NOW + conversation.FORGET_AFTER,
    )  # fmt: skip
    await conversation.forget(job.payload, job.due_at)
    assert await InboundMessage.all().count() == 0


async def test_who_came_back_in_time_is_not_forgotten(client):
    await send(client, event(ALICE, "unsubscribe", at=NOW))
    await send(client, event(ALICE, "subscribe", at=NOW + timedelta(minutes=1)))
    job = await Job.get(kind=conversation.FORGET)

    await conversation.forget(job.payload, job.due_at)

    assert await InboundMessage.all().count() == 2


async def test_a_second_leaving_forgets_nothing_that_came_after_the_first(client):
    leave, back = NOW, NOW + timedelta(hours=1)
    await send(client, event(ALICE, "unsubscribe", at=leave))
    first = await Job.get()
    await InboundMessage.all().update(received_at=leave)
    await send(client, event(ALICE, "subscribe", at=back))
    await send(client, event(ALICE, "unsubscribe", at=back + timedelta(minutes=1)))
    await InboundMessage.exclude(received_at=leave).update(received_at=back)
    await InboundMessage.filter(kind="subscribe").update(received_at=back)

    await conversation.forget(first.payload, first.due_at)

    assert "subscribe" in await InboundMessage.all().values_list("kind", flat=True)


async def test_what_redis_holds_may_be_rubbish_and_the_push_is_answered(client):
    redis = client.deps.hints._redis
    await redis.execute_command("SET", f"wechat:{SANDBOX_APPID}:m:1", b"\xff\xfe")

    assert await send(client, text(ALICE, "你好", number=1, at=NOW)) == (200, WORDS["greeting"])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("帮助", "help"), (" 帮 助！", "help"), ("？", "help"), ("电话", "contact"),
        ("关于", "about"), ("HELLO", "greeting"), ("明天几点下雨", "unknown"),
    ],
)  # fmt: skip
async def test_each_word_has_its_answer(client, said, words):
    assert await send(client, text(ALICE, said, number=1, at=NOW)) == (200, WORDS[words])


async def test_a_picture_is_declined_politely_and_an_unknown_event_is_taken_in_silence(client):
    assert await send(client, picture(ALICE, number=1, at=NOW)) == (200, WORDS["picture_looking"])
    assert await send(client, event(ALICE, "invented_tomorrow", at=NOW)) == (200, "success")
    assert await send(client, event(ALICE, "CLICK", at=NOW, key="contact")) == (
        200, WORDS["contact"],
    )  # fmt: skip


async def test_an_answer_without_an_effect_needs_neither_database_nor_redis(client):
    alone = replace(client.deps, hints=None, patience=None)  # whoever asks them crashes

    async with TestClient(TestServer(build_app(alone))) as lonely:
        assert await send(lonely, text(ALICE, "帮助", number=1, at=NOW)) == (200, WORDS["help"])

    assert await InboundMessage.all().count() == 0


async def test_a_frozen_database_is_answered_in_time_and_the_late_effect_still_comes(
    client, emptier
):
    client.deps.patience._limit_s = 0.2
    transaction = emptier.transaction()
    await transaction.start()
    await emptier.execute("LOCK TABLE inbound_message IN ACCESS EXCLUSIVE MODE")

    status, body = await send(client, text(ALICE, "你好", number=1, at=NOW))
    await transaction.rollback()
    await client.deps.patience.drain(limit_s=5)

    assert (status, "unavailable" in body) == (503, True)
    assert await InboundMessage.all().count() == 1


async def test_effects_that_pile_up_are_refused_at_once_and_nothing_of_them_is_kept(
    client, emptier
):
    client.deps.patience._limit_s, client.deps.patience._most = 0.3, 2
    transaction = emptier.transaction()
    await transaction.start()
    await emptier.execute("LOCK TABLE inbound_message IN ACCESS EXCLUSIVE MODE")

    pushes = [text(ALICE, "你好", number=n, at=NOW) for n in range(5)]
    answers = await asyncio.gather(*(send(client, xml) for xml in pushes))
    await transaction.rollback()
    await client.deps.patience.drain(limit_s=5)

    assert {status for status, _ in answers} == {503}
    assert await InboundMessage.all().count() == 2


STRANGERS = {
    "another token": Peer(token="another"),
    "another key": Peer(aes_key="A" * 43),
    "another account": Peer(appid="wx0000000000000000"),
}


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
async def test_a_stranger_is_refused_and_leaves_no_trace(client, stranger):
    status, body = await send(client, text(ALICE, "你好", number=1, at=NOW), by=stranger)

    assert (status, json.loads(body)["error"]["code"]) == (403, "bad_signature")
    assert await Contact.all().count() == 0


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_push_older_or_newer_than_five_minutes_is_refused(client, minutes):
    sent = NOW + timedelta(minutes=minutes)

    status, _ = await send(client, text(ALICE, "你好", number=1, at=sent), at=sent)

    assert status == 403


async def test_one_triple_signs_no_other_body(client):
    good = peer.push(text(ALICE, "你好", number=1, at=NOW), at=NOW)
    other = peer.push(text(ALICE, "电话", number=2, at=NOW), at=NOW)

    answer = await client.post(PATH, params=good.query, data=other.body)

    assert answer.status == 403


async def test_a_plain_body_an_unknown_account_and_a_doctype_are_refused(client):
    xml = text(ALICE, "你好", number=1, at=NOW)
    push = peer.push(xml, at=NOW)
    evil = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + push.body

    plain = await client.post(PATH, params=push.query, data=xml.encode())
    unknown = await client.post("/hooks/wechat/other", params=push.query, data=push.body)
    doctype = await client.post(PATH, params=push.query, data=evil)
    huge = await client.post(PATH, params=push.query, data=b"x" * (64 * 1024 + 1))

    assert [a.status for a in (plain, unknown, doctype, huge)] == [400, 404, 400, 413]
    assert await Contact.all().count() == 0


async def test_the_address_is_verified_as_wechat_asks(client):
    second = str(int(NOW.timestamp()))
    signature = hashlib.sha1("".join(sorted([SANDBOX_TOKEN, second, "n1"])).encode()).hexdigest()
    query = {"signature": signature, "timestamp": second, "nonce": "n1", "echostr": "4375"}

    good = await client.get(PATH, params=query)
    bad = await client.get(PATH, params=query | {"signature": "0" * 40})

    assert (good.status, await good.text()) == (200, "4375")
    assert bad.status == 403


async def test_during_a_change_of_keys_both_open(db, redis_url, clock):
    old, new = "B" * 43, "C" * 43
    config = Config.read({"CREDIT_OA_AES_KEY": new, "CREDIT_OA_PREVIOUS_AES_KEY": old})
    xml = text(ALICE, "帮助", number=1, at=NOW)

    statuses = []
    async with (
        equipped(config, redis_url, clock) as deps,
        TestClient(TestServer(build_app(deps))) as client,
    ):
        for key in (old, new, "D" * 43):
            push = Peer(aes_key=key).push(xml, at=NOW)
            answer = await client.post(PATH, params=push.query, data=push.body)
            statuses.append(answer.status)

    assert statuses == [200, 200, 403]
