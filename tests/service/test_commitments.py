"""Commitments: signed, sealed, public at once; forwarded, paid for by others; ended by reason."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from tortoise.exceptions import OperationalError

from bot.clients.database import fetch
from bot.clients.vault import Vault
from bot.domain.actors import Member, Staff
from bot.domain.bindings import Role
from bot.domain.certificates import Action, NeedsTwo, NotDecided, Reason
from bot.domain.commitments import How, LinkOver, Missing, NoSuchStep, State
from bot.domain.consents import Purpose
from bot.domain.errors import BadInput, NotFound, Stale
from bot.domain.papers import Kind
from bot.services import (
    certificate_life,
    claim_reviews,
    closing,
    colleagues,
    commitment_publishing,
    commitments,
    consents,
    credit_files,
    journeys,
    signing_links,
    withdrawals,
)
from bot.services.bindings import NeedsLegal, TooFresh
from bot.services.certificate_bases import Basis
from bot.services.certificates import issue
from bot.services.commitment_texts import texts
from bot.services.consents import NoConsent
from models import AuditEntry, Commitment, Identity, SigningLink
from models.ids import new_id
from tests import people
from tests.conftest import NOW
from tests.product import settings
from tests.service.test_commands import bot

VAULT = Vault({"k": bytes(32)}, bytes(32))


def strokes(top: int = 40) -> str:
    points = [{"x": 10 + n * 5, "y": top + n % 7, "time": 1000 + n * 16} for n in range(40)]
    return json.dumps([{"points": points}])


STROKES = strokes()
SEAL = UUID(int=77)
STAFF = Staff("王芳")


@pytest.fixture
async def enterprise(db) -> UUID:
    return await people.enterprise("晨星科技有限公司")


@pytest.fixture
async def member_enterprise(enterprise) -> UUID:
    await people.join(enterprise)
    return enterprise


async def holder(enterprise: UUID, role: Role = Role.LEGAL) -> Member:
    member = await people.member()
    await people.bind(member.user_id, enterprise, role)
    return member


async def signed(enterprise: UUID, actor: Member) -> Commitment:
    await commitments.prepare(enterprise, "李强", status="存续", actor=actor, now=NOW)
    return await commitments.sign(enterprise, STROKES, actor=actor, vault=VAULT, now=NOW)


async def published(
    enterprise: UUID, actor: Member, now=NOW, *, person: str = "李强"
) -> Commitment:
    await commitments.prepare(enterprise, person, status="存续", actor=actor, now=now)
    await commitments.sign(enterprise, STROKES, actor=actor, vault=VAULT, now=now)
    return await commitments.put_seal(enterprise, SEAL, "5e" * 32, actor=actor, now=now)


async def test_a_member_is_public_at_once_with_a_certificate(member_enterprise):
    owner = await holder(member_enterprise)
    row = await signed(member_enterprise, owner)
    before = commitments.missing(row)
    row = await commitments.put_seal(member_enterprise, SEAL, "5e" * 32, actor=owner, now=NOW)

    assert before == (Missing.SEAL,)
    assert (row.state, row.published_at, row.how) == (State.PUBLISHED, NOW, How.OWN_PHONE)
    certificate = await certificate_life.find(row.certificate)
    assert (certificate.name, certificate.programme) == ("晨星科技有限公司", "commitment")
    standing = await commitments.standing(member_enterprise, actor=owner, now=NOW)
    assert standing.public == commitments.begun(row)
    assert (standing.being_signed, standing.missing, standing.price) == (None, (), None)


async def test_the_hash_of_the_document_covers_everything_it_rests_on(member_enterprise):
    row = await published(member_enterprise, await holder(member_enterprise))
    whole = commitment_publishing.signed_of(row)

    assert row.document_sha256 == whole.sha256
    assert whole.text == texts()[row.text_version].sha256
    row.name = "别的公司"
    assert commitment_publishing.signed_of(row).sha256 != row.document_sha256


async def test_who_is_not_a_member_waits_with_the_amount_and_no_certificate(enterprise):
    owner = await holder(enterprise)
    row = await published(enterprise, owner)

    assert (row.state, row.owed_fen, row.certificate) == (State.AWAITING_PAYMENT, 200_000, "")
    assert await certificate_life.of_enterprise(enterprise) == []
    standing = await commitments.standing(enterprise, actor=owner, now=NOW)
    assert standing.price
    assert (standing.price.membership, standing.price.membership_years) == ("会员", 1)
    with pytest.raises(NoSuchStep):
        await commitments.sign(enterprise, strokes(50), actor=owner, vault=VAULT, now=NOW)


async def test_what_was_done_already_is_answered_as_done_and_not_done_twice(member_enterprise):
    """The answer was lost on the way: the same act comes again, after everything is public."""
    owner = await holder(member_enterprise)
    row = await published(member_enterprise, owner)
    before = await AuditEntry.all().count()
    again = [
        await commitments.sign(member_enterprise, STROKES, actor=owner, vault=VAULT, now=NOW),
        await commitments.put_seal(member_enterprise, SEAL, "5e" * 32, actor=owner, now=NOW),
    ]
    with pytest.raises(NoSuchStep):
        await commitments.put_seal(member_enterprise, SEAL, "6e" * 32, actor=owner, now=NOW)
    assert {(one.id, one.state) for one in again} == {(row.id, State.PUBLISHED)}
    assert await AuditEntry.all().count() == before

    for _ in range(2):
        await commitment_publishing.withdraw(member_enterprise, "不再经营", actor=owner, now=NOW)
    assert await AuditEntry.filter(action="commitment.withdraw").count() == 1
    with pytest.raises(NoSuchStep):
        await commitment_publishing.withdraw(member_enterprise, "别的原因", actor=owner, now=NOW)
    later = NOW + timedelta(hours=1)
    await published(member_enterprise, owner, later)
    await commitment_publishing.withdraw(member_enterprise, "另有原因", actor=owner, now=later)
    with pytest.raises(NoSuchStep):  # that reason was of an earlier one
        await commitment_publishing.withdraw(member_enterprise, "不再经营", actor=owner, now=later)


async def test_strokes_are_kept_sealed_and_drawn_again(member_enterprise):
    row = await signed(member_enterprise, await holder(member_enterprise))
    strokes = await commitments.strokes_of(row, VAULT)

    assert strokes
    assert strokes.sha256 == row.signature_sha256
    assert strokes.canonical[:12].encode() not in bytes(row.signature_sealed or b"")


async def test_a_second_name_is_not_dropped_without_a_word(member_enterprise):
    owner = await holder(member_enterprise)
    await commitments.prepare(member_enterprise, "李强", status="存续", actor=owner, now=NOW)

    with pytest.raises(Stale, match="李强"):
        await commitments.prepare(member_enterprise, "王芳", actor=owner, now=NOW)


async def test_an_agent_prepares_and_seals_but_only_the_representative_signs(member_enterprise):
    agent = await holder(member_enterprise, Role.AGENT)
    await commitments.prepare(member_enterprise, "李强", status="存续", actor=agent, now=NOW)
    await commitments.put_seal(member_enterprise, SEAL, "5e" * 32, actor=agent, now=NOW)

    with pytest.raises(NeedsLegal):
        await commitments.sign(member_enterprise, STROKES, actor=agent, vault=VAULT, now=NOW)

    link = await signing_links.forward(member_enterprise, actor=agent, now=NOW)
    asked = await signing_links.look(link.token, now=NOW)
    row = await signing_links.sign(link.token, STROKES, vault=VAULT, now=NOW)
    assert (asked.legal_representative, asked.name) == ("李强", "晨星科技有限公司")
    assert (row.state, row.how, row.signed_by) == (State.PUBLISHED, How.LINK, "visitor")


async def test_a_link_signs_once_of_many_at_once_and_looking_uses_nothing_up(member_enterprise):
    agent = await holder(member_enterprise, Role.AGENT)
    await commitments.prepare(member_enterprise, "李强", status="存续", actor=agent, now=NOW)
    token = (await signing_links.forward(member_enterprise, actor=agent, now=NOW)).token
    for _ in range(5):
        await signing_links.look(token, now=NOW)

    tops = range(40, 46)
    done = await asyncio.gather(
        *(signing_links.sign(token, strokes(top), vault=VAULT, now=NOW) for top in tops),
        return_exceptions=True,
    )

    assert sum(isinstance(one, Commitment) for one in done) == 1
    assert sum(isinstance(one, LinkOver) for one in done) == 5
    [link] = await SigningLink.filter(used_at=NOW).prefetch_related("commitment")
    [signed] = [tops[at] for at, one in enumerate(done) if isinstance(one, Commitment)]
    again = await signing_links.sign(token, strokes(signed), vault=VAULT, now=NOW)
    assert again.signed_at == link.commitment.signed_at  # whoever lost the answer
    assert await AuditEntry.filter(action="commitment.sign").count() == 1


async def renamed(row: Commitment) -> str:
    """The commitment's certificate, issued again under another name."""
    await people.rename(row.enterprise_id, "晨星云科技有限公司")
    issued = await certificate_life.rename(
        row.certificate, words="营业执照已变更", actor=STAFF, now=NOW
    )
    return issued.number


