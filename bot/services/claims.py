"""Claiming an enterprise by papers for the staff; by phone: roster_claims.py."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import everything, fetch
from bot.clients.vault import Vault
from bot.domain import credit_codes
from bot.domain.actors import Actor, Member
from bot.domain.bindings import (
    MOST_CLAIMS_A_DAY,
    MOST_OPEN_CLAIMS,
    WAITING,
    How,
    Role,
    State,
)
from bot.domain.claims import read_phone
from bot.domain.dates import in_words
from bot.domain.enterprises import Details, check_founded, read_name
from bot.domain.errors import DomainError, NotFound, TooMany
from bot.domain.workdays import BEIJING
from bot.services import binding_steps, enterprises, people, rations
from models import Binding, Enterprise


class HeldAlready(DomainError):
    code = "bound_already"
    message = "您已经是这家企业的联系人，不用再申请。"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim came to. Of the enterprise it tells nothing but what the person knew."""

    binding_id: UUID
    enterprise_id: UUID
    credit_code: str
    name: str
    role: Role
    state: State


@dataclass(frozen=True, slots=True)
class Stated:
    """What else the claimant read on the licence: it enters the file once the claim is believed."""

    legal_representative: str = ""
    founded_on: date | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Papers:
    """What somebody fills in whom the roster does not know; the files follow."""

    credit_code: str
    name: str
    role: Role
    person: str
    phone: str
    stated: Stated = Stated()


WHY = "a claimant sees nothing of the enterprise, yet whether it is held decides on the claim"


async def by_papers(papers: Papers, *, actor: Member, vault: Vault, now: datetime) -> Claimed:
    """Ask the staff; the licence and the letter of authority are uploaded to what this answers.

    An enterprise that nobody knows gets a file; of one that is known nothing is told or changed.
    Who comes back after the loss of a phone keeps their role until the staff have read the papers.
    """
    code, name = credit_codes.read(papers.credit_code).code, read_name(papers.name)
    phone, person = read_phone(papers.phone), papers.person.strip()
    check_founded(papers.stated.founded_on, today=now.astimezone(BEIJING).date())
    async with everything(WHY), in_transaction():
        found = await enterprises.open_file(
            code, name, source=enterprises.DECLARED, actor=actor, now=now
        )
        await binding_steps.lock(found.id)
        binding = await binding_steps.mine(found.id, actor.user_id)
        if binding is not None and binding.state is State.ACTIVE:
            raise HeldAlready
        if binding is None:
            await _check_number_of_claims(actor, now=now)
            held = await binding_steps.holders(found.id, now=now)
            binding = await binding_steps.begin(
                Binding(
                    enterprise_id=found.id,
                    user_id=actor.user_id,
                    role=papers.role,
                    how=How.PAPERS,
                    state=State.DISPUTED if held else State.REQUESTED,
                ),
                actor=actor,
                now=now,
            )
        sealed = vault.seal(phone, context=f"binding:{binding.id}:phone")
        given = {"person": person, "name_given": name, "phone_sealed": sealed}
        await binding_steps.fill(binding, actor=actor, now=now, **given, **asdict(papers.stated))
        if binding.state in WAITING and binding.role is not papers.role:
            await binding_steps.recast(binding, papers.role, actor=actor, now=now)
        await alarm(found, binding, now=now)
    return Claimed(binding.id, found.id, code, name, binding.role, binding.state)


async def attach(
    binding_id: UUID,
    *,
    licence: UUID | None = None,
    letter: UUID | None = None,
    actor: Member,
    now: datetime,
) -> None:
    """Note which files prove the claim; a later one takes the place of an earlier one."""
    files = {"licence_file": licence, "letter_file": letter}
    given = {name: file for name, file in files.items() if file is not None}
    async with in_transaction():
        binding = await own(binding_id, actor=actor)
        held = {name: getattr(binding, name) for name in given}
        older = {str(file) for name, file in held.items() if file not in {None, given[name]}}
        older |= set(binding.older_files)
        if given != held:
            await binding_steps.fill(
                binding, actor=actor, now=now, **given, older_files=sorted(older)
            )


