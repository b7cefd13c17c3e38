"""Random enterprises for any pack: whatever its declared facts allow."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from bot.scoring.facts import Facts
from bot.scoring.facts_reader import facts_from
from bot.scoring.pack import FactSpec, Pack
from bot.scoring.reading import Table

AS_OF = date(2026, 3, 1)
PAST = st.dates(AS_OF - timedelta(days=7 * 365), AS_OF)
AHEAD = st.dates(AS_OF - timedelta(days=400), AS_OF + timedelta(days=900))
AMOUNT = st.integers(-2_000_000, 20_000_000)

Row = dict[str, Any]


def read(pack: Pack, rows: list[Row], basis: str = "verified") -> Facts:
    table = Table({"records": rows}, "facts.toml")
    facts = facts_from(pack, table, basis=basis, standing="verified")
    table.done()
    return facts


@st.composite
def enterprises(draw: st.DrawFn, pack: Pack) -> list[Row]:
    """The records of an enterprise; what a gate asks for is always there."""
    rows: list[Row] = []
    gates = {gate.fact: gate.allow for gate in pack.gates}
    for spec in pack.facts.values():
        if spec.id in gates:
            rows.append({"id": spec.id, "fact": spec.id, "value": gates[spec.id][0]})
            continue
        count = draw(st.integers(0, 3 if spec.type in {"records", "mark"} else 1))
        rows += [draw(records(pack, spec, n)) for n in range(count)]
    return rows


@st.composite
def records(draw: st.DrawFn, pack: Pack, spec: FactSpec, number: int) -> Row:
    row: Row = {"id": f"{spec.id}.{number}", "fact": spec.id}
    if spec.type == "choice":
        row["value"] = draw(st.sampled_from(spec.values))
    elif spec.type == "date":
        row["value"] = draw(st.dates(date(1990, 1, 1), AS_OF))
    elif spec.type == "number":
        row["value"] = draw(st.integers(0, 20_000_000))
    elif spec.type == "text":
        row["value"] = draw(st.sampled_from(["C35", "F", "I65"]))
    elif spec.type == "mark":
        row |= {"value": draw(st.integers(0, 5)), "by": f"专家{number}", "reason": "理由"}
    elif spec.type == "statement":
        row |= draw(statements(pack))
    else:
        row |= {"value": draw(st.integers(0, 3)), "date": draw(PAST)}
        if spec.kinds and row["value"]:
            row["kind"] = draw(st.sampled_from(spec.kinds))
        ends = draw(st.sampled_from(["", "ended_on", "repaired_on"]))
        if ends == "ended_on":
            row[ends] = max(draw(AHEAD), row["date"])
        elif ends and spec.adverse:
            row[ends] = draw(st.dates(row["date"], AS_OF))
    return row


@st.composite
def statements(draw: st.DrawFn, pack: Pack) -> Row:
    items, signed = (pack.statement.items, pack.statement.signed) if pack.statement else ((), ())
    amounts = {item: AMOUNT if item in signed else AMOUNT.map(abs) for item in items}
    column = st.fixed_dictionaries({}, optional=amounts)
    return {"year": 2025, "items": draw(column), "before": draw(column)}