@pytest.mark.parametrize("how", ["withdraw", "take_down"])
async def test_no_certificate_outlives_its_commitment_under_another_name(member_enterprise, how):
    owner = await holder(member_enterprise)
    row = await published(member_enterprise, owner)
    number = await renamed(row)

    if how == "withdraw":
        await commitment_publishing.withdraw(member_enterprise, "不再经营", actor=owner, now=NOW)
    else:
        await commitment_publishing.take_down(row.id, "虚假", actor=STAFF, second="赵敏", now=NOW)

    states = {
        one.number: (one.state, one.reason)
        for one in await certificate_life.of_enterprise(member_enterprise)
    }
    assert states == {
        row.certificate: ("superseded", "renamed"),
        number: ("withdrawn", "commitment_ended"),
    }


async def test_a_new_name_and_an_end_at_once_leave_nothing_that_lives(member_enterprise):
    owner = await holder(member_enterprise)
    row = await published(member_enterprise, owner)

    await asyncio.gather(
        renamed(row),
        commitment_publishing.withdraw(member_enterprise, "不再经营", actor=owner, now=NOW),
        return_exceptions=True,
    )

    found = await certificate_life.of_enterprise(member_enterprise)
    assert "withdrawn" in {one.state for one in found}
    assert {one.state for one in found} <= {"withdrawn", "superseded"}


