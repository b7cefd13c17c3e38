"""The four programmes say what their documents say, and a spoilt one is found out."""

from pathlib import Path

import pytest

from bot.scoring.library import shipped_pack, shipped_programmes
from bot.scoring.programme import (
    FeeNotAllowed,
    NoFee,
    Programme,
    certificate_number,
    price_for,
    switched_on,
)
from bot.scoring.programme_lint import check_programme, load_programme
from bot.scoring.programme_reader import read_programme
from bot.scoring.reading import BadData

ALL = {programme.id: programme for programme in shipped_programmes()}
EVALUATION = ALL["credit-evaluation"]
FILE = Path("bot/scoring/programmes/credit-evaluation.toml")
TEXT = FILE.read_text(encoding="utf-8")

# programme: issuer, scheme, fee mode, years, annual review, upgrade, decides, days on notice
TABLE = {
    "commitment": ("中国中小企业协会", None, "on", 1, False, "none", "signature", 0),
    "credit-evaluation": (
        "中国中小企业协会", "casme-public-credit", "off", 3, True, "any_time", "score", 5,
    ),
    "credit-rating": (
        "中国中小企业协会", "sme-credit-rating", "off", 1, False, "any_time", "committee", 5,
    ),
    "shanxi-integrity": (
        "山西省中小企业发展促进会", "shanxi-integrity", "never", 1, False, "next_intake",
        "committee", 5,
    ),
}  # fmt: skip


def test_the_programmes_are_those_of_the_documents() -> None:
    found = {
        p.id: (
            p.issuer,
            p.scheme,
            p.fee.mode,
            p.certificate.valid_years,
            p.annual_review is not None,
            p.upgrade,
            p.flow.decides,
            p.notice.working_days,
        )
        for p in ALL.values()
    }

    assert found == TABLE


def test_a_member_commits_free_and_another_pays_for_a_membership() -> None:
    commitment = ALL["commitment"]
    price = price_for(commitment, member=False)

    assert (price.fen, price.membership, price.membership_years) == (200_000, "会员", 1)
    with pytest.raises(NoFee):
        price_for(commitment, member=True)


@pytest.mark.parametrize("name", ["credit-evaluation", "credit-rating", "shanxi-integrity"])
def test_a_programme_that_grades_charges_nobody_as_shipped(name: str) -> None:
    with pytest.raises(NoFee):
        price_for(ALL[name], member=False)


def test_charging_is_switched_on_by_a_named_legal_basis_only() -> None:
    evaluation = ALL["credit-evaluation"]
    with pytest.raises(FeeNotAllowed):
        switched_on(evaluation, " ")

    charged = switched_on(evaluation, "演示数据，不是真实的法律依据")

    assert price_for(charged, member=True).fen == 1_800_000
    assert price_for(charged, member=True).membership == "理事会员"
    assert charged.fee.legal_basis == "演示数据，不是真实的法律依据"
    assert evaluation.fee.mode == "off"


def test_shanxi_can_never_charge() -> None:
    with pytest.raises(FeeNotAllowed) as refusal:
        switched_on(ALL["shanxi-integrity"], "某某规定")

    assert str(refusal.value) == "按规定，这个项目不收取任何费用，不能改为收费。"


def test_shanxi_asks_special_papers_of_special_enterprises_only() -> None:
    shanxi = ALL["shanxi-integrity"]
    usual = [material.id for material in shanxi.materials_for(frozenset())]
    maker = [material.id for material in shanxi.materials_for(frozenset({"生产性企业"}))]

    assert len(usual) == 8
    assert sorted(set(maker) - set(usual)) == ["production_licence"]
    assert all(material.sealed for material in shanxi.materials)


def test_a_certificate_number_names_year_body_grade_and_serial() -> None:
    number = certificate_number(ALL["credit-evaluation"], year=2026, grade="AAA", serial=7)

    assert number == "2026CNEAAA00007"


