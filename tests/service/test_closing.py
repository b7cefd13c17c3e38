"""Closing an account: what is the person's is gone, what is the enterprise's stays."""

from uuid import UUID

import pytest

from bot.clients.database import act_for, everything, fetch
from bot.domain.actors import System
from bot.domain.bindings import Role, State
from bot.domain.commitments import Missing
from bot.domain.consents import TEXTS, Purpose
from bot.domain.sessions import Door
from bot.services import (
    bindings,
    claims,
    closing,
    colleagues,
    commitments,
    consents,
    drafts,
    exports,
    file_upkeep,
    files,
    invitations,
    licence_photos,
    sessions,
)
from models import (
    AuditEntry,
    Binding,
    Contact,
    Draft,
    ExportPack,
    Grant,
    Identity,
    InboundMessage,
    Job,
    LicencePhoto,
    StoredFile,
    Ticket,
    User,
)
from models.ids import new_id
from tests import papers, people
from tests.conftest import NOW
from tests.service.test_commitments import VAULT, published, signed

FORM = "self:casme-public-credit"


async def leave_traces(opened, enterprise: UUID) -> None:
    """Whatever a person leaves with us."""
    who, openid = opened.member, (await Identity.get(user_id=opened.member.user_id)).openid
    here = {"appid": people.OA, "openid": openid}
    await consents.give(Purpose.PHONE, TEXTS[Purpose.PHONE].version, actor=who, now=NOW)
    for subject in (who.user_id, enterprise):
        await drafts.save(FORM, subject, {"a": "1"}, seen=0, actor=who, now=NOW)
    await Contact.create(id=new_id(NOW), first_seen_at=NOW, last_seen_at=NOW, **here)
    await InboundMessage.create(
        id=new_id(NOW), dedupe_key="k", kind="text", reply="", received_at=NOW, **here
    )
    await Ticket.create(id=new_id(NOW), question="怎么收费", created_at=NOW, **here)
    await Grant.create(id=new_id(NOW), template_id="t", left=1, changed_at=NOW, **here)
    await exports.ask(None, actor=who, now=NOW)
    for row in await Binding.filter(user_id=who.user_id):
        await people.fill(row.id, phone_sealed=VAULT.seal("13900139000", context="x"))


async def test_everything_of_the_person_is_gone_and_the_session_with_it(db):
    opened = await people.opened()
    enterprise = await people.enterprise()
    await people.bind(opened.member.user_id, enterprise)
    await leave_traces(opened, enterprise)

    await closing.close(actor=opened.member, now=NOW)

    for table in (Identity, Contact, InboundMessage, Ticket, Grant, Draft, ExportPack):
        assert await table.all().count() == 0, table
    [binding] = await Binding.all()
    assert (binding.state, binding.phone_sealed) == (State.REVOKED, None)
    assert await sessions.find(opened.token, Door.H5, now=NOW) is None
    ended = {one["revoked_at"] for one in await fetch("SELECT revoked_at FROM consent")}
    assert ended == {NOW}
    assert (await User.get(id=opened.member.user_id)).closed_at == NOW
    assert await AuditEntry.filter(action="account.close").count() == 1


async def test_whoever_comes_back_is_somebody_new(db):
    opened = await people.opened("same")
    await closing.close(actor=opened.member, now=NOW)

    again = await people.opened("same")

    assert again.member.user_id != opened.member.user_id
    assert await bindings.bound(again.member, now=NOW) == ()


async def test_the_enterprise_keeps_its_commitment_and_its_colleagues_their_drafts(db):
    opened, colleague = await people.opened(), await people.member()
    enterprise = await people.enterprise()
    await people.bind(opened.member.user_id, enterprise)
    await people.bind(colleague.user_id, enterprise, Role.AGENT)
    await people.join(enterprise)
    await published(enterprise, opened.member)
    again = await signed(enterprise, opened.member)  # anew, and its seal is missing
    await drafts.save(FORM, enterprise, {"a": "1"}, seen=0, actor=opened.member, now=NOW)

    await closing.close(actor=opened.member, now=NOW)

    assert (await drafts.load(FORM, enterprise)).fields == {"a": "1"}
    standing = await commitments.standing(enterprise, actor=colleague, now=NOW)
    assert standing.public is not None
    assert standing.being_signed is not None
    assert (standing.being_signed.id, standing.missing) == (again.id, (*Missing,))
    told = [job for job in await Job.filter(kind="people.tell") if "已退出" in str(job.payload)]
    assert [job.payload["user"] for job in told] == [str(colleague.user_id)]


async def test_it_is_told_before_what_happens_to_each_enterprise(db):
    opened, colleague = await people.opened(), await people.member()
    alone, shared = await people.enterprise("独一公司"), await people.enterprise("两人公司")
    for one in (alone, shared):
        await people.bind(opened.member.user_id, one)
    await people.bind(colleague.user_id, shared, Role.AGENT)

    found = await closing.affected(opened.member, now=NOW)

    assert {(one.name, one.holding, one.last) for one in found} == {
        ("独一公司", True, True), ("两人公司", True, False),
    }  # fmt: skip


