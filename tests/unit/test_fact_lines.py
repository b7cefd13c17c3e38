"""Lines from the database say what the strict reader says, record for record."""

from datetime import date
from decimal import Decimal
from random import Random

import orjson
import pytest

from bot.scoring.engine import score
from bot.scoring.facts_reader import facts_from
from bot.scoring.library import shipped_pack, versions
from bot.scoring.reading import BadData, Table
from bot.services.fact_lines import FIELD, ROW, Reader, row, value_text
from tests import register
from tests.register import AS_OF

PACKS = [shipped_pack(scheme) for scheme in versions()]
CASME = shipped_pack("casme-public-credit")


def line(given: dict) -> str:
    """A record as the database hands it over."""
    amounts = {
        sheet: {name: value_text(amount) for name, amount in given[sheet].items()}
        for sheet in ("items", "before")
        if sheet in given
    }
    detail = {name: given[name] for name in ("by", "reason", "year") if name in given} | amounts
    names = ("kind", "value", "standing", "date", "repaired_on", "ended_on")
    texts = [value_text(given.get(name, "")) for name in names]
    more = [orjson.dumps(detail).decode() if detail else "", given["source"], given["evidence"]]
    return FIELD.join([given["id"], given["fact"], *texts, *more])


def strictly(pack, rows, basis):
    return facts_from(pack, Table({"records": rows}, ""), basis=basis, standing="declared")


@pytest.mark.parametrize("basis", ["self", "verified"])
@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
def test_quick_and_strict_reading_agree_on_every_record_and_result(pack, basis, monkeypatch):
    random, reader = Random(11), Reader(pack, basis, AS_OF)
    monkeypatch.setattr(reader, "_strict", None)  # whatever needs it would fail

    for _ in range(150):
        rows = register.rows(pack, random, about=20)
        strict = strictly(pack, rows, basis)
        lines = ROW.join(line(one) for one in sorted(rows, key=lambda r: (r["fact"], r["id"])))
        quick = reader.facts(lines)

        assert quick.records == strict.records
        assert quick.usable == strict.usable
        assert quick.latest[0] == strict.latest[0]
        told = score(pack, quick, AS_OF).as_json()
        assert told == score(pack, strict, AS_OF).as_json()


def test_a_line_becomes_the_record_that_was_given():
    pack, random = shipped_pack("sme-credit-rating"), Random(5)
    rows = [one for _ in range(30) for one in register.rows(pack, random, about=25)]

    for given in rows:
        kept = {n: {i: Decimal(a) for i, a in v.items()} if isinstance(v, dict) else v
                for n, v in given.items()}  # fmt: skip
        assert row(line(given), pack) == kept


GOOD = {
    "id": "p1", "fact": "penalties", "kind": "一般", "value": 1, "date": "2025-01-01",
    "standing": "verified", "source": "信用中国", "evidence": "文件-1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "特大"}, "“特大”不在可用的值里"),
        ({"kind": ""}, "kind：缺少这一项"),
        ({"date": ""}, "这一项按时间窗口计算，请补上日期"),
        ({"date": "2025-02-30"}, "应当是一个日期"),
        ({"value": "很多"}, "应当是一个整数"),
        ({"value": -1}, "不能是负数"),
        ({"value": 10_001}, "数量太大"),
        ({"fact": "registration_status", "kind": "", "value": "飞走"}, "“飞走”不在可用的值里"),
        ({"fact": "high_tech", "kind": "", "repaired_on": "2025-02-01"}, "只有不良记录可以修复"),
        ({"fact": "high_tech"}, "没有这个键"),
        ({"fact": "founded_on", "kind": "", "value": "去年"}, "应当是一个日期"),
    ],
)
def test_what_does_not_fit_this_version_is_refused_as_the_strict_reader_does(change, words):
    given = GOOD | change
    reader = Reader(CASME, "verified", AS_OF)

    with pytest.raises(BadData) as refusal:
        reader.facts(line(given))

    assert words in str(refusal.value)
    assert "records[p1]" in str(refusal.value)


@pytest.mark.parametrize(
    "change",
    [
        {"date": "2026-03-02"},
        {"repaired_on": "2026-03-02"},
        {"fact": "founded_on", "kind": "", "value": "2026-03-02", "date": ""},
    ],
)
def test_what_happens_after_the_day_is_refused_with_its_place(change):
    facts = Reader(CASME, "verified", AS_OF).facts(line(GOOD | change | {"standing": "declared"}))

    with pytest.raises(BadData, match=r"records\[p1\]：日期 2026-03-02 在评价日 2026-03-01 之后"):
        score(CASME, facts, AS_OF)


def test_a_statement_of_a_year_that_is_not_over_lies_after_the_day():
    pack = shipped_pack("sme-credit-rating")
    given = {k: GOOD[k] for k in ("id", "standing", "source", "evidence")} | {
        "fact": "statements", "year": 2026, "items": {"资产总额": Decimal("0.1")},
    }  # fmt: skip
    early, late = (Reader(pack, "verified", day) for day in (AS_OF, date(2027, 1, 1)))

    with pytest.raises(BadData, match="2026-12-31"):
        score(pack, early.facts(line(given)), AS_OF)
    assert late.facts(line(given)).records[0].items == {"资产总额": Decimal("0.1")}


def test_an_item_that_this_version_does_not_know_is_refused():
    pack = shipped_pack("sme-credit-rating")
    given = {k: GOOD[k] for k in ("id", "standing", "source", "evidence")} | {
        "fact": "statements", "year": 2025, "items": {"魔法": 1},
    }  # fmt: skip

    with pytest.raises(BadData, match="没有这个科目"):
        Reader(pack, "verified", AS_OF).facts(line(given))


def test_facts_of_another_scheme_and_no_facts_at_all_are_no_trouble():
    reader = Reader(CASME, "verified", AS_OF)
    foreign = GOOD | {"fact": "wage_arrears"}

    assert reader.facts(line(foreign)).records == ()
    assert reader.facts(ROW.join([line(foreign), line(GOOD | {"date": "2030-01-01"})])).records
    assert reader.facts(None).usable == reader.facts("").usable == {}


def test_numbers_are_exact():
    pack = shipped_pack("sme-credit-rating")
    number = next(spec.id for spec in pack.facts.values() if spec.type == "number")
    given = GOOD | {"fact": number, "kind": "", "value": Decimal("0.10"), "date": ""}
    reader = Reader(pack, "verified", AS_OF)

    assert reader.facts(line(given)).records[0].value == Decimal("0.1")
    with pytest.raises(BadData, match="不能是负数"):
        reader.facts(line(given | {"value": Decimal("-0.1")}))
