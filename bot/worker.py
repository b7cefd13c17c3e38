"""The loop that takes jobs: what is announced is performed, what fails is tried again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from bot import telemetry
from bot.clients.database import close_database, connect_arguments, open_database
from bot.clients.queue import Cron, listen
from bot.config import Config
from bot.deps import open_accounts
from bot.jobs import Schedule, Work, work_with
from bot.services import outbox
from bot.services.outbox import Task

log = structlog.get_logger()

JOBS = telemetry.counter("jobs", "后台任务的结果", ("outcome",))
DEAD = telemetry.gauge("jobs_dead", "多次失败、等人处理的任务数；大于零就该有人看")


async def run(
    config: Config,
    database_url: str,
    *,
    clock: Callable[[], datetime],
    stop: asyncio.Event,
    work: Work | None = None,
) -> None:
    """Work until told to stop. Ends with an error when PostgreSQL goes: then it is restarted."""

    async with open_accounts(config, clock) as accounts:
        await _work(config, database_url, work or work_with(accounts), clock=clock, stop=stop)


async def _work(
    config: Config,
    database_url: str,
    work: Work,
    *,
    clock: Callable[[], datetime],
    stop: asyncio.Event,
) -> None:
    async def on_job(job_id: UUID) -> None:
        await take(job_id, tasks=work.tasks, clock=clock)

    crons = [Cron(line.name, line.when, _ticker(line, clock)) for line in work.schedule]
    metrics = await telemetry.serve_metrics(
        config.metrics_host, config.metrics_port + config.web_processes
    )
    context = await open_database(
        database_url, pool=config.database_pool, application="credit-worker"
    )
    connection = await asyncpg.connect(**connect_arguments(database_url))
    try:
        log.info("worker_ready")
        await listen(connection, on_job, crons, stop=stop, heartbeat=work.heartbeat)
    finally:
        await connection.close()
        await close_database(context)
        await metrics.cleanup()


async def take(job_id: UUID, *, tasks: Mapping[str, Task], clock: Callable[[], datetime]) -> None:
    """Perform one job. Its failure is its own: the loop goes on."""
    try:
        await outbox.perform(job_id, tasks=tasks, now=clock())
        JOBS.labels("done").inc()
    except Exception as error:
        log.exception("job_failed", job=str(job_id))
        reason = type(error).__name__
        alive = await outbox.postpone(job_id, reason=reason, tasks=tasks, now=clock())
        JOBS.labels("postponed" if alive else "dead").inc()


def _ticker(line: Schedule, clock: Callable[[], datetime]) -> Callable[[], Awaitable[None]]:
    async def tick() -> None:
        await line.run(clock())
        DEAD.set(await outbox.count_dead())

    return tick
