"""One document of each kind, full of what is hard to set: rare characters, long names, tables."""

import json
import math
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

from bot.domain import handwriting
from bot.domain.charts import Part, Point
from bot.domain.documents import (
    Certificate,
    CommitmentLetter,
    Drawing,
    Listed,
    Notice,
    Plaque,
    Section,
)
from bot.domain.reports import ANNEXES, CONTENTS, Chapter, Report, Table

ISSUER = "中国中小企业协会"
NAME = "杭州喆堃龑𬭎新材料科技股份有限公司"
CODE = "91330100MA2H3L8N0Q"
RARE = "㙓𬭎𫟹䶮喆堃㛃"
VERIFY = "https://credit.example.cn/v/2026CNEAAA00123?t=" + "aB3_x-9Z" * 30  # a name of 33
PUBLIC = "https://credit.example.cn/c/2026CNSCN00045"
SCHEME = "《中小企业公共信用评价指标体系》第 1 版"
MEANING = (
    "信用极好。该企业能够严格遵守各项法律法规以及地方规章，合法经营，公平竞争，"
    "能够在政府信用监管方面发挥信用模范带头作用，公共信用优良。"
)

CERTIFICATE = Certificate(
    programme="credit-evaluation",
    number="2026CNEAAA00123",
    verify_url=VERIFY,
    name=NAME,
    credit_code=CODE,
    scheme=SCHEME,
    issuer=ISSUER,
    issued_on=date(2026, 3, 2),
    valid_from=date(2026, 3, 2),
    valid_to=date(2029, 3, 1),
    level="AAA",
    meaning=MEANING,
    reviewed_on=date(2027, 2, 18),
    demonstration=True,
)
COMMITTED = replace(
    CERTIFICATE,
    programme="commitment",
    number="2026CNSCN00045",
    level=None,
    meaning="信用承诺不评定等级",
    scheme="企业信用承诺书 第 1 版",
    valid_to=date(2027, 3, 1),
    reviewed_on=None,
)
RATED = replace(
    CERTIFICATE,
    programme="credit-rating",
    number="2026CNRBBB00007",
    level="BBB",
    name="宁波市北仑区甬江两岸智能装备与精密模具产业协同创新发展有限责任公司",
    scheme="《中小企业信用评价规范》第 1 版",
    meaning="信用一般。企业的信用记录基本正常，经营状况和偿债能力受环境变化的影响较大。",
)
INTEGRITY = replace(
    CERTIFICATE,
    programme="shanxi-integrity",
    number="2026SXEAA000031",
    level="A+",
    issuer="山西省中小企业发展促进会",
    name="太原云冈物流有限公司",
    scheme="《中小企业诚信等级评价办法》第 1 版",
    meaning="诚信度良好。",
    reviewed_on=None,
)
PLAQUE = Plaque(
    programme="credit-evaluation",
    number="2026CNEAAA00123",
    verify_url=VERIFY,
    name=NAME,
    issuer=ISSUER,
    issued_on=date(2026, 3, 2),
    valid_to=date(2029, 3, 1),
    level="AAA",
    demonstration=True,
)


def _hand() -> Drawing:
    """Two characters, roughly: 王 and 明, at the pace of a hand."""
    lines = [
        [(20, 30), (90, 26)],
        [(26, 62), (84, 60)],
        [(55, 30), (54, 96)],
        [(12, 98), (100, 94)],
        [(140, 32), (138, 84)],
        [(140, 34), (168, 30), (166, 82)],
        [(140, 58), (166, 56)],
        [(140, 82), (167, 80)],
        [(190, 26), (188, 78), (176, 104)],
        [(190, 28), (226, 24), (226, 92), (224, 100), (212, 94)],
        [(190, 48), (224, 46)],
        [(190, 70), (224, 68)],
    ]
    strokes, now = [], 0
    for line in lines:
        points = []
        for (x0, y0), (x1, y1) in pairwise(line):
            for i in range(12):
                share = (1 - math.cos(math.pi * i / 11)) / 2
                bend = 2.5 * math.sin(math.pi * share)
                now += 9
                points.append(
                    {"x": x0 + (x1 - x0) * share, "y": y0 + (y1 - y0) * share - bend, "time": now}
                )
        now += 120
        strokes.append({"points": points})
    return Drawing(handwriting.svg(handwriting.read(json.dumps(strokes))))


def _round_seal() -> Drawing:
    """A company's seal as an SVG of ours would carry it; the real one is a picture."""
    return Drawing(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200"><circle cx="100" cy="100"'
        ' r="94" fill="none" stroke="#c8161d" stroke-width="6"/><path fill="#c8161d" d="M100 62l9 '
        '27h28l-23 17 9 27-23-17-23 17 9-27-23-17h28z"/></svg>'
    )