def papers_of(binding: Binding) -> set[UUID]:
    """Every paper that was ever handed in for it."""
    now = {file for file in (binding.licence_file, binding.letter_file) if file is not None}
    return now | {UUID(file) for file in binding.older_files}


async def withdraw(binding_id: UUID, *, actor: Member, now: datetime) -> None:
    """Take a claim back; taken back already it is as it should be."""
    async with in_transaction():
        binding = await _theirs(binding_id, actor=actor)
        if not await binding_steps.repeated(binding, "withdraw", actor=actor):
            _check_waits(binding)
            await binding_steps.move(binding, "withdraw", actor=actor, now=now)


async def waiting_of(actor: Member) -> tuple[Claimed, ...]:
    """What the person waits for, or has to prove again; in their own words."""
    rows = await fetch(
        "SELECT b.id, e.id AS enterprise_id, e.credit_code, b.role, b.state,"
        " coalesce(nullif(b.name_given, ''), e.name) AS name"
        " FROM binding b JOIN app_user u ON u.id = b.user_id JOIN enterprise e"
        " ON e.id = b.enterprise_id WHERE (u.id = $1 OR u.joined_into_id = $1)"
        " AND b.state IN ('requested', 'disputed', 'suspended') ORDER BY b.id",
        actor.user_id,
    )
    return tuple(
        Claimed(
            row["id"],
            row["enterprise_id"],
            row["credit_code"],
            row["name"],
            Role(row["role"]),
            State(row["state"]),
        )
        for row in rows
    )


async def own(binding_id: UUID, *, actor: Member) -> Binding:
    """A claim of the member's own that waits, or NotFound."""
    binding = await _theirs(binding_id, actor=actor)
    _check_waits(binding)
    return binding


async def _theirs(binding_id: UUID, *, actor: Member) -> Binding:
    binding = await Binding.get_or_none(id=binding_id)
    if binding is None or await binding_steps.person_of(binding) != actor.user_id:
        raise NotFound
    return binding


def _check_waits(binding: Binding) -> None:
    if binding.state not in WAITING | {State.SUSPENDED}:
        raise NotFound


async def enter_stated(binding: Binding, *, actor: Actor, now: datetime) -> None:
    """The claim is believed: what its person read on the licence fills in what nobody knew."""
    stated = Details(
        legal_representative=binding.legal_representative,
        founded_on=binding.founded_on,
        address=binding.address,
    )
    enterprise_id: UUID = binding.enterprise_id  # type: ignore[attr-defined]
    await enterprises.supplement(enterprise_id, stated, actor=actor, now=now)


async def contest_others(winner: Binding, *, actor: Actor, now: datetime) -> None:
    """Somebody holds the enterprise from now on: whoever else waits for it, waits in a dispute."""
    others = Binding.filter(
        enterprise_id=winner.enterprise_id,  # type: ignore[attr-defined]
        state=State.REQUESTED,
    )
    for other in await others.exclude(id=winner.id):
        await binding_steps.move(other, "dispute", actor=actor, now=now)


async def alarm(enterprise: Enterprise, binding: Binding, *, now: datetime) -> None:
    """Tell the holders at once that somebody else claims their enterprise."""
    if binding.state is State.DISPUTED:
        await people.tell_holders(
            enterprise.id,
            "binding_disputed",
            {"company": enterprise.name, "asked_on": in_words(now.astimezone(BEIJING).date())},
            key=f"binding:{binding.id}:disputed",
            now=now,
            link=f"/h5/e/{enterprise.id}/colleagues",
        )


async def _check_number_of_claims(actor: Member, *, now: datetime) -> None:
    if len(await waiting_of(actor)) >= MOST_OPEN_CLAIMS:
        raise TooMany("您已有几个申请在等待核实，请先等结果，或者撤回不要的申请。")
    await check_claims_of_today(actor, now=now)


async def check_claims_of_today(actor: Member, *, now: datetime) -> None:
    """Use up one of today's claims, or raise TooMany."""
    if not await rations.use("claim", str(actor.user_id), most=MOST_CLAIMS_A_DAY, now=now):
        raise TooMany(
            f"一天最多申请 {MOST_CLAIMS_A_DAY} 次，请明天再来，或者请同事发邀请链接给您。"
        )
