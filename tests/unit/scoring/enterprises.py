"""Random enterprises for any pack: whatever its declared facts allow."""

from datetime import date
from functools import cache
from typing import Any

from hypothesis import strategies as st

from bot.scoring.facts import Facts
from bot.scoring.facts_reader import facts_from
from bot.scoring.pack import FactSpec, Pack
from bot.scoring.reading import Table

AS_OF = date(2026, 3, 1)
TODAY = AS_OF.toordinal()
# Days as their numbers: a date would be three draws.
SINCE_1990 = st.integers(date(1990, 1, 1).toordinal(), TODAY)
PAST = st.integers(TODAY - 7 * 365, TODAY)
DAYS = st.integers(0, 7 * 365)
AHEAD = st.integers(TODAY - 400, TODAY + 900)
# Made once: in each example each would cost as much as its draw.
MAYBE, SEVERAL, MARK = st.integers(0, 1), st.integers(0, 3), st.integers(0, 5)
LARGE = st.integers(0, 20_000_000)
AMOUNT = st.integers(-2_000_000, 20_000_000)
ENDS = st.sampled_from(["", "ended_on", "repaired_on"])
INDUSTRIES = st.sampled_from(["C35", "F", "I65"])
one_of = cache(st.sampled_from)

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
        for n in range(draw(SEVERAL if spec.type in {"records", "mark"} else MAYBE)):
            rows.append({"id": f"{spec.id}.{n}", "fact": spec.id, **draw(records(pack, spec))})
            if spec.type == "mark":
                rows[-1]["by"] = f"专家{n}"
    return rows


@cache
@st.composite
def records(draw: st.DrawFn, pack: Pack, spec: FactSpec) -> Row:
    row: Row = {}
    if spec.type == "choice":
        row["value"] = draw(one_of(spec.values))
    elif spec.type == "date":
        row["value"] = date.fromordinal(draw(SINCE_1990))
    elif spec.type == "number":
        row["value"] = draw(LARGE)
    elif spec.type == "text":
        row["value"] = draw(INDUSTRIES)
    elif spec.type == "mark":
        row |= {"value": draw(MARK), "reason": "理由"}
    elif spec.type == "statement":
        row |= draw(statements(pack))
    else:
        on = draw(PAST)
        row |= {"value": draw(SEVERAL), "date": date.fromordinal(on)}
        if spec.kinds and row["value"]:
            row["kind"] = draw(one_of(spec.kinds))
        ends = draw(ENDS)
        if ends == "ended_on":
            row[ends] = date.fromordinal(max(draw(AHEAD), on))
        elif ends and spec.adverse:
            row[ends] = date.fromordinal(on + draw(DAYS) % (TODAY - on + 1))
    return row


@cache
def statements(pack: Pack) -> st.SearchStrategy[Row]:
    items, signed = (pack.statement.items, pack.statement.signed) if pack.statement else ((), ())
    amounts = {item: AMOUNT if item in signed else AMOUNT.map(abs) for item in items}
    column = st.fixed_dictionaries({}, optional=amounts)
    return st.fixed_dictionaries({"year": st.just(2025), "items": column, "before": column})
