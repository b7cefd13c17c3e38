"""The status list: a W3C Bitstring Status List of every certificate, signed, for checks offline.

Two bits a certificate at its position: 0 as issued, 1 suspended or its review due, 2 revoked or
withdrawn, 3 replaced. Whether one has expired stands in its own token.
"""

import gzip
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from bot.clients.database import fetch
from bot.clients.signer import compact_jws
from bot.domain.certificates import today
from bot.domain.signing_keys import Purpose
from bot.services.signing_keys import Issuer, open_newest

PLACE = "/certificates/status.jwt"
KIND = "vc+jwt"
RENEW_AFTER = timedelta(minutes=30)  # even when nothing changed: its age is what a check shows
LIVES = timedelta(hours=24)
TOO_OLD_TO_ASK = timedelta(minutes=5)
LEAST_ENTRIES = 131_072  # so that a short list does not tell who is on it
_ONE = UUID(int=1)
MEANINGS = ("as issued", "suspended or review due", "revoked or withdrawn", "replaced")

_LAST = "SELECT made_at FROM status_list"
_TOUCHED = "SELECT 1 FROM certificate_event e WHERE e.at >= $1 AND e.action <> 'issue' LIMIT 1"
_NOT_AS_ISSUED = (
    "SELECT position, CASE WHEN state = 'superseded' THEN 3"
    " WHEN state IN ('revoked', 'withdrawn') OR $1 >= review_due + withdrawn_after_days THEN 2"
    " ELSE 1 END AS status FROM certificate"
    " WHERE state <> 'active' OR $1 >= review_due"
)
_KEEP = (
    "INSERT INTO status_list (id, made_at, body) VALUES ($1, $2, $3)"
    " ON CONFLICT (id) DO UPDATE SET made_at = $2, body = $3 WHERE status_list.made_at < $2"
)


async def renew(*, issuer: Issuer, now: datetime) -> bool:
    """Sign a new list where a state has changed since the last one, or where that one is old.

    States follow from days too: each day has its own list. So has each key: when one was stolen,
    nobody believes the lists that it signed.
    """
    rows = await fetch(_LAST)
    key, sign = await open_newest(Purpose.STATUS, issuer=issuer, now=now)
    if rows:
        made_at = rows[0]["made_at"]
        same = today(made_at) == today(now) and made_at >= key.used_from
        if (
            same
            and now - made_at < RENEW_AFTER
            and not await fetch(_TOUCHED, made_at - TOO_OLD_TO_ASK)
        ):
            return False
    [size] = await fetch("SELECT coalesce(max(position), 0) AS last FROM certificate")
    states = {row["position"]: row["status"] for row in await fetch(_NOT_AS_ISSUED, today(now))}
    content = credential(bits(states, size["last"] + 1), base=issuer.base, now=now)
    body = compact_jws(KIND, key.number, orjson.dumps(content), sign)
    await fetch(_KEEP, _ONE, now, body.decode())
    return True


def bits(states: dict[int, int], size: int) -> bytes:
    """Two bits each, the first in the highest bits of the first byte."""
    whole = bytearray((max(size, LEAST_ENTRIES) + 3) // 4)
    for position, status in states.items():
        whole[position // 4] |= status << (6 - position % 4 * 2)
    return bytes(whole)


def credential(packed: bytes, *, base: str, now: datetime) -> dict[str, object]:
    """The credential, in the words of the recommendation."""
    encoded = urlsafe_b64encode(gzip.compress(packed, 9, mtime=0)).rstrip(b"=").decode()
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": f"{base}{PLACE}",
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": base,
        "validFrom": now.isoformat(timespec="seconds"),
        "validUntil": (now + LIVES).isoformat(timespec="seconds"),
        "credentialSubject": {
            "id": f"{base}{PLACE}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "message",
            "statusSize": 2,
            "statusMessages": [
                {"status": f"0x{number:x}", "message": meaning}
                for number, meaning in enumerate(MEANINGS)
            ],
            "encodedList": f"u{encoded}",
            "ttl": int(RENEW_AFTER.total_seconds() * 1000),
        },
    }
