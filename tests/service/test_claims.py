"""Claims of enterprises: who is believed at once, who waits, and that nobody takes one over."""

import asyncio
from datetime import datetime, timedelta

import pytest

from bot.clients.vault import Vault
from bot.domain.actors import Member, Staff
from bot.domain.bindings import MOST_CLAIMS_A_DAY, MOST_OPEN_CLAIMS, Role, State
from bot.domain.errors import BadInput, NotFound, Stale, TooMany
from bot.services import (
    binding_steps,
    bindings,
    claim_reviews,
    claims,
    colleagues,
    enterprises,
    roster_claims,
)
from bot.services.claim_reviews import NoPapers
from bot.services.claims import Claimed, HeldAlready, Papers
from bot.services.roster_claims import NotOnRoster
from models import AuditEntry, Binding, BindingStep, Enterprise, Job
from tests import people
from tests.conftest import NOW
from tests.crowd import at_once
from tests.service.test_commitments import published

VAULT = Vault({"t": bytes(range(32))}, bytes(range(1, 33)))
PHONE, OTHER = "13800138000", "13900139000"
CLERK = Staff("周敏")
CALLED = "电话核实，不用交材料"
LATER = NOW + timedelta(hours=1)


def papers(code: str, **more: object) -> Papers:
    given = {"credit_code": code, "name": "晨星科技有限公司", "role": Role.AGENT,
             "person": "李强", "phone": OTHER}  # fmt: skip
    return Papers(**given | more)


async def claim_by_papers(code: str, member=None, **more: object):
    member = member or await people.member()
    given = papers(code, **more)
    return member, await claims.by_papers(given, actor=member, vault=VAULT, now=NOW)


async def by_phone(number: str, *, actor: Member, now: datetime) -> tuple[Claimed, ...]:
    return (await roster_claims.by_phone(number, actor=actor, vault=VAULT, now=now)).claims


async def told() -> list[tuple[str, str]]:
    """What was promised to be told, and to whom."""
    jobs = await Job.filter(kind="people.tell").order_by("id")
    return [(job.payload["message"], job.payload["user"]) for job in jobs]


async def states(enterprise_id) -> list[State]:
    rows = await Binding.filter(enterprise_id=enterprise_id).order_by("id")
    return [row.state for row in rows]


async def test_the_number_on_the_roster_binds_at_once(db):
    me, one = await people.member(), await people.enterprise("晨星科技有限公司")
    await people.on_roster(one, PHONE, Role.LEGAL, vault=VAULT)

    [claimed] = await by_phone("+86 138-0013-8000", actor=me, now=NOW)

    mine = await bindings.require(me, one, now=NOW)
    assert (claimed.state, claimed.name, mine.role) == (State.ACTIVE, mine.name, Role.LEGAL)
    assert mine.fresh_until == NOW + timedelta(hours=72)
    assert mine.expires_at == NOW + timedelta(days=365)
    assert await BindingStep.all().values_list("action", "state", "by") == [
        ("claim", State.ACTIVE, f"member:{me.user_id}")
    ]
    assert await AuditEntry.filter(kind="binding").values_list("action", "enterprise_id") == [
        ("binding.claim", one),
        ("binding.fill", one),
    ]


async def test_the_number_is_kept_sealed_and_never_in_clear(db):
    me, one = await people.member(), await people.enterprise()
    await people.on_roster(one, PHONE, vault=VAULT)

    await by_phone(PHONE, actor=me, now=NOW)

    binding = await Binding.get(enterprise_id=one)
    assert VAULT.open(binding.phone_sealed, context=f"binding:{binding.id}:phone") == PHONE
    assert PHONE.encode() not in binding.phone_sealed


async def test_one_number_binds_every_enterprise_that_the_roster_has_it_for(db):
    me = await people.member()
    ids = [await people.enterprise() for _ in range(3)]
    for one in ids[:2]:
        await people.on_roster(one, PHONE, vault=VAULT)
    await people.on_roster(ids[2], OTHER, vault=VAULT)

    claimed = await by_phone(PHONE, actor=me, now=NOW)
    again = await by_phone(PHONE, actor=me, now=LATER)

    assert {one.enterprise_id for one in claimed} == set(ids[:2])
    assert again == claimed
    assert await Binding.all().count() == 2


