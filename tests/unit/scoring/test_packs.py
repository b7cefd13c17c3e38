"""The shipped packs hold what the documents hold, and their cases come out as written."""

from decimal import Decimal

import pytest

from bot.scoring.cases import Case, run_case
from bot.scoring.library import shipped_cases, shipped_pack, versions
from bot.scoring.lint import check_pack
from bot.scoring.pack import Pack
from bot.scoring.pack_reader import read_pack

ALL = [(scheme, number) for scheme, numbers in versions().items() for number in numbers]
CASES = [(scheme, n, case) for scheme, n in ALL for case in shipped_cases(scheme, n)]

TABLE_A1 = """
纳税资格情况 连续经营年限 经营许可情况 专项许可情况 资质等级情况 资格证书情况
备案信息情况 行政监督检查情况 被执行人信息情况 失信被执行信息情况 经营异常名录情况
工商严重违法失信企业情况 重大税收违法案件当事人情况 证监会违法失信当事人情况
安全生产黑名单情况 环保黑名单情况 食品药品严重失信当事人情况
对外经济合作领域严重失信行为的责任主体情况 炒信黑名单情况 严重质量违法失信当事人情况
假借慈善名义或假冒慈善组织骗取财产的法人情况 统计上严重失信企业情况
严重违法失信超限超载当事人情况 农资生产经营领域失信企业情况 涉金融严重失信当事人情况
海关失信企业情况 严重失信电子认证服务机构情况 A级纳税人情况 海关高级认证情况
检验检疫信用AA级情况 交通运输工程建设领域守信典型企业情况 行政奖励情况 财政贴息情况
研发补贴情况 政策性补贴情况 高新技术企业情况 守合同重信用情况 科技小巨人情况
科技型中小企业情况 瞪羚企业情况 独角兽企业情况 众创空间情况 科技企业孵化器情况
专精特新情况 中国出口质量安全示范企业情况
"""

ANNEX_A = {
    "PQ01": "申报信息 资金实力 成立年限 负责人信用状况",
    "PQ02": "经营场所 资本结构 管理制度 员工素质 企业荣誉 资质信息 历史信用状况",
    "PQ03": "资金借贷 债权债务 损益情况 现金流量 盈利能力 资产运营能力",
    "PQ04": "工资及支付 劳动福利与社会保障 纳税 环境保护 其他遵纪守法行为 社会贡献 纠纷解决情况",
    "PQ05": "行业产业政策 企业行业地位 主要产品潜力 技术创新 成长能力 发展规划及措施",
    "PQ06": "产品或业务结构 产品或服务质量 产品或服务综合评价 原材料供应质量评价 销售情况 售后管理",
}
ITEM_POINTS = "3 4 2 3  2 3 4 3 2 3 3  4 5 4 4 4 4  3 3 4 2 2 1 3  2 2 2 3 2 2  2 3 2 1 2 2"
RATIOS = """
长期资本比率 资产负债率 已获利息倍数 现金流动负债比率 速动比率 流动比率
应收账款周转率 净资产收益率 总资产报酬率 资本保值增值率 主营业务利润率
盈余现金保障倍数 成本费用利润率 总资产周转率 流动资产周转率 存货周转率 不良资产比率
销售增长率 资本累积率 三年资本平均增长率 三年销售平均增长率 技术投入比率
"""
VETOES = """
长期恶性拖欠货款（长期不还） 无正当理由的合同违约 拖欠员工工资超过三个月
恶性侵权，发布虚假广告 制造、贩卖假冒伪劣产品 质量欺诈 偷税漏税
法人代表受到公安机关的拘留 法院公布的违法处罚 重大安全事故 重大污染环境
"""
DIMENSIONS = """
财务状况 依法纳税 融资信用 规范经营（质量、环保、商标侵权） 供应商关系 客户投诉
消费者反映 员工权益 高管守法 社区评价 媒体报道
"""


@pytest.mark.parametrize(
    ("scheme", "number", "case"), CASES, ids=[f"{s}-{n}-{case.name}" for s, n, case in CASES]
)
def test_the_case_comes_out_as_written(scheme: str, number: int, case: Case) -> None:
    assert run_case(shipped_pack(scheme, number), case) == []


