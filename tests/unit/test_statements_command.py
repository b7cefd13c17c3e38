"""`rules statements`: a template out, amounts back in, each refusal in a sentence."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from bot.__main__ import app
from bot.commands.context import Context
from bot.commands.statements import statements
from bot.config import Config
from bot.scoring.engine import score
from bot.scoring.facts_reader import read_facts
from bot.scoring.library import shipped_pack

SCHEME = "sme-credit-rating"
NEW_YEAR = datetime(2025, 12, 31, 16, 30, tzinfo=UTC)  # in Beijing already 2026


def _run(*words: object) -> tuple[int, str, str]:
    context = Context(Config.read({}), Path("/nowhere"), lambda: NEW_YEAR)
    done = CliRunner().invoke(statements, [str(word) for word in words], obj=context)
    return done.exit_code, done.stdout.strip(), done.stderr.strip()


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    file = tmp_path / "报表.xlsx"
    assert _run("template", file)[0] == 0
    book = load_workbook(file)
    book["资产负债表"]["B4"], book["资产负债表"]["C4"] = 1000000, 900000.5
    book["资产负债表"]["B9"] = 450000.01
    book.save(file)
    return file


def test_the_template_starts_with_the_last_year_that_is_over_in_beijing(tmp_path: Path) -> None:
    file = tmp_path / "报表.xlsx"

    code, out, _ = _run("template", file)

    assert (code, out) == (0, f"已生成 {file}：填好以后用 rules statements read 读回")
    years = [cell.value for cell in load_workbook(file)["利润表"][3]]
    assert years == ["科目", 2025, 2024, 2023, 2022]


def test_the_template_starts_with_the_year_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "报表.xlsx"

    assert _run("template", file, "--year", 2020, "--scheme", SCHEME)[0] == 0
    assert load_workbook(file)["利润表"]["B3"].value == 2020


def test_what_was_read_is_listed_by_item_and_year(filled: Path) -> None:
    code, out, _ = _run("read", filled)

    assert code == 0
    assert [line.split() for line in out.splitlines() if "总额" in line or "科目" in line] == [
        ["科目（元）", "2025", "2024"],
        ["资产总额", "1000000", "900000.5"],
        ["负债总额", "450000.01"],
    ]


def test_what_was_read_is_a_file_of_facts_that_can_be_scored(filled: Path, tmp_path: Path) -> None:
    facts = tmp_path / "事实.json"

    code, out, _ = _run("read", filled, "--facts", facts, "--as-of", "2026-03-01")

    assert (code, out) == (0, f"已写入 {facts}：2 个年度")
    pack = shipped_pack(SCHEME)
    result = score(pack, read_facts(pack, facts.read_text(), "f.json"), date(2026, 3, 1))
    rows = [part for row in result.as_dict()["indicators"] for part in row["parts"]]
    points = {part["id"]: part["points"] for part in rows}
    assert points["PQ0302.资产负债率"] == Decimal("0.8")


def test_a_wrong_cell_is_named_and_nothing_is_written(filled: Path, tmp_path: Path) -> None:
    book = load_workbook(filled)
    book["利润表"]["B4"] = "=B5*2"
    book.save(filled)
    facts = tmp_path / "事实.json"

    code, out, err = _run("read", filled, "--facts", facts)

    told = f"✗ {filled} 没有收下：\n利润表 第 4 行 B 列：请填数字，不要用公式"
    assert (code, out, err) == (2, "", told)
    assert not facts.exists()


def test_a_file_that_is_there_is_never_written_over(filled: Path, tmp_path: Path) -> None:
    before, facts = filled.read_bytes(), tmp_path / "事实.json"
    facts.write_text("{}")

    again = _run("template", filled)
    onto = _run("read", filled, "--facts", facts)

    assert again == (2, "", f"✗ {filled}：已经有这个文件，请换一个名字")
    assert onto == (2, "", f"✗ {facts}：已经有这个文件，请换一个名字")
    assert (filled.read_bytes(), facts.read_text()) == (before, "{}")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("template", "报表.xls"), "报表.xls：请用 .xlsx 文件"),
        (("template", "/nowhere/a.xlsx"), "/nowhere/a.xlsx：写不了这个文件，请检查目录"),
        (("read", "/nowhere/a.xlsx"), "/nowhere/a.xlsx：打不开这个文件"),
        (("read", "a.xlsx", "--as-of", "明天"), "--as-of：明天：不是日期，例如 2026-03-01"),
        (
            ("template", "a.xlsx", "--scheme", "shanxi-integrity"),
            "请用 --scheme 指定一个要报表的评价体系，见 rules list",
        ),
    ],
)
def test_a_refusal_is_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    assert _run(*words) == (2, "", f"✗ {sentence}")


def test_facts_are_written_as_json_only(filled: Path, tmp_path: Path) -> None:
    facts = tmp_path / "f.toml"

    assert _run("read", filled, "--facts", facts)[2] == f"✗ {facts}：企业事实文件请以 .json 结尾"


def test_an_unknown_scheme_is_named(tmp_path: Path) -> None:
    code, _, err = _run("template", tmp_path / "a.xlsx", "--scheme", "none")

    assert code == 2
    assert "none" in err


def test_the_commands_stand_under_rules() -> None:
    done = CliRunner().invoke(app, ["rules", "statements", "--help"])

    assert done.exit_code == 0
    assert "template" in done.stdout