async def test_the_role_of_the_legal_representative_counts_when_the_number_has_both(db):
    me, one = await people.member(), await people.enterprise()
    await people.on_roster(one, PHONE, Role.AGENT, vault=VAULT)
    await people.on_roster(one, PHONE, Role.LEGAL, vault=VAULT, association="别的协会")

    [claimed] = await by_phone(PHONE, actor=me, now=NOW)

    assert claimed.role is Role.LEGAL


@pytest.mark.parametrize("number", [OTHER, "010-88653588", ""])
async def test_a_number_that_no_roster_has_binds_nothing(db, number):
    me, one = await people.member(), await people.enterprise()
    await people.on_roster(one, PHONE, vault=VAULT)

    with pytest.raises(NotOnRoster):
        await by_phone(number, actor=me, now=NOW)

    assert await Binding.all().count() == 0


async def test_the_second_claimant_starts_a_dispute_and_the_first_is_told_at_once(db):
    first, second = await people.member(), await people.member()
    one = await people.enterprise("晨星科技有限公司")
    await people.bind(first.user_id, one)
    await people.on_roster(one, PHONE, Role.LEGAL, vault=VAULT)

    [claimed] = await by_phone(PHONE, actor=second, now=NOW)

    assert claimed.state is State.DISPUTED
    assert await told() == [("binding_disputed", str(first.user_id))]
    with pytest.raises(NotFound):
        await bindings.require(second, one, now=NOW)
    assert (await bindings.require(first, one, now=NOW)).role is Role.LEGAL


async def test_a_stranger_with_papers_waits_and_reads_nothing(db):
    me, claimed = await claim_by_papers("91350100M000100Y43")

    assert claimed.state is State.REQUESTED
    assert await bindings.bound(me, now=NOW) == ()
    assert await claims.waiting_of(me) == (claimed,)
    [seen] = await claim_reviews.waiting(vault=VAULT)
    assert (seen.person, seen.phone, seen.holders) == ("李强", OTHER, 0)


async def test_of_a_known_enterprise_a_claimant_is_told_only_what_they_said(db):
    one = await people.enterprise("真名实业有限公司", "91350100M000100Y43")

    me, claimed = await claim_by_papers("91350100m000100y43", name="假名（上海）有限公司")

    assert (claimed.enterprise_id, claimed.name) == (one, "假名（上海）有限公司")
    assert [waits.name for waits in await claims.waiting_of(me)] == ["假名（上海）有限公司"]
    assert (await Enterprise.get(id=one)).name == "真名实业有限公司"
    [seen] = await claim_reviews.waiting(vault=VAULT)
    assert (seen.name, seen.name_given) == ("真名实业有限公司", "假名（上海）有限公司")


async def test_a_claim_by_papers_of_a_held_enterprise_is_a_dispute(db):
    first, one = await people.member(), await people.enterprise(credit_code="91350100M000100Y43")
    await people.bind(first.user_id, one)

    _, claimed = await claim_by_papers("91350100M000100Y43")

    assert claimed.state is State.DISPUTED
    assert await told() == [("binding_disputed", str(first.user_id))]


async def test_who_waited_is_in_a_dispute_once_somebody_else_is_bound(db):
    waiting, _ = await claim_by_papers("91350100M000100Y43")
    one = (await Enterprise.get()).id
    await people.on_roster(one, PHONE, vault=VAULT)

    me = await people.member()
    [claimed] = await by_phone(PHONE, actor=me, now=LATER)

    assert claimed.state is State.ACTIVE
    assert [one.state for one in await claims.waiting_of(waiting)] == [State.DISPUTED]


async def test_who_waits_for_the_staff_is_believed_at_once_by_the_roster(db):
    me, _ = await claim_by_papers("91350100M000100Y43")
    one = (await Enterprise.get()).id
    await people.on_roster(one, PHONE, vault=VAULT)

    [claimed] = await by_phone(PHONE, actor=me, now=LATER)

    assert claimed.state is State.ACTIVE
    assert await states(one) == [State.ACTIVE]


async def test_of_twenty_that_claim_at_once_by_the_roster_one_is_active(db):
    one = await people.enterprise()
    await people.on_roster(one, PHONE, vault=VAULT)
    crowd = [await people.member() for _ in range(20)]

    claimed = await asyncio.gather(*(by_phone(PHONE, actor=who, now=NOW) for who in crowd))

    found = [one.state for [one] in claimed]
    assert (found.count(State.ACTIVE), found.count(State.DISPUTED)) == (1, 19)
    assert sorted(await states(one)) == sorted(found)
    assert len(await told()) == 19


