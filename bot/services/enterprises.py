"""Enterprises: found by their code, named, and described; each change is a new version."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Actor, Member
from bot.domain.enterprises import Details, read_name
from bot.domain.errors import BadInput, NotFound, Stale
from bot.services import audit, bindings, outbox, people
from bot.services.drafts import Overtaken
from models import Enterprise, EnterpriseName, Registration
from models.ids import new_id

LEGAL_CHANGED = "enterprises.legal_changed"  # the job that looks at what follows from it
_ONE_AT_A_TIME = 725012  # with the code: whoever opens a file for it does so one after the other
DECLARED, STAFF, ROSTER = "declared", "staff", "roster"
NO_RECORD = "-"
YEAR, FIGURES = "figures_year", frozenset({"staff", "revenue_fen", "assets_fen"})
"""The year follows from the day on which one of the figures was typed."""


@dataclass(frozen=True, slots=True)
class Profile:
    """An enterprise as it is known today."""

    id: UUID
    credit_code: str
    name: str
    details: Details
    seen: str = NO_RECORD
    """Which record of the details this is; a form brings it back, see `declare`."""


async def look(enterprise_id: UUID) -> Profile:
    """Whoever asks has the right to: members' pages ask `bindings.require` before."""
    enterprise = await Enterprise.get_or_none(id=enterprise_id)
    if enterprise is None:
        raise NotFound
    row = await _today(enterprise_id)
    seen = str(row.id) if row else NO_RECORD
    return Profile(enterprise.id, enterprise.credit_code, enterprise.name, _read(row), seen)


async def by_code(credit_code: str) -> Profile:
    enterprise = await Enterprise.get_or_none(credit_code=credit_code)
    if enterprise is None:
        raise NotFound("没有这个统一社会信用代码的企业。")
    return await look(enterprise.id)


async def open_file(
    credit_code: str, name: str, *, source: str, actor: Actor, now: datetime
) -> Enterprise:
    """Find the enterprise of this code or open a file for it, inside the caller's transaction.

    A known one keeps its name: names change by `rename` alone.
    """
    await fetch("SELECT pg_advisory_xact_lock($1, hashtext($2))", _ONE_AT_A_TIME, credit_code)
    if known := await Enterprise.get_or_none(credit_code=credit_code):
        return known
    fresh = Enterprise(id=new_id(now), credit_code=credit_code, name=name)
    await audit.note(
        "enterprise.open",
        kind="enterprise",
        id=fresh.id,
        actor=actor,
        now=now,
        enterprise_id=fresh.id,
        after={"credit_code": credit_code, "name": name},
    )
    await Enterprise.bulk_create([fresh], ignore_conflicts=True)
    if not await Enterprise.exists(id=fresh.id):
        raise Stale  # a roster brought it at this very moment: asked again, it is found
    await _name(fresh.id, name, source=source, actor=actor, now=now)
    return fresh


