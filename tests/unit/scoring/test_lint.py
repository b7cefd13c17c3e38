"""Each defect that the linter must find, planted once in a pack that has none."""

import tomllib
from pathlib import Path

import pytest

from bot.scoring.lint import check_pack, load_pack
from bot.scoring.pack_reader import read_pack
from bot.scoring.reading import BadData

HERE = Path(__file__).parent
BASE = (HERE / "base_pack.toml").read_text(encoding="utf-8")

DATA = tomllib.loads((HERE / "planted.toml").read_text(encoding="utf-8"))
PLANTED = [(d["old"], d["new"], d["code"], d["sentence"]) for d in DATA["planted"]]
TYPOS = [(d["old"], d["new"], d["sentence"]) for d in DATA["typo"]]


def test_the_pack_without_a_defect_has_no_findings() -> None:
    assert check_pack(read_pack(BASE, "p.toml")) == []


@pytest.mark.parametrize(("old", "new", "code", "sentence"), PLANTED)
def test_the_linter_finds_the_planted_defect(old: str, new: str, code: str, sentence: str) -> None:
    assert old in BASE
    findings = check_pack(read_pack(BASE.replace(old, new, 1), "p.toml"))

    assert f"p.toml：{sentence}（{code}）" in [str(finding) for finding in findings]


@pytest.mark.parametrize(("old", "new", "sentence"), TYPOS)
def test_a_pack_with_a_typing_error_is_refused_by_file_and_key(
    old: str, new: str, sentence: str
) -> None:
    assert old in BASE

    with pytest.raises(BadData) as refusal:
        read_pack(BASE.replace(old, new, 1), "p.toml")

    assert str(refusal.value) == sentence


def test_a_pack_with_findings_cannot_be_loaded_for_scoring() -> None:
    spoilt = BASE.replace("below = 70", "below = 65").replace("cap = 20", "cap = 4")

    with pytest.raises(BadData) as refusal:
        load_pack(spoilt, "p.toml")

    assert str(refusal.value) == "p.toml：grade[B]：65 到 70 之间没有等级（ladder）；另有 1 处问题"


def test_reference_values_must_run_from_good_to_bad() -> None:
    text = BASE.replace('"好" = 1, "中" = 0.5', '"好" = 1, "中" = 0.5, "差" = 0.2')
    found = check_pack(read_pack(text.replace("[0.4, 0.6]", "[0.4, 0.8, 0.6]"), "p.toml"))

    assert [f.problem for f in found] == ["“负债率”的标准值应当从优到差排列"]


def test_a_pack_without_indicators_or_grades_is_no_pack() -> None:
    empty = BASE[: BASE.index("[expert]")] + "[facts]\n"
    found = check_pack(read_pack(empty, "p.toml"))

    assert [f.problem for f in found] == ["至少要有一个 [[indicator]] 和一个 [[grade]]"]