async def test_of_twenty_that_come_with_papers_none_is_active(db):
    crowd = [await people.member() for _ in range(20)]

    claimed = await asyncio.gather(*(claim_by_papers("91350100M000100Y43", who) for who in crowd))

    assert {one.state for _, one in claimed} == {State.REQUESTED}
    assert await Enterprise.all().count() == 1


async def test_claiming_twice_is_claiming_once(db):
    me, first = await claim_by_papers("91350100M000100Y43")

    _, second = await claim_by_papers("91350100M000100Y43", me, name="晨星科技股份有限公司")

    assert second.binding_id == first.binding_id
    assert [one.name for one in await claims.waiting_of(me)] == ["晨星科技股份有限公司"]


async def test_a_person_waits_for_a_few_enterprises_only(db):
    me = await people.member()
    for number in range(MOST_OPEN_CLAIMS):
        await claim_by_papers(people.code(9000 + number), me)

    with pytest.raises(TooMany):
        await claim_by_papers(people.code(9999), me)


async def test_claims_that_are_withdrawn_count_as_well_until_the_next_day(db):
    me, holder, one = await people.member(), await people.member(), await people.enterprise()
    await people.bind(holder.user_id, one)
    code = (await Enterprise.get(id=one)).credit_code
    for _ in range(MOST_CLAIMS_A_DAY):
        _, claimed = await claim_by_papers(code, me)
        await claims.withdraw(claimed.binding_id, actor=me, now=NOW)
    alarms = len(await told())

    with pytest.raises(TooMany, match="请明天再来"):
        await claim_by_papers(code, me)
    with pytest.raises(TooMany):
        await claim_by_papers(people.code(9998), me)
    assert (len(await told()), await Enterprise.all().count()) == (alarms, 1)

    tomorrow = NOW + timedelta(days=1)
    again = await claims.by_papers(papers(code), actor=me, vault=VAULT, now=tomorrow)
    changed = papers(code, person="李刚")
    assert await claims.by_papers(changed, actor=me, vault=VAULT, now=tomorrow) == again


async def test_disputes_by_phone_are_rationed_and_keep_nobody_from_what_is_theirs_at_once(db):
    me, holder = await people.member(), await people.member()
    taken, free = await people.enterprise(), await people.enterprise()
    await people.bind(holder.user_id, taken)
    await people.on_roster(taken, PHONE, vault=VAULT)
    for _ in range(MOST_CLAIMS_A_DAY):
        [claimed] = await by_phone(PHONE, actor=me, now=NOW)
        await claims.withdraw(claimed.binding_id, actor=me, now=NOW)
    alarms = len(await told())

    with pytest.raises(TooMany, match="请明天再来"):
        await by_phone(PHONE, actor=me, now=NOW)
    await people.on_roster(free, PHONE, vault=VAULT)
    found = await roster_claims.by_phone(PHONE, actor=me, vault=VAULT, now=NOW)
    [mine] = found.claims
    again = await by_phone(PHONE, actor=me, now=NOW + timedelta(days=1))

    assert (mine.enterprise_id, mine.state) == (free, State.ACTIVE)
    assert "请明天再来" in found.left_out
    assert alarms == MOST_CLAIMS_A_DAY
    assert {one.enterprise_id: one.state for one in again} == {
        taken: State.DISPUTED, free: State.ACTIVE,
    }  # fmt: skip
    assert len(await told()) == alarms + 1


async def test_the_trail_tells_the_role_of_before_and_of_after(db):
    one = await people.enterprise(credit_code="91350100M000100Y43")
    _, claimed = await claim_by_papers("91350100M000100Y43", role=Role.AGENT)
    more = {"actor": CLERK, "reason": CALLED, "now": LATER}

    await claim_reviews.approve(claimed.binding_id, role=Role.LEGAL, **more)
    entry = await AuditEntry.get(action="binding.approve", enterprise_id=one)

    assert entry.before == {"state": "requested", "role": "agent"}
    assert entry.after == {"state": "active", "role": "legal"}


async def test_a_claim_for_another_role_tells_which_it_was(db):
    await people.enterprise(credit_code="91350100M000100Y43")
    me, _ = await claim_by_papers("91350100M000100Y43", role=Role.AGENT)

    await claim_by_papers("91350100M000100Y43", me, role=Role.LEGAL)

    entry = await AuditEntry.get(action="binding.recast")
    assert (entry.before["role"], entry.after["role"]) == ("agent", "legal")


