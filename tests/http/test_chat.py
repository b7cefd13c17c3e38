"""The chat against the real application: every kind of message, questions, dialogues, a person."""

import asyncio
import re
from datetime import datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient

from bot.config import SANDBOX_APPID
from bot.domain.actors import Staff
from bot.domain.knowledge import fill
from bot.handlers.wechat.answers import EVENTS, SILENCE
from bot.handlers.wechat.words import WORDS
from bot.services import content, leaving, tickets
from models import Contact, Dialogue, InboundMessage, Ticket
from tests.conftest import NOW
from tests.wechat_peer import Peer, event, text

PATH = "/hooks/wechat/oa"
ALICE = "oAlice0000000000000000000001"
NIGHT = NOW + timedelta(hours=12)  # half past nine in the evening
TUESDAY = {"when": "3月3日（周二）"}

peer = Peer()


async def plain(client: TestClient, xml: str) -> str:
    """Push, and answer the reply's own XML; nothing where nothing is said."""
    push = peer.push(xml, at=client.deps.clock())  # type: ignore[attr-defined]
    answer = await client.post(PATH, params=push.query, data=push.body)
    body = (await answer.read()).decode()
    assert answer.status == 200
    if body == "success":
        return ""
    sealed = {
        name: re.search(rf"<{name}>(?:<!\[CDATA\[)?([^\]<]+)", body)[1]  # type: ignore[index]
        for name in ("MsgSignature", "TimeStamp")
    }
    opened = peer._crypto.decrypt_message(
        body, sealed["MsgSignature"], sealed["TimeStamp"], push.query["nonce"]
    )
    return opened if isinstance(opened, str) else opened.decode()


async def say(client: TestClient, words: str, number: int, openid: str = ALICE) -> str:
    at = client.deps.clock()  # type: ignore[attr-defined]
    return content_of(await plain(client, text(openid, words, number=number, at=at)))


def content_of(xml: str) -> str:
    found = re.search(r"<Content><!\[CDATA\[(.*?)\]\]></Content>", xml, re.DOTALL)
    return found[1] if found else ""


def message(kind: str, inner: str) -> str:
    return (
        "<xml><ToUserName><![CDATA[gh_of_the_account]]></ToUserName>"
        f"<FromUserName><![CDATA[{ALICE}]]></FromUserName>"
        f"<CreateTime>{int(NOW.timestamp())}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>"
        f"{inner}<MsgId>77</MsgId></xml>"
    )


VOICE = "<MediaId>m</MediaId><Format>amr</Format><Recognition><![CDATA[{}]]></Recognition>"


@pytest.mark.parametrize(
    ("kind", "inner", "words"),
    [
        ("voice", "<MediaId>m</MediaId><Format>amr</Format>", "voice_unheard"),
        ("voice", VOICE.format(""), "voice_unheard"),
        ("voice", VOICE.format("帮助。"), "help"),
        ("video", "<MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId>", "video"),
        ("shortvideo", "<MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId>", "video"),
        ("location", "<Location_X>1</Location_X><Label>x</Label>", "location"),
        ("link", "<Title>t</Title><Url>http://x</Url>", "link"),
        ("file", "<Title>t</Title>", "words_only"),
        ("invented_tomorrow", "", "words_only"),
    ],
)
async def test_every_kind_of_message_is_answered_or_politely_declined(client, kind, inner, words):
    assert content_of(await plain(client, message(kind, inner))) == WORDS[words]
    assert await InboundMessage.all().count() == 0


async def test_a_question_by_voice_is_answered_like_a_typed_one(client):
    spoken = content_of(await plain(client, message("voice", VOICE.format("证书丢了怎么办"))))

    assert spoken == await say(client, "证书丢了", 2) != ""


SILENT = sorted(name for name, answer in EVENTS.items() if answer is SILENCE)


@pytest.mark.parametrize("name", [*SILENT, "TEMPLATESENDJOBFINISH", "invented_tomorrow"])
async def test_an_event_that_asks_nothing_is_taken_in_silence(client, name):
    assert await plain(client, event(ALICE, name, at=NOW)) == ""


async def test_a_scanned_code_of_ours_is_opened_and_any_other_is_not(client):
    def scan(result: str) -> str:
        inner = (
            "<Event>scancode_waitmsg</Event><EventKey>CERT_SCAN</EventKey><ScanCodeInfo>"
            f"<ScanResult><![CDATA[{result}]]></ScanResult></ScanCodeInfo>"
        )
        return message("event", inner)

    url = client.deps.config.public_url
    ours = f"{url}/c/9f3K2a"

    answers = [
        content_of(await plain(client, scan(result)))
        for result in (ours, "https://evil.example/c/1", f"{url}.evil.example/", f"{url}/<a>")
    ]

    assert answers == [fill(WORDS["scanned"], {"link": ours}), *[WORDS["scanned_other"]] * 3]


