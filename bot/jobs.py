"""Every kind of job, and everything that runs by the clock."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.clients.queue import HEARTBEAT
from bot.domain.telling import SEND
from bot.services import (
    conversation,
    dialogues,
    grants,
    outbox,
    receipts,
    retention,
    sending,
    telling,
)  # fmt: skip
from bot.services.outbox import Task
from bot.services.sending import Accounts

TASKS: Mapping[str, Task] = {
    conversation.FORGET: Task(dialogues.forget),
    grants.TAKE: Task(grants.take),
    receipts.TAKE: Task(receipts.take),
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """One line of the clock; `when` is a crontab line in UTC (Beijing is eight hours ahead)."""

    name: str
    when: str
    run: Callable[[datetime], Awaitable[object]]


SCHEDULE: tuple[Schedule, ...] = (
    Schedule("outbox.sweep", "* * * * *", lambda now: outbox.sweep(now=now)),
    Schedule("telling.sweep", "* * * * *", lambda now: telling.sweep(now=now)),
    Schedule("retention.purge", "17 * * * *", lambda now: retention.purge(now=now)),
)


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker is given to do; the tests of its loop hand it other work."""

    tasks: Mapping[str, Task]
    schedule: Sequence[Schedule]
    heartbeat: timedelta = HEARTBEAT


def work_with(accounts: Accounts) -> Work:
    """All work, with that which calls the outside world."""
    send = Task(partial(sending.send, accounts=accounts), outside=True)
    return Work({**TASKS, SEND: send}, SCHEDULE)
