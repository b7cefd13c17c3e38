"""What must hold for every enterprise, whatever is known about it."""

import json
from datetime import date
from decimal import Decimal

import pytest
from enterprises import AS_OF, Row, enterprises, read
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.scoring.canonical import canonical
from bot.scoring.engine import score
from bot.scoring.facts import Facts
from bot.scoring.facts_reader import read_facts
from bot.scoring.library import shipped_pack, versions
from bot.scoring.lint import load_pack
from bot.scoring.pack import Pack
from bot.scoring.reading import BadData
from bot.scoring.result import Result

PACKS = [shipped_pack(scheme) for scheme in versions()]
any_pack = st.sampled_from(PACKS)


@st.composite
def _any(draw: st.DrawFn) -> tuple[Pack, list[Row]]:
    pack = draw(any_pack)
    return pack, draw(enterprises(pack))


@settings(max_examples=10)  # each reads a pack
@given(_any())
def test_the_same_input_gives_the_same_bytes_from_a_pack_read_anew(
    one: tuple[Pack, list[Row]],
) -> None:
    pack, rows = one

    assert _json(pack, rows) == _json(_read_again(pack), rows)


def _read_again(pack: Pack) -> Pack:
    from bot.scoring.library import pack_path

    return load_pack(pack_path(pack.id, pack.version).read_text(encoding="utf-8"), pack.file)


def _json(pack: Pack, rows: list[Row]) -> bytes:
    return score(pack, read(pack, rows), AS_OF).as_json()


@given(_any())
def test_points_add_up_through_the_groups_and_stay_inside_the_limits(
    one: tuple[Pack, list[Row]],
) -> None:
    pack, rows = one
    result = score(pack, read(pack, rows), AS_OF)

    assert result.total == _total_by_hand(pack, result)
    assert pack.score.at_least <= result.total <= pack.score.at_most


def _total_by_hand(pack: Pack, result: Result) -> Decimal:
    points = {row["id"]: row["points"] or Decimal(0) for row in result.as_dict()["indicators"]}

    def group(name: str | None) -> Decimal:
        total = sum((points[i.id] for i in pack.indicators if i.group == name), Decimal(0))
        for child in (g for g in pack.groups if g.within == name):
            inner = group(child.id)
            inner = inner if child.at_most is None else min(inner, child.at_most)
            total += inner if child.at_least is None else max(inner, child.at_least)
        return total

    total = pack.score.base + group(None)
    return min(pack.score.at_most, max(pack.score.at_least, total))


@given(_any())
def test_no_float_is_anywhere_in_a_result(one: tuple[Pack, list[Row]]) -> None:
    pack, rows = one
    told = score(pack, read(pack, rows), AS_OF).as_dict()

    assert _types(told) <= {str, int, bool, Decimal, date, type(None)}


def _types(value: object) -> set[type]:
    if isinstance(value, dict):
        return set().union(*(_types(item) for item in value.values()))
    if isinstance(value, (list, tuple)):
        return set().union(*(_types(item) for item in value), set())
    return {type(value)}


@given(_any())
def test_the_brief_result_is_a_part_of_the_whole_in_canonical_form(
    one: tuple[Pack, list[Row]],
) -> None:
    pack, rows = one
    result = score(pack, read(pack, rows), AS_OF)
    told = result.as_dict()
    wanted = {key: told[key] for key in ("grade", "level", "level_by_points", "total")}
    wanted["bars"] = [bar["id"] for bar in told["vetoes"] + told["ceilings"]]
    wanted["points"] = {p["id"]: p["points"] for i in told["indicators"] for p in i["parts"]}

    assert result.brief() == canonical(wanted)


def test_the_brief_of_what_is_not_scored_says_why(public: Pack) -> None:
    result = score(public, read(public, []), AS_OF)

    assert result.brief() == (
        '{"refusals":["还不知道企业的登记状态，补上以后才能计分。"]}'.encode()
    )


@given(_any())
def test_a_self_assessment_is_labelled_and_has_no_grade(one: tuple[Pack, list[Row]]) -> None:
    pack, rows = one
    told = score(pack, read(pack, rows, basis="self"), AS_OF).as_dict()

    assert (told["label"], told["grade"]) == ("自评", None)


@given(_any())
def test_declared_facts_count_in_a_self_assessment_only(one: tuple[Pack, list[Row]]) -> None:
    pack, rows = one
    kept = {gate.fact for gate in pack.gates}
    declared = [row if row["fact"] in kept else {**row, "standing": "declared"} for row in rows]
    nothing = score(pack, read(pack, [row for row in rows if row["fact"] in kept]), AS_OF)

    assert score(pack, read(pack, declared), AS_OF).as_json() == nothing.as_json()
    assert (
        score(pack, read(pack, declared, basis="self"), AS_OF).units
        == score(pack, read(pack, rows, basis="self"), AS_OF).units
    )


def test_both_bases_of_one_file_can_be_laid_side_by_side(public: Pack) -> None:
    text = """
format = 1
[[records]]
id = "a"
fact = "registration_status"
value = "存续"
standing = "trusted"
[[records]]
id = "b"
fact = "high_tech"
"""
    facts = read_facts(public, text, "x.toml")

    assert _total(public, facts) == Decimal(810)
    assert _total(public, facts.on_basis("verified")) == Decimal(800)


def _total(pack: Pack, facts: Facts) -> Decimal | None:
    return score(pack, facts, AS_OF).total


def test_a_superseded_version_recomputes_bit_for_bit(public: Pack) -> None:
    from bot.scoring.library import pack_path

    text = pack_path(public.id, 1).read_text(encoding="utf-8")
    rows = [
        {"id": "s", "fact": "registration_status", "value": "存续"},
        {"id": "h", "fact": "high_tech"},
    ]
    old = load_pack(text, "1.toml")
    stored = score(old, read(old, rows), AS_OF).as_json()
    newer = text.replace("version = 1", "version = 2").replace(
        "points = 10\neffort = 7", "points = 9\neffort = 7"
    )
    new = load_pack(newer, "2.toml")

    assert score(new, read(new, rows), AS_OF).total == Decimal(809)
    again = load_pack(text, "elsewhere.toml")
    assert score(again, read(again, rows), AS_OF).as_json() == stored
    assert json.loads(stored)["hash"] == again.hash != new.hash


def test_facts_from_the_future_are_refused_before_anything_is_scored(public: Pack) -> None:
    rows = [
        {"id": "s", "fact": "registration_status", "value": "存续"},
        {"id": "h", "fact": "high_tech", "date": date(2026, 3, 2)},
    ]

    with pytest.raises(BadData) as refusal:
        score(public, read(public, rows), AS_OF)

    assert str(refusal.value) == (
        "facts.toml：records[h]：日期 2026-03-02 在评价日 2026-03-01 之后"
    )


def test_rules_know_no_scheme_by_name() -> None:
    from pathlib import Path

    modules = [p for p in Path("bot").rglob("*.py") if not p.name.startswith("demo")]
    code = "".join(p.read_text(encoding="utf-8") for p in modules)

    assert [scheme for scheme in versions() if scheme in code] == []
