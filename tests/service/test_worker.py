"""The loop around a job: its failure is its own, and what runs by the clock runs."""

import asyncio
from datetime import datetime

import pytest
from tortoise.transactions import in_transaction

from bot import worker
from bot.clients.wechat_errors import Transient
from bot.domain.jobs import Retry
from bot.jobs import SCHEDULE
from bot.services import outbox
from bot.services.outbox import Payload, Task
from bot.services.sending import InOtherHands
from models import Job, JobState
from tests.conftest import NOW
from tests.http.frame import caught_logs


async def fail(payload: Payload, now: datetime) -> None:
    raise RuntimeError("a broken printer")


async def test_a_failing_job_is_postponed_and_then_dead_without_stopping_the_loop(db):
    tasks = {"print": Task(fail, Retry(most=1))}
    async with in_transaction():
        job = await outbox.put("print", {}, now=NOW)
    states = []

    for _ in range(2):
        await worker.take(job, tasks=tasks, clock=lambda: NOW)
        states.append((await Job.get(id=job)).state)

    assert states == [JobState.WAITING, JobState.DEAD]
    assert (await Job.get(id=job)).last_error == "RuntimeError"


async def test_a_task_that_calls_outside_holds_no_transaction_and_is_done_after_it(db):
    seen = []

    async def call(payload: Payload, now: datetime) -> None:
        async with asyncio.timeout(2):  # a lock of ours would keep this second look waiting
            seen.append(await Job.filter(id=job).select_for_update(nowait=True).count())

    async with in_transaction():
        job = await outbox.put("call", {}, now=NOW)

    await worker.take(job, tasks={"call": Task(call, outside=True)}, clock=lambda: NOW)
    await worker.take(job, tasks={"call": Task(call, outside=True)}, clock=lambda: NOW)

    assert (seen, (await Job.get(id=job)).state) == ([1], JobState.DONE)


async def test_every_line_of_the_clock_can_run(db):
    for line in SCHEDULE:
        await line.run(NOW)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (Transient("/cgi-bin/x: -1 busy", errcode=-1), "Transient: /cgi-bin/x: -1 busy"),
        (InOtherHands(), "InOtherHands: "),
    ],
)
async def test_what_wechat_does_now_and_then_is_one_line_without_a_stack(db, error, line):
    async def busy(payload: Payload, now: datetime) -> None:
        raise error

    async with in_transaction():
        job = await outbox.put("print", {}, now=NOW)

    with caught_logs() as logs:
        await worker.take(job, tasks={"print": Task(busy)}, clock=lambda: NOW)

    [said] = logs.named("job_postponed")
    assert (said["level"], said["reason"], "stack" in said) == ("warning", line, False)
    assert (await Job.get(id=job)).state is JobState.WAITING


async def test_a_bug_still_shows_its_stack(db):
    async with in_transaction():
        job = await outbox.put("print", {}, now=NOW)

    with caught_logs() as logs:
        await worker.take(job, tasks={"print": Task(fail)}, clock=lambda: NOW)

    [said] = logs.named("job_failed")
    assert "broken printer" in str(said["error"])
    assert said["stack"]
