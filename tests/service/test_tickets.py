"""Questions left in the chat: answered by whatever reaches the person, called back, closed once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bot.clients.vault import Vault
from bot.config import Config
from bot.deps import open_vault
from bot.domain.actors import Staff
from bot.domain.errors import BadInput, NotFound
from bot.domain.telling import Channel
from bot.services import retention, sending, tickets
from bot.services.telling import Person
from bot.services.tickets import Answered
from models import (
    AuditEntry,
    CheckState,
    Contact,
    ContentCheck,
    Telling,
    TellingState,
    Ticket,
    TicketState,
)  # fmt: skip
from models.ids import new_id
from tests.conftest import NOW
from tests.product import settings
from tests.service.test_commands import bot
from tests.service.test_telling import World

VAULT: Vault = open_vault(Config())
WANG = Staff("王芳")
ALICE = ("wxoa", "oAlice")
ANSWER = "您的材料已经收到，2个工作日内有结果。"
CUSTOM = f"您好，您2026年3月2日的留言，答复如下：\n\n{ANSWER}\n\n还想问，请发“人工”。"


@pytest.fixture
def world(db) -> World:
    return World()


async def asked(question: str = "没人理", *, appid: str = ALICE[0]) -> UUID:
    await tickets.open_ticket(appid, ALICE[1], question, vault=VAULT, now=NOW)
    return (await tickets.waiting())[-1].id


async def wrote(appid: str, at: datetime, **more: datetime) -> None:
    seen = {"first_seen_at": at, "last_seen_at": at, "wrote_at": at}
    await Contact.create(id=new_id(at), appid=appid, openid=ALICE[1], **seen, **more)


async def answered(world: World, *, now: datetime) -> Telling:
    """Answer the one ticket, and let the message go out."""
    await tickets.reply(await asked(), ANSWER, actor=WANG, now=now)
    telling = await Telling.get(message=tickets.ANSWERED)
    await world.send(telling.id, now=now)
    return await Telling.get(id=telling.id)


async def test_an_answer_closes_the_ticket_and_goes_into_the_open_chat(world):
    await wrote("wxoa", NOW)

    told = await answered(world, now=NOW + timedelta(hours=1))

    row, entry = await Ticket.get(), await AuditEntry.get()
    assert (row.state, row.closed_by, row.answer) == (TicketState.CLOSED, "王芳", ANSWER)
    assert (entry.action, entry.actor, entry.object_id) == ("ticket.answered", "王芳", str(row.id))
    assert told.state is TellingState.SENT
    assert world.service.sent == [(Channel.CUSTOM, ("oAlice", CUSTOM))]


async def test_after_two_days_a_template_says_how_to_read_the_answer(world):
    await wrote("wxoa", NOW)

    await answered(world, now=NOW + timedelta(days=3))

    ((channel, notice),) = world.service.sent
    assert (channel, notice.values["thing2"]) == (Channel.TEMPLATE, "请在这里发“答复”查看")
    assert await tickets.answers(*ALICE) == (Answered(NOW.date(), ANSWER),)


async def test_whom_nothing_reaches_is_known_before_and_listed_after(world):
    world.missing = {Channel.TEMPLATE, Channel.SUBSCRIPTION}
    await wrote("wxoa", NOW)
    late = NOW + timedelta(days=3)

    way = await sending.way_to(
        Person(service="oAlice"), tickets.ANSWERED, accounts=world.accounts, now=late
    )
    told = await answered(world, now=late)

    assert (way, told.state) == (None, TellingState.FAILED)
    assert await tickets.undelivered(now=late) == ((await Ticket.get()).id,)


async def test_a_phone_number_in_a_question_is_sealed_and_opened_by_name_only(db):
    ticket = await asked("晨星公司，请回电 138 0013 8000，材料没人理")
    without = await asked("没留号码")

    opened = await tickets.phone_of(ticket, actor=WANG, vault=VAULT, now=NOW)
    row = await Ticket.get(id=ticket)

    assert row.question == "晨星公司，请回电 138****8000，材料没人理"
    assert (b"13800138000" in row.phone_sealed, opened) == (False, "13800138000")
    assert (await AuditEntry.get()).action == "ticket.phone_read"
    with pytest.raises(NotFound):
        await tickets.phone_of(without, actor=WANG, vault=VAULT, now=NOW)


async def test_a_ticket_is_closed_once_and_forgotten_when_it_is_old(db):
    ticket = await asked()

    await tickets.close(ticket, actor=WANG, remark="已回电", now=NOW)

    closed = await Ticket.get()
    assert (closed.closed_by, closed.remark, closed.closed_at) == ("王芳", "已回电", NOW)
    assert await tickets.waiting() == []
    with pytest.raises(NotFound):
        await tickets.close(ticket, actor=WANG, remark="", now=NOW)
    with pytest.raises(NotFound):
        await tickets.reply(ticket, ANSWER, actor=WANG, now=NOW)
    assert (await retention.purge(now=NOW + timedelta(days=181)))["ticket"] == 1


async def test_what_an_answer_said_goes_with_its_ticket_and_that_it_was_sent_stays(world):
    await wrote("wxoa", NOW)
    sent = await answered(world, now=NOW)

    early = (await retention.purge(now=NOW + timedelta(days=180)))["ticket"]
    kept = (await Telling.get()).values
    late = (await retention.purge(now=NOW + timedelta(days=180, seconds=1)))["ticket"]

    assert (early, kept["answer"], late) == (0, ANSWER, 1)
    row = await Telling.get()
    assert (row.values, row.state, row.ended_at) == ({}, TellingState.SENT, sent.ended_at)


@pytest.mark.parametrize("text", [" ", "答" * 601])
async def test_an_answer_that_cannot_be_sent_leaves_the_ticket_open(db, text):
    ticket = await asked()

    with pytest.raises(BadInput):
        await tickets.reply(ticket, text, actor=WANG, now=NOW)

    assert [one.id for one in await tickets.waiting()] == [ticket]
    assert await Telling.all().count() == 0


async def test_the_longest_answer_is_one_customer_message(db):
    ticket = await asked()

    await tickets.reply(ticket, "答" * 600, actor=WANG, now=NOW)

    assert await Telling.all().count() == 1


async def test_staff_list_answer_call_and_close(db, redis_url, tmp_path):
    env = settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url)
    appid, now = Config().oa_appid, datetime.now(UTC)  # as commands do
    ticket = str(await asked("没人理\n请打13800138000", appid=appid))
    by = ("--by", "王芳")

    listed = await bot("tickets", "list", env=env)
    await ContentCheck.all().update(state=CheckState.REJECTED, label=10001)
    covered = await bot("tickets", "list", env=env)
    words = await bot("tickets", "words", ticket, *by, "--reason", "核实", env=env)
    called = await bot("tickets", "phone", ticket, *by, env=env)
    await wrote(appid, now, unfollowed_at=now)
    gone = await bot("tickets", "reply", ticket, "--text", ANSWER, *by, env=env)
    await Contact.filter(openid=ALICE[1]).update(unfollowed_at=None)
    sent = await bot("tickets", "reply", ticket, "--text", ANSWER, *by, env=env)
    again = await bot("tickets", "close", ticket, *by, env=env)
    wrong = await bot("tickets", "close", "7", *by, env=env)

    line = f"{ticket}  2026-03-02 09:30  oAlice\n    没人理 请打138****8000\n共 1 条\n"
    assert (listed.text, called.text) == (line, "13800138000\n")
    assert "    （微信判为含有广告内容，没有展开；要看请用 tickets words）\n" in covered.text
    assert words.text == "没人理\n请打138****8000\n"
    assert (gone.code, "现在送不到" in gone.text) == (1, True)
    assert (sent.code, sent.text) == (0, "已答复并关闭：对方会直接收到\n")
    assert (again.code, "可能已经有人处理了" in again.text, wrong.code) == (1, True, 1)
