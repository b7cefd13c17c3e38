"""`rules` on the command line: what it prints, and how it refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.commands.rules import rules
from bot.scoring.library import PACKS

FACTS = """format = 1
subject = "示例企业"
basis = "verified"
standing = "verified"
[values]
registration_status = "存续"
high_tech = 1
judgment_debtor = 1
"""
SCHEME = "casme-public-credit"
PACK = PACKS / SCHEME / "1.toml"


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    folder = tmp_path / "facts"
    folder.mkdir()
    (folder / "甲.toml").write_text(FACTS, encoding="utf-8")
    (folder / "乙.toml").write_text(FACTS.replace("judgment_debtor = 1", ""), encoding="utf-8")
    return folder


def _run(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(rules, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


def _score(file: Path, *more: str) -> tuple[int, str, str]:
    return _run("score", "--scheme", SCHEME, "--facts", file, "--as-of", "2026-03-01", *more)


def test_a_file_of_facts_is_scored_and_explained(facts: Path) -> None:
    code, out, _ = _score(facts / "甲.toml")

    assert code == 0
    assert out.splitlines()[:4] == [
        "中小企业公共信用评价 第 1 版 示例企业，2026-03-01",
        "",
        "【结果】",
        (
            "  795 分，B。信用一般：不能很好的遵守各项法律法规以及地方规章，"
            "不能够诚实守信地从事生产经营活动，有一定的社会不良影响。"
        ),
    ]


def test_json_is_the_same_to_the_byte_every_time(facts: Path) -> None:
    first, second = (_score(facts / "甲.toml", "--json")[1] for _ in range(2))
    told = json.loads(first)

    assert first == second
    assert (told["total"], told["grade"], told["scheme"]) == (795, "B", SCHEME)
    assert told["explanation"]["way_up"]["target"] == "A"


def test_the_basis_can_be_changed_from_outside(facts: Path) -> None:
    told = json.loads(_score(facts / "甲.toml", "--basis", "self", "--json")[1])

    assert (told["label"], told["grade"], told["level"]) == ("自评", None, "B")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--scheme", "none"],
         "none：没有这个评价体系；有：casme-public-credit、shanxi-integrity、sme-credit-rating"),
        (["--version", "9"], "casme-public-credit：没有第 9 版"),
        (["--as-of", "1.3.2026"], "--as-of：1.3.2026：不是日期，例如 2026-03-01"),
        (["--basis", "other"], "--basis：other：应当是 self 或 verified"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_refused_with_one_sentence(
    facts: Path, words: list[str], sentence: str
) -> None:
    code, out, err = _score(facts / "甲.toml", *words)

    assert (code, out, err.strip()) == (2, "", sentence)


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe")

    assert _score(tmp_path / "none.toml")[2].strip() == f"{tmp_path}/none.toml：打不开这个文件"
    assert _score(binary)[2].strip() == f"{binary}：不是 UTF-8 编码的文本"


def test_all_cases_agree_and_are_counted() -> None:
    code, out, _ = _run("cases")

    assert code == 0
    assert out.splitlines() == [
        "casme-public-credit 第 1 版：70 个例子，70 个一致",
        "shanxi-integrity 第 1 版：79 个例子，79 个一致",
        "sme-credit-rating 第 1 版：96 个例子，96 个一致",
    ]


def test_packs_and_programmes_are_listed() -> None:
    out = _run("list")[1]

    assert [line.split()[:2] for line in out.splitlines() if line][1:4] == [
        ["casme-public-credit", "1"],
        ["shanxi-integrity", "1"],
        ["sme-credit-rating", "1"],
    ]
    assert out.splitlines()[-1].split() == [
        "shanxi-integrity", "中小企业诚信等级评价", "山西省中小企业发展促进会",
        "shanxi-integrity", "never",
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["casme-public-credit", "sme-credit-rating", "shanxi-integrity"])
def test_a_scheme_is_shown_as_people_read_it(scheme: str) -> None:
    code, out, _ = _run("show", scheme)

    assert code == 0
    assert "等级" in out.splitlines()
    assert [word for word in ("None", "Decimal", "{") if word in out] == []


def test_everything_shipped_lints_clean() -> None:
    assert _run("lint")[:2] == (0, "检查了 7 个文件，0 处问题\n")


def test_spoilt_questions_are_reported_with_their_pack(tmp_path: Path) -> None:
    copy = tmp_path / "1.toml"
    for ending in (".toml", ".cases.toml", ".questions.toml"):
        text = PACK.with_suffix(ending).read_text(encoding="utf-8")
        copy.with_suffix(ending).write_text(text.replace("minutes = 4", 'minutes = "4"'), "utf-8")
    code, out, _ = _run("lint", tmp_path)

    assert (code, out.splitlines()) == (
        1,
        [f"{tmp_path}/1.questions.toml：minutes：应当是一个整数", "检查了 1 个文件，1 处问题"],
    )


def test_a_spoilt_pack_and_missing_cases_are_reported(tmp_path: Path) -> None:
    spoilt = tmp_path / "2.toml"
    text = PACK.read_text(encoding="utf-8")
    spoilt.write_text(text.replace("from = 810", "from = 811"), encoding="utf-8")
    code, out, _ = _run("lint", spoilt)

    assert (code, out.splitlines()) == (
        1,
        [f"{spoilt}：grade[A]：810 到 811 之间没有等级（ladder）", "检查了 1 个文件，1 处问题"],
    )
    spoilt.write_text(text, encoding="utf-8")
    assert _run("lint", spoilt)[1].splitlines()[0] == f"{tmp_path}/2.cases.toml：缺少例子文件"


def test_a_dry_run_shows_who_moves_and_why(facts: Path, tmp_path: Path) -> None:
    new = tmp_path / "2.toml"
    text = PACK.read_text(encoding="utf-8").replace("version = 1", "version = 2")
    new.write_text(text.replace("each = -15", "each = -21"), encoding="utf-8")

    code, out, _ = _run("diff", PACK, new, "--facts", facts, "--as-of", "2026-03-01")

    assert code == 0
    assert out.splitlines() == [
        "共 2 家：等级变化 1 家，只有分数或明细变化 0 家。",
        "  原等级  新等级  家数",
        "  AA      AA      1",
        "  B       C       1",
        "",
        "甲：B（795 分）→ C（789 分）",
        "  被执行人信息情况：-15 分 → -21 分",
        "  扣分合计（失信信息）（封顶后）：-15 分 → -21 分",
        "  司法信息（封顶后）：-15 分 → -21 分",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["diff", PACK, PACK, "--as-of", "2026-03-01", "--facts"],
            "这里没有企业事实文件（.toml 或 .json）",
        ),
        (["lint"], "这里没有评分包或评价项目的 .toml 文件"),
    ],
)
def test_a_folder_that_is_not_there_is_said_so(
    tmp_path: Path, words: list[object], sentence: str
) -> None:
    code, out, err = _run(*words, tmp_path / "none")

    assert (code, out, err.strip()) == (2, "", f"{tmp_path}/none：{sentence}")


def test_cases_of_a_scheme_that_does_not_exist_are_not_passed_over() -> None:
    code, out, err = _run("cases", "--scheme", "casme")

    assert (code, out, err.strip()[:17]) == (2, "", "casme：没有这个评价体系；有：")


def test_the_mark_that_notepad_puts_in_front_does_no_harm(facts: Path) -> None:
    (facts / "甲.toml").write_text(FACTS, encoding="utf-8-sig")

    assert _score(facts / "甲.toml")[0] == 0


def test_half_a_character_is_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"format": 1, "subject": "\\ud800"}', encoding="utf-8")

    assert _score(file)[2].strip() == f"{file}：subject：有不完整的字符"


def test_a_dry_run_says_whom_it_cannot_read(facts: Path) -> None:
    (facts / "甲.toml").write_text("format = 1\n[values]\nnothing = 1\n", encoding="utf-8")

    out = _run("diff", PACK, PACK, "--facts", facts, "--as-of", "2026-03-01")[1]

    assert out.splitlines()[1:4] == [
        "  原等级    新等级    家数",
        "  AA        AA        1",
        "  无法计算  无法计算  1",
    ]


def test_a_file_that_is_no_pack_and_too_few_cases_are_reported(tmp_path: Path) -> None:
    pack, cases = tmp_path / "2.toml", tmp_path / "2.cases.toml"
    pack.write_text("id = ", encoding="utf-8")
    assert _run("lint", tmp_path)[1].splitlines()[0] == f"{pack}：第 1 行：TOML 写法有误：id ="

    pack.write_text(PACK.read_text(encoding="utf-8"), encoding="utf-8")
    cases.write_text("", encoding="utf-8")
    assert _run("lint", tmp_path)[1].splitlines()[0] == f"{cases}：只有 0 个例子，至少要 40 个"


def test_a_dry_run_counts_facts_from_the_future_as_unreadable(facts: Path) -> None:
    out = _run("diff", PACK, PACK, "--facts", facts, "--as-of", "2026-03-01")[1]
    (facts / "丙.json").write_text(
        '{"format": 1, "values": {"founded_on": "2027-01-01"}}', encoding="utf-8"
    )
    later = _run("diff", PACK, PACK, "--facts", facts, "--as-of", "2026-03-01")[1]

    assert out.splitlines()[0] == "共 2 家：等级变化 0 家，只有分数或明细变化 0 家。"
    assert later.splitlines()[-1].split() == ["无法计算", "无法计算", "1"]
