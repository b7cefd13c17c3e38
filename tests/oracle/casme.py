"""`casme-public-credit`, written from schemes.md §1 and document 001 (base, limits, ladder)."""

from datetime import date
from fractions import Fraction

from tests.oracle.facts import Known, Opinion, Told, steps

OPEN = ("存续", "在业", "开业", "在营")  # schemes.md §1; 在营 by X12
SERIOUS = (  # the other 16 lists of table A.1: -300 each while listed
    "serious_offender_registration",
    "major_tax_case",
    "securities_offender",
    "work_safety_blacklist",
    "environment_blacklist",
    "food_drug_offender",
    "foreign_cooperation_offender",
    "fake_reputation_blacklist",
    "quality_offender",
    "fake_charity",
    "statistics_offender",
    "overloading_offender",
    "farm_supplies_offender",
    "finance_offender",
    "customs_offender",
    "esignature_offender",
)
RED = {
    "a_level_taxpayer": 15,
    "customs_advanced": 12,
    "inspection_aa": 8,
    "transport_integrity_model": 10,
}
SUBSIDIES = ("interest_subsidy", "research_subsidy", "policy_subsidy")
HONOURS = {
    "high_tech": 10,
    "contract_keeping": 8,
    "tech_giant": 6,
    "tech_sme": 4,
    "gazelle": 6,
    "unicorn": 10,
    "maker_space": 4,
    "incubator": 4,
    "export_quality_model": 6,
}
BASIC = ("taxpayer", "founded_on")
QUALIFICATION = (
    "business_licence",
    "special_permits",
    "grade_of_qualification",
    "certificates",
    "filings",
    "passed_inspections",
)
JUDICIAL = ("judgment_debtor", "dishonest_judgment_debtor")
OTHER = ("penalties", "coercion", "tax_evasion", "lost_lawsuits", "abnormal_shareholders")


def opinion(told: Told, as_of: date) -> Opinion:
    known = Known(told, as_of)
    if known.answer("registration_status") not in OPEN:
        return Opinion(scored=False)  # X12: no score, not a low score
    mine = Opinion()
    _kept(mine, known)
    _boost(mine, known)
    _bad(mine, known)
    mine.total = _total(mine)
    mine.level = mine.level_by_points = ladder(mine.total)
    mine.grade = None if known.own else mine.level
    return mine


def ladder(total: Fraction) -> str:
    """001 §6.2; the unrounded number decides (X13)."""
    for least, level in ((830, "AAA"), (810, "AA"), (800, "A"), (790, "B")):
        if total >= least:
            return level
    return "C"


def _kept(mine: Opinion, known: Known) -> None:
    """守信信息."""
    kinds = {"小规模纳税人": 3, "一般纳税人": 6, "一般纳税人，三年无欠税": 10}
    mine.item("taxpayer", known.choice("taxpayer", **kinds))
    age = known.years("founded_on")
    mine.item("founded_on", steps(age, (1, 3), (3, 6), (5, 10), (10, 15), (20, 20)))
    licence = {"有效": 6, "行业不需要": 6, "应有而没有": 0}
    mine.item("business_licence", known.choice("business_licence", **licence))
    mine.item("special_permits", known.each("special_permits", 2, 8))
    classes = {"最高等级": 12, "第二等级": 8, "第三等级": 4, "没有资质等级": 0}
    mine.item("grade_of_qualification", known.best("grade_of_qualification", **classes))
    mine.item("certificates", known.each("certificates", 2, 8))
    filings = {"应备案的都已备案": 6, "有应备案而未备案的": 0}
    mine.item("filings", known.choice("filings", **filings))
    mine.item("passed_inspections", known.each("passed_inspections", 2, 10, window=2))


def _boost(mine: Opinion, known: Known) -> None:
    """增信信息."""
    for fact, points in (RED | HONOURS).items():
        mine.item(fact, known.once(fact, points))
    mine.item("government_awards", known.each("government_awards", 5, 10, window=3))
    for fact in SUBSIDIES:
        mine.item(fact, known.once(fact, 5, window=3))
    tiers = {"创新型中小企业": 3, "省级专精特新": 6, "国家级小巨人": 10, "没有认定": 0}
    mine.item("specialised", known.best("specialised", **tiers))


def _bad(mine: Opinion, known: Known) -> None:
    """失信信息."""
    mine.item("judgment_debtor", known.each("judgment_debtor", -15, -60))
    mine.item("dishonest_judgment_debtor", known.once("dishonest_judgment_debtor", -300))
    mine.item("business_abnormal", known.once("business_abnormal", -60))
    for fact in SERIOUS:
        mine.item(fact, known.once(fact, -300))
    light = known.count("penalties", 3, "一般")
    heavy = known.count("penalties", 3, "重大")
    if light is None or heavy is None:
        mine.item("penalties", None)
    else:
        mine.item("penalties", Fraction(max(-90, -8 * light - 30 * heavy)))
    mine.item("coercion", known.each("coercion", -10, -30, window=3))
    mine.item("tax_evasion", known.each("tax_evasion", -60, -120, window=5))
    mine.item("lost_lawsuits", known.each("lost_lawsuits", -3, -15, window=2))
    mine.item("abnormal_shareholders", known.each("abnormal_shareholders", -10, -20))


def _total(mine: Opinion) -> Fraction:
    """X11: 800 + min(200, plus) - min(300, minus), inside 500 to 1000."""

    def group(name: str, total: Fraction, held: Fraction) -> Fraction:
        mine.groups[name] = (held, total)
        return held

    def most(name: str, total: Fraction, limit: int | None = None) -> Fraction:
        return group(name, total, total if limit is None else min(total, Fraction(limit)))

    basic = most("basic", mine.sum_of(BASIC))
    kept = most("kept", basic + most("qualification", mine.sum_of(QUALIFICATION)), 80)
    boost = most("red_list", mine.sum_of(RED), 45)
    boost += most("award", mine.sum_of(["government_awards"]), 10)
    boost += most("subsidy", mine.sum_of(SUBSIDIES), 15)
    boost += most("honour", mine.sum_of([*HONOURS, "specialised"]), 50)
    plus = most("plus", kept + most("boost", boost, 120), 200)
    minus = most("judicial", mine.sum_of(JUDICIAL))
    minus += most("blacklist", mine.sum_of(["business_abnormal", *SERIOUS]))
    minus += most("other", mine.sum_of(OTHER))
    held = group("minus", minus, max(minus, Fraction(-300)))
    return min(Fraction(1000), max(Fraction(500), 800 + plus + held))
