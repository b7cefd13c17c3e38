"""Answers that were given to an idempotency key, so that a repeated request is not done again.

A key belongs to one person; those of whom nobody knows who they are share theirs, for a short time:
what is answered again goes only to who knows the key and the whole request. Whoever comes first
takes it; until the answer stands here everybody else with the key is told to wait. A holder that
died is succeeded after LEASE: what it did before it died is then asked for once more, and the
unique keys of that service keep it from happening twice. The answer's body is sealed, because an
answer may hold what we keep nowhere in clear.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bot.clients.database import fetch
from bot.clients.vault import Vault
from bot.domain.errors import DomainError

LIVES = timedelta(hours=24)
NOBODY = UUID(int=0)
LIVES_FOR_NOBODY = timedelta(minutes=10)  # twice as long as a login's code is good for
LEASE = timedelta(seconds=60)  # longer than any request is allowed to take


class KeyReused(DomainError):
    """Nothing was done: the same key came with something else before."""

    code = "idempotency_key_reused"
    message = "这次提交与之前的一次重复了，请重新提交。"


class InProgress(DomainError):
    """The first request with this key is not answered yet; later the same key gets its answer."""

    code = "in_progress"
    message = "您刚才提交的还在处理，请稍后再试。"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given."""

    status: int
    content_type: str
    body: bytes


# Taken when nobody has it, when it is too old, or when its holder is overdue.
_TAKE = """
INSERT INTO idempotency_key (user_id, key, asked, taken_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id, key) DO UPDATE
    SET asked = excluded.asked, taken_at = excluded.taken_at, status = NULL, content_type = NULL,
        body = NULL
    WHERE idempotency_key.taken_at <= $4::timestamptz - $5::interval
        OR (idempotency_key.status IS NULL AND idempotency_key.asked = excluded.asked
            AND idempotency_key.taken_at <= $4::timestamptz - $6::interval)
RETURNING 1
"""
_ASKED = (
    "SELECT asked, status, content_type, body FROM idempotency_key WHERE user_id = $1 AND key = $2"
)
_KEEP = """
UPDATE idempotency_key SET status = $4, content_type = $5, body = $6
WHERE user_id = $1 AND key = $2 AND taken_at = $3
"""
_LET_GO = """
DELETE FROM idempotency_key WHERE user_id = $1 AND key = $2 AND taken_at = $3 AND status IS NULL
"""


async def take(
    user_id: UUID, key: str, asked: bytes, *, vault: Vault, now: datetime
) -> Kept | None:
    """None: the key is ours, and the request is to be done. Else the answer that it has had.

    `asked` is a hash of the request. Raises KeyReused or InProgress.
    """
    lives = LIVES_FOR_NOBODY if user_id == NOBODY else LIVES
    if await fetch(_TAKE, user_id, key, asked, now, lives, LEASE):
        return None
    rows = await fetch(_ASKED, user_id, key)
    if not rows:
        raise InProgress  # it was let go this very moment: the next try is the first
    [row] = rows
    if row["asked"] != asked:
        raise KeyReused
    if row["status"] is None:
        raise InProgress
    body = vault.open_bytes(row["body"], context=_place(user_id, key))
    return Kept(row["status"], row["content_type"], body)


async def keep(user_id: UUID, key: str, answer: Kept, *, vault: Vault, now: datetime) -> None:
    """Keep the answer of the request that took the key at `now`."""
    sealed = vault.seal_bytes(answer.body, context=_place(user_id, key))
    await fetch(_KEEP, user_id, key, now, answer.status, answer.content_type, sealed)


async def let_go(user_id: UUID, key: str, *, now: datetime) -> None:
    """Nothing was done that counts: whoever comes next with the key is the first."""
    await fetch(_LET_GO, user_id, key, now)


def _place(user_id: UUID, key: str) -> str:
    return f"idempotency:{user_id}:{key}"
