"""Who may apply: each condition of a programme looked at, with what to do where it is not met."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from bot.domain.cases import NotEligible
from bot.domain.commitments import State as CommitmentState
from bot.domain.workdays import BEIJING
from bot.scoring.programme import Programme
from bot.services import assessments, enterprises, memberships
from bot.services.memberships import NeedsMembership
from models import Commitment

RUNNING = frozenset({"存续", "在业", "开业", "在营"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: met or not, why, and the page where something can be done about it."""

    words: str
    met: bool
    note: str = ""
    path: str = ""


Looked = tuple[bool, str, str]
Look = Callable[[UUID, Programme, datetime], Awaitable[Looked]]


async def conditions(
    enterprise_id: UUID, programme: Programme, *, now: datetime
) -> tuple[Condition, ...]:
    """Every condition of the programme, in its own order (X41)."""
    return tuple(
        [
            Condition(words, *await LOOKS[words](enterprise_id, programme, now))
            for words in programme.conditions
        ]
    )


async def check(enterprise_id: UUID, programme: Programme, *, now: datetime) -> None:
    """Raise what is in the way, the first of it."""
    for one in await conditions(enterprise_id, programme, now=now):
        if not one.met:
            raise NotEligible(f"{one.words}：{one.note}" if one.note else None)


async def _member(enterprise_id: UUID, programme: Programme, now: datetime) -> Looked:
    """Of the programme's own association; its lapse stops new applications (X35)."""
    day = now.astimezone(BEIJING).date()
    try:
        await memberships.may_apply(enterprise_id, programme, on=day)
    except NeedsMembership as refusal:
        return False, str(refusal), ""
    return True, "", ""


async def _running(enterprise_id: UUID, _programme: Programme, _now: datetime) -> Looked:
    status = (await enterprises.look(enterprise_id)).details.status
    if not status:
        return False, "请先填写登记状态", f"/h5/e/{enterprise_id}/details"
    if status in RUNNING:
        return True, "", ""
    return False, f"现在填写的登记状态是“{status}”", f"/h5/e/{enterprise_id}/details"


async def _committed(enterprise_id: UUID, _programme: Programme, _now: datetime) -> Looked:
    public = Commitment.filter(enterprise_id=enterprise_id, state=CommitmentState.PUBLISHED)
    if await public.exists():
        return True, "", ""
    return False, "请先签署并公示信用承诺", f"/h5/e/{enterprise_id}/commitment"


async def _no_veto(enterprise_id: UUID, programme: Programme, _now: datetime) -> Looked:
    """By the last verified score; before there is one the verifiers look."""
    if programme.scheme is None:
        return True, "", ""
    last = await assessments.latest(enterprise_id, programme.scheme, basis="verified")
    if last is None:
        return True, "由协会在核实时查询", ""
    if json.loads(last.result)["vetoes"]:
        return False, "有未解除的重大失信行为，请先完成信用修复", ""
    return True, "", ""


# By the words of programmes/*.toml; a condition that nobody can look at fails the tests.
LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "协会会员": _member,
        "促进会会员": _member,
        "企业登记状态为存续": _running,
        "已签署信用承诺": _committed,
        "没有未解除的重大失信行为": _no_veto,
    }
)
