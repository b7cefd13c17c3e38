"""Memberships: what their lapse blocks and what it does not, and that none is lost."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tortoise.transactions import in_transaction

from bot.domain.actors import Staff
from bot.domain.errors import BadInput, NotFound
from bot.domain.memberships import Act, blocked
from bot.scoring.library import shipped_programmes
from bot.services import credit_files, membership_effects, memberships
from bot.services.memberships import NeedsMembership, Period
from models import AuditEntry, Certificate, Job, Membership
from tests import people
from tests.conftest import NOW
from tests.people import ASSOCIATION
from tests.service.test_certificates import made

CLERK = Staff("周敏")
SHANXI = "山西省中小企业发展促进会"
LAST = date(2026, 12, 31)
AFTER = LAST + timedelta(days=1)
PROGRAMMES = {one.id: one for one in shipped_programmes()}
RATING = PROGRAMMES["credit-rating"]


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("bundled", [True, False])
def test_a_lapse_blocks_new_applications_and_annual_reviews_and_nothing_more(act, bundled):
    assert not blocked(act, member=True, bundled=bundled)
    stopped = act is Act.ANNUAL_REVIEW or (act is Act.APPLY and not bundled)
    assert blocked(act, member=False, bundled=bundled) is stopped


async def test_a_member_applies_until_the_last_day_and_not_after_it(db):
    one = await people.enterprise()
    await people.join(one)

    await memberships.may_apply(one, RATING, on=LAST)

    with pytest.raises(NeedsMembership, match="已于2026年12月31日到期"):
        await memberships.may_apply(one, RATING, on=AFTER)
    with pytest.raises(NeedsMembership):
        await memberships.may_apply(one, RATING, on=AFTER, act=Act.ANNUAL_REVIEW)
    await memberships.may_apply(one, RATING, on=AFTER, act=Act.KEEP)
    await memberships.may_apply(one, RATING, on=AFTER, act=Act.REPAIR)


async def test_a_period_that_has_not_begun_hides_no_lapse(db):
    one, new = await people.enterprise(), await people.enterprise()
    await people.join(one, until=date(2026, 6, 30))
    for who in (one, new):
        await people.join(who, since=date(2027, 1, 1), until=date(2027, 12, 31))
        await people.join(who, since=date(2028, 1, 1), until=date(2028, 12, 31))

    with pytest.raises(NeedsMembership, match="已于2026年6月30日到期"):
        await memberships.may_apply(one, RATING, on=LAST)
    with pytest.raises(NeedsMembership, match="会员资格从2027年1月1日开始，从那天起"):
        await memberships.may_apply(new, RATING, on=LAST)
    assert await memberships.ended(one, ASSOCIATION, on=LAST) == date(2026, 6, 30)
    assert await memberships.ended(new, ASSOCIATION, on=LAST) is None
    assert await memberships.ended(one, ASSOCIATION, on=AFTER) is None
    await memberships.may_apply(new, RATING, on=AFTER)


async def test_the_membership_of_another_association_does_not_count(db):
    one = await people.enterprise()
    await people.join(one)

    with pytest.raises(NeedsMembership, match="续会或入会"):
        await memberships.may_apply(one, PROGRAMMES["shanxi-integrity"], on=LAST)


async def test_a_fee_that_brings_a_membership_is_a_way_in_while_it_is_charged(db):
    one = await people.enterprise()
    evaluation = PROGRAMMES["credit-evaluation"]
    charged = replace(evaluation, fee=replace(evaluation.fee, mode="on"))

    await memberships.may_apply(one, charged, on=LAST)

    with pytest.raises(NeedsMembership):
        off = replace(evaluation, fee=replace(evaluation.fee, mode="off"))
        await memberships.may_apply(one, off, on=LAST)
    with pytest.raises(NeedsMembership):
        await memberships.may_apply(one, charged, on=LAST, act=Act.ANNUAL_REVIEW)


async def test_a_period_that_begins_the_same_day_gives_way_and_stays_on_file(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)
    for level in ("会员", "理事会员"):
        async with in_transaction():
            await memberships.add(
                one,
                Period(ASSOCIATION, level, date(2026, 1, 1), LAST),
                how="bundled",
                actor=CLERK,
                now=NOW,
            )

    assert (await memberships.current(one, on=LAST)).level == "理事会员"
    assert await Membership.all().count() == 2
    assert await AuditEntry.filter(action="membership.add", enterprise_id=one).count() == 2
    filed = await credit_files.read(one, actor=me, now=NOW, chapter="会员资格")
    assert sorted(entry.title for entry in filed.entries) == [
        "会员资格：会员",
        "会员资格：理事会员",
    ]


async def test_a_period_ends_after_it_begins(db):
    one = await people.enterprise()

    with pytest.raises(BadInput):
        async with in_transaction():
            backwards = Period(ASSOCIATION, "会员", LAST, date(2026, 1, 1))
            await memberships.add(one, backwards, how="staff", actor=CLERK, now=NOW)


async def test_who_left_is_no_member_from_that_day_on_and_the_file_says_why(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)
    joined = await people.join(one)

    await memberships.end(joined, on=date(2026, 3, 2), reason="申请退会", actor=CLERK, now=NOW)

    assert await memberships.current(one, on=date(2026, 3, 1)) is not None
    assert await memberships.current(one, on=date(2026, 3, 2)) is None
    assert await memberships.ended(one, ASSOCIATION, on=date(2026, 3, 2)) == date(2026, 3, 1)
    filed = await credit_files.read(one, actor=me, now=NOW, chapter="会员资格")
    _, ended = filed.entries
    assert (ended.title, ended.text) == ("会员资格终止：会员", "申请退会")
    [told] = await Job.filter(kind="people.tell").values_list("payload", flat=True)
    assert (told["message"], told["user"]) == ("membership_ended", str(me.user_id))
    assert told["values"]["what"] == "中国中小企业协会会员资格"
    with pytest.raises(NotFound):
        await memberships.end(joined, on=LAST, reason="", actor=CLERK, now=NOW)


async def test_each_association_has_a_membership_of_its_own(db):
    one = await people.enterprise()
    await people.join(one, until=date(2026, 1, 31))
    await people.join(one, since=date(2026, 2, 1), until=date(2026, 6, 30))
    await people.join(one, association=SHANXI, since=date(2025, 1, 1), until=date(2025, 12, 31))
    await people.join(one, association=SHANXI, since=date(2027, 1, 1), until=date(2027, 12, 31))

    found = await memberships.each(one, on=date(2026, 3, 2))

    assert [(had.association, had.until) for had in found] == [
        (ASSOCIATION, date(2026, 6, 30)), (SHANXI, date(2025, 12, 31)),
    ]  # fmt: skip


async def test_very_many_that_end_in_one_night_are_marked_a_few_at_a_time(db, monkeypatch):
    holders = [await people.enterprise() for _ in range(5)]
    for one in holders:
        await people.join(one)
        await made(one)
    monkeypatch.setattr(membership_effects, "AT_ONCE", 2)

    marked = await membership_effects.mark(now=NOW.replace(year=2027))

    assert marked == 5
    assert await AuditEntry.filter(action="certificate.mark").count() == 3
    assert await Certificate.filter(member_until=LAST).count() == 5
    assert await membership_effects.mark(now=NOW.replace(year=2027)) == 0