@pytest.mark.parametrize("withdrawn_first", [False, True])
async def test_signing_again_does_not_lift_a_suspension(member_enterprise, withdrawn_first):
    owner = await holder(member_enterprise)
    row = await published(member_enterprise, owner)
    await suspend(row.certificate, Action.SUSPEND, Reason.UNDER_CHECK)
    if withdrawn_first:
        await commitment_publishing.withdraw(member_enterprise, "重签", actor=owner, now=NOW)

    later = NOW + timedelta(days=1)
    again = await published(member_enterprise, owner, later, person="王强")

    new = await certificate_life.find(again.certificate)
    assert again.state is State.PUBLISHED
    assert (new.state, new.reason) == ("suspended", "under_check")
    lines = await certificate_life.trail(new.id)
    assert [(line.action, line.words) for line in lines] == [
        ("issue", ""), ("suspend", "原证书的暂停还没有解除"),
    ]  # fmt: skip
    cleared = await suspend(again.certificate, Action.RESUME, Reason.CLEARED)
    assert cleared.state == "active"
    third = await published(member_enterprise, owner, NOW + timedelta(days=2), person="赵强")
    assert (await certificate_life.find(third.certificate)).state == "active"


async def suspend(number: str, action: Action, reason: Reason) -> certificate_life.Certificate:
    return await certificate_life.change(
        number, action, reason=reason, words="核查", second="赵敏", actor=STAFF,
        now=NOW + timedelta(days=1),
    )  # fmt: skip


@pytest.mark.parametrize("why", ["old", "replaced", "wrong", "abandoned"])
async def test_a_link_that_is_over_says_so_and_nothing_else(member_enterprise, why):
    agent = await holder(member_enterprise, Role.AGENT)
    await commitments.prepare(member_enterprise, "李强", status="存续", actor=agent, now=NOW)
    token = (await signing_links.forward(member_enterprise, actor=agent, now=NOW)).token
    now = NOW + timedelta(days=3) if why == "old" else NOW
    if why == "replaced":
        await signing_links.forward(member_enterprise, actor=agent, now=NOW)
    if why == "wrong":
        token += "x"
    if why == "abandoned":
        await commitment_publishing.abandon(member_enterprise, actor=agent, now=NOW)

    with pytest.raises(LinkOver):
        await signing_links.look(token, now=now)
    with pytest.raises(LinkOver):
        await signing_links.sign(token, STROKES, vault=VAULT, now=now)