async def test_a_known_question_needs_neither_database_nor_redis(client):
    phone = client.deps.bookshelf.book.entries["phone"].answer
    hints, patience = client.deps.hints, client.deps.patience
    object.__setattr__(client.deps, "hints", None)
    object.__setattr__(client.deps, "patience", None)

    answer = await say(client, "请问你们电话多少呀", 1)

    object.__setattr__(client.deps, "hints", hints)
    object.__setattr__(client.deps, "patience", patience)
    assert answer == phone
    assert await Contact.all().count() == 0


async def test_in_office_hours_a_person_takes_over_and_a_repeat_does_the_same(client):
    xml = text(ALICE, "人工", number=1, at=NOW)

    answers = [await plain(client, xml) for _ in range(2)]
    await client.deps.hints._redis.flushdb()
    answers.append(await plain(client, xml))

    assert ["transfer_customer_service" in answer for answer in answers] == [True] * 3
    assert (await InboundMessage.all().count(), await Ticket.all().count()) == (1, 0)


async def test_at_night_the_question_is_kept_for_the_staff(client, clock):
    clock.now = NIGHT

    asked = await say(client, "人工", 1)
    taken = await say(client, "我上周交的材料没人理，某某公司", 2)

    assert asked == fill(WORDS["ticket_ask"], TUESDAY)
    assert taken == fill(WORDS["ticket_taken"], TUESDAY)
    (ticket,) = await tickets.waiting()
    assert (ticket.openid, ticket.question, ticket.created_at) == (
        ALICE, "我上周交的材料没人理，某某公司", NIGHT,
    )  # fmt: skip
    assert await Dialogue.all().count() == 0


async def test_a_phone_number_in_it_is_sealed_and_said_back_in_part(client, clock):
    clock.now = NIGHT
    await say(client, "人工", 1)

    taken = await say(client, "某某公司，请打１３８００１３８０００", 2)

    assert taken == fill(WORDS["ticket_taken_phone"], TUESDAY | {"phone": "138****8000"})
    (ticket,) = await tickets.waiting()
    assert ticket.question == "某某公司，请打138****8000"


async def test_of_a_long_question_with_two_numbers_nothing_is_lost(client, clock):
    clock.now = NIGHT
    await say(client, "人工", 1)
    question = "审" * 600 + "，请打{}或{}"

    taken = await say(client, question.format("13800138000", "13900139000"), 2)

    masked = ("138****8000", "139****9000")
    phones = {"phone": "、".join(masked)}
    assert taken == fill(WORDS["ticket_taken_phone"], TUESDAY | phones)
    (ticket,) = await tickets.waiting()
    assert ticket.question == question.format(*masked)
    opened = await tickets.phone_of(
        ticket.id, actor=Staff("王芳"), vault=client.deps.vault, now=NIGHT
    )
    assert opened == "13800138000、13900139000"
    left = await tickets.phones_left(SANDBOX_APPID, ALICE, vault=client.deps.vault)
    assert left == {"13800138000", "13900139000"}


async def test_the_answer_can_be_read_again_by_whoever_asked_and_nobody_else(client, clock):
    clock.now = NIGHT
    await say(client, "人工", 1)
    await say(client, "材料没人理", 2)
    (ticket,) = await tickets.waiting()
    await tickets.reply(ticket.id, "材料收到了。", actor=Staff("王芳"), now=NIGHT)

    given = {"on": "2026年3月2日", "answer": "材料收到了。"}
    line = fill(WORDS["part_answer"], given)
    assert await say(client, "答复", 3) == fill(WORDS["my_answers"], {"lines": line})
    assert await say(client, "答复", 4, "oBob") == WORDS["my_answers_none"]


async def test_answers_that_do_not_fit_into_one_message_are_left_out_whole(client, clock):
    clock.now = NIGHT
    for number in (1, 2, 3):
        await say(client, "人工", 10 * number)
        await say(client, f"第{number}件事没人管", 10 * number + 1)
        (ticket,) = await tickets.waiting()
        answer = f"{number}。" + "审" * 500
        await tickets.reply(ticket.id, answer, actor=Staff("王芳"), now=clock.now)
        clock.now += timedelta(minutes=1)

    told = await say(client, "答复", 90)

    newest = fill(WORDS["part_answer"], {"on": "2026年3月2日", "answer": "3。" + "审" * 500})
    lines = f"{newest}\n\n{WORDS['part_answers_more']}"
    assert told == fill(WORDS["my_answers"], {"lines": lines})


async def test_a_question_that_we_know_is_kept_too_when_it_was_asked_for(client, clock):
    clock.now = NIGHT
    await say(client, "人工", 1)

    await say(client, "我要投诉", 2)

    assert [ticket.question for ticket in await tickets.waiting()] == ["我要投诉"]


@pytest.mark.parametrize("words", ["查询不到我们的证书，请打13800138000", "查 我们公司的进度"])
async def test_a_question_that_begins_like_a_search_is_kept_when_it_was_asked_for(
    client, clock, words
):
    clock.now = NIGHT
    await say(client, "人工", 1)

    taken = await say(client, words, 2)

    (ticket,) = await tickets.waiting()
    assert (taken[:3], ticket.question) == ("记下了", words.replace("13800138000", "138****8000"))


