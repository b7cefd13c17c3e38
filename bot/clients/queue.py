"""The background engine: rings for a job row and listens for the bell. The only user of pgqueuer.

The queue's own rows may be lost or doubled without harm: the job table says what is to be done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job as Bell
from pgqueuer.models import Schedule
from pgqueuer.queries import Queries

ENTRYPOINT = "job"
BATCH = 20
HEARTBEAT = timedelta(seconds=20)  # a worker that is silent for this long has lost its jobs
POLL = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Cron:
    """A function that runs by the clock, once over all workers; `when` is a crontab line in UTC."""

    name: str
    when: str
    run: Callable[[], Awaitable[None]]


async def install_queue(connection: asyncpg.Connection) -> None:
    """Create or converge the engine's own tables; call it under the migration lock."""
    queries = Queries(AsyncpgDriver(connection))
    if await queries.schema_is_installed():
        await queries.upgrade()
    else:
        await queries.install()


async def ring(
    connection: asyncpg.Connection,
    attempts: Sequence[tuple[UUID, int]],
    *,
    after: timedelta = timedelta(0),
) -> None:
    """Announce job rows inside the caller's transaction: the bell is heard only if it commits.

    An attempt that is already announced stays so: the key of job and attempt keeps repeats out.
    """
    if not attempts:
        return
    count = len(attempts)
    await Queries(AsyncpgDriver(connection)).enqueue(
        [ENTRYPOINT] * count,
        [job.bytes for job, _ in attempts],
        [0] * count,
        [after] * count,
        [f"{job}:{attempt}" for job, attempt in attempts],
        on_conflict="skip",
    )


async def listen(
    connection: asyncpg.Connection,
    on_job: Callable[[UUID], Awaitable[None]],
    crons: Sequence[Cron],
    *,
    stop: asyncio.Event,
    heartbeat: timedelta = HEARTBEAT,
) -> None:
    """Work until told to stop; what is in flight is finished first."""
    engine = PgQueuer.from_asyncpg_connection(connection)
    engine.shutdown = engine.qm.shutdown = engine.sm.shutdown = stop

    @engine.entrypoint(ENTRYPOINT, accepts_context=False)
    async def take(bell: Bell) -> None:
        if bell.payload:
            await on_job(UUID(bytes=bell.payload))

    for cron in crons:
        _schedule(engine, cron)
    await engine.run(
        batch_size=BATCH,
        dequeue_timeout=POLL,
        max_concurrent_tasks=BATCH * 2,
        heartbeat_timeout=heartbeat,
        shutdown_on_listener_failure=True,
    )


def _schedule(engine: PgQueuer, cron: Cron) -> None:
    @engine.schedule(cron.name, cron.when, clean_old=True, accepts_context=False)
    async def tick(_: Schedule) -> None:
        await cron.run()
