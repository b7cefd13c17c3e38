"""The questionnaires ask for everything that the packs look at, and in words of their own."""

import re
import tomllib
from datetime import date

import pytest

from bot.scoring.library import PACKS, questionnaire, shipped_pack, versions
from bot.scoring.lint import load_pack
from bot.scoring.questions import dated
from bot.scoring.questions_reader import read_questionnaire
from bot.scoring.reading import BadData
from tests.unit.scoring.test_lint import BASE

SCHEMES = sorted(versions())
HEAD = 'scheme = "base"\nversion = 1\nname = "示例"\nabout = "示例"\nminutes = 2\n'
ONE = '[[section]]\nid = "a"\ntitle = "甲"\n[[section.question]]\n'


def base():
    return load_pack(BASE, "base.toml")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_fact_of_a_pack_is_asked_for_once_in_the_words_of_its_file(scheme):
    pack = shipped_pack(scheme)
    asked = [fact for question in questionnaire(pack) for fact in question.told]
    statements = pack.statement.fact if pack.statement else ""

    assert set(asked) == set(pack.facts)
    assert [fact for fact in set(asked) if fact != statements and asked.count(fact) > 1] == []
    assert questionnaire(pack).section("more") is None


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_indicator_and_every_bar_is_decided_by_some_question(scheme):
    pack = shipped_pack(scheme)
    used = {name for question in questionnaire(pack) for name in question.used_for}

    assert used >= {i.name for i in pack.indicators} | {bar.name for bar in pack.bars}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_question_says_what_it_is_for_and_gives_an_example(scheme):
    for question in questionnaire(shipped_pack(scheme)):
        assert question.used_for
        assert question.help.endswith("。")
        assert question.example
        assert question.text.endswith("？") or question.kind == "statement"
        assert not re.search(r"\d ?分[，。]|加分|扣分", question.text + question.help)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_file_of_questions_names_its_pack_and_no_name_twice(scheme):
    path = PACKS / scheme / "1.questions.toml"
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    asked = questionnaire(shipped_pack(scheme))
    names = [one.id for one in asked] + [section.id for section in asked.sections]

    assert (told["scheme"], told["version"]) == (scheme, 1)
    assert sorted(set(names) - {"finance", "serious"}) == sorted(
        name for name in names if name not in {"finance", "serious"}
    )
    assert all(re.fullmatch(r"[a-z_]{2,40}", name) for name in names)


def test_facts_with_a_window_somewhere_are_asked_with_their_day_everywhere():
    """One credit file serves all schemes: a record without a day would stop the others."""
    packs = [shipped_pack(scheme) for scheme in SCHEMES]
    windows = {fact for pack in packs for fact in dated(pack)}

    for pack in packs:
        for question in questionnaire(pack):
            if set(question.facts) & windows:
                assert question.kind == "events", question.id


def test_facts_of_one_name_are_asked_in_one_way_by_all_schemes():
    kinds: dict[str, set[str]] = {}
    for scheme in SCHEMES:
        for question in questionnaire(shipped_pack(scheme)):
            for fact in question.facts:
                kinds.setdefault(fact, set()).add(question.kind)

    assert {fact: found for fact, found in kinds.items() if len(found) > 1} == {}


def test_the_short_form_of_the_public_scheme_has_few_pages():
    asked = questionnaire(shipped_pack("casme-public-credit"))

    assert (len(asked), len(asked.sections)) == (18, 3)


def test_a_question_and_its_page_are_found_by_name():
    asked = questionnaire(shipped_pack("casme-public-credit"))
    question = asked.question("penalties")

    assert asked.section_of(question) is asked.section("records")
    assert (asked.question("nothing"), asked.section("nothing")) == (None, None)


def test_a_pack_without_a_file_is_asked_by_the_names_of_its_facts():
    asked = questionnaire(base())

    told = {one.id: (one.kind, one.text) for one in asked}
    assert told == {
        "kind": ("choice", "类型？"),
        "born": ("date", "成立日期？"),
        "prizes": ("events", "奖励？"),
        "faults": ("events", "处罚？"),
        "care": ("mark", "管理？"),
        "books.资产负债表": ("statement", "资产负债表"),
        "trade": ("text", "行业？"),
    }
    assert [one.label for one in asked.question("care").options] == [
        f"{mark} 分" for mark in (5, 4, 3, 2, 1, 0)
    ]
    assert asked.question("care").help == "依据：评分表"


def test_a_newer_version_is_asked_in_the_old_words_and_by_name_where_there_are_none():
    old = (PACKS / "casme-public-credit" / "1.toml").read_text(encoding="utf-8")
    new = old.replace("version = 1\n", "version = 2\n", 1).replace(
        "[[gate]]",
        '[[indicator]]\nid = "green"\ncode = "B"\nname = "绿色工厂"\ngroup = "honour"\n'
        'rule = "present"\nfact = "green"\npoints = 3\neffort = 5\nhow = "可以申请"\n'
        'source = { house = "示例" }\n\n[[gate]]',
        1,
    )
    fact = 'green = { name = "绿色工厂", type = "records", evidence = "证书" }\n'
    new = new.replace("gazelle = {", f"{fact}gazelle = {{", 1)
    asked = questionnaire(load_pack(new, "2.toml"))

    assert asked.question("taxpayer").text == "企业是哪一种纳税人？"
    assert [one.id for one in asked.section("more").questions] == ["green"]


def test_what_a_pack_has_no_longer_is_not_asked():
    text = f'{HEAD}{ONE}id = "gone"\nkind = "count"\nfacts = ["gone"]\ntext = "有吗？"\n'
    asked = read_questionnaire(base(), text, "q.toml")

    assert asked.question("gone") is None
    assert [section.id for section in asked.sections] == ["more"]


@pytest.mark.parametrize(
    ("kind", "facts", "problem"),
    [
        ("date", '["kind"]', "“kind”不能这样问"),
        ("count", '["prizes", "faults"]', "“prizes”不能这样问"),
        ("which", '["prizes", "faults"]', "“prizes”要问日期，不能只勾选"),
        ("statement", '["books"]', "评分包里没有这张报表"),
        ("song", '["kind"]', "不在可用的值里"),
    ],
)
def test_a_kind_of_question_that_does_not_fit_its_facts_is_refused(kind, facts, problem):
    text = f'{HEAD}{ONE}id = "q"\nkind = "{kind}"\nfacts = {facts}\ntext = "？"\n'

    with pytest.raises(BadData, match=problem):
        read_questionnaire(base(), text, "q.toml")


def test_what_a_wrong_key_or_a_missing_word_is_refused_with_its_place():
    text = f'{HEAD}{ONE}id = "q"\nkind = "count"\nfacts = ["prizes"]\ntext = "？"\nhlep = "x"\n'

    with pytest.raises(BadData, match=r"section\[a\]\.question\[q\]\.hlep"):
        read_questionnaire(base(), text, "q.toml")


def test_dates_of_today_are_what_the_examples_show():
    """An example must not be refused by the reader of its own question."""
    from bot.scoring.answers import read

    for scheme in SCHEMES:
        for question in questionnaire(shipped_pack(scheme)):
            if question.kind == "date":
                assert read(question, {"v": question.example}, date(2026, 3, 1)).state == "given"
