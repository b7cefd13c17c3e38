"""Documents of a case: their states, how old each may be, and what is found on looking at one."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from bot.domain.dates import in_words, years_before
from bot.domain.errors import BadInput
from bot.domain.files import WARNINGS, Warned
from bot.domain.licences import Licence, Term

_FILE = Path(__file__).with_name("case_papers.toml")
MAKERS = ("B", "C", "D")
"""Sections of GB/T 4754 that produce: 采矿业, 制造业, 电力热力燃气及水."""
MAKER = "生产性企业"


class PaperState(StrEnum):
    """Of one document of the list; a single file of it is never missing."""

    MISSING = "missing"
    UPLOADED = "uploaded"
    ACCEPTED = "accepted"
    RETURNED = "returned"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS: Mapping[PaperState, str] = MappingProxyType(
    {
        PaperState.MISSING: "未上传",
        PaperState.UPLOADED: "已上传",
        PaperState.ACCEPTED: "已通过",
        PaperState.RETURNED: "需补正",
    }
)


class Asks(StrEnum):
    """Which date a document is judged by."""

    YEAR = "year"
    ISSUED = "issued"
    UNTIL = "until"


@dataclass(frozen=True, slots=True)
class PaperRule:
    """What kind of file it is, and how old it may be."""

    kind: str = "other"
    asks: Asks | None = None
    years: int = 0
    months: int = 0
    at_least: int = 1

    def years_taken(self, today: date) -> tuple[int, ...]:
        """The years that the document may be about, the last one first."""
        if self.asks is not Asks.YEAR:
            return ()
        return tuple(today.year - back for back in range(1, self.years + 1))

    def short(self, dates: Iterable[date | None], today: date) -> str:
        """Which years are still asked for beside those that are there; "" when they are enough."""
        taken = self.years_taken(today)
        there = {dated.year for dated in dates if dated} & set(taken)
        if not there or len(there) >= self.at_least:
            return ""
        left = "、".join(f"{year} 年度" for year in taken if year not in there)
        return (
            f"至少要 {self.at_least} 个年度的，请再上传 {left}中的一份。"
            "几个年度在同一个文件里的，选另一个年度再传一次。"
        )

    def fault(self, dated: date | None, today: date) -> str:
        """Why a document of this date is not taken today; "" when it is."""
        if self.asks is Asks.YEAR:
            return self._wrong_year(dated, today)
        if self.asks is Asks.ISSUED:
            return self._too_old(dated, today)
        if self.asks is Asks.UNTIL and dated is not None and dated < today:
            return f"有效期到{in_words(dated)}，已经过期，请上传有效的证件。"
        return ""

    def _wrong_year(self, dated: date | None, today: date) -> str:
        if dated is None:
            return "请选择材料所属的年度。"
        taken = self.years_taken(today)
        if dated.year in taken:
            return ""
        said = "、".join(f"{year} 年度" for year in taken)
        return f"这是 {dated.year} 年度的，请上传{said}的。"

    def _too_old(self, dated: date | None, today: date) -> str:
        if dated is None:
            return "请填写开具日期。"
        if dated > today:
            return "开具日期还没有到，请核对。"
        if dated < _months_before(today, self.months):
            return f"{in_words(dated)}开具，已超过 {self.months} 个月，请重新开具。"
        return ""


def _months_before(day: date, months: int) -> date:
    """Some months earlier; a day that month lacks becomes the first of the next one."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        return date(year, month + 2, 1)


def _read(text: str) -> Mapping[str, PaperRule]:
    found = {}
    for name, given in tomllib.loads(text).items():
        asks = Asks(given["asks"]) if "asks" in given else None
        numbers = {key: given[key] for key in ("years", "months", "at_least") if key in given}
        found[name] = PaperRule(given["kind"], asks, **numbers)
    return MappingProxyType(found)


RULES: Mapping[str, PaperRule] = _read(_FILE.read_text(encoding="utf-8"))


def rule_of(material: str) -> PaperRule:
    return RULES.get(material, PaperRule())


