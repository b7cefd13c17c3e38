"""A member roster as the associations keep it: one enterprise a row, checked column by column."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TypeVar

from bot.domain import credit_codes, industries, phones
from bot.domain.bindings import Role
from bot.domain.enterprises import STATUSES, Details, read_name
from bot.domain.errors import BadInput
from bot.domain.memberships import LEVELS

T = TypeVar("T")

LONGEST_CELL = 300
_DAY = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))(?: 00:00(?::00)?)?"
)
NEEDED = ("统一社会信用代码", "企业名称", "会员级别", "会员起始日", "会员截止日")
OPTIONAL = (
    "联系人", "手机号", "法定代表人", "法定代表人手机号", "行业", "成立日期", "登记状态", "住所",
)  # fmt: skip
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "信用代码": "统一社会信用代码",
        "社会信用代码": "统一社会信用代码",
        "名称": "企业名称",
        "单位名称": "企业名称",
        "级别": "会员级别",
        "会员等级": "会员级别",
        "入会日期": "会员起始日",
        "起始日": "会员起始日",
        "到期日": "会员截止日",
        "截止日": "会员截止日",
        "联系人姓名": "联系人",
        "联系电话": "手机号",
        "手机": "手机号",
        "联系人手机号": "手机号",
        "法人": "法定代表人",
        "法定代表人手机": "法定代表人手机号",
        "所属行业": "行业",
        "地址": "住所",
    }
)


class BadRoster(BadInput):
    """The file cannot be taken; each problem names row and column."""

    code = "bad_roster"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Contact:
    role: Role
    person: str
    phone: str


@dataclass(frozen=True, slots=True)
class Member:
    """One row that is right."""

    row: int
    credit_code: str
    name: str
    level: str
    since: date
    until: date
    contacts: tuple[Contact, ...]
    details: Details


class Reader:
    """Reads rows under one heading; `problems` grows by a sentence for each cell that is wrong."""

    def __init__(self, heading: Sequence[str], *, most_problems: int) -> None:
        names = [_plain(cell).removesuffix("（必填）").removesuffix("*") for cell in heading]
        self.columns = [ALIASES.get(name, name) for name in names]
        self.problems: list[str] = []
        self.most_problems = most_problems
        self._seen: dict[str, int] = {}
        missing = [name for name in NEEDED if name not in self.columns]
        twice = {name for name in self.columns if name and self.columns.count(name) > 1}
        if missing or twice:
            raise BadRoster(
                [f"第 1 行缺少“{name}”这一列。" for name in missing]
                + [f"第 1 行的“{name}”出现了两次，请只留一列。" for name in sorted(twice)]
            )

    @property
    def names_contacts(self) -> bool:
        """Whether the file speaks of contacts at all: an empty cell says that there is none, a
        column that is not there says nothing."""
        return not {"手机号", "法定代表人手机号"}.isdisjoint(self.columns)

    def read(self, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Member]:
        """The rows that are right; empty ones do not count."""
        for number, cells in rows:
            if len(self.problems) >= self.most_problems:
                return
            row = dict(zip(self.columns, cells, strict=False))
            if any(row.values()) and (member := self._member(number, row)) is not None:
                yield member

    def _member(self, number: int, row: Mapping[str, str]) -> Member | None:
        before = len(self.problems)
        cell = _Cells(number, row, self.problems)
        code = cell.get("统一社会信用代码", _code)
        name = cell.get("企业名称", read_name)
        level = cell.get("会员级别", _level)
        since, until = cell.get("会员起始日", _day), cell.get("会员截止日", _day)
        if since and until and until < since:
            cell.wrong("会员截止日", "早于会员起始日，请核对。")
        details = Details(
            legal_representative=cell.get("法定代表人", _words) or "",
            status=cell.get("登记状态", _status) or "",
            founded_on=cell.get("成立日期", _day),
            industry=cell.get("行业", _industry) or "",
            address=cell.get("住所", _words) or "",
        )
        contacts = _contacts(cell, details.legal_representative)
        if code and code in self._seen:
            cell.wrong("统一社会信用代码", f"与第 {self._seen[code]} 行相同，请只留一行。")
        if len(self.problems) > before or not (code and name and level and since and until):
            return None
        self._seen[code] = number
        return Member(number, code, name, level, since, until, contacts, details)


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one row, and where their problems go."""

    number: int
    row: Mapping[str, str]
    problems: list[str]

    def get(self, column: str, read: Callable[[str], T]) -> T | None:
        """What a cell means; None for an empty one, and for a wrong one, which is then told."""
        text = self.row.get(column, "").strip()
        if not text:
            if column in NEEDED:
                self.wrong(column, "没有填写。")
            return None
        try:
            return read(text)
        except BadInput as refusal:
            self.wrong(column, str(refusal))
            return None

    def wrong(self, column: str, why: str) -> None:
        self.problems.append(f"第 {self.number} 行“{column}”：{why}")


def _contacts(cell: _Cells, legal_representative: str) -> tuple[Contact, ...]:
    """The people to whom a phone is given; one number that stands twice is the legal one's."""
    person, phone = cell.get("联系人", _words) or "", cell.get("手机号", _phone)
    legal = cell.get("法定代表人手机号", _phone)
    found = [Contact(Role.LEGAL, legal_representative, legal)] if legal else []
    if phone and phone != legal:
        role = Role.LEGAL if person and person == legal_representative else Role.AGENT
        found.append(Contact(role, person, phone))
    return tuple(found)


def _code(text: str) -> str:
    return text if credit_codes.stands(text) else credit_codes.read(text).code


def _level(text: str) -> str:
    if text not in LEVELS:
        raise BadInput(f"应为{'、'.join(LEVELS)}之一，现在是“{text[:20]}”。")
    return text


def _day(text: str) -> date:
    found = _DAY.fullmatch(text)
    if found:
        year, month, day, two, last = found.groups()
        try:
            return date(int(year), int(month or two), int(day or last))
        except ValueError:
            pass
    raise BadInput(f"“{text[:20]}”不是日期，请写成 2026-03-01 的样子。")


def _phone(text: str) -> str:
    number = phones.read(text)
    if number is None:
        raise BadInput("应为 11 位手机号，请核对。")
    return number


def _status(text: str) -> str:
    if text not in STATUSES:
        raise BadInput(f"应为{'、'.join(STATUSES)}之一。")
    return text


def _industry(text: str) -> str:
    code = industries.read(text)
    if code is None:
        raise BadInput("不是国民经济行业分类的代码或名称，例如 C13 或 农副食品加工业。")
    return code


def _words(text: str) -> str:
    words = _plain(text)
    if len(words) > LONGEST_CELL or not words.isprintable():
        raise BadInput("太长，或者有不能显示的字符，请修改。")
    return words


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()
