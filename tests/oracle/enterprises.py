"""Random enterprises at the edges of every rule, as facts files; knows the names of facts only.

Written against `random.Random`, so that Hypothesis can drive it draw by draw and shrink, or hand it
seeds and get thousands.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from tests.oracle import casme, rating, shanxi
from tests.oracle.dates import same_day
from tests.oracle.money import statements

Enterprise = tuple[dict[str, Any], date]
DAYS = (
    date(2024, 2, 28),
    date(2024, 2, 29),
    date(2024, 3, 1),
    date(2025, 2, 28),
    date(2025, 3, 1),
    date(2026, 3, 2),
    date(2026, 12, 31),
    date(2027, 1, 1),
    date(2028, 2, 29),
)
WINDOWS = (1, 2, 3, 5)
AGES = (0, 1, 2, 3, 4, 5, 9, 10, 11, 19, 20, 21, 40)
EXPERTS = ("甲", "乙", "丙", "丁", "戊")
ADVERSE = {
    *("judgment_debtor", "dishonest_judgment_debtor", "business_abnormal", *casme.SERIOUS),
    *casme.OTHER,
    *(fact for fact, _ in shanxi.VETOES.values()),
    *(row[0] for row in shanxi.CEILINGS.values()),
    *(row[2] for row in rating.FOUND.values()),
}
KINDS = {
    "penalties": ("一般", "重大"),
    "contract_breach": ("无正当理由", "有正当理由"),
    "wage_arrears": ("超过三个月", "三个月以内"),
    "malicious_infringement": ("恶性侵权", "发布虚假广告"),
    "safety_accident": ("重大，造成人员死亡", "重大，没有人员死亡", "造成人员死亡", "其他"),
    "violations": ("已整改", "未整改"),
    "product_complaints": ("已解决", "未解决"),
    "pollution": ("重大", "通报后限期内未达标", "其他"),
}
COUNTED = {
    "casme-public-credit": (
        *("special_permits", "certificates", "passed_inspections", "government_awards"),
        *("judgment_debtor", "dishonest_judgment_debtor", "business_abnormal"),
        *(*casme.SERIOUS, *casme.RED, *casme.SUBSIDIES, *casme.HONOURS, *casme.OTHER),
    ),
    "sme-credit-rating": (
        *("honours", "qualifications", "public_welfare", "patents"),
        *("violations", "product_complaints"),
    ),
    "shanxi-integrity": tuple(
        sorted(
            {fact for fact, _ in shanxi.VETOES.values()}
            | {row[0] for row in shanxi.CEILINGS.values()}
        )
    ),
}
WINDOWED = {
    *("passed_inspections", "government_awards", *casme.SUBSIDIES),
    *("penalties", "coercion", "tax_evasion", "lost_lawsuits"),
    *("public_welfare", "violations", "product_complaints"),
    *(row[0] for row in shanxi.CEILINGS.values() if row[2]),
}
MARKED = {
    "casme-public-credit": (),
    "sme-credit-rating": (*rating.MARKS.values(), "innovation", "product_reputation"),
    "shanxi-integrity": tuple(shanxi.DIMENSIONS),
}
CHOSEN: dict[str, dict[str, Sequence[str]]] = {  # the best answer first
    "casme-public-credit": {
        "taxpayer": ("一般纳税人，三年无欠税", "一般纳税人", "小规模纳税人"),
        "business_licence": ("有效", "行业不需要", "应有而没有"),
        "grade_of_qualification": ("最高等级", "第二等级", "第三等级", "没有资质等级"),
        "filings": ("应备案的都已备案", "有应备案而未备案的"),
        "specialised": ("国家级小巨人", "省级专精特新", "创新型中小企业", "没有认定"),
    },
    "sme-credit-rating": {
        **{fact: tuple(points) for fact, points in rating.CHOICES.values()},
        **{row[0]: (rating.LOOKED,) for row in rating.FOUND.values()},
    },
    "shanxi-integrity": {},
}
BASES = (  # the basis of the score, and what a record is when it does not say
    *(("verified", "verified"), ("verified", "trusted"), ("verified", "verified")),
    *(("self", "declared"), ("self", "verified"), ("verified", "trusted")),
    ("verified", "declared"),
)
STATUSES = (*casme.OPEN, "迁出", "停业", "清算", "吊销", "注销", "撤销")
MANY = ("grade_of_qualification", "specialised")
CAPITAL = ("0", "499999.99", "500000", "1999999.99", "2000000", "9999999.99", "10000000", "3e8")
SCORES = ("0", "789.99", "790", "799.99", "800", "809.99", "810", "829.99", "830", "1000")


class Maker:
    """Draws the records of one enterprise."""

    def __init__(self, rng: Random, scheme: str) -> None:
        self.rng, self.scheme = rng, scheme
        self.as_of = rng.choice(DAYS) if rng.random() < 0.7 else self._some_day()
        self.records: list[dict[str, Any]] = []
        self.values: dict[str, Any] = {}
        self.density = rng.choice((0.1, 0.6, 0.9, 1.0, 1.0, 1.0))  # how much is known
        self.luck = rng.choice((0.0, 0.5, 0.8, 0.9, 1.0))  # how often the best answer is given
        adverse = [fact for fact in COUNTED[scheme] if fact in ADVERSE]
        adverse = rng.choice((adverse, adverse[-5:]))  # the serious lists all lead to 500
        few = rng.choice((0, 0, 0, 1, 1, 2, 3, len(adverse)))
        self.bad = set(rng.sample(adverse, min(few, len(adverse))))  # what it has done wrong

    def _some_day(self) -> date:
        return date(2024, 1, 1) + timedelta(days=self.rng.randrange(1900))

    def near(self, years: Sequence[int]) -> date:
        """A day on the edge of a window, or one day beside it; or a leap day; never later."""
        rng, as_of = self.rng, self.as_of
        match rng.randrange(8):
            case 0:
                day = date(rng.choice((2016, 2020, 2024)), 2, 29)
            case 1:
                day = as_of - timedelta(days=rng.randrange(2500))
            case 2:
                day = as_of - timedelta(days=rng.randrange(3))
            case _:
                edge = same_day(as_of, -rng.choice(years))
                day = edge + timedelta(days=rng.choice((-1, 0, 0, 1)))
        return min(day, as_of)

    def says(self, chance: float) -> bool:
        return self.rng.random() < chance

    def add(self, fact: str, **said: Any) -> dict[str, Any]:
        record = {"id": f"r{len(self.records)}", "fact": fact, **said}
        if self.says(0.3):
            record["standing"] = self.rng.choice(("declared", "verified", "trusted"))
        self.records.append(record)
        return record

    def ended(self, record: dict[str, Any], chance: float) -> None:
        """Now and then the record is over: today, yesterday, tomorrow or long ago."""
        first = record.get("date", date.min)
        if self.says(chance):
            day = self.as_of + timedelta(days=self.rng.choice((-400, -1, 0, 1, 200)))
            record["ended_on"] = max(day, first)
        if record["fact"] in ADVERSE and self.says(chance):
            day = self.as_of - timedelta(days=self.rng.choice((0, 1, 30)))
            record["repaired_on"] = max(day, first)

    def counted(self, fact: str) -> None:
        """Nothing, a zero, one, or several up to beyond every cap."""
        if not self.says(self.density):
            return
        if fact not in self.bad if fact in ADVERSE else self.says(1 - max(self.luck, 0.3)):
            self.values[fact] = 0
            return
        perfect = self.luck == 1 and fact not in ADVERSE and self.says(0.97)
        for _ in range(5 if perfect else self.rng.choice((1, 1, 1, 2, 5))):
            record = self.add(fact)
            if perfect:
                record["date"] = self.as_of
                continue
            if self.says(0.2):
                record["value"] = self.rng.choice((0, 1, 2, 3, 4, 5, 12))
            if fact in KINDS and record.get("value", 1):
                record["kind"] = self.rng.choice(KINDS[fact])
            if self.says(0.5) or (fact in WINDOWED and record.get("value", 1)):
                record["date"] = self.near(WINDOWS)
            self.ended(record, 0.15)

    def single(self, fact: str, draw: Callable[[], Any]) -> None:
        """One answer; or several of different weight, of which the newest in force speaks."""
        if not self.says(self.density):
            return
        if self.says(0.6):
            self.values[fact] = draw()
            return
        weights = set()
        for _ in range(self.rng.choice((1, 2, 3))):
            record = self.add(fact, value=draw())
            if self.says(0.7):
                record["date"] = self.near(WINDOWS)
            record.setdefault("standing", "verified")
            weight = (record.get("date"), record["standing"] != "declared")
            if weight in weights and fact not in MANY:
                self.records.pop()  # two answers of one weight contradict each other
                continue
            weights.add(weight)
            self.ended(record, 0.2)

    def option(self, options: Sequence[str]) -> str:
        return options[0] if self.says(self.luck) else self.rng.choice(options)

    def marks(self, fact: str) -> None:
        if not self.says(self.density):
            return
        for expert in EXPERTS[: self.rng.choice((2, 2, 2, 3, 4, 1 if self.density < 1 else 2))]:
            value = self.rng.choice((4, 5, 5, 5) if self.says(self.luck) else (0, 1, 2, 3, 4, 5))
            record = self.add(fact, value=value, by=expert, reason="见评分表")
            self.ended(record, 0.05)

    def money(self) -> None:
        if self.says(self.density):
            for statement in statements(self.rng, self.as_of, self.luck):
                self.ended(self.add("statements", **statement), 0.03)
                if self.says(0.1):  # and a later one of the same year
                    other = statements(self.rng, self.as_of, self.luck)[0]
                    other |= {"year": statement["year"], "date": self.near((1,))}
                    self.ended(self.add("statements", **other), 0.3)

    def made(self) -> Enterprise:
        rng, scheme = self.rng, self.scheme
        if scheme == "casme-public-credit":
            status = rng.choice(STATUSES if self.says(0.1) else casme.OPEN)
            if self.says(0.98):
                self.values["registration_status"] = status
        ages = AGES if self.luck < 1 else (3, 20)
        self.single("founded_on", lambda: self.near(ages))
        for fact, options in CHOSEN[scheme].items():
            self.single(fact, partial(self.option, options))
        for fact in COUNTED[scheme]:
            self.counted(fact)
        for fact in MARKED[scheme]:
            self.marks(fact)
        if scheme == "sme-credit-rating":
            self.single("paid_in_capital", lambda: Decimal(rng.choice(CAPITAL)))
            self.single("public_credit_score", lambda: Decimal(rng.choice(SCORES)))
            self.money()
        basis, standing = rng.choice(BASES)
        return {
            "basis": basis,
            "standing": standing,
            "values": self.values,
            "records": self.records,
        }, self.as_of


def enterprise(rng: Random, scheme: str) -> Enterprise:
    """One enterprise and the day on which it is scored."""
    return Maker(rng, scheme).made()
