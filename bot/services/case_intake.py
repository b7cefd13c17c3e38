"""The desk that takes cases in: what waits, accepted, sent back document by document, refused."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.domain.actors import Staff, System
from bot.domain.case_papers import PaperState
from bot.domain.cases import Action, State
from bot.domain.errors import BadInput, NotFound
from bot.services import case_materials, case_repeats, case_steps, case_views, programmes
from bot.services.case_views import Case, Summary
from models import CaseMaterial, CreditCase

AFTER_ACCEPTING = System("cases.accepted")
LONGEST = 200


async def waiting(states: Collection[State] = (State.SUBMITTED,)) -> tuple[Summary, ...]:
    """What waits in these states, the most urgent first."""
    rows = await CreditCase.filter(state__in=list(states)).order_by("due_on", "moved_at", "id")
    return tuple(case_views.summary(row) for row in rows)


async def find(text: str) -> Summary:
    """By its number, as people say it, or by its id."""
    try:
        row = await CreditCase.get_or_none(id=UUID(text))
    except ValueError:
        row = await CreditCase.get_or_none(number=text.strip().upper())
    if row is None:
        raise NotFound("没有这个编号的申报，请从 cases list 复制。")
    return case_views.summary(row)


async def show(case_id: UUID, *, now: datetime) -> Case:
    row = await CreditCase.get_or_none(id=case_id)
    if row is None:
        raise NotFound
    return await case_views.whole(row, today=case_steps.today(now))


async def of_others(case_id: UUID, *, actor: Staff) -> frozenset[UUID]:
    """Files of the case that another enterprise handed in too, for whoever judges it."""
    return await case_repeats.of_others(await CreditCase.get(id=case_id), actor=actor)


async def accept(case_id: UUID, *, actor: Staff, now: datetime) -> Summary:
    """All documents are complete: the case goes on to payment where a fee is owed, else to the
    verifiers, in the same transaction. Nothing is owed any more where charging has ended."""
    async with in_transaction():
        row = await case_steps.lock(case_id)
        await case_steps.move(row, Action.ACCEPT, actor=actor, now=now)
        for paper in await _living(case_id):
            await case_materials.change(
                paper, "accept", actor=actor, now=now,
                state=PaperState.ACCEPTED, decided_by=f"staff:{actor.name}"[:80], decided_at=now,
            )  # fmt: skip
        charged = (await programmes.in_force(row.programme)).fee.mode == "on"
        if row.owed_fen and charged:
            await case_steps.move(row, Action.AWAIT_PAYMENT, actor=AFTER_ACCEPTING, now=now)
        else:
            await case_steps.move(row, Action.VERIFY, actor=AFTER_ACCEPTING, now=now, owed_fen=0)
    return case_views.summary(row)


async def return_(
    case_id: UUID, reasons: Mapping[str, str], *, actor: Staff, now: datetime
) -> Summary:
    """Send it back with a reason for each document that has to be mended or is missing."""
    if not reasons:
        raise BadInput("请写明退回哪几项材料，各是什么原因。", field="reason")
    said = {material: words(reason) for material, reason in reasons.items()}
    async with in_transaction():
        row = await case_steps.lock(case_id)
        try:
            rules = {name: case_materials.asked_for(row, name) for name in said}
        except NotFound:
            listed = await case_views.documents(row, today=case_steps.today(now))
            names = "、".join(one.rule.id for one in listed)
            raise BadInput(f"没有这项材料；有：{names}。", field="reason") from None
        reason = "；".join(f"{rules[name].name}：{why}" for name, why in said.items())
        await case_steps.move(row, Action.RETURN, actor=actor, now=now, reason=reason, asked=said)
        for paper in await _living(case_id):
            if paper.material in said:
                await case_materials.change(
                    paper, "return", actor=actor, now=now, reason=said[paper.material],
                    state=PaperState.RETURNED,
                    decided_by=f"staff:{actor.name}"[:80], decided_at=now,
                )  # fmt: skip
    return case_views.summary(row)


async def reject(case_id: UUID, reason: str, *, actor: Staff, now: datetime) -> Summary:
    """Refuse it, with the reason that the enterprise reads."""
    said = words(reason)
    async with in_transaction():
        row = await case_steps.lock(case_id)
        await case_steps.move(row, Action.REJECT, actor=actor, now=now, reason=said)
    return case_views.summary(row)


def words(reason: str) -> str:
    """A reason that says something and is not a letter."""
    said = reason.strip()
    if not 2 <= len(said) <= LONGEST:
        raise BadInput(f"请写明原因，2 到 {LONGEST} 个字。", field="reason")
    return said


async def _living(case_id: UUID) -> list[CaseMaterial]:
    return await CaseMaterial.filter(case_id=case_id, superseded_at=None).order_by("id")
