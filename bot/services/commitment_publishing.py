"""Publishing and ending commitments: the certificate follows in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import everything, fetch
from bot.domain import commitments as rules
from bot.domain import remarks
from bot.domain.actors import Actor, Member, Staff
from bot.domain.bindings import Role
from bot.domain.certificates import REASON_WORDS, NotDecided, Reason, two_people
from bot.domain.commitments import OPEN, How, State
from bot.domain.dates import in_words
from bot.domain.errors import NotFound
from bot.domain.papers import ORDER
from bot.domain.workdays import BEIJING
from bot.services import (
    audit,
    binding_steps,
    bindings,
    certificate_life,
    certificates,
    outbox,
    people,
)
from bot.services.certificate_bases import BASES, ENDS, Basis, Wanted
from bot.services.commitment_texts import Signed, texts
from models import Commitment

PROGRAMME = KIND = "commitment"
UNSIGNED = {
    "how": None, "signed_by": "", "signed_at": None, "signature_sealed": None,
    "signature_sha256": "",
}  # fmt: skip


async def publish(row: Commitment, *, owed_fen: int, actor: Actor, now: datetime) -> None:
    """Show a whole commitment to everybody, inside the caller's transaction, or await its fee."""
    before = row.state
    if owed_fen:
        row.state, row.owed_fen = rules.step("await_payment", row.state), owed_fen
        await _save(row, "commitment.await_payment", before, actor=actor, now=now)
        await _tell(row, "已签好，等待缴费", "缴费后马上公示", now=now)
        return
    await _replace_older(row, actor=actor, now=now)
    row.state, row.published_at = rules.step("publish", row.state), now
    row.owed_fen = 0
    row.document_sha256 = signed_of(row).sha256
    await row.save()
    basis = Basis(KIND, row.id)
    issued = await certificates.issue(
        enterprise_id=row.enterprise_id, programme=PROGRAMME, level=None, basis=basis,
        actor=actor, now=now,
    )  # fmt: skip
    row.certificate = issued.number
    await _save(row, "commitment.publish", before, actor=actor, now=now)
    await outbox.put(ORDER, {}, now=now)
    await _tell(row, "已公示", f"证书编号 {issued.number}", now=now)


def signed_of(row: Commitment) -> Signed:
    """What the published commitment rests on."""
    if row.how is None or row.signed_at is None:
        raise ValueError("the commitment is not signed")
    papers = (
        (row.letter_sha256,) if row.how is How.LETTER else (row.signature_sha256, row.seal_sha256)
    )
    return Signed(
        text=texts()[row.text_version].sha256,
        name=row.name,
        credit_code=row.credit_code,
        legal_representative=row.legal_representative,
        how=row.how,
        signed_at=row.signed_at,
        evidence=papers,
    )


async def withdraw(enterprise_id: UUID, reason: str, *, actor: Member, now: datetime) -> None:
    """The legal representative takes the public commitment back; its certificate ends with it."""
    await bindings.require(actor, enterprise_id, now=now, role=Role.LEGAL)
    reason = remarks.reason(reason)
    async with in_transaction():
        await binding_steps.lock(enterprise_id)
        mine = Commitment.filter(enterprise_id=enterprise_id)
        row = await mine.filter(state=State.PUBLISHED).first()
        if row is None:
            last = await mine.filter(published_at__isnull=False).order_by("-published_at").first()
            if last and (last.state, last.end_reason) == (State.WITHDRAWN, reason):
                return  # asked again
            raise rules.NoSuchStep("没有已公示的承诺书，不需要撤回。")
        await _end(row, "withdraw", reason, actor=actor, now=now)


async def withdraw_signed(*, actor: Member, now: datetime) -> None:
    """Take off the public list what this person signed on their own phone, inside the caller's
    transaction, whether or not they still act for the enterprise: they agree to it no more. What
    is not public yet does not become so."""
    states = OPEN | {State.PUBLISHED}
    await _take_back(states, "签字人撤回了公开的同意", actor=actor, now=now)


async def unsign(*, actor: Member, now: datetime) -> None:
    """As `withdraw_signed`, for whoever closes their account: what is public stays."""
    await _take_back(OPEN, "签字人注销了账号", actor=actor, now=now)


async def _take_back(
    states: frozenset[State], reason: str, *, actor: Member, now: datetime
) -> None:
    async with everything("whoever signed may end it also after they left the enterprise"):
        mine = await _signed_by(actor, states)
        for enterprise_id in sorted({row.enterprise_id for row in mine}):
            await binding_steps.lock(enterprise_id)
        for row in await _signed_by(actor, states):  # again: it may have moved meanwhile
            if row.state is State.PUBLISHED:
                await _end(row, "withdraw", reason, actor=actor, now=now)
            elif row.state is State.AWAITING_PAYMENT:
                await _shown_no_more(row, "abandon", reason, actor=actor, now=now)
            else:
                row.update_from_dict(UNSIGNED)
                await _save(
                    row, "commitment.unsign", row.state, actor=actor, now=now, reason=reason
                )


async def _signed_by(actor: Member, states: frozenset[State]) -> list[Commitment]:
    users = await fetch(
        "SELECT id FROM app_user WHERE id = $1 OR joined_into_id = $1", actor.user_id
    )
    signers = [f"member:{user['id']}" for user in users]
    return await Commitment.filter(
        state__in=states, how=How.OWN_PHONE, signed_by__in=signers
    ).order_by("id")


