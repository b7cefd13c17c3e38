"""Issuing certificates: the decision is looked up, the number drawn, the record written, the
signature ordered. The signature itself comes afterwards, from the issuer (certificate_signing.py).
"""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from bot.clients.database import fetch
from bot.domain.actors import Actor
from bot.domain.certificate_token import RANDOM_BYTES
from bot.domain.certificates import (
    CREDIT_CODE,
    first_review,
    last_valid_day,
    level_code,
    printable,
    today,
)
from bot.domain.errors import BadInput, NotFound
from bot.scoring.programme import certificate_number
from bot.services import (
    audit,
    certificate_rows,
    certificate_successions,
    certificate_trail,
    outbox,
)
from bot.services.certificate_bases import Basis, Wanted, check
from bot.services.certificate_programmes import check_level, find_programme
from bot.services.certificate_rows import Row, Signature
from bot.services.inserting import MANY
from models.ids import new_ids

SIGN = "certificates.sign"  # the kind of job that signs whatever waits for it
NOTED = "certificate.issued"
_HOLDERS = "SELECT id, name, credit_code FROM enterprise WHERE id = ANY($1::uuid[]) ORDER BY id"


@dataclass(frozen=True, slots=True)
class Issued:
    """What the caller may show at once; the token follows within a moment."""

    number: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Carried:
    """What a new certificate takes over from the one that it replaces after a change of name."""

    valid_to: date
    reviewed_on: date | None
    review_due: date | None
    replaces: str


async def issue(
    *,
    enterprise_id: UUID,
    programme: str,
    level: str | None,
    basis: Basis,
    actor: Actor,
    now: datetime,
) -> Issued:
    """Record one certificate inside the caller's transaction and order its signature.

    The same decision never gives two: asked again, the first one is answered. An older certificate
    of the same programme that still lives is replaced by this one; so that of two at once the
    second finds the first, the caller holds the lock of the enterprise (`binding_steps.lock`).
    """
    wanted = Wanted(enterprise_id, programme, level, basis)
    return (await issue_many([wanted], actor=actor, now=now))[0]


async def issue_many(
    wanted: Sequence[Wanted], *, actor: Actor, now: datetime, carried: Carried | None = None
) -> list[Issued]:
    """Record many at once inside the caller's transaction, in the order asked.

    Each enterprise may appear once for a programme. The rows of the number counters stay locked
    until the transaction ends: so no number is left out and none comes twice.
    """
    await check(wanted, now)
    before = await known(wanted)
    rows = await drawn([one for one in wanted if key(one) not in before], now, carried)
    if rows:
        await write(rows, actor=actor, now=now)
        await outbox.put(SIGN, {}, now=now)
    made = iter([Issued(row.number, row.id) for row in rows])
    return [before.get(key(one)) or next(made) for one in wanted]


async def write(
    rows: Sequence[Row], signatures: Sequence[Signature] = (), *, actor: Actor, now: datetime
) -> None:
    """The rows with all that follows from them, inside the caller's transaction."""
    changed = await certificate_successions.begin(rows, actor=actor, now=now)
    await _note(rows, actor=actor, now=now)
    await certificate_rows.write(rows, signatures)
    await certificate_successions.end(changed, actor=actor, now=now)
    await certificate_trail.tell_issued([row.id for row in rows], now=now)


def key(one: Wanted) -> tuple[str, UUID | None]:
    """What one decision is known by."""
    return one.basis.kind, one.basis.id


async def known(wanted: Sequence[Wanted]) -> dict[tuple[str, UUID | None], Issued]:
    """Certificates that some of these decisions have led to already."""
    ids = [one.basis.id for one in wanted if one.basis.id is not None]
    if not ids:
        return {}
    rows = await fetch(
        "SELECT id, number, basis_kind, basis_id FROM certificate WHERE basis_id = ANY($1::uuid[])",
        ids,
    )
    return {(row["basis_kind"], row["basis_id"]): Issued(row["number"], row["id"]) for row in rows}


