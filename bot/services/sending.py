"""Sends what tell() promised, by whatever channel reaches the person, until WeChat took it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from tortoise.transactions import in_transaction

from bot.clients.wechat import Notice, Text, WeChat
from bot.clients.wechat_errors import Permanent, Transient
from bot.domain.telling import (
    DAILY_QUOTA,
    IN_OTHER_HANDS_FOR,
    NO_GRANT,
    NOBODY,
    NOT_FOLLOWING,
    OUR_FAULT,
    REPEATABLE,
    REPEATABLE_FOR,
    SEND,
    SUBSCRIPTIONS,
    Channel,
    Reach,
    first_open,
    quota_is_back,
)
from bot.services import answering, conversation, grants, outbox, receipts
from bot.services.grants import Cause
from bot.services.messages import MESSAGES, Message
from bot.services.telling import Person
from models import Contact, Telling, TellingState

log = structlog.get_logger()


class InOtherHands(Exception):
    """Another worker is sending this message at this moment: look again a little later."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Through whom we send, and what our own settings say about templates and addresses."""

    service: WeChat
    mini: WeChat
    template_id: Callable[[str, str], str]
    """Of a message's name and a channel; "" when this account has no such template."""
    public_url: str


async def send(payload: outbox.Payload, now: datetime, *, accounts: Accounts) -> None:
    """Send one message; may run twice, may be killed anywhere, and bears both.

    What was claimed is committed before WeChat is asked. Whoever finds a claim without an end
    repeats it where WeChat tells repeats apart, and otherwise calls the end unknown.
    """
    telling = await Telling.get_or_none(id=UUID(payload["id"]))
    if telling is None:  # cancelled: its person has closed their account
        return
    message = MESSAGES[telling.message]
    going_on = telling.state is TellingState.QUEUED
    if telling.state is TellingState.SENDING:
        going_on = await _take_up(telling, message, accounts, now)
    while going_on:
        channel = await _choose(telling, message, accounts, now)
        if channel is None:
            await _fail(telling, now)
            return
        if not await _claim(telling, message, channel, accounts, now):
            raise InOtherHands
        going_on = await _try(telling, message, accounts, now, again=False)


async def _take_up(telling: Telling, message: Message, accounts: Accounts, now: datetime) -> bool:
    """Go on where another run has stopped; return whether another channel is to be tried."""
    channel = Channel(telling.channel)
    began = telling.claimed_at or telling.created_at
    if channel in REPEATABLE and now < began + REPEATABLE_FOR:
        return await _try(telling, message, accounts, now, again=True)
    if now < began + IN_OTHER_HANDS_FOR:
        raise InOtherHands
    await _lose(telling, "the sending was interrupted", now)
    return False


async def way_to(
    person: Person, message: str, *, accounts: Accounts, now: datetime
) -> Channel | None:
    """By which channel this message would go out now; None when it would reach nobody."""
    telling = Telling(
        message=message, service_openid=person.service, mini_openid=person.mini, tried=[]
    )
    return await _choose(telling, MESSAGES[message], accounts, now)


async def _choose(
    telling: Telling, message: Message, accounts: Accounts, now: datetime
) -> Channel | None:
    order = [
        channel
        for channel in message.channels
        if channel is Channel.CUSTOM or accounts.template_id(message.name, channel)
    ]
    reach = await _reach(telling, order, accounts)
    return first_open(order, reach, tried=telling.tried, now=now)


async def _reach(telling: Telling, order: list[Channel], accounts: Accounts) -> Reach:
    contact = await Contact.get_or_none(appid=accounts.service.appid, openid=telling.service_openid)
    left = {}
    for channel in SUBSCRIPTIONS.intersection(order):
        account, openid = _addressee(telling, channel, accounts)
        template_id = accounts.template_id(telling.message, channel)
        left[channel] = await grants.left(account.appid, openid, template_id) if openid else 0
    mini = bool(telling.mini_openid) and not await conversation.is_invalid(
        accounts.mini.appid, telling.mini_openid
    )
    if contact is None:
        return Reach(bool(telling.service_openid), mini=mini, grants=left)
    service = accounts.service.appid
    answered = await answering.answered(service, telling.service_openid, since=contact.wrote_at)
    gone, came = contact.unfollowed_at, contact.followed_at
    return Reach(
        service=contact.invalid_at is None,
        following=gone is None or (came is not None and came > gone),
        mini=mini,
        wrote_at=contact.wrote_at,
        answered=answered,
        grants=left,
    )


def _addressee(telling: Telling, channel: Channel, accounts: Accounts) -> tuple[WeChat, str]:
    account = accounts.mini if channel is Channel.MINI else accounts.service
    return account, _openid(telling, channel)


def _openid(telling: Telling, channel: Channel) -> str:
    return telling.mini_openid if channel is Channel.MINI else telling.service_openid


async def _claim(
    telling: Telling, message: Message, channel: Channel, accounts: Accounts, now: datetime
) -> bool:
    account, _ = _addressee(telling, channel, accounts)
    telling.channel, telling.appid, telling.claimed_at = channel.value, account.appid, now
    telling.template_id = accounts.template_id(message.name, channel)
    return await _move(
        telling,
        TellingState.SENDING,
        came_from=(TellingState.QUEUED,),
        fields=("channel", "appid", "claimed_at", "template_id"),
    )


