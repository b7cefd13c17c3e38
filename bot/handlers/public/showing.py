"""A finding put into words: for the page and, the same facts, for machines."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from functools import cache, lru_cache
from typing import NamedTuple

import orjson

from bot.domain.certificates import State
from bot.domain.register import NEVER, Entry, chinese_day, day_of, day_text
from bot.domain.verification import (
    Finding,
    Outcome,
    Signature,
    Why,
    changed_on,
    masked_code,
    masked_name,
)
from bot.scoring.programme import Programme
from bot.services.certificate_programmes import find_programme, meaning
from bot.services.verification import Verifier

TONES: Mapping[Outcome, str] = {
    Outcome.VALID: "good",
    Outcome.EXPIRED: "over",
    Outcome.SUSPENDED: "wait",
    Outcome.REVOKED: "bad",
    Outcome.REPLACED: "over",
    Outcome.UNKNOWN: "bad",
    Outcome.UNAVAILABLE: "ours",
}
_BEIJING = timezone(timedelta(hours=8))  # quicker than the zone's file, and never another
MOST_NAMES = 20  # of one enterprise in three years: whoever made a circle waits no longer
# What no level and no commitment ever says (X10, X38).
NOT_SAID = (
    "不是行政许可、认证，也不是债券市场的信用评级",
    "不保证产品质量、偿债能力和今后的行为",
    "不同评价体系的同名等级不能互相比较",
)


class Mark(StrEnum):
    YES = "yes"
    NO = "no"
    NONE = "none"  # it was not, or could not be, checked


class Line(NamedTuple):
    """One thing that was checked: how it came out, and as of when."""

    name: str
    mark: Mark
    words: str
    at: str


@cache
def programme_of(name: str) -> Programme:
    return find_programme(name)


@cache
def meaning_of(programme: str, level: str) -> str:
    return meaning(programme_of(programme), level)


def clock_time(at: datetime | None) -> str:
    return _second(int(at.timestamp())) if at else "—"


@lru_cache(maxsize=256)
def _second(number: int) -> str:
    return datetime.fromtimestamp(number, _BEIJING).isoformat(" ")[:19]


def sentence(found: Finding) -> str:  # noqa: PLR0911  # one for each outcome
    """The one sentence under the big word."""
    entry, state = found.entry, found.state
    if entry is None or state is None:
        return _nothing_found(found)
    since = chinese_day(changed_on(entry, state))
    because = f"，原因：{found.reason}" if found.reason else ""
    match found.outcome:
        case Outcome.VALID:
            checked = "签名正确，" if found.signature is Signature.GOOD else ""
            return f"{checked}在有效期内，没有暂停或撤销。"
        case Outcome.EXPIRED:
            return f"有效期到 {chinese_day(entry.last)}为止，这张证书已经不能使用。"
        case Outcome.SUSPENDED if found.why is Why.REVIEW_DUE:
            until = chinese_day(entry.due + entry.grace - 1)
            due = chinese_day(entry.due)
            return f"应当在 {due}前完成年审，宽限到 {until}。年审通过前请慎用。"
        case Outcome.SUSPENDED:
            return f"{since}起暂停{because}。暂停期间不能使用。"
        case Outcome.REVOKED:
            what = "注销" if found.why is Why.WITHDRAWN else "撤销"
            return f"{since}{what}{because}。请不要采信。"
        case Outcome.REPLACED:
            return f"{since}被新证书替换{because}。请以新证书为准。"
        case _:
            as_of = clock_time(found.as_of)[:16]
            known = "证书是真的" if found.signature is Signature.GOOD else "登记簿里有这张证书"
            return f"{known}，但状态自 {as_of} 起未更新，现在是否有效请稍后再查。"


def _nothing_found(found: Finding) -> str:
    signed = "签名正确，但" if found.signature is Signature.GOOD else ""
    return {
        Why.NOT_FOUND: "登记簿里没有这张证书。请核对编号；如果它来自纸面或图片，可能是伪造的。",
        Why.BAD_SIGNATURE: "签名与协会的密钥不符：这不是协会签发的证书，或者内容被改动过。",
        Why.WRONG_KEY: "签发它的密钥已经失效，现在不能凭它采信这张证书。"
        "企业如果仍持有证书，协会会重新签发，请向企业索要新的，或致电协会核实。",
        Why.FOREIGN: "这个网址不是协会的核验网址，请不要相信它打开的页面。",
        Why.REGISTER_OLD: f"{signed}登记簿暂时不能更新，还查不到这张证书。请稍后再试。",
        Why.CHANGING: "这张证书的状态刚刚有变化，登记簿正在更新。请过几分钟再查，此前不要采信。",
    }.get(found.why, "这是我们的系统问题，不说明证书是真是假。请过几分钟再试。")


def lines(found: Finding) -> tuple[Line, ...]:
    """How it was checked: signature, validity, state."""
    at, entry = clock_time(found.checked_at), found.entry
    as_of = at if found.as_of == found.checked_at else clock_time(found.as_of)
    wrong_key = found.why is Why.WRONG_KEY and found.signature is Signature.BAD
    said = (Mark.NO, "签发它的密钥已经失效") if wrong_key else _SIGNATURE[found.signature]
    signature = Line("签名", *said, at)
    if entry is None or found.state is None:
        return (signature, Line("登记", _listed(found), _listing(found), as_of))
    last = chinese_day(entry.last)
    if day_of(found.checked_at) > entry.last:
        validity = Line("有效期", Mark.NO, f"已在 {last}结束", at)
    else:
        validity = Line("有效期", Mark.YES, f"到 {last}，现在在有效期内", at)
    return (signature, validity, _state_line(found, found.state, as_of))


_SIGNATURE = {
    Signature.GOOD: (Mark.YES, "与协会公布的密钥一致"),
    Signature.BAD: (Mark.NO, "与协会公布的密钥不符"),
    Signature.ABSENT: (Mark.NONE, "按编号或代码查询，没有扫码，未核对签名"),
}
_HOLDS = frozenset({State.ACTIVE, State.EXPIRED})


def _state_line(found: Finding, state: State, as_of: str) -> Line:
    if found.outcome is Outcome.UNAVAILABLE:
        return Line("状态", Mark.NONE, "超过 24 小时没有更新，不能确认", as_of)
    if state is State.EXPIRED and found.entry is not None and found.entry.state != State.ACTIVE:
        return Line("状态", Mark.NO, "到期前已经暂停", as_of)
    if state in _HOLDS:
        return Line("状态", Mark.YES, "没有暂停、撤销或替换", as_of)
    words = f"{found.word}{'：' + found.reason if found.reason else ''}"
    return Line("状态", Mark.NO, words, as_of)


def _listed(found: Finding) -> Mark:
    return Mark.NONE if found.outcome is Outcome.UNAVAILABLE else Mark.NO


def _listing(found: Finding) -> str:
    if found.why is Why.WRONG_KEY:
        return "有这个编号，但签发它的密钥已经失效"
    if found.why is Why.CHANGING:
        return "有这张证书，状态刚刚有变化，正在更新"
    return "暂时查不到登记簿" if found.outcome is Outcome.UNAVAILABLE else "登记簿里没有相符的证书"


@cache
def _programme(name: str) -> orjson.Fragment:
    programme = programme_of(name)
    return orjson.Fragment(
        orjson.dumps(
            {
                "id": name,
                "name": programme.name,
                "issuer": programme.issuer,
                "scheme": programme.scheme,
                "document": programme.document,
            }
        )
    )


@cache
def _level(programme: str, level: str) -> orjson.Fragment:
    said = {"name": level, "meaning": meaning_of(programme, level), "not_said": NOT_SAID}
    return orjson.Fragment(orjson.dumps(said if level else None))


def as_json(found: Finding) -> dict[str, object]:
    """The JSON twin; names of fields never change, fields may be added."""
    entry, state = found.entry, found.state
    said: dict[str, object] = {
        "outcome": found.outcome,
        "why": found.why,
        "word": found.word,
        "signature": found.signature,
        "demonstration": found.demonstration,
        "checked_at": found.checked_at,
        "status_as_of": found.as_of,
    }
    if entry is None or state is None:
        return said
    name, code = (entry.name, entry.code) if found.full else shown(entry, full=False)
    return {
        **said,
        "number": entry.number,
        "name": name,
        "credit_code": code,
        "programme": _programme(entry.programme),
        "level": _level(entry.programme, entry.level),
        "valid_from": day_text(entry.first),
        "valid_to": day_text(entry.last),
        "last_reviewed_on": day_text(entry.reviewed) if entry.reviewed != NEVER else None,
        "review_due_on": day_text(entry.due) if entry.due != NEVER else None,
        "state": state,
        "state_since": day_text(changed_on(entry, state)),
        "reason": found.reason or None,
        "member_until": entry.member_until or None,
        "replaces": entry.replaces or None,
        "replaced_by": entry.replaced_by or None,
    }


def successor(found: Finding, verifier: Verifier) -> dict[str, str] | None:
    """The certificate that took its place, for whoever holds the old one; when that one was
    replaced as well, the one after it, and so on."""
    entry = found.entry
    following = None
    for _ in range(MOST_NAMES):
        if entry is None or not entry.replaced_by:
            break
        following = verifier.standing(entry.replaced_by, now=found.checked_at)
        entry = following.entry
    if following is None or following.entry is None:
        return None
    name, _code = shown(following.entry, full=found.full)
    last = following.entry
    return {"number": last.number, "name": name, "level": last.level, "word": following.word}


def shown(entry: Entry, *, full: bool) -> tuple[str, str]:
    """Name and code, whole or masked."""
    if full:
        return entry.name, entry.code
    return masked_name(entry.name), masked_code(entry.code)
