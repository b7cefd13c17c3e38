"""Work after the commit: put once, done with one effect, tried again, or shown to a person."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import transaction_connection
from bot.clients.queue import ring
from bot.domain.errors import NotFound
from bot.domain.jobs import Retry
from models import Job, JobState
from models.ids import new_id

# A bell that was lost (a restored backup, a flushed queue) is rung again after this long.
OVERDUE = timedelta(minutes=2)
SWEEP_AT_ONCE = 1000

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """What a kind of job does, and when to try again.

    It runs inside the transaction that marks the job done: its effect on our tables comes exactly
    once. A task that calls the outside world sets `outside`: it then runs before that transaction,
    may run twice, and must bear it.
    """

    run: Callable[[Payload, datetime], Awaitable[None]]
    retry: Retry = field(default_factory=Retry)
    outside: bool = False


class Hopeless(Exception):
    """Trying again would not help: the job waits for a person, with this sentence."""


@dataclass(frozen=True, slots=True)
class DeadJob:
    """What the dead-letter list shows."""

    id: UUID
    kind: str
    attempts: int
    created_at: datetime
    last_error: str


async def put(
    kind: str,
    payload: Payload,
    *,
    now: datetime,
    key: str | None = None,
    due_at: datetime | None = None,
) -> UUID | None:
    """Add a job inside the caller's transaction. A known key adds nothing and answers None."""
    connection = transaction_connection()
    due = due_at or now
    job = Job(id=new_id(now), kind=kind, payload=payload, key=key, due_at=due, created_at=now)
    await Job.bulk_create([job], ignore_conflicts=key is not None)
    if key is not None and not await Job.filter(id=job.id).exists():
        return None
    await ring(connection, [(job.id, 0)], after=max(due - now, timedelta(0)))
    return job.id


async def perform(job_id: UUID, *, tasks: Mapping[str, Task], now: datetime) -> None:
    """Do what is to be done, once; a job that is done, dead or in other hands is left alone."""
    job = await Job.get_or_none(id=job_id, state=JobState.WAITING)
    if job is None:
        return
    task = tasks.get(job.kind)
    if task is None:
        raise LookupError(f"no task for {job.kind}")
    if task.outside:
        await task.run(job.payload, now)
    async with in_transaction():
        # A second worker that is told of the same job leaves it to the first. Should that one die,
        # its lock dies with it, and the job is rung for again.
        open_one = Job.filter(id=job_id, state=JobState.WAITING)
        mine = await open_one.select_for_update(skip_locked=True).first()
        if mine is None:
            return
        if not task.outside:
            await task.run(job.payload, now)
        await Job.filter(id=job_id).update(state=JobState.DONE, finished_at=now)


async def postpone(
    job_id: UUID,
    *,
    reason: str,
    tasks: Mapping[str, Task],
    now: datetime,
    hopeless: bool = False,
) -> bool:
    """Count a failure: the job waits for its next attempt (True), or is dead (False).

    A kind that no task knows is tried again as well: a newer worker may know it.
    """
    async with in_transaction():
        job = await Job.filter(id=job_id, state=JobState.WAITING).select_for_update().first()
        if job is None:
            return True  # somebody else has done it
        job.attempts += 1
        job.last_error = reason[:300]
        retry = tasks[job.kind].retry if job.kind in tasks else Retry()
        delay = None if hopeless else retry.after(job.attempts)
        if delay is None:
            job.state, job.finished_at = JobState.DEAD, now
        else:
            job.due_at = now + delay
            await ring(transaction_connection(), [(job.id, job.attempts)], after=delay)
        await job.save()
        return delay is not None


async def sweep(*, now: datetime) -> int:
    """Ring again for jobs whose bell was lost."""
    async with in_transaction():
        late = await (
            Job.filter(state=JobState.WAITING, due_at__lt=now - OVERDUE)
            .order_by("due_at")
            .limit(SWEEP_AT_ONCE)
        )
        await ring(transaction_connection(), [(job.id, job.attempts) for job in late])
    return len(late)


async def count_dead() -> int:
    """How many jobs wait for a person."""
    return await Job.filter(state=JobState.DEAD).count()


async def dead(*, limit: int = 100) -> list[DeadJob]:
    """The oldest jobs that a person must look at."""
    rows = await Job.filter(state=JobState.DEAD).order_by("created_at", "id").limit(limit)
    return [DeadJob(r.id, r.kind, r.attempts, r.created_at, r.last_error) for r in rows]


async def requeue(job_id: UUID, *, now: datetime) -> None:
    """Give a dead job all its attempts again."""
    async with in_transaction():
        moved = await Job.filter(id=job_id, state=JobState.DEAD).update(
            state=JobState.WAITING, attempts=0, due_at=now, finished_at=None
        )
        if not moved:
            raise NotFound("没有这个待处理的失败任务。")
        await ring(transaction_connection(), [(job_id, 0)])
