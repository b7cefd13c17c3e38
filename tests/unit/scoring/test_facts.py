"""Facts that cannot be read get one clear sentence with the place."""

import tomllib
from pathlib import Path

import pytest

from bot.scoring.facts_reader import read_facts
from bot.scoring.pack import Pack
from bot.scoring.reading import BadData

HEAD = "format = 1\n"
DATA = tomllib.loads((Path(__file__).parent / "bad_facts.toml").read_text(encoding="utf-8"))
BAD = [(row["text"], row["sentence"]) for row in DATA["toml"]]
BAD_JSON = [(row["text"], row["sentence"]) for row in DATA["json"]]


def _record(text: str) -> str:
    return f'{HEAD}[[records]]\nid = "x"\n{text}\n'


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_a_bad_toml_file_is_refused_with_one_sentence(
    public: Pack, text: str, sentence: str
) -> None:
    with pytest.raises(BadData) as refusal:
        read_facts(public, text, "f.toml")

    assert str(refusal.value) == sentence


@pytest.mark.parametrize(("text", "sentence"), BAD_JSON)
def test_a_bad_json_file_is_refused_with_one_sentence(
    public: Pack, text: str, sentence: str
) -> None:
    with pytest.raises(BadData) as refusal:
        read_facts(public, text, "f.json")

    assert str(refusal.value) == sentence


@pytest.mark.parametrize("value", ["[" * 100_000 + "]" * 100_000, "9" * 5000])
def test_what_would_exhaust_the_reader_is_refused(public: Pack, value: str) -> None:
    with pytest.raises(BadData) as refusal:
        read_facts(public, '{"format": ' + value + "}", "f.json")

    assert str(refusal.value) == "f.json：里面有不合理的数，或嵌套太深"


def test_json_and_toml_say_the_same(public: Pack) -> None:
    toml = read_facts(public, _record('fact = "founded_on"\nvalue = 2020-01-01'), "f.toml")
    json = read_facts(
        public,
        '{"format": 1, "records": [{"id": "x", "fact": "founded_on", "value": "2020-01-01"}]}',
        "f.json",
    )

    assert toml.records == json.records


def test_the_year_of_a_statement_must_be_a_year(rating: Pack) -> None:
    text = _record('fact = "statements"\nyear = 25\nitems = {}')

    with pytest.raises(BadData) as refusal:
        read_facts(rating, text, "f.toml")

    assert str(refusal.value) == "f.toml：records[x].year：报表年度不合理"


def test_only_what_can_be_lost_may_be_negative_in_a_statement(rating: Pack) -> None:
    lost = _record('fact = "statements"\nyear = 2025\nitems = { "净利润" = -1 }')
    owned = _record('fact = "statements"\nyear = 2025\nitems = { "资产总额" = -1 }')

    (loss,) = read_facts(rating, lost, "f.toml").records
    with pytest.raises(BadData) as refusal:
        read_facts(rating, owned, "f.toml")

    assert loss.items["净利润"] == -1
    assert str(refusal.value) == "f.toml：records[x].items.资产总额：这个科目不能是负数，请检查"
