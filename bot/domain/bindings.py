"""Bindings: who may act for an enterprise, how that begins, goes on and ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

LIVES = timedelta(days=365)  # then the person renews it by one tap
RENEW_BEFORE = timedelta(days=30)
RENEW_AFTER = timedelta(days=30)  # reading stops on the day; the place is held a little longer
FRESH = timedelta(hours=72)  # in which a newly won binding neither exports nor pays out
AWAY = timedelta(days=180)  # without a sign of life: what is told of the enterprise goes to others
INVITED_FOR = timedelta(days=3)
MOST_OPEN_CLAIMS = 5  # of one person, that wait for somebody
MOST_CLAIMS_A_DAY = 10  # of one person: by papers, and each that alarms the holders
MOST_HOLDERS = 20  # of one enterprise
REMIND_DAYS_BEFORE = (30, 7)


class Role(StrEnum):
    """Migrations and tables import these classes: they never move."""

    LEGAL = "legal"
    AGENT = "agent"

    @property
    def label(self) -> str:
        return ROLE_LABELS[self]

    def covers(self, wanted: "Role | None") -> bool:
        """Whether this role may do what asks for that one."""
        return wanted is None or self is wanted or self is Role.LEGAL


class State(StrEnum):
    REQUESTED = "requested"  # staff act next
    DISPUTED = "disputed"  # somebody holds the enterprise already: they or staff act next
    ACTIVE = "active"
    SUSPENDED = "suspended"  # a phone was lost: a colleague or the staff say who its owner is
    REJECTED = "rejected"
    REVOKED = "revoked"
    EXPIRED = "expired"

    @property
    def label(self) -> str:
        return STATE_LABELS[self]


class How(StrEnum):
    """By what somebody was believed."""

    ROSTER = "roster"
    PAPERS = "papers"
    INVITATION = "invitation"

    @property
    def label(self) -> str:
        return HOW_LABELS[self]


ROLE_LABELS: Mapping[Role, str] = MappingProxyType({Role.LEGAL: "法定代表人", Role.AGENT: "经办人"})
STATE_LABELS: Mapping[State, str] = MappingProxyType(
    {
        State.REQUESTED: "等待审核",
        State.DISPUTED: "有争议，等待核实",
        State.ACTIVE: "有效",
        State.SUSPENDED: "已暂停",
        State.REJECTED: "未通过",
        State.REVOKED: "已解除",
        State.EXPIRED: "已过期",
    }
)
HOW_LABELS: Mapping[How, str] = MappingProxyType(
    {How.ROSTER: "手机号与会员名册一致", How.PAPERS: "审核证明材料", How.INVITATION: "同事邀请"}
)

WAITING = frozenset({State.REQUESTED, State.DISPUTED})
HOLDING = frozenset({State.ACTIVE, State.SUSPENDED})
OPEN = WAITING | HOLDING


@dataclass(frozen=True, slots=True)
class Step:
    action: str
    sources: frozenset[State]
    target: State


# Who may do what stands with the functions of bot/services/bindings.py and its neighbours.
STEPS: Mapping[str, Step] = MappingProxyType(
    {
        step.action: step
        for step in (
            Step("dispute", frozenset({State.REQUESTED}), State.DISPUTED),
            Step("vouch", WAITING, State.ACTIVE),
            Step("approve", WAITING | {State.SUSPENDED}, State.ACTIVE),
            Step("reject", WAITING, State.REJECTED),
            Step("confirm", frozenset({State.DISPUTED}), State.ACTIVE),
            Step("join", WAITING | {State.SUSPENDED}, State.ACTIVE),
            Step("withdraw", WAITING, State.REVOKED),
            Step("renew", frozenset({State.ACTIVE}), State.ACTIVE),
            Step("question", frozenset({State.ACTIVE}), State.ACTIVE),
            Step("uphold", frozenset({State.ACTIVE}), State.ACTIVE),
            Step("suspend", frozenset({State.ACTIVE}), State.SUSPENDED),
            Step("reclaim", frozenset({State.SUSPENDED}), State.ACTIVE),
            Step("leave", HOLDING, State.REVOKED),
            Step("remove", HOLDING, State.REVOKED),
            Step("replace", HOLDING, State.REVOKED),
            Step("expire", HOLDING, State.EXPIRED),
        )
    }
)
ACTION_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "claim": "申请绑定",
        "recast": "改为申请这个身份",
        "join": "接受邀请，成为联系人",
        "vouch": "手机号与会员名册一致，生效",
        "dispute": "另有他人绑定，转为争议",
        "approve": "审核通过",
        "reject": "审核未通过",
        "confirm": "由现有联系人确认",
        "withdraw": "撤回申请",
        "renew": "续期",
        "question": "登记的法定代表人已变更，改按经办人办理，等待确认",
        "uphold": "核实后恢复法定代表人身份",
        "suspend": "暂停（手机丢失）",
        "reclaim": "重新确认身份，恢复",
        "leave": "本人退出",
        "remove": "被解除",
        "replace": "由新的联系人接替",
        "expire": "到期未续，失效",
    }
)


def may_remove(mine: Role, theirs: Role) -> bool:
    """A holder removes those of a lower role; equals are for the staff to decide."""
    return mine is Role.LEGAL and theirs is Role.AGENT


def renewable(expires_at: datetime, *, now: datetime) -> bool:
    return expires_at - RENEW_BEFORE <= now < expires_at + RENEW_AFTER