@pytest.mark.parametrize("why", ["removed", "left", "phone lost", "lapsed", "closed", "came back"])
async def test_no_link_outlives_the_binding_of_who_sent_it(member_enterprise, why):
    legal, agent = await holder(member_enterprise), await people.member()
    binding = await people.bind(agent.user_id, member_enterprise, Role.AGENT)
    await commitments.prepare(member_enterprise, "李强", status="存续", actor=agent, now=NOW)
    token = (await signing_links.forward(member_enterprise, actor=agent, now=NOW)).token
    later = NOW + timedelta(hours=1)
    if why == "removed":
        await colleagues.remove(binding, actor=legal, reason="离职", now=later)
    if why == "left":
        await colleagues.leave(member_enterprise, actor=agent, now=later)
    if why in {"phone lost", "came back"}:
        await colleagues.lose_phone(actor=agent, now=later)
    if why == "came back":
        await claim_reviews.confirm(binding, actor=legal, now=later)
    if why == "lapsed":
        await people.fill(binding, expires_at=later)
    if why == "closed":
        await closing.close(actor=agent, now=later)

    with pytest.raises(LinkOver):
        await signing_links.look(token, now=later)
    with pytest.raises(LinkOver):
        await signing_links.sign(token, STROKES, vault=VAULT, now=later)

    assert (await Commitment.get()).state is State.PREPARED


async def test_a_stamped_letter_is_signature_and_seal_in_one(member_enterprise):
    agent = await holder(member_enterprise, Role.AGENT)
    await commitments.prepare(member_enterprise, "李强", status="存续", actor=agent, now=NOW)
    row = await commitments.put_letter(member_enterprise, SEAL, "1e" * 32, actor=agent, now=NOW)

    assert (row.state, row.how) == (State.PUBLISHED, How.LETTER)


async def test_preparing_twice_goes_on_with_the_first(member_enterprise):
    owner = await holder(member_enterprise)
    rows = await asyncio.gather(
        *(
            commitments.prepare(member_enterprise, "李强", status="存续", actor=owner, now=NOW)
            for _ in range(8)
        )
    )

    assert len({row.id for row in rows}) == 1
    assert await Commitment.all().count() == 1


async def test_a_new_commitment_takes_the_place_of_the_old_one(member_enterprise):
    owner = await holder(member_enterprise)
    old = await published(member_enterprise, owner)
    later = NOW + timedelta(days=30)
    new = await published(member_enterprise, owner, later)
    await old.refresh_from_db()

    assert (old.state, old.ended_at, new.state) == (State.REPLACED, later, State.PUBLISHED)
    states = {c.number: c.state for c in await certificate_life.of_enterprise(member_enterprise)}
    assert states == {old.certificate: "superseded", new.certificate: "active"}


async def test_withdrawing_ends_the_certificate_and_says_why(member_enterprise):
    owner = await holder(member_enterprise)
    row = await published(member_enterprise, owner)
    await commitment_publishing.withdraw(member_enterprise, "不再经营", actor=owner, now=NOW)
    await row.refresh_from_db()

    certificate = await certificate_life.find(row.certificate)
    assert (row.state, row.end_reason) == (State.WITHDRAWN, "不再经营")
    assert (certificate.state, certificate.reason) == ("withdrawn", "commitment_ended")


async def test_whoever_takes_back_the_consent_to_be_shown_is_shown_no_more(member_enterprise):
    owner, agent = await holder(member_enterprise), await holder(member_enterprise, Role.AGENT)
    row = await published(member_enterprise, owner)
    await consents.revoke(Purpose.PUBLICATION, actor=agent, now=NOW)  # did not sign it
    assert (await Commitment.get(id=row.id)).state is State.PUBLISHED
    with pytest.raises(NoConsent, match="公开信用承诺"):
        await commitments.prepare(member_enterprise, "李强", actor=agent, now=NOW)

    await consents.revoke(Purpose.PUBLICATION, actor=owner, now=NOW)

    await row.refresh_from_db()
    assert (row.state, row.end_reason) == (State.WITHDRAWN, "签字人撤回了公开的同意")
    assert (await certificate_life.find(row.certificate)).state == "withdrawn"
    await people.agree(agent.user_id)
    await commitments.prepare(member_enterprise, "李强", actor=agent, now=NOW)
    with pytest.raises(NoConsent):
        await commitments.sign(member_enterprise, STROKES, actor=owner, vault=VAULT, now=NOW)


