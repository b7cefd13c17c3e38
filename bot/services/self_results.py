"""What a self-assessment came to: points and levels, what holds it down, the way up, comparisons.

Private: only who acts for the enterprise reads it. It is computed again from the rules, the facts
and the day that were kept, so it says years later what it said then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from bot.domain.actors import Member
from bot.domain.errors import NotFound
from bot.scoring.burdens import Burden, burdens
from bot.scoring.canonical import plain
from bot.scoring.engine import compiled
from bot.scoring.explain import Explanation, explain
from bot.scoring.library import questionnaire, shipped_wording
from bot.scoring.questions import Questionnaire
from bot.scoring.reading import parse_json
from bot.scoring.result import LABELS, Result
from bot.scoring.unknowns import Filled, Span, filled, span
from bot.services import assessments, bindings
from bot.services.assessments import Kept
from bot.services.self_answers import refuse_odd
from models import SelfAssessment


@dataclass(frozen=True, slots=True)
class Shifted:
    """A group whose points differ between two results; points as text, exact."""

    name: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Another result of the same scheme, laid beside this one."""

    label: str  # 自评 or 核实评价
    made_at: datetime
    total: str | None
    level: str | None
    difference: str  # with its sign; empty where one of the two has no total
    other_rules: bool  # scored under another version
    groups: tuple[Shifted, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A result with everything that a member is told about it."""

    kept: Kept
    enterprise: str
    asked: Questionnaire
    result: Result
    explanation: Explanation
    span: Span | None
    filled: tuple[Filled, ...]
    burdens: tuple[Burden, ...]
    answered: int  # questions, unsure ones included
    unsure: int
    last: Compared | None
    verified: Compared | None

    @property
    def share(self) -> int:
        """Of all questions, so many percent are answered with something."""
        return 100 * (self.answered - self.unsure) // len(self.asked) if len(self.asked) else 0


async def told(
    enterprise_id: UUID, scheme: str, assessment_id: UUID, *, actor: Member, now: datetime
) -> Told:
    """One self-assessment of this enterprise in this scheme."""
    bound = await bindings.require(actor, enterprise_id, now=now)
    row = await SelfAssessment.get_or_none(assessment_id=assessment_id, enterprise_id=enterprise_id)
    if row is None:
        raise NotFound
    kept = await assessments.kept(assessment_id)
    if kept.scheme != scheme:
        raise NotFound
    result = await assessments.again(kept)
    functions = compiled(result.pack)
    before = await assessments.latest(enterprise_id, scheme, basis="self", before=kept.made_at)
    verified = await assessments.latest(enterprise_id, scheme, basis="verified")
    return Told(
        kept=kept,
        enterprise=bound.name,
        asked=questionnaire(result.pack),
        result=result,
        explanation=explain(result, shipped_wording()),
        span=span(functions, result),
        filled=filled(functions, result),
        burdens=burdens(functions, result),
        answered=row.answered,
        unsure=row.unsure,
        last=None if before is None else _compared(before, kept),
        verified=None if verified is None else _compared(verified, kept),
    )


async def history(
    enterprise_id: UUID, scheme: str, *, actor: Member, now: datetime, most: int = 20
) -> list[Kept]:
    """The self-assessments of a scheme, the newest first."""
    await bindings.require(actor, enterprise_id, now=now)
    refuse_odd(scheme)
    return await assessments.newest(enterprise_id, scheme, basis="self", most=most)


def _compared(other: Kept, this: Kept) -> Compared:
    then, now = (parse_json(kept.result.decode(), "") for kept in (other, this))
    difference = ""
    if other.total is not None and this.total is not None:
        difference = _signed(this.total - other.total)
    before: Mapping[str, Any] = {group["id"]: group for group in then["groups"]}
    groups = tuple(
        Shifted(group["name"], _text(before[group["id"]]["points"]), _text(group["points"]))
        for group in now["groups"]
        if group["id"] in before and before[group["id"]]["points"] != group["points"]
    )
    return Compared(
        label=LABELS[other.basis],
        made_at=other.made_at,
        total=None if other.total is None else plain(other.total),
        level=then["level"],
        difference=difference,
        other_rules=other.sha256 != this.sha256,
        groups=groups,
    )


def _text(points: Decimal | int) -> str:
    return plain(Decimal(points))


def _signed(change: Decimal) -> str:
    text = plain(change)
    return f"+{text}" if change > 0 else text.replace("-", "−")
