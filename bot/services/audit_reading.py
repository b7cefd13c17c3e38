"""Reading the audit log: its entries by object, enterprise or actor, and its last signed head."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from bot.clients.database import fetch
from bot.domain.audit import Head
from bot.services.audit import opened_reason

# Of an object, also what stands for many; of an enterprise too, where it is about certificates.
_LINES = """
SELECT e.*, l.leaf, k.key FROM audit_entry e
LEFT JOIN audit_leaf l ON l.entry_id = e.id
LEFT JOIN audit_key k ON k.subject = coalesce('enterprise:' || e.enterprise_id::text,
    e.kind || ':' || e.object_id)
WHERE ($1 = '' OR e.object_id = $1 OR e.id = ANY (ARRAY(
        SELECT entry_id FROM audit_part WHERE object_id = $1)))
    AND ($2::uuid IS NULL OR e.enterprise_id = $2 OR e.id = ANY (ARRAY(
        SELECT a.entry_id FROM audit_part a JOIN certificate c ON c.id::text = a.object_id
        WHERE c.enterprise_id = $2)))
    AND ($3 = '' OR e.actor = $3)
ORDER BY e.number DESC LIMIT $4
"""
HIDDEN = "●"  # a value that stands in the log as a keyed hash


@dataclass(frozen=True, slots=True)
class Line:
    """One entry for people."""

    leaf: int | None
    at: datetime
    actor: str
    action: str
    kind: str
    object_id: str
    changes: str
    reason: str


async def lines(
    *, object_id: str = "", enterprise_id: UUID | None = None, actor: str = "", limit: int = 100
) -> list[Line]:
    """The latest entries first; each filter that is given must fit."""
    rows = await fetch(_LINES, object_id, enterprise_id, actor, limit)
    return [
        Line(
            row["leaf"], row["at"], row["actor"], row["action"], row["kind"], row["object_id"],
            _changes(row["before"], row["after"]), opened_reason(row),
        )
        for row in rows
    ]  # fmt: skip


async def last_head() -> Head | None:
    """How many entries the last signed head covers, their root, and the signature."""
    rows = await fetch(
        "SELECT size, root, previous, at, key_id, signature FROM audit_head"
        " ORDER BY size DESC LIMIT 1"
    )
    return Head(**rows[0]) if rows else None


def _changes(before: str | None, after: str | None) -> str:
    """Such as `state open→shut, phone ●→●`: equal hashes mean that the value stayed."""
    old, new = (orjson.loads(text) if text else {} for text in (before, after))
    return ", ".join(_change(name, old, new) for name in dict.fromkeys((*old, *new)))


def _change(name: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    was, now = _shown(old.get(name)), _shown(new.get(name))
    if old.get(name) == new.get(name):
        return f"{name} {now}（不变）"
    return f"{name} {was}→{now}" if name in old else f"{name} {now}"


def _shown(value: object) -> str:
    text = "" if value is None else str(value)
    return HIDDEN if text.startswith("hmac:") else text
