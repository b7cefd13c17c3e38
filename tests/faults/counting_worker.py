"""A real worker process whose only job writes one line for each time it takes effect."""

import asyncio
import signal
import sys
from datetime import UTC, datetime, timedelta

from bot import worker
from bot.clients.database import fetch
from bot.config import Config
from bot.jobs import Work
from bot.services.outbox import Payload, Task


async def count(payload: Payload, now: datetime) -> None:
    await fetch("INSERT INTO effect (number, at) VALUES ($1, $2) RETURNING 1", payload["n"], now)


async def main(url: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    work = Work({"count": Task(count)}, (), heartbeat=timedelta(seconds=2))
    clock = lambda: datetime.now(UTC)  # noqa: E731  # this is a process of its own
    config = Config.read({"CREDIT_METRICS_PORT": sys.argv[2]})
    await worker.run(config, url, clock=clock, stop=stop, work=work)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