async def test_who_is_bound_has_nothing_to_claim(db):
    me, one = await people.member(), await people.enterprise(credit_code="91350100M000100Y43")
    await people.bind(me.user_id, one)

    with pytest.raises(HeldAlready):
        await claim_by_papers("91350100M000100Y43", me)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"phone": "12345"}, "phone"),
        ({"name": "。"}, "name"),
        ({"credit_code": "91350100M000100Y34"}, "credit_code"),
    ],
)
async def test_a_slip_is_told_at_its_field_and_nothing_is_written(db, wrong, field):
    with pytest.raises(BadInput) as refusal:
        await claim_by_papers(wrong.pop("credit_code", "91350100M000100Y43"), **wrong)

    assert refusal.value.field == field
    assert await Enterprise.all().count() == 0


async def test_an_approved_claim_acts_and_its_person_is_told(db):
    me, claimed = await claim_by_papers("91350100M000100Y43", role=Role.LEGAL)

    await claim_reviews.approve(claimed.binding_id, reason=CALLED, actor=CLERK, now=LATER)

    mine = await bindings.require(me, claimed.enterprise_id, now=LATER, role=Role.LEGAL)
    assert mine.fresh_until == LATER + timedelta(hours=72)
    assert await told() == [("binding_moved", str(me.user_id))]
    known = await enterprises.look(claimed.enterprise_id)
    assert known.details.legal_representative == "李强"
    assert (await AuditEntry.get(action="binding.approve")).actor == "周敏"


@pytest.mark.parametrize("signed", [False, True])
async def test_who_is_let_in_is_led_to_the_commitment_until_it_is_signed(db, signed):
    _, claimed = await claim_by_papers("91350100M000100Y43")
    firm = claimed.enterprise_id
    if signed:
        owner = await people.member()
        await people.bind(owner.user_id, firm)
        await people.join(firm)
        await published(firm, owner)

    await claim_reviews.approve(claimed.binding_id, reason=CALLED, actor=CLERK, now=LATER)

    job = await Job.get(kind="people.tell", payload__contains={"message": "binding_moved"})
    assert job.payload["link"] == ("/h5/me" if signed else f"/h5/e/{firm}/commitment")


async def test_without_both_papers_an_approval_says_why_they_are_not_needed(db):
    me, claimed = await claim_by_papers("91350100M000100Y43")
    file = claimed.binding_id  # any id

    with pytest.raises(NoPapers):
        await claim_reviews.approve(claimed.binding_id, actor=CLERK, now=LATER)
    await claims.attach(claimed.binding_id, licence=file, actor=me, now=NOW)
    with pytest.raises(NoPapers):
        await claim_reviews.approve(claimed.binding_id, actor=CLERK, reason=" ", now=LATER)
    await claims.attach(claimed.binding_id, letter=file, actor=me, now=NOW)
    await claim_reviews.approve(claimed.binding_id, actor=CLERK, now=LATER)

    assert await states(claimed.enterprise_id) == [State.ACTIVE]


async def test_a_rejected_claim_ends_with_its_reason_and_may_be_made_again(db):
    me, claimed = await claim_by_papers("91350100M000100Y43")

    with pytest.raises(BadInput):
        await claim_reviews.reject(claimed.binding_id, actor=CLERK, reason=" ", now=LATER)
    await claim_reviews.reject(claimed.binding_id, actor=CLERK, reason="执照不清楚", now=LATER)

    job = await Job.get(kind="people.tell")
    assert job.payload["values"]["reason"] == "执照不清楚"
    assert await claims.waiting_of(me) == ()
    _, again = await claim_by_papers("91350100M000100Y43", me)
    assert again.binding_id != claimed.binding_id


async def test_what_is_decided_is_decided(db):
    _, claimed = await claim_by_papers("91350100M000100Y43")
    await claim_reviews.reject(claimed.binding_id, actor=CLERK, reason="不符", now=LATER)

    with pytest.raises(Stale):
        await claim_reviews.approve(claimed.binding_id, reason=CALLED, actor=CLERK, now=LATER)

    assert await states(claimed.enterprise_id) == [State.REJECTED]
    with pytest.raises(NotFound):
        await claim_reviews.approve(claimed.enterprise_id, reason=CALLED, actor=CLERK, now=LATER)