async def test_in_a_year_that_is_not_announced_the_next_day_is_told_with_a_doubt(client, clock):
    clock.now = datetime(2026, 12, 31, 12, 0, tzinfo=NOW.tzinfo)

    assert await say(client, "人工", 1) == fill(
        WORDS["ticket_ask"], {"when": "1月4日（周一，以放假通知为准）"}
    )


async def test_leaving_a_question_can_be_stopped(client, clock):
    clock.now = NIGHT
    await say(client, "人工", 1)

    assert await say(client, "停", 2) == WORDS["dialogue_stopped"]
    assert (await Dialogue.all().count(), await Ticket.all().count()) == (0, 0)


async def test_more_open_questions_than_anybody_can_answer_are_declined(client, clock):
    clock.now = NIGHT
    for number in range(tickets.MOST_OPEN):
        await say(client, "人工", 10 * number)
        await say(client, f"第{number}件事没人管", 10 * number + 1)
    await say(client, "人工", 900)

    assert await say(client, "还有一件事没人管", 901) == WORDS["ticket_too_many"]
    assert await Ticket.all().count() == tickets.MOST_OPEN


async def test_eight_copies_at_once_and_one_after_a_flush_take_one_step(client, clock):
    clock.now = NIGHT
    await say(client, "人工", 1)
    xml = text(ALICE, "材料交了没人理", number=2, at=NIGHT)

    answers = await asyncio.gather(*(plain(client, xml) for _ in range(8)))
    await client.deps.hints._redis.flushdb()
    answers.append(await plain(client, xml))

    assert {content_of(answer) for answer in answers} == {fill(WORDS["ticket_taken"], TUESDAY)}
    assert await Ticket.all().count() == 1
    assert await InboundMessage.all().count() == 2


async def test_what_is_not_understood_offers_the_nearest_and_a_number_brings_the_answer(client):
    book = client.deps.bookshelf.book
    near = book.ask("证书的事情想了解").near

    offered = await say(client, "证书的事情想了解", 1)
    answer = await say(client, "2", 2)

    lines = [f"{n} {book.entries[name].question}" for n, name in enumerate(near, 1)]
    assert offered == "\n".join([WORDS["nearest"], *lines, "", WORDS["nearest_else"]])
    site = {"site": client.deps.config.public_url}
    assert answer == fill(book.entries[near[1]].answer, site)


async def test_copies_of_a_choice_choose_once(client):
    await say(client, "证书的事情想了解", 1)
    xml = text(ALICE, "1", number=2, at=NOW)

    answers = await asyncio.gather(*(plain(client, xml) for _ in range(8)))

    assert len({content_of(answer) for answer in answers}) == 1
    assert await say(client, "1", 3) == WORDS["dialogue_none"]


async def test_another_question_instead_of_a_number_is_simply_answered(client):
    first = await say(client, "证书的事情想了解", 1)
    second = await say(client, "会员的事情想了解", 2)

    assert second.splitlines()[0] == first.splitlines()[0]
    assert second != first
    assert await Dialogue.all().count() == 1


async def test_a_number_out_of_the_blue_and_a_late_one_are_told_so(client, clock):
    assert await say(client, "3", 1) == WORDS["dialogue_none"]
    await say(client, "证书的事情想了解", 2)
    clock.now = NOW + timedelta(minutes=31)

    assert await say(client, "1", 3) == WORDS["dialogue_none"]


async def test_two_people_do_not_answer_for_each_other(client, clock):
    clock.now = NIGHT
    await say(client, "人工", 1)

    assert await say(client, "停", 2, openid="oBob") == WORDS["dialogue_none"]
    assert [row.openid for row in await Dialogue.all()] == [ALICE]


async def test_who_leaves_takes_answers_and_questions_along(client, clock):
    clock.now = NIGHT
    await say(client, "人工", 1)
    await say(client, "材料交了没人理", 2)
    await say(client, "人工", 3)
    await plain(client, event(ALICE, "unsubscribe", at=NIGHT))

    payload = {"appid": SANDBOX_APPID, "openid": ALICE, "left_at": NIGHT.isoformat()}
    await leaving.forget(payload, NIGHT + timedelta(days=1))

    assert (await Dialogue.all().count(), await Ticket.all().count()) == (0, 0)


async def test_staff_change_a_text_and_the_chat_says_it_without_a_restart(client):
    shelf = client.deps.bookshelf
    await shelf.refresh(now=NOW)
    base = (await content.newest())["message/help"].number
    await content.publish("message/help", "新的帮助", base=base, author="王芳", now=NOW)

    await shelf.refresh(now=NOW)

    assert await say(client, "帮助", 1) == "新的帮助"


async def test_a_text_that_cannot_be_read_leaves_the_files_text_in_place(client):
    shelf = client.deps.bookshelf
    await shelf.refresh(now=NOW)
    await content.publish("knowledge/phone", "broken", base=1, author="王芳", now=NOW)
    await content.publish("knowledge/website", "", base=1, author="王芳", now=NOW)

    await shelf.refresh(now=NOW)

    assert "010-88653588" in shelf.book.entries["phone"].answer
    assert "website" not in shelf.book.entries
