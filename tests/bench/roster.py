"""A member roster of 230,000 rows through the import of the product, as a CSV file.

    python -m tests.bench roster [ENTERPRISES]

Three times: into an empty database, the same file again, which changes nothing, and the file of the
next year, in which every membership and a tenth of the phone numbers are new. Reading and sealing
are counted in. On the embedded server with its own settings; the goal is sixty seconds each.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.clients.database import close_database, open_database
from bot.clients.spreadsheets import rows_of
from bot.clients.vault import Vault
from bot.domain.actors import Staff
from bot.services import rosters
from tests import roster_files
from tests.engines import Engines, create_database

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
EVERYBODY, GOAL_S = 230_000, 60.0
VAULT = Vault({"t": bytes(range(32))}, bytes(range(1, 33)))
STARTS, ENDS, PHONE = (
    roster_files.HEADING.index(name) for name in ("会员起始日", "会员截止日", "手机号")
)


def next_year(count: int) -> Iterator[list[str]]:
    for number, cells in enumerate(roster_files.rows(count)):
        cells[STARTS], cells[ENDS] = "2027-01-01", "2027-12-31"
        if number % 10 == 0:
            cells[PHONE] = f"139{number:08d}"
        yield cells


async def take(label: str, path: Path) -> float:
    began, worked = time.perf_counter(), time.process_time()
    with rows_of(path) as rows:
        done = await rosters.take(
            rows, association="协会", sha256=label, vault=VAULT, actor=Staff("周敏"), now=NOW
        )
    took = time.perf_counter() - began
    own = time.process_time() - worked
    print(f"{label:12} {done.rows:,} rows in {took:.1f} s, our own {own:.1f} s of processor;"
          f" {done.changed:,} changes")  # fmt: skip
    return took


async def measure(url: str, count: int) -> float:
    """The slowest of the three."""
    database = await open_database(url, pool=2, application="bench")
    try:
        with TemporaryDirectory() as folder:
            first = roster_files.write(Path(folder) / "1.csv", list(roster_files.rows(count)))
            later = roster_files.write(Path(folder) / "2.csv", list(next_year(count)))
            return max(
                [
                    await take("first", first),
                    await take("again", first),
                    await take("next year", later),
                ]
            )
    finally:
        await close_database(database)


async def run(server: str, count: int) -> float:
    return await measure(await create_database(server, "bench_roster"), count)


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else EVERYBODY
    engines = Engines({})
    try:
        engines.announce()
        slowest = asyncio.run(run(engines.postgres.url, count))
    finally:
        engines.stop()
    good = slowest <= GOAL_S
    print(f"{'✓' if good else '✗'} the slowest import: {slowest:.1f} s, at most {GOAL_S:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