@pytest.mark.parametrize(("scheme", "number"), ALL)
def test_a_pack_has_at_least_forty_cases(scheme: str, number: int) -> None:
    assert len(shipped_cases(scheme, number)) >= 40


@pytest.mark.parametrize(("scheme", "number"), ALL)
def test_a_pack_is_filed_under_its_own_name_and_version(scheme: str, number: int) -> None:
    pack = shipped_pack(scheme, number)

    assert (pack.id, pack.version) == (scheme, number)


@pytest.mark.parametrize(("scheme", "number"), ALL)
def test_a_shipped_pack_lints_clean(scheme: str, number: int) -> None:
    assert check_pack(shipped_pack(scheme, number)) == []


def test_the_public_pack_has_all_45_indicators_of_table_a1_in_order(public: Pack) -> None:
    names = [i.name for i in public.indicators if i.code.startswith("A.1-")]

    assert names == TABLE_A1.split()
    assert len(names) == 45


def test_the_public_pack_keeps_the_five_records_of_5_2_apart(public: Pack) -> None:
    assert [i.code for i in public.indicators[45:]] == [f"5.2-0{n}" for n in range(1, 6)]


def test_the_public_ladder_is_that_of_the_standard(public: Pack) -> None:
    assert [(g.name, g.start, g.below, g.class_name) for g in public.grades] == [
        ("AAA", Decimal(830), None, "诚信"),
        ("AA", Decimal(810), Decimal(830), "诚信"),
        ("A", Decimal(800), Decimal(810), "诚信"),
        ("B", Decimal(790), Decimal(800), "守信"),
        ("C", Decimal(500), Decimal(790), "信用警示"),
    ]
    assert [g.name for g in public.grades if not g.print_class] == ["B", "C"]


def test_the_rating_pack_has_all_36_items_with_their_points(rating: Pack) -> None:
    wanted = [
        (f"{group}{n:02d}", name)
        for group, names in ANNEX_A.items()
        for n, name in enumerate(names.split(), start=1)
    ]

    assert [(i.code, i.name) for i in rating.indicators] == wanted
    assert len(wanted) == 36
    assert [_most(rating, i.id) for i in rating.indicators] == [
        Decimal(p) for p in ITEM_POINTS.split()
    ]


def _most(pack: Pack, indicator: str) -> Decimal:
    parts = next(i for i in pack.indicators if i.id == indicator).parts
    return sum(
        (
            max(
                [
                    part.points or Decimal(0),
                    part.cap or Decimal(0),
                    *(p for _, p in part.choices),
                    *(b.points for b in part.bands),
                ]
            )
            for part in parts
        ),
        Decimal(0),
    )


def test_the_rating_pack_has_all_22_ratios_with_a_reference_for_each(rating: Pack) -> None:
    assert [ratio.name for ratio in rating.ratios] == RATIOS.split()
    assert sorted(rating.references[0].values) == sorted(RATIOS.split())


def test_the_integrity_pack_has_its_dimensions_vetoes_and_ceilings(integrity: Pack) -> None:
    ceilings = [bar for bar in integrity.bars if not bar.veto]

    assert [i.name for i in integrity.indicators] == DIMENSIONS.split()
    assert [bar.name for bar in integrity.bars if bar.veto] == VETOES.split()
    assert [bar.result for bar in ceilings] == ["不予评级"] * 5 + ["A+"] * 4 + ["AA+"] * 5


def test_remarks_spaces_and_the_order_of_keys_make_no_new_version(public: Pack) -> None:
    one = 'id = "x"\nversion = 1 # 说明\nname = "名"\n'
    other = 'name    = "名"\nid = "x"\n\nversion = 1\n'
    rest = _least()

    assert read_pack(one + rest, "a").hash == read_pack(other + rest, "b").hash
    assert read_pack(one + rest.replace("= 10 ", "= 10.0 "), "a").hash == (
        read_pack(one + rest, "a").hash
    )
    assert read_pack(one + rest.replace("= 10 ", "= 10.5 "), "a").hash != (
        read_pack(one + rest, "a").hash
    )


def _least() -> str:
    return """document = "d"
[score]
base = 0
at_least = 0
at_most = 10 # 分
[facts]
"""
