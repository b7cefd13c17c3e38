"""Rosters: all rows or none, the same again changes nothing, and what is new supersedes."""

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.clients.spreadsheets import UnreadableTable, rows_of
from bot.domain.actors import Staff
from bot.domain.bindings import Role
from bot.domain.rosters import BadRoster
from bot.services import enterprises, memberships, rosters
from models import (
    AuditEntry,
    Enterprise,
    EnterpriseName,
    Membership,
    Registration,
    RosterContact,
    RosterImport,
)
from tests import people, roster_files
from tests.conftest import NOW
from tests.people import ASSOCIATION
from tests.service.test_claims import VAULT, by_phone

ROW = ["91350100M000100Y43", "晨星科技有限公司", "会员", "2026-01-01", "2026-12-31", "王芳",
       "13800138000", "李强", "C13", "2019-06-01", "存续", "福州市鼓楼区"]  # fmt: skip
PLACE = {name: place for place, name in enumerate(roster_files.HEADING)}


def row(**more: str) -> list[str]:
    """The row above with other cells, by the letters of the alphabet that are their columns."""
    cells = list(ROW)
    for name, text in more.items():
        cells[PLACE[name]] = text
    return cells


async def take(*given: list[str], heading=roster_files.HEADING, association: str = ASSOCIATION):
    lines = enumerate([list(heading), *given], start=1)
    return await rosters.take(
        lines, association=association, sha256="0" * 64, vault=VAULT, actor=Staff("周敏"), now=NOW
    )


async def count() -> list[int]:
    tables = (Enterprise, EnterpriseName, Registration, Membership, RosterContact)
    return [await table.all().count() for table in tables]


async def test_a_row_becomes_an_enterprise_a_member_and_a_contact(db):
    done = await take(row())

    one = await enterprises.by_code("91350100M000100Y43")
    assert (done.rows, await count()) == (1, [1, 1, 1, 1, 1])
    assert (one.name, one.details.industry, one.details.founded_on) == (
        "晨星科技有限公司",
        "C13",
        date(2019, 6, 1),
    )
    member = await memberships.current(one.id, on=date(2026, 12, 31), association=ASSOCIATION)
    assert (member.level, member.how) == ("会员", "roster")
    contact = await RosterContact.get()
    assert (contact.person, contact.role) == ("王芳", Role.AGENT)
    context = f"roster_contact:{contact.id}:phone"
    assert VAULT.open(contact.phone_sealed, context=context) == "13800138000"


async def test_who_is_on_the_roster_may_claim(db):
    await take(row())
    me = await people.member()

    [claimed] = await by_phone("13800138000", actor=me, now=NOW)

    assert claimed.name == "晨星科技有限公司"


async def test_the_same_file_again_changes_nothing_at_all(db):
    given = list(roster_files.rows(300))
    first = await take(*given)
    before = await count()

    again = await take(*given)

    assert (first.rows, again.rows, again.changed) == (300, 300, 0)
    assert await count() == before == [300] * 5
    assert await RosterImport.all().count() == 1
    assert await AuditEntry.filter(action="roster.import").count() == 1


async def test_what_is_new_supersedes_and_what_was_stays_readable(db):
    await take(row())
    await take(
        row(企业名称="晨星集团有限公司", 会员级别="理事会员", 联系人="赵敏", 手机号="13900139000",
            住所="")
    )  # fmt: skip

    one = await enterprises.by_code("91350100M000100Y43")
    assert (one.name, one.details.address) == ("晨星集团有限公司", "福州市鼓楼区")
    names = await EnterpriseName.all().order_by("-superseded_at").values_list("name", flat=True)
    assert set(names) == {"晨星科技有限公司", "晨星集团有限公司"}
    assert await Membership.filter(superseded_at=None).values_list("level", flat=True) == [
        "理事会员"
    ]
    assert await RosterContact.filter(superseded_at=None).values_list("person", flat=True) == [
        "赵敏"
    ]
    assert await count() == [1, 2, 1, 2, 2]


@pytest.mark.parametrize(
    ("left_out", "emptied", "named"),
    [(("手机号",), "", ["王芳"]), (("住所",), "手机号", []), ((), "住所", ["王芳"])],
)
async def test_a_file_without_phones_says_nothing_of_contacts(db, left_out, emptied, named):
    await take(row())
    places = [place for name, place in PLACE.items() if name not in left_out]
    cells = row(**({emptied: ""} if emptied else {}), 会员级别="理事会员")

    done = await take(
        [cells[place] for place in places],
        heading=[roster_files.HEADING[place] for place in places],
    )

    kept = await RosterContact.filter(superseded_at=None).values_list("person", flat=True)
    assert (kept, done.changes["memberships"]) == (named, 1)


async def test_a_later_year_is_added_and_other_associations_are_left_alone(db):
    await take(row(), association="别的协会")
    await take(row())
    await take(row(会员起始日="2027-01-01", 会员截止日="2027-12-31"))

    one = await enterprises.by_code("91350100M000100Y43")
    assert await Membership.filter(superseded_at=None).count() == 3
    assert await memberships.current(one.id, on=date(2027, 3, 1), association="别的协会") is None
    assert await RosterContact.filter(superseded_at=None).count() == 2


