"""The papers of a claim: handed in by the claimant, hidden from the holders."""

from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from bot.clients.database import everything
from bot.domain.actors import Member, System
from bot.domain.errors import BadInput
from bot.services import claims, files
from bot.services.cabinet import Cabinet
from bot.services.files import Kept, Spooled

KEEPER = System("bindings.papers")
WHY = "a claimant hands in papers for an enterprise that is not theirs yet"
KINDS = MappingProxyType({"licence": "claim_licence", "letter": "claim_letter"})


async def keep(
    binding_id: UUID, which: str, upload: Spooled, *, actor: Member, now: datetime, cabinet: Cabinet
) -> Kept:
    """Keep the licence or the letter of authority of a claim; a later one takes its place."""
    if which not in KINDS:
        raise BadInput("请先选择材料的种类。", field="kind")
    binding = await claims.own(binding_id, actor=actor)
    async with everything(WHY):
        kept = await files.keep(
            upload,
            kind=KINDS[which],
            enterprise_id=binding.enterprise_id,  # type: ignore[attr-defined]
            actor=KEEPER,
            now=now,
            cabinet=cabinet,
        )
    await claims.attach(binding_id, **{which: kept.id}, actor=actor, now=now)
    return kept


async def handed_in(binding_id: UUID, *, actor: Member) -> tuple[bool, bool]:
    """Whether the licence and the letter are there."""
    binding = await claims.own(binding_id, actor=actor)
    return binding.licence_file is not None, binding.letter_file is not None
