"""Programmes as this installation runs them: whoever asks for a price asks here.

The files say what may be charged at all; whether a programme that issues a grade is charged for
is switched on here, by two named people and on a legal basis that they name (X09).
"""

from dataclasses import dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Staff
from bot.domain.certificates import two_people
from bot.domain.errors import BadInput, DomainError
from bot.scoring.library import shipped_programmes
from bot.scoring.programme import Price, Programme, price_for, switched_on
from bot.services import audit
from bot.services.certificate_programmes import find_programme
from models import Charging
from models.ids import new_id

LONGEST = 300
_NEWEST = (
    "SELECT DISTINCT ON (programme) programme, is_on, legal_basis, reason, by, second, at"
    " FROM charging ORDER BY programme, at DESC, id DESC"
)


@dataclass(frozen=True, slots=True)
class Switched:
    """Who switched charging on or off last, when and why."""

    programme: str
    is_on: bool
    legal_basis: str
    reason: str
    by: str
    second: str
    at: datetime


async def in_force(name: str) -> Programme:
    """One programme with its prices as they are charged here."""
    return _as_charged(find_programme(name), await switches())


async def all_in_force() -> tuple[Programme, ...]:
    """Every programme, likewise."""
    known = await switches()
    return tuple(_as_charged(programme, known) for programme in shipped_programmes())


async def price(name: str, *, member: bool) -> Price:
    """What this applicant owes; NoFee where nothing may be charged."""
    return price_for(await in_force(name), member=member)


async def switches() -> dict[str, Switched]:
    """The last word on each programme on which there was one."""
    return {row["programme"]: Switched(**row) for row in await fetch(_NEWEST)}


async def charge(
    name: str, *, legal_basis: str, actor: Staff, second: str, now: datetime
) -> Programme:
    """Switch charging on; FeeNotAllowed for a programme that is free by its rules."""
    two_people(actor.name, second)
    programme = find_programme(name)
    charged = switched_on(programme, legal_basis)
    if programme.fee.mode == "on":
        raise DomainError("这个项目按规定本来就收费，不用另外开启。")
    if not programme.fee.prices:
        raise DomainError("这个项目没有价目，不能收费。")
    _short(legal_basis, "legal_basis")
    row = Charging(programme=name, is_on=True, legal_basis=legal_basis.strip())
    await _switch(row, actor=actor, second=second, now=now)
    return charged


async def free(name: str, *, reason: str, actor: Staff, second: str, now: datetime) -> None:
    """Switch charging off again."""
    two_people(actor.name, second)
    find_programme(name)
    known = (await switches()).get(name)
    if known is None or not known.is_on:
        raise DomainError("这个项目没有开启收费。")
    if not reason.strip():
        raise BadInput("请写明停止收费的原因。", field="reason")
    _short(reason, "reason")
    row = Charging(programme=name, is_on=False, reason=reason.strip())
    await _switch(row, actor=actor, second=second, now=now)


async def _switch(row: Charging, *, actor: Staff, second: str, now: datetime) -> None:
    row.id, row.at = new_id(now), now
    row.by, row.second = actor.name.strip(), second.strip()
    async with in_transaction():
        await row.save(force_create=True)
        await audit.note(
            "charging.on" if row.is_on else "charging.off",
            kind="charging",
            id=row.id,
            actor=actor,
            now=now,
            after={"programme": row.programme, "on": row.is_on, "second": row.second},
            reason=row.legal_basis or row.reason,
        )


def _as_charged(programme: Programme, known: dict[str, Switched]) -> Programme:
    """What the files forbid stays forbidden, whatever a row says."""
    found = known.get(programme.id)
    if found is None or not found.is_on or programme.fee.mode != "off":
        return programme
    return switched_on(programme, found.legal_basis)


def _short(text: str, field: str) -> None:
    if len(text) > LONGEST:
        raise BadInput(f"太长，请控制在 {LONGEST} 字以内。", field=field)
