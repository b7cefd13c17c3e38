"""What an answer of WeChat's API means: the only reader of errcode."""

import json
from typing import Any

import structlog

from bot.clients.wechat import LicenceWords
from bot.clients.wechat_errors import Permanent, Transient
from bot.clients.wechat_http import Answer

log = structlog.get_logger()

OK = 0
BUSY = frozenset({-1, -1000})  # it may have been carried out all the same
NOT_NOW = frozenset({44990, 45009, 45011, 45066})  # quotas and haste: certainly not carried out
TOKEN_STALE = frozenset({40001, 40014, 42001})
SENT_BEFORE = 45065
NO_MENU = 46003
# Wrong or frozen secret, our address not on WeChat's list, the account itself shut: no call works
# until a person acts, and then every one does: it says nothing about what was asked for.
MISCONFIGURED = frozenset(
    {40002, 40013, 40125, 40164, 40243, 41002, 41004, 50004, 50007, 61004, 89503, 89506, 89507}
)
LONGEST_ERRMSG = 200

Json = dict[str, Any]


def judged(
    path: str,
    answer: Answer,
    *,
    secrets: tuple[str, ...],
    fine: frozenset[int] = frozenset({OK}),
) -> Json:
    """The JSON of a good answer ({} for a picture); a bad one raises."""
    reply = parsed(answer)
    if reply is None:
        if answer.status in {411, 412, 413, 414}:  # about how we sent it
            raise Permanent(f"{path}: HTTP {answer.status}")
        if answer.status != 200 or answer.content_type == "text/html":
            raise Transient(f"{path}: HTTP {answer.status}, no JSON", uncertain=True)
        return {}
    code = _coerced(reply)
    if code in fine:
        return reply
    said = str(reply.get("errmsg", ""))[:LONGEST_ERRMSG]
    for secret in secrets:
        said = said.replace(secret, "***")
    rid = said.rpartition("rid: ")[2] if "rid: " in said else ""
    loud = log.error if code in MISCONFIGURED else log.warning
    loud("wechat_refused", path=path, errcode=code, errmsg=said, rid=rid)
    what = f"{path}: {code} {said}"
    if code in BUSY or code in NOT_NOW or code in TOKEN_STALE or code in MISCONFIGURED:
        raise Transient(what, errcode=code, rid=rid, uncertain=code in BUSY)
    raise Permanent(what, errcode=code, rid=rid)


def errcode(answer: Answer) -> int:
    reply = parsed(answer)
    return OK if reply is None else _coerced(reply)


def _coerced(reply: Json) -> int:
    """Errcode is absent on success, and now and then a string."""
    try:
        return int(reply.get("errcode") or OK)
    except (TypeError, ValueError):
        return -1


def parsed(answer: Answer) -> Json | None:
    """The JSON object that the answer is, whatever its Content-Type says; None for all else."""
    if answer.body.lstrip()[:1] != b"{":
        return None
    try:
        reply = json.loads(answer.body.decode(), strict=False)
    except ValueError:
        return None
    return reply if isinstance(reply, dict) else None


def told(reply: Json, name: str) -> str:
    value = reply.get(name)
    if not isinstance(value, str) or not value:
        raise Transient(f"a good answer without {name}")
    return value


def licence_words(reply: Json) -> LicenceWords:
    """Fields that are not on the picture are left out of the answer."""

    def field(name: str) -> str:
        value = reply.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    return LicenceWords(
        code=field("reg_num"),
        name=field("enterprise_name"),
        legal=field("legal_representative"),
        founded=field("registered_date"),
        address=field("address"),
        term=field("valid_period"),
    )
