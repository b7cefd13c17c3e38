"""Jobs: announced with the change, performed once, tried again, and at last shown to a person."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.errors import NotFound
from bot.domain.jobs import Retry
from bot.services import outbox
from bot.services.outbox import Payload, Task
from models import Contact, Job, JobState
from models.ids import new_id
from tests.conftest import NOW


async def greet(payload: Payload, now: datetime) -> None:
    await Contact.create(
        id=new_id(now), appid="wx", openid=payload["openid"], first_seen_at=now, last_seen_at=now
    )


async def refuse(payload: Payload, now: datetime) -> None:
    await greet(payload, now)
    raise ValueError("not today")


TASKS = {"greet": Task(greet), "refuse": Task(refuse, Retry(most=2))}


async def put(kind: str = "greet", **more: object) -> UUID:
    async with in_transaction():
        return await outbox.put(kind, {"openid": "o1"}, now=NOW, **more)  # type: ignore[arg-type, return-value]


async def bells() -> int:
    return (await fetch("SELECT count(*) FROM pgqueuer"))[0]["count"]


async def test_a_job_and_its_bell_are_written_with_the_change_that_causes_them(db):
    with pytest.raises(ValueError, match="stop"):
        async with in_transaction():
            await outbox.put("greet", {"openid": "o1"}, now=NOW)
            raise ValueError("stop")

    assert (await Job.all().count(), await bells()) == (0, 0)

    await put()

    assert (await Job.all().count(), await bells()) == (1, 1)


async def test_a_job_cannot_be_put_outside_a_transaction(db):
    with pytest.raises(RuntimeError, match="inside in_transaction"):
        await outbox.put("greet", {"openid": "o1"}, now=NOW)

    assert await Job.all().count() == 0


async def test_a_known_key_adds_no_second_job_and_spoils_nothing(db):
    first = await put(key="case:1:paid")

    second = await put(key="case:1:paid")

    assert first is not None
    assert second is None
    assert (await Job.all().count(), await bells()) == (1, 1)


async def test_a_job_performed_many_times_at_once_has_one_effect(db):
    job = await put()

    await asyncio.gather(*(outbox.perform(job, tasks=TASKS, now=NOW) for _ in range(8)))

    assert await Contact.all().count() == 1
    done = await Job.get(id=job)
    assert (done.state, done.finished_at) == (JobState.DONE, NOW)


async def test_a_slow_job_that_many_workers_are_told_of_runs_once(db):
    effects = []

    async def slowly(payload: Payload, now: datetime) -> None:
        effects.append(payload)
        await asyncio.sleep(0.3)  # long enough for every other worker to come by

    job = await put("slow")

    tasks = {"slow": Task(slowly)}
    await asyncio.gather(*(outbox.perform(job, tasks=tasks, now=NOW) for _ in range(8)))

    assert len(effects) == 1


async def test_a_failed_job_leaves_no_half_effect_and_waits_longer_each_time(db):
    job = await put("refuse")
    waits = []

    for _ in range(3):
        with pytest.raises(ValueError, match="not today"):
            await outbox.perform(job, tasks=TASKS, now=NOW)
        await outbox.postpone(job, reason="ValueError", tasks=TASKS, now=NOW)
        waiting = await Job.get(id=job)
        waits.append((waiting.state, waiting.due_at - NOW))

    assert await Contact.all().count() == 0
    assert await bells() == 3  # the first, and one for each further attempt
    assert waits == [
        (JobState.WAITING, timedelta(seconds=10)),
        (JobState.WAITING, timedelta(seconds=50)),
        (JobState.DEAD, timedelta(seconds=50)),
    ]
    assert [(d.id, d.kind, d.attempts, d.last_error) for d in await outbox.dead()] == [
        (job, "refuse", 3, "ValueError")
    ]


async def kill(job: UUID) -> None:
    """Let a job fail until it is dead."""
    while await outbox.postpone(job, reason="LookupError", tasks={}, now=NOW):
        pass


async def test_a_kind_that_nobody_knows_waits_for_a_newer_worker_and_dies_in_the_end(db):
    job = await put("renamed")

    with pytest.raises(LookupError):
        await outbox.perform(job, tasks=TASKS, now=NOW)

    assert await outbox.postpone(job, reason="LookupError", tasks=TASKS, now=NOW)
    await kill(job)
    assert (await Job.get(id=job)).state is JobState.DEAD


async def test_a_dead_job_can_be_tried_again_and_a_living_one_cannot(db):
    job = await put("renamed")
    await kill(job)

    await outbox.requeue(job, now=NOW)

    again = await Job.get(id=job)
    assert (again.state, again.attempts, again.finished_at) == (JobState.WAITING, 0, None)
    with pytest.raises(NotFound):
        await outbox.requeue(job, now=NOW)


async def test_a_lost_bell_is_rung_again(db):
    await put()
    await fetch("DELETE FROM pgqueuer")

    early = await outbox.sweep(now=NOW + timedelta(minutes=1))
    late = await outbox.sweep(now=NOW + timedelta(minutes=3))
    again = await outbox.sweep(now=NOW + timedelta(minutes=4))

    assert (early, late, again) == (0, 1, 1)
    assert await bells() == 1
