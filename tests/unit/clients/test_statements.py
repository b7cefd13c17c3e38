"""Statements in Excel: the template comes back as typed, and each wrong cell is named."""

import io
import time
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from bot.clients.statements import LARGEST, MOST_TAGS, BadStatements, read_statements, template
from bot.scoring.engine import score
from bot.scoring.facts_reader import facts_from
from bot.scoring.library import shipped_pack
from bot.scoring.reading import Table
from tests.faults import poisoned_workbooks

PACK = shipped_pack("sme-credit-rating")
STATEMENT = PACK.statement
AS_OF = date(2026, 3, 1)
BALANCE, INCOME = "资产负债表", "利润表"


def _filled(change: Callable[[Workbook], object]) -> bytes:
    book = load_workbook(io.BytesIO(template(STATEMENT, 2025)))
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _set(sheet: str, cell: str, value: Any) -> Callable[[Workbook], object]:
    return lambda book: book[sheet].__setitem__(cell, value)


def _problems(data: bytes) -> tuple[str, ...]:
    with pytest.raises(BadStatements) as refusal:
        read_statements(STATEMENT, data, as_of=AS_OF)
    return refusal.value.problems


def test_the_template_has_every_item_once_and_four_years() -> None:
    book = load_workbook(io.BytesIO(template(STATEMENT, 2025)))

    items = [row[0].value for sheet in book for row in sheet.iter_rows(min_row=4)]
    assert items == list(STATEMENT.items)
    assert [cell.value for cell in book[BALANCE][3]] == ["科目", 2025, 2024, 2023, 2022]


def test_what_was_typed_comes_back_to_the_fen() -> None:
    def fill(book: Workbook) -> None:
        book[BALANCE]["B4"], book[BALANCE]["C4"] = 1234567.89, 0.1
        book[INCOME]["B4"] = 20_000_000

    rows = read_statements(STATEMENT, _filled(fill), as_of=AS_OF)

    assert rows == [
        {
            "id": "statements.2025",
            "fact": "statements",
            "year": 2025,
            "items": {"资产总额": Decimal("1234567.89"), "主营业务收入": Decimal(20_000_000)},
        },
        {
            "id": "statements.2024",
            "fact": "statements",
            "year": 2024,
            "items": {"资产总额": Decimal("0.1")},
        },
    ]


