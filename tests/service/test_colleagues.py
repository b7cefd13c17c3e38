"""Colleagues: invited once, removed at once, suspended when a phone is lost, renewed by a tap."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from tortoise.transactions import in_transaction

from bot.clients.database import act_for
from bot.domain.actors import Staff
from bot.domain.bindings import AWAY, INVITED_FOR, LIVES, MOST_HOLDERS, RENEW_AFTER, Role, State
from bot.domain.errors import NotFound, Stale, TooMany
from bot.domain.sessions import Door
from bot.services import (
    bindings,
    claim_reviews,
    closing,
    colleagues,
    enterprises,
    invitations,
    sessions,
)
from bot.services import people as telling
from bot.services.bindings import NeedsLegal
from bot.services.claims import HeldAlready
from bot.services.colleagues import MayNotRemove, NotYetRenewable
from bot.services.invitations import MOST_OPEN, NoInvitation
from bot.services.sessions import Known
from models import AuditEntry, Binding, BindingStep, Invitation, Job, Telling, User
from tests import people
from tests.conftest import NOW
from tests.crowd import at_once
from tests.service.test_claims import claim_by_papers, told

LATER = NOW + timedelta(hours=1)
DOORS = ((people.OA, Door.H5), (people.MINI, Door.MINI))


@pytest.fixture
async def firm(db):
    """A legal representative, an agent, and what they act for."""
    legal, agent = await people.member(), await people.member()
    one = await people.enterprise("晨星科技有限公司", "91350100M000100Y43")
    await people.bind(legal.user_id, one, Role.LEGAL)
    await people.bind(agent.user_id, one, Role.AGENT, NOW - timedelta(seconds=1))
    return one, legal, agent


async def test_an_invited_colleague_acts_at_once_and_the_others_are_told(firm):
    one, legal, agent = firm
    guest = await people.member()
    invited = await invitations.invite(one, Role.AGENT, actor=agent, now=NOW)

    offer = await invitations.look(invited.token, now=LATER)
    assert await invitations.accept(invited.token, "赵敏", actor=guest, now=LATER) == one

    assert (offer.name, offer.role) == ("晨星科技有限公司", Role.AGENT)
    mine = await bindings.require(guest, one, now=LATER)
    assert (mine.role, mine.fresh_until) == (Role.AGENT, LATER + timedelta(hours=72))
    assert {who for _, who in await told()} == {str(legal.user_id), str(agent.user_id)}
    assert await invitations.listed(one, actor=legal, now=LATER) == ()


LIVING = ("for another role", "elsewhere", "a colleague's")


async def test_an_asking_that_comes_again_invites_once_and_its_last_link_is_good(firm):
    one, legal, _ = firm
    number = uuid4()
    first, last = [
        await invitations.invite(one, Role.AGENT, actor=legal, now=at, number=number)
        for at in (NOW, LATER)
    ]

    assert (first.again, last.again, first.id, last.id) == (False, True, number, number)
    assert [link.id for link in await invitations.listed(one, actor=legal, now=LATER)] == [number]
    with pytest.raises(NoInvitation):
        await invitations.look(first.token, now=LATER)
    assert (await invitations.look(last.token, now=LATER)).enterprise_id == one


@pytest.mark.parametrize("how", ["used", "taken back", *LIVING])
async def test_a_number_that_is_over_or_not_ours_makes_no_link(firm, how):
    one, legal, agent = firm
    made = await invitations.invite(one, Role.AGENT, actor=legal, now=NOW, number=uuid4())
    role, place, actor = Role.AGENT, one, legal
    if how == "used":
        await invitations.accept(made.token, "赵敏", actor=await people.member(), now=NOW)
    elif how == "taken back":
        await invitations.revoke(one, made.id, actor=legal, now=NOW)
    elif how == "for another role":
        role = Role.LEGAL
    elif how == "elsewhere":
        place = await people.enterprise()
        await people.bind(legal.user_id, place)
    else:
        actor = agent

    with pytest.raises(Stale):
        await invitations.invite(place, role, actor=actor, now=LATER, number=made.id)

    assert len(await invitations.listed(one, actor=legal, now=LATER)) == (how in LIVING)
    if how in LIVING:
        assert (await invitations.look(made.token, now=LATER)).enterprise_id == one


async def test_links_are_listed_newest_first_whatever_their_numbers(firm):
    one, legal, _ = firm
    made = [
        await invitations.invite(one, Role.AGENT, actor=legal, now=at, number=UUID(int=number))
        for at, number in ((NOW, 3), (NOW + timedelta(minutes=1), 1), (LATER, 2))
    ]

    found = await invitations.listed(one, actor=legal, now=LATER)

    assert [link.id for link in found] == [link.id for link in reversed(made)]


async def test_the_token_is_kept_as_a_hash_only(firm):
    one, legal, _ = firm
    invited = await invitations.invite(one, Role.AGENT, actor=legal, now=NOW)

    kept = await Invitation.get()

    assert kept.token_hash == sessions.hashed(invited.token)
    assert invited.token not in repr(invited)


async def test_of_many_who_use_a_link_at_once_one_gets_in(firm):
    one, legal, _ = firm
    invited = await invitations.invite(one, Role.AGENT, actor=legal, now=NOW)
    crowd = [await people.member() for _ in range(8)]

    async def take(who) -> bool:
        try:
            await invitations.accept(invited.token, "", actor=who, now=LATER)
        except NoInvitation:
            return False
        return True

    assert sorted(await at_once(*(take(who) for who in crowd))) == [False] * 7 + [True]


async def test_a_link_that_is_over_opens_nothing(firm):
    one, legal, agent = firm
    guest = await people.member()
    old = await invitations.invite(one, Role.AGENT, actor=legal, now=NOW - INVITED_FOR)
    back = await invitations.invite(one, Role.AGENT, actor=legal, now=NOW)
    left = await invitations.invite(one, Role.AGENT, actor=agent, now=NOW)
    await invitations.revoke(one, back.id, actor=agent, now=NOW)
    await colleagues.leave(one, actor=agent, now=NOW)

    for token in (old.token, back.token, left.token, "x" * 43, ""):
        with pytest.raises(NoInvitation):
            await invitations.look(token, now=NOW)
        with pytest.raises(NoInvitation):
            await invitations.accept(token, "", actor=guest, now=NOW)
    await invitations.revoke(one, back.id, actor=legal, now=NOW)  # it is taken back already
    used = await invitations.invite(one, Role.AGENT, actor=legal, now=NOW)
    await invitations.accept(used.token, "", actor=guest, now=NOW)
    with pytest.raises(NotFound):
        await invitations.revoke(one, used.id, actor=legal, now=NOW)


async def test_a_stranger_neither_invites_nor_takes_back(firm):
    one, legal, _ = firm
    stranger = await people.member()
    invited = await invitations.invite(one, Role.AGENT, actor=legal, now=NOW)

    with pytest.raises(NotFound):
        await invitations.invite(one, Role.AGENT, actor=stranger, now=NOW)
    with pytest.raises(NotFound):
        await invitations.revoke(one, invited.id, actor=stranger, now=NOW)
    with pytest.raises(NotFound):
        await colleagues.team(one, actor=stranger, now=NOW)


async def test_an_agent_does_not_invite_a_legal_representative(firm):
    one, _, agent = firm

    with pytest.raises(NeedsLegal):
        await invitations.invite(one, Role.LEGAL, actor=agent, now=NOW)


async def test_a_new_legal_representative_takes_over_by_invitation(firm):
    one, legal, agent = firm
    new = await people.member()
    invited = await invitations.invite(one, Role.LEGAL, actor=legal, now=NOW)

    await invitations.accept(invited.token, " 陈晓东 ", actor=new, now=LATER)

    assert (await bindings.require(new, one, now=LATER)).role is Role.LEGAL
    with pytest.raises(NotFound):
        await bindings.require(legal, one, now=LATER)
    assert (await bindings.require(agent, one, now=LATER)).role is Role.AGENT
    assert (await enterprises.look(one)).details.legal_representative == "陈晓东"
    assert ("binding_moved", str(legal.user_id)) in await told()


async def test_a_claimant_in_a_dispute_gets_in_by_invitation(firm):
    one, legal, _ = firm
    guest, claimed = await claim_by_papers("91350100M000100Y43")
    invited = await invitations.invite(one, Role.AGENT, actor=legal, now=NOW)

    await invitations.accept(invited.token, "赵敏", actor=guest, now=LATER)

    assert (await Binding.get(id=claimed.binding_id)).state is State.ACTIVE


async def test_who_is_in_keeps_the_link_for_somebody_else(firm):
    one, legal, agent = firm
    invited = await invitations.invite(one, Role.AGENT, actor=legal, now=NOW)

    with pytest.raises(HeldAlready):
        await invitations.accept(invited.token, "", actor=agent, now=NOW)

    assert (await invitations.look(invited.token, now=NOW)).role is Role.AGENT


async def test_links_and_holders_are_numbered(firm):
    one, legal, _ = firm
    links = [
        await invitations.invite(one, Role.AGENT, actor=legal, now=NOW) for _ in range(MOST_OPEN)
    ]
    with pytest.raises(TooMany):
        await invitations.invite(one, Role.AGENT, actor=legal, now=NOW)

    for link in links[: MOST_HOLDERS - 2]:
        await invitations.accept(link.token, "", actor=await people.member(), now=NOW)

    with pytest.raises(TooMany):
        await invitations.accept(links[-1].token, "", actor=await people.member(), now=NOW)


async def test_everybody_sees_the_team_and_who_may_be_removed(firm):
    one, legal, agent = firm
    await claim_by_papers("91350100M000100Y43")

    seen = await colleagues.team(one, actor=legal, now=NOW)
    as_agent = await colleagues.team(one, actor=agent, now=NOW)

    assert [(c.role, c.state, c.me, c.removable) for c in seen] == [
        (Role.LEGAL, State.ACTIVE, True, False),
        (Role.AGENT, State.ACTIVE, False, True),
        (Role.AGENT, State.DISPUTED, False, False),
    ]
    assert [c.removable for c in as_agent] == [False, False, False]
    assert [c.me for c in as_agent] == [True, False, False]


async def test_who_is_removed_reads_nothing_from_that_moment_on(firm):
    one, legal, agent = firm
    [theirs] = [c for c in await colleagues.team(one, actor=legal, now=NOW) if c.removable]

    await colleagues.remove(theirs.binding_id, actor=legal, reason="已离职", now=NOW)

    with pytest.raises(NotFound):
        await bindings.require(agent, one, now=NOW)
    job = await Job.get(kind="people.tell")
    assert (job.payload["user"], job.payload["values"]["reason"]) == (str(agent.user_id), "已离职")


async def test_only_a_higher_role_or_the_staff_removes(firm):
    one, legal, agent = firm
    first, _ = await colleagues.team(one, actor=legal, now=NOW)

    with pytest.raises(MayNotRemove):
        await colleagues.remove(first.binding_id, actor=agent, reason="", now=NOW)
    with pytest.raises(NotFound):
        await colleagues.remove(one, actor=agent, reason="", now=NOW)
    with pytest.raises(NotFound):
        await colleagues.remove(first.binding_id, actor=await people.member(), reason="", now=NOW)

    await colleagues.remove(first.binding_id, actor=Staff("周敏"), reason="冒用", now=NOW)
    assert await bindings.bound(legal, now=NOW) == ()


async def test_who_leaves_is_gone_and_the_others_are_told(firm):
    one, legal, agent = firm

    for _ in range(2):  # the answer to the first was lost on the way
        await colleagues.leave(one, actor=agent, now=NOW)

    assert await bindings.bound(agent, now=NOW) == ()
    assert await told() == [("colleague_moved", str(legal.user_id))]
    with pytest.raises(NotFound):
        await colleagues.leave(one, actor=await people.member(), now=NOW)


async def test_a_lost_phone_ends_every_session_suspends_every_binding_and_is_told(firm):
    one, legal, agent = firm
    opened = await people.opened("lost-phone")
    me, other = opened.member, await people.enterprise()
    await people.bind(me.user_id, one, Role.AGENT)
    await people.bind(me.user_id, other)

    assert await colleagues.lose_phone(actor=me, now=NOW) == 2

    assert await sessions.find(opened.token, Door.H5, now=NOW) is None
    assert await bindings.bound(me, now=NOW) == ()
    assert len(await bindings.bound(legal, now=NOW)) == 1
    assert {who for what, who in await told() if what == "colleague_moved"} == {
        str(legal.user_id), str(agent.user_id)
    }  # fmt: skip


async def test_who_lost_a_phone_is_back_once_a_colleague_says_that_it_is_they(firm):
    one, legal, agent = firm
    await colleagues.lose_phone(actor=agent, now=NOW)
    [lost] = [c for c in await colleagues.team(one, actor=legal, now=NOW) if not c.me]

    with pytest.raises(NotFound):
        await claim_reviews.confirm(lost.binding_id, actor=agent, now=LATER)
    await claim_reviews.confirm(lost.binding_id, actor=legal, now=LATER)

    mine = await bindings.require(agent, one, now=LATER)
    assert (mine.role, mine.fresh_until) == (Role.AGENT, LATER + timedelta(hours=72))


async def test_an_agent_brings_no_legal_representative_back(firm):
    one, legal, agent = firm
    await colleagues.lose_phone(actor=legal, now=NOW)
    [lost] = [c for c in await colleagues.team(one, actor=agent, now=NOW) if not c.me]

    with pytest.raises(NeedsLegal):
        await claim_reviews.confirm(lost.binding_id, actor=agent, now=LATER)

    assert await bindings.bound(legal, now=LATER) == ()


async def test_papers_that_nobody_read_raise_nobody_who_is_brought_back(firm):
    one, legal, agent = firm
    await colleagues.lose_phone(actor=agent, now=NOW)
    await claim_by_papers("91350100M000100Y43", agent, role=Role.LEGAL)
    [lost] = [c for c in await colleagues.team(one, actor=legal, now=NOW) if not c.me]

    await claim_reviews.confirm(lost.binding_id, actor=legal, now=LATER)

    assert (await bindings.require(agent, one, now=LATER)).role is Role.AGENT


async def test_the_legal_representative_reports_an_agents_phone(firm):
    one, legal, _ = firm
    opened = await people.opened("agents-phone")
    await people.bind(opened.member.user_id, one, Role.AGENT)
    theirs = (await Binding.get(user_id=opened.member.user_id)).id

    await colleagues.suspend(theirs, actor=legal, reason="来电说明", now=NOW)

    assert await sessions.find(opened.token, Door.H5, now=NOW) is None
    assert (await Binding.get(id=theirs)).state is State.SUSPENDED
    assert (await AuditEntry.get(action="binding.suspend")).enterprise_id == one


async def test_one_tap_renews_for_a_year_around_the_end_and_not_before(firm):
    one, legal, _ = firm
    ends = NOW + LIVES

    with pytest.raises(NotYetRenewable):
        await colleagues.renew(one, actor=legal, now=NOW)
    early = await colleagues.renew(one, actor=legal, now=ends - timedelta(days=30))
    assert early == ends + LIVES
    late = await colleagues.renew(one, actor=legal, now=early + RENEW_AFTER - timedelta(seconds=1))
    assert late == early + RENEW_AFTER - timedelta(seconds=1) + LIVES
    assert await colleagues.renew(one, actor=legal, now=late - LIVES) == late  # asked once more
    assert await BindingStep.filter(action="renew").count() == 2


async def test_what_nobody_renewed_is_over_and_must_be_claimed_again(firm):
    one, legal, _ = firm
    ends = NOW + LIVES + RENEW_AFTER

    assert await colleagues.expire(now=ends - timedelta(seconds=1)) == 1
    assert await colleagues.expire(now=ends) == 1

    with pytest.raises(NotFound):
        await colleagues.renew(one, actor=legal, now=ends)
    assert {row.state for row in await Binding.all()} == {State.EXPIRED}


async def test_people_are_reminded_once_for_each_of_two_days(firm):
    ends = NOW + LIVES

    told_at = [
        (days, await colleagues.remind(now=ends - timedelta(days=days)))
        for days in (31, 30, 29, 8, 7, 1, 0)
    ]

    assert [days for days, found in told_at if found] == [30, 29, 8, 7, 1]
    jobs = await Job.filter(kind="people.tell")
    assert len(jobs) == 2 * 2
    assert {job.payload["message"] for job in jobs} == {"binding_expires"}


async def test_the_member_is_shown_what_to_renew(firm):
    one, legal, _ = firm

    assert await colleagues.renewals(legal, now=NOW) == ()
    assert await colleagues.renewals(legal, now=NOW + LIVES - timedelta(days=1)) == (
        (one, "晨星科技有限公司", NOW + LIVES),
    )


@pytest.fixture
async def twice(firm):
    """Whoever was bound from two doors before a unionid told that they are one person."""
    one, legal, _ = firm
    users = [await sessions.sign_in(Known(appid, "o-two"), door, now=NOW) for appid, door in DOORS]
    bound = [await people.bind(user.member.user_id, one, Role.AGENT) for user in users]
    for appid, door in DOORS:
        last = await sessions.sign_in(Known(appid, "o-two", "u-two"), door, now=NOW)
    return one, legal, last.member, bound


async def test_one_person_with_two_bindings_leaves_with_both(twice):
    one, _, me, bound = twice
    await colleagues.leave(one, actor=me, now=LATER)

    assert {row.state for row in await Binding.filter(id__in=bound)} == {State.REVOKED}
    with pytest.raises(NotFound):
        await bindings.require(me, one, now=LATER)


async def test_one_person_with_two_bindings_renews_both(twice):
    one, _, me, bound = twice
    late = NOW + LIVES - timedelta(days=1)

    assert len(await colleagues.renewals(me, now=late)) == 1
    assert await colleagues.renew(one, actor=me, now=late) == NOW + 2 * LIVES
    assert {row.expires_at for row in await Binding.filter(id__in=bound)} == {NOW + 2 * LIVES}
    assert await colleagues.renewals(me, now=late) == ()


@pytest.mark.parametrize(("how", "state"), [
    (colleagues.remove, State.REVOKED), (colleagues.suspend, State.SUSPENDED),
])  # fmt: skip
async def test_one_person_with_two_bindings_loses_both(twice, how, state):
    one, legal, me, bound = twice
    await how(bound[0], actor=legal, reason="已离职", now=LATER)

    assert {row.state for row in await Binding.filter(id__in=bound)} == {state}
    with pytest.raises(NotFound):
        await bindings.require(me, one, now=LATER)
    moved = [who for message, who in await told() if message == "binding_moved"]
    assert moved == [str(me.user_id)]


async def test_who_loses_a_phone_or_closes_is_told_of_once_for_each_enterprise(twice):
    _, legal, me, _ = twice
    other = await people.enterprise("晚霞商贸有限公司", people.code(7))
    await people.bind(me.user_id, other, Role.AGENT)
    await colleagues.lose_phone(actor=me, now=LATER)
    jobs = [job.payload for job in await Job.filter(kind="people.tell").order_by("id")]

    assert [
        (job["values"]["company"], job["user"]) for job in jobs if job["message"] == "binding_moved"
    ] == [("晨星科技有限公司", str(me.user_id)), ("晚霞商贸有限公司", str(me.user_id))]
    assert [job["user"] for job in jobs if job["message"] == "colleague_moved"].count(
        str(legal.user_id)
    ) == 1
    await Job.all().delete()

    await closing.close(actor=me, now=LATER)

    assert [who for _, who in await told()].count(str(legal.user_id)) == 1


async def tell(one, now, **more: object) -> set[str]:
    """Tell the holders something; to whom it was promised."""
    await Job.all().delete()
    async with in_transaction():
        values = {"company": "晨星", "expires_on": "2026年3月2日"}
        count = await telling.tell_holders(
            one, "binding_expires", values, key=f"k{now}", now=now, **more
        )
    whom = {who for _, who in await told()}
    assert len(whom) == count
    return whom


async def test_an_agent_who_has_not_come_for_long_is_told_nothing_of_the_enterprise(firm):
    one, legal, agent = firm
    both, gone = {str(legal.user_id), str(agent.user_id)}, NOW + AWAY

    assert await tell(one, gone - timedelta(seconds=1)) == both
    assert await tell(one, gone) == {str(legal.user_id)}
    assert await tell(one, gone, but=legal.user_id) == {str(agent.user_id)}  # nobody else is left

    again = await people.opened(now=gone)
    await User.filter(id=again.member.user_id).update(joined_into_id=agent.user_id)
    assert await tell(one, gone) == both


async def test_a_member_who_tells_the_others_reaches_those_who_still_come(firm):
    one, legal, _ = firm
    for here in (True, False):
        seen = NOW if here else NOW - AWAY
        await people.bind((await people.member(seen)).user_id, one, Role.AGENT, NOW - AWAY)
    act_for(legal.user_id)

    async with in_transaction():
        count = await telling.tell_holders(
            one, "binding_expires", {"company": "晨星", "expires_on": "2026年3月2日"}, key="k",
            now=LATER, but=legal.user_id,
        )  # fmt: skip

    assert count == 2  # the agent of long ago who is here today, and the one who is new


async def test_a_promise_to_a_person_finds_their_openids_when_it_is_kept(db):
    one = await people.member()
    other = (await people.opened(door=Door.MINI)).member
    await User.filter(id=other.user_id).update(joined_into_id=one.user_id)
    payload = {
        "user": str(one.user_id),
        "message": "binding_expires",
        "values": {"company": "晨星", "expires_on": "2026年3月2日"},
        "key": "k",
        "link": "/h5/me",
    }

    async with in_transaction():
        await telling.deliver(payload, NOW, service=people.OA, mini=people.MINI)
        await telling.deliver(payload, NOW, service="wx-none", mini="wx-none")

    kept = await Telling.get()
    assert (bool(kept.service_openid), bool(kept.mini_openid)) == (True, True)
