"""Certificates: how they are numbered, how long they last, which states they take and why."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from bot.domain import remarks
from bot.domain.dates import window_ends, years_before
from bot.domain.errors import BadInput, DomainError

BEIJING = ZoneInfo("Asia/Shanghai")
NUMBER = re.compile(r"[0-9]{4}[A-Z]{3}[A-Z0-9]{3}[0-9]{5,7}")
CREDIT_CODE = re.compile(r"[0-9A-HJ-NP-RT-UW-Y]{18}")
LONGEST_NAME = 200  # as a token counts: a rare character outside the first plane is two
_LEVEL = re.compile(r"([A-Z])\1{0,2}\+?")
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,200}")
_FILLER = "X"


class State(StrEnum):
    """As it stands in the register, or as it follows from the dates; migrations name it."""

    __hash__ = str.__hash__  # see Outcome
    ACTIVE = "active"
    DUE = "due"  # the annual review is due, the days of grace run: never stored
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"  # by its date: never stored
    UNTRUSTED = "untrusted"  # recorded when its key was no longer ours: never stored


LIVING = frozenset({State.ACTIVE, State.SUSPENDED})
FINAL = frozenset({State.WITHDRAWN, State.REVOKED, State.SUPERSEDED})
USABLE = frozenset({State.ACTIVE, State.DUE})
"""May be shown to others; what is due says so."""

WORDS: Mapping[State, str] = MappingProxyType(
    {
        State.ACTIVE: "有效",
        State.DUE: "年审到期",
        State.SUSPENDED: "已暂停",
        State.WITHDRAWN: "已注销",
        State.REVOKED: "已撤销",
        State.SUPERSEDED: "已被替换",
        State.EXPIRED: "已过期",
        State.UNTRUSTED: "签名已经失效",
    }
)
"""What each state is called, on every page, in the chat, in messages and at the command line."""


class Reason(StrEnum):
    """Why a state changed: the class that everybody may read; the words of a person stay inside."""

    REVIEW_MISSED = "review_missed"
    LICENCE = "licence"
    UNDER_CHECK = "under_check"
    ON_REQUEST = "on_request"
    FALSE_MATERIAL = "false_material"
    DISHONESTY = "dishonesty"
    MISUSE = "misuse"
    OUR_ERROR = "our_error"
    DISSOLVED = "dissolved"
    COMMITMENT_ENDED = "commitment_ended"
    RENAMED = "renamed"
    CLEARED = "cleared"
    RENEWED = "renewed"


REASON_WORDS: Mapping[str, str] = MappingProxyType(
    {
        Reason.REVIEW_MISSED: "没有按时完成年审",
        Reason.LICENCE: "企业登记状态异常",
        Reason.UNDER_CHECK: "正在核查",
        Reason.ON_REQUEST: "企业申请",
        Reason.FALSE_MATERIAL: "申报材料不实",
        Reason.DISHONESTY: "发生严重失信行为",
        Reason.MISUSE: "冒用或转借证书",
        Reason.OUR_ERROR: "签发有误",
        Reason.DISSOLVED: "企业已注销",
        Reason.COMMITMENT_ENDED: "信用承诺已终止",
        Reason.RENAMED: "企业更名",
        Reason.CLEARED: "核查完毕",
        Reason.RENEWED: "换发新证",
    }
)


class Action(StrEnum):
    SUSPEND = "suspend"
    RESUME = "resume"
    REVIEW = "review"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    SUPERSEDE = "supersede"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table: from which states, to which, for which reasons, by how many people."""

    sources: frozenset[State]
    target: State
    reasons: frozenset[Reason]
    four_eyes: bool


STEPS: Mapping[Action, Step] = MappingProxyType(
    {
        Action.SUSPEND: Step(
            frozenset({State.ACTIVE}),
            State.SUSPENDED,
            frozenset(
                {Reason.REVIEW_MISSED, Reason.LICENCE, Reason.UNDER_CHECK, Reason.ON_REQUEST}
            ),
            four_eyes=True,
        ),
        Action.RESUME: Step(
            frozenset({State.SUSPENDED}),
            State.ACTIVE,
            frozenset({Reason.CLEARED, Reason.ON_REQUEST, Reason.OUR_ERROR}),
            four_eyes=True,
        ),
        Action.REVIEW: Step(LIVING, State.ACTIVE, frozenset(), four_eyes=False),
        Action.WITHDRAW: Step(
            LIVING,
            State.WITHDRAWN,
            frozenset(
                {
                    Reason.REVIEW_MISSED,
                    Reason.LICENCE,
                    Reason.ON_REQUEST,
                    Reason.DISSOLVED,
                    Reason.COMMITMENT_ENDED,
                }
            ),
            four_eyes=True,
        ),
        Action.REVOKE: Step(
            LIVING,
            State.REVOKED,
            frozenset({Reason.FALSE_MATERIAL, Reason.DISHONESTY, Reason.MISUSE, Reason.OUR_ERROR}),
            four_eyes=True,
        ),
        Action.SUPERSEDE: Step(
            LIVING,
            State.SUPERSEDED,
            frozenset({Reason.RENAMED, Reason.RENEWED, Reason.OUR_ERROR}),
            four_eyes=False,  # it follows from issuing the new one, which has its own basis
        ),
    }
)


