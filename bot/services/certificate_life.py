"""What happens to a certificate after it was issued: each change with its reason and its people."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain import remarks
from bot.domain.actors import Actor, Staff, System
from bot.domain.certificates import (
    NUMBER,
    Action,
    Facts,
    NoSuchStep,
    NotDecided,
    Reason,
    State,
    allow,
    effective,
    lapse,
    printable,
    today,
    two_people,
    typed_number,
)
from bot.domain.errors import NotFound
from bot.services import (
    binding_steps,
    certificate_bases,
    certificate_trail,
    certificates,
)
from bot.services.certificate_bases import Basis, Wanted
from bot.services.certificate_trail import Event
from bot.services.certificates import Carried, Issued
from bot.services.signing_keys import BELIEVED

RENAME = "rename"
_FIELDS = (
    "SELECT id, enterprise_id, number, programme, level, name, credit_code, valid_from, valid_to,"  # noqa: S608  # our own names
    " state, reason, reviewed_on, review_due, grace_days, withdrawn_after_days, recorded_at,"
    f" signed_at, key, replaces, replaced_by, token, (key IS NULL OR {BELIEVED}) AS believed"
    " FROM certificate c"
)
_RENAMED = (
    "SELECT c.id, c.name, c.state, c.valid_to, c.level, c.programme, c.enterprise_id,"
    " e.name AS new_name,"
    " coalesce(n.basis_id = c.id AND n.basis_kind = 'rename', false) AS made"
    " FROM certificate c JOIN enterprise e ON e.id = c.enterprise_id"
    " LEFT JOIN certificate n ON n.number = c.replaced_by WHERE c.id = ANY($1::uuid[])"
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate as staff see it."""

    id: UUID
    enterprise_id: UUID
    number: str
    programme: str
    level: str
    name: str
    credit_code: str
    valid_from: date
    valid_to: date
    state: State
    reason: str
    reviewed_on: date | None
    review_due: date | None
    grace_days: int
    withdrawn_after_days: int
    recorded_at: datetime
    signed_at: datetime | None
    key: int | None
    replaces: str
    replaced_by: str
    token: str | None
    believed: bool
    """Not of a stolen key; what is not signed yet needs no belief."""

    @property
    def facts(self) -> Facts:
        return Facts(
            self.state, self.valid_to, self.review_due, self.grace_days, self.withdrawn_after_days
        )

    def state_on(self, day: date) -> State:
        """As everybody is told: whose key was stolen is not believed, whatever else is true."""
        return effective(self.facts, day) if self.believed else State.UNTRUSTED


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trail."""

    at: datetime
    action: str
    after: str
    reason: str
    words: str
    by: str
    second: str


async def find(number: str) -> Certificate:
    return await _one(number, lock="")


async def of_enterprise(enterprise_id: UUID) -> list[Certificate]:
    """All of one enterprise, the newest first; the caller has asked whether it is theirs."""
    rows = await fetch(
        f"{_FIELDS} WHERE enterprise_id = $1 ORDER BY recorded_at DESC, id DESC", enterprise_id
    )
    return [_certificate(row) for row in rows]


async def listed(*, limit: int = 50) -> list[Certificate]:
    """The newest certificates."""
    rows = await fetch(f"{_FIELDS} ORDER BY recorded_at DESC, id DESC LIMIT $1", limit)
    return [_certificate(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Outdated:
    """A certificate that lives under a name that its enterprise no longer has."""

    number: str
    name: str
    new_name: str
    state: State


async def outdated(*, now: datetime) -> list[Outdated]:
    """Those to be issued again under the new name (`rename`), the oldest first."""
    rows = await fetch(
        "SELECT c.number, c.name, e.name AS new_name, c.state FROM certificate c"
        " JOIN enterprise e ON e.id = c.enterprise_id WHERE c.state IN ('active', 'suspended')"
        " AND c.valid_to >= $1 AND c.name <> normalize(btrim(e.name), NFC)"
        " ORDER BY c.recorded_at, c.id",
        today(now),
    )
    return [Outdated(**row | {"state": State(row["state"])}) for row in rows]


async def trail(certificate_id: UUID) -> list[Line]:
    """Everything that happened to it; how it began stands in the certificate itself."""
    rows = await fetch(
        "SELECT recorded_at AS at, 'issue' AS action, 'active' AS after, '' AS reason,"
        " basis_reason AS words, basis_by AS by, basis_second AS second, id, 0 AS nth"
        " FROM certificate WHERE id = $1 UNION ALL"
        " SELECT at, action, after, reason, words, by, second, id, 1"
        " FROM certificate_event WHERE certificate_id = $1 ORDER BY at, nth, id",
        certificate_id,
    )
    return [Line(**{name: row[name] for name in Line.__slots__}) for row in rows]


async def change(  # noqa: PLR0913  # a change is answered for
    number: str,
    action: Action,
    *,
    reason: Reason | None,
    words: str,
    second: str,
    actor: Actor,
    now: datetime,
) -> Certificate:
    """Suspend, resume, withdraw or revoke; four eyes where the table of steps says so.

    With a certificate that is ended here goes whatever was public because of it, and of no other.
    """
    words = remarks.reason(words)
    enterprise_id = (await find(number)).enterprise_id
    async with in_transaction():
        await binding_steps.lock(enterprise_id)
        found = await locked(number)
        step = allow(action, found.state, reason)
        if step.four_eyes and not isinstance(actor, System):
            two_people(actor.name if isinstance(actor, Staff) else "", second)
        if action is Action.RESUME and lapse(found.facts, today(now)) is not State.ACTIVE:
            raise NoSuchStep("年审还没有通过：请先登记年审。")
        event = Event(action, found.state, step.target, reason, words, second)
        await certificate_trail.move(
            found.id, event, enterprise_id=enterprise_id, actor=actor, now=now
        )
        follow = certificate_bases.ENDS.get(found.programme)
        ended = step.target in certificate_trail.ENDED
        if reason and follow and ended and await _was_the_last(found, today(now)):
            await follow(enterprise_id, reason, actor, now)
    return await find(number)


async def _was_the_last(ended: Certificate, day: date) -> bool:
    """Whether it had not run out, and no other of its programme is in force: on that one rests what
    is public today."""
    others = await fetch(
        "SELECT 1 FROM certificate WHERE enterprise_id = $1 AND programme = $2"
        " AND state IN ('active', 'suspended') AND valid_to >= $3 LIMIT 1",
        ended.enterprise_id, ended.programme, day,
    )  # fmt: skip
    return ended.valid_to >= day and not others


async def end_all(  # noqa: PLR0913  # an end is answered for
    enterprise_id: UUID,
    programme: str,
    reason: Reason,
    words: str,
    second: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Withdraw whatever still lives of a programme, inside the caller's transaction: its ground is
    gone. By the enterprise and not by a number, because a change of name gives another one; the
    caller holds the lock of the enterprise, under which that happens too.
    """
    rows = await fetch(
        f"{_FIELDS} WHERE enterprise_id = $1 AND programme = $2"
        " AND state IN ('active', 'suspended') FOR UPDATE",
        enterprise_id,
        programme,
    )
    for found in map(_certificate, rows):
        step = allow(Action.WITHDRAW, found.state, reason)
        event = Event(Action.WITHDRAW, found.state, step.target, reason, words, second)
        await certificate_trail.move(
            found.id, event, enterprise_id=enterprise_id, actor=actor, now=now
        )


