"""Assessments: facts gathered, scored under a published version, kept, and computed again."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from bot.domain.errors import NotFound
from bot.scoring.engine import score
from bot.scoring.result import Result
from bot.services import facts, schemes
from bot.services.schemes import Published
from models import Assessment
from models.ids import new_id


@dataclass(frozen=True, slots=True)
class Kept:
    """An assessment as it was made; `result` is canonical JSON and never changes."""

    id: UUID
    enterprise_id: UUID
    scheme: str
    version: int
    sha256: str
    basis: str
    as_of: date
    facts_version: int
    result: bytes
    total: Decimal | None
    grade: str | None
    made_at: datetime


async def look(
    enterprise_id: UUID,
    rules: Published,
    *,
    basis: str,
    as_of: date,
    facts_version: int | None = None,
) -> tuple[Result, int]:
    """Score without keeping anything; also answers the version of the facts that were used."""
    found, version = await facts.as_known(
        enterprise_id, pack=rules.pack, basis=basis, as_of=as_of, version=facts_version
    )
    return score(rules.pack, found, as_of), version


async def assess(
    enterprise_id: UUID, scheme: str, *, basis: str, as_of: date, now: datetime
) -> Kept:
    """Score under the version in force on the day, and keep what came out."""
    rules = await schemes.in_force(scheme, as_of)
    result, facts_version = await look(enterprise_id, rules, basis=basis, as_of=as_of)
    row = await Assessment.create(
        id=new_id(now),
        enterprise_id=enterprise_id,
        pack_id=rules.id,
        scheme=rules.scheme,
        version=rules.version,
        sha256=rules.sha256,
        basis=basis,
        as_of=as_of,
        facts_version=facts_version,
        result=result.as_json(),
        total=result.total,
        grade=result.grade,
        made_at=now,
    )
    return _kept(row)


async def kept(assessment_id: UUID) -> Kept:
    row = await Assessment.get_or_none(id=assessment_id)
    if row is None:
        raise NotFound
    return _kept(row)


async def newest(
    enterprise_id: UUID,
    scheme: str,
    *,
    basis: str,
    before: datetime | None = None,
    most: int,
) -> list[Kept]:
    """The assessments of an enterprise, the last one first; or those made before an instant."""
    found = Assessment.filter(enterprise_id=enterprise_id, scheme=scheme, basis=basis)
    if before is not None:
        found = found.filter(made_at__lt=before)
    return [_kept(row) for row in await found.order_by("-made_at", "-id").limit(most)]


async def latest(
    enterprise_id: UUID, scheme: str, *, basis: str, before: datetime | None = None
) -> Kept | None:
    """The last of them."""
    found = await newest(enterprise_id, scheme, basis=basis, before=before, most=1)
    return found[0] if found else None


async def again(then: Kept) -> Result:
    """A kept assessment as a result, from its own rules, facts and day."""
    rules = await schemes.with_hash(then.sha256)
    result, _ = await look(
        then.enterprise_id,
        rules,
        basis=then.basis,
        as_of=then.as_of,
        facts_version=then.facts_version,
    )
    return result


async def recompute(assessment_id: UUID) -> bytes:
    """The result again from the same rules, facts and day: the same bytes, whatever came since."""
    return (await again(await kept(assessment_id))).as_json()


def _kept(row: Assessment) -> Kept:
    return Kept(
        id=row.id,
        enterprise_id=row.enterprise_id,  # type: ignore[attr-defined]
        scheme=row.scheme,
        version=row.version,
        sha256=row.sha256,
        basis=row.basis,
        as_of=row.as_of,
        facts_version=row.facts_version,
        result=bytes(row.result),
        total=row.total,
        grade=row.grade,
        made_at=row.made_at,
    )
