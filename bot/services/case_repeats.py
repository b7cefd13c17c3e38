"""The same file again: after it was sent back, for another document, in another case."""

from collections.abc import Sequence
from uuid import UUID

from tortoise.expressions import Q

from bot.domain.actors import Staff
from bot.domain.case_papers import Finding, PaperState
from bot.services import file_upkeep
from models import CaseMaterial, CreditCase, StoredFile


async def found(
    row: CreditCase, material: str, file_id: UUID, papers: Sequence[CaseMaterial]
) -> tuple[Finding, ...]:
    """What to say of a file that is about to become part of a case; `papers`: all of the case."""
    same = await _alike(row.enterprise_id, file_id)
    ours = [one for one in papers if one.file_id in same]
    said = []
    if any(one.material == material and one.state is PaperState.RETURNED for one in ours):
        said.append(Finding.UNCHANGED)
    if any(one.material != material and one.superseded_at is None for one in ours):
        said.append(Finding.ELSEWHERE)
    others = CaseMaterial.filter(enterprise_id=row.enterprise_id, file_id__in=same)
    if await others.exclude(case_id=row.id).filter(superseded_at=None).exists():
        said.append(Finding.USED_BEFORE)
    return tuple(said)


async def of_others(row: CreditCase, *, actor: Staff) -> frozenset[UUID]:
    """The files of a case that another enterprise handed in as well: no member is told."""
    papers = await CaseMaterial.filter(case_id=row.id, superseded_at=None)
    alike = {one.file_id: await file_upkeep.twins(one.file_id, actor=actor) for one in papers}
    return frozenset(
        file
        for file, twins in alike.items()
        if any(enterprise != row.enterprise_id for enterprise, _ in twins)
    )


async def _alike(enterprise_id: UUID, file_id: UUID) -> set[UUID]:
    """The file and whatever of the enterprise's is the same paper, by its bytes or its picture."""
    one = await StoredFile.get(id=file_id)
    same = Q(original_sha256=one.original_sha256) | Q(sha256=one.sha256)
    return {row.id for row in await StoredFile.filter(same, enterprise_id=enterprise_id)}
