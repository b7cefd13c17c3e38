"""Publishing a scheme: two persons, exactly what was approved, and never changed again."""

import hashlib
from datetime import date, timedelta

import asyncpg
import pytest

from bot.domain.errors import DomainError, NotFound
from bot.scoring.library import shipped_pack
from bot.services import schemes
from tests.conftest import NOW
from tests.crowd import at_once
from tests.packs import LATER, TODAY, V1, V2
from tests.packs import PUBLIC as SCHEME


async def propose(source: str = V1, *, on: date = TODAY, by: str = "王芳", now=NOW):
    return await schemes.propose(source, file="a.toml", effective_on=on, by=by, now=now)


async def approve(found, *, by: str = "李强", now=NOW, digest: str | None = None):
    return await schemes.approve(
        found.scheme, found.version, digest=digest or found.digest, by=by, now=now
    )


async def publish(source: str = V1, *, on: date = TODAY):
    return await approve(await propose(source, on=on))


async def test_a_version_proposed_by_one_and_approved_by_another_is_published(db):
    published = await publish()

    assert (published.scheme, published.version, published.effective_on) == (SCHEME, 1, TODAY)
    assert (published.proposed_by, published.approved_by) == ("王芳", "李强")
    assert published == await schemes.with_hash(published.sha256)
    assert published.pack.hash == published.sha256


@pytest.mark.parametrize("same", ["王芳", " 王 芳 ", "王芳　"])
async def test_nobody_approves_what_they_proposed_themselves(db, same):
    proposal = await propose()

    with pytest.raises(DomainError, match="不能审批自己的版本"):
        await approve(proposal, by=same)

    assert await schemes.all_published() == []


async def test_the_same_person_in_other_letters_is_the_same_person(db):
    proposal = await propose(by="Ｗang Fang")

    with pytest.raises(DomainError, match="不能审批自己的版本"):
        await approve(proposal, by="wang FANG")


async def test_rules_changed_after_the_approver_looked_are_not_published(db):
    seen = await propose()
    await propose(V1.replace("base = 800", "base = 790", 1))

    with pytest.raises(DomainError, match="重新核对"):
        await approve(seen)

    assert await schemes.all_published() == []


async def test_a_day_of_effect_changed_after_the_approver_looked_is_not_published(db):
    seen = await propose()
    again = await propose(on=LATER)

    with pytest.raises(DomainError, match="重新核对"):
        await approve(seen)

    assert again.sha256 == seen.sha256
    assert await schemes.all_published() == []


async def test_an_approval_after_a_day_is_refused_and_one_in_time_is_not(db):
    proposal = await propose()

    with pytest.raises(DomainError, match="超过 24 小时"):
        await approve(proposal, now=NOW + timedelta(hours=24, seconds=1))

    assert (await approve(proposal, now=NOW + timedelta(hours=24))).version == 1


async def test_publishing_the_same_again_changes_nothing(db):
    first = await publish()

    again = await propose(V1 + "\n# 只是一句说明\n", by="赵敏")
    approved = await approve(first, by="赵敏", now=NOW + timedelta(days=90))

    assert (again, approved) == (first, first)
    assert await schemes.all_published() == [first]


async def test_other_content_under_a_published_number_is_refused(db):
    first = await publish()

    with pytest.raises(DomainError) as refusal:
        await propose(V1.replace("base = 800", "base = 790", 1))

    assert str(refusal.value) == (
        "casme-public-credit 第 1 版已经发布（2026-03-02 起生效），"
        "内容和生效日期都不能再改；请改用新的版本号。"
    )
    with pytest.raises(DomainError, match="不能再改"):
        await propose(on=LATER)
    with pytest.raises(DomainError, match="不能再改"):
        await approve(first, digest="0" * 64)


async def test_versions_take_effect_one_after_the_other(db):
    first = await publish()
    second = await publish(V2, on=LATER)

    assert await schemes.in_force(SCHEME, LATER - timedelta(days=1)) == first
    assert await schemes.in_force(SCHEME, LATER) == second
    with pytest.raises(NotFound, match="还没有生效的版本"):
        await schemes.in_force(SCHEME, TODAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("version", "on", "words"),
    [(1, LATER, "版本号应当更大"), (4, LATER, "生效日期应当晚于第 3 版的 2026-04-01")],
)
async def test_a_version_that_would_reach_back_is_refused(db, version, on, words):
    await publish(V1.replace("version = 1\n", "version = 3\n", 1), on=LATER)

    with pytest.raises(DomainError, match=words):
        await propose(V1.replace("version = 1\n", f"version = {version}\n", 1), on=on)


