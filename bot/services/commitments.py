"""Commitments: prepared, signed by the legal representative, sealed; public once they are whole."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.vault import Vault
from bot.domain import commitments as rules
from bot.domain import handwriting
from bot.domain.actors import Actor, Member, Visitor
from bot.domain.bindings import Role
from bot.domain.cases import NotEligible
from bot.domain.certificates import today
from bot.domain.commitments import OPEN, How, Missing, State
from bot.domain.consents import Purpose
from bot.domain.enterprises import Details
from bot.domain.errors import BadInput, NotFound, Stale
from bot.domain.handwriting import Strokes
from bot.domain.papers import Kind
from bot.scoring.programme import Price
from bot.services import (
    audit,
    binding_steps,
    bindings,
    consents,
    enterprises,
    memberships,
    people,
    signers,
)
from bot.services.case_conditions import Condition
from bot.services.commitment_settling import ISSUER, missing, obstacle, price, settle, settle_of
from bot.services.commitment_texts import Text, in_force, texts
from bot.services.signers import Due
from models import Commitment
from models.ids import new_id


@dataclass(frozen=True, slots=True)
class Begun:
    """One commitment, from its beginning on."""

    id: UUID
    state: State
    how: How | None
    name: str
    legal_representative: str
    text_version: int
    owed_fen: int
    published_at: datetime | None
    certificate: str
    document_sha256: str
    letter_file: UUID | None
    """The photographed letter, when it was signed on paper."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an enterprise is with its commitment, for its page and for the mini-program."""

    enterprise_id: UUID
    name: str
    credit_code: str
    legal_representative: str
    status: str
    """Of the registration; "" as long as nobody has told it."""
    text: Text
    """The one that is being signed or was signed; before that, the one in force."""
    being_signed: Begun | None
    public: Begun | None
    last: Begun | None
    """The newest that is over."""
    missing: tuple[Missing, ...]
    price: Price | None
    """None: nothing is owed."""
    member_until: date | None
    """The last day of a membership that is over (X35)."""
    resign: Due | None
    """The public one is to be signed again, for the legal representative has changed."""
    obstacle: Condition | None
    """The condition that is not met: nothing begins and nothing is published before it is."""

    @property
    def stopped(self) -> bool:
        """Whether nothing can begin now; what is only unknown is asked for on the way."""
        return self.obstacle is not None and bool(self.status or not self.obstacle.path)


async def standing(enterprise_id: UUID, *, actor: Member, now: datetime) -> Standing:
    """How far it is; what was held up and is not any more becomes public by being looked at."""
    await bindings.require(actor, enterprise_id, now=now)
    begun_ = await being_signed(enterprise_id)
    if begun_ is not None and not missing(begun_):
        await settle_of(enterprise_id, now=now)
    rows = await Commitment.filter(enterprise_id=enterprise_id).order_by("-created_at")
    open_ = next((row for row in rows if row.state in OPEN), None)
    public = next((row for row in rows if row.state is State.PUBLISHED), None)
    over = (row for row in rows if row.state not in OPEN and row.state is not State.PUBLISHED)
    profile = await enterprises.look(enterprise_id)
    shown = open_ or public
    return Standing(
        enterprise_id=enterprise_id,
        name=profile.name,
        credit_code=profile.credit_code,
        legal_representative=profile.details.legal_representative,
        status=profile.details.status,
        text=texts()[shown.text_version] if shown else in_force(today(now)),
        being_signed=begun(open_),
        public=begun(public),
        last=begun(next(over, None)),
        missing=missing(open_) if open_ else (),
        price=await price(enterprise_id, now=now),
        member_until=await memberships.ended(enterprise_id, ISSUER, on=today(now)),
        resign=await signers.due(enterprise_id),
        obstacle=await obstacle(enterprise_id, now=now),
    )


def begun(row: Commitment | None) -> Begun | None:
    """The row as a value, for whoever shows it."""
    if row is None:
        return None
    return Begun(**{name: getattr(row, name) for name in Begun.__slots__})


async def prepare(
    enterprise_id: UUID,
    legal_representative: str,
    *,
    status: str = "",
    actor: Member,
    now: datetime,
) -> Commitment:
    """Begin to sign today's text; what is being signed already goes on as it is.

    Whoever begins has agreed to what the public will see (NoConsent).

    `status` is what the member says of the enterprise's registration, taken where it is not known.
    """
    await bindings.require(actor, enterprise_id, now=now)
    await consents.require(Purpose.PUBLICATION, actor=actor)
    person = legal_representative.strip()
    if not 2 <= len(person) <= 80:
        raise BadInput("请填写法定代表人的姓名，与营业执照一致。", field="legal_representative")
    async with in_transaction():
        enterprise = await binding_steps.lock(enterprise_id)
        if (begun := await being_signed(enterprise_id)) is not None:
            if begun.legal_representative != person:
                raise Stale(
                    f"已经在签了，写的是“{begun.legal_representative}”。要改姓名，请先放弃这次签署。"
                )
            return begun
        known = (await enterprises.look(enterprise_id)).details.status
        if status and not known:
            await enterprises.describe(
                enterprise_id, Details(status=status), source=enterprises.DECLARED,
                actor=actor, now=now,
            )  # fmt: skip
        if (found := await obstacle(enterprise_id, now=now)) is not None:
            raise NotEligible(f"{found.words}：{found.note}。")
        row = Commitment(
            id=new_id(now),
            enterprise_id=enterprise_id,
            state=State.PREPARED,
            text_version=in_force(today(now)).version,
            name=enterprise.name,
            credit_code=enterprise.credit_code,
            legal_representative=person,
            created_by=people.label(actor),
            created_at=now,
        )
        await row.save(force_create=True)
        await note(row, "commitment.prepare", None, actor=actor, now=now)
    return row