async def test_two_clerks_at_once_decide_once(db):
    _, claimed = await claim_by_papers("91350100M000100Y43")

    async def decide(act) -> bool:
        try:
            await act
        except Stale:
            return False
        return True

    decided = await at_once(
        decide(claim_reviews.approve(claimed.binding_id, reason=CALLED, actor=CLERK, now=LATER)),
        decide(claim_reviews.reject(claimed.binding_id, actor=CLERK, reason="不符", now=LATER)),
    )

    assert sorted(decided) == [False, True]
    assert len(await told()) == 1


async def test_a_new_legal_representative_takes_the_old_ones_place_and_agents_stay(db):
    old, agent = await people.member(), await people.member()
    one = await people.enterprise(credit_code="91350100M000100Y43")
    await people.bind(old.user_id, one, Role.LEGAL)
    await people.bind(agent.user_id, one, Role.AGENT)
    new, claimed = await claim_by_papers("91350100M000100Y43", role=Role.LEGAL)

    await claim_reviews.approve(claimed.binding_id, reason=CALLED, actor=CLERK, now=LATER)

    with pytest.raises(NotFound):
        await bindings.require(old, one, now=LATER)
    assert (await bindings.require(agent, one, now=LATER)).role is Role.AGENT
    assert (await bindings.require(new, one, now=LATER)).role is Role.LEGAL
    assert {who for what, who in await told() if what == "binding_moved"} == {
        str(old.user_id),
        str(new.user_id),
    }


async def test_the_staff_may_put_an_impostor_out_with_the_approval(db):
    impostor, one = await people.member(), await people.enterprise(credit_code="91350100M000100Y43")
    await people.bind(impostor.user_id, one, Role.AGENT)
    me, claimed = await claim_by_papers("91350100M000100Y43")

    await claim_reviews.approve(
        claimed.binding_id, actor=CLERK, replace=True, reason=CALLED, now=LATER
    )

    assert await bindings.bound(impostor, now=LATER) == ()
    assert len(await bindings.bound(me, now=LATER)) == 1


async def test_a_holder_who_knows_the_claimant_lets_them_in_as_an_agent(db):
    first, one = await people.member(), await people.enterprise(credit_code="91350100M000100Y43")
    await people.bind(first.user_id, one, Role.AGENT)
    second, claimed = await claim_by_papers("91350100M000100Y43", role=Role.LEGAL)

    await claim_reviews.confirm(claimed.binding_id, actor=first, now=LATER)

    assert (await bindings.require(second, one, now=LATER)).role is Role.AGENT


async def test_nobody_else_decides_on_a_dispute(db):
    first, one = await people.member(), await people.enterprise(credit_code="91350100M000100Y43")
    await people.bind(first.user_id, one)
    second, claimed = await claim_by_papers("91350100M000100Y43")
    stranger = await people.member()

    for who in (second, stranger):
        with pytest.raises(NotFound):
            await claim_reviews.confirm(claimed.binding_id, actor=who, now=LATER)
    with pytest.raises(NotFound):
        await claims.withdraw(claimed.binding_id, actor=stranger, now=LATER)

    assert (await Binding.get(id=claimed.binding_id)).state is State.DISPUTED


async def test_a_claimant_may_withdraw(db):
    me, claimed = await claim_by_papers("91350100M000100Y43")

    for _ in range(2):  # the answer to the first was lost on the way
        await claims.withdraw(claimed.binding_id, actor=me, now=LATER)

    assert await claims.waiting_of(me) == ()
    assert await BindingStep.filter(action="withdraw").count() == 1
    with pytest.raises(NotFound):
        await claims.withdraw(claimed.binding_id, actor=await people.member(), now=LATER)


async def test_the_files_of_a_claim_are_the_claimants_to_attach(db):
    me, claimed = await claim_by_papers("91350100M000100Y43")
    licence, letter = claimed.enterprise_id, claimed.binding_id  # any two ids

    await claims.attach(claimed.binding_id, licence=licence, actor=me, now=NOW)
    for _ in range(2):  # sent again it is not older than itself
        await claims.attach(claimed.binding_id, letter=letter, actor=me, now=NOW)
    await claims.attach(claimed.binding_id, actor=me, now=NOW)

    [seen] = await claim_reviews.waiting(vault=VAULT)
    assert seen.papers == (licence, letter)
    assert (await Binding.get(id=claimed.binding_id)).older_files == []
    with pytest.raises(NotFound):
        stranger = await people.member()
        await claims.attach(claimed.binding_id, licence=letter, actor=stranger, now=NOW)


