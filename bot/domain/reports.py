"""The credit evaluation report: the six parts that 002 §7 asks for, as data."""

from dataclasses import dataclass
from datetime import date

from bot.domain.charts import Part, Point

CONTENTS = (
    "基本条件",
    "经营管理能力",
    "财务状况",
    "社会责任",
    "发展潜力",
    "产品或服务",
)
"""Of the main part (002 §7.2.5)."""
ANNEXES = (
    "信用级别分类及释义",
    "近年度主要财务数据及财务指标",
    "企业获奖情况",
    "许可证情况",
    "获得认证情况",
    "产品综合评价情况",
    "产品质量与服务的违法、投诉情况",
    "其他资料",
)
"""002 §7.2.7."""
STATEMENT = (
    "本报告依据企业提供的材料、经核实的信息和公开信息，按照所列评价方案独立作出，内容公正、过程合规。",
    "评价人员与被评价企业没有影响公正的利害关系。",
    "报告有效期内，发布单位对被评价企业的信用状况进行跟踪评价；发生重大变化的，及时调整并公布结果。",
    "发布单位自愿接受主管部门和社会各界的监督。对报告内容有异议的，可以通过核验页面提出。",
    "本报告反映出具之日的信用状况，供使用者参考，不是对企业履约的担保，也不构成投资或者授信建议。",
)
"""Fairness, follow-up, supervision (002 §7.2.3); and what a report is not."""


@dataclass(frozen=True, slots=True)
class Table:
    """`numeric` columns stand right; the head is repeated on every page."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.head) for row in self.rows):
            raise ValueError(f"a row of “{self.caption}” has not as many cells as the head")


@dataclass(frozen=True, slots=True)
class Chapter:
    """Words, tables, and figures: bars for points, a line for a ratio over the years."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    bars: tuple[Part, ...] = ()
    trends: tuple[tuple[str, tuple[Point, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Cover, statement, overview, the six contents, conclusion, the eight annexes."""

    number: str
    secrecy: str
    """密级, as the association words it: 内部, 秘密 …"""
    title: str
    name: str
    credit_code: str
    scheme: str
    issuer: str
    issued_on: date
    valid_to: date
    verify_url: str
    level: str
    meaning: str
    score: str
    """With its range, as it is to be read: 842.5（500—1000）."""
    team: tuple[str, ...]
    overview: tuple[str, ...]
    aspects: tuple[Part, ...]
    chapters: tuple[Chapter, ...]
    conclusion: tuple[str, ...]
    annexes: tuple[Chapter, ...]
    trend: tuple[Point, ...] = ()
    """The score by day, when there are earlier ones."""
    statement: tuple[str, ...] = STATEMENT
    demonstration: bool = False

    def __post_init__(self) -> None:
        for wanted, given in ((CONTENTS, self.chapters), (ANNEXES, self.annexes)):
            if tuple(chapter.heading for chapter in given) != wanted:
                raise ValueError(f"a report has {', '.join(wanted)}, in this order (002 §7.2)")