async def abandon(enterprise_id: UUID, *, actor: Member, now: datetime) -> None:
    """Give up what nobody else has seen yet, also when only its fee is missing."""
    await bindings.require(actor, enterprise_id, now=now)
    async with in_transaction():
        await binding_steps.lock(enterprise_id)
        mine = Commitment.filter(enterprise_id=enterprise_id)
        row = await mine.filter(state__in=OPEN).first()
        if row is None:
            last = await mine.order_by("-created_at").first()
            if last and last.state is State.ABANDONED:
                return  # asked again
            raise rules.NoSuchStep("没有正在签署的承诺书，不需要放弃。")
        before, row.state = row.state, rules.step("abandon", row.state)
        row.ended_at, row.end_reason = now, "企业放弃签署"
        await _save(row, "commitment.abandon", before, actor=actor, now=now)


async def take_down(
    commitment_id: UUID, reason: str, *, actor: Staff, second: str, now: datetime
) -> Commitment:
    """The association takes a commitment off its public list, by two people; the holders are told
    why, and its certificate ends."""
    two_people(actor.name, second)
    reason = remarks.reason(reason)
    async with in_transaction():
        found = await Commitment.get_or_none(id=commitment_id)
        if found is None:
            raise NotFound
        await binding_steps.lock(found.enterprise_id)
        await found.refresh_from_db()
        await _end(found, "take_down", reason, actor=actor, now=now, second=second)
    return found


async def release(commitment_id: UUID, reason: str, *, actor: Staff, now: datetime) -> None:
    """Let an enterprise sign again whose commitment was taken down; its holders are told."""
    words = remarks.reason(reason)
    async with in_transaction():
        found = await Commitment.get_or_none(id=commitment_id)
        if found is None:
            raise NotFound
        await binding_steps.lock(found.enterprise_id)
        await found.refresh_from_db()
        if found.state is not State.TAKEN_DOWN or found.released_at is not None:
            raise rules.NoSuchStep("这份承诺没有被撤下，或者已经允许重新签署。")
        found.released_at = now
        await _save(found, "commitment.release", found.state, actor=actor, now=now, reason=words)
        await _tell(found, "可以重新签署", "协会已核实", now=now, step="released")


async def _end(  # an end is answered for
    row: Commitment, action: str, reason: str, *, actor: Actor, now: datetime, second: str = ""
) -> None:
    await certificate_life.end_all(
        row.enterprise_id, PROGRAMME, Reason.COMMITMENT_ENDED, reason, second,
        actor=actor, now=now,
    )  # fmt: skip
    await _shown_no_more(row, action, reason, actor=actor, now=now)


async def _certificate_ended(enterprise_id: UUID, why: Reason, actor: Actor, now: datetime) -> None:
    """The association ended the certificate: its commitment is taken down, and not signed again
    before somebody has looked; one that the enterprise asked to end, it may sign again.

    Everybody reads the class of the reason; the words of a person stay with the certificate.
    """
    row = await Commitment.filter(enterprise_id=enterprise_id, state=State.PUBLISHED).first()
    if row is not None:
        action = "withdraw" if why is Reason.ON_REQUEST else "take_down"
        await _shown_no_more(row, action, REASON_WORDS[why], actor=actor, now=now)


async def _shown_no_more(
    row: Commitment, action: str, reason: str, *, actor: Actor, now: datetime
) -> None:
    before, row.state = row.state, rules.step(action, row.state)
    row.ended_at, row.end_reason = now, reason
    await _save(row, f"commitment.{action}", before, actor=actor, now=now, reason=reason)
    await _tell(row, row.state.label, reason, now=now)


async def _replace_older(row: Commitment, *, actor: Actor, now: datetime) -> None:
    older = await Commitment.filter(enterprise_id=row.enterprise_id, state=State.PUBLISHED).first()
    if older is not None:
        before, older.state = older.state, rules.step("replace", older.state)
        older.ended_at, older.end_reason = now, "签署了新的承诺书"
        await _save(older, "commitment.replace", before, actor=actor, now=now)


async def _save(
    row: Commitment, action: str, before: State, *, actor: Actor, now: datetime, reason: str = ""
) -> None:
    await row.save()
    await audit.note(
        action,
        kind="commitment",
        id=row.id,
        actor=actor,
        now=now,
        enterprise_id=row.enterprise_id,
        before={"state": before},
        after={"state": row.state, "certificate": row.certificate},
        reason=reason,
    )


async def _tell(row: Commitment, state: str, what: str, *, now: datetime, step: str = "") -> None:
    await people.tell_holders(
        row.enterprise_id,
        "commitment_moved",
        {
            "company": row.name,
            "state": state,
            "what": what,
            "moved_on": in_words(now.astimezone(BEIJING).date()),
        },
        key=f"commitment:{row.id}:{step or row.state.value}",
        now=now,
        link=f"/h5/e/{row.enterprise_id}/commitment",
    )


async def _decided(wanted: Sequence[Wanted], _now: datetime) -> None:
    """A certificate of a commitment rests on one that is public, of this enterprise, ungraded."""
    asked = [one.basis.id for one in wanted if one.basis.id is not None]
    rows = await fetch(
        "SELECT id, enterprise_id FROM commitment"
        " WHERE id = ANY($1::uuid[]) AND state = 'published'",
        asked,
    )
    public: dict[UUID, UUID] = {row["id"]: row["enterprise_id"] for row in rows}
    for one in wanted:
        theirs = one.basis.id is not None and public.get(one.basis.id) == one.enterprise_id
        if not theirs or one.programme != PROGRAMME or one.level is not None:
            raise NotDecided


BASES[KIND] = _decided
ENDS[PROGRAMME] = _certificate_ended
