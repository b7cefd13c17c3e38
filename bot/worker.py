"""The loop that takes jobs: what is announced is performed, what fails is tried again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

import structlog

from bot import telemetry
from bot.clients.database import close_database, connect, open_database
from bot.clients.queue import Cron, listen
from bot.clients.wechat_errors import WeChatError
from bot.config import Config
from bot.deps import open_accounts, open_cabinet, open_press, open_verifier
from bot.domain.errors import Unavailable
from bot.jobs import Schedule, Work, work_with
from bot.services import outbox
from bot.services.outbox import Task
from bot.services.sending import InOtherHands

log = structlog.get_logger()

# What the outside world does now and then; its message says all that a stack could.
EXPECTED = (WeChatError, InOtherHands)

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
    database = await open_database(
        database_url, pool=config.database_pool, application="credit-worker"
    )
    try:
        async with (
            open_accounts(config, clock) as accounts,
            open_cabinet(config) as cabinet,
            open_verifier(config, clock, database_url) as verifier,  # its keys are read through it
        ):
            work = work or work_with(accounts, config, cabinet, open_press(config, clock), verifier)
            await _work(config, database_url, work, clock=clock, stop=stop)
    finally:
        await close_database(database)


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
    metrics = await telemetry.serve_metrics(config.metrics_host, config.worker_metrics_port)
    connection = await connect(database_url, application="credit-queue")
    try:
        log.info("worker_ready")
        await listen(connection, on_job, crons, stop=stop, heartbeat=work.heartbeat)
    finally:
        await connection.close()
        await metrics.cleanup()


async def take(job_id: UUID, *, tasks: Mapping[str, Task], clock: Callable[[], datetime]) -> None:
    """Perform one job. Its failure is its own: the loop goes on."""
    try:
        await outbox.perform(job_id, tasks=tasks, now=clock())
        JOBS.labels("done").inc()
    except Exception as error:
        reason = type(error).__name__
        hopeless = isinstance(error, outbox.Hopeless)
        if hopeless or isinstance(error, EXPECTED):
            log.warning("job_postponed", job=str(job_id), reason=f"{reason}: {error}")
        else:
            log.exception("job_failed", job=str(job_id))
        alive = await outbox.postpone(
            job_id,
            reason=str(error) if hopeless or isinstance(error, Unavailable) else reason,
            tasks=tasks,
            now=clock(),
            hopeless=hopeless,
        )
        JOBS.labels("postponed" if alive else "dead").inc()


def _ticker(line: Schedule, clock: Callable[[], datetime]) -> Callable[[], Awaitable[None]]:
    async def tick() -> None:
        await line.run(clock())
        DEAD.set(await outbox.count_dead())

    return tick