async def test_what_a_person_takes_back_in_wechat_is_shown_no_more_either(member_enterprise):
    owner = await holder(member_enterprise)
    row = await published(member_enterprise, owner)
    identity = await Identity.get(user_id=owner.user_id)
    fields = {"Event": "user_authorization_cancellation"}
    job = {"appid": identity.appid, "openid": identity.openid, "fields": fields}

    for later in (NOW + timedelta(hours=1), NOW + timedelta(hours=2)):
        await withdrawals.take(job, later)

    await row.refresh_from_db()
    assert (row.state, row.end_reason) == (State.WITHDRAWN, "签字人撤回了公开的同意")
    assert (await certificate_life.find(row.certificate)).state == "withdrawn"
    assert [standing.given_at for standing in await consents.standings(actor=owner)] == [None] * 4
    [entry] = await AuditEntry.filter(action="commitment.withdraw")
    assert (entry.actor_kind, entry.at) == ("member", NOW + timedelta(hours=1))
    await withdrawals.take(job | {"openid": "nobody"}, NOW)


async def test_a_consent_taken_back_before_the_seal_takes_the_signature_out(member_enterprise):
    owner, agent = await holder(member_enterprise), await holder(member_enterprise, Role.AGENT)
    await signed(member_enterprise, owner)
    await consents.revoke(Purpose.PUBLICATION, actor=owner, now=NOW)

    row = await commitments.put_seal(member_enterprise, SEAL, "5e" * 32, actor=agent, now=NOW)

    assert (row.state, commitments.missing(row)) == (State.PREPARED, (Missing.SIGNATURE,))
    assert (row.how, row.signed_by, row.signature_sealed, row.signature_sha256) == (
        None, "", None, "",
    )  # fmt: skip
    assert await AuditEntry.filter(action="commitment.unsign").count() == 1
    await people.agree(owner.user_id)
    row = await commitments.sign(member_enterprise, STROKES, actor=owner, vault=VAULT, now=NOW)
    assert row.state is State.PUBLISHED


async def test_a_consent_taken_back_while_the_fee_is_awaited_gives_it_up(enterprise):
    owner = await holder(enterprise)
    row = await published(enterprise, owner)
    before = row.state
    await consents.revoke(Purpose.PUBLICATION, actor=owner, now=NOW)
    await people.join(enterprise)

    standing = await commitments.standing(enterprise, actor=owner, now=NOW)

    await row.refresh_from_db()
    assert (before, row.state) == (State.AWAITING_PAYMENT, State.ABANDONED)
    assert (row.end_reason, row.ended_at) == ("签字人撤回了公开的同意", NOW)
    assert (standing.being_signed, standing.public) == (None, None)


async def test_a_consent_taken_back_at_the_moment_of_signing_counts(member_enterprise, db):
    owner = await holder(member_enterprise)
    await commitments.prepare(member_enterprise, "李强", status="存续", actor=owner, now=NOW)
    other = await asyncpg.connect(db)
    async with other.transaction():
        await other.execute(
            "SELECT pg_advisory_xact_lock($1, hashtext($2))", consents._LOCK, str(owner.user_id)
        )
        signing = asyncio.create_task(
            commitments.sign(member_enterprise, STROKES, actor=owner, vault=VAULT, now=NOW)
        )
        waiting = (
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE NOT granted AND locktype = 'advisory' AND datname = current_database()"
        )
        while not (signing.done() or await other.fetchval(waiting)):
            pass
        await other.execute("UPDATE consent SET revoked_at = $1", NOW)
    await other.close()

    with pytest.raises(NoConsent):
        await signing
    assert (await Commitment.get(enterprise_id=member_enterprise)).signed_at is None


async def test_the_letter_goes_to_a_new_colleague_once_their_binding_has_settled(member_enterprise):
    owner, new = await holder(member_enterprise), await people.member()
    until = NOW + timedelta(hours=72)
    await people.bind(new.user_id, member_enterprise, fresh_until=until)
    row = await published(member_enterprise, owner)

    async def asks(actor: Member, now=NOW) -> UUID:
        paper = commitments.paper_of(member_enterprise, Kind.LETTER, actor=actor, now=now)
        return (await paper).id

    assert await asks(owner) == row.id
    with pytest.raises(TooFresh):
        await asks(new)
    assert await asks(new, until) == row.id


async def test_the_association_takes_down_by_two_people_with_a_reason(member_enterprise):
    row = await published(member_enterprise, await holder(member_enterprise))

    with pytest.raises(NeedsTwo):
        await commitment_publishing.take_down(row.id, "虚假", actor=STAFF, second="王芳", now=NOW)
    with pytest.raises(BadInput, match="原因"):
        await commitment_publishing.take_down(row.id, " ", actor=STAFF, second="赵敏", now=NOW)
    down = await commitment_publishing.take_down(
        row.id, "材料虚假", actor=STAFF, second="赵敏", now=NOW
    )

    assert down.state is State.TAKEN_DOWN
    assert (await certificate_life.find(row.certificate)).state == "withdrawn"


