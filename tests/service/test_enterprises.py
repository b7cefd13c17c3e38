"""Enterprises: one file a code, names with their history, descriptions that supersede."""

from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from bot.domain.actors import Staff
from bot.domain.enterprises import Details, read_name
from bot.domain.errors import BadInput, NotFound
from bot.domain.files import Media
from bot.domain.sizes import Size
from bot.services import credit_files, enterprises, facts, file_upkeep
from models import EnterpriseName, Fact, Registration, StoredFile
from models.ids import new_id
from tests import people
from tests.conftest import NOW
from tests.crowd import at_once
from tests.service.test_facts import P1, PACK

CLERK = Staff("周敏")
CODE = "91350100M000100Y43"
FACT_NAME = PACK.facts["penalties"].name


async def open_file(name: str = "晨星科技有限公司"):
    async with in_transaction():
        return await enterprises.open_file(
            CODE, name, source=enterprises.STAFF, actor=CLERK, now=NOW
        )


async def test_a_code_has_one_file_however_many_open_it_at_once(db):
    opened = await at_once(*(open_file(f"晨星{n}号公司") for n in range(6)))

    assert len({one.id for one in opened}) == 1
    assert await EnterpriseName.all().count() == 1


async def test_a_new_name_leaves_the_old_one_on_file(db):
    one = (await open_file()).id

    await enterprises.rename(one, " 晨星(上海)集团 有限公司", actor=CLERK, now=NOW, reason="变更")
    await enterprises.rename(one, "晨星（上海）集团有限公司", actor=CLERK, now=NOW)

    assert (await enterprises.by_code(CODE)).name == "晨星（上海）集团有限公司"
    names = await EnterpriseName.all().order_by("name").values_list("name", "superseded_at")
    assert sorted(names) == sorted(
        [("晨星（上海）集团有限公司", None), ("晨星科技有限公司", NOW)], key=lambda row: row[0]
    )


async def described(one, source: str, day: int = 0, **given: object) -> None:
    async with in_transaction():
        await enterprises.describe(
            one, Details(**given), source=source, actor=CLERK, now=NOW + timedelta(days=day)
        )


@pytest.mark.parametrize("source", [enterprises.STAFF, enterprises.ROSTER])
async def test_a_member_does_not_talk_away_what_the_association_recorded(db, source):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)
    await described(one, source, status="吊销")
    later = {"actor": me, "now": NOW + timedelta(days=1)}
    await enterprises.declare(one, Details(address="北京", status="吊销"), **later)

    for given, emptied in ((Details(status="存续"), ()), (Details(), ("status",))):
        with pytest.raises(BadInput, match="由协会登记为“吊销”") as refusal:
            await enterprises.declare(one, given, emptied=emptied, **later)
        assert refusal.value.field == "status"

    assert (await enterprises.look(one)).details == Details(status="吊销", address="北京")


async def test_what_a_member_said_stays_theirs_when_the_roster_adds_something_else(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)
    await enterprises.declare(one, Details(status="存续"), actor=me, now=NOW)
    await described(one, enterprises.ROSTER, day=1, address="北京")

    assert await enterprises.vouched_status(one) == ""
    later = NOW + timedelta(days=2)
    await enterprises.declare(one, Details(status="停业"), actor=me, now=later)

    assert (await enterprises.look(one)).details == Details(status="停业", address="北京")


async def test_what_is_emptied_is_known_no_more_and_stays_on_file(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)
    await enterprises.declare(one, Details(staff=20, address="北京"), actor=me, now=NOW)

    known = await enterprises.declare(one, Details(), emptied={"staff"}, actor=me, now=NOW)

    assert known == Details(address="北京")
    assert await Registration.filter(staff=20).count() == 1


async def test_a_form_that_comes_back_unchanged_in_another_year_says_nothing_new(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)
    told = Details(staff=20, address="北京", figures_year=2025)
    await enterprises.declare(one, told, actor=me, now=NOW)
    seen, newyear = (await enterprises.look(one)).seen, NOW + timedelta(days=330)

    typed = replace(told, figures_year=2026)
    same = await enterprises.declare(one, typed, seen=seen, actor=me, now=newyear)
    moved = await enterprises.declare(
        one, replace(typed, staff=30), seen=seen, actor=me, now=newyear
    )

    assert (same, (await Registration.filter(staff=20).count())) == (told, 1)
    assert (moved.staff, moved.figures_year) == (30, 2026)


