"""The product as real processes on free ports, for tests that stop, freeze and kill them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path

import aiohttp
import psutil

from bot.processes import spawn
from tests.nursery import forked
from tests.waiting import until

Process = subprocess.Popen[bytes] | forked.Forked
START_S = 180.0  # a first start on a machine that does much else; nobody waits once it is there


# Each test process has ports of its own, below those that the system gives to clients: between the
# choice of one and its use pass seconds, in which nobody else may choose it.
FIRST, EACH, NEIGHBOURS = 10_000, 4_000, 5


@cache
def _places() -> Iterator[int]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    own = FIRST + EACH * (int(worker) % 5)
    places = range(own, own + EACH, NEIGHBOURS)
    return islice(cycle(places), os.getpid() % len(places), None)  # several runs on one machine


def free_port() -> int:
    """A port that is free, as are the next few: one for each process."""
    for first in _places():
        with suppress(OSError):
            for port in range(first, first + NEIGHBOURS):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
    raise AssertionError


def settings(folder: Path, **more: str) -> dict[str, str]:
    """An environment with ports that nobody uses."""
    ports = {name: str(free_port()) for name in ("WEB_PORT", "SANDBOX_PORT", "METRICS_PORT")}
    given = ports | {"STATE_DIR": str(folder)}
    given |= {"DEMO": "false"} | more  # whoever wants the demonstration says so
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CREDIT_")}
    return clean | {f"CREDIT_{name}": value for name, value in given.items()}


@dataclass(slots=True)
class Running:
    """One started command of the product."""

    command: str
    process: Process
    environ: dict[str, str]
    log: Path

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.environ['CREDIT_WEB_PORT']}"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.environ['CREDIT_SANDBOX_PORT']}"

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def told(self) -> str:
        """All that it and its children have logged."""
        logs = (self.log, Path(self.environ["CREDIT_STATE_DIR"]) / "run.log")
        return "\n".join(log.read_text() for log in logs if log.exists())

    async def ready(self) -> None:
        """Wait until it answers; with `up` the simulated phones as well."""
        urls = [f"{self.base}/readyz"] + [f"{self.sandbox}/"] * (self.command == "up")
        async with aiohttp.ClientSession() as http:

            async def answers() -> bool:
                assert self.process.poll() is None, self.log.read_text()
                try:
                    for url in urls:
                        async with http.get(url) as answer:
                            if answer.status != 200:
                                return False
                except aiohttp.ClientError:
                    return False
                return True

            await until(answers, "the product to be ready", limit_s=START_S)


async def gone(family: list[psutil.Process]) -> None:
    """Wait until none of them is there any more."""

    async def nobody_left() -> bool:
        return not any(alive(member) for member in family)

    await until(nobody_left, "every process to end", limit_s=30)


def alive(process: psutil.Process) -> bool:
    """Also one whose first thread has ended and another not yet: that one still holds its port."""
    try:
        ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() == 1
        return process.is_running() and not ended
    except psutil.NoSuchProcess:
        return False


@contextmanager
def running(command: str, folder: Path, environ: dict[str, str]) -> Iterator[Running]:
    """Start `python -m bot COMMAND`; at the end whatever is left of it is killed."""
    log = folder / f"{command}.log"
    with log.open("ab") as output:
        process: Process = (
            spawn([sys.executable, "-m", "bot", command], env=environ, output=output)
            if command == "up"  # as a newcomer starts it, from nothing
            else forked.start("bot", command, env=environ, output=output)
        )
    product = Running(command, process, environ, log)
    family = [psutil.Process(process.pid)]
    try:
        yield product
        family += product.children() if process.poll() is None else []
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            for member in family:
                member.kill()
            process.wait()
