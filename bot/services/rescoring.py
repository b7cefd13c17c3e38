"""Re-scoring of every enterprise under one version, into results that readers see all at once.

A run is cut into slices. A slice is read, scored, written by COPY and marked done in one
transaction, by whichever worker finds it free; a killed worker leaves it free again. When every
slice is done one statement moves the pointer that readers follow. All of it is fixed SQL.
"""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
from tortoise.transactions import in_transaction

from bot.clients.database import fetch, transaction_connection
from bot.domain.errors import NotFound
from bot.scoring.engine import score
from bot.scoring.pack import Pack
from bot.scoring.reading import BadData
from bot.scoring.result import Result
from bot.services import schemes
from bot.services.fact_lines import LINES, Reader
from models.ids import new_id

SLICE = 1000  # enterprises in one transaction: what memory holds, and what a kill costs
BITE = 10  # enterprises scored before the event loop has its turn: under a millisecond

_COLUMNS = (
    "run_id", "enterprise_id", "facts_version", "state", "total", "grade", "level",
    "level_by_points", "bars", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One batch: which rules, which records, which day."""

    id: UUID
    scheme: str
    version: int
    sha256: str
    basis: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Standing:
    """One enterprise in the current run; enough, with the run's rules, to compute all the rest."""

    run_id: UUID
    facts_version: int
    state: str
    total: Decimal | None
    grade: str | None
    level: str | None
    level_by_points: str | None
    bars: tuple[str, ...]
    note: str | None


_UNFINISHED = """
SELECT r.id FROM scoring_run r
WHERE r.pack_id = $1 AND r.basis = $2 AND r.as_of = $3 AND r.finished_at IS NULL
"""
# Two who begin the same at once: the second waits for the first, and then goes on with its run.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('scoring_run', 0))"
_BEGIN = """
INSERT INTO scoring_run (id, pack_id, basis, as_of, started_at) VALUES ($1, $2, $3, $4, $5)
"""
_CUT = """
INSERT INTO scoring_slice (run_id, number, after, upto)
SELECT $1, row_number() OVER (ORDER BY id),
    lag(id, 1, '00000000-0000-0000-0000-000000000000') OVER (ORDER BY id), id
FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS everybody
    FROM enterprise
) counted
WHERE place % $2 = 0 OR place = everybody
"""
_CLAIM = """
SELECT number, after, upto FROM scoring_slice WHERE run_id = $1 AND done_at IS NULL
ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
"""
READ = f"""
SELECT e.id, e.facts_version, f.lines
FROM enterprise e LEFT JOIN (
    SELECT enterprise_id, {LINES} AS lines FROM fact
    WHERE until_version IS NULL AND enterprise_id > $1 AND enterprise_id <= $2
    GROUP BY enterprise_id
) f ON f.enterprise_id = e.id
WHERE e.id > $1 AND e.id <= $2
"""  # noqa: S608  # our own constant
# On tables without statistics the planner would gather all facts again for each enterprise.
_NO_LOOPS = "SET LOCAL enable_nestloop = off"
_DONE = "UPDATE scoring_slice SET done_at = $3 WHERE run_id = $1 AND number = $2"
# The pointer never moves back to a run that began earlier.
_FINISH = """
WITH finished AS (
    UPDATE scoring_run SET finished_at = $2
    WHERE id = $1 AND finished_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM scoring_slice WHERE run_id = $1 AND done_at IS NULL)
    RETURNING id, pack_id, basis, started_at
)
INSERT INTO current_run (scheme, basis, run_id, started_at)
SELECT p.scheme, f.basis, f.id, f.started_at
FROM finished f JOIN published_pack p ON p.id = f.pack_id
ON CONFLICT (scheme, basis) DO UPDATE SET run_id = excluded.run_id, started_at = excluded.started_at
    WHERE current_run.started_at <= excluded.started_at
"""
_CURRENT = """
SELECT r.* FROM current_run c JOIN scoring_result r ON r.run_id = c.run_id
WHERE c.scheme = $1 AND c.basis = $2 AND r.enterprise_id = $3
"""
_LEVELS = """
SELECT r.state, r.level, count(*) AS enterprises
FROM current_run c JOIN scoring_result r ON r.run_id = c.run_id
WHERE c.scheme = $1 AND c.basis = $2 GROUP BY r.state, r.level ORDER BY count(*) DESC, r.level
"""


async def begin(
    rules: schemes.Published, *, basis: str, as_of: date, now: datetime, slice_size: int = SLICE
) -> Run:
    """A new run, or the unfinished one of the same rules and day, to go on where it was."""
    async with in_transaction():
        connection = transaction_connection()
        await connection.execute(_ONE_AT_A_TIME)
        run_id = await connection.fetchval(_UNFINISHED, rules.id, basis, as_of)
        if run_id is None:
            run_id = new_id(now)
            await connection.execute(_BEGIN, run_id, rules.id, basis, as_of, now)
            await connection.execute(_CUT, run_id, slice_size)
    return Run(run_id, rules.scheme, rules.version, rules.sha256, basis, as_of)


async def work(run: Run, *, now: datetime) -> int:
    """Do free slices until there is none; answers how many enterprises were scored here.

    Any number of workers may do this at once, on any number of machines.
    """
    rules = await schemes.with_hash(run.sha256)
    reader, scored = Reader(rules.pack, run.basis, run.as_of), 0
    while True:
        async with in_transaction():
            connection = transaction_connection()
            piece = await connection.fetchrow(_CLAIM, run.id)
            if piece is None:
                return scored
            await connection.execute(_NO_LOOPS)
            read = await connection.fetch(READ, piece["after"], piece["upto"])
            rows = await _scored(run, rules.pack, reader, read)
            await connection.copy_records_to_table("scoring_result", columns=_COLUMNS, records=rows)
            await connection.execute(_DONE, run.id, piece["number"], now)
        scored += len(rows)


async def _scored(
    run: Run, pack: Pack, reader: Reader, read: list[asyncpg.Record]
) -> list[tuple[Any, ...]]:
    rows = []
    for place, (enterprise, version, lines) in enumerate(read, start=1):
        try:
            told = _told(score(pack, reader.facts(lines), run.as_of))
        except BadData as error:
            told = ("unreadable", None, None, None, None, (), str(error))
        rows.append((run.id, enterprise, version, *told))
        if place % BITE == 0:
            await asyncio.sleep(0)
    return rows


def _told(result: Result) -> tuple[Any, ...]:
    """What a batch keeps: a result follows from it, the rules and the version of the facts."""
    if result.units is None or result.rung_by_points is None or result.level is None:
        return ("not_scored", None, None, None, None, (), "；".join(result.refusals))
    by_points = result.pack.grades[result.rung_by_points].name
    bars = [hit.bar.id for hit in result.hits]
    return ("scored", result.total, result.grade, result.level.name, by_points, bars, None)


async def finish(run: Run, *, now: datetime) -> bool:
    """Show the run to readers, all of it at once; False while slices are still to be done."""
    await fetch(_FINISH + " RETURNING 1", run.id, now)
    rows = await fetch("SELECT finished_at FROM scoring_run WHERE id = $1", run.id)
    return bool(rows and rows[0]["finished_at"])


async def standing(scheme: str, enterprise_id: UUID, *, basis: str = "verified") -> Standing:
    """How an enterprise stands in the current run."""
    rows = await fetch(_CURRENT, scheme, basis, enterprise_id)
    if not rows:
        raise NotFound
    found = {name: rows[0][name] for name in Standing.__slots__}
    return Standing(**found | {"bars": tuple(found["bars"])})


async def levels(scheme: str, *, basis: str = "verified") -> list[dict[str, Any]]:
    """How many enterprises stand where in the current run."""
    return await fetch(_LEVELS, scheme, basis)
