"""The next message of a dialogue: taken once, in one transaction with the message's own key."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.clients.vault import Vault
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
from bot.services import conversation, sessions, tickets
from bot.services.conversation import Heard
from models import Dialogue as Row
from models.ids import new_id

MOST_LISTENING = 10_000
LISTENS_FOR = timedelta(minutes=30)  # later, words that could be a question are one
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
    answered: bool = False  # `otherwise` is a real answer, to a question that we know


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer, and whether the person's next message may be any words at all."""

    text: str
    listening: bool = False


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a live dialogue stands: what is said, and what it must know next time."""

    reply: str
    about: Mapping[str, Any] | None = None  # None: it is over
    listening: bool = False
    understood: bool = True

    def unread(self, why: str) -> "Stand":
        """The same question again, with what was wrong ahead of it."""
        return replace(self, reply=f"{why}\n\n{self.reply}", understood=False)


class Live(Protocol):
    """A dialogue whose questions and effects are the database's; it runs inside the turn's
    transaction and remembers nothing but what its Stand says."""

    @property
    def lifetime(self) -> timedelta: ...

    @property
    def waits(self) -> bool:
        """Whether it is gone on with after something else came between."""
        ...

    async def begin(self, heard: Heard, words: "Words", now: datetime) -> Stand: ...

    async def take(
        self, about: Mapping[str, Any], said: str, heard: Heard, words: "Words", now: datetime
    ) -> Stand: ...


@dataclass(frozen=True, slots=True)
class Script:
    """Every dialogue, the sentences that all of them share, and what seals phone numbers."""

    plain: Mapping[str, Dialogue]
    live: Mapping[str, Live]
    words: Mapping[str, str]
    vault: Vault
    mini: str = ""
    """The appid of the mini-program: its openids are those that WeChat judges words by."""


Words = Mapping[str, str]


async def take_turn(heard: Heard, turn: Turn, *, script: Script, now: datetime) -> Reply:
    """Note the message, move the dialogue, keep the answer: all of it, once.

    Noting the message locks its sender's row until the end, so that two messages of one person are
    taken one after the other; a copy of a message waits for the first and gets the same answer.
    """
    async with in_transaction():
        if not await conversation.note(heard, "", now=now):
            return Reply(await conversation.first_reply(heard))
        names = [*script.plain, *script.live]
        rows = await Row.filter(
            appid=heard.appid, openid=heard.openid, expires_at__gt=now, name__in=names
        ).order_by("-updated_at")
        reply = await _turned(heard, turn, rows, script, now)
        await conversation.keep_reply(heard, reply.text)
    return reply


async def _turned(
    heard: Heard, turn: Turn, rows: list[Row], script: Script, now: datetime
) -> Reply:
    active = next((row for row in rows if not row.paused), None)
    if control_of(turn.said) is Control.RESUME and not _waits(active, script):
        waiting = next((row for row in rows if _waits(row, script)), None)
        if active is not None and waiting is not None:
            await _put_aside(active, script)
        active = waiting or active
    if active is not None and not turn.at_once:
        if active.name in script.live:
            reply = await _lived(heard, turn, active, script, now)
        else:
            reply = await _taken(heard, turn, active, script, now)
        if reply is not None:
            return reply
    if turn.opens is None:
        return Reply(turn.otherwise)
    opened = await _opened(heard, turn.opens, script, now)
    if active is None or active.name == turn.opens.name:
        return opened
    await _put_aside(active, script)
    return _reminding(opened, script) if _waits(active, script) else opened


async def _opened(heard: Heard, opens: Opening, script: Script, now: datetime) -> Reply:
    if opens.name in script.live:
        stand = await script.live[opens.name].begin(heard, script.words, now)
        return await _keep_live(heard, opens.name, stand, script, now)
    dialogue = script.plain[opens.name]
    turned = ask(dialogue, State(opens.name, opens.about))
    return await _settle(heard, dialogue, turned, script, now)


def _waits(row: Row | None, script: Script) -> bool:
    """Whether it can be put aside and gone on with."""
    if row is None:
        return False
    return (
        script.live[row.name].waits if row.name in script.live else script.plain[row.name].resumable
    )


def _reminding(reply: Reply, script: Script) -> Reply:
    """The same, and how to go on with what was put aside."""
    return replace(reply, text=f"{reply.text}\n\n{script.words['dialogue_waiting']}")


async def _taken(
    heard: Heard, turn: Turn, active: Row, script: Script, now: datetime
) -> Reply | None:
    dialogue = script.plain[active.name]
    turned = take(dialogue, _state(active), turn.said, script.words)
    if turned.outcome is Outcome.UNREAD:
        return None
    return await _settle(heard, dialogue, turned, script, now)


async def _lived(
    heard: Heard, turn: Turn, active: Row, script: Script, now: datetime
) -> Reply | None:
    """A live dialogue takes the message. What it cannot read is asked again, unless it is surely
    a question to us, or comes so late that it may well be one."""
    if control_of(turn.said) is Control.STOP:
        waits = _waits(active, script)
        await _put_aside(active, script)
        return Reply(script.words["dialogue_paused" if waits else "dialogue_stopped"])
    live = script.live[active.name]
    stand = await live.take(active.about, turn.said, heard, script.words, now)
    if not stand.understood and turn.answered:
        reply = Reply(turn.otherwise, active.listening)
        return _reminding(reply, script) if live.waits else reply
    if not stand.understood and turn.opens and now - active.updated_at > LISTENS_FOR:
        return None
    return await _keep_live(heard, active.name, stand, script, now)


async def _keep_live(heard: Heard, name: str, stand: Stand, script: Script, now: datetime) -> Reply:
    if stand.about is None:
        await Row.filter(appid=heard.appid, openid=heard.openid, name=name).delete()
        return Reply(stand.reply)
    row = _row(heard, name, now, script.live[name].lifetime)
    row.about, row.listening = dict(stand.about), stand.listening
    await _write(row)
    return Reply(stand.reply, stand.listening)


async def _settle(
    heard: Heard, dialogue: Dialogue, turned: Turned, script: Script, now: datetime
) -> Reply:
    """Write down where the person now stands, and do what an ended dialogue asks for."""
    if turned.outcome is Outcome.ENDED:
        await Row.filter(appid=heard.appid, openid=heard.openid, name=dialogue.name).delete()
        if turned.effect:
            try:
                await EFFECTS[turned.effect.kind](heard, turned.effect, script, now)
            except TooMany:
                return Reply(script.words["ticket_too_many"])
        return Reply(turned.reply)
    listening = turned.step is not None and not turned.step.choices
    await _keep(heard, dialogue, turned, listening=listening, now=now)
    return Reply(turned.reply, listening)


async def _keep(
    heard: Heard, dialogue: Dialogue, turned: Turned, *, listening: bool, now: datetime
) -> None:
    row = _row(heard, dialogue.name, now, dialogue.lifetime)
    row.about, row.answers = dict(turned.state.about), [list(pair) for pair in turned.state.answers]
    row.step = turned.step.name if turned.step else ""
    row.listening, row.paused = listening, turned.outcome is Outcome.PAUSED
    await _write(row)


def _row(heard: Heard, name: str, now: datetime, lifetime: timedelta) -> Row:
    return Row(
        id=new_id(now),
        appid=heard.appid,
        openid=heard.openid,
        name=name,
        about={},
        answers=[],
        step="",
        listening=False,
        paused=False,
        updated_at=now,
        expires_at=now + lifetime,
    )


async def _write(row: Row) -> None:
    await Row.bulk_create(
        [row],
        on_conflict=("appid", "openid", "name"),
        update_fields=(
            "about", "answers", "step", "listening", "paused", "updated_at", "expires_at",
        ),
    )  # fmt: skip


async def _put_aside(row: Row, script: Script) -> None:
    """Another dialogue begins: what can be resumed waits, the rest is dropped."""
    if _waits(row, script):
        await Row.filter(id=row.id).update(paused=True, listening=False)
    else:
        await Row.filter(id=row.id).delete()


def _state(row: Row) -> State:
    return State(row.name, row.about, tuple((step, value) for step, value in row.answers))


async def _open_ticket(heard: Heard, effect: Effect, script: Script, now: datetime) -> None:
    mini = await sessions.openid_beside(heard.appid, heard.openid, other=script.mini)
    await tickets.open_ticket(
        heard.appid, heard.openid, effect.value, mini=mini, vault=script.vault, now=now
    )


EFFECTS: Mapping[str, Callable[[Heard, Effect, Script, datetime], Awaitable[None]]] = {
    TICKET: _open_ticket,
}


async def listening(*, now: datetime) -> frozenset[tuple[str, str]]:
    """Who may write any words at all next; few, because such a step waits for minutes only."""
    rows = await fetch(
        "SELECT appid, openid FROM dialogue WHERE listening AND expires_at > $1"
        " AND updated_at > $2 LIMIT $3",
        now,
        now - LISTENS_FOR,
        MOST_LISTENING,
    )
    return frozenset((row["appid"], row["openid"]) for row in rows)


async def forget(appid: str, openid: str, *, before: datetime) -> None:
    """Delete what somebody answered."""
    await Row.filter(appid=appid, openid=openid, updated_at__lt=before).delete()
