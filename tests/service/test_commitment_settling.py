"""What is signed and not public: why it waits, and what lets it go."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Member
from bot.domain.cases import NotEligible
from bot.domain.certificates import Action, Reason
from bot.domain.commitments import NoSuchStep, State
from bot.domain.errors import BadInput
from bot.jobs import SCHEDULE, TASKS
from bot.services import (
    certificate_life,
    commitment_publishing,
    commitments,
    enterprises,
    memberships,
    outbox,
)
from bot.services.memberships import Period
from models import AuditEntry, Commitment, Job
from tests import people
from tests.applying import describe
from tests.conftest import NOW
from tests.people import ASSOCIATION
from tests.service.test_commitments import SEAL, STAFF, holder, published, signed
from tests.service.test_rosters import row as roster_row
from tests.service.test_rosters import take

SHANXI = "山西省中小企业发展促进会"
CODE = "91350100M000100Y43"


@pytest.fixture
async def firm(db) -> UUID:
    return await people.enterprise("晨星科技有限公司", CODE)


@pytest.fixture
async def owner(firm) -> Member:
    return await holder(firm)


async def work(now=NOW) -> None:
    """Do what was promised with the membership."""
    for job in await Job.filter(kind=memberships.CHANGED, state="waiting"):
        await outbox.perform(job.id, tasks=TASKS, now=now)


async def test_what_waits_for_its_fee_can_be_given_up_and_begun_again(firm, owner):
    with pytest.raises(NoSuchStep):
        await commitment_publishing.abandon(firm, actor=owner, now=NOW)
    await published(firm, owner)
    await commitment_publishing.abandon(firm, actor=owner, now=NOW)
    again = await commitments.prepare(firm, "王芳", actor=owner, now=NOW)

    assert (again.state, again.legal_representative) == (State.PREPARED, "王芳")
    for _ in range(2):  # asked again, it is given up already
        await commitment_publishing.abandon(firm, actor=owner, now=NOW)
    assert await AuditEntry.filter(action="commitment.abandon").count() == 2
    await people.join(firm)
    later = NOW + timedelta(hours=1)
    await published(firm, owner, later)
    with pytest.raises(NoSuchStep):  # nothing is being signed, and the newest was not given up
        await commitment_publishing.abandon(firm, actor=owner, now=later)


@pytest.mark.parametrize("by", ["roster", "staff", "clock"])
async def test_who_becomes_a_member_meanwhile_is_public_without_paying(firm, owner, by):
    waiting = await published(firm, owner)
    if by == "roster":
        await take(roster_row())
    elif by == "staff":
        async with in_transaction():
            year = Period(ASSOCIATION, "会员", date(2026, 1, 1), date(2026, 12, 31))
            await memberships.add(firm, year, how="staff", actor=STAFF, now=NOW)
    else:  # a membership that begins later: nothing happens on its first day but the clock
        await people.join(firm)
        await {one.name: one.run for one in SCHEDULE}["memberships.look"](NOW)
    await work()
    await waiting.refresh_from_db()

    assert (waiting.state, waiting.owed_fen, waiting.published_at) == (State.PUBLISHED, 0, NOW)
    assert (await certificate_life.find(waiting.certificate)).name == "晨星科技有限公司"
    entries = await fetch(
        "SELECT action, actor_kind FROM audit_entry WHERE object_id = $1 ORDER BY number DESC"
        " LIMIT 1",
        str(waiting.id),
    )
    assert entries == [{"action": "commitment.publish", "actor_kind": "system"}]
    told = await Job.filter(kind="people.tell").values_list("payload", flat=True)
    assert "已公示" in [one["values"].get("state") for one in told]


async def test_looking_at_it_is_enough(firm, owner):
    await published(firm, owner)
    await people.join(firm)
    standing = await commitments.standing(firm, actor=owner, now=NOW)

    assert (standing.being_signed, standing.public is not None) == (None, True)


async def test_the_members_of_another_association_pay_as_everybody_does(firm, owner):
    await people.join(firm, association=SHANXI)
    price = await commitments.price(firm, now=NOW)
    row = await published(firm, owner)

    assert price is not None
    assert (price.fen, row.state) == (200_000, State.AWAITING_PAYMENT)


@pytest.mark.parametrize("status", ["注销", "吊销", ""])
async def test_who_does_not_exist_any_more_or_does_not_say_begins_nothing(firm, owner, status):
    await people.join(firm)
    if status:
        await describe(firm, status=status)

    with pytest.raises(NotEligible, match=status or "请先填写登记状态"):
        await commitments.prepare(firm, "李强", actor=owner, now=NOW)
    assert await Commitment.all().count() == 0


async def test_what_the_member_says_counts_only_where_nothing_is_known(firm, owner):
    await commitments.prepare(firm, "李强", status="存续", actor=owner, now=NOW)
    other = await people.enterprise()
    await people.bind(owner.user_id, other)
    await describe(other, status="吊销")

    assert (await enterprises.look(firm)).details.status == "存续"
    with pytest.raises(NotEligible, match="吊销"):
        await commitments.prepare(other, "李强", status="存续", actor=owner, now=NOW)


async def test_an_enterprise_that_ends_meanwhile_is_not_published_and_loses_nothing(firm, owner):
    await people.join(firm)
    await signed(firm, owner)
    await describe(firm, status="注销")
    row = await commitments.put_seal(firm, SEAL, "5e" * 32, actor=owner, now=NOW)
    standing = await commitments.standing(firm, actor=owner, now=NOW)

    assert (row.state, standing.missing) == (State.PREPARED, ())
    assert standing.obstacle is not None
    assert "注销" in standing.obstacle.note
    await describe(firm, NOW + timedelta(days=1), status="存续")
    standing = await commitments.standing(firm, actor=owner, now=NOW)
    assert standing.public is not None


@pytest.mark.parametrize(
    ("action", "why", "state", "told"),
    [
        (Action.REVOKE, Reason.FALSE_MATERIAL, State.TAKEN_DOWN, "申报材料不实"),
        (Action.WITHDRAW, Reason.ON_REQUEST, State.WITHDRAWN, "企业申请"),
    ],
)
async def test_with_a_certificate_that_the_association_ends_goes_its_commitment(
    firm, owner, action, why, state, told
):
    await people.join(firm)
    row = await published(firm, owner)

    await certificate_life.change(
        row.certificate, action, reason=why, words="公章系伪造", second="赵敏",
        actor=STAFF, now=NOW,
    )  # fmt: skip

    await row.refresh_from_db()
    assert (row.state, row.end_reason, row.ended_at) == (state, told, NOW)
    sent = await Job.filter(kind="people.tell").values_list("payload", flat=True)
    assert [told in str(one) for one in sent].count(True) == 1
    assert [one for one in sent if "公章系伪造" in str(one)] == []
    certificate = await certificate_life.find(row.certificate)
    assert (await certificate_life.trail(certificate.id))[-1].words == "公章系伪造"
    standing = await commitments.standing(firm, actor=owner, now=NOW)
    assert (standing.public, standing.stopped) == (None, state is State.TAKEN_DOWN)
    if standing.stopped:
        with pytest.raises(NotEligible, match="请先联系协会"):
            await commitments.prepare(firm, "李强", actor=owner, now=NOW)
        await commitment_publishing.release(row.id, "看过新公章", actor=STAFF, now=NOW)
    assert (await published(firm, owner)).state is State.PUBLISHED


async def test_ending_a_certificate_that_has_run_out_takes_down_no_newer_commitment(firm, owner):
    await people.join(firm, until=date(2027, 12, 31))
    first = await published(firm, owner)
    after, successor = NOW + timedelta(days=366), await people.member()
    await people.bind(successor.user_id, firm, now=after)
    row = await published(firm, successor, after)

    await certificate_life.change(
        first.certificate, Action.REVOKE, reason=Reason.FALSE_MATERIAL, words="当年的公章系伪造",
        second="赵敏", actor=STAFF, now=after,
    )  # fmt: skip

    await row.refresh_from_db()
    assert row.state is State.PUBLISHED


async def test_after_a_take_down_nobody_signs_again_before_the_staff_released_it(firm, owner):
    await people.join(firm)
    down = await published(firm, owner)
    begun = await commitments.prepare(firm, "李强", actor=owner, now=NOW)  # to sign anew
    await commitment_publishing.take_down(down.id, "公章不符", actor=STAFF, second="赵敏", now=NOW)
    await commitments.put_letter(firm, SEAL, "1e" * 32, actor=owner, now=NOW)
    await begun.refresh_from_db()
    standing = await commitments.standing(firm, actor=owner, now=NOW)

    assert (begun.state, standing.missing, standing.stopped) == (State.PREPARED, (), True)
    await commitment_publishing.abandon(firm, actor=owner, now=NOW)
    with pytest.raises(NotEligible, match="请先联系协会"):
        await commitments.prepare(firm, "李强", actor=owner, now=NOW)
    with pytest.raises(BadInput, match="原因"):
        await commitment_publishing.release(down.id, " ", actor=STAFF, now=NOW)
    with pytest.raises(NoSuchStep):
        await commitment_publishing.release(begun.id, "看过新公章", actor=STAFF, now=NOW)

    await commitment_publishing.release(down.id, "看过新公章", actor=STAFF, now=NOW)

    assert (await published(firm, owner)).state is State.PUBLISHED
    told = await Job.filter(kind="people.tell").values_list("payload", flat=True)
    assert "可以重新签署" in [one["values"].get("state") for one in told]
    with pytest.raises(NoSuchStep):
        await commitment_publishing.release(down.id, "再来一次", actor=STAFF, now=NOW)
