"""Cases: the one table of how an application moves, who may move it, and by when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.domain.actors import Actor, Member, Staff, System
from bot.domain.errors import DomainError
from bot.domain.workdays import Calendar


class State(StrEnum):
    """Migrations and tests name them: they never change."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    AWAITING_PAYMENT = "awaiting_payment"
    VERIFYING = "verifying"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return LABELS[self]


class By(StrEnum):
    """Who takes a step, or whose turn it is."""

    MEMBER = "member"
    INTAKE = "intake"
    SYSTEM = "system"
    VERIFIER = "verifier"


# Two to five signs each: WeChat's templates take no more.
LABELS: Mapping[State, str] = MappingProxyType(
    {
        State.DRAFT: "准备材料",
        State.SUBMITTED: "待受理",
        State.RETURNED: "待补正",
        State.ACCEPTED: "已受理",
        State.AWAITING_PAYMENT: "待缴费",
        State.VERIFYING: "核实中",
        State.REJECTED: "不予受理",
        State.WITHDRAWN: "已撤回",
    }
)
ENDED = frozenset({State.REJECTED, State.WITHDRAWN})
EDITABLE = frozenset({State.DRAFT, State.RETURNED})
"""The member adds and removes documents."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is expected to act in a state, and within how many working days."""

    by: By
    owner: str
    working_days: int | None = None


# The days are those of shared/design/requirements.md, part D: completeness, fixing, verification.
TURNS: Mapping[State, Turn] = MappingProxyType(
    {
        State.DRAFT: Turn(By.MEMBER, "由您办理"),
        State.SUBMITTED: Turn(By.INTAKE, "由协会受理人员检查", 1),
        State.RETURNED: Turn(By.MEMBER, "由您办理", 5),
        State.ACCEPTED: Turn(By.SYSTEM, "自动转到下一步"),
        State.AWAITING_PAYMENT: Turn(By.MEMBER, "由您办理"),
        State.VERIFYING: Turn(By.VERIFIER, "由协会核实人员办理", 4),
    }
)


class Action(StrEnum):
    BEGIN = "begin"
    SUBMIT = "submit"
    RESUBMIT = "resubmit"
    ACCEPT = "accept"
    RETURN = "return"
    REJECT = "reject"
    AWAIT_PAYMENT = "await_payment"
    PAID = "paid"
    VERIFY = "verify"
    WITHDRAW = "withdraw"

    @property
    def label(self) -> str:
        return ACTION_LABELS[self]


ACTION_LABELS: Mapping[Action, str] = MappingProxyType(
    {
        Action.BEGIN: "开始申报",
        Action.SUBMIT: "提交申报",
        Action.RESUBMIT: "补正后再次提交",
        Action.ACCEPT: "受理",
        Action.RETURN: "退回补正",
        Action.REJECT: "不予受理",
        Action.AWAIT_PAYMENT: "等待缴费",
        Action.PAID: "已缴费，开始核实",
        Action.VERIFY: "开始核实",
        Action.WITHDRAW: "撤回申报",
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    action: Action
    source: State
    target: State
    by: By


STEPS = (
    Step(Action.SUBMIT, State.DRAFT, State.SUBMITTED, By.MEMBER),
    Step(Action.RETURN, State.SUBMITTED, State.RETURNED, By.INTAKE),
    Step(Action.RESUBMIT, State.RETURNED, State.SUBMITTED, By.MEMBER),
    Step(Action.ACCEPT, State.SUBMITTED, State.ACCEPTED, By.INTAKE),
    Step(Action.REJECT, State.SUBMITTED, State.REJECTED, By.INTAKE),
    Step(Action.AWAIT_PAYMENT, State.ACCEPTED, State.AWAITING_PAYMENT, By.SYSTEM),
    Step(Action.VERIFY, State.ACCEPTED, State.VERIFYING, By.SYSTEM),
    Step(Action.PAID, State.AWAITING_PAYMENT, State.VERIFYING, By.SYSTEM),
    *(
        Step(Action.WITHDRAW, before, State.WITHDRAWN, By.MEMBER)
        for before in (
            State.DRAFT,
            State.SUBMITTED,
            State.RETURNED,
            State.ACCEPTED,
            State.AWAITING_PAYMENT,
            State.VERIFYING,
        )
    ),
)
# Of these the enterprise's people hear; the others follow at once from what they hear of.
TOLD = frozenset(
    {
        Action.SUBMIT,
        Action.RESUBMIT,
        Action.RETURN,
        Action.ACCEPT,
        Action.REJECT,
        Action.AWAIT_PAYMENT,
        Action.WITHDRAW,
    }
)


class NotNow(DomainError):
    """The table has no such step from where the case is, or not for this person."""

    code = "case_state"
    message = "这项申报现在的状态不能做这项操作，请刷新后查看最新进度。"


class Incomplete(DomainError):
    """Documents are still missing, or have to be mended."""

    code = "case_incomplete"
    message = "还有材料没有准备好，请补齐后再提交。"


class NotEligible(DomainError):
    """A condition of the programme is not met."""

    code = "case_not_eligible"
    message = "现在还不符合申报条件，请先办理页面上列出的事项。"


def side_of(actor: Actor) -> By | None:
    """On which side of the desk somebody acts; a visitor on neither."""
    if isinstance(actor, Member):
        return By.MEMBER
    if isinstance(actor, Staff):
        return By.INTAKE
    return By.SYSTEM if isinstance(actor, System) else None


def step_for(state: State, action: Action, by: By | None) -> Step:
    """The step that this person may take from here, or NotNow."""
    for step in STEPS:
        if (step.source, step.action, step.by) == (state, action, by):
            return step
    raise NotNow


def due_on(state: State, today: date, calendar: Calendar) -> date | None:
    """By when somebody acts; None without a limit, or where that year is not announced yet."""
    turn = TURNS.get(state)
    if turn is None or turn.working_days is None:
        return None
    return calendar.add(today, turn.working_days)


def left(due: date | None, today: date) -> str:
    """How long there is, for a button or a tag; "" without a limit."""
    if due is None:
        return ""
    days = (due - today) // timedelta(days=1)
    if days < 0:
        return f"已超过 {-days} 天"
    return f"剩 {days} 天" if days else "今天截止"