async def test_what_was_written_cannot_be_overwritten(db, emptier):
    await open_file()

    await emptier.execute("SET session_replication_role = origin")
    for statement in (
        "UPDATE enterprise_name SET name = '别的'",
        "DELETE FROM enterprise_name",
        "TRUNCATE enterprise_name",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await emptier.execute(statement)


async def test_a_description_supersedes_only_what_is_new(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)

    first = await enterprises.declare(
        one, Details(industry="C13", staff=300, revenue_fen=2 * 10**9), actor=me, now=NOW
    )
    same = await enterprises.declare(one, Details(staff=300), actor=me, now=NOW)
    second = await enterprises.declare(one, Details(address="上海"), actor=me, now=NOW)

    assert (first.size, same) == (Size.MEDIUM, first)
    assert (second.staff, second.address) == (300, "上海")
    assert await Registration.all().count() == 2


async def test_a_stranger_describes_nothing(db):
    one = await people.enterprise()

    with pytest.raises(NotFound):
        await enterprises.declare(one, Details(staff=1), actor=await people.member(), now=NOW)
    with pytest.raises(NotFound):
        await credit_files.read(one, actor=await people.member(), now=NOW)


async def test_an_unknown_enterprise_is_not_found(db):
    me = await people.member()

    for act in (
        enterprises.look(me.user_id),
        enterprises.by_code(CODE),
        enterprises.rename(me.user_id, "晨星公司", actor=CLERK, now=NOW),
    ):
        with pytest.raises(NotFound):
            await act


async def test_the_file_shows_facts_with_what_they_are_worth(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)
    await facts.record(one, [P1], pack=PACK, now=NOW)
    await facts.record(one, [P1 | {"standing": "verified"}], pack=PACK, now=NOW)

    found = await credit_files.read(one, actor=me, now=NOW, chapter="事实记录")

    assert sorted(entry.text for entry in found.entries) == [
        "一般；1；已核实；来源：信用中国",
        "一般；1；自行填报，尚未核实；来源：信用中国；已被后来的记录代替",
    ]
    assert {entry.title for entry in found.entries} == {PACK.facts["penalties"].name}


@pytest.mark.parametrize("chapter", ["事实记录", ""])
async def test_page_by_page_everything_comes_once_also_what_was_written_at_once(db, chapter):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)
    await Fact.bulk_create(
        Fact(
            id=new_id(NOW), enterprise_id=one, key=f"k{n}", fact="penalties", value=str(n),
            standing="declared", since_version=1, recorded_at=NOW - timedelta(days=n // 500),
        )
        for n in range(2 * credit_files.LONGEST + 50)
    )  # fmt: skip

    seen, place, pages = [], None, 0
    while place is not None or not pages:
        page = await credit_files.read(one, actor=me, now=NOW, chapter=chapter, before=place)
        seen, place, pages = [*seen, *page.entries], page.more, pages + 1

    told = [entry.text.split("；")[0] for entry in seen if entry.title == FACT_NAME]
    assert sorted(told, key=int) == [str(n) for n in range(2 * credit_files.LONGEST + 50)]
    assert (pages, seen) == (3, sorted(seen, key=lambda entry: entry.place, reverse=True))


async def test_the_papers_that_were_handed_in_are_a_chapter_and_those_of_claims_are_not(db):
    me, one = await people.member(), await people.enterprise()
    await people.bind(me.user_id, one)
    rows = [
        await StoredFile.create(
            id=new_id(NOW), enterprise_id=one, kind=kind, confidential=False, name=f"{kind}.png",
            media_type=Media.PNG, pages=3, size=1, sha256=kind, original_sha256=kind, warnings=[],
            actor_kind="member", actor="x", kept_at=NOW,
        )
        for kind in ("business_licence", "claim_letter", "seal")
    ]  # fmt: skip
    await file_upkeep.erase(rows[2].id, actor=CLERK, now=NOW + timedelta(days=1))

    found = await credit_files.read(one, actor=me, now=NOW, chapter="材料")

    told = [(entry.title, entry.path, entry.file, entry.pages) for entry in found.entries]
    assert told[0] == ("材料已删除：印章图片", "", None, 0)
    assert set(told[1:]) == {
        ("上传材料：营业执照", f"/h5/files/{rows[0].id}/pages/1", rows[0].id, 3),
        ("上传材料：印章图片", "", None, 0),
    }


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("晨星科技有限公司", "晨星科技有限公司"),
        (" 晨星 科技(上海) 有限公司 ", "晨星科技（上海）有限公司"),
        ("晨星Ａpp【北京】公司", "晨星App（北京）公司"),
        ("IBM China Company", "IBM China Company"),
    ],
)
def test_a_name_is_written_one_way(written, name):
    assert read_name(written) == name


@pytest.mark.parametrize("written", ["", "公", "12345", "晨星\u202e公司", "晨" * 201, "——"])
def test_what_is_no_name_is_refused(written):
    with pytest.raises(BadInput) as refusal:
        read_name(written)

    assert refusal.value.field == "name"


def test_what_is_not_told_stays_as_it_was():
    before = Details(staff=0, founded_on=date(2019, 6, 1), industry="C13")

    assert Details(staff=5).over(before) == Details(
        staff=5, founded_on=date(2019, 6, 1), industry="C13"
    )
    assert Details().over(before) == before
