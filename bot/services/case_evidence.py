"""What was handed in for a case that was taken back is erased on its day, by the clock."""

from datetime import datetime

from bot.clients.database import fetch
from bot.domain.actors import System
from bot.domain.files import CONSENTED_KINDS
from bot.services import file_upkeep
from bot.services.retention import WITHDRAWN

CLOCK = System("cases.erase")
REASON = "申报撤回满 30 天"
AT_ONCE = 200

# Left alone: what was accepted, unless it was handed in by a consent for this case alone; what
# another case may still need; seal and letter of a commitment.
_DUE = """
SELECT DISTINCT m.file_id FROM case_material m
JOIN credit_case c ON c.id = m.case_id JOIN stored_file f ON f.id = m.file_id
WHERE c.state = 'withdrawn' AND c.ended_at <= $1 AND f.erased_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM case_material o JOIN credit_case oc ON oc.id = o.case_id
        WHERE o.file_id = m.file_id
        AND (o.state = 'accepted' AND f.kind <> ALL($3::text[])
            OR oc.state <> 'withdrawn' OR oc.ended_at > $1))
    AND NOT EXISTS (SELECT 1 FROM commitment s WHERE m.file_id IN (s.seal_file, s.letter_file))
LIMIT $2
"""


async def erase(*, now: datetime) -> int:
    """Erase what is due; answers how many files that were."""
    rows = await fetch(_DUE, now - WITHDRAWN, AT_ONCE, list(CONSENTED_KINDS))
    for row in rows:
        await file_upkeep.erase(row["file_id"], actor=CLOCK, now=now, reason=REASON)
    return len(rows)