async def paper_of(enterprise_id: UUID, kind: Kind, *, actor: Member, now: datetime) -> Commitment:
    """The commitment whose paper of this kind may be given out now.

    A letter names its signer and shows their hand: it goes to whoever signed or began it, and to
    others once their binding has settled.
    """
    await bindings.require(actor, enterprise_id, now=now)
    wanted = State.PREPARED if kind is Kind.DRAFT else State.PUBLISHED
    row = await Commitment.filter(enterprise_id=enterprise_id, state=wanted).first()
    if row is None:
        raise NotFound
    if kind is Kind.LETTER and people.label(actor) not in (row.signed_by, row.created_by):
        await bindings.settled_or_refuse(actor, enterprise_id, now=now)
    return row


async def being_signed(enterprise_id: UUID) -> Commitment | None:
    return await Commitment.filter(enterprise_id=enterprise_id, state__in=OPEN).first()


async def sign(
    enterprise_id: UUID, strokes: str, *, actor: Member, vault: Vault, now: datetime
) -> Commitment:
    """The legal representative signs on the phone that they are bound with."""
    await bindings.require(actor, enterprise_id, now=now, role=Role.LEGAL)
    read = handwriting.read(strokes)
    async with in_transaction():
        await consents.lock(actor.user_id)  # nobody takes it back between this question and the act
        await consents.require(Purpose.PUBLICATION, actor=actor)
        row, done = await _locked(
            enterprise_id, signature_sha256=read.sha256, how=How.OWN_PHONE.value
        )
        if not done:
            await take_signature(row, read, How.OWN_PHONE, actor=actor, vault=vault, now=now)
    return row


async def take_signature(
    row: Commitment,
    strokes: Strokes,
    how: How,
    *,
    actor: Member | Visitor,
    vault: Vault,
    now: datetime,
) -> None:
    """Keep the strokes sealed, inside the caller's transaction; signing again replaces them."""
    row.how, row.signed_by, row.signed_at = how, people.label(actor), now
    row.signature_sealed = vault.seal(strokes.canonical, context=f"commitment:{row.id}")
    row.signature_sha256 = strokes.sha256
    await _keep(row, "commitment.sign", actor=actor, now=now)


async def put_seal(
    enterprise_id: UUID, file_id: UUID, sha256: str, *, actor: Member, now: datetime
) -> Commitment:
    """Add the picture of the company's seal; the file was kept and checked before."""
    await bindings.require(actor, enterprise_id, now=now)
    async with in_transaction():
        row, done = await _locked(enterprise_id, seal_sha256=sha256)
        if not done:
            row.seal_file, row.seal_sha256 = file_id, sha256
            await _keep(row, "commitment.seal", actor=actor, now=now)
    return row


async def put_letter(
    enterprise_id: UUID, file_id: UUID, sha256: str, *, actor: Member, now: datetime
) -> Commitment:
    """Take the photographed letter that was signed and stamped on paper, for both at once."""
    await bindings.require(actor, enterprise_id, now=now)
    async with in_transaction():
        row, done = await _locked(enterprise_id, letter_sha256=sha256, how=How.LETTER.value)
        if not done:
            row.how, row.signed_by, row.signed_at = How.LETTER, people.label(actor), now
            row.letter_file, row.letter_sha256 = file_id, sha256
            await _keep(row, "commitment.letter", actor=actor, now=now)
    return row


async def strokes_of(row: Commitment, vault: Vault) -> Strokes | None:
    """The signature, to draw it into the letter."""
    if row.signature_sealed is None:
        return None
    return handwriting.restore(vault.open(row.signature_sealed, context=f"commitment:{row.id}"))


async def _keep(row: Commitment, action: str, *, actor: Member | Visitor, now: datetime) -> None:
    """Write the step down; when nothing is missing any more the public sees it at once."""
    await row.save()
    await note(row, action, row.state, actor=actor, now=now)
    await settle(row, actor=actor, now=now)


async def _locked(enterprise_id: UUID, **act: str) -> tuple[Commitment, bool]:
    """What is being signed, under the lock of its enterprise, and whether this is done already.

    Whoever asks again, because the answer to the first time was lost, finds it signed, or public.
    """
    await binding_steps.lock(enterprise_id)
    row = await being_signed(enterprise_id) or await Commitment.get_or_none(
        enterprise_id=enterprise_id, state=State.PUBLISHED
    )
    if row is not None and all(getattr(row, name) == value for name, value in act.items()):
        return row, True
    if row is None or row.state is State.PUBLISHED:
        raise rules.NoSuchStep("没有正在签署的承诺书，请从头开始。")
    if row.state is not State.PREPARED:
        raise rules.NoSuchStep("承诺书已经签好，完成缴费后公示。")
    return row, False


async def note(
    row: Commitment,
    action: str,
    before: State | None,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    await audit.note(
        action,
        kind="commitment",
        id=row.id,
        actor=actor,
        now=now,
        enterprise_id=row.enterprise_id,
        before={"state": before} if before else None,
        after={"state": row.state, "missing": [what.value for what in missing(row)]},
        reason=reason,
    )
