"""Names that our fonts cannot print: found before a certificate is signed, settled by a person.

What was issued is issued, whatever a font lacks; only its paper waits. Whoever settles a name adds
a font that has the character, or says what is printed instead; no name is printed with a box in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from tortoise.transactions import in_transaction

from bot import telemetry
from bot.clients.database import fetch
from bot.domain import remarks
from bot.domain.actors import Staff
from bot.domain.documents import Unprintable
from bot.domain.errors import BadInput, NotFound, Stale
from bot.domain.papers import ORDER
from bot.services import audit, outbox
from models import RareText
from models.ids import new_id

log = structlog.get_logger()
FOUND = telemetry.counter("rare_texts", "打印字体里缺字、等人处理的名称：documents rare list")

Lacking = Callable[[str], tuple[str, ...]]
"""Which characters of a text cannot be printed, in order."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A name that a person is to look at."""

    id: UUID
    enterprise_id: UUID
    text: str
    characters: str
    found_at: datetime


async def look(texts: Sequence[tuple[UUID, str]], lacking: Lacking, *, now: datetime) -> None:
    """Note each (enterprise, name) that cannot be printed; thousands take one look at the font."""
    missing = lacking("".join({char for _, text in texts for char in text}))
    for enterprise, text in texts if missing else ():
        if own := "".join(dict.fromkeys(char for char in text if char in missing)):
            await note(enterprise, text, own, now=now)


async def note(enterprise_id: UUID, text: str, characters: str, *, now: datetime) -> None:
    """Put it on the list, once."""
    made = await fetch(
        "INSERT INTO rare_text (id, enterprise_id, text, characters, found_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (enterprise_id, text) DO NOTHING RETURNING id",
        new_id(now), enterprise_id, text, characters, now,
    )  # fmt: skip
    if made:
        points = [f"U+{ord(char):04X}" for char in characters]
        log.warning("rare_text", enterprise=str(enterprise_id), characters=points)
        FOUND.inc()


async def listed() -> list[Waiting]:
    """What waits, the oldest first."""
    rows = await RareText.filter(settled_at=None).order_by("found_at", "id")
    return [Waiting(r.id, r.enterprise_id, r.text, r.characters, r.found_at) for r in rows]


async def settle(  # what is decided, and who answers for it
    id: UUID,  # noqa: A002  # of the name
    *,
    written: str,
    lacking: Lacking,
    actor: Staff,
    why: str,
    now: datetime,
) -> str:
    """Print the name as `written`, or as it is once the fonts have it; answers the name."""
    written, why = written.strip(), remarks.reason(why)
    if len(written) > 200:  # as many as the column holds
        raise BadInput("印成的名称太长了，最多 200 个字。", field="written")
    async with in_transaction():
        row = await RareText.filter(id=id).select_for_update().first()
        if row is None:
            raise NotFound("没有这个待处理的名称。")
        if row.settled_at is not None:
            raise Stale
        if still := lacking(written or row.text):
            raise BadInput(str(Unprintable(still)), field="written")
        await RareText.filter(id=id).update(written=written, settled_at=now, settled_by=actor.name)
        await audit.note(
            "rare_text.settle",
            kind="rare_text",
            id=id,
            actor=actor,
            now=now,
            enterprise_id=row.enterprise_id,
            after={"written": written},
            reason=why,
        )
        await outbox.put(ORDER, {}, now=now)
    return row.text


async def waits(enterprise_id: UUID, *texts: str) -> bool:
    """Whether a person still has to look at one of these names."""
    return await RareText.filter(
        enterprise_id=enterprise_id, text__in=texts, settled_at=None
    ).exists()


async def written(enterprise_id: UUID) -> Mapping[str, str]:
    """What is printed instead of which name."""
    rows = await RareText.filter(enterprise_id=enterprise_id, settled_at__isnull=False)
    return {row.text: row.written for row in rows if row.written}