async def test_what_is_not_theirs_does_not_exist(member_enterprise):
    stranger = await people.member()
    for ask in (
        commitments.standing(member_enterprise, actor=stranger, now=NOW),
        commitments.prepare(member_enterprise, "李强", status="存续", actor=stranger, now=NOW),
        commitments.put_seal(member_enterprise, SEAL, "5e", actor=stranger, now=NOW),
        commitment_publishing.abandon(member_enterprise, actor=stranger, now=NOW),
        signing_links.forward(member_enterprise, actor=stranger, now=NOW),
        commitment_publishing.withdraw(member_enterprise, "不", actor=stranger, now=NOW),
    ):
        with pytest.raises(NotFound):
            await ask


async def test_a_certificate_rests_on_a_public_commitment_of_this_enterprise(member_enterprise):
    row = await signed(member_enterprise, await holder(member_enterprise))
    asked = {"enterprise_id": member_enterprise, "programme": "commitment", "level": None}

    for basis in (row.id, new_id(NOW), None):
        with pytest.raises(NotDecided):
            await issue(**asked, basis=Basis("commitment", basis), actor=STAFF, now=NOW)


async def test_no_change_of_a_commitment_goes_without_its_audit_entry(member_enterprise):
    row = await published(member_enterprise, await holder(member_enterprise))
    entries = await fetch(
        "SELECT action FROM audit_entry WHERE object_id = $1 ORDER BY number", str(row.id)
    )

    assert [entry["action"] for entry in entries] == [
        "commitment.prepare", "commitment.sign", "commitment.seal", "commitment.publish",
    ]  # fmt: skip
    with pytest.raises(OperationalError, match="audit"):
        await Commitment.filter(id=row.id).update(name="改名")


async def test_every_text_says_whether_it_is_approved_and_never_changes():
    """Whoever signed a version is shown that very text: a change is a new version."""
    assert {number: text.sha256 for number, text in texts().items()} == {
        1: "1b0d8c5122e3fccec73ea18576e04c58bbd5c31435e186a0e710faf96ce8d591",
    }
    assert texts()[1].approved is False
    assert [part.heading[:2] for part in texts()[1].sections] == [
        "一、", "二、", "三、", "四、", "五、", "六、",
    ]  # fmt: skip


async def test_the_credit_file_tells_what_became_of_each(member_enterprise):
    owner = await holder(member_enterprise)
    await published(member_enterprise, owner)
    await commitment_publishing.withdraw(member_enterprise, "不再经营", actor=owner, now=NOW)

    told = await credit_files.commitments(member_enterprise, None)

    assert [entry.title for entry in told] == [
        "开始签署信用承诺", "信用承诺公示", "信用承诺：企业已撤回",
    ]  # fmt: skip


async def test_staff_list_and_take_down_by_command(member_enterprise, redis_url, db, tmp_path):
    row = await published(member_enterprise, await holder(member_enterprise))
    env = settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url)
    words = ["commitments", "take-down", str(row.id), "--reason", "材料虚假", "--by", "王芳"]

    listed = await bot("commitments", "list", "晨星", env=env)
    alone = await bot(*words, "--second", "王芳", env=env)
    done = await bot(*words, "--second", "赵敏", env=env)

    assert (listed.code, str(row.id) in listed.text, "共 1 份" in listed.text) == (0, True, True)
    assert (alone.code, "两位不同的工作人员" in alone.text) == (1, True)
    assert (done.code, done.text) == (0, "已撤下，证书同时失效\n")
    await row.refresh_from_db()
    assert row.state is State.TAKEN_DOWN
    words = ["commitments", "release", str(row.id), "--by", "王芳"]
    released = await bot(*words, "--reason", "看过新公章", env=env)
    again = await bot(*words, "--reason", "看过新公章", env=env)
    assert (released.code, released.text) == (0, "已允许重新签署\n")
    assert (again.code, "已经允许重新签署" in again.text) == (1, True)


async def test_a_public_commitment_is_a_step_behind_one(member_enterprise):
    before = await journeys.done(member_enterprise)
    await published(member_enterprise, await holder(member_enterprise))

    assert (before, await journeys.done(member_enterprise)) == (set(), {"信用承诺"})