async def _try(
    telling: Telling, message: Message, accounts: Accounts, now: datetime, *, again: bool
) -> bool:
    """Ask WeChat once; return whether another channel is to be tried.

    Transient goes up when the job should come again.
    """
    channel = Channel(telling.channel)
    try:
        telling.msgid = await _ask(telling, message, channel, accounts)
    except Permanent as refusal:
        await _refused(telling, channel, refusal, now)
        return True
    except Transient as failure:
        if failure.uncertain and channel not in REPEATABLE:
            await _lose(telling, str(failure), now)
            return False
        if failure.uncertain or again:  # it may have gone out: the claim stays
            raise
        await _let_go(telling, failure, now)
        return False
    await _sent(telling, channel, now)
    return False


async def _let_go(telling: Telling, failure: Transient, now: datetime) -> None:
    """Certainly nothing was sent: the job comes again, after midnight if the quota is used up."""
    async with in_transaction():
        await _move(telling, TellingState.QUEUED, came_from=(TellingState.SENDING,))
        if failure.errcode == DAILY_QUOTA:
            await outbox.put(SEND, {"id": str(telling.id)}, now=now, due_at=quota_is_back(now))
            return
    raise failure


async def _ask(telling: Telling, message: Message, channel: Channel, accounts: Accounts) -> str:
    account, openid = _addressee(telling, channel, accounts)
    url = accounts.public_url + telling.link if telling.link else ""
    if channel is Channel.CUSTOM:
        words = message.say(telling.values, url=url or accounts.public_url)
        await account.send_custom(openid, Text(words))
        return ""
    notice = Notice(
        openid=openid,
        template_id=telling.template_id,
        values=message.fill(channel, telling.values),
        url="" if channel is Channel.MINI else url,
        mini_page=message.open_page(telling.values) if channel is Channel.MINI else "",
    )
    if channel is Channel.TEMPLATE:
        return await account.send_template(notice, client_msg_id=telling.id.hex)
    if channel is Channel.SUBSCRIPTION:
        await account.send_subscription(notice)
    else:
        await account.send_mini_subscription(notice)
    return ""


async def _sent(telling: Telling, channel: Channel, now: datetime) -> None:
    """WeChat took it. Who knows this is right even against a colleague who gave it up."""
    telling.ended_at, telling.msgid = now, telling.msgid[:64]
    came_from = (TellingState.SENDING, TellingState.UNKNOWN)
    async with in_transaction():
        fields = ("msgid", "ended_at")
        if not await _move(telling, TellingState.SENT, came_from=came_from, fields=fields):
            return
        if channel in SUBSCRIPTIONS:
            await _spend(telling, channel, Cause.USED, now)
    if channel is not Channel.CUSTOM:
        await receipts.settle(telling.appid, _openid(telling, channel), now=now)


async def _refused(telling: Telling, channel: Channel, refusal: Permanent, now: datetime) -> None:
    """This channel is closed for this message; what it taught us about the person is kept."""
    telling.tried = [*telling.tried, f"{channel}:{refusal.errcode}"]
    telling.reason = str(refusal)[:300]
    if refusal.errcode in OUR_FAULT:
        log.error("telling_refused", message=telling.message, errcode=refusal.errcode)
    async with in_transaction():
        if refusal.errcode == NO_GRANT and channel in SUBSCRIPTIONS:
            await _spend(telling, channel, Cause.FOUND_EMPTY, now)
        if refusal.errcode in NOT_FOLLOWING and channel is not Channel.MINI:
            who = Contact.filter(appid=telling.appid, openid=telling.service_openid)
            await who.update(unfollowed_at=now)
        if refusal.errcode in NOBODY:
            await conversation.mark_invalid(telling.appid, _openid(telling, channel), now=now)
        await _move(
            telling,
            TellingState.QUEUED,
            came_from=(TellingState.SENDING,),
            fields=("tried", "reason"),
        )


async def _lose(telling: Telling, reason: str, now: datetime) -> None:
    log.warning("telling_unknown", telling=str(telling.id), channel=telling.channel)
    telling.reason, telling.ended_at = reason[:300], now
    channel = Channel(telling.channel)
    async with in_transaction():
        lost = await _move(
            telling,
            TellingState.UNKNOWN,
            came_from=(TellingState.SENDING,),
            fields=("reason", "ended_at"),
        )
        if lost and channel in SUBSCRIPTIONS:
            await _spend(telling, channel, Cause.MAYBE_USED, now)
    if lost and channel in SUBSCRIPTIONS:
        await receipts.settle(telling.appid, _openid(telling, channel), now=now)


async def _fail(telling: Telling, now: datetime) -> None:
    telling.ended_at = now
    telling.reason = telling.reason or "no channel reaches this person"
    fields = ("ended_at", "reason")
    await _move(telling, TellingState.FAILED, came_from=(TellingState.QUEUED,), fields=fields)
    log.warning("telling_failed", telling=str(telling.id), message=telling.message)


async def _spend(telling: Telling, channel: Channel, cause: Cause, now: datetime) -> None:
    openid = _openid(telling, channel)
    await grants.enter(telling.appid, openid, telling.template_id, cause, now=now)


async def _move(
    telling: Telling,
    state: TellingState,
    *,
    came_from: tuple[TellingState, ...],
    fields: tuple[str, ...] = (),
) -> bool:
    """Compare and set; return whether it was ours to move."""
    telling.state = state
    changes = {name: getattr(telling, name) for name in fields}
    moved = await Telling.filter(id=telling.id, state__in=list(came_from)).update(
        state=state, **changes
    )
    return bool(moved)
