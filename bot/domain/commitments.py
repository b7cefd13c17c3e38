"""Commitments: how one moves, by what it is signed, and what is still missing from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.domain.errors import DomainError

LINK_LIVES = timedelta(days=3)
RESIGN_WITHIN = timedelta(days=30)  # after the legal representative changed
RESIGN_LADDER = tuple(timedelta(days=days) for days in (0, 15, 23, 29))  # when that is told


class State(StrEnum):
    """Migrations and tables name them: they never change."""

    PREPARED = "prepared"  # being signed and sealed
    AWAITING_PAYMENT = "awaiting_payment"
    PUBLISHED = "published"
    ABANDONED = "abandoned"  # given up before anybody could see it
    REPLACED = "replaced"  # by a later one of the same enterprise
    WITHDRAWN = "withdrawn"  # by the enterprise
    TAKEN_DOWN = "taken_down"  # by the association

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS: Mapping[State, str] = MappingProxyType(
    {
        State.PREPARED: "签署中",
        State.AWAITING_PAYMENT: "待缴费",
        State.PUBLISHED: "已公示",
        State.ABANDONED: "已放弃",
        State.REPLACED: "已由新的承诺替换",
        State.WITHDRAWN: "企业已撤回",
        State.TAKEN_DOWN: "协会已撤下",
    }
)


class How(StrEnum):
    """By what the legal representative signed."""

    OWN_PHONE = "own_phone"
    LINK = "link"
    LETTER = "letter"  # printed, signed and stamped on paper, photographed


HOW_LABELS: Mapping[How, str] = MappingProxyType(
    {
        How.OWN_PHONE: "法定代表人在本人手机上签字",
        How.LINK: "法定代表人通过一次性链接签字",
        How.LETTER: "法定代表人在纸质承诺书上签字并加盖公章",
    }
)


class Missing(StrEnum):
    """What still has to be done before the public may see it, in the order of the page."""

    SIGNATURE = "signature"
    SEAL = "seal"


@dataclass(frozen=True, slots=True)
class Step:
    sources: frozenset[State]
    target: State


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "await_payment": Step(frozenset({State.PREPARED}), State.AWAITING_PAYMENT),
        "publish": Step(frozenset({State.PREPARED, State.AWAITING_PAYMENT}), State.PUBLISHED),
        "abandon": Step(frozenset({State.PREPARED, State.AWAITING_PAYMENT}), State.ABANDONED),
        "replace": Step(frozenset({State.PUBLISHED}), State.REPLACED),
        "withdraw": Step(frozenset({State.PUBLISHED}), State.WITHDRAWN),
        "take_down": Step(frozenset({State.PUBLISHED}), State.TAKEN_DOWN),
    }
)
OPEN = frozenset({State.PREPARED, State.AWAITING_PAYMENT})


class NoSuchStep(DomainError):
    code = "commitment_state"
    message = "这份承诺书现在的状态不能做这项操作，请刷新后查看。"


class LinkOver(DomainError):
    """Used, too old, taken back, or never made: who holds the link is told no more."""

    code = "signing_link_over"
    message = "这个签字链接已经用过或者过期了，请联系经办人重新转发一个。"


def step(action: str, state: State) -> State:
    """The state that this action leads to, or NoSuchStep."""
    found = STEPS[action]
    if state not in found.sources:
        raise NoSuchStep
    return found.target


def missing(*, signed: bool, sealed: bool, how: How | None) -> tuple[Missing, ...]:
    """What is not done yet; a stamped letter is signature and seal in one."""
    if how is How.LETTER:
        return ()
    needed = ((Missing.SIGNATURE, signed), (Missing.SEAL, sealed))
    return tuple(what for what, there in needed if not there)