async def rename(
    enterprise_id: UUID, text: str, *, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """Give it a new name; the old one stays in its file."""
    name = read_name(text)
    async with in_transaction():
        enterprise = await Enterprise.filter(id=enterprise_id).select_for_update().first()
        if enterprise is None:
            raise NotFound
        if enterprise.name == name:
            return
        await audit.note(
            "enterprise.rename",
            kind="enterprise",
            id=enterprise_id,
            actor=actor,
            now=now,
            enterprise_id=enterprise_id,
            before={"name": enterprise.name},
            after={"name": name},
            reason=reason,
        )
        await EnterpriseName.filter(enterprise_id=enterprise_id, superseded_at=None).update(
            superseded_at=now
        )
        await _name(enterprise_id, name, source=STAFF, actor=actor, now=now)
        await Enterprise.filter(id=enterprise_id).update(name=name)


async def declare(
    enterprise_id: UUID,
    given: Details,
    *,
    emptied: Collection[str] = (),
    seen: str | None = None,
    actor: Member,
    now: datetime,
) -> Details:
    """A member says what is so today; answers the whole as it is now known.

    A status that the association recorded is not theirs to change. A form says which record it was
    opened with: what stands in it unchanged is then no answer, and a field that somebody else has
    changed meanwhile to something else raises Overtaken.
    """
    await bindings.require(actor, enterprise_id, now=now)
    async with in_transaction():
        await Enterprise.filter(id=enterprise_id).select_for_update().first()
        if seen is not None:
            given, emptied = await _changed(enterprise_id, given, emptied, seen=seen, actor=actor)
        firm = await vouched_status(enterprise_id)
        if firm and ("status" in emptied or given.status not in ("", firm)):
            raise BadInput(
                f"登记状态已由协会登记为“{firm}”。有变化的，请联系协会更改。", field="status"
            )
        await describe(enterprise_id, given, emptied=emptied, source=DECLARED, actor=actor, now=now)
    return await _details(enterprise_id)


async def vouched_status(enterprise_id: UUID) -> str:
    """The status as it is, if the association said so first; "" while it is the member's to say."""
    status = source = ""
    for row in await Registration.filter(enterprise_id=enterprise_id).order_by(
        "recorded_at", "superseded_at"
    ):
        if row.status != status:
            status, source = row.status, row.source
    return "" if source == DECLARED else status


async def describe(
    enterprise_id: UUID,
    given: Details,
    *,
    emptied: Collection[str] = (),
    source: str,
    actor: Actor,
    now: datetime,
) -> bool:
    """Supersede the registration inside the caller's transaction; False when nothing is new.

    What is not given stays as it was known; what is `emptied` is known no more.
    """
    await Enterprise.filter(id=enterprise_id).select_for_update().first()
    before = await _details(enterprise_id)
    after = given.over(before.without(emptied))
    if after == before:
        return False
    await Registration.filter(enterprise_id=enterprise_id, superseded_at=None).update(
        superseded_at=now
    )
    await Registration.create(
        id=new_id(now),
        enterprise_id=enterprise_id,
        source=source,
        recorded_by=people.label(actor),
        recorded_at=now,
        **after.values(),  # type: ignore[arg-type]
    )
    await audit.note(
        "enterprise.describe",
        kind="enterprise",
        id=enterprise_id,
        actor=actor,
        now=now,
        enterprise_id=enterprise_id,
        before=_told(before),
        after=_told(after),
    )
    if after.legal_representative != before.legal_representative:
        await outbox.put(LEGAL_CHANGED, {"enterprise": str(enterprise_id)}, now=now)
    return True


async def supplement(enterprise_id: UUID, given: Details, *, actor: Actor, now: datetime) -> None:
    """Fill in what nobody knew yet, inside the caller's transaction; what is known stays."""
    await Enterprise.filter(id=enterprise_id).select_for_update().first()
    fuller = (await _details(enterprise_id)).over(given)
    await describe(enterprise_id, fuller, source=DECLARED, actor=actor, now=now)


async def _changed(
    enterprise_id: UUID, given: Details, emptied: Collection[str], *, seen: str, actor: Member
) -> tuple[Details, Collection[str]]:
    """What the form changes; every record is still there, so the three can be compared."""
    today, opened = await _today(enterprise_id), None
    if seen != NO_RECORD:
        opened = await Registration.get_or_none(id=seen, enterprise_id=enterprise_id)
    before, current = _read(opened).values(), _read(today).values()
    said = {**given.values(), **{name: Details().values()[name] for name in emptied}}
    mine = {
        name: value
        for name, value in said.items()
        if value != before[name] and (name in emptied or value not in ("", None))
    }
    if not FIGURES & mine.keys():
        mine.pop(YEAR, None)
    clashing = tuple(
        name
        for name, value in mine.items()
        if current[name] != before[name] and current[name] != value and name != YEAR
    )
    if clashing and today is not None:
        mine_too = today.recorded_by == people.label(actor)
        raise Overtaken(clashing, at=today.recorded_at, mine=mine_too)
    return Details(**mine), [name for name in emptied if name in mine]  # type: ignore[arg-type]


async def _name(
    enterprise_id: UUID, name: str, *, source: str, actor: Actor, now: datetime
) -> None:
    await EnterpriseName.create(
        id=new_id(now),
        enterprise_id=enterprise_id,
        name=name,
        source=source,
        recorded_by=people.label(actor),
        recorded_at=now,
    )


async def _today(enterprise_id: UUID) -> Registration | None:
    return await Registration.get_or_none(enterprise_id=enterprise_id, superseded_at=None)


async def _details(enterprise_id: UUID) -> Details:
    return _read(await _today(enterprise_id))


def _read(row: Registration | None) -> Details:
    if row is None:
        return Details()
    return details_of(row)


def details_of(row: Registration) -> Details:
    return Details(**{name: getattr(row, name) for name in Details().values()})


def _told(details: Details) -> dict[str, object]:
    values = details.values().items()
    return {name: None if value in ("", None) else str(value) for name, value in values}
