"""tell(): one message, once, by the channel that reaches the person, to its end state."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from tortoise.transactions import in_transaction

from bot.clients.wechat import Notice, Text
from bot.clients.wechat_errors import Permanent, Transient
from bot.domain.errors import NotFound
from bot.domain.telling import SEND, Channel
from bot.services import (
    conversation,
    grants,
    leaving,
    outbox,
    receipts,
    retention,
    sending,
    telling,
)
from bot.services.conversation import Heard
from bot.services.grants import Cause
from bot.services.messages import BadMessage
from bot.services.outbox import Task
from bot.services.sending import Accounts, InOtherHands
from bot.services.telling import Person, Told
from models import Contact, Grant, GrantEntry, Job, JobState, Receipt, Telling, TellingState
from models.ids import new_id
from tests.conftest import NOW

WANG = Person("oWang", "oMiniWang")
VALUES = {"company": "示例有限公司", "programme": "信用等级", "expires_on": "2026年6月1日"}
MOVED = {
    "company": "示例有限公司",
    "programme": "信用等级",
    "state": "已受理",
    "moved_on": "2026年3月2日",
}
LONG_AGO = NOW - timedelta(days=90)


@dataclass
class FakeWeChat:
    """One account: notes what it takes, or fails as it was told, in this order."""

    appid: str
    sent: list[tuple[Channel, object]] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    meanwhile: object = None

    async def send_template(self, notice: Notice, *, client_msg_id: str) -> str:
        await self._take(Channel.TEMPLATE, notice, client_msg_id)
        return f"m-{client_msg_id}"

    async def send_subscription(self, notice: Notice) -> None:
        await self._take(Channel.SUBSCRIPTION, notice)

    async def send_mini_subscription(self, notice: Notice) -> None:
        await self._take(Channel.MINI, notice)

    async def send_custom(self, openid: str, content: Text) -> None:
        await self._take(Channel.CUSTOM, (openid, content.content))

    async def _take(self, channel: Channel, what: object, client_msg_id: str = "") -> None:
        self.seen.append(client_msg_id)
        if self.meanwhile:
            await self.meanwhile()
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent.append((channel, what))


@dataclass
class World:
    service: FakeWeChat = field(default_factory=lambda: FakeWeChat("wxoa"))
    mini: FakeWeChat = field(default_factory=lambda: FakeWeChat("wxmini"))
    missing: set[str] = field(default_factory=set)

    @property
    def accounts(self) -> Accounts:
        def template_id(message: str, channel: str) -> str:
            return "" if channel in self.missing else f"T-{message}-{channel}"

        return Accounts(self.service, self.mini, template_id, "https://a.cn")

    @property
    def tasks(self) -> dict[str, Task]:
        async def send(payload: outbox.Payload, now: datetime) -> None:
            await sending.send(payload, now, accounts=self.accounts)

        return {SEND: Task(send, outside=True)}

    async def send(self, telling_id: UUID, *, now: datetime = NOW) -> None:
        await sending.send({"id": str(telling_id)}, now, accounts=self.accounts)

    def channels(self) -> list[Channel]:
        return [channel for account in (self.service, self.mini) for channel, _ in account.sent]


@pytest.fixture
def world(db) -> World:
    return World()


async def told(
    message: str = "certificate_expires",
    values: dict[str, str] = VALUES,
    *,
    person: Person = WANG,
    key: str = "k1",
    link: str = "/h5/c/1",
) -> UUID | None:
    async with in_transaction():
        return await telling.tell(person, message, values, key=key, now=NOW, link=link)


async def contact(**more: datetime) -> None:
    await Contact.create(
        id=new_id(NOW),
        appid="wxoa",
        openid=WANG.service,
        first_seen_at=LONG_AGO,
        last_seen_at=LONG_AGO,
        **more,
    )


async def allow(channel: Channel, message: str = "certificate_expires", *, times: int = 1) -> None:
    appid, openid = ("wxmini", WANG.mini) if channel is Channel.MINI else ("wxoa", WANG.service)
    for _ in range(times):
        await grants.enter(appid, openid, f"T-{message}-{channel}", Cause.ACCEPTED, now=NOW)


def receipt(msgid: str, status: str = "success") -> outbox.Payload:
    fields = {"Event": "TEMPLATESENDJOBFINISH", "MsgID": msgid, "Status": status}
    return {"appid": "wxoa", "openid": WANG.service, "fields": fields}


def sent_event(template_id: str, msgid: str, code: str = "0") -> outbox.Payload:
    item = {"TemplateId": template_id, "MsgID": msgid, "ErrorCode": code, "ErrorStatus": "words"}
    fields = {"Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": [item]}}
    return {"appid": "wxoa", "openid": WANG.service, "fields": fields}


# The promise


async def test_telling_the_same_twice_is_one_message_and_one_job(world):
    first, second = await told(), await told()

    assert first is not None
    assert second is None
    assert (await Telling.all().count(), await Job.filter(kind=SEND).count()) == (1, 1)


async def test_nothing_is_promised_when_the_cause_is_rolled_back(world):
    with pytest.raises(NotFound):
        async with in_transaction():
            await telling.tell(WANG, "certificate_expires", VALUES, key="k", now=NOW)
            raise NotFound

    assert (await Telling.all().count(), await Job.all().count()) == (0, 0)


@pytest.mark.parametrize(
    "wrong", [{"expires_on": "2026-06-01"}, {"expires_on": "2026年6月31日"}, {"company": ""}]
)
async def test_what_wechat_would_refuse_is_refused_before_it_is_promised(world, wrong):
    with pytest.raises(BadMessage):
        await told(values=VALUES | wrong)

    assert await Telling.all().count() == 0


# The channel


async def test_a_follower_gets_a_template_message_with_the_words_of_the_file(world):
    await contact(followed_at=LONG_AGO)
    number = await told()

    await world.send(number)

    assert world.service.sent == [
        (
            Channel.TEMPLATE,
            Notice(
                WANG.service,
                "T-certificate_expires-template",
                {
                    "thing1": "示例有限公司",
                    "thing2": "信用等级",
                    "date3": "2026年6月1日",
                    "phrase4": "即将到期",
                },
                url="https://a.cn/h5/c/1",
            ),
        )
    ]
    row = await Telling.get(id=number)
    assert (row.state, row.msgid) == (TellingState.SENT, f"m-{number.hex}")


@pytest.mark.parametrize(
    ("contact_of", "allowed", "channel"),
    [
        ({"followed_at": LONG_AGO, "wrote_at": NOW - timedelta(hours=1)}, (), Channel.CUSTOM),
        ({"followed_at": LONG_AGO, "wrote_at": NOW - timedelta(hours=48)}, (), Channel.TEMPLATE),
        ({"wrote_at": NOW}, (), Channel.CUSTOM),
        (None, (), Channel.TEMPLATE),  # known by login only: WeChat will tell
        ({"unfollowed_at": NOW}, (Channel.SUBSCRIPTION,), Channel.SUBSCRIPTION),
        (
            {"followed_at": LONG_AGO, "unfollowed_at": NOW, "wrote_at": NOW},
            (Channel.MINI, Channel.SUBSCRIPTION),
            Channel.SUBSCRIPTION,
        ),
        ({"unfollowed_at": NOW}, (Channel.MINI,), Channel.MINI),
        ({"unfollowed_at": LONG_AGO, "followed_at": NOW}, (), Channel.TEMPLATE),
    ],
)
async def test_the_channel_is_the_first_one_that_is_open(world, contact_of, allowed, channel):
    if contact_of is not None:
        await contact(**contact_of)
    for one in allowed:
        await allow(one, "case_moved")

    await world.send(await told("case_moved", MOVED))

    assert world.channels() == [channel]


async def test_a_customer_message_says_it_in_words_with_the_address(world):
    await contact(wrote_at=NOW)

    await world.send(await told("case_moved", MOVED))

    words = (
        "您好，示例有限公司的信用等级申请有了新进展：已受理（2026年3月2日）。\n\n"
        "点这里查看并办理下一步：https://a.cn/h5/c/1"
    )
    assert world.service.sent == [
        (
            Channel.CUSTOM,
            (WANG.service, words),
        )
    ]


async def test_five_answers_to_one_message_and_then_another_channel(world):
    await contact(wrote_at=NOW)
    for number in range(6):
        await world.send(await told("case_moved", MOVED, key=f"k{number}"))

    assert world.channels() == [Channel.CUSTOM] * 5 + [Channel.TEMPLATE]


async def test_a_channel_without_a_template_of_ours_does_not_exist(world):
    world.missing = {"template"}
    await allow(Channel.MINI)

    await world.send(await told())

    assert world.channels() == [Channel.MINI]


async def test_a_refusal_leads_to_the_next_channel_and_is_remembered(world):
    world.service.troubles = [Permanent("unfollowed", errcode=43004)]
    await contact(followed_at=LONG_AGO)
    await allow(Channel.MINI)
    number = await told()

    await world.send(number)

    assert world.channels() == [Channel.MINI]
    assert await telling.look(number) == Told(
        TellingState.SENT, "mini", ("template:43004",), "unfollowed"
    )
    assert (await Contact.get()).unfollowed_at == NOW


async def test_when_no_channel_is_left_the_message_has_failed_and_says_why(world):
    world.service.troubles = [Permanent("bad openid", errcode=40003)]
    number = await told()

    await world.send(number)

    assert await telling.look(number) == Told(
        TellingState.FAILED, "template", ("template:40003",), "bad openid"
    )
    unreachable = await told(person=Person(), key="nobody")
    await world.send(unreachable)
    assert (await telling.look(unreachable)).reason == "no channel reaches this person"


@pytest.mark.parametrize("errcode", [40003, 46004])
async def test_where_wechat_knows_nobody_nothing_is_sent_again_until_they_write(world, errcode):
    world.service.troubles = [Permanent("nobody", errcode=errcode)]
    await world.send(await told())
    await world.send(await told(key="next"))
    before = world.channels()

    heard = Heard("wxoa", WANG.service, "m:1", "text", NOW, wrote=True)
    await conversation.record(heard, "", now=NOW)
    await world.send(await told(key="third"))

    assert (before, world.channels()) == ([], [Channel.TEMPLATE])


async def test_an_invalid_openid_of_the_mini_program_says_nothing_about_the_other(world):
    await contact(followed_at=LONG_AGO)
    await conversation.mark_invalid("wxmini", WANG.mini, now=NOW)

    await world.send(await told())

    assert await Contact.filter(invalid_at__isnull=False).values_list("appid", flat=True) == [
        "wxmini"
    ]
    assert world.channels() == [Channel.TEMPLATE]


async def test_who_left_for_good_leaves_no_words_behind_but_that_they_were_told(world):
    number = await told()
    await world.send(number)
    await receipts.take(receipt(f"m-{number.hex}"), NOW)
    waiting = await told(key="second")
    await allow(Channel.SUBSCRIPTION)
    await contact(followed_at=LONG_AGO, unfollowed_at=NOW)

    left = {"appid": "wxoa", "openid": WANG.service, "left_at": NOW.isoformat()}
    await leaving.forget(left, NOW + timedelta(days=1))

    assert (await Telling.get(id=number)).values == {}
    assert (await telling.look(number)).state is TellingState.DELIVERED
    assert (await Telling.get(id=waiting)).values == VALUES
    assert [await table.all().count() for table in (Grant, GrantEntry, Receipt)] == [0, 0, 0]


# Once


async def test_a_job_that_runs_again_after_the_end_sends_nothing(world):
    number = await told()

    for _ in range(3):
        await world.send(number)

    assert len(world.service.sent) == 1


async def test_a_lost_answer_is_repeated_under_the_same_id(world):
    world.service.troubles = [Transient("timeout", uncertain=True)]
    number = await told()
    with pytest.raises(Transient):
        await world.send(number)
    between = (await telling.look(number)).state

    await world.send(number, now=NOW + timedelta(minutes=5))

    assert between == TellingState.SENDING
    assert world.service.seen == [number.hex, number.hex]
    assert (await telling.look(number)).state == TellingState.SENT


async def test_beyond_wechats_ten_minutes_a_lost_answer_stays_unknown(world):
    world.service.troubles = [Transient("timeout", uncertain=True)]
    number = await told()
    with pytest.raises(Transient):
        await world.send(number)

    await world.send(number, now=NOW + timedelta(minutes=9))
    await world.send(number, now=NOW + timedelta(hours=1))

    assert len(world.service.seen) == 1
    assert (await telling.look(number)).state == TellingState.UNKNOWN


@pytest.mark.parametrize("channel", [Channel.CUSTOM, Channel.SUBSCRIPTION, Channel.MINI])
async def test_where_wechat_cannot_tell_repeats_apart_a_lost_answer_is_unknown_at_once(
    world, channel
):
    if channel is Channel.CUSTOM:
        await contact(wrote_at=NOW)
    else:
        await contact(unfollowed_at=NOW)
        await allow(channel, "case_moved", times=2)
    account = world.mini if channel is Channel.MINI else world.service
    account.troubles = [Transient("timeout", uncertain=True)]
    number = await told("case_moved", MOVED)

    await world.send(number)
    await world.send(number, now=NOW + timedelta(minutes=5))

    assert await telling.look(number) == Told(TellingState.UNKNOWN, channel, (), "timeout")
    assert len(account.seen) == 1
    if channel is not Channel.CUSTOM:
        assert (await Grant.get()).left == 1


async def test_what_was_certainly_not_sent_waits_in_the_queue(world):
    world.service.troubles = [Transient("unreachable")]
    number = await told()
    with pytest.raises(Transient):
        await world.send(number)
    between = (await telling.look(number)).state

    await world.send(number, now=NOW + timedelta(hours=3))

    assert between == TellingState.QUEUED
    assert (await telling.look(number)).state == TellingState.SENT


async def test_a_used_up_quota_waits_for_midnight_in_beijing(world):
    world.service.troubles = [Transient("quota", errcode=45009)]
    number = await told()

    await world.send(number)

    jobs = await Job.filter(kind=SEND).order_by("due_at").values_list("due_at", flat=True)
    assert jobs == [NOW, datetime.fromisoformat("2026-03-02T16:05:00+00:00")]
    assert (await telling.look(number)).state == TellingState.QUEUED


async def test_a_worker_killed_while_sending_leaves_a_claim_that_is_taken_up(world):
    async def killed() -> None:
        raise asyncio.CancelledError

    world.service.meanwhile = killed
    number = await told()
    with pytest.raises(asyncio.CancelledError):
        await world.send(number)
    world.service.meanwhile = None

    await world.send(number, now=NOW + timedelta(minutes=1))

    assert (await telling.look(number)).state == TellingState.SENT
    assert world.service.seen == [number.hex, number.hex]


async def test_two_workers_at_once_send_what_cannot_be_repeated_only_once(world):
    await contact(wrote_at=NOW)
    number = await told("case_moved", MOVED)
    seen = []

    async def other_worker() -> None:
        world.service.meanwhile = None
        with pytest.raises(InOtherHands):
            await world.send(number)
        seen.append(True)

    world.service.meanwhile = other_worker
    await world.send(number)

    assert (seen, len(world.service.sent)) == ([True], 1)


async def test_a_claim_without_an_end_is_listed_as_unknown(world):
    world.service.troubles = [Transient("timeout", uncertain=True)]
    number = await told()
    with pytest.raises(Transient):
        await world.send(number)

    early = await telling.sweep(now=NOW + timedelta(minutes=15))
    late = await telling.sweep(now=NOW + timedelta(minutes=15, seconds=1))

    assert (early, late) == (0, 1)
    assert (await telling.look(number)).state == TellingState.UNKNOWN


async def test_a_worker_that_knows_better_corrects_an_unknown_end(world):
    number = await told()

    async def given_up() -> None:
        assert await telling.sweep(now=NOW + timedelta(hours=1)) == 1

    world.service.meanwhile = given_up
    await world.send(number)

    assert (await telling.look(number)).state == TellingState.SENT


async def test_the_job_carries_the_message_out(world):
    number = await told()
    job = await Job.get(kind=SEND)

    await outbox.perform(job.id, tasks=world.tasks, now=NOW)

    assert (await telling.look(number)).state == TellingState.SENT


async def test_the_job_of_a_cancelled_message_has_nothing_to_do(world):
    await told()
    job = await Job.get(kind=SEND)
    await telling.cancel(WANG.service)

    await outbox.perform(job.id, tasks=world.tasks, now=NOW)

    assert (await Job.get(id=job.id)).state is JobState.DONE
    assert world.channels() == []


# The end


async def test_a_receipt_ends_a_template_message_however_often_it_comes(world):
    number = await told()
    await world.send(number)

    for _ in range(3):
        await receipts.take(receipt(f"m-{number.hex}"), NOW)

    assert (await telling.look(number)).state == TellingState.DELIVERED
    assert await Receipt.all().values_list("telling", flat=True) == [number]


async def test_a_receipt_that_comes_before_our_own_commit_is_not_lost(world):
    number = await told()

    async def early() -> None:
        await receipts.take(receipt(f"m-{number.hex}"), NOW)

    world.service.meanwhile = early
    await world.send(number)

    assert (await telling.look(number)).state == TellingState.DELIVERED


async def test_a_template_message_that_did_not_arrive_is_sent_by_the_next_channel(world):
    await contact(followed_at=LONG_AGO)
    await allow(Channel.MINI)
    number = await told()
    await world.send(number)

    await receipts.take(receipt(f"m-{number.hex}", "failed:user block"), NOW)
    await receipts.take(receipt(f"m-{number.hex}", "failed:user block"), NOW)
    jobs = await Job.filter(kind=SEND).count()
    await world.send(number)

    assert (jobs, world.channels()) == (2, [Channel.TEMPLATE, Channel.MINI])
    assert (await telling.look(number)).tried == ("template:failed:user block",)


async def test_the_receipt_of_a_subscription_finds_its_message_by_person_and_template(world):
    await contact(unfollowed_at=NOW)
    await allow(Channel.SUBSCRIPTION, times=2)
    first, second = await told(key="k1"), await told(key="k2")
    await world.send(first)
    await world.send(second, now=NOW + timedelta(seconds=1))
    template_id = "T-certificate_expires-subscription"

    later = NOW + timedelta(seconds=2)
    await receipts.take(sent_event(template_id, "1"), later)
    await receipts.take(sent_event(template_id, "1"), later)
    between = [(await telling.look(one)).state for one in (first, second)]
    await receipts.take(sent_event(template_id, "2", "20002"), later)

    assert between == [TellingState.DELIVERED, TellingState.SENT]
    assert (await telling.look(second)).tried == ("subscription:20002 words",)


@pytest.mark.parametrize(
    ("received", "states"),
    [
        (timedelta(seconds=1), [TellingState.DELIVERED, TellingState.SENT]),
        (timedelta(minutes=16), [TellingState.UNKNOWN, TellingState.DELIVERED]),
    ],
)
async def test_a_receipt_tells_the_end_of_the_message_whose_answer_was_lost(
    world, received, states
):
    await contact(unfollowed_at=NOW)
    await allow(Channel.SUBSCRIPTION, times=2)
    world.service.troubles = [Transient("timeout", uncertain=True)]
    lost, next_one = await told(key="k1"), await told(key="k2")
    await world.send(lost)
    await world.send(next_one, now=NOW + received)

    event = sent_event("T-certificate_expires-subscription", "1")
    await receipts.take(event, NOW + received)

    assert [(await telling.look(one)).state for one in (lost, next_one)] == states


async def test_a_receipt_that_comes_before_the_loss_is_written_down_is_matched(world):
    await contact(unfollowed_at=NOW)
    await allow(Channel.SUBSCRIPTION)
    world.service.troubles = [Transient("timeout", uncertain=True)]
    number = await told()

    async def early() -> None:
        await receipts.take(sent_event("T-certificate_expires-subscription", "1"), NOW)

    world.service.meanwhile = early
    await world.send(number)

    assert (await telling.look(number)).state == TellingState.DELIVERED


async def test_a_receipt_is_not_about_a_message_that_was_sent_after_it(world):
    await contact(unfollowed_at=NOW)
    await allow(Channel.SUBSCRIPTION)
    number = await told()
    await receipts.take(sent_event("T-certificate_expires-subscription", "1"), NOW)

    await world.send(number, now=NOW + timedelta(seconds=1))

    assert (await telling.look(number)).state == TellingState.SENT


async def test_a_strange_receipt_is_kept_and_purged_later(world):
    await receipts.take(receipt("7"), NOW)

    early = (await retention.purge(now=NOW + timedelta(days=30)))["receipt"]
    late = (await retention.purge(now=NOW + timedelta(days=31)))["receipt"]

    assert (early, late, await Receipt.all().count()) == (0, 1, 0)


# The ledger


def popup(*items: tuple[str, str]) -> outbox.Payload:
    listed = [
        {"TemplateId": template, "SubscribeStatusString": status, "PopupScene": "2"}
        for template, status in items
    ]
    fields = {"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": listed}}
    return {"appid": "wxoa", "openid": WANG.service, "fields": fields}


def change(template: str, status: str = "reject") -> outbox.Payload:
    item = {"TemplateId": template, "SubscribeStatusString": status}
    fields = {"Event": "subscribe_msg_change_event", "SubscribeMsgChangeEvent": {"List": [item]}}
    return {"appid": "wxoa", "openid": WANG.service, "fields": fields}


async def test_the_ledger_keeps_every_consent_refusal_and_use(world):
    await contact(unfollowed_at=NOW)
    template = "T-certificate_expires-subscription"
    await grants.take(popup((template, "accept"), ("T2", "reject")), NOW)
    await grants.take(popup((template, "accept")), NOW + timedelta(seconds=1))
    await world.send(await told(), now=NOW + timedelta(seconds=2))
    await grants.take(change(template), NOW + timedelta(seconds=3))

    entries = await GrantEntry.filter(template_id=template).order_by("at")
    assert [(one.cause, one.change, one.left) for one in entries] == [
        ("accepted", 1, 1),
        ("accepted", 1, 2),
        ("used", -1, 1),
        ("withdrawn", -1, 0),
    ]
    other = await GrantEntry.get(template_id="T2")
    assert (other.cause, other.change, other.left) == ("refused", 0, 0)


async def test_a_list_of_one_may_come_as_a_single_object_at_the_top(world):
    fields = {
        "Event": "subscribe_msg_popup_event",
        "List": {"TemplateId": "T", "SubscribeStatusString": "accept", "PopupScene": "0"},
    }

    await grants.take({"appid": "wxmini", "openid": WANG.mini, "fields": fields}, NOW)

    assert await grants.left("wxmini", WANG.mini, "T") == 1


async def test_wechat_knows_better_when_it_finds_no_consent(world):
    await contact(unfollowed_at=NOW)
    await allow(Channel.SUBSCRIPTION, times=2)
    world.service.troubles = [Permanent("no grant", errcode=43101)]
    number = await told()

    await world.send(number)

    assert (await telling.look(number)).state == TellingState.FAILED
    assert (await Grant.get()).left == 0
    assert await GrantEntry.filter(cause="found empty").values_list("change", "left") == [(-2, 0)]


async def test_consents_at_the_same_moment_are_all_counted(world):
    await asyncio.gather(
        *(grants.enter("wxoa", "oX", "T", Cause.ACCEPTED, now=NOW) for _ in range(8))
    )

    assert await grants.left("wxoa", "oX", "T") == 8
