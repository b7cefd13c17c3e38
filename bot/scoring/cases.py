"""Cases beside a pack: facts and what they must come to, read by staff and run as tests."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.scoring.engine import score
from bot.scoring.facts import Facts
from bot.scoring.facts_reader import FORMAT, facts_from
from bot.scoring.pack import Pack
from bot.scoring.reading import BadData, Table, parse_toml
from bot.scoring.result import Result

_EXPECTED = (
    "total",
    "grade",
    "level",
    "level_by_points",
    "state",
    "answered",
    "points",
    "groups",
    "unknown",
    "vetoes",
    "ceilings",
    "ends",
    "error",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One example; `facts` is the sentence of refusal when the facts cannot be read."""

    name: str
    as_of: date
    facts: Facts | BadData
    expect: dict[str, Any]


def read_cases(pack: Pack, text: str, file: str) -> tuple[Case, ...]:
    """All cases of a pack; a case may build on an earlier one with `like`."""
    top = Table(parse_toml(text, file), file)
    earlier: dict[str, dict[str, Any]] = {}
    cases = tuple(_case(pack, row, earlier) for row in top.tables("case"))
    top.done()
    return cases


def run_case(pack: Pack, case: Case) -> list[str]:
    """What does not agree; empty when the case holds."""
    found = case.facts
    if not isinstance(found, BadData):
        try:
            result = score(pack, found, case.as_of)
        except BadData as error:
            found = error
        else:
            return _differences(_seen(result), case.expect)
    wanted = case.expect.get("error")
    if wanted and wanted in str(found):
        return []
    return [f"没有预料到：{found}"]


def _case(pack: Pack, row: Table, earlier: dict[str, dict[str, Any]]) -> Case:
    name = row.text("name")
    if name in earlier:
        row.fail("同名的例子", "name")
    as_of = row.day("as_of")
    like = row.maybe_text("like")
    if like is not None and like not in earlier:
        row.fail(f"前面没有叫“{like}”的例子", "like")
    expect = dict(row.table("expect").items())
    unknown = sorted(set(expect) - set(_EXPECTED))
    if unknown:
        row.fail("没有这个键，请检查拼写", f"expect.{unknown[0]}")
    merged = _merged(earlier.get(like or "", {}), dict(row.items()))
    earlier[name] = merged
    return Case(name, as_of, _facts(pack, merged, row), expect)


def _facts(pack: Pack, raw: dict[str, Any], row: Table) -> Facts | BadData:
    """A refusal is kept: some cases are about what must be refused."""
    raw = {key: value for key, value in raw.items() if key != "marks"} | {
        "records": raw.get("records", []) + _marks(raw.get("marks", {}))
    }
    table = Table({"format": FORMAT, **raw}, row.file, row.place)
    table.integer("format")
    try:
        facts = facts_from(pack, table, basis="verified", standing="verified")
        table.done()
    except BadData as error:
        return error
    return facts


def _marks(marks: dict[str, list[int]]) -> list[dict[str, Any]]:
    """The short form for expert marks: one list of marks for each fact."""
    return [
        {"id": f"marks.{fact}.{n}", "fact": fact, "value": mark, "by": f"专家{n}", "reason": "示例"}
        for fact, given in marks.items()
        for n, mark in enumerate(given, start=1)
    ]


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = {**base, **own}
    for key in ("values", "marks"):
        merged[key] = {**base.get(key, {}), **own.get(key, {})}
    fresh = {record.get("id") for record in own.get("records", [])}
    kept = [record for record in base.get("records", []) if record.get("id") not in fresh]
    merged["records"] = kept + own.get("records", [])
    return merged


def _seen(result: Result) -> dict[str, Any]:
    told = result.as_dict()
    bars = told["vetoes"] + told["ceilings"]
    return told | {
        "points": {row["id"]: row["points"] for row in told["indicators"]}
        | {
            part["id"]: part["points"]
            for row in told["indicators"]
            for part in row["parts"]
            if part["id"] != row["id"]
        },
        "groups": {row["id"]: row["points"] for row in told["groups"]},
        "unknown": [row["id"] for row in told["indicators"] if row["state"] == "unknown"],
        "vetoes": [row["id"] for row in told["vetoes"]],
        "ceilings": [row["id"] for row in told["ceilings"]],
        "ends": {row["id"]: row["ends_on"] for row in bars},
        "grade": told["grade"] or "",
        "error": "",
    }


def _differences(seen: dict[str, Any], expect: dict[str, Any]) -> list[str]:
    wrong = []
    for key, wanted in expect.items():
        if isinstance(wanted, dict):
            for inner, value in wanted.items():
                got = seen[key].get(inner, "（没有）")
                got = "未知" if got is None else got
                if got != value:
                    wrong.append(f"{key}.{inner} 应为 {value}，实为 {got}")
        elif key == "unknown":
            missing = [name for name in wanted if name not in seen["unknown"]]
            wrong += [f"{name} 应为未知" for name in missing]
        elif seen[key] != wanted:
            wrong.append(f"{key} 应为 {wanted}，实为 {seen[key]}")
    return wrong