async def test_an_enterprise_that_does_not_exist_has_no_holders(db):
    with pytest.raises(NotFound):
        await binding_steps.lock((await people.member()).user_id)


async def test_papers_that_nobody_read_make_no_agent_of_the_roster_a_legal_representative(db):
    me, code = await people.member(), people.code(900_001)
    one = await people.enterprise("晨星科技有限公司", code)
    await people.on_roster(one, PHONE, Role.AGENT, vault=VAULT)
    await claim_by_papers(code, me, role=Role.LEGAL)

    [claimed] = await by_phone(PHONE, actor=me, now=NOW)

    assert (claimed.state, claimed.role) == (State.ACTIVE, Role.AGENT)
    assert (await bindings.require(me, one, now=NOW)).role is Role.AGENT


async def test_whoever_found_the_phone_gets_nothing_by_its_number(db):
    me, code = await people.member(), people.code(900_002)
    one = await people.enterprise("晨星科技有限公司", code)
    await people.on_roster(one, PHONE, Role.LEGAL, vault=VAULT)
    await by_phone(PHONE, actor=me, now=NOW)
    await colleagues.lose_phone(actor=me, now=NOW)

    for later in (LATER, LATER + timedelta(days=300)):
        [claimed] = await by_phone(PHONE, actor=me, now=later)
        assert claimed.state is State.SUSPENDED
    [other] = await by_phone(PHONE, actor=await people.member(), now=LATER)

    assert other.state is State.DISPUTED
    assert await bindings.bound(me, now=LATER) == ()


async def test_after_a_loss_the_staff_read_new_papers_and_the_old_ones_prove_nothing(db):
    me, claimed = await claim_by_papers("91350100M000100Y43")
    old, new = claimed.binding_id, claimed.enterprise_id  # any two ids
    await claims.attach(claimed.binding_id, licence=old, letter=old, actor=me, now=NOW)
    await claim_reviews.approve(claimed.binding_id, actor=CLERK, now=NOW)
    await colleagues.lose_phone(actor=me, now=NOW)

    assert await claim_reviews.waiting(vault=VAULT) == ()
    with pytest.raises(NoPapers):
        await claim_reviews.approve(claimed.binding_id, actor=CLERK, now=LATER)
    await claims.attach(claimed.binding_id, licence=new, letter=new, actor=me, now=NOW)
    [seen] = await claim_reviews.waiting(vault=VAULT)
    await claim_reviews.approve(claimed.binding_id, actor=CLERK, now=LATER)

    assert (seen.state, seen.papers) == (State.SUSPENDED, (new, new))
    mine = await bindings.require(me, claimed.enterprise_id, now=LATER)
    assert mine.fresh_until == LATER + timedelta(hours=72)


async def test_after_a_loss_nobody_gets_another_role_before_the_staff_read_the_papers(db):
    me, claimed = await claim_by_papers("91350100M000100Y43")
    await claim_reviews.approve(claimed.binding_id, actor=CLERK, reason=CALLED, now=NOW)
    await colleagues.lose_phone(actor=me, now=NOW)

    _, again = await claim_by_papers("91350100M000100Y43", me, role=Role.LEGAL)
    kept = (await Binding.get()).role
    await claim_reviews.approve(
        claimed.binding_id, actor=CLERK, reason=CALLED, role=Role.LEGAL, now=LATER
    )

    assert (again.state, again.role, kept) == (State.SUSPENDED, Role.AGENT, Role.AGENT)
    assert (await bindings.require(me, claimed.enterprise_id, now=LATER)).role is Role.LEGAL
    assert await AuditEntry.filter(action="binding.recast").count() == 0


async def test_a_number_on_the_roster_is_believed_once_the_holder_of_a_dispute_has_left(db):
    me, holder, one = await people.member(), await people.member(), await people.enterprise()
    await people.bind(holder.user_id, one)
    await people.on_roster(one, PHONE, vault=VAULT)
    await by_phone(PHONE, actor=me, now=NOW)
    await colleagues.leave(one, actor=holder, now=NOW)

    [claimed] = await by_phone(PHONE, actor=me, now=LATER)

    assert claimed.state is State.ACTIVE
    assert (await bindings.require(me, one, now=LATER)).role is Role.AGENT
