"""Grades that were lowered or revoked, for those whom the programme lets know.

A certificate that was replaced by one of a lower level, or revoked for a cause that lies with the
enterprise, is listed until its own validity would have ended: so long the old paper may deceive.
What was never signed was never issued: there is no paper of it.
How far it is told, the programme says (`notice.downgrade_scope`); whoever scans the code sees it in
any case.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from bot.clients.database import everything, fetch
from bot.domain.actors import Member
from bot.domain.certificates import REASON_WORDS, Reason, today
from bot.scoring.library import shipped_pack, shipped_programmes
from bot.services import bindings, memberships
from bot.services.certificate_bases import DEMONSTRATION

PUBLIC, MEMBERS = "public", "members"
MOST = 200
CAUSES = (Reason.FALSE_MATERIAL, Reason.DISHONESTY, Reason.MISUSE)
_LISTED = """
WITH rung AS (SELECT * FROM unnest($1::text[], $2::text[], $3::int[]) AS r (programme, level, rank))
SELECT c.name, c.credit_code, c.programme, c.level AS before, coalesce(n.level, '') AS after,
    c.reason, (c.state_since AT TIME ZONE 'Asia/Shanghai')::date AS since
FROM certificate c
JOIN rung was ON was.programme = c.programme AND was.level = c.level
LEFT JOIN certificate n ON n.number = c.replaced_by AND n.token IS NOT NULL
LEFT JOIN rung new ON new.programme = n.programme AND new.level = n.level
WHERE c.state IN ('revoked', 'superseded') AND c.level <> '' AND c.valid_to >= $4
    AND c.token IS NOT NULL
    AND (c.state = 'revoked' AND c.reason = ANY($5::text[]) OR new.rank > was.rank)
    AND ($6 OR c.basis_kind <> $7)
ORDER BY c.state_since DESC, c.id DESC LIMIT $8
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One grade that went down; `after` is empty when it was revoked."""

    name: str
    credit_code: str
    programme: str
    before: str
    after: str
    why: str
    since: date


async def public(*, now: datetime, production: bool) -> tuple[Line, ...]:
    """What everybody may know."""
    return await _listed(frozenset(), now=now, production=production)


async def among_members(
    enterprise_id: UUID, *, actor: Member, now: datetime, production: bool
) -> tuple[Line, ...]:
    """What the members of an association are told as well: for who acts for one of them."""
    await bindings.require(actor, enterprise_id, now=now)
    held = await memberships.each(enterprise_id, on=today(now))
    running = frozenset(one.association for one in held if one.since <= today(now) <= one.until)
    async with everything("the members are told of each other's downgrades"):
        return await _listed(running, now=now, production=production)


def told_among_members() -> tuple[str, ...]:
    """The programmes of which the public is not told."""
    graded = (one for one in shipped_programmes() if one.scheme)
    return tuple(one.name for one in graded if one.notice.downgrade_scope == MEMBERS)


async def _listed(
    associations: frozenset[str], *, now: datetime, production: bool
) -> tuple[Line, ...]:
    """For the public, or for members of these associations."""
    told = {
        one.id: one
        for one in shipped_programmes()
        if one.scheme and (one.notice.downgrade_scope == PUBLIC or one.issuer in associations)
    }
    rungs = [
        (one.id, grade.name, rank)
        for one in told.values()
        for rank, grade in enumerate(shipped_pack(str(one.scheme)).grades)
    ]
    if not rungs:
        return ()
    programmes, levels, ranks = (list(part) for part in zip(*rungs, strict=True))
    rows = await fetch(
        _LISTED, programmes, levels, ranks, today(now), [*CAUSES], not production, DEMONSTRATION,
        MOST,
    )  # fmt: skip
    return tuple(
        Line(
            name=row["name"],
            credit_code=row["credit_code"],
            programme=told[row["programme"]].name,
            before=row["before"],
            after=row["after"],
            why=REASON_WORDS[row["reason"]] if not row["after"] else "",
            since=row["since"],
        )
        for row in rows
    )
