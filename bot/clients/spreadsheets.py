"""Tables out of files: CSV in the encodings that Excel writes, and .xlsx; every cell as text."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from openpyxl import Workbook, load_workbook

LARGEST_INFLATED = 2 * 1024**3  # of an .xlsx; the staff's own files, but a bomb is a bomb
Row = tuple[int, list[str]]


OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # also an .xlsx under a password
ZIP = b"PK\x03\x04"
# What openpyxl and the unpackers under it let through of a file that is broken somewhere.
BROKEN = (
    OSError, LookupError, ValueError, TypeError, AttributeError, SyntaxError, OverflowError,
    RuntimeError, EOFError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


class UnreadableTable(Exception):
    """Neither a CSV nor an .xlsx file, or a broken one; says what to do about it."""

    def __init__(self, why: str = "文件打不开，可能已经损坏。请在 Excel 里打开，另存为 .xlsx 再试"):
        super().__init__(why)


@contextmanager
def rows_of(path: Path) -> Iterator[Iterator[Row]]:
    """The rows of a file with their numbers, the first is 1; read as they are asked for.

    Its first bytes tell what it is, not its name. UnreadableTable may also come with any row.
    """
    with path.open("rb") as file:
        head = file.read(len(OLD_EXCEL))
    if head == OLD_EXCEL:
        raise UnreadableTable(
            "这是旧版 Excel（.xls）或加了密码的文件。请另存为不加密码的 .xlsx 再试"
        )
    if head.startswith(ZIP) or path.suffix.lower() == ".xlsx":
        with _workbook(path) as rows:
            yield rows
    else:
        with path.open("r", encoding=_encoding(path), newline="") as file:
            yield _csv(file)


def _encoding(path: Path) -> str:
    """UTF-8 if all of it is, else what Excel writes on a Chinese machine."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for line in file:
                del line
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def _csv(file: io.TextIOWrapper) -> Iterator[Row]:
    try:
        first = file.readline()
        file.seek(0)
        delimiter = "\t" if first.count("\t") > first.count(",") else ","
        for number, cells in enumerate(csv.reader(file, delimiter=delimiter), start=1):
            yield number, [cell.strip() for cell in cells]
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableTable("这不是表格文件。请选择 .xlsx 或 .csv 文件") from error


@contextmanager
def _workbook(path: Path) -> Iterator[Iterator[Row]]:
    with path.open("rb") as file:  # openpyxl would go by the ending of a name
        try:
            with zipfile.ZipFile(file) as archive:
                if sum(member.file_size for member in archive.infolist()) > LARGEST_INFLATED:
                    raise UnreadableTable
            book = load_workbook(file, read_only=True, keep_links=False, data_only=True)
        except BROKEN as error:
            raise UnreadableTable from error
        try:
            yield _sheet(book)
        finally:
            book.close()


def _sheet(book: Workbook) -> Iterator[Row]:
    """The first sheet; it is only now unpacked and parsed, so only now found broken."""
    try:
        cells = book.worksheets[0].iter_rows(values_only=True)
        for number, row in enumerate(cells, start=1):
            yield number, [_text(cell) for cell in row]
    except BROKEN as error:
        raise UnreadableTable from error


def _text(cell: object) -> str:
    """As a person reads it: a day without its hour, a long number without an exponent."""
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(Decimal(repr(cell)) if isinstance(cell, float) else cell).strip()
