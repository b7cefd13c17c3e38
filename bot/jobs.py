"""Every kind of job, and everything that runs by the clock."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.queue import HEARTBEAT
from bot.services import conversation, dialogues, outbox, tickets
from bot.services.outbox import Task

TASKS: Mapping[str, Task] = {
    conversation.FORGET: Task(dialogues.forget),
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """One line of the clock; `when` is a crontab line in UTC (Beijing is eight hours ahead)."""

    name: str
    when: str
    run: Callable[[datetime], Awaitable[object]]


SCHEDULE: tuple[Schedule, ...] = (
    Schedule("outbox.sweep", "* * * * *", lambda now: outbox.sweep(now=now)),
    Schedule("dialogues.purge", "7 * * * *", lambda now: dialogues.purge(now=now)),
    Schedule("tickets.purge", "27 19 * * *", lambda now: tickets.purge(now=now)),
    Schedule("conversation.purge", "17 19 * * *", lambda now: conversation.purge(now=now)),
)


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker is given to do; the tests of its loop hand it other work."""

    tasks: Mapping[str, Task]
    schedule: Sequence[Schedule]
    heartbeat: timedelta = HEARTBEAT


WORK = Work(TASKS, SCHEDULE)