async def drawn(
    wanted: Sequence[Wanted], now: datetime, carried: Carried | None = None
) -> list[Row]:
    """Each with its number and its random part; nothing is written but the counters."""
    called = await holders([one.enterprise_id for one in wanted])
    day = today(now)
    forms: dict[tuple[str, str | None], _Form] = {}
    for one in wanted:
        if (one.programme, one.level) not in forms:
            forms[one.programme, one.level] = await _form(one.programme, one.level, day, carried)
    chosen = [forms[one.programme, one.level] for one in wanted]
    serials = await _serials([form.prefix for form in chosen])
    ids = new_ids(now, len(wanted))
    return [
        _row(one, form, serial, called.get(one.enterprise_id), (id_, now))
        for one, form, serial, id_ in zip(wanted, chosen, serials, ids, strict=True)
    ]


async def holders(enterprises: Sequence[UUID], *, lock: str = "") -> dict[UUID, tuple[str, str]]:
    """The name of each as it is printed, and its code."""
    rows = await fetch(f"{_HOLDERS}{lock}", enterprises)
    return {row["id"]: (printable(row["name"]), str(row["credit_code"])) for row in rows}


@dataclass(frozen=True, slots=True)
class _Form:
    """What all certificates of a programme and level that are issued on one day have in common."""

    prefix: str
    digits: int
    common: Mapping[str, Any]


async def _form(name: str, wanted: str | None, day: date, carried: Carried | None) -> _Form:
    programme = find_programme(name)
    level = await check_level(programme, wanted, day)
    rule, review = programme.certificate, programme.annual_review
    number = certificate_number(programme, year=day.year, grade=level_code(level), serial=0)
    valid_to = carried.valid_to if carried else last_valid_day(day, rule.valid_years)
    due = first_review(day, valid_to) if review else None
    common = {
        "programme": programme.id,
        "programme_version": programme.version,
        "scheme": rule.body,
        "level": level,
        "valid_from": day,
        "valid_to": valid_to,
        "reviewed_on": carried.reviewed_on if carried else (day if review else None),
        "review_due": carried.review_due if carried else due,
        "grace_days": review.grace_days if review else 0,
        "withdrawn_after_days": review.withdrawn_after_days if review else 0,
        "replaces": carried.replaces if carried else "",
    }
    return _Form(number[: -rule.serial_digits], rule.serial_digits, common)


def _row(
    wanted: Wanted,
    form: _Form,
    serial: int,
    holder: tuple[str, str] | None,
    made: tuple[UUID, datetime],
) -> Row:
    if holder is None:
        raise NotFound("没有这家企业。")
    name, code = holder
    if not CREDIT_CODE.fullmatch(code):
        raise BadInput("企业的统一社会信用代码有误，请先更正。", field="credit_code")
    return Row(
        id=made[0],
        enterprise_id=wanted.enterprise_id,
        number=f"{form.prefix}{serial:0{form.digits}d}",
        name=name,
        credit_code=code,
        random=secrets.token_bytes(RANDOM_BYTES),
        basis_kind=wanted.basis.kind,
        basis_id=wanted.basis.id,
        basis_by=wanted.basis.by.strip(),
        basis_second=wanted.basis.second.strip(),
        basis_reason=wanted.basis.reason.strip(),
        recorded_at=made[1],
        state_since=made[1],
        **form.common,
    )


async def _serials(prefixes: Sequence[str]) -> list[int]:
    """The next serial for each, from counters that stay locked; always in the same order."""
    following = {}
    for prefix, count in sorted(Counter(prefixes).items()):
        [row] = await fetch(
            "INSERT INTO certificate_series (prefix, last_serial) VALUES ($1, $2)"
            " ON CONFLICT (prefix) DO UPDATE"
            " SET last_serial = certificate_series.last_serial + $2 RETURNING last_serial",
            prefix,
            count,
        )
        following[prefix] = row["last_serial"] - count
    serials = []
    for prefix in prefixes:
        following[prefix] += 1
        serials.append(following[prefix])
    return serials


async def _note(rows: Sequence[Row], *, actor: Actor, now: datetime) -> None:
    """The audit entry of each, or of many the one that stands for all, before the rows."""
    if len(rows) > MANY:
        after = {"certificates": len(rows)}
        await audit.note(
            NOTED, kind="certificate", id=audit.EACH, actor=actor, now=now, after=after
        )
        return
    for row in rows:
        await audit.note(
            NOTED,
            kind="certificate",
            id=row.id,
            actor=actor,
            now=now,
            enterprise_id=row.enterprise_id,
            after={"number": row.number, "level": row.level, "valid_to": str(row.valid_to)},
            reason=row.basis_reason,
        )
