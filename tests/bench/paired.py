"""Paired bursts: base and target take turns; what counts is the ratio of CPU time per request."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO

PAIRS = 12  # six would do for a statement, a goal takes twelve
TOLERANCE = 1.25  # neighbours: a gate trips only beyond goal × this
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = _CORES[0], _CORES[-1]


def tree(pid: int) -> list[int]:
    """A process and all its descendants."""
    listed = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [pid, *(found for line in listed for child in line for found in tree(int(child)))]


def cpu_seconds(pid: int) -> float:
    """User and system time of the whole tree, children that are gone included."""
    ticks = 0
    for process in tree(pid):
        after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, after_name[11:15]))
    return ticks / _TICKS_A_SECOND


def pin(pid: int, core: int) -> None:
    for process in tree(pid):
        for thread in Path(f"/proc/{process}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})


@contextmanager
def server(command: Sequence[str], env: dict[str, str] | None = None) -> Iterator[int]:
    """Run a server on its own core; it and all its children are gone afterwards."""
    with tempfile.TemporaryFile() as log:
        process = _start(command, env or {}, log)
        try:
            yield process.pid
        except BaseException:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4000))
            print("the server's last words:", log.read().decode(errors="replace"), file=sys.stderr)
            raise
        finally:
            _end(process)


def _start(command: Sequence[str], env: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})  # inherited, so that no child escapes
    try:
        return subprocess.Popen(
            command,
            env={"PATH": os.defpath, **env},
            stdin=subprocess.DEVNULL,
            stdout=log,  # a file, as in production: writing its log is part of a request's cost
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        os.sched_setaffinity(0, before)


def _end(process: subprocess.Popen[bytes]) -> None:
    group = process.pid
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)  # what is left of it, or the next server shares its port
    process.wait(5)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: whose CPU is counted, and how a burst of work is prepared and done."""

    name: str
    cpu: Callable[[], float]  # seconds so far
    prepare: Callable[[], Awaitable[Callable[[], Awaitable[int]]]]  # the inner one gives the count

    async def cost(self) -> float:
        """CPU seconds of one request, over one burst."""
        work = await self.prepare()
        before = self.cpu()
        count = await work()
        return (self.cpu() - before) / count


@dataclass(frozen=True, slots=True)
class Result:
    base_us: float
    target_us: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return median(self.ratios)


async def compare(base: Side, target: Side, pairs: int = PAIRS) -> Result:
    """Let both sides take turns; every other pair the other way round, against slow drifts."""
    costs: list[tuple[float, float]] = []
    for side in (base, target):
        await side.cost()  # warm
    for number in range(pairs):
        order = (base, target) if number % 2 == 0 else (target, base)
        cost = {side.name: await side.cost() for side in order}
        costs.append((cost[base.name], cost[target.name]))
    return Result(
        base_us=median(cost for cost, _ in costs) * 1e6,
        target_us=median(cost for _, cost in costs) * 1e6,
        ratios=tuple(target_cost / base_cost for base_cost, target_cost in costs),
    )


def report(name: str, result: Result, *, goal: float, unit: str) -> bool:
    """Print one line; answers whether it is within the tolerance of the gate."""
    verdict = "held" if result.ratio <= goal else "NOT held"
    print(
        f"{name:32} {result.ratio:5.2f} {unit} ({min(result.ratios):.2f}-{max(result.ratios):.2f},"
        f" {len(result.ratios)} pairs)  {result.target_us:7.1f} us against {result.base_us:6.1f} us"
        f"  goal {goal} {unit}: {verdict}",
        flush=True,
    )
    return result.ratio <= goal * TOLERANCE


def now() -> int:
    return int(time.time())  # the server under test reads the real clock
