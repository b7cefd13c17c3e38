"""Financial statements as Excel: the template that members fill in, and its strict reading.

The library is read where it is used: it takes longer to load than everything else in a command.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from bot.domain.errors import BadInput
from bot.scoring.pack import Statement

YEARS = 4  # the latest three, and one more for the averages over three years
LARGEST = 2 * 1024 * 1024
LARGEST_INFLATED = 4 * 1024 * 1024
MOST_TAGS = 50_000  # twenty times what a filled template has; each one costs the parser memory
MOST_PROBLEMS = 20
HEAD_ROW = 3  # 1 title, 2 advice, 3 years
_HINT = "只填数字，单位：元，负数前加减号，没有的留空。请不要用公式，不要改科目和年份。"
_LIMIT = Decimal(10) ** 13
_TOO_LARGE = "文件太大，请用下载的模板填写"
_UNREADABLE = "打不开这个文件，请用下载的 Excel 模板（.xlsx）填写"
# Codings in which the two words below would look different; Excel writes UTF-8.
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0")
_CODED = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"'](?!utf-8[\"'])", re.IGNORECASE)
# In how many ways the library fails on a broken file.
_BROKEN = (
    ArithmeticError,
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    EOFError,
    zlib.error,
)


class BadStatements(BadInput):
    """The workbook cannot be taken; every problem names sheet, row and column."""

    code = "bad_statements"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems), field="statements")
        self.problems = tuple(problems)


def template(statement: Statement, latest_year: int) -> bytes:
    """An empty workbook: one sheet a statement, one row an item, one column a year."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill, Protection

    book = Workbook()
    book.remove(book.active)
    for name, items in statement.sheets:
        sheet = book.create_sheet(name)
        sheet["A1"], sheet["A2"] = name, _HINT
        sheet["A1"].font = Font(bold=True, size=14)
        sheet.cell(HEAD_ROW, 1, "科目")
        for column in range(YEARS):
            cell = sheet.cell(HEAD_ROW, column + 2, latest_year - column)
            cell.number_format = '0"年"'
        for cell in sheet[HEAD_ROW]:
            cell.font = Font(bold=True)
            cell.fill = PatternFill("solid", fgColor="E8F1EC")
            cell.alignment = Alignment(horizontal="center")
        for row, item in enumerate(items, start=HEAD_ROW + 1):
            sheet.cell(row, 1, item)
            for column in range(2, YEARS + 2):
                sheet.cell(row, column).number_format = "#,##0.00"
                sheet.cell(row, column).protection = Protection(locked=False)
        sheet.column_dimensions["A"].width = 26
        for column in range(2, YEARS + 2):
            sheet.column_dimensions[_letter(column)].width = 18
        sheet.freeze_panes = sheet.cell(HEAD_ROW + 1, 2)
        sheet.protection.sheet = True  # against slips only: it has no password
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read_statements(statement: Statement, data: bytes, *, as_of: date) -> list[dict[str, Any]]:
    """Records of facts, one for each year that has an amount; or every problem at once."""
    if len(data) > LARGEST:
        raise BadStatements([_TOO_LARGE])
    try:
        years, problems = _read(statement, data, as_of)
    except _BROKEN as error:
        raise BadStatements([_UNREADABLE]) from error
    if not problems and not any(years.values()):
        problems.append("表里还没有填写任何金额")
    if problems:
        more = len(problems) - MOST_PROBLEMS
        rest = [f"另有 {more} 处问题，请先改好上面这些"] if more > 0 else []
        raise BadStatements(problems[:MOST_PROBLEMS] + rest)
    return [
        {"id": f"statements.{year}", "fact": statement.fact, "year": year, "items": amounts}
        for year, amounts in sorted(years.items(), reverse=True)
        if amounts
    ]


def _read(
    statement: Statement, data: bytes, as_of: date
) -> tuple[dict[int, dict[str, Decimal]], list[str]]:
    from openpyxl import load_workbook

    _refuse_bombs(data)
    book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
    years: dict[int, dict[str, Decimal]] = {}
    problems: list[str] = []
    for name, items in statement.sheets:
        if name in book.sheetnames:
            rows = _rows(book[name], len(items))
            problems += _Sheet(name, items, statement.signed, as_of).read(rows, years)
        else:
            problems.append(f"缺少工作表“{name}”，请用下载的模板填写")
    book.close()
    return years, problems