class NotDecided(DomainError):
    """The issuer found no decision, no published commitment and no two people behind a request."""

    code = "not_decided"
    message = "没有找到可以据以签发证书的决定，不能签发。"


class NoSuchStep(DomainError):
    """The state of the certificate does not allow what was asked."""

    code = "certificate_state"
    message = "证书现在的状态不能做这项操作。"


class NeedsTwo(DomainError):
    """Four eyes: the second name is missing, or it is the first one again."""

    code = "needs_two"
    message = "这项操作需要两位不同的工作人员：经办人（by）和复核人（second）。"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the state of a certificate follows from."""

    state: State
    valid_to: date
    review_due: date | None
    """The anniversary by which the next review must be passed; None when none is left."""
    grace_days: int = 0
    withdrawn_after_days: int = 0


def today(now: datetime) -> date:
    return now.astimezone(BEIJING).date()


def last_valid_day(valid_from: date, years: int) -> date:
    """The day before the anniversary; it counts to its end, in Beijing."""
    return window_ends(valid_from, years) - timedelta(days=1)


def first_review(valid_from: date, valid_to: date) -> date | None:
    """The first anniversary. Three years from 29 February end before a 1 March, so that counting
    back comes to the very next day: that one is none."""
    return next_review(valid_to, after=valid_from + timedelta(days=1))


def next_review(valid_to: date, *, after: date) -> date | None:
    """The first anniversary inside the validity that lies after a day; None when there is none.

    Counted back from the end, which a new certificate under a new name keeps, not from its start.
    """
    end, found = valid_to + timedelta(days=1), None
    for years in range(1, valid_to.year - after.year + 1):
        anniversary = years_before(end, years)
        if anniversary <= after:
            break
        found = anniversary
    return found


def effective(facts: Facts, on: date) -> State:
    """The state on a day: what was decided, then the end of validity, then a missed review."""
    if facts.state in FINAL:
        return facts.state
    if on > facts.valid_to:
        return State.EXPIRED
    lapsed = lapse(facts, on)
    if lapsed is State.WITHDRAWN or facts.state is State.ACTIVE:
        return lapsed
    return State.SUSPENDED


def lapse(facts: Facts, on: date) -> State:
    """What a review that did not come makes of an active certificate."""
    if facts.review_due is None or on < facts.review_due:
        return State.ACTIVE
    overdue = (on - facts.review_due).days
    if overdue < facts.grace_days:
        return State.DUE
    return State.SUSPENDED if overdue < facts.withdrawn_after_days else State.WITHDRAWN


def allow(action: Action, state: State, reason: Reason | None) -> Step:
    """Return the row of the table, or say what stands against it."""
    step = STEPS[action]
    if state not in step.sources:
        raise NoSuchStep
    if step.reasons and reason not in step.reasons:
        allowed = "、".join(f"{one}（{REASON_WORDS[one]}）" for one in sorted(step.reasons))
        raise BadInput(f"原因类别不对，可以是：{allowed}。", field="reason_class")
    return step


def two_people(by: str, second: str) -> None:
    """Refuse unless two different names were given."""
    if not person(by) or not person(second) or person(by) == person(second):
        raise NeedsTwo
    remarks.name(by)
    remarks.name(second, field="second")


def person(name: str) -> str:
    """A name as it is compared: no blanks, no widths, no case."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def level_code(level: str | None) -> str:
    """The three characters that stand for a level in a number: AAX for AA, A2P for AA+."""
    if not level:
        return ""
    if not _LEVEL.fullmatch(level):
        raise BadInput("这个等级不能写进证书编号。", field="level")
    if level.endswith("+"):
        return f"{level[0]}{len(level) - 1}P"
    return level.ljust(3, _FILLER)


def typed_number(text: str) -> str:
    """What a person typed, as a number is written: full width, case and blanks do not matter."""
    return "".join(unicodedata.normalize("NFKC", text[:80]).split()).replace("-", "").upper()


def is_number(text: str) -> bool:
    """Whether somebody typed the number of a certificate, and nothing else."""
    return NUMBER.fullmatch(typed_number(text)) is not None


def printable(name: str) -> str:
    """A name as a certificate shows it, or BadInput."""
    plain = unicodedata.normalize("NFC", name).strip()
    if not _NAME.fullmatch(plain) or not plain.isprintable():
        raise BadInput("企业名称含有不能印在证书上的字符，请核对。", field="name")
    if len(plain.encode("utf-16-be")) > 2 * LONGEST_NAME:
        raise BadInput("企业名称太长，证书的二维码里放不下，请核对。", field="name")
    return plain