async def rename(number: str, *, words: str, actor: Actor, now: datetime) -> Issued:
    """Issue again under the enterprise's new name: same level, same end; the old one leads here."""
    words = remarks.reason(words)
    enterprise_id = (await find(number)).enterprise_id
    async with in_transaction():
        await binding_steps.lock(enterprise_id)
        old = await locked(number)
        if old.state is State.SUSPENDED:
            raise NoSuchStep("证书已暂停，请先恢复，再换发新名称的证书。")
        wanted = Wanted(
            old.enterprise_id,
            old.programme,
            old.level or None,
            Basis(RENAME, old.id, by=certificate_trail.named(actor), reason=words),
        )
        carried = Carried(old.valid_to, old.reviewed_on, old.review_due, old.number)
        [issued] = await certificates.issue_many([wanted], actor=actor, now=now, carried=carried)
    return issued


async def locked(number: str) -> Certificate:
    """Find it, and let nobody else change it before the caller's transaction is over."""
    return await _one(number, lock=" FOR UPDATE")


async def _one(number: str, *, lock: str) -> Certificate:
    typed = typed_number(number)
    known = NUMBER.fullmatch(typed)
    rows = await fetch(f"{_FIELDS} WHERE number = $1{lock}", typed) if known else ()
    if not rows:
        raise NotFound("没有这个编号的证书。")
    return _certificate(rows[0])


def _certificate(row: dict[str, object]) -> Certificate:
    return Certificate(**row | {"state": State(str(row["state"]))})  # type: ignore[arg-type]


async def _renamed(wanted: list[Wanted] | tuple[Wanted, ...], now: datetime) -> None:
    """A change of name: the old certificate lives, and the enterprise is called otherwise now; or
    it has given way to this very one."""
    found = {row["id"]: row for row in await fetch(_RENAMED, [one.basis.id for one in wanted])}
    for one in wanted:
        old = found.get(one.basis.id)
        if old is None:
            raise NotDecided
        same = (old["enterprise_id"], old["programme"], old["level"] or None) == (
            one.enterprise_id, one.programme, one.level)  # fmt: skip
        if not same:
            raise NotDecided
        if old["made"] and old["state"] == "superseded":
            continue
        if old["name"] == printable(old["new_name"]):
            raise NotDecided("企业名称没有变化，不需要换发。")
        if old["state"] not in {"active", "suspended"} or old["valid_to"] < today(now):
            raise NotDecided("原证书已经失效，不能换发。")


certificate_bases.BASES[RENAME] = _renamed  # type: ignore[assignment]  # any sequence will do
