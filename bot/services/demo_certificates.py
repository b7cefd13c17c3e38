"""Published rules, verified results and certificates of the demonstration, in every state.

Certificates are issued by the issuer's own service on the demonstration basis of two named people,
as of days in the past: so what runs out by its dates has run out.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.certificates import Action, Reason
from bot.domain.workdays import BEIJING
from bot.scoring.library import pack_path, shipped_programmes, versions
from bot.scoring.programme import Programme
from bot.services import certificate_life, certificate_signing, certificates, rescoring, schemes
from bot.services.certificate_bases import DEMONSTRATION, Basis, Wanted
from bot.services.demo_cast import People
from bot.services.demo_steps import Steps, in_lanes
from bot.services.signing_keys import Issuer

CHUNK = 5_000
MOVED = 2  # certificates of each programme that are taken through each change by hand
_REASON = "演示数据，不是真实的评价结果"
_LEVELS = (
    "SELECT r.enterprise_id, r.level FROM current_run c JOIN scoring_result r"
    " ON r.run_id = c.run_id JOIN enterprise e ON e.id = r.enterprise_id"
    " JOIN published_pack p ON p.scheme = c.scheme WHERE c.scheme = $1 AND c.basis = 'verified'"
    " AND r.state = 'scored' AND r.level = ANY ($2::text[])"
    " AND NOT EXISTS (SELECT 1 FROM certificate x WHERE x.enterprise_id = e.id"
    " AND x.programme = $3)"
    " AND EXISTS (SELECT 1 FROM membership m WHERE m.enterprise_id = e.id AND m.association = $4)"
    " AND e.credit_code <> ALL ($5::text[])"
    " ORDER BY e.credit_code"
)
_MEMBERS = (
    "SELECT e.id AS enterprise_id, NULL AS level FROM enterprise e"
    " WHERE NOT EXISTS (SELECT 1 FROM certificate x WHERE x.enterprise_id = e.id"
    " AND x.programme = 'commitment')"
    " AND NOT EXISTS (SELECT 1 FROM commitment c WHERE c.enterprise_id = e.id)"
    " ORDER BY e.credit_code LIMIT 12"
)
_FRESH = (
    "SELECT number, enterprise_id, level FROM certificate WHERE programme = $1"
    " AND basis_kind = $2 AND state = 'active' AND token IS NOT NULL"
    " ORDER BY valid_from DESC, number LIMIT $3"
)


async def publish_rules(people: People, *, steps: Steps, now: datetime) -> None:
    """The shipped packs, by two names, from the first day of last year on."""
    if not steps.left("rules"):
        return
    day = date(now.astimezone(BEIJING).year - 1, 1, 1)
    async with in_transaction():
        for scheme in versions():
            text = pack_path(scheme).read_text(encoding="utf-8")
            laid = await schemes.propose(
                text, file=scheme, effective_on=day, by=people.by.name, now=now
            )
            await schemes.approve(
                scheme, laid.version, digest=laid.digest, by=people.second, now=now
            )
        await steps.done("rules", 0, now=now)


async def score_all(name: str, *, steps: Steps, now: datetime) -> None:
    """Verified results of every enterprise under every scheme."""
    today = now.astimezone(BEIJING).date()

    async def score(scheme: str) -> None:
        if steps.left(step := f"{name} {scheme}"):
            rules = await schemes.in_force(scheme, today)
            run = await rescoring.begin(rules, basis="verified", as_of=today, now=now)
            await rescoring.work(run, now=now)
            await rescoring.finish(run, now=now)
            await steps.done(step, 0, now=now)

    await in_lanes(score, versions())


async def issue_all(
    name: str,
    people: People,
    *,
    spared: Sequence[str],
    issuer: Issuer,
    steps: Steps,
    now: datetime,
) -> None:
    """Certificates of every programme, signed while they live, then the changes people make.

    The enterprises of phones are spared: what those show was chosen.
    """

    async def issue(programme: Programme) -> None:
        if steps.left(step := f"{name} {programme.id}"):
            async with in_transaction():
                await steps.take_time()
                for ago, holders in _shared(await _holders(programme, spared), _ages(programme)):
                    await _issue(programme.id, holders, people, now=now - ago)
                await steps.done(step, 0, now=now)

    await in_lanes(issue, shipped_programmes())
    await certificate_signing.sign_waiting(issuer=issuer, now=now)
    for programme in shipped_programmes():
        step = f"moved {programme.id}"
        if steps.left(step):
            async with in_transaction():
                await _move(programme.id, people, now=now)
                await steps.done(step, 0, now=now)
    await certificate_signing.sign_waiting(issuer=issuer, now=now)


async def _holders(programme: Programme, spared: Sequence[str]) -> list[tuple[UUID, str | None]]:
    """Whom the verified result gives a level, without a certificate so far; two thirds of them."""
    if programme.scheme is None:
        rows = await fetch(_MEMBERS)
        return [(row["enterprise_id"], None) for row in rows]
    today_pack = await schemes.all_published()
    levels = [
        grade.name
        for one in today_pack
        if one.scheme == programme.scheme
        for grade in one.pack.grades
        if grade.graded
    ]
    rows = await fetch(_LEVELS, programme.scheme, levels, programme.id, programme.issuer, spared)
    return [(row["enterprise_id"], row["level"]) for n, row in enumerate(rows) if n % 3]


def _ages(programme: Programme) -> tuple[timedelta, ...]:
    """How long ago: fresh, and where there is a review passed or due, due, missed; run out."""
    years = programme.certificate.valid_years
    over = timedelta(days=366 * years + 40)
    review = programme.annual_review
    if review is None:
        return (timedelta(days=60), timedelta(days=200), over)
    return (
        timedelta(days=60),
        timedelta(days=200),
        timedelta(days=366 + review.grace_days // 3),
        timedelta(days=366 + (review.grace_days + review.withdrawn_after_days) // 2),
        over,
    )


def _shared(
    holders: Sequence[tuple[UUID, str | None]], ages: Sequence[timedelta]
) -> Iterator[tuple[timedelta, Sequence[tuple[UUID, str | None]]]]:
    """Most are fresh; an eighth goes to each of the others."""
    eighth = len(holders) // 8
    parts = [eighth] * (len(ages) - 1)
    start = len(holders) - sum(parts)
    yield ages[0], holders[:start]
    for ago, size in zip(ages[1:], parts, strict=True):
        yield ago, holders[start : start + size]
        start += size


async def _issue(
    programme: str,
    holders: Sequence[tuple[UUID, str | None]],
    people: People,
    *,
    now: datetime,
) -> None:
    basis = Basis(DEMONSTRATION, by=people.by.name, second=people.second, reason=_REASON)
    for start in range(0, len(holders), CHUNK):
        wanted = [
            Wanted(enterprise, programme, level, basis)
            for enterprise, level in holders[start : start + CHUNK]
        ]
        await certificates.issue_many(wanted, actor=people.by, now=now)


_CHANGES = (
    (Action.SUSPEND, Reason.UNDER_CHECK, "演示：正在核查举报"),
    (Action.WITHDRAW, Reason.ON_REQUEST, "演示：企业申请注销证书"),
    (Action.REVOKE, Reason.FALSE_MATERIAL, "演示：申报的合同不实"),
)


async def _move(programme: str, people: People, *, now: datetime) -> None:
    """Suspended, withdrawn and revoked by two people; replaced by issuing once more."""
    fresh = await fetch(_FRESH, programme, DEMONSTRATION, MOVED * (len(_CHANGES) + 2))
    each = len(fresh) // (len(_CHANGES) + 2)  # as many again stay as they are
    for place, (action, reason, words) in enumerate(_CHANGES):
        for row in fresh[place * each : (place + 1) * each]:
            await certificate_life.change(
                row["number"], action, reason=reason, words=words, second=people.second,
                actor=people.by, now=now - timedelta(days=20),
            )  # fmt: skip
    place = len(_CHANGES) * each
    again = [(row["enterprise_id"], row["level"] or None) for row in fresh[place : place + each]]
    await _issue(programme, again, people, now=now - timedelta(days=10))
