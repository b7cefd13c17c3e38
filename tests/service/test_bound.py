"""Whom a member acts for: only by a binding that is active now."""

from datetime import date, timedelta

import pytest

from bot.domain.bindings import LIVES, Role, State
from bot.domain.errors import NotFound
from bot.services import bindings, memberships
from bot.services.bindings import NeedsLegal, TooFresh
from models import User
from tests import people
from tests.conftest import NOW

LATER = NOW + timedelta(days=30)


async def test_a_member_acts_for_the_enterprises_they_are_bound_to_and_no_other(db):
    me, other = await people.member(), await people.member()
    first, second = await people.enterprise("甲公司"), await people.enterprise("乙公司")
    await people.bind(me.user_id, first, now=NOW - timedelta(days=1))
    await people.bind(me.user_id, second, Role.AGENT)
    await people.bind(other.user_id, await people.enterprise("丙公司"))

    mine = await bindings.bound(me, now=NOW)

    assert [(one.name, one.role) for one in mine] == [
        ("甲公司", Role.LEGAL), ("乙公司", Role.AGENT)
    ]  # fmt: skip
    assert await bindings.require(me, second, now=NOW) == mine[1]
    with pytest.raises(NotFound):
        await bindings.require(other, first, now=NOW)


@pytest.mark.parametrize("state", sorted(set(State) - {State.ACTIVE}))
async def test_a_binding_that_is_not_active_reads_nothing(db, state):
    me, one = await people.member(), await people.enterprise()
    binding = await people.bind(me.user_id, one)
    await bindings.require(me, one, now=NOW)

    await people.put(binding, state)

    assert await bindings.bound(me, now=NOW) == ()
    with pytest.raises(NotFound):
        await bindings.require(me, one, now=NOW)


async def test_a_binding_that_ran_out_reads_nothing(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)

    await bindings.require(me, one, now=NOW + LIVES - timedelta(seconds=1))

    with pytest.raises(NotFound):
        await bindings.require(me, one, now=NOW + LIVES)


async def test_an_agent_is_told_what_only_the_legal_representative_does(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one, Role.AGENT)

    assert (await bindings.require(me, one, now=NOW, role=Role.AGENT)).role is Role.AGENT
    with pytest.raises(NeedsLegal):
        await bindings.require(me, one, now=NOW, role=Role.LEGAL)


async def test_the_legal_representative_does_what_an_agent_does(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one, Role.LEGAL)

    assert (await bindings.require(me, one, now=NOW, role=Role.AGENT)).role is Role.LEGAL


async def test_who_proves_to_be_somebody_known_keeps_the_bindings_of_both(db):
    older, younger = await people.member(), await people.member(NOW + timedelta(hours=1))
    one = await people.enterprise()
    await people.bind(younger.user_id, one, Role.AGENT)
    await people.bind(older.user_id, one, Role.LEGAL)

    await User.filter(id=younger.user_id).update(joined_into_id=older.user_id)

    assert len(await bindings.bound(older, now=NOW)) == 1
    assert (await bindings.require(older, one, now=NOW)).role is Role.LEGAL


async def test_a_fresh_binding_neither_exports_nor_pays_out_and_says_from_when(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one, fresh_until=NOW + timedelta(hours=72))
    settled = await bindings.require(me, one, now=NOW)

    with pytest.raises(TooFresh) as refusal:
        await bindings.settled_or_refuse(me, one, now=NOW + timedelta(hours=71, minutes=59))

    assert str(refusal.value).endswith("不能退款。3月5日 09:30 起就可以了。")
    assert await bindings.settled_or_refuse(me, one, now=NOW + timedelta(hours=72)) == settled
    with pytest.raises(NotFound):
        await bindings.settled_or_refuse(await people.member(), one, now=NOW + LIVES / 2)


@pytest.mark.parametrize(
    ("day", "level"),
    [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), "会员"),
        (date(2026, 6, 30), "会员"),
        (date(2026, 7, 1), "理事会员"),
        (date(2027, 6, 30), "理事会员"),
        (date(2027, 7, 1), None),
    ],
)
async def test_a_membership_runs_from_its_first_day_through_its_last(db, day, level):
    one = await people.enterprise()
    await people.join(one)
    await people.join(one, "理事会员", date(2026, 7, 1), date(2027, 6, 30))

    found = await memberships.current(one, on=day)

    assert (found and found.level) == level
    assert await memberships.current(one, on=day, association="别的协会") is None
