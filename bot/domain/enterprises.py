"""What an enterprise says of itself and its licence says of it, beside its code and name."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import date

from bot.domain.dates import in_words
from bot.domain.errors import BadInput
from bot.domain.industries import name_of
from bot.domain.sizes import Figures, Size, size_of

LONGEST_NAME = 200
FIRST_FOUNDED = date(1900, 1, 1)
# How the register calls the state of an enterprise.
STATUSES = ("存续", "在业", "开业", "停业", "清算", "吊销", "注销", "迁出")
_BRACKETS = str.maketrans("()[]【】〔〕", "（）（）（）（）")
_USUAL = re.compile(r"[\u4e00-\u9fff][\u4e00-\u9fff（）0-9]{1,100}")
_LETTER = re.compile(r"[\u3400-\u9fff\U00020000-\U0003134fA-Za-z]")


@dataclass(frozen=True, slots=True)
class Details:
    """One version of a registration; "" and None are not known."""

    legal_representative: str = ""
    status: str = ""
    founded_on: date | None = None
    industry: str = ""
    staff: int | None = None
    revenue_fen: int | None = None
    assets_fen: int | None = None
    figures_year: int | None = None
    address: str = ""

    @property
    def size(self) -> Size | None:
        return size_of(self.industry, Figures(self.staff, self.revenue_fen, self.assets_fen))

    def over(self, before: "Details") -> "Details":
        """What is known here, and from before what is not."""
        known = {name: value for name, value in self.values().items() if value not in ("", None)}
        return replace(before, **known)  # type: ignore[arg-type]

    def without(self, names: Collection[str]) -> "Details":
        """The same with these not known."""
        blank = Details().values()
        return replace(self, **{name: blank[name] for name in names})  # type: ignore[arg-type]

    def values(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def check_founded(day: date | None, *, today: date) -> None:
    """A day that has not come yet, or long before any enterprise of today, is a slip."""
    if day is not None and not FIRST_FOUNDED <= day <= today:
        raise BadInput("成立日期不对，请与营业执照核对。", field="founded_on")


def read_name(text: str) -> str:
    """One way to write a name: brackets full, no blanks between Chinese signs."""
    if _USUAL.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKC", text).translate(_BRACKETS).strip()
    name = re.sub(r"\s+", " ", plain)
    name = re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", name)
    if any(unicodedata.category(one) in {"Cc", "Cf", "Co", "Cs"} for one in name):
        raise BadInput("企业名称里有不能显示的字符，请重新填写。", field="name")
    if not 2 <= len(name) <= LONGEST_NAME or not _LETTER.search(name):
        raise BadInput("请填写营业执照上的企业全称。", field="name")
    return name


def shown(details: Details) -> dict[str, str]:
    """What of a registration people see, in words."""
    found = {
        "法定代表人": details.legal_representative,
        "登记状态": details.status,
        "成立日期": in_words(details.founded_on) if details.founded_on else "",
        "行业": name_of(details.industry),
        "从业人员": f"{details.staff} 人" if details.staff is not None else "",
        "营业收入": _money(details.revenue_fen),
        "资产总额": _money(details.assets_fen),
        "住所": details.address,
    }
    return {name: value for name, value in found.items() if value}


def wan(fen: int | None) -> str:
    """Money in 万元, as companies write it, without a trailing nothing; "" when not known."""
    if fen is None:
        return ""
    whole, rest = divmod(fen, 1_000_000)
    return f"{whole:,}" + (f".{rest:06d}".rstrip("0") if rest else "")


def _money(fen: int | None) -> str:
    return "" if fen is None else f"{wan(fen)} 万元"
