"""What is known of an invented enterprise, in the shape of the fact table's columns.

Its quality decides how the records look, so that all grades occur. Ten records for each under the
public scheme; every member in Shanxi has the experts' marks, every eighth enterprise its accounts.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from random import Random

import orjson

from bot.services.demo_names import SHANXI, Invented

EVERY_EIGHTH = 8
RECENT = 120  # days: nothing is younger than the day on which it was looked up
COLUMNS = (
    "id", "enterprise_id", "key", "fact", "kind", "value", "standing", "on", "repaired_on",
    "ended_on", "source", "evidence", "detail", "since_version", "recorded_at",
)  # fmt: skip
Line = tuple[object, ...]  # the columns from key to detail

_POSITIVE = (
    "certificates", "passed_inspections", "a_level_taxpayer", "government_awards",
    "research_subsidy", "policy_subsidy", "high_tech", "contract_keeping", "tech_sme",
    "customs_advanced", "gazelle", "interest_subsidy",
)  # fmt: skip
_LOOKED_FOR = ("judgment_debtor", "business_abnormal", "dishonest_judgment_debtor")
_DIMENSIONS = (
    "finance", "tax", "financing", "operations", "suppliers", "customer_complaints", "consumers",
    "employees", "executives", "community", "media",
)  # fmt: skip
_MARKS = (
    "capital_structure", "management_rules", "staff_quality", "industry_position",
    "product_potential", "innovation", "development_plan", "product_structure",
    "product_quality", "product_reputation", "supply_quality", "after_sales",
)  # fmt: skip
_CHOICES = {
    "filed_information": ("全部属实", "有差错，已更正"),
    "leader_credit": ("良好", "曾有不良，已结清"),
    "premises": ("自有", "租期三年以上", "租期不满三年"),
    "loan_repayment": ("按期偿还", "没有贷款", "曾有逾期，已结清"),
    "wages": ("按时足额", "曾有拖欠，已补发"),
    "social_insurance": ("全员签合同并参保", "大部分签合同并参保", "小部分签合同并参保"),
    "tax_grade": ("A", "B", "M", "C"),
    "environment": ("达标，没有处罚", "曾受处罚，已整改"),
    "disputes": ("没有纠纷，或全部执行", "正在执行"),
    "industry_policy": ("鼓励类", "允许类"),
    "violations_checked": ("已查，查到的都已列出",),
    "complaints_checked": ("已查，查到的都已列出",),
}
_EXPERTS = ("专家甲", "专家乙", "专家丙")
_LICENCES, _COURTS, _TAXES = "国家企业信用信息公示系统", "人民法院公告", "税务机关"
_SOURCES = dict.fromkeys((*_DIMENSIONS, *_MARKS), "专家评分") | {
    "registration_status": _LICENCES, "founded_on": _LICENCES, "business_licence": _LICENCES,
    "business_abnormal": _LICENCES, "paid_in_capital": _LICENCES, "industry": _LICENCES,
    "judgment_debtor": _COURTS, "dishonest_judgment_debtor": _COURTS, "lost_lawsuits": _COURTS,
    "disputes": _COURTS, "taxpayer": _TAXES, "a_level_taxpayer": _TAXES, "tax_grade": _TAXES,
    "penalties": "信用中国", "public_credit_score": "信用中国", "overdue_loan": "企业信用报告",
    "loan_repayment": "企业信用报告", "statements": "企业财务报表",
}  # fmt: skip
_ELSEWHERE = "企业提供，协会核对"


def lines(one: Invented, *, today: date) -> Iterator[Line]:
    """Every record, in an order that never changes."""
    yield from _public(one, today)
    if one.association == SHANXI:
        for fact in _DIMENSIONS:
            yield from _marked(one, fact)
        if one.quality < 12:
            yield _record(one, "overdue_loan", on=_past(one.random, today, 700))
    if one.number % EVERY_EIGHTH == 0:
        yield from _rating(one, today)


def _public(one: Invented, today: date) -> Iterator[Line]:
    random, good = one.random, one.quality
    yield _line("registration_status", one.status)
    yield _line("founded_on", one.founded_on.isoformat())
    yield _line("taxpayer", _graded(one, ("一般纳税人，三年无欠税", "一般纳税人", "小规模纳税人")))
    yield _line("business_licence", "有效" if good > 20 else "行业不需要")
    yield _line("filings", "应备案的都已备案" if good > 35 else "有应备案而未备案的")
    wanted = max(0, (good - 64) // 9)
    for fact in sorted(random.sample(_POSITIVE, min(wanted, len(_POSITIVE)))):
        yield _record(one, fact, on=_past(random, today, 700))
    if good > 75:
        yield _line("specialised", "省级专精特新" if good > 88 else "创新型中小企业")
    for fact in _LOOKED_FOR:
        bad = random.random() < (60 - good) / 90
        on = _past(random, today, 900)
        yield _record(one, fact, on=on) if bad else _line(fact, "0")
    if random.random() < (85 - good) / 70:
        on = _past(random, today, 800)
        repaired = (
            min(on + timedelta(200), today - timedelta(RECENT - 5))
            if random.random() < 0.4
            else None
        )
        kind = "重大" if good < 15 else "一般"
        yield _record(one, "penalties", on=on, kind=kind, repaired=repaired)
    if random.random() < (70 - good) / 70:
        yield _record(one, "lost_lawsuits", on=_past(random, today, 500))


def _rating(one: Invented, today: date) -> Iterator[Line]:
    random = one.random
    for fact, values in _CHOICES.items():
        yield _line(fact, _graded(one, values))
    yield _line("paid_in_capital", str(one.assets_fen // 100 // 3))
    yield _line("public_credit_score", str(770 + one.quality))
    yield _line("industry", one.industry)
    for fact in ("honours", "qualifications", "patents", "public_welfare"):
        for n in range(one.quality // 30):
            yield _record(one, fact, on=_past(random, today, 700), n=n)
    for fact in _MARKS:
        yield from _marked(one, fact)
    for year in (today.year - 3, today.year - 2, today.year - 1):
        yield _statement(one, year, years_ago=today.year - 1 - year)


def _statement(one: Invented, year: int, *, years_ago: int) -> Line:
    """A sheet whose sums agree and whose ratios follow the quality."""
    good = one.quality
    growth = 100 - years_ago * (2 + good // 8)
    revenue = one.revenue_fen // 100 * growth // 100
    assets = one.assets_fen // 100 * growth // 100
    debts = assets * (80 - good // 2) // 100
    profit = revenue * (good - 18) // 600
    current, owed_soon = assets * 55 // 100, debts * 70 // 100
    items = {
        "资产总额": assets, "流动资产": current, "存货": current * 25 // 100,
        "应收账款": current * 30 // 100, "不良资产": assets * (100 - good) // 4000,
        "负债总额": debts, "流动负债": owed_soon, "长期负债": debts - owed_soon,
        "所有者权益": assets - debts, "主营业务收入": revenue,
        "主营业务成本": revenue * (88 - good // 5) // 100, "主营业务税金及附加": revenue // 200,
        "营业费用": revenue * 3 // 100, "管理费用": revenue * 5 // 100,
        "财务费用": debts * 3 // 100, "利息支出": debts * 3 // 100, "利润总额": profit,
        "净利润": profit * 75 // 100, "技术投入": revenue * (good // 20) // 100,
        "经营现金净流量": profit * (60 + good) // 100,
        "销售收到的现金": revenue * (70 + good // 3) // 100,
    }  # fmt: skip
    detail = {"year": year, "items": {name: str(amount) for name, amount in items.items()}}
    return _line("statements", "", key=f"statements.{year}", detail=detail)


def _marked(one: Invented, fact: str) -> Iterator[Line]:
    """Two experts, each 0 to 5."""
    for n in range(2):
        mark = min(5, max(0, (one.quality + one.random.randrange(5, 40)) // 20))
        detail = {"by": _EXPERTS[n], "reason": "现场核对材料后评定"}
        yield _line(fact, str(mark), key=f"{fact}.{n + 1}", detail=detail)


def _graded(one: Invented, best_first: tuple[str, ...]) -> str:
    place = (110 - one.quality + one.random.randrange(-15, 15)) * len(best_first) // 130
    return best_first[min(len(best_first) - 1, max(0, place))]


def _record(
    one: Invented,
    fact: str,
    *,
    on: date,
    kind: str = "",
    repaired: date | None = None,
    n: int = 0,
) -> Line:
    on = max(on, one.founded_on)
    return _line(fact, "1", key=f"{fact}.{n + 1}", kind=kind, on=on, repaired=repaired)


def _line(  # noqa: PLR0913  # the columns that differ
    fact: str,
    value: str,
    *,
    key: str = "",
    kind: str = "",
    on: date | None = None,
    repaired: date | None = None,
    detail: Mapping[str, object] | None = None,
) -> Line:
    source = _SOURCES.get(fact, _ELSEWHERE)
    more = None if detail is None else orjson.dumps(detail).decode()
    return (
        key or fact,
        fact,
        kind,
        value,
        "verified",
        on,
        repaired,
        None,
        source,
        "演示数据",
        more,
    )


def _past(random: Random, today: date, days: int) -> date:
    return today - timedelta(random.randrange(RECENT, days))
