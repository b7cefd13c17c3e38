"""Who opened which paper: what the enterprise may read at any time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.domain.actors import Actor, Member
from bot.domain.files import CLAIM_KINDS
from bot.services import files
from models import FileOpening


@dataclass(frozen=True, slots=True)
class Opening:
    """Who was given what to see, why, when; for the enterprise whose paper it is."""

    file_id: UUID
    file_name: str
    page: int
    by: str
    why: str
    at: datetime


async def listed(
    enterprise_id: UUID, *, actor: Actor, now: datetime, limit: int = 200
) -> tuple[Opening, ...]:
    """Who opened which paper of an enterprise, the latest first."""
    await files.let_in(actor, enterprise_id, now=now)
    rows = (
        await FileOpening.filter(enterprise_id=enterprise_id)
        .exclude(file__kind__in=list(CLAIM_KINDS) if isinstance(actor, Member) else [])
        .order_by("-id")
        .limit(limit)
        .prefetch_related("file")
    )
    return tuple(
        Opening(row.file_id, row.file.name, row.page, _shown(row, actor), row.why, row.at)
        for row in rows
    )


def _shown(row: FileOpening, actor: Actor) -> str:
    """Who it was in words; a colleague's number says nothing to a person."""
    if row.actor_kind == "staff":
        return f"协会工作人员 {row.actor}"
    if row.actor_kind == "system":
        return "系统"
    mine = isinstance(actor, Member) and row.actor == str(actor.user_id)
    return "我" if mine else "本企业人员"
