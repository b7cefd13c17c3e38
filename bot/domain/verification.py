"""What a verification may answer: six outcomes, and apart from them that we cannot say."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from bot.domain.certificates import REASON_WORDS, WORDS, State
from bot.domain.register import Entry

NORMAL_AGE = timedelta(seconds=60)  # older than this the database is out of reach
TRUSTED_AGE = timedelta(hours=24)  # older than this nobody can say that a certificate still holds


class Outcome(StrEnum):
    __hash__ = str.__hash__  # looked up at every check: that of all enums is Python

    VALID = "valid"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    REPLACED = "replaced"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


class Why(StrEnum):
    """More exactly; "" where the outcome says all."""

    NOTHING = ""
    REVIEW_DUE = "review_due"
    WITHDRAWN = "withdrawn"
    NOT_FOUND = "not_found"
    BAD_SIGNATURE = "bad_signature"
    WRONG_KEY = "wrong_key"
    FOREIGN = "foreign_address"
    STARTING = "starting"
    STATUS_OLD = "status_old"
    REGISTER_OLD = "register_old"
    CHANGING = "state_changing"


class Signature(StrEnum):
    GOOD = "good"
    BAD = "bad"
    ABSENT = "absent"  # looked up by number or code: nothing was there to check


_OF_STATE: Mapping[State, tuple[Outcome, Why]] = MappingProxyType(
    {
        State.ACTIVE: (Outcome.VALID, Why.NOTHING),
        State.DUE: (Outcome.SUSPENDED, Why.REVIEW_DUE),
        State.SUSPENDED: (Outcome.SUSPENDED, Why.NOTHING),
        State.WITHDRAWN: (Outcome.REVOKED, Why.WITHDRAWN),
        State.REVOKED: (Outcome.REVOKED, Why.NOTHING),
        State.SUPERSEDED: (Outcome.REPLACED, Why.NOTHING),
        State.EXPIRED: (Outcome.EXPIRED, Why.NOTHING),
        State.UNTRUSTED: (Outcome.UNKNOWN, Why.WRONG_KEY),
    }
)
_MISSED = frozenset({State.SUSPENDED, State.WITHDRAWN})
_MAY_CHANGE = frozenset({State.ACTIVE, State.DUE, State.SUSPENDED})

_STATELESS: Mapping[Outcome, str] = MappingProxyType(
    {Outcome.UNKNOWN: "查无此证", Outcome.UNAVAILABLE: "暂时无法核验"}
)
_CLOSER: Mapping[Why, str] = MappingProxyType(
    {
        Why.BAD_SIGNATURE: "签名不符",
        Why.WRONG_KEY: WORDS[State.UNTRUSTED],
        Why.FOREIGN: "签名不符",
        Why.STATUS_OLD: "真实，状态未更新",
    }
)


class Finding(NamedTuple):
    """One answer; `entry` is there when there is something to show."""

    outcome: Outcome
    why: Why
    signature: Signature
    checked_at: datetime
    as_of: datetime | None
    entry: Entry | None = None
    state: State | None = None
    full: bool = False
    """Whether name and code are shown whole: the asker had the token, or knew the code."""
    demonstration: bool = False
    """Signed with a test key, or issued to show how it looks: worth nothing, whatever its state."""

    @property
    def word(self) -> str:
        if self.why is Why.STATUS_OLD and self.signature is not Signature.GOOD:
            return "状态未更新"  # no paper was seen: nothing is said to be genuine
        if self.state is None or self.outcome in _STATELESS:
            return _CLOSER.get(self.why) or _STATELESS[self.outcome]
        return WORDS[self.state]

    @property
    def reason(self) -> str:
        """The class of the reason in words; a review that was missed needs nobody to say so, and
        why it was made active again explains nothing that followed."""
        entry = self.entry
        if entry is None or self.outcome in {Outcome.VALID, Outcome.EXPIRED}:
            return ""
        if self.state != entry.state:
            return REASON_WORDS["review_missed"] if self.state in _MISSED else ""
        return "" if entry.state == State.ACTIVE else REASON_WORDS.get(entry.reason, "")


def of_state(state: State, *, age: timedelta) -> tuple[Outcome, Why]:
    """The outcome of an authentic certificate; what may have changed since is not said too late."""
    if age > TRUSTED_AGE and state in _MAY_CHANGE:
        return Outcome.UNAVAILABLE, Why.STATUS_OLD
    return _OF_STATE[state]


def masked_name(name: str) -> str:
    """Enough to compare with a paper, too little to make a list of: 杭州＊＊＊＊有限公司."""
    if len(name) <= 4:
        return name[:1] + "＊" * (len(name) - 1)
    tail = min(4, len(name) - 3)
    return name[:2] + "＊" * (len(name) - 2 - tail) + name[-tail:]


def masked_code(code: str) -> str:
    return "＊" * (len(code) - 4) + code[-4:]


def changed_on(entry: Entry, state: State) -> int:
    """The day since which it is so; what nobody decided follows from its own days."""
    if state == entry.state:
        return entry.since
    follows = {
        State.DUE: entry.due,
        State.SUSPENDED: entry.due + entry.grace,
        State.WITHDRAWN: entry.due + entry.late,
        State.EXPIRED: entry.last + 1,
    }
    return follows.get(state, entry.since)
