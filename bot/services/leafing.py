"""Papers before the eyes of the staff: page by page as pictures, each opening written down."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from bot.domain import remarks
from bot.domain.actors import Staff
from bot.domain.errors import NotFound
from bot.domain.files import KINDS
from bot.services import case_intake, consents, file_upkeep, files
from bot.services.cabinet import Cabinet
from bot.services.consents import NoConsent
from bot.services.files import Opened
from models import Binding, StoredFile


async def pages(
    file_id: UUID, *, actor: Staff, why: str, now: datetime, cabinet: Cabinet
) -> AsyncIterator[Opened]:
    """Every page of a paper as a picture, also of a PDF, which itself never comes to a desk.

    Pages that the job has not drawn yet are drawn now.
    """
    remarks.name(actor.name)
    words = remarks.reason(why, what="查看的原因", field="why")
    row = await files.found(file_id, actor=actor, now=now)
    await _still_agreed(row)
    await file_upkeep.draw({"file": str(file_id)}, now, cabinet=cabinet)
    for page in range(1, row.pages + 1):
        yield await files.opened(
            file_id, actor=actor, why=words, now=now, cabinet=cabinet, page=page
        )


async def of_case(case_id: UUID, *, now: datetime) -> tuple[UUID, ...]:
    """The papers that lie in a case now, in the order of its documents."""
    found = await case_intake.show(case_id, now=now)
    return tuple(paper.file_id for one in found.documents for paper in one.papers)


async def of_claim(binding_id: UUID) -> tuple[UUID, ...]:
    """The licence and the letter of authority of a claim, as far as they are there."""
    binding = await Binding.get_or_none(id=binding_id)
    if binding is None:
        raise NotFound("没有这个编号的绑定申请。")
    return tuple(file for file in (binding.licence_file, binding.letter_file) if file is not None)


async def _still_agreed(row: StoredFile) -> None:
    """What needs a consent of its own is seen as long as whoever handed it in stands by it."""
    purpose = KINDS[row.kind].purpose if row.kind in KINDS else None
    if purpose is None or row.actor_kind != "member":
        return
    if not await consents.stands(purpose, UUID(row.actor)):
        raise NoConsent("提交的人没有同意这样使用，或者撤回了同意，请联系企业。")