REFUND = """[refund]
full_before = "verify"
after_percent = 0
cancelled_percent = 100
source = { house = "核实开始之前全额退款，之后不退，协会取消的全额退款" }
"""
SPOILT = [
    ('steps = ["verify"]\nsource = { house = "有已修复', 'source = { house = "有已修复',
     "material[repair]：没有规则也没有步骤用到这份材料（materials）"),
    ('facts = ["taxpayer", "a_level_taxpayer"]', 'facts = ["taxes"]',
     "material[tax_status]：评分包里没有“taxes”这项事实（materials）"),
    ('id = "repair"', 'id = "honours"', "material[honours]：材料编号重复（materials）"),
    ("valid_years = 3", "valid_years = 0", "certificate.valid_years：0 年不合理（dates）"),
    ("valid_years = 3", "valid_years = 1", "review：证书只有一年，年审日永远不会到（dates）"),
    ("grace_days = 30", "grace_days = 90", "review.grace_days：宽限期应当短于撤销的期限（dates）"),
    ("opens_days_before = 60", "opens_days_before = 400",
     "review.opens_days_before：应当在 0 到 365 天之间（dates）"),
    ("version = 1", "version = 1\neffective_from = 2026-05-01\nretired_on = 2026-05-01",
     "retired_on：停用日不晚于生效日，项目永远不会生效（dates）"),
    ("before_award = false\nworking_days = 5", "before_award = true\nworking_days = 0",
     "notice.working_days：颁证前的公示应当是 1 到 30 个工作日（dates）"),
    ('mode = "off"', 'mode = "on"',
     "fee.legal_basis：评出等级的项目要收费，必须写明法律依据（fees）"),
    ('mode = "off"', 'mode = "never"', "fee：不收取任何费用的项目不能有价格（fees）"),
    ('"intake", "pay", ', '"intake", ', "flow.steps：有价格却没有付款这一步（pay）（fees）"),
    ('scheme = "casme-public-credit"\n', "",
     "flow.decides：没有评分包的项目只能由签署决定（scheme）"),
    ("team_at_least = 2\n", "", "flow.team_at_least：有评价小组的步骤，却没有写人数（people）"),
    ('"result_notice", "award"]', '"award", "result_notice"]',
     "flow.steps：award 应当是最后一步（order）"),
    ('"score", ', "", "flow.decides：由 score 决定，流程里却没有这一步（order）"),
    ("before_award = false", "before_award = true",
     "flow.steps：颁证前要公示，却没有 candidate_notice 这一步（order）"),
    ('steps = ["verify"]\nsource', 'steps = ["seal"]\nsource',
     "material[repair]：流程里没有“seal”这一步（materials）"),
    ("fen = 1800000", "fen = 0", "fee：收费的项目没有价格（fees）"),
    (REFUND, "", "refund：有价格就要写明退款办法（fees）"),
    ("committee_at_least = 5\n", "",
     "flow.committee_at_least：有委员会这一步，却没有写人数（people）"),
    ('"result_notice", "award"]', '"result_notice"]',
     "flow.steps：流程没有结果：要有 award 或 show（order）"),
    ('scheme = "casme-public-credit"', 'scheme = "other"',
     "scheme：没有“other”这个评分包（scheme）"),
    ('source = { standard = "000 六.2 申请信用等级提升不受有效期限制" }', "",
     "upgrade：没有写 source：依据是什么（sources）"),
    ('"协会会员"', '"大客户"', ("conditions：不知道怎样核对“大客户”；能核对的有：协会会员、"
     "促进会会员、企业登记状态为存续、已签署信用承诺、没有未解除的重大失信行为（conditions）")),
    ('who = "everyone"', ('who = "member"\nfen = 0\nsource = { house = "x" }\n[[fee.price]]\n'
     'who = "member"'),
     "fee.price[member]：同一类申请人有两个价格（fees）"),
    ('full_before = "verify"', 'full_before = "show"',
     "refund.full_before：流程里没有“show”这一步（fees）"),
    ('"verify", "score"', '"score", "verify"',
     ("flow.steps：各步的先后应当是：sign、seal、pay、show、intake、verify、score、mark、report、"
     "committee、candidate_notice、result_notice、award（order）")),
]  # fmt: skip


