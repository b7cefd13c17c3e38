"""Re-scoring everybody against reading the same facts: taken in turns, in a database of its own.

    python -m tests.bench rescoring [ENTERPRISES] [PAIRS]

Reading is what the batch itself does first: the same statement, fetched to Python slice by slice,
one connection, nothing decoded. Re-scoring is the product's own command from end to end: processes
started, facts read, decoded and scored, results written, slices marked, the run shown to readers.
Wall time is what an operator waits; CPU is that of all processes, the servers' included.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg

from bot.clients.database import close_database, open_database
from bot.scoring.engine import score
from bot.scoring.facts_reader import facts_from
from bot.scoring.library import shipped_pack
from bot.scoring.reading import Table
from bot.services import rescoring, schemes
from bot.services.rescoring import READ, SLICE
from tests import register
from tests.bench.paired import cpu_seconds, tree
from tests.engines import TEMPLATE, Engines, create_database
from tests.product import settings
from tests.register import AS_OF

SCHEME = "casme-public-credit"
EVERYBODY, PAIRS, ABOUT = 230_000, 6, 10
GOAL, STRETCH, TOLERANCE = 6.0, 4.0, 1.25
CHECKED = 300
CHUNK = 5_000
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
_FACTS = ("id", "enterprise_id", "key", "fact", "kind", "value", "standing", "on", "repaired_on",
          "ended_on", "source", "evidence", "since_version", "recorded_at")  # fmt: skip


def columns(random: Random, enterprise: UUID, row: register.Row) -> tuple[Any, ...]:
    """One record of a facts file as a row for COPY."""

    def day(name: str) -> date | None:
        return date.fromisoformat(row[name]) if name in row else None

    return (
        UUID(int=random.getrandbits(128)), enterprise, row["id"], row["fact"], row.get("kind", ""),
        str(row["value"]), row["standing"], day("date"), day("repaired_on"), day("ended_on"),
        row["source"], row["evidence"], 1, NOW,
    )  # fmt: skip


async def fill(url: str, number: int) -> None:
    """Two waves of facts, so that an enterprise's rows do not lie side by side on the disk."""
    pack, random = shipped_pack(SCHEME), Random(20260301)
    connection = await asyncpg.connect(url)
    await connection.execute("SET session_replication_role = replica")
    stream = register.ids(random)
    everybody = list(islice(stream, number))
    await connection.copy_records_to_table(
        "enterprise",
        columns=("id", "credit_code", "name", "facts_version"),
        records=((one, f"91{n:016d}", f"示例企业{n}", 1) for n, one in enumerate(everybody)),
    )
    for wave in (0, 1):
        for chunk in chunks(everybody):
            rows = (
                columns(random, one, row)
                for one in chunk
                for row in register.rows(pack, Random(one.int), about=ABOUT)[wave::2]
            )
            await connection.copy_records_to_table("fact", columns=_FACTS, records=rows)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def chunks(everybody: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(everybody), CHUNK):
        yield everybody[start : start + CHUNK]


async def read_all(url: str) -> int:
    """Fetch what the batch fetches, in the same slices; nothing else."""
    connection = await asyncpg.connect(url)
    last, count = UUID(int=0), 0
    while True:
        upto = await connection.fetchval(
            "SELECT max(id::text)::uuid FROM "
            "(SELECT id FROM enterprise WHERE id > $1 ORDER BY id LIMIT $2) page", last, SLICE,
        )  # fmt: skip
        if upto is None:
            await connection.close()
            return count
        async with connection.transaction():
            await connection.execute("SET LOCAL enable_nestloop = off")
            count += len(await connection.fetch(READ, last, upto))
        last = upto


async def publish(url: str) -> None:
    context = await open_database(url, pool=2, application="bench")
    source = (Path(rescoring.__file__).parents[1] / f"scoring/packs/{SCHEME}/1.toml").read_text()
    found = await schemes.propose(source, file="1.toml", effective_on=AS_OF, by="甲", now=NOW)
    await schemes.approve(SCHEME, 1, digest=found.digest, by="乙", now=NOW)
    await close_database(context)


