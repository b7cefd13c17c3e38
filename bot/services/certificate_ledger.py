"""Whether the register of certificates and the audit log agree: looked at every hour (T42).

Each change of a certificate leaves in the log how the row looked after it. A signed row that looks
as no entry says was put there past the programme, and so was whatever took away an issued one.
`audit verify` tells everything else that is wrong with the log itself.
"""

from datetime import datetime
from uuid import UUID

import structlog

from bot import telemetry
from bot.clients.database import fetch
from bot.services.certificates import NOTED

log = structlog.get_logger()
UNTOLD = telemetry.gauge(
    "certificates_not_as_logged", "与审计记录不符的证书：多出来、被改过或不见了，应当报警"
)
AT_ONCE = 20_000
MOST_NAMED = 100

_UNLIKE = """
WITH page AS (
    SELECT id, number, audit_looks_flat(to_jsonb(c), '{}') AS looks FROM certificate c
    WHERE token IS NOT NULL AND id > $1 ORDER BY id LIMIT $2
)
SELECT (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last, ARRAY(
    SELECT number FROM page p WHERE NOT EXISTS (
        SELECT 1 FROM audit_entry e JOIN audit_row r ON r.entry_id = e.id
        WHERE e.object_id = p.id::text AND e.kind = 'certificate' AND r.sha256 = p.looks
    ) AND NOT EXISTS (
        SELECT 1 FROM audit_part a
        WHERE a.object_id = p.id::text AND a.kind = 'certificate' AND a.sha256 = p.looks
    ) ORDER BY number
) AS numbers
"""
_GONE = """
WITH issued AS (
    SELECT e.number, coalesce(a.object_id, e.object_id) AS id FROM audit_entry e
    LEFT JOIN audit_part a ON a.entry_id = e.id AND a.kind = 'certificate'
    WHERE e.kind = 'certificate' AND e.action = $1
)
SELECT id FROM issued i
WHERE NOT EXISTS (SELECT 1 FROM certificate c WHERE c.id::text = i.id) ORDER BY number, id
"""


async def look(*, now: datetime) -> list[str]:
    """The numbers of certificates that are not as the log says, and the ids of those it misses."""
    unlike, after = [], UUID(int=0)
    while True:
        [page] = await fetch(_UNLIKE, after, AT_ONCE)
        if page["last"] is None:
            break
        unlike += page["numbers"]
        after = page["last"]
    gone = [row["id"] for row in await fetch(_GONE, NOTED)]
    UNTOLD.set(len(unlike) + len(gone))
    if unlike or gone:
        named = {"unlike": unlike[:MOST_NAMED], "gone": gone[:MOST_NAMED]}
        log.error("certificates_not_as_logged", count=len(unlike) + len(gone), at=now, **named)
    return [*unlike, *gone]
