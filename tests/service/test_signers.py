"""A new legal representative: told at once and again, asked to sign, the old one questioned."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from bot.domain.actors import Member
from bot.domain.bindings import Role, State
from bot.domain.errors import BadInput, NotFound
from bot.jobs import SCHEDULE, TASKS
from bot.services import (
    bindings,
    claim_reviews,
    commitments,
    credit_files,
    enterprises,
    invitations,
    outbox,
    signers,
)
from bot.services.bindings import NeedsLegal
from models import Binding, BindingStep, Job
from tests import people
from tests.applying import describe
from tests.conftest import NOW
from tests.service.test_claims import VAULT
from tests.service.test_commitments import STAFF, holder, published
from tests.service.test_rosters import row as roster_row
from tests.service.test_rosters import take

CODE = "91350100M000100Y43"
DAY = timedelta(days=1)


@pytest.fixture
async def firm(db) -> UUID:
    """On the roster under 李强, who signed its public commitment."""
    await take(roster_row())
    return (await enterprises.by_code(CODE)).id


@pytest.fixture
async def owner(firm) -> Member:
    member = await holder(firm)
    await published(firm, member)
    return member


async def work(now=NOW) -> None:
    for job in await Job.filter(kind=enterprises.LEGAL_CHANGED, state="waiting"):
        await outbox.perform(job.id, tasks=TASKS, now=now)


async def told(state: str) -> list[dict]:
    found = await Job.filter(kind="people.tell").order_by("id").values_list("payload", flat=True)
    return [one for one in found if one["values"].get("state") == state]


async def by_roster(firm: UUID, _owner: Member) -> None:
    await take(roster_row(法定代表人="王芳"))


async def by_invitation(firm: UUID, owner: Member) -> None:
    link = await invitations.invite(firm, Role.LEGAL, actor=owner, now=NOW)
    await invitations.accept(link.token, "王芳", actor=await people.member(), now=NOW)


@pytest.mark.parametrize("change", [by_roster, by_invitation])
async def test_the_holders_are_told_at_once_and_the_page_says_until_when(firm, owner, change):
    await people.bind((await people.member()).user_id, firm, Role.AGENT)
    assert await signers.due(firm) is None
    await change(firm, owner)
    await work()

    due = await signers.due(firm)
    assert due is not None
    assert (due.person, due.by) == ("王芳", date(2026, 4, 1))
    first = await told("需要重新签署")
    assert len(first) == 2
    assert "2026年4月1日前" in first[0]["values"]["what"]


async def test_the_ladder_is_climbed_once_a_rung_until_the_new_one_has_signed(firm, owner):
    await by_roster(firm, owner)
    remind = {one.name: one.run for one in SCHEDULE}["commitments.signers"]
    counts = []
    for days in (0, 0, 14, 15, 16, 23, 29, 40):
        await remind(NOW + days * DAY)
        counts.append(len(await told("需要重新签署")))
    new = await people.member()
    await people.bind(new.user_id, firm)
    await published(firm, new, NOW + 41 * DAY, person="王芳")

    assert counts == [1, 1, 1, 2, 2, 3, 4, 4]
    assert await signers.due(firm) is None
    standing = await commitments.standing(firm, actor=new, now=NOW + 41 * DAY)
    assert standing.resign is None


async def test_other_news_of_the_register_do_not_begin_the_days_again(firm, owner):
    await by_roster(firm, owner)
    first = await signers.due(firm)
    await describe(firm, NOW + 10 * DAY, address="厦门市")

    assert await signers.due(firm) == first


async def test_the_former_representative_acts_as_an_agent_until_the_staff_uphold_them(firm, owner):
    binding = await Binding.get(enterprise_id=firm)
    await by_roster(firm, owner)
    await work()

    assert (await bindings.require(owner, firm, now=NOW)).role is Role.AGENT
    with pytest.raises(NeedsLegal):
        await invitations.invite(firm, Role.LEGAL, actor=owner, now=NOW)
    assert len(await told("待确认")) == 1
    [waiting] = await claim_reviews.waiting(vault=VAULT)
    assert waiting.binding_id == binding.id

    with pytest.raises(BadInput):
        await claim_reviews.uphold(binding.id, actor=STAFF, reason=" ", now=NOW)
    await claim_reviews.uphold(binding.id, actor=STAFF, reason="电话核实", now=NOW + DAY)
    await work(NOW + DAY)

    assert (await bindings.require(owner, firm, now=NOW)).role is Role.LEGAL
    assert await claim_reviews.waiting(vault=VAULT) == ()
    with pytest.raises(NotFound):
        await claim_reviews.uphold(binding.id, actor=STAFF, reason="电话核实", now=NOW + DAY)
    steps = await BindingStep.filter(binding_id=binding.id).order_by("at", "id")
    assert [(step.action, step.state, step.role) for step in steps] == [
        ("question", State.ACTIVE, Role.AGENT), ("uphold", State.ACTIVE, Role.LEGAL),
    ]  # fmt: skip
    told_so = (await credit_files.read(firm, actor=owner, now=NOW, chapter="联系人")).entries
    assert [entry.title for entry in told_so] == [
        "联系人（法定代表人）核实后恢复法定代表人身份",
        "联系人（经办人）登记的法定代表人已变更，改按经办人办理，等待确认",
    ]


async def test_who_is_the_new_representative_is_not_questioned(firm, owner):
    await by_invitation(firm, owner)
    await work()

    [now_legal] = await Binding.filter(enterprise_id=firm, state=State.ACTIVE)
    assert (now_legal.person, now_legal.role) == ("王芳", Role.LEGAL)