async def check(url: str) -> None:
    """A fast wrong answer is worth nothing: some are scored the slow way and compared."""
    pack, random = shipped_pack(SCHEME), Random(3)
    connection = await asyncpg.connect(url)
    results = await connection.fetch(
        "SELECT r.enterprise_id, r.state, r.total, r.level, r.bars FROM current_run c "
        "JOIN scoring_result r USING (run_id) ORDER BY r.enterprise_id"
    )
    for found in random.sample(results, min(CHECKED, len(results))):
        rows = register.rows(pack, Random(found["enterprise_id"].int), about=ABOUT)
        facts = facts_from(
            pack, Table({"records": rows}, ""), basis="verified", standing="declared"
        )
        told = score(pack, facts, AS_OF)
        level = told.level.name if told.level else None
        bars = [hit.bar.id for hit in told.hits]
        assert tuple(found)[2:] == (told.total, level, bars), found
    await connection.execute("TRUNCATE scoring_result, scoring_slice, current_run, scoring_run")
    await connection.execute("CHECKPOINT")  # what one side left to be written is not the other's
    await connection.close()


def timed(engines: Engines, work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds; CPU of this process, its children and the database."""
    before, started = cpu(engines), time.perf_counter()
    work()
    return time.perf_counter() - started, cpu(engines) - before


def cpu(engines: Engines) -> float:
    own = os.times()
    mine = own.user + own.system + own.children_user + own.children_system
    while True:
        with suppress(FileNotFoundError):  # a server process that ended meanwhile
            return mine + cpu_seconds(engines.postgres_pid)


def command(url: str, folder: Path, processes: int) -> int:
    """`python -m bot rules rescore`; answers the peak memory of its largest process in MiB."""
    words = ["rules", "rescore", SCHEME, "--as-of", AS_OF.isoformat()]
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *words, "--processes", str(processes)],
        env=settings(folder, DATABASE_URL=url), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    peak = 0
    while process.poll() is None:
        for pid in tree(process.pid):
            with suppress(FileNotFoundError, IndexError):
                status = Path(f"/proc/{pid}/status").read_text()
                peak = max(peak, int(status.partition("VmHWM:")[2].split()[0]))
        time.sleep(0.05)
    assert process.returncode == 0
    return peak // 1024


def main(arguments: list[str]) -> int:
    number = int(arguments[0]) if arguments else EVERYBODY
    pairs = int(arguments[1]) if len(arguments) > 1 else PAIRS
    engines = Engines({})
    try:
        engines.announce()
        url = asyncio.run(create_database(engines.postgres.url_of(TEMPLATE), "rescoring"))
        started = time.perf_counter()
        asyncio.run(fill(url, number))
        print(f"{number} enterprises made in {time.perf_counter() - started:.0f} s", flush=True)
        asyncio.run(publish(url))
        with tempfile.TemporaryDirectory() as folder:
            held = [compare(engines, url, Path(folder), pairs, n) for n in (1, 2)]
    finally:
        engines.stop()
    return 0 if held[-1] else 1  # with as many processes as the command starts by itself


def compare(engines: Engines, url: str, folder: Path, pairs: int, processes: int) -> bool:
    """Both sides in turns; prints medians and ranges."""
    reads, runs, peaks = [], [], set()
    asyncio.run(read_all(url))  # warm
    for _ in range(pairs):
        reads.append(timed(engines, lambda: asyncio.run(read_all(url))))
        runs.append(timed(engines, lambda: peaks.add(command(url, folder, processes))))
        asyncio.run(check(url))
    print(f"{processes} processes: peak memory of one {max(peaks)} MiB")
    median_ratio = {}
    for what, n in (("wall", 0), ("cpu", 1)):
        ratios = [run[n] / read[n] for run, read in zip(runs, reads, strict=True)]
        median_ratio[what] = median(ratios)
        print(
            f"{processes} processes, {what}: read {median(r[n] for r in reads):6.2f} s, re-score "
            f"{median(r[n] for r in runs):6.2f} s, {median(ratios):.2f} x "
            f"({min(ratios):.2f}-{max(ratios):.2f}, {pairs} pairs); goal {GOAL} x, "
            f"stretch {STRETCH} x",
            flush=True,
        )
    return median_ratio["wall"] <= GOAL * TOLERANCE
