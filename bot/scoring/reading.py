"""Strict reading of TOML and JSON: exact numbers, unknown and repeated keys refused by name."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Never, TypeVar

from bot.domain.errors import BadInput

T = TypeVar("T")

_DIGITS = 15  # before and behind the point
_TOO_LARGE = Decimal(10) ** _DIGITS
_HALF = re.compile(r"[\ud800-\udfff]")  # of a character
_UNREASONABLE = "里面有不合理的数，或嵌套太深"


class BadData(BadInput):
    """A pack, a programme or a facts file cannot be read; the sentence names file and place."""

    code = "bad_data"

    def __init__(self, file: str, place: str, problem: str) -> None:
        super().__init__("：".join(part for part in (file, place, problem) if part))
        self.file, self.place, self.problem = file, place, problem


def parse_toml(text: str, file: str) -> dict[str, Any]:
    try:
        return _plain(tomllib.loads(text, parse_float=_exact), file)
    except tomllib.TOMLDecodeError as error:
        raise BadData(file, *_toml_problem(text, str(error))) from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise BadData(file, "", _UNREASONABLE) from error


def parse_json(text: str, file: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for key, value in pairs:
            if key in table:
                raise BadData(file, key, "同一个键写了两次，请只留一个")
            table[key] = value
        return table

    def no_constant(name: str) -> Never:
        raise BadData(file, name, "不是数")

    try:
        found = json.loads(
            text, parse_float=_exact, object_pairs_hook=once, parse_constant=no_constant
        )
    except json.JSONDecodeError as error:
        place = f"第 {error.lineno} 行第 {error.colno} 列"
        raise BadData(file, place, "不是正确的 JSON 格式") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise BadData(file, "", _UNREASONABLE) from error
    if not isinstance(found, dict):
        raise BadData(file, "", "最外层应当是一个对象 {…}")
    return _plain(found, file)


def _plain(table: dict[str, Any], file: str) -> dict[str, Any]:
    """The table, if everything in it has a canonical form: no time of day, no half character."""
    left: list[tuple[str, Any]] = [("", table)]
    while left:
        place, value = left.pop()
        if isinstance(value, dict):
            left += [(f"{place}.{key}".lstrip("."), item) for key, item in value.items()]
            left += [(place, key) for key in value]
        elif isinstance(value, list):
            left += [(place, item) for item in value]
        elif isinstance(value, (datetime, time)):
            raise BadData(file, place, "只能写日期，例如 2026-03-01，不能写时刻")
        elif isinstance(value, str) and _HALF.search(value):
            raise BadData(file, place.encode(errors="replace").decode(), "有不完整的字符")
    return table


def _exact(text: str) -> Decimal:
    """A decimal whose digits can all be written down; 1e999999999 would fill the memory."""
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or not -_DIGITS <= exponent <= _DIGITS:
        raise ValueError(text)
    return number


def _toml_problem(text: str, message: str) -> tuple[str, str]:
    rows = text.splitlines() or [""]
    at = re.search(r"line (\d+), column (\d+)", message)
    row = int(at[1]) if at else len(rows)
    line = rows[row - 1] if row <= len(rows) else ""
    place = f"第 {row} 行第 {at[2]} 列" if at else f"第 {row} 行"
    if "overwrite" in message or "declare" in message or "uplicate" in message:
        key = line.split("=", maxsplit=1)[0].strip(" []{}")
        return f"{place}（{key}）", "同一个键写了两次，请只留一个"
    return place, f"TOML 写法有误：{line.strip()[:60]}"


class Table:
    """One table being read: each key is taken once, with its type; `done` refuses the rest."""

    def __init__(self, values: object, file: str, place: str = "") -> None:
        self.file, self.place = file, place
        if not isinstance(values, dict):
            self.fail("应当是一个表")
        self._left: dict[str, Any] = dict(values)

    def fail(self, problem: str, key: str = "") -> Never:
        raise BadData(self.file, self._at(key), problem)

    def _at(self, key: str) -> str:
        return ".".join(part for part in (self.place, key) if part)

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def raw(self, key: str) -> Any:
        if key not in self._left:
            self.fail("缺少这一项", key)
        return self._left.pop(key)

    def text(self, key: str, default: str | None = None) -> str:
        if key not in self._left and default is not None:
            return default
        value = self.raw(key)
        if not isinstance(value, str) or not value.strip():
            self.fail("应当是一段文字", key)
        return str(value)

    def maybe_text(self, key: str) -> str | None:
        return self.text(key) if key in self._left else None

    def number(self, key: str) -> Decimal:
        value = self.raw(key)
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            self.fail("应当是一个数", key)
        number = Decimal(value)
        if not number.is_finite() or abs(number) >= _TOO_LARGE:
            self.fail("这个数不合理", key)
        return number

    def maybe_number(self, key: str) -> Decimal | None:
        return self.number(key) if key in self._left else None

    def integer(self, key: str, default: int | None = None) -> int:
        if key not in self._left and default is not None:
            return default
        value = self.raw(key)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail("应当是一个整数", key)
        return int(value)

    def maybe_integer(self, key: str) -> int | None:
        return self.integer(key) if key in self._left else None

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._left.pop(key, default)
        if not isinstance(value, bool):
            self.fail("应当是 true 或 false", key)
        return bool(value)

    def day(self, key: str) -> date:
        value = self.raw(key)
        if isinstance(value, str):
            value = _day(value)
        if not isinstance(value, date) or isinstance(value, datetime):
            self.fail("应当是一个日期，例如 2026-03-01", key)
        return value

    def maybe_day(self, key: str) -> date | None:
        return self.day(key) if key in self._left else None

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            self.fail('应当是若干段文字 ["…", "…"]', key)
        if len(set(value)) != len(value):
            self.fail("有重复的值", key)
        return tuple(value)

    def one_of(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            self.fail(f"“{value}”不在可用的值里：{'、'.join(allowed)}", key)
        return value

    def table(self, key: str) -> "Table":
        return Table(self.raw(key), self.file, self._at(key))

    def maybe_table(self, key: str) -> "Table | None":
        return self.table(key) if key in self._left else None

    def tables(self, key: str) -> Iterator["Table"]:
        """The tables of an array, each placed by its id or its number."""
        rows = self._left.pop(key, [])
        if not isinstance(rows, list):
            self.fail("应当是一组表", key)
        place = self._at(key)
        for number, row in enumerate(rows, start=1):
            name = row.get("id", row.get("name")) if isinstance(row, dict) else None
            mark = name if isinstance(name, str) else f"第 {number} 个"
            yield Table(row, self.file, f"{place}[{mark}]")

    def each(self, key: str, read: Callable[["Table"], T]) -> tuple[T, ...]:
        found = []
        for row in self.tables(key):
            found.append(read(row))
            row.done()
        return tuple(found)

    def numbers(self, key: str) -> tuple[Decimal, ...]:
        value = self.raw(key)
        if not isinstance(value, list):
            self.fail("应当是若干个数 [ … ]", key)
        row = Table({f"第 {n} 个": v for n, v in enumerate(value, 1)}, self.file, self._at(key))
        return tuple(row.number(name) for name in row.keys())  # noqa: SIM118 (a Table is no dict)

    def is_read(self) -> bool:
        return not self._left

    def keys(self) -> list[str]:
        return list(self._left)

    def holds_table(self, key: str) -> bool:
        return isinstance(self._left.get(key), dict)

    def items(self) -> list[tuple[str, Any]]:
        """Everything that is left, taken."""
        left, self._left = list(self._left.items()), {}
        return left

    def done(self) -> None:
        if self._left:
            self.fail("没有这个键，请检查拼写", min(self._left))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        return None
