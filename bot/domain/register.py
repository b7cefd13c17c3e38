"""One certificate as the register keeps it in memory: a few dozen bytes and a line of text."""

import struct
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from bot.domain.certificate_token import SIGNATURE_BYTES, Claim
from bot.domain.certificates import Facts, State, effective

EPOCH = date(2000, 1, 1)
_MIDNIGHT = datetime(1999, 12, 31, 16, tzinfo=UTC)  # in Beijing; no summer time there since 1991
_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
_PRINT_BYTES = 16
_FIXED = struct.Struct(f">{SIGNATURE_BYTES}s{_PRINT_BYTES}s8s?hhhhhhhhqi")
_SEPARATOR = "\x1f"
NEVER = -1


class Entry(NamedTuple):
    """Days are counted from EPOCH, `recorded` in microseconds; a tuple, because millions are read.

    The order of the fields is that of `sql_entry`.
    """

    signature: bytes
    fingerprint: bytes
    """Of the token as it was printed: what a scanned one is compared by."""
    random: bytes
    demonstration: bool
    key: int
    first: int
    last: int
    since: int
    reviewed: int
    due: int
    grace: int
    late: int
    recorded: int
    position: int
    number: str
    code: str
    programme: str
    scheme: str
    level: str
    state: str
    reason: str
    replaces: str
    replaced_by: str
    name: str
    member_until: str = ""
    """The last day of a membership that is over; files from before have no such part."""

    @property
    def facts(self) -> Facts:
        due = None if self.due == NEVER else day(self.due)
        return Facts(State(self.state), day(self.last), due, self.grace, self.late)

    @property
    def claim(self) -> Claim:
        """What its key must have signed."""
        return Claim(
            self.number, self.key, self.random, self.position, day(self.first), day(self.last),
            self.scheme, self.level, self.code, self.name,
        )  # fmt: skip

    @property
    def recorded_at(self) -> datetime:
        return _INSTANT + timedelta(microseconds=self.recorded)


_WHOLE = len(Entry._fields)


def fingerprint(token: str) -> bytes:
    """Short, and nobody finds a second token with the same one."""
    return sha256(token.encode("ascii", "replace")).digest()[:_PRINT_BYTES]


def day_of(now: datetime) -> int:
    """Today in Beijing."""
    return (now - _MIDNIGHT).days


def state_on(entry: Entry, on: int) -> State:
    """The state on a day; the short way for what is simply valid."""
    if entry.state == "active" and on <= entry.last and (entry.due == NEVER or on < entry.due):
        return State.ACTIVE
    return effective(entry.facts, day(on))


def day(number: int) -> date:
    return EPOCH + timedelta(days=number)


@lru_cache(maxsize=20_000)
def day_text(number: int) -> str:
    return day(number).isoformat()


@lru_cache(maxsize=20_000)
def chinese_day(number: int) -> str:
    found = day(number)
    return f"{found.year} 年 {found.month} 月 {found.day} 日"


def read_entry(record: bytes) -> Entry:
    fields = _FIXED.unpack_from(record) + tuple(record[_FIXED.size :].decode().split(_SEPARATOR))
    # The former is quicker, and what Entry._make does as well.
    return tuple.__new__(Entry, fields) if len(fields) == _WHOLE else Entry(*fields)


def hashed(text: str) -> int:
    """Where to look for a number or a code."""
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")


def _days(column: str) -> str:
    days = f"coalesce({column} - DATE '{EPOCH}', {NEVER})"
    return f"int2send(least(greatest({days}, {-(2**15)}), {2**15 - 1})::int2)"


def _signature() -> str:
    """The last 64 bytes of a token, or zeros for what is no token: a bad row must stop nobody."""
    padding = "(4 - length(c.token) % 4) % 4"
    padded = f"translate(c.token, '-_', '+/') || repeat('=', {padding})"
    return (
        "CASE WHEN c.token ~ '^[A-Za-z0-9_-]{88,}$' AND length(c.token) % 4 <> 1"
        f" THEN substr(decode(right({padded}, 88), 'base64'), 3 - {padding})"
        f" ELSE decode(repeat('00', {SIGNATURE_BYTES}), 'hex') END"
    )


def sql_entry() -> str:
    """The same bytes, made by PostgreSQL of a row `c` of the certificates.

    Whatever somebody wrote there, it can be read: what no certificate says, nobody has signed.
    """
    columns = ("number", "credit_code", "programme", "scheme", "level", "state", "reason",
               "replaces", "replaced_by", "name")  # fmt: skip
    texts = (f"replace(c.{name}, E'\\x1f', ' ')" for name in columns)
    parts = (
        _signature(),
        f"substr(sha256(convert_to(c.token, 'UTF8')), 1, {_PRINT_BYTES})",
        "substr(c.random || decode('0000000000000000', 'hex'), 1, 8)",
        "CASE WHEN c.basis_kind = 'demonstration' THEN '\\x01'::bytea ELSE '\\x00'::bytea END",
        "int2send(c.key)",
        _days("c.valid_from"),
        _days("c.valid_to"),
        _days("(c.state_since AT TIME ZONE 'Asia/Shanghai')::date"),
        _days("c.reviewed_on"),
        _days("c.review_due"),
        "int2send(c.grace_days)",
        "int2send(c.withdrawn_after_days)",
        "int8send((extract(epoch FROM c.recorded_at) * 1000000)::bigint)",
        "int4send(c.position)",
        f"convert_to(concat_ws(E'\\x1f', {', '.join(texts)}, c.member_until), 'UTF8')",
    )
    return " || ".join(parts)


def sql_hash(column: str) -> str:
    """The same hash, as eight bytes."""
    return f"substr(sha256(convert_to({column}, 'UTF8')), 1, 8)"