def _refuse_bombs(data: bytes) -> None:
    """No archive that swells or holds endless cells, and no entity, ever reaches the parser."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > LARGEST_INFLATED:
            raise BadStatements([_TOO_LARGE])
        tags = 0
        for member in members:
            text = archive.read(member)
            if _disguised(text) or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                raise BadStatements([_UNREADABLE])
            tags += text.count(b"<")
        if tags > MOST_TAGS:
            raise BadStatements([_TOO_LARGE])


def _disguised(text: bytes) -> bool:
    """Whether a parser may read other words in it than stand there."""
    return text.lstrip(b" \t\r\n\0").startswith(_WIDE) or _CODED.match(text) is not None


def _rows(sheet: Any, items: int) -> Iterator[tuple[int, list[Any]]]:
    last = HEAD_ROW + items + 20  # a few rows more, to notice what was added below
    rows = sheet.iter_rows(min_row=1, max_row=last, max_col=YEARS + 4)
    for number, cells in enumerate(rows, start=1):
        yield number, list(cells)


class _Sheet:
    """Reads one sheet; yields a sentence for each cell that is not as it should be."""

    def __init__(
        self, name: str, items: tuple[str, ...], signed: tuple[str, ...], as_of: date
    ) -> None:
        self._name, self._items, self._signed, self._as_of = name, items, signed, as_of
        self._columns: dict[int, int] = {}

    def read(
        self, rows: Iterator[tuple[int, list[Any]]], years: dict[int, dict[str, Decimal]]
    ) -> Iterator[str]:
        seen: set[str] = set()
        for row, cells in rows:
            if row < HEAD_ROW:
                continue
            if row == HEAD_ROW:
                yield from self._head(cells)
                continue
            item = cells[0].value if cells else None
            if item is None and all(cell.value is None for cell in cells):
                continue
            if item not in self._items or item in seen:
                yield self._say(row, 1, f"“{item or '空白'}”不是模板里的科目，或写了两次")
                continue
            seen.add(item)
            yield from self._amounts(row, item, cells, years)
        missing = [item for item in self._items if item not in seen]
        if missing:
            yield f"{self._name}：缺少科目“{'”“'.join(missing)}”，请用下载的模板填写"

    def _head(self, cells: list[Any]) -> Iterator[str]:
        for column, cell in enumerate(cells[1:], start=2):
            year = cell.value
            if year is None:
                continue
            if isinstance(year, bool) or not isinstance(year, int) or not 1949 <= year <= 2999:
                yield self._say(HEAD_ROW, column, "应当是年份，例如 2025")
            elif year in self._columns.values():
                yield self._say(HEAD_ROW, column, f"{year} 年写了两次")
            elif date(year, 12, 31) > self._as_of:
                yield self._say(HEAD_ROW, column, f"{year} 年还没有结束")
            else:
                self._columns[column] = year

    def _amounts(
        self, row: int, item: str, cells: list[Any], years: dict[int, dict[str, Decimal]]
    ) -> Iterator[str]:
        for column, cell in enumerate(cells[1:], start=2):
            if cell.value is None:
                continue
            amount = _amount(cell)
            if isinstance(amount, str):
                yield self._say(row, column, amount)
            elif column not in self._columns:
                yield self._say(row, column, "这一列没有年份")
            elif amount < 0 and item not in self._signed:
                yield self._say(row, column, f"“{item}”不能是负数")
            else:
                years.setdefault(self._columns[column], {})[item] = amount

    def _say(self, row: int, column: int, problem: str) -> str:
        return f"{self._name} 第 {row} 行 {_letter(column)} 列：{problem}"


def _letter(column: int) -> str:
    """The name of one of the first columns; the sheets have few."""
    return chr(ord("A") + column - 1)


def _amount(cell: Any) -> Decimal | str:
    """The exact amount as it was typed, or what is wrong with it."""
    value = cell.value
    if cell.data_type == "f":
        return "请填数字，不要用公式"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "应当是数字，不要带文字、逗号或空格"
    amount = Decimal(repr(value))  # the shortest text of what Excel keeps: what was typed
    if not amount.is_finite() or abs(amount) >= _LIMIT:
        return "这个金额不合理，请检查单位是不是元"
    if amount != amount.quantize(Decimal("0.01")):
        return "最多两位小数"
    return amount