def test_an_imported_workbook_is_scored() -> None:
    def fill(book: Workbook) -> None:
        book[BALANCE]["B4"], book[BALANCE]["B9"] = 1_000_000, 450_000

    rows = read_statements(STATEMENT, _filled(fill), as_of=AS_OF)
    table = Table({"records": rows}, "import")
    facts = facts_from(PACK, table, basis="verified", standing="verified")
    told = score(PACK, facts, AS_OF).as_dict()
    parts = {part["id"]: part["points"] for row in told["indicators"] for part in row["parts"]}

    assert parts["PQ0302.资产负债率"] == Decimal(1)


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "sentence"),
    [
        (BALANCE, "B4", "=SUM(B5:B6)", "资产负债表 第 4 行 B 列：请填数字，不要用公式"),
        (BALANCE, "C5", "1,000", "资产负债表 第 5 行 C 列：应当是数字，不要带文字、逗号或空格"),
        (INCOME, "B6", True, "利润表 第 6 行 B 列：应当是数字，不要带文字、逗号或空格"),
        (INCOME, "B6", date(2025, 1, 1),
         "利润表 第 6 行 B 列：应当是数字，不要带文字、逗号或空格"),
        (BALANCE, "B4", 0.123, "资产负债表 第 4 行 B 列：最多两位小数"),
        (BALANCE, "B4", 10**13, "资产负债表 第 4 行 B 列：这个金额不合理，请检查单位是不是元"),
        (BALANCE, "B3", "去年", "资产负债表 第 3 行 B 列：应当是年份，例如 2025"),
        (BALANCE, "C3", 2025, "资产负债表 第 3 行 C 列：2025 年写了两次"),
        (BALANCE, "B3", 2026, "资产负债表 第 3 行 B 列：2026 年还没有结束"),
        (BALANCE, "A4", "总资产", "资产负债表 第 4 行 A 列：“总资产”不是模板里的科目，或写了两次"),
        (BALANCE, "A5", "资产总额",
         "资产负债表 第 5 行 A 列：“资产总额”不是模板里的科目，或写了两次"),
        (BALANCE, "B5", -1, "资产负债表 第 5 行 B 列：“流动资产”不能是负数"),
        (BALANCE, "F4", 5, "资产负债表 第 4 行 F 列：这一列没有年份"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_named_by_sheet_row_and_column(
    sheet: str, cell: str, value: Any, sentence: str
) -> None:
    assert _problems(_filled(_set(sheet, cell, value)))[0] == sentence


def test_all_problems_are_told_at_once_up_to_a_limit() -> None:
    def fill(book: Workbook) -> None:
        for row in range(4, 13):
            for column in "BCDE":
                book[BALANCE][f"{column}{row}"] = "无"

    problems = _problems(_filled(fill))

    assert len(problems) == 21
    assert problems[-1] == "另有 16 处问题，请先改好上面这些"


def test_an_empty_row_between_the_items_is_passed_over() -> None:
    def fill(book: Workbook) -> None:
        book[BALANCE].insert_rows(6)
        book[BALANCE]["B4"] = 5

    rows = read_statements(STATEMENT, _filled(fill), as_of=AS_OF)

    assert [row["items"] for row in rows] == [{"资产总额": Decimal(5)}]


def test_an_empty_template_and_a_missing_sheet_are_refused() -> None:
    assert _problems(template(STATEMENT, 2025)) == ("表里还没有填写任何金额",)
    assert _problems(_filled(lambda book: book.remove(book[INCOME])))[0] == (
        "缺少工作表“利润表”，请用下载的模板填写"
    )


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04broken", b"%PDF-1.7"])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    assert _problems(data) == ("打不开这个文件，请用下载的 Excel 模板（.xlsx）填写",)


@pytest.mark.filterwarnings("ignore")  # the library warns of what it repairs
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_a_damaged_workbook_is_read_or_refused_and_never_crashes(at: int, junk: bytes) -> None:
    whole = template(STATEMENT, 2025)
    at %= len(whole)

    assert _problems(whole[:at] + junk + whole[at + len(junk) :]) != ()


def test_a_file_that_swells_or_is_too_large_is_refused_unread() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (21 * 1024 * 1024))

    assert _problems(bomb.getvalue()) == ("文件太大，请用下载的模板填写",)
    assert _problems(b"x" * (LARGEST + 1)) == ("文件太大，请用下载的模板填写",)


@pytest.mark.parametrize(
    ("member", "before", "element"),
    [
        ("xl/sharedStrings.xml", b"<sst>", b"<si/>"),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>", b"<c/>"),
    ],
)
def test_endless_cells_in_a_small_file_are_refused_before_the_parser_counts_them(
    member: str, before: bytes, element: bytes
) -> None:
    """Twenty-five kilobytes of these took half a minute and one and a half gigabytes."""
    whole, bomb = template(STATEMENT, 2025), io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(whole)) as good,
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for name in {*good.namelist()} - {member}:
            bad.writestr(name, good.read(name))
        bad.writestr(member, before + element * 200_000)

    assert len(bomb.getvalue()) < 25_000
    assert _problems(bomb.getvalue()) == ("文件太大，请用下载的模板填写",)


def test_the_template_is_far_from_the_limit_of_what_is_read() -> None:
    with zipfile.ZipFile(io.BytesIO(template(STATEMENT, 2025))) as book:
        tags = sum(book.read(name).count(b"<") for name in book.namelist())

    assert tags * 20 < MOST_TAGS


def test_no_poisoned_workbook_is_read_and_none_takes_long() -> None:
    began, good = time.process_time(), _filled(_set(BALANCE, "B4", 5))
    told = {what: _problems(data) for what, data in poisoned_workbooks.refused(good)}

    assert len(told) == 34
    large, unreadable = (
        "文件太大，请用下载的模板填写",
        "打不开这个文件，请用下载的 Excel 模板（.xlsx）填写",
    )
    assert {what for what, said in told.items() if said != (unreadable,)} == {
        "a sheet that swells",
        "a part that swells and is never asked for",
        "one sheet under a thousand names",
    }
    assert told["a sheet that swells"] == (large,)
    assert time.process_time() - began < 10


def test_of_macros_and_links_nothing_is_looked_at() -> None:
    good = _filled(_set(BALANCE, "B4", 5))
    read = [
        read_statements(STATEMENT, data, as_of=AS_OF)
        for _, data in poisoned_workbooks.harmless(good)
    ]

    assert read == [read_statements(STATEMENT, good, as_of=AS_OF)] * 2
