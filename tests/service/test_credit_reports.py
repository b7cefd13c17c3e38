"""The evaluation report of an enterprise: what its verified records hold, and nothing invented."""

from datetime import timedelta
from uuid import UUID

import pytest

from bot.domain.reports import ANNEXES
from bot.scoring.library import PACKS, shipped_pack
from bot.services import assessments, credit_reports, facts
from tests import people
from tests.conftest import NOW
from tests.packs import TODAY, publish
from tests.service.test_certificates import BASE, signed

SCHEME = "sme-credit-rating"
PACK = shipped_pack(SCHEME)
RULES = PACKS / SCHEME / "1.toml"
LATER = NOW + timedelta(days=200)
VERIFIED = {"standing": "verified", "source": "协会核实"}


def sheet(year: int, debts: int) -> dict[str, object]:
    items = {"资产总额": 1_000_000, "负债总额": debts, "主营业务收入": 10_000 * (year - 2000)}
    return {"id": f"s{year}", "fact": "statements", "year": year, "items": items, **VERIFIED}


RECORDS = (
    sheet(2023, 600_000),
    sheet(2024, 500_000),
    sheet(2025, 420_000),
    {"id": "v1", "fact": "complaints_checked", "value": "已查，查到的都已列出", **VERIFIED},
    {"id": "h1", "fact": "honours", "date": "2025-05-01", "evidence": "专精特新证书", **VERIFIED},
    {"id": "h2", "fact": "honours", "date": "2025-06-01", "standing": "declared"},
)


@pytest.fixture
async def one(db, issuer) -> UUID:
    enterprise = await people.enterprise("晨星科技有限公司")
    await publish(RULES.read_text(), on=TODAY)
    return enterprise


async def report(enterprise: UUID, issuer):
    await signed(issuer, enterprise=enterprise, programme="credit-rating", now=LATER)
    return await credit_reports.of_enterprise(enterprise, base=BASE, production=False, now=LATER)


async def test_it_is_filled_from_statements_records_and_earlier_results(one, issuer):
    await facts.record(one, list(RECORDS), pack=PACK, now=NOW)
    early = await assessments.assess(one, SCHEME, basis="verified", as_of=TODAY, now=NOW)
    drawn = await report(one, issuer)

    finance = drawn.chapters[2]
    ratios = {row[0]: row for row in finance.tables[1].rows}
    growth = {row[0]: row for row in drawn.chapters[4].tables[1].rows}
    assert len(ratios) + len(growth) == 22
    assert ratios["资产负债率"] == (
        "资产负债率", "0.42", "优秀", "0.45", "0.52", "0.6", "0.72", "0.85",
    )  # fmt: skip
    assert ratios["流动比率"][1:3] == ("—", "未知")
    assert growth["销售增长率"][1:3] == ("0.0417", "较低")
    assert "流动比率（报表里没有填 2025 年的“流动资产”）" in finance.paragraphs[1]
    trends = {name: [str(point.value) for point in points] for name, points in finance.trends}
    assert list(trends) == ["资产负债率", "总资产周转率"]
    assert trends["资产负债率"] == ["0.6", "0.5", "0.42"]
    assert [bar.label for bar in finance.bars] == [row[1] for row in finance.tables[0].rows]
    assert finance.bars[0].value is None  # of loans nobody has said anything
    before, now = drawn.trend
    assert (before.label, before.value) == ("2026-03-02", early.total)
    assert (now.label, f"{now.value}（满分 100）") == ("2026-09-18", drawn.score)

    annexes = {one.heading: one for one in drawn.annexes}
    money, figures = annexes[ANNEXES[1]].tables
    assert money.head == ("项目", "2023年", "2024年", "2025年")
    assert ("负债总额", "60.00", "50.00", "42.00") in money.rows
    assert len(figures.rows) == 22
    [honours] = annexes[ANNEXES[2]].tables  # what was only declared is not there
    assert honours.rows == (("企业荣誉", "2025-05-01", "专精特新证书", "协会核实"),)
    assert annexes[ANNEXES[3]] == type(finance)(ANNEXES[3])
    assert annexes[ANNEXES[6]].paragraphs == (
        "近三年其他违法违规：没有查询记录。",
        "近一年查实的产品或服务投诉：已经查询，没有查到。",
    )


async def test_without_statements_it_says_so_and_draws_no_line(one, issuer):
    drawn = await report(one, issuer)

    assert "没有核实过的财务报表" in drawn.chapters[2].paragraphs[1]
    assert "没有核实过的财务报表" in drawn.chapters[4].paragraphs[1]
    assert len(drawn.chapters[0].paragraphs) == 1  # has no ratios to tell of
    assert (drawn.trend, drawn.annexes[1].tables) == ((), ())


async def test_a_result_of_the_same_day_is_no_earlier_one(one, issuer):
    await assessments.assess(one, SCHEME, basis="verified", as_of=LATER.date(), now=NOW)

    assert (await report(one, issuer)).trend == ()