async def test_only_the_first_version_may_take_effect_in_the_past(db):
    await publish(on=date(2025, 1, 1))

    with pytest.raises(DomainError, match="不能早于今天"):
        await propose(V2, on=TODAY - timedelta(days=1))

    assert (await publish(V2, on=TODAY)).version == 2


async def test_six_who_approve_at_once_publish_once(db):
    proposal = await propose()

    names = ("李强", "赵敏", "孙丽", "周涛", "吴静", "郑洁")
    answers = await at_once(*(approve(proposal, by=name) for name in names))

    assert await schemes.all_published() == [answers[0]]
    assert answers == [answers[0]] * 6


async def test_of_six_who_propose_at_once_one_counts(db):
    days = [TODAY + timedelta(days=n) for n in range(6)]
    proposals = await at_once(*(propose(on=day) for day in days))

    answers = [await outcome(approve(proposal)) for proposal in proposals]

    published = await schemes.all_published()
    assert sorted(answers) == ["published"] + ["refused"] * 5
    assert [one.effective_on for one in published] == [days[answers.index("published")]]


async def test_two_versions_approved_at_once_keep_their_order(db):
    first = await propose(on=LATER)
    second = await propose(V2, on=TODAY)

    answers = await at_once(*(outcome(approve(one)) for one in (first, second)))

    assert sorted(answers) == ["published", "refused"]
    assert len(await schemes.all_published()) == 1


async def outcome(act) -> str:
    try:
        await act
    except DomainError:
        return "refused"
    return "published"


async def test_what_nobody_proposed_cannot_be_approved(db):
    with pytest.raises(NotFound, match="还没有人提交"):
        await schemes.approve(SCHEME, 1, digest="0" * 64, by="李强", now=NOW)
    with pytest.raises(NotFound, match="没有发布"):
        await schemes.published(SCHEME, 1)
    with pytest.raises(NotFound, match="没有发布过"):
        await schemes.with_hash("0" * 64)


async def test_a_pack_with_a_defect_and_a_person_without_a_name_are_refused(db):
    with pytest.raises(DomainError, match=r"a\.toml"):
        await propose(V1.replace("base = 800", "base = 8000", 1))
    with pytest.raises(DomainError, match="姓名"):
        await propose(by="  ")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE published_pack SET effective_on = '2020-01-01'",
        "UPDATE published_pack SET source = ''",
        "DELETE FROM published_pack",
        "TRUNCATE published_pack CASCADE",
    ],
)
async def test_the_database_itself_refuses_to_change_a_published_version(db, statement):
    await publish()
    connection = await asyncpg.connect(db)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement)
        row = await connection.fetchrow("SELECT canonical, sha256, source FROM published_pack")
    finally:
        await connection.close()

    assert (hashlib.sha256(row["canonical"]).hexdigest(), row["source"]) == (row["sha256"], V1)


async def test_the_database_itself_refuses_one_person_for_both_acts(db, emptier):
    await publish()

    with pytest.raises(asyncpg.CheckViolationError, match="two_persons"):
        await emptier.execute("UPDATE published_pack SET approved_by = ' 王芳'")


async def test_a_version_that_is_not_what_its_hash_says_is_never_used(db, emptier):
    first = await publish()
    changed = "base = 800", "base = 801"
    await emptier.execute(
        "UPDATE published_pack SET source = replace(source, $1, $2)", *changed
    )  # as somebody would who switches the triggers off

    with pytest.raises(RuntimeError, match="not what its hash says"):
        await schemes.with_hash(first.sha256)


async def test_the_rules_of_a_day_are_the_published_ones_and_before_any_the_shipped(db):
    before = await schemes.pack_on(SCHEME, TODAY)
    await publish(on=TODAY)
    await publish(V2, on=LATER)

    assert before is shipped_pack(SCHEME)
    versions = [(await schemes.pack_on(SCHEME, day)).version for day in (TODAY, LATER)]
    assert versions == [1, 2]
