"""Audit entries for thousands of new rows at once: the same entries, written by COPY.

What is new about each row stands in the row itself, whose hash goes with the entry; so the entries
differ in nothing but their ids, and are written from one pattern.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bot.clients.database import transaction_connection
from bot.domain.actors import Actor
from bot.domain.audit import canonical, leaf
from bot.services import audit
from bot.telemetry import REQUEST
from models.ids import new_ids

_ENTRY, _OBJECT, _ENTERPRISE = (UUID(int=(1 << 128) - number) for number in (1, 2, 3))


async def note_new(
    action: str, rows: Sequence[tuple[UUID, UUID]], *, kind: str, actor: Actor, now: datetime
) -> None:
    """One entry for each (row, enterprise), inside the caller's transaction and before the rows."""
    pattern = audit.Entry(
        _ENTRY, now, *audit._who(actor), REQUEST.get(), action, kind, str(_OBJECT), _ENTERPRISE,  # noqa: SLF001  # the two modules are one, in two files
        None, None, b"",
    )  # fmt: skip
    columns = audit.COLUMNS
    same = [getattr(pattern, name) for name in columns]
    head, middles = _cut(canonical(dict(zip(columns, same, strict=True))).decode())
    places = [columns.index(name) for name in ("id", "object_id", "enterprise_id")]
    records = []
    for entry, (row, enterprise) in zip(new_ids(now, len(rows)), rows, strict=True):
        own = {_ENTRY: str(entry), _OBJECT: str(row), _ENTERPRISE: str(enterprise)}
        text = head + "".join(own[which] + rest for which, rest in middles)
        values = [*same, leaf(text.encode())]
        for place, value in zip(places, (entry, own[_OBJECT], enterprise), strict=True):
            values[place] = value
        records.append(tuple(values))
    await transaction_connection().copy_records_to_table(
        "audit_entry", columns=(*columns, "written"), records=records
    )


def _cut(text: str) -> tuple[str, list[tuple[UUID, str]]]:
    """The text before the first id, and each id with what follows it."""
    found = sorted((text.index(str(which)), which) for which in (_ENTRY, _OBJECT, _ENTERPRISE))
    ends = [place for place, _ in found[1:]] + [len(text)]
    middles = [
        (which, text[place + 36 : end]) for (place, which), end in zip(found, ends, strict=True)
    ]
    return text[: found[0][0]], middles