async def test_what_an_enterprise_said_of_itself_is_kept_where_the_roster_is_silent(db):
    await take(row(行业="", 住所=""))
    me, one = await people.member(), await enterprises.by_code("91350100M000100Y43")
    await people.bind(me.user_id, one.id)
    said = enterprises.Details(staff=12, address="上海市")
    await enterprises.declare(one.id, said, actor=me, now=NOW)

    done = await take(row(行业="I65", 住所=""))

    known = (await enterprises.look(one.id)).details
    assert (known.staff, known.address, known.industry) == (12, "上海市", "I65")
    assert done.changes["registrations"] == 1


async def test_every_problem_is_told_by_row_and_column_and_nothing_is_imported(db):
    with pytest.raises(BadRoster) as refusal:
        await take(
            row(),
            row(统一社会信用代码="91350100M000100Y34", 手机号="123", 会员截止日="明年"),
            row(企业名称="", 会员级别="大会员", 行业="C99"),
            [""] * len(ROW),
            row(统一社会信用代码=people.code(1), 会员截止日="2025-01-01", 登记状态="很好"),
            row(统一社会信用代码=people.code(2), 成立日期="2026-02-30", 联系人="王\x07芳"),
        )

    assert [problem.split("：")[0] for problem in refusal.value.problems] == [
        "第 3 行“统一社会信用代码”",
        "第 3 行“会员截止日”",
        "第 3 行“手机号”",
        "第 4 行“企业名称”",
        "第 4 行“会员级别”",
        "第 4 行“行业”",
        "第 4 行“统一社会信用代码”",
        "第 6 行“会员截止日”",
        "第 6 行“登记状态”",
        "第 7 行“成立日期”",
        "第 7 行“联系人”",
    ]
    assert "与第 2 行相同" in refusal.value.problems[6]
    assert await count() == [0] * 5


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        (["企业名称"], "第 1 行缺少“统一社会信用代码”"),
        ([*roster_files.HEADING, "手机"], "第 1 行的“手机号”出现了两次"),
        ([], "第 1 行缺少"),
    ],
)
async def test_a_heading_that_is_not_one_is_refused(db, heading, told):
    with pytest.raises(BadRoster) as refusal:
        await take(row(), heading=heading)

    assert told in str(refusal.value)


async def test_a_file_without_members_is_not_a_roster(db):
    with pytest.raises(BadRoster, match="没有会员"):
        await take()


async def test_a_flood_of_problems_is_cut_off(db):
    with pytest.raises(BadRoster) as refusal:
        await take(*(row(会员级别="无") for _ in range(500)))

    assert rosters.MOST_PROBLEMS <= len(refusal.value.problems) < rosters.MOST_PROBLEMS + 5


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("2026/3/1", date(2026, 3, 1)),
        ("2026.03.01", date(2026, 3, 1)),
        ("2026年3月1日", date(2026, 3, 1)),
        ("20260301", date(2026, 3, 1)),
        ("2026-03-01 00:00:00", date(2026, 3, 1)),
    ],
)
async def test_a_day_is_read_as_people_write_it(db, written, day):
    await take(row(会员起始日=written))

    assert (await Membership.get()).starts_on == day


async def test_the_legal_representatives_own_phone_makes_them_the_legal_one(db):
    heading = [*roster_files.HEADING, "法定代表人手机号"]
    await take([*row(), "13900139000"], heading=heading)

    rows = await RosterContact.all().order_by("role").values_list("person", "role")
    assert rows == [("王芳", Role.AGENT), ("李强", Role.LEGAL)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
def test_a_csv_of_any_excel_is_read(tmp_path, encoding):
    path = roster_files.write(tmp_path / "r.csv", [row()], encoding=encoding)

    with rows_of(path) as rows:
        found = list(rows)

    assert found == [(1, list(roster_files.HEADING)), (2, row())]


def test_an_excel_file_is_read_with_days_and_long_numbers(tmp_path):
    book = Workbook()
    book.active.append(["代码", "日", "号"])
    book.active.append(["9135", date(2026, 3, 1), 13800138000.0])
    book.active.append([None, 1.5, 13800138000])
    book.save(tmp_path / "r.xlsx")

    with rows_of(tmp_path / "r.xlsx") as rows:
        found = [cells for _, cells in rows]

    assert found == [
        ["代码", "日", "号"],
        ["9135", "2026-03-01", "13800138000"],
        ["", "1.5", "13800138000"],
    ]


OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 4


def broken_sheet(path: Path) -> bytes:
    """A workbook whose first sheet ends in the middle of a row."""
    book = Workbook()
    for row in ([*roster_files.HEADING], *roster_files.rows(3)):
        book.active.append(row)
    book.save(path)
    out = io.BytesIO()
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(out, "w") as bad:
        for name in good.namelist():
            data = good.read(name)
            bad.writestr(name, data[: len(data) // 2] if "sheet1" in name else data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("r.xlsx", b"PK but not really", "可能已经损坏"),
        ("r.xls", OLD_EXCEL, "旧版 Excel"),
        ("r.xlsx", OLD_EXCEL, "旧版 Excel"),
        ("r.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "不是表格文件"),
        ("r.xlsx", broken_sheet, "可能已经损坏"),
    ],
)
def test_what_is_no_table_or_a_broken_one_is_said_so(tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data(path) if callable(data) else data)

    with pytest.raises(UnreadableTable, match=words), rows_of(path) as rows:
        list(rows)


def test_a_workbook_is_known_by_its_content_whatever_it_is_called(tmp_path):
    book = Workbook()
    book.active.append(["代码"])
    book.save(tmp_path / "r.xlsx")
    (tmp_path / "r.xlsx").rename(tmp_path / "r.csv")

    with rows_of(tmp_path / "r.csv") as rows:
        assert list(rows) == [(1, ["代码"])]
