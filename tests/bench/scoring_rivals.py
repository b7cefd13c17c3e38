"""The same rules for those who would take no engine: a loop written by hand, and json-logic.

Both score answers that somebody has already counted, like the floor: no dates and no records.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.scoring.engine import compiled
from bot.scoring.pack import Pack, Part
from tests.bench.scoring_floor import MILLION, levels, reference

Answers = Mapping[str, Any]
Told = tuple[list[int | None], int, int]  # units by part, total, rung
Row = dict[str, Any]


class Rows:
    """A pack as plain rows with whole numbers: what both rivals start from."""

    def __init__(self, pack: Pack) -> None:
        self._pack, self._functions = pack, compiled(pack)
        self.scale = self._functions.scale
        self.parts = [self._row(i.group, part) for i, part in self._functions.flat]
        self.groups = [
            {"id": g.id, "within": g.within or "", "least": self._maybe(g.at_least, -MILLION**2),
             "most": self._maybe(g.at_most, MILLION**2)}
            for g in reversed(pack.groups)  # a group stands after the one that it is in
        ]  # fmt: skip
        score = pack.score
        self.base, self.least, self.most = map(
            self.units, (score.base, score.at_least, score.at_most)
        )
        self.rungs = [self.units(grade.start) for grade in pack.grades[:-1]]
        self.bars = [(bar.id, pack.rank(bar.result)) for bar in pack.bars]

    def units(self, points: Any) -> int:
        return int((points or 0) * self.scale)

    def _maybe(self, points: Any, without: int) -> int:
        return without if points is None else self.units(points)

    def _row(self, group: str, part: Part) -> Row:
        row: Row = {"key": part.fact or part.id, "group": group, "rule": part.rule}
        match part.rule:
            case "choice":
                row["table"] = {value: self.units(points) for value, points in part.choices}
            case "present":
                row["units"] = self.units(part.points)
            case "count":
                each = [self.units(points) for _, points in part.each]
                row |= {"each": min(each, key=abs), "cap": self.units(part.cap)}
            case "expert":
                top = self._pack.expert.top if self._pack.expert else 1
                row["each"] = self.units(part.points) // (2 * top)
            case "ratio":
                limits, sign = reference(self._functions.ratios, part)
                row["up"] = sign == ">="
                row["steps"] = list(zip(limits, levels(self._pack, part), strict=True))
                row["below"] = 0
            case "age" | "bands" | "formula":
                unit = MILLION if part.rule == "formula" else 1
                bands = [b for b in reversed(part.bands[1:]) if b.start is not None]
                row["up"] = True
                row["steps"] = [(int(b.start * unit), self.units(b.points)) for b in bands
                                if b.start is not None]  # fmt: skip
                row["below"] = self.units(part.bands[0].points)
        return row


def hand_loop(rows: Rows) -> Callable[[Answers], Told]:
    """Walk the rows and ask each what kind it is."""

    def score(answers: Answers) -> Told:
        sums = {group["id"]: 0 for group in rows.groups} | {"": 0}
        trace: list[int | None] = []
        for row in rows.parts:
            value = answers.get(row["key"])
            units = None if value is None else _worth(row, value)
            trace.append(units)
            sums[row["group"]] += units or 0
        for group in rows.groups:
            held = min(group["most"], max(group["least"], sums[group["id"]]))
            sums[group["within"]] += held
        total = min(rows.most, max(rows.least, rows.base + sums[""]))
        rung = next((n for n, start in enumerate(rows.rungs) if total >= start), len(rows.rungs))
        for key, rank in rows.bars:
            if answers.get(key) and rank > rung:
                rung = rank
        return trace, total, rung

    return score


def _worth(row: Row, value: Any) -> int:  # noqa: PLR0911 (one return for each kind of rule)
    rule = row["rule"]
    if rule == "choice":
        units: int = row["table"][value]
        return units
    if rule == "present":
        return row["units"] if value else 0
    if rule == "count":
        cut = max if row["cap"] < 0 else min
        return cut(row["cap"], row["each"] * value)
    if rule == "expert":
        return int(row["each"] * value)
    if rule == "cite":
        return 0
    for limit, worth in row["steps"]:
        if (value >= limit) if row["up"] else (value <= limit):
            return int(worth)
    return int(row["below"])


def json_logic(rows: Rows, evaluate: Callable[[Any, Any], Any]) -> Callable[[Answers], Told]:
    """One rule a part, one for the total, one for the rung."""
    rules = [_rule(row) for row in rows.parts]
    total = {"min": [rows.most, {"max": [rows.least, {"+": [rows.base, *_top(rows)]}]}]}
    ladder: list[Any] = []
    for n, start in enumerate(rows.rungs):
        ladder += [{">=": [{"var": "total"}, start]}, n]
    rung = {"max": [{"if": [*ladder, len(rows.rungs)]}]
            + [{"if": [{"var": key}, rank, 0]} for key, rank in rows.bars]}  # fmt: skip

    def score(answers: Answers) -> Told:
        trace = [evaluate(rule, answers) for rule in rules]
        points = {f"p{n}": units or 0 for n, units in enumerate(trace)}
        whole = evaluate(total, points)
        return trace, whole, evaluate(rung, {**answers, "total": whole})

    return score


def _rule(row: Row) -> Any:
    value = {"var": row["key"].replace(".", "_")}  # a dot would be a step into the data
    match row["rule"]:
        case "choice":
            pairs = [({"==": [value, text]}, units) for text, units in row["table"].items()]
            worth = _if(pairs, 0)
        case "present":
            worth = _if([(value, row["units"])], 0)
        case "count":
            cut = "max" if row["cap"] < 0 else "min"
            worth = {cut: [row["cap"], {"*": [row["each"], value]}]}
        case "expert":
            worth = {"*": [row["each"], value]}
        case "cite":
            worth = 0
        case _:
            sign = ">=" if row["up"] else "<="
            worth = _if([({sign: [value, limit]}, w) for limit, w in row["steps"]], row["below"])
    return _if([({"===": [value, None]}, None)], worth)


def _if(pairs: Sequence[tuple[Any, Any]], otherwise: Any) -> Any:
    return {"if": [part for pair in pairs for part in pair] + [otherwise]}


def _top(rows: Rows) -> list[Any]:
    members: dict[str, list[Any]] = {}
    for n, row in enumerate(rows.parts):
        members.setdefault(row["group"], []).append({"var": f"p{n}"})
    for group in rows.groups:
        summed = {"+": members.get(group["id"], [0])}
        held = {"min": [group["most"], {"max": [group["least"], summed]}]}
        members.setdefault(group["within"], []).append(held)
    return members[""]


def for_json_logic(answers: Answers) -> dict[str, Any]:
    """The same answers under names that json-logic can look up, in its kinds of numbers."""
    return {
        key.replace(".", "_"): value if isinstance(value, (str, int)) else float(value)
        for key, value in answers.items()
    }
