"""Numbers of the audit log that nobody has: a change that was undone, or an entry that was taken.

PostgreSQL gives each entry a number and takes none back, also when the transaction is undone. A
number that is missing once every transaction is over that could have had it is told, with the
numbers: a few after undone changes are harmless, many or without such changes are not.
"""

import structlog

from bot import telemetry
from bot.clients.database import fetch

log = structlog.get_logger()
MISSING = telemetry.counter(
    "audit_missing_numbers", "没有人用的审计记录编号：改动撤销时偶尔会有，成批出现就该有人看"
)
_NOW = """
SELECT coalesce(max(number), 0) AS last,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next
FROM audit_entry
"""
_ABSENT = """
SELECT n FROM unnest($1::bigint[]) n
WHERE NOT EXISTS (SELECT 1 FROM audit_entry WHERE number = n) ORDER BY n
"""


class Gaps:
    """What one worker has seen so far; it begins with what is there when it starts."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._waiting: list[tuple[int, list[int]]] = []

    async def look(self) -> list[int]:
        """Tell which numbers turned out to be missing since the last look."""
        [now] = await fetch(_NOW)
        if self._last is None:
            self._last = now["last"]
        fresh = await self._absent(list(range(self._last + 1, now["last"])))
        self._last = max(self._last, now["last"])
        ripe = [number for until, numbers in self._waiting if until <= now["oldest"]
                for number in numbers]  # fmt: skip
        self._waiting = [one for one in self._waiting if one[0] > now["oldest"]]
        if fresh:
            self._waiting.append((now["next"], fresh))
        missing = await self._absent(ripe)
        if missing:
            MISSING.inc(len(missing))
            log.error("audit_numbers_missing", numbers=missing[:100], count=len(missing))
        return missing

    async def _absent(self, numbers: list[int]) -> list[int]:
        return [row["n"] for row in await fetch(_ABSENT, numbers)] if numbers else []
