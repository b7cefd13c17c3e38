"""Writing the audit log: one entry for each change, in the transaction of the change.

What a person told us never stands here in clear. `before` and `after` take plain fields: members of
an Enum, yes or no, None and UUIDs stay readable (bot/domain/audit.py says why); every other value
enters as HMAC-SHA-256 under the key of the entry's subject, which is its enterprise, or the object
itself where there is none. The reason is sealed under the same key. While the key lives a value can
be proved and a reason be read; with the key both are gone, and the log stays whole.

A member stands here by the number of the user, staff by the name they gave: whoever acts for the
association answers for it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256
from hmac import digest
from typing import Any
from uuid import UUID

import orjson

from bot.clients.database import transaction_connection
from bot.clients.vault import Vault
from bot.domain.actors import Actor, Member, Staff, System
from bot.domain.audit import canonical, leaf, readable
from bot.scoring.canonical import canonical as exact
from bot.telemetry import REQUEST
from models.ids import new_id

SESSION_BYTES = 16
EACH = "*"  # instead of an id: each row of that kind which changes in the transaction
Fields = Mapping[str, object]

_KEY = """
WITH made AS (
    INSERT INTO audit_key (subject, key) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key
)
SELECT key FROM made UNION ALL SELECT key FROM audit_key WHERE subject = $1 LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of audit_entry as it is written; the names are those of the columns."""

    id: UUID
    at: datetime
    actor_kind: str
    actor: str
    session: str
    door: str
    request: str
    action: str
    kind: str
    object_id: str
    enterprise_id: UUID | None
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None
    reason: bytes


COLUMNS = tuple(field.name for field in fields(Entry))
_INSERT = (
    f"INSERT INTO audit_entry ({', '.join((*COLUMNS, 'written'))}) "  # noqa: S608  # our own names
    f"VALUES ({', '.join(f'${n}' for n in range(1, len(COLUMNS) + 2))})"
)


async def note(  # noqa: PLR0913  # an entry answers this many questions
    action: str,
    *,
    kind: str,
    id: UUID | str,  # noqa: A002  # the object's
    actor: Actor,
    now: datetime,
    enterprise_id: UUID | None = None,
    before: Fields | None = None,
    after: Fields | None = None,
    reason: str = "",
) -> None:
    """Write one entry inside the caller's transaction, and refuse to run outside one.

    `kind` and `id` name the row that changes: for an audited table its name and primary key, for
    anything else a word of the glossary. It may come before or after the change itself; only where
    rows come by the thousand (`audit_watch_rows`, migration 0027) it must come before, and `EACH`
    stands for all of them. Lock such rows first: the later entry is believed.
    """
    connection = transaction_connection()
    subject = f"enterprise:{enterprise_id}" if enterprise_id else f"{kind}:{id}"
    key = await connection.fetchval(_KEY, subject, secrets.token_bytes(32))
    if key is None:  # somebody else made it at this very moment: now it is there to be read
        key = await connection.fetchval("SELECT key FROM audit_key WHERE subject = $1", subject)
    entry_id = new_id(now)
    actor_kind, name, session, door = _who(actor)
    entry = Entry(
        id=entry_id,
        at=now,
        actor_kind=actor_kind,
        actor=name,
        session=session,
        door=door,
        request=REQUEST.get(),
        action=action,
        kind=kind,
        object_id=str(id),
        enterprise_id=enterprise_id,
        before=_committed(before, key),
        after=_committed(after, key),
        reason=_sealing(key).seal_bytes(reason.encode(), context=str(entry_id)) if reason else b"",
    )
    await connection.execute(_INSERT, *_row(entry))


async def destroy_key(subject: str, *, actor: Actor, now: datetime, reason: str) -> bool:
    """From now on no value or reason under this key can be proved or read by anybody, for good.

    Inside the caller's transaction; False when there is no such key. The erasable columns of its
    row must be empty by then: they could no longer be checked.
    """
    connection = transaction_connection()
    if not await connection.fetchval("SELECT 1 FROM audit_key WHERE subject = $1", subject):
        return False
    await note(
        "audit_key.destroy", kind="audit_key", id=subject, actor=actor, now=now, reason=reason
    )
    await connection.execute("DELETE FROM audit_key WHERE subject = $1", subject)
    return True


def commitment(key: bytes, name: str, value: object) -> str:
    """What stands in an entry instead of the value; whoever has both can prove that they match."""
    return "hmac:" + digest(key, exact([name, _exact(value)]), sha256).hex()


def opened_reason(row: Mapping[str, Any]) -> str:
    """The reason of an entry, while the key that stands beside it as `key` lives."""
    if not row["reason"] or not row["key"]:
        return ""
    return _sealing(row["key"]).open(row["reason"], context=str(row["id"]))


def _committed(given: Fields | None, key: bytes) -> dict[str, object] | None:
    if given is None:
        return None
    if not readable(given.get("state")):
        raise TypeError("a state is given as a member of its Enum, so that the log can be read")
    return {
        name: value if readable(value) else commitment(key, name, value)
        for name, value in given.items()
    }


def _exact(value: object) -> object:
    if isinstance(value, UUID | bytes):
        return value.hex() if isinstance(value, bytes) else str(value)
    if isinstance(value, Mapping):
        return {str(name): _exact(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(inner) for inner in value]
    return value


def _row(entry: Entry) -> tuple[object, ...]:
    values = {name: getattr(entry, name) for name in COLUMNS}
    data = canonical(values)
    plain = orjson.loads(data)
    for name in ("before", "after"):
        values[name] = None if plain[name] is None else orjson.dumps(plain[name]).decode()
    return (*values.values(), leaf(data))


def _sealing(key: bytes) -> Vault:
    return Vault({"audit": key}, key)


def _who(actor: Actor) -> tuple[str, str, str, str]:
    """The kind of actor, which one, a hash of the session, the door."""
    if isinstance(actor, Member):
        session = sha256(actor.session_id.bytes).digest()[:SESSION_BYTES].hex()
        return "member", str(actor.user_id), session, actor.door.value
    if isinstance(actor, Staff):
        return "staff", actor.name, "", "cli"
    if isinstance(actor, System):
        return "system", actor.job, "", ""
    return "visitor", "", "", ""
