"""The next message of a dialogue: taken once, in one transaction with the message's own key."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.dialogues import (
    Control,
    Dialogue,
    Effect,
    Outcome,
    State,
    Turned,
    ask,
    control_of,
    take,
)
from bot.domain.errors import TooMany
from bot.services import conversation, outbox, tickets
from bot.services.conversation import Heard
from models import Dialogue as Row
from models.ids import new_id

MOST_LISTENING = 10_000
TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Opening:
    """A dialogue to begin, and with what."""

    name: str
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """A message that may belong to a dialogue."""

    said: str
    otherwise: str = ""  # the answer when no dialogue takes it and none is opened
    opens: Opening | None = None
    at_once: bool = False  # a command: it opens whatever else is going on


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer, and whether the person's next message may be any words at all."""

    text: str
    listening: bool = False


Dialogues = Mapping[str, Dialogue]
Words = Mapping[str, str]


async def take_turn(
    heard: Heard, turn: Turn, *, dialogues: Dialogues, words: Words, now: datetime
) -> Reply:
    """Note the message, move the dialogue, keep the answer: all of it, once.

    Noting the message locks its sender's row until the end, so that two messages of one person are
    taken one after the other; a copy of a message waits for the first and gets the same answer.
    """
    async with in_transaction():
        if not await conversation.note(heard, "", now=now):
            return Reply(await conversation.first_reply(heard))
        rows = await Row.filter(
            appid=heard.appid, openid=heard.openid, expires_at__gt=now, name__in=list(dialogues)
        ).order_by("-updated_at")
        reply = await _turned(heard, turn, rows, dialogues, words, now)
        await conversation.keep_reply(heard, reply.text)
    return reply


async def _turned(
    heard: Heard, turn: Turn, rows: list[Row], dialogues: Dialogues, words: Words, now: datetime
) -> Reply:
    active = next((row for row in rows if not row.paused), None)
    if active is None and control_of(turn.said) is Control.RESUME:
        active = next(iter(rows), None)
    if active is not None and not turn.at_once:
        dialogue = dialogues[active.name]
        turned = take(dialogue, _state(active), turn.said, words)
        if turned.outcome is not Outcome.UNREAD:
            return await _settle(heard, dialogue, turned, words, now)
    if turn.opens is None:
        return Reply(turn.otherwise)
    dialogue = dialogues[turn.opens.name]
    if active is not None:
        await _put_aside(active, dialogues[active.name])
    turned = ask(dialogue, State(turn.opens.name, turn.opens.about))
    return await _settle(heard, dialogue, turned, words, now)


async def _settle(
    heard: Heard, dialogue: Dialogue, turned: Turned, words: Words, now: datetime
) -> Reply:
    """Write down where the person now stands, and do what an ended dialogue asks for."""
    if turned.outcome is Outcome.ENDED:
        await Row.filter(appid=heard.appid, openid=heard.openid, name=dialogue.name).delete()
        if turned.effect:
            try:
                await EFFECTS[turned.effect.kind](heard, turned.effect, now)
            except TooMany:
                return Reply(words["ticket_too_many"])
        return Reply(turned.reply)
    listening = turned.step is not None and not turned.step.choices
    await _keep(heard, dialogue, turned, listening=listening, now=now)
    return Reply(turned.reply, listening)


async def _keep(
    heard: Heard, dialogue: Dialogue, turned: Turned, *, listening: bool, now: datetime
) -> None:
    row = Row(
        id=new_id(now),
        appid=heard.appid,
        openid=heard.openid,
        name=dialogue.name,
        about=dict(turned.state.about),
        answers=[list(pair) for pair in turned.state.answers],
        step=turned.step.name if turned.step else "",
        listening=listening,
        paused=turned.outcome is Outcome.PAUSED,
        updated_at=now,
        expires_at=now + dialogue.lifetime,
    )
    await Row.bulk_create(
        [row],
        on_conflict=("appid", "openid", "name"),
        update_fields=(
            "about", "answers", "step", "listening", "paused", "updated_at", "expires_at",
        ),
    )  # fmt: skip


async def _put_aside(row: Row, dialogue: Dialogue) -> None:
    """Another dialogue begins: what can be resumed waits, the rest is dropped."""
    if dialogue.resumable:
        await Row.filter(id=row.id).update(paused=True, listening=False)
    else:
        await Row.filter(id=row.id).delete()


def _state(row: Row) -> State:
    return State(row.name, row.about, tuple((step, value) for step, value in row.answers))


async def _open_ticket(heard: Heard, effect: Effect, now: datetime) -> None:
    await tickets.open_ticket(heard.appid, heard.openid, effect.value, now=now)


EFFECTS: Mapping[str, Callable[[Heard, Effect, datetime], Awaitable[None]]] = {
    TICKET: _open_ticket,
}


async def listening(*, now: datetime) -> frozenset[tuple[str, str]]:
    """Who may write any words at all next; few, because such a step waits for minutes only."""
    rows = await fetch(
        "SELECT appid, openid FROM dialogue WHERE listening AND expires_at > $1 LIMIT $2",
        now,
        MOST_LISTENING,
    )
    return frozenset((row["appid"], row["openid"]) for row in rows)


async def forget(payload: outbox.Payload, now: datetime) -> None:
    """After somebody left for good: delete what they wrote, answered and asked."""
    if await conversation.forget(payload, now):
        who = {"appid": payload["appid"], "openid": payload["openid"]}
        await Row.filter(**who, updated_at__lt=now).delete()
        await tickets.forget(**who)
