"""A plain function generated from a pack: the yardstick that a score is measured against.

On the same records it is what a person would write by hand for one scheme. On answers that somebody
has already counted (no dates, no records, no statements) it is the floor.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from bot.domain.dates import whole_years, years_before
from bot.scoring.engine import compiled
from bot.scoring.facts import Facts
from bot.scoring.formula import cut_down, cut_up
from bot.scoring.pack import Pack, Part
from bot.scoring.ratios import Ratios, known
from bot.scoring.rules import Moment, window_starts
from tests.bench.scoring_formulas import Written

MILLION = 10**6
Plain = Callable[[Any, date], tuple[list[int | None], int, int]]


class Source:
    """Source code of one function for one pack, and the constants that it uses."""

    def __init__(self, pack: Pack, *, counted: bool) -> None:
        self.pack, self.counted = pack, counted
        self.scale = compiled(pack).scale
        self.ratios = Ratios(pack)
        self.names: dict[str, Any] = {"years_before": years_before, "whole_years": whole_years}
        self.lines: list[str] = []

    def function(self) -> Plain:
        windows = {p.window_years for i in self.pack.indicators for p in i.parts}
        windows |= {bar.window_years for bar in self.pack.bars}
        windows -= {None}
        self.say(0, "def plain(usable, as_of):")
        if not self.counted:
            for years in sorted(windows):
                self.say(1, f"w{years} = years_before(as_of, {years})")
            self.statements()
        groups: dict[str, list[str]] = {}
        names = []
        for n, (indicator, part) in enumerate(compiled(self.pack).flat):
            self.part(f"p{n}", part)
            names.append(f"p{n}")
            groups.setdefault(indicator.group, []).append(f"(p{n} or 0)")
        top = [self.group(group.id, groups) for group in self.pack.groups if not group.within]
        score = self.pack.score
        total = f"{self.units(score.base)} + {' + '.join(top)}"
        least, most = self.units(score.at_least), self.units(score.at_most)
        self.say(1, f"total = min({most}, max({least}, {total}))")
        self.ladder()
        self.bars()
        self.say(1, f"return [{', '.join(names)}], total, rung")
        exec(compile("\n".join(self.lines), "<generated>", "exec"), self.names)
        plain: Plain = self.names["plain"]
        return plain

    def say(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)

    def keep(self, value: object) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def units(self, points: Any) -> int:
        return int(points * self.scale)

    def group(self, name: str, members: dict[str, list[str]]) -> str:
        group = next(group for group in self.pack.groups if group.id == name)
        inner = [self.group(g.id, members) for g in self.pack.groups if g.within == name]
        value = " + ".join([*members.get(name, []), *inner]) or "0"
        if group.at_most is not None:
            value = f"min({self.units(group.at_most)}, {value})"
        if group.at_least is not None:
            value = f"max({self.units(group.at_least)}, {value})"
        self.say(1, f"g_{name} = {value}")
        return f"g_{name}"

    def part(self, name: str, part: Part) -> None:
        if part.fact is None:
            self.financial(name, part)
        elif self.counted:
            self.say(1, f"v = usable.get({part.fact!r})")
            self.say(1, f"{name} = None if v is None else {self.worth(part)}")
        elif part.rule in {"present", "count"}:
            self.listed(name, part)
        elif part.rule == "expert":
            self.say(1, f"v = usable.get({part.fact!r}, ())")
            self.say(1, "v = sorted([r.value for r in v if r.until > as_of])")
            half = self.worth(part)
            middle = f"{half} * (v[len(v) // 2] + v[(len(v) - 1) // 2])"
            self.say(1, f"{name} = {middle} if len(v) >= {self.pack.expert.marks} else None")
        else:
            self.single(name, part)

    def single(self, name: str, part: Part) -> None:
        self.say(1, f"{name} = None")
        self.say(1, f"v = [r for r in usable.get({part.fact!r}, ()) if r.until > as_of]")
        self.say(1, "if v:")
        if self.pack.facts[part.fact].many:
            table = self.keep({value: self.units(p) for value, p in part.choices})
            self.say(2, f"{name} = max([{table}[r.value] for r in v])")
            return
        self.say(2, "v = (v[0] if len(v) == 1 else max(v, key=lambda r: r.weight)).value")
        if part.rule == "age":
            self.say(2, "v = whole_years(v, as_of)")
        self.say(2, f"{name} = {self.worth(part)}")

    def listed(self, name: str, part: Part) -> None:
        window = f" and r.since > w{part.window_years}" if part.window_years else ""
        counts = f"r.until > as_of{window}"
        self.say(1, f"v = usable.get({part.fact!r})")
        self.say(1, "if v is None:")
        self.say(2, f"{name} = None")
        self.say(1, "else:")
        self.say(2, f"{name} = 0")
        self.say(2, "for r in v:")
        self.say(3, f"if {counts}:")
        if part.rule == "present":
            self.say(4, f"if r.value: {name} = {self.units(part.points)}")
            return
        each = {kind: self.units(points) for kind, points in part.each}
        worth = str(each[""]) if "" in each else f"{self.keep({'': 0} | each)}[r.kind]"
        self.say(4, f"{name} += {worth} * r.value")
        cut = "max" if min(each.values()) < 0 else "min"
        self.say(2, f"{name} = {cut}({name}, {self.units(part.cap)})")

    def worth(self, part: Part) -> str:
        """An expression from the value v to points."""
        if part.rule == "choice":
            return f"{self.keep({value: self.units(p) for value, p in part.choices})}[v]"
        if part.rule == "present":
            return f"({self.units(part.points)} if v else 0)"
        if part.rule == "count":
            each = {kind: self.units(points) for kind, points in part.each}
            step, cap = min(each.values(), key=abs), self.units(part.cap)
            return f"{'max' if step < 0 else 'min'}({step} * v, {cap})"
        if part.rule == "expert":
            half = self.units(part.points) // (2 * self.pack.expert.top)
            return f"{half} * v" if self.counted else str(half)
        return self.steps(part, 1)

    def steps(self, part: Part, unit: int) -> str:
        text = str(self.units(part.bands[0].points))
        for band in part.bands[1:]:
            text = f"({self.units(band.points)} if v >= {int(band.start * unit)} else {text})"
        return text

    def statements(self) -> None:
        """Years of statements by hand: the newest record of each, and the industry's limits."""
        if self.pack.statement is None:
            return
        self.say(1, "years, latest = {}, 0")
        self.say(1, f"for r in usable.get({self.pack.statement.fact!r}, ()):")
        self.say(2, "if r.until > as_of:")
        self.say(3, "best = years.get(r.year)")
        self.say(3, "if best is None or r.weight > best.weight: years[r.year] = r")
        self.say(3, "if r.year > latest: latest = r.year")
        self.say(1, "y0, y1, y2, y3 = [years.get(latest - n) for n in (0, 1, 2, 3)]")
        self.say(1, "limits = open_limits(usable, as_of)")
        self.names["open_limits"] = lambda u, d: self.ratios.reference(u, d)[1]

    def financial(self, name: str, part: Part) -> None:
        value = {"formula": lambda: self.steps(part, MILLION), "cite": lambda: "0"}.get(part.rule)
        if self.counted:
            self.say(1, f"v = usable.get({part.id!r})")
            self.say(1, f"{name} = None if v is None else {value() if value else self.level(part)}")
            return
        text, positive = part.formula, part.positive
        if text is None:
            row = next(row for row in self.pack.ratios if row.name == part.ratio)
            text, positive = row.formula, row.positive
        self.say(1, f"{name} = None")
        depth, top, bottom = Written(self).formula(text, positive)
        if part.rule != "ratio":
            self.say(depth, f"v = {top} * {MILLION} // {bottom}")
            self.say(depth, f"{name} = {value()}")
            return
        _, sign = reference(self.ratios, part)
        exact = (
            f"{top} * {MILLION} // {bottom}"
            if sign == ">="
            else f"-(-{top} * {MILLION} // {bottom})"
        )
        self.say(depth, f"v, l = {exact}, limits[{part.ratio!r}]")
        told = "0"
        for n, units in reversed(list(enumerate(levels(self.pack, part)))):
            told = f"({units} if v {sign} l[{n}] else {told})"
        self.say(depth, f"{name} = {told}")

    def level(self, part: Part) -> str:
        limits, sign = reference(self.ratios, part)
        value = "0"
        for limit, units in reversed(list(zip(limits, levels(self.pack, part), strict=True))):
            value = f"({units} if v {sign} {limit} else {value})"
        return value

    def ladder(self) -> None:
        text = str(len(self.pack.grades) - 1)
        for rung in reversed(range(len(self.pack.grades) - 1)):
            text = f"({rung} if total >= {self.units(self.pack.grades[rung].start)} else {text})"
        self.say(1, f"rung = {text}")

    def bars(self) -> None:
        for bar in self.pack.bars:
            rank = self.pack.rank(bar.result)
            if self.counted:
                self.say(1, f"if usable.get({bar.id!r}): rung = max(rung, {rank})")
                continue
            self.say(1, f"for r in usable.get({bar.fact!r}, ()):")
            if bar.younger_than_years:
                test = f"whole_years(r.value, as_of) < {bar.younger_than_years}"
            else:
                test = f"r.value and r.{'repaired' if bar.happened else 'until'} > as_of"
                test += f" and r.since > w{bar.window_years}" if bar.window_years else ""
                test += f" and r.kind in {bar.kinds!r}" if bar.kinds else ""
            self.say(2, f"if {test}: rung = max(rung, {rank})")