def read_date(rule: PaperRule, text: str, today: date) -> date | None:
    """The date that was given with a document, checked at once; the last day stands for a year."""
    given = text.strip()
    dated = None
    if given and rule.asks is not None:
        try:
            whole_year = rule.asks is Asks.YEAR
            dated = date(int(given), 12, 31) if whole_year else date.fromisoformat(given)
        except ValueError:
            raise BadInput("日期不对，请按 2026-03-02 这样填写。", field="dated") from None
        if dated < years_before(today, 50):
            raise BadInput("日期太早，请核对。", field="dated")
    if fault := rule.fault(dated, today):
        raise BadInput(fault, field="dated")
    return dated


class Finding(StrEnum):
    """What somebody should know while the document still lies before them."""

    BLURRED = "blurred"
    SMALL = "small"
    NO_SEAL = "no_seal"
    SEAL_UNSEEN = "seal_unseen"
    DUPLICATE = "duplicate"
    ELSEWHERE = "elsewhere"
    UNCHANGED = "unchanged"
    USED_BEFORE = "used_before"
    NOT_READ = "not_read"
    NO_LICENCE = "no_licence"
    OTHER_CODE = "other_code"
    OTHER_NAME = "other_name"
    EXPIRED = "expired"
    MATCHES = "matches"


FINDINGS: Mapping[Finding, str] = MappingProxyType(
    {
        Finding.BLURRED: WARNINGS[Warned.BLURRED],
        Finding.SMALL: WARNINGS[Warned.SMALL],
        Finding.NO_SEAL: "没有看到红色公章。请盖章后重新拍照，把公章拍全、拍清楚。",
        Finding.SEAL_UNSEEN: WARNINGS[Warned.SEAL_UNSEEN],
        Finding.DUPLICATE: WARNINGS[Warned.DUPLICATE],
        Finding.ELSEWHERE: "同一个文件已经用在另一项材料里，请确认没有选错。",
        Finding.UNCHANGED: "这和退回的是同一个文件，没有改动。请按退回的原因改好，再上传新的。",
        Finding.USED_BEFORE: "这个文件在别的申报里交过。没有变化的可以用，有变化的请换新的。",
        Finding.NOT_READ: "这次没有自动核对企业名称和代码，由工作人员核对。",
        Finding.NO_LICENCE: "没有认出营业执照，请确认没有选错；拍清楚四个角再试。",
        Finding.OTHER_CODE: "执照上的统一社会信用代码与本企业不一致，请确认没有选错。",
        Finding.OTHER_NAME: "执照上的企业名称与本企业不一致，请确认没有选错。",
        Finding.EXPIRED: "执照上的营业期限已过，已经换照的请用新执照。",
        Finding.MATCHES: "名称和统一社会信用代码与本企业一致。",
    }
)
GOOD = frozenset({Finding.MATCHES})
UNCHECKED = frozenset({Finding.SEAL_UNSEEN, Finding.NOT_READ})
"""What no machine could tell: nothing is wrong, and a person looks at it."""
HINTS = GOOD | UNCHECKED | {Finding.USED_BEFORE}
"""Good to know; everything else asks for another look."""


def compared(licence: Licence, *, name: str, credit_code: str) -> tuple[Finding, ...]:
    """What the words on a licence say beside what is known, or that they were not all readable."""
    found = []
    if licence.code and licence.code != credit_code:
        found.append(Finding.OTHER_CODE)
    if licence.name and licence.name != name:
        found.append(Finding.OTHER_NAME)
    if licence.status is Term.OVER:
        found.append(Finding.EXPIRED)
    if not found:
        found.append(Finding.MATCHES if licence.code and licence.name else Finding.NOT_READ)
    return tuple(found)


def state_of(files: tuple[PaperState, ...], *, asked: bool) -> PaperState:
    """How a document stands, by its living files; `asked`: it was sent back and has to be new."""
    if PaperState.RETURNED in files or (asked and PaperState.UPLOADED not in files):
        return PaperState.RETURNED
    if not files:
        return PaperState.MISSING
    return PaperState.UPLOADED if PaperState.UPLOADED in files else PaperState.ACCEPTED
