"""The one way in which a case begins and moves: state, trail, audit and messages, or none of it."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from bot.clients.database import fetch
from bot.domain import cases as rules
from bot.domain.actors import Actor, Member
from bot.domain.cases import ENDED, TOLD, Action, State
from bot.domain.dates import in_words
from bot.domain.errors import NotFound, Stale
from bot.domain.workdays import BEIJING
from bot.services import audit, people
from bot.services.certificate_programmes import find_programme
from bot.services.office import office
from models import CaseStep, CreditCase
from models.ids import new_id


def today(now: datetime) -> date:
    return now.astimezone(BEIJING).date()


async def lock(case_id: UUID, *, enterprise_id: UUID | None = None) -> CreditCase:
    """The case, inside the caller's transaction; whoever changes it does so one after the other."""
    row = await CreditCase.filter(id=case_id).select_for_update().first()
    if row is None or enterprise_id not in (None, row.enterprise_id):
        raise NotFound
    return row


async def begin(row: CreditCase, *, actor: Actor, now: datetime) -> None:
    await row.save(force_create=True)
    await _trail(row, Action.BEGIN, None, actor=actor, now=now)


async def move(
    row: CreditCase,
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    **more: object,
) -> None:
    """Take one step of the table inside the caller's transaction.

    Raises NotNow when the table has no such step for this person, and Stale when somebody was
    faster: then nothing was written.
    """
    step = rules.step_for(row.state, action, rules.side_of(actor))
    due = rules.due_on(step.target, today(now), office().calendar)
    changes: dict[str, object] = {"state": step.target, "due_on": due, "moved_at": now} | more
    if step.target in ENDED:
        changes["ended_at"] = now
    moved = await CreditCase.filter(id=row.id, state=step.source).update(**changes)
    if not moved:
        raise Stale
    before = row.state
    row.update_from_dict(changes)
    await _trail(row, action, before, actor=actor, now=now, reason=reason)
    if action in TOLD:
        await _tell(row, action, actor=actor, now=now)


async def repeated(row: CreditCase, *actions: Action, actor: Actor, reason: str = "") -> bool:
    """Whether the last step was this very one, of a person who never got the answer."""
    last = await CaseStep.filter(case_id=row.id).order_by("-turn").first()
    if last is None or last.action not in actions:
        return False
    return (last.by, last.reason) == (people.label(actor), reason)


async def number(now: datetime) -> str:
    """The next number: SB, the year, and a serial that is never given twice."""
    rows = await fetch("SELECT nextval('credit_case_number') AS serial")
    return f"SB{today(now).year}{rows[0]['serial']:06d}"


async def _trail(
    row: CreditCase,
    action: Action,
    before: State | None,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    await CaseStep(
        id=new_id(now),
        enterprise_id=row.enterprise_id,
        case_id=row.id,
        turn=await CaseStep.filter(case_id=row.id).count() + 1,
        action=action,
        state=row.state,
        by=people.label(actor),
        reason=reason,
        due_on=row.due_on,
        at=now,
    ).save(force_create=True)
    after: Mapping[str, object] = {
        "state": row.state,
        "programme": row.programme,
        "number": row.number,
        "asked": sorted(row.asked),
    }
    await audit.note(
        f"case.{action}",
        kind="credit_case",
        id=row.id,
        actor=actor,
        now=now,
        enterprise_id=row.enterprise_id,
        before={"state": before} if before else None,
        after=after,
        reason=reason,
    )


async def _tell(row: CreditCase, action: Action, *, actor: Actor, now: datetime) -> None:
    await people.tell_holders(
        row.enterprise_id,
        "case_moved",
        {
            "company": row.name,
            "programme": find_programme(row.programme).name,
            "state": row.state.label,
            "moved_on": in_words(today(now)),
        },
        key=f"case:{row.id}:{action}:{now.timestamp():.0f}",
        now=now,
        link=f"/h5/e/{row.enterprise_id}/cases/{row.id}",
        but=actor.user_id if isinstance(actor, Member) else None,
    )