def reference(ratios: Ratios, part: Part) -> tuple[tuple[int, ...], str]:
    """The limits of the general table, best first, and how a value meets one."""
    limits = ratios._references[-1][1][part.ratio or ""]
    return limits, ">=" if limits[0] >= limits[-1] else "<="


def levels(pack: Pack, part: Part) -> list[int]:
    """The units of each level of a ratio, best first."""
    scale = compiled(pack).scale
    shares = pack.levels.shares if pack.levels else ()
    return [int((part.points or 0) * share * scale) for _, share in shares]


def counted(pack: Pack, facts: Facts, as_of: date) -> dict[str, Any]:
    """The answers as a person would count them: what the floor starts from."""
    functions = compiled(pack)
    moment = Moment(
        as_of, window_starts(as_of, functions._windows), facts.usable, functions.ratios, own=False
    )
    answers: dict[str, Any] = {}
    for _, part in functions.flat:
        records = [r for r in facts.usable.get(part.fact or "", ()) if r.until > as_of]
        if part.fact is None:
            text, name = part.formula, part.ratio
            formula = (
                functions.ratios.formula(text, part.positive)
                if text
                else functions.ratios.formulas[name or ""]
            )
            value = known(formula, moment.book())
            if not isinstance(value, str):
                less = part.rule == "ratio" and reference(functions.ratios, part)[1] == "<="
                answers[part.id] = cut_up(value) if less else cut_down(value)
        elif part.rule in {"present", "count"} and part.fact in facts.usable:
            answers[part.fact] = sum(r.value for r in records)
        elif part.rule == "expert" and records:
            marks = sorted(r.value for r in records)
            answers[part.fact] = marks[len(marks) // 2] + marks[(len(marks) - 1) // 2]
        elif records and part.rule == "age":
            answers[part.fact] = whole_years(records[0].value, as_of)
        elif records:
            answers[part.fact] = records[0].value
    return answers
