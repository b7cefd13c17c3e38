"""Checking a certificate against a bare handler (B): JSON and page, known and forged codes.

    python -m tests.bench verification [CERTIFICATES] [PAIRS]

The register holds so many certificates; requests go over a sample of them spread over the whole.
"""

import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random

import uvloop

from bot.domain.certificate_token import PARAMETER, pack, unpack
from bot.services.register import PAUSE_S
from bot.services.register_word import PROOFS
from tests.bench.bare import ANSWER as BARE_ANSWER
from tests.bench.callback import free_port
from tests.bench.load import ask, burst, connect, listening
from tests.bench.paired import (
    LOAD_CORE,
    PAIRS,
    Side,
    compare,
    cpu_seconds,
    report,
    server,
    tree,
)
from tests.bench.register import Sample, fill
from tests.engines import TEMPLATE, Engines, create_database
from tests.waiting import until

EVERYBODY, REAL, SECONDS = 230_000, 20_000, 1.0
MOST_MIB = 150  # a web process with EVERYBODY in its register
Kind = tuple[str, float, Callable[[Sample, int], str], str, bytes]


def forged(sample: Sample, number: int) -> str:
    """The payload as it was, the signature of somebody else: always another one."""
    payload, _ = unpack(sample.token)
    other = Random(number).randbytes(64)
    return f"/v/{sample.number}.json?{PARAMETER}={pack(payload, other)}"


def unknown(sample: Sample, number: int) -> str:
    """A number that was never given out, under a signature that no key of ours made."""
    payload, signature = unpack(sample.token)
    return f"/v/2026CNSAAA{number % 10**7:07d}.json?{PARAMETER}={pack(payload, signature)}"


KINDS: tuple[Kind, ...] = (
    ("JSON, known", 2.0, lambda s, _: s.path(".json"), "application/json", b'{"outcome":"'),
    ("page, known", 3.0, lambda s, _: s.path(), "text/html", b"<!doctype html>"),
    ("forged signature", 10.0, forged, "application/json", b'{"outcome":"unknown"'),
    ("unknown number", 10.0, unknown, "application/json", b'{"outcome":"unknown"'),
)


def request(host: str, path: str, accept: str) -> bytes:
    head = f"Host: {host}\r\nUser-Agent: Mozilla/5.0\r\nAccept: {accept}\r\n\r\n"
    return f"GET {path} HTTP/1.1\r\n{head}".encode()


def side(name: str, pid: int, url: str, kind: Kind, samples: list[Sample], starts: bytes) -> Side:
    numbers, random, enough = itertools.count(1), Random(7), 5_000
    host = url.removeprefix("http://")

    async def prepare() -> Callable[[], Awaitable[int]]:
        requests = [
            request(host, kind[2](sample, next(numbers)), kind[3])
            for sample in random.choices(samples, k=enough)
        ]
        connections = await connect(url)
        await asyncio.sleep(0.05)  # accepting belongs to no request

        async def work() -> int:
            nonlocal enough
            done = await burst(connections, requests, starts=starts, seconds=SECONDS)
            if done.wrong:
                raise RuntimeError(f"{name}: {done.wrong} of {done.answered} answers were wrong")
            enough = int(done.answered / done.seconds * SECONDS * 1.3) + 500
            return done.answered

        return work

    return Side(name, lambda: cpu_seconds(pid), prepare)


async def settled(url: str, sample: Sample) -> None:
    """Wait until the register answers, and answers rightly."""
    host, deadline = url.removeprefix("http://"), time.monotonic() + 600
    want = b'{"outcome":"revoked"' if sample.state == "revoked" else b'{"outcome":"valid"'
    while True:
        [answer] = await ask(url, [request(host, sample.path(".json"), "application/json")])
        if answer.body.startswith(want):
            return
        if time.monotonic() > deadline:
            raise RuntimeError(answer.body)
        await asyncio.sleep(0.1)


async def proved(state: Path) -> None:
    """Wait until the keeper has checked every signature, and the others have heard of it."""

    async def said() -> bool:
        return (state / PROOFS).exists()

    await until(said, "the keeper to have checked every signature", limit_s=1800)
    await asyncio.sleep(2 * PAUSE_S)


async def run(
    pid: int, url: str, bare_pid: int, bare: str, samples: list[Sample], *, pairs: int, state: Path
) -> bool:
    for address in (url, bare):
        await listening(address)
    started = time.monotonic()
    for sample in samples[:50]:
        await settled(url, sample)
    print(f"the register is there after {time.monotonic() - started:.1f} s", flush=True)
    await proved(state)
    print(f"its signatures are checked after {time.monotonic() - started:.1f} s", flush=True)
    fine = True
    for kind in KINDS:
        base = side("bare", bare_pid, bare, kind, samples, BARE_ANSWER)
        target = side("target", pid, url, kind, samples, kind[4])
        fine &= report(kind[0], await compare(base, target, pairs), goal=kind[1], unit="B")
    return fine


def is_small(pid: int, number: int) -> bool:
    """By PSS, because processes share the file of the table; more certificates may take more."""
    sizes = {one: memory(one) for one in tree(pid)}
    for one, (rss, pss) in sizes.items():
        print(f"process {one}: RSS {rss} MiB, PSS {pss} MiB", flush=True)
    if number > EVERYBODY or all(pss <= MOST_MIB for _, pss in sizes.values()):
        return True
    print(f"goal {MOST_MIB} MiB: NOT held", flush=True)
    return False


def memory(pid: int) -> tuple[int, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:] if "kB" in line}
    return found["Rss"] // 1024, found["Pss"] // 1024


def main(arguments: list[str]) -> int:
    number = int(arguments[0]) if arguments else EVERYBODY
    pairs = int(arguments[1]) if len(arguments) > 1 else PAIRS
    os.sched_setaffinity(0, {LOAD_CORE})  # inherited by the database: it shares the load's core
    engines = Engines(settings={})
    try:
        engines.announce()
        with tempfile.TemporaryDirectory() as state, ExitStack() as stack:
            url = asyncio.run(create_database(engines.postgres.url_of(TEMPLATE), "verification"))
            port, bare_port = free_port(), free_port()
            base = f"http://127.0.0.1:{port}"
            samples = asyncio.run(fill(url, Path(state), base, number, real=min(REAL, number)))
            env = {
                "CREDIT_STATE_DIR": state,
                "CREDIT_DATABASE_URL": url,
                "CREDIT_REDIS_URL": engines.valkey.url,
                "CREDIT_WEB_PORT": str(port),
                "CREDIT_WEB_PROCESSES": "1",
                "CREDIT_METRICS_PORT": str(free_port()),
            }
            bare = (sys.executable, "-m", "tests.bench.bare", str(bare_port))
            pid = stack.enter_context(server((sys.executable, "-m", "bot", "web"), env))
            bare_pid = stack.enter_context(server(bare))
            fine = uvloop.run(
                run(
                    pid,
                    base,
                    bare_pid,
                    f"http://127.0.0.1:{bare_port}",
                    samples,
                    pairs=pairs,
                    state=Path(state),
                )
            )
            fine &= is_small(pid, number)
    finally:
        engines.stop()
    return 0 if fine else 1
