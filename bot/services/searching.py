"""Looking up what everybody may know: certificates and members, by number, code or name.

Only names and memberships are read from the tables. What is said of a certificate comes from the
register, as on the public page: a row that nobody signed is none.

A number or code is found exactly or not at all, so that nobody can walk along them. Of names the
whole, a part and, when neither is there, the nearest are found (pairs of signs, pg_trgm; see
migration 0018). An enterprise without a certificate and without a membership is found by nobody.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.certificates import CREDIT_CODE, NUMBER, today, typed_number
from bot.domain.errors import BadInput
from bot.domain.verification import Finding
from bot.services.verification import Verifier

LONGEST = 40
_NOT_IN_NAMES = re.compile(r"[\s%_\\]")  # and what LIKE would take for more than itself
MOST = 5  # certificates of one enterprise
SHOWN = 3  # of several enterprises whose name holds the words
LIKENESS = (0.6, 0.5)  # tried in turn; what is less alike is another name
_PUBLIC = """
    (EXISTS (SELECT 1 FROM certificate c WHERE c.enterprise_id = e.id AND c.token IS NOT NULL)
     OR EXISTS (SELECT 1 FROM membership m WHERE m.enterprise_id = e.id
        AND m.superseded_at IS NULL AND m.starts_on <= $2 AND m.ends_on >= $2
        AND (m.ended_on IS NULL OR m.ended_on > $2)))
"""
_OPEN = f"SELECT id, name, credit_code FROM found e WHERE {_PUBLIC}"  # noqa: S608  # from above
_BY_CODE = f"WITH found AS (SELECT * FROM enterprise WHERE credit_code = $1) {_OPEN}"  # noqa: S608
# Words that half of all names hold would fill a table: some of them are looked at, not all. And
# only of those is it asked whether everybody may see them.
_BY_NAME = (
    "WITH found AS MATERIALIZED"  # noqa: S608  # from above
    f" (SELECT * FROM enterprise WHERE name_pairs = name_pairs($1) LIMIT 60) {_OPEN}"
    f" ORDER BY name LIMIT {SHOWN + 1}"
)
_BY_PART = (
    "WITH found AS MATERIALIZED (SELECT * FROM enterprise"  # noqa: S608  # from above
    f" WHERE name_pairs LIKE '%' || name_pairs($1) || '%' LIMIT 60) {_OPEN}"
    f" ORDER BY length(name), name LIMIT {SHOWN + 1}"
)
_NEAR = (
    "WITH likely AS MATERIALIZED"  # noqa: S608  # from above
    " (SELECT * FROM enterprise WHERE name_pairs %> name_pairs($1) LIMIT 200),"
    " found AS MATERIALIZED (SELECT *, name_pairs <->> name_pairs($1) AS far FROM likely"
    f" ORDER BY far, length(name), name LIMIT 20) {_OPEN} ORDER BY far, name LIMIT {SHOWN}"
)
# Without its index a comparison costs as much as a hundred rows: the planner does not know that.
_ALIKE = (
    "SELECT set_config('pg_trgm.word_similarity_threshold', $1, true),"
    " set_config('enable_seqscan', 'off', true)"
)


class TooShort(BadInput):
    code = "search_too_short"
    message = "请至少写两个字。"


@dataclass(frozen=True, slots=True)
class Company:
    """An enterprise as everybody may see it."""

    name: str
    credit_code: str
    is_member: bool
    certificates: tuple[Finding, ...] | None
    """None when the register cannot be asked at this moment."""


@dataclass(frozen=True, slots=True)
class Findings:
    """At most one of the first two holds anything; `near` only where both are empty."""

    certificate: Finding | None = None
    companies: tuple[Company, ...] = ()
    more: bool = False
    near: tuple[str, ...] = ()
    exact: bool = False
    """It was a number or a code: what is not found does not exist."""


async def search(words: str, *, verifier: Verifier, now: datetime) -> Findings:
    """Find what these words name; raises TooShort where they could name anything."""
    on = today(now)
    number = typed_number(words)
    if NUMBER.fullmatch(number):
        return Findings(verifier.by_number(number, now=now), exact=True)
    if CREDIT_CODE.fullmatch(number):
        rows = await fetch(_BY_CODE, number, on)
        return await _found(rows, verifier, now, exact=True)
    name = _NOT_IN_NAMES.sub("", words[:LONGEST])
    if len(name) < 2:
        raise TooShort
    rows, near = await _named(name, on)
    return await _found(rows, verifier, now) if rows else Findings(near=near)


async def _named(name: str, on: date) -> tuple[list[dict[str, object]], tuple[str, ...]]:
    """Enterprises of this name, else names like it. Each question is planned by its own words:
    a plan for any words would read the whole table for rare ones."""
    async with in_transaction():
        await fetch("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")
        for statement in (_BY_NAME, _BY_PART):
            if rows := await fetch(statement, name, on):
                return rows, ()
        for likeness in LIKENESS:
            await fetch(_ALIKE, str(likeness))
            if rows := await fetch(_NEAR, name, on):
                return [], tuple(str(row["name"]) for row in rows)
    return [], ()


async def _found(
    rows: list[dict[str, object]], verifier: Verifier, now: datetime, *, exact: bool = False
) -> Findings:
    found = [await _company(row, verifier, now) for row in rows[:SHOWN]]
    public = tuple(one for one in found if one.is_member or one.certificates != ())
    return Findings(companies=public, more=len(rows) > SHOWN, exact=exact)


async def _company(row: dict[str, object], verifier: Verifier, now: datetime) -> Company:
    members = await fetch(
        "SELECT 1 FROM membership m WHERE m.enterprise_id = $1 AND m.superseded_at IS NULL"
        " AND m.starts_on <= $2 AND m.ends_on >= $2"
        " AND (m.ended_on IS NULL OR m.ended_on > $2) LIMIT 1",
        row["id"],
        today(now),
    )
    code = str(row["credit_code"])
    return Company(str(row["name"]), code, bool(members), _held(code, verifier, now))


def _held(code: str, verifier: Verifier, now: datetime) -> tuple[Finding, ...] | None:
    """The certificates of an enterprise that are signed, those that last longest first."""
    if verifier.register.as_of is None:
        return None
    signed = [(one.entry.last, one) for one in verifier.by_code(code, now=now) if one.entry]
    signed.sort(key=lambda each: each[0], reverse=True)
    return tuple(one for _, one in signed[:MOST])