LETTER = CommitmentLetter(
    number="2026CNSCN00045",
    title="企业信用承诺书",
    edition="第 1 版（2026 年 3 月）",
    recipient="中国中小企业协会并社会公众",
    preamble=(
        "为维护公平竞争的市场秩序，建设诚信企业，本企业自愿作出以下承诺，并同意向社会公开，接受监督。",
    ),
    sections=(
        Section(
            "一、依法经营",
            ("遵守法律、行政法规和行业规范，依法取得许可，依法纳税，按时足额发放工资。",),
        ),
        Section("二、诚实守信", ("如实申报材料，不隐瞒、不伪造；严格履行合同，不恶意拖欠账款。",)),
        Section("三、保证质量", ("产品和服务符合国家标准和约定，不以次充好，及时处理投诉。",)),
        Section(
            "四、接受监督", ("发生失信行为时主动纠正，自愿接受公示、下调等级、撤销证书等处理。",)
        ),
    ),
    name=NAME,
    credit_code=CODE,
    signatory="王明",
    signature=_hand(),
    seal=_round_seal(),
    signed_on=date(2026, 3, 2),
    sha256="3f0a5c1e9d27b86410fa5e2c7b93d8164ac0e75f28b1d36097ce4f8a1b52d60e",
    verify_url=PUBLIC,
    issuer=ISSUER,
    awaits_approval=True,
    demonstration=True,
)
NOTICE = Notice(
    number="公示〔2026〕3 号",
    title="关于 2026 年第一批企业信用评价结果的公示",
    scheme="企业信用评价（公共信用）",
    issuer=ISSUER,
    issued_on=date(2026, 3, 2),
    begins_on=date(2026, 3, 3),
    ends_on=date(2026, 3, 9),
    preamble=("经企业申报、材料核实、评分和评价委员会确认，现将本批企业信用评价结果予以公示。",),
    rows=tuple(
        Listed(f"{place}{what}有限公司", CODE, level)
        for place in ("太原", "大同", "阳泉", "长治", "晋城", "朔州", "晋中", "运城", "忻州")
        for what, level in (
            ("云杉机械制造", "AAA"),
            ("喆堃食品", "AA"),
            ("龑𬭎新材料科技股份", "A"),
        )
    ),
    objections=(
        "对公示内容有异议的，请在公示期内通过核验页面“提出异议”提交，写明事实并附证据。",
        "公示期内收到的异议，在处理完毕之前不颁发证书。",
    ),
    demonstration=True,
)


def _years(first: str, *values: str | None) -> tuple[str, tuple[Point, ...]]:
    return first, tuple(
        Point(f"{2022 + i}年", None if value is None else Decimal(value))
        for i, value in enumerate(values, 1)
    )


def _chapter(i: int, heading: str) -> Chapter:
    rows = tuple(
        (
            f"PQ{i:02}{n:02}",
            f"{heading}指标第 {n} 项：近三年的情况及核实来源",
            "5.0",
            f"{4.5 - n / 10}",
        )
        for n in range(1, 12)
    )
    table = Table("指标得分", ("代码", "指标", "分值", "得分"), rows, numeric=frozenset({2, 3}))
    financial = heading == "财务状况"
    return Chapter(
        heading,
        (
            f"企业的{heading}总体良好。材料由企业提供，经与公开信息核对一致；没有发现与申报内容不符的情形。",
            "与同行业企业相比处于中上水平，主要短板是制度的书面化程度，建议在下一次年审之前补齐。",
        ),
        (table,),
        bars=(Part("制度建设", 16, 20), Part("执行情况", 17, 20), Part("书面记录", None, 10)),
        trends=(
            _years("资产负债率（%）", "48.2", "45.0", "41.7"),
            _years("营业收入增长率（%）", "6.1", None, "11.4"),
        )
        if financial
        else (),
    )


REPORT = Report(
    number="2026CNRRPT00007",
    secrecy="内部",
    title="企业信用评价报告",
    name=NAME,
    credit_code=CODE,
    scheme=SCHEME,
    issuer=ISSUER,
    issued_on=date(2026, 3, 2),
    valid_to=date(2027, 3, 1),
    verify_url=PUBLIC,
    level="AAA",
    meaning=MEANING,
    score="91.5（满分 100）",
    team=("李慧", "赵一鸣", "孙喆"),
    overview=("评价小组于 2026 年 2 月受理、核实并完成初评，由评价委员会审定等级。",),
    aspects=tuple(
        Part(heading, value, 100, second=70)
        for heading, value in zip(CONTENTS, (92, 86, 79, 95, 81, 88), strict=True)
    ),
    chapters=tuple(_chapter(i, heading) for i, heading in enumerate(CONTENTS, 1)),
    conclusion=(
        "综合以上各项，评定该企业信用等级为 AAA。评价结论在有效期内跟踪，发生重大变化时及时调整。",
    ),
    annexes=(
        Chapter(
            ANNEXES[0],
            (),
            (
                Table(
                    "信用等级及含义",
                    ("等级", "含义"),
                    (
                        ("AAA", MEANING),
                        ("AA", "信用优良，公共信用良好。"),
                        ("A", "信用较好，公共信用一般。"),
                    ),
                ),
            ),
        ),
        Chapter(
            ANNEXES[1],
            (),
            (
                Table(
                    "主要财务数据（万元）",
                    ("项目", "2023年", "2024年", "2025年"),
                    (
                        ("营业收入", "8,214.6", "8,715.7", "9,709.3"),
                        ("净利润", "512.0", "560.8", "701.2"),
                    ),
                    numeric=frozenset({1, 2, 3}),
                ),
            ),
        ),
        *(Chapter(heading) for heading in ANNEXES[2:]),
    ),
    trend=_years("得分", "84.0", "88.5", "91.5")[1],
    demonstration=True,
)
EVERY = {
    "certificate": CERTIFICATE,
    "commitment-certificate": COMMITTED,
    "rating-certificate": RATED,
    "integrity-certificate": INTEGRITY,
    "plaque": PLAQUE,
    "letter": LETTER,
    "notice": NOTICE,
    "report": REPORT,
}