def test_the_shipped_programmes_lint_clean() -> None:
    assert [check_programme(p, _pack(p)) for p in ALL.values()] == [[], [], [], []]


def _pack(programme: Programme) -> object:
    return shipped_pack(programme.scheme) if programme.scheme else None


@pytest.mark.parametrize(("old", "new", "sentence"), SPOILT)
def test_the_linter_finds_the_planted_defect(old: str, new: str, sentence: str) -> None:
    assert old in TEXT
    pack = shipped_pack("casme-public-credit")
    text = TEXT.replace('mode = "off"', 'mode = "on"') if old.startswith("fen") else TEXT
    found = check_programme(read_programme(text.replace(old, new, 1), "p.toml"), pack)

    assert f"p.toml：{sentence}" in [str(finding) for finding in found]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('mode = "off"', 'modus = "off"', "p.toml：fee.mode：缺少这一项"),
        ("fen = 1800000", "fen = 18000.00", "p.toml：fee.price[第 1 个].fen：应当是一个整数"),
        ("fen = 1800000", "fen = -1", "p.toml：fee.price[第 1 个]：金额和年数不能是负数"),
        ("{serial}", "{number}", ("p.toml：certificate.number：编号只能用 {year}、{body}、{grade}、"
         "{serial}，而且要有一个 {serial}")),
        ("{year}{body}{grade}{serial}", "{year", ("p.toml：certificate.number：编号只能用 {year}、"
         "{body}、{grade}、{serial}，而且要有一个 {serial}")),
        ("{year}{body}{grade}{serial}", "{year:zz}{serial}", ("p.toml：certificate.number：编号只能"
         "用 {year}、{body}、{grade}、{serial}，而且要有一个 {serial}")),
        ("{year}{body}{grade}{serial}", "{serial}{year}",
         "p.toml：certificate.number：顺序号 {serial} 应当在编号的最后"),
        ("serial_digits = 5", "serial_digits = 0",
         "p.toml：certificate.serial_digits：应当在 1 到 9 之间"),
        ("version = 1", "version = 0", "p.toml：version：应当不小于 1"),
        ('id = "credit-evaluation"', 'id = "../etc"',
         "p.toml：id：编号只用小写字母、数字和连字符，例如 credit-rating"),
        ("working_days = 5", "working_days = -5", "p.toml：notice.working_days：应当不小于 0"),
        ("version = 1", "version = 1\nopens = 07:32:00",
         "p.toml：opens：只能写日期，例如 2026-03-01，不能写时刻"),
        ('"score", ', '"scores", ', ("p.toml：flow.steps：没有“scores”这一步；有：sign、seal、pay、"
         "show、intake、verify、score、mark、report、committee、candidate_notice、result_notice、"
         "award")),
        ("after_percent = 0", "after_percent = 120",
         "p.toml：refund：退款比例应当在 0 到 100 之间"),
    ],
)  # fmt: skip
def test_a_programme_with_a_typing_error_is_refused(old: str, new: str, sentence: str) -> None:
    assert old in TEXT
    pack = shipped_pack("casme-public-credit")

    with pytest.raises(BadData) as refusal:
        load_programme(TEXT.replace(old, new, 1), "p.toml", pack)

    assert str(refusal.value) == sentence


def test_a_programme_with_findings_cannot_be_loaded() -> None:
    with pytest.raises(BadData) as refusal:
        load_programme(
            TEXT.replace("valid_years = 3", "valid_years = 0"), "p.toml", _pack(EVALUATION)
        )

    assert str(refusal.value) == "p.toml：certificate.valid_years：0 年不合理"