async def test_papers_that_proved_a_claim_are_erased_unless_somebody_else_needs_them(db, tmp_path):
    opened, other = await people.opened(), await people.member()
    enterprise = await people.enterprise()
    mine = await people.bind(opened.member.user_id, enterprise)
    theirs = await people.bind(other.user_id, enterprise, Role.AGENT)
    async with papers.cabinet_in(tmp_path) as cabinet:
        made = []
        kinds = ("claim_licence", "claim_letter", "claim_letter")
        for kind, size in zip(kinds, ((900, 1200), (900, 1300), (900, 1400)), strict=True):
            with papers.spooled(papers.picture(size)) as upload:
                kept = await files.keep(
                    upload, kind=kind, enterprise_id=enterprise, actor=System("test"), now=NOW,
                    cabinet=cabinet,
                )  # fmt: skip
            made.append(kept.id)
        with papers.spooled(papers.picture()) as photo:
            await licence_photos.keep(photo, actor=opened.member, now=NOW, cabinet=cabinet)
    await people.fill(mine, licence_file=made[0], letter_file=made[1])
    await colleagues.suspend(mine, actor=people.TEST, reason="", now=NOW)
    await claims.attach(mine, letter=made[2], actor=opened.member, now=NOW)
    await people.fill(theirs, licence_file=made[0])

    await closing.close(actor=opened.member, now=NOW)

    erased = {row.id: row.erased_at for row in await StoredFile.all()}
    assert erased == {made[0]: None, made[1]: NOW, made[2]: NOW}
    assert await LicencePhoto.all().count() == 0


async def test_two_who_handed_in_the_same_paper_can_both_close(db, tmp_path):
    first, second = await people.opened(), await people.opened()
    enterprise = await people.enterprise()
    async with papers.cabinet_in(tmp_path) as cabinet:
        with papers.spooled(papers.picture()) as upload:
            paper = await files.keep(
                upload, kind="claim_licence", enterprise_id=enterprise, actor=System("test"),
                now=NOW, cabinet=cabinet,
            )  # fmt: skip
    for one, given in (
        (first, {"licence_file": paper.id}),
        (second, {"older_files": [str(paper.id)]}),
    ):
        binding = await people.bind(one.member.user_id, enterprise)
        await people.fill(binding, **given)

    await closing.close(actor=first.member, now=NOW)
    assert (await StoredFile.get()).erased_at is None  # the other one's as well

    await closing.close(actor=second.member, now=NOW)
    assert (await StoredFile.get()).erased_at == NOW


async def test_a_paper_that_is_gone_already_keeps_nobody_from_closing(db, tmp_path):
    opened, enterprise = await people.opened(), await people.enterprise()
    async with papers.cabinet_in(tmp_path) as cabinet:
        with papers.spooled(papers.picture()) as upload:
            paper = await files.keep(
                upload, kind="claim_licence", enterprise_id=enterprise, actor=System("test"),
                now=NOW, cabinet=cabinet,
            )  # fmt: skip
    await people.fill(await people.bind(opened.member.user_id, enterprise), licence_file=paper.id)
    await file_upkeep.erase(paper.id, actor=System("test"), now=NOW)

    await closing.close(actor=opened.member, now=NOW)

    assert (await User.get(id=opened.member.user_id)).closed_at == NOW


async def test_identity_cards_go_with_whoever_handed_them_in_and_no_other_paper(db, tmp_path):
    opened, colleague = await people.opened(), await people.opened()
    enterprise = await people.enterprise()
    async with papers.cabinet_in(tmp_path) as cabinet:
        for who, size in ((opened, (900, 1200)), (colleague, (900, 1300))):
            await people.bind(who.member.user_id, enterprise)
            for kind in ("identity_card", "honour"):
                with papers.spooled(papers.picture(size)) as upload:
                    await files.keep(
                        upload, kind=kind, enterprise_id=enterprise, actor=who.member, now=NOW,
                        cabinet=cabinet,
                    )  # fmt: skip

    act_for(opened.member.user_id)
    await closing.close(actor=opened.member, now=NOW)

    async with everything("the test looks"):
        gone = await StoredFile.filter(erased_at__isnull=False).values_list("kind", "actor")
    assert gone == [("identity_card", str(opened.member.user_id))]


async def test_links_that_the_person_sent_out_lead_nowhere(db):
    opened = await people.opened()
    enterprise = await people.enterprise()
    await people.bind(opened.member.user_id, enterprise)
    made = await invitations.invite(enterprise, Role.AGENT, actor=opened.member, now=NOW)

    await closing.close(actor=opened.member, now=NOW)

    with pytest.raises(invitations.NoInvitation):
        await invitations.look(made.token, now=NOW)


async def test_nobody_else_is_touched(db):
    opened, other = await people.opened(), await people.opened()
    for one in (opened, other):
        enterprise = await people.enterprise()
        await people.bind(one.member.user_id, enterprise)
        await consents.give(Purpose.PHONE, TEXTS[Purpose.PHONE].version, actor=one.member, now=NOW)
        await drafts.save(FORM, enterprise, {"a": "1"}, seen=0, actor=one.member, now=NOW)

    act_for(opened.member.user_id)
    await closing.close(actor=opened.member, now=NOW)

    act_for(other.member.user_id)
    assert await sessions.find(other.token, Door.H5, now=NOW) is not None
    assert await consents.agrees(Purpose.PHONE, actor=other.member)
    assert len(await bindings.bound(other.member, now=NOW)) == 1
    assert (await drafts.load(FORM, enterprise)).fields == {"a": "1"}
