"""The sentences of an explanation: templates filled with what one result says."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from bot.scoring.canonical import plain
from bot.scoring.describe import Wording
from bot.scoring.engine import compiled
from bot.scoring.facts import Record
from bot.scoring.ladder import Hit
from bot.scoring.missing import missing
from bot.scoring.outlook import Change
from bot.scoring.result import Result
from bot.scoring.way_up import WayUp


class Telling:
    """Fills the templates for one result."""

    def __init__(self, result: Result, wording: Wording) -> None:
        self._result, self._texts, self._pack = result, wording, result.pack
        self._line = wording["lines"]

    def headline(self) -> Iterator[str]:
        result, words = self._result, self._texts["headline"]
        if result.level is None or result.total is None:
            yield words["not_scored"]
            yield from result.refusals
            return
        level = result.level
        total = plain(result.total)
        if result.own and level.graded:
            yield words["self"].format(total=total, level=level.name)
        elif result.own:
            lowest = [grade.name for grade in self._pack.grades if grade.graded][-1]
            yield words["self_ungraded"].format(total=total, lowest=lowest)
        else:
            yield words["verified"].format(total=total, grade=level.name, meaning=level.meaning)
        if result.rung != result.rung_by_points and result.rung_by_points is not None:
            by_points = self._pack.grades[result.rung_by_points].name
            yield words["held"].format(by_points=by_points, grade=level.name)
        yield words["answered"].format(asked=len(self._pack.indicators), answered=result.answered())
        yield from self._nothing_bad()

    def _nothing_bad(self) -> Iterator[str]:
        """Absence of records must be visible as what it is: so many looked up, none found."""
        usable, as_of = self._result.facts.usable, self._result.as_of
        looked = [fact for fact in usable if self._pack.facts[fact].adverse]
        bad = any(r.value and r.until > as_of for fact in looked for r in usable[fact])
        if looked and not bad:
            yield self._texts["headline"]["no_records"].format(checked=len(looked))

    def groups(self) -> Iterator[str]:
        for group, _, units in self._result.held():
            points = plain(self._result.points(units))
            yield self._line["group"].format(name=group.name, points=points)

    def capped(self) -> Iterator[str]:
        """First the rules of single indicators, then those of groups."""
        for part, whole in compiled(self._pack).beyond_caps(self._result):
            yield self._line["capped"].format(
                name=part.name, before=self._points(whole), points=plain(part.cap or Decimal(0))
            )
        for group, before, units in self._result.held():
            if before != units:
                yield self._line["capped"].format(
                    name=group.name,
                    before=self._points(before),
                    points=self._points(units),
                )

    def bars(self) -> Iterator[str]:
        for hit in self._result.hits:
            yield self._bar(hit)

    def _bar(self, hit: Hit) -> str:
        bar, ends = hit.bar, hit.ends_on()
        graded = self._pack.grades[self._pack.rank(bar.result)].graded
        text = self._line["ceiling" if graded else "veto"].format(
            name=bar.name,
            records="、".join(_record(record) for record in hit.records),
            result=bar.result,
            source=bar.source,
        )
        text += self._line["bar_ends"].format(on=ends) if ends else self._line["bar_open"]
        return text + (self._line["bar_remedy"].format(remedy=bar.remedy) if bar.remedy else "")

    def missing(self) -> Iterator[str]:
        """What is not known yet; one line for everything that the same paper would show."""
        lines: dict[tuple[str, str], list[str]] = {}
        for gap in missing(self._result, self._texts["why"]):
            key = (gap.template, gap.words)
            lines.setdefault(key, []).append(gap.name)
        for (template, words), names in lines.items():
            told = "、".join(names)
            yield self._line[template].format(names=told, evidence=words, why=words)

    def way(self, way: WayUp | None) -> Iterator[str]:
        words = self._texts["way_up"]
        if way is None:
            if self._result.scored:
                yield words["top"]
            return
        if not way.reachable:
            yield words["needed"].format(target=way.target, needed=plain(way.needed))
            yield words["stuck"].format(target=way.target)
            return
        template = words["needed"] if way.needed else words["enough"]
        yield template.format(target=way.target, needed=plain(way.needed))
        for hit in way.bars:
            yield self._cleared(hit)
        if way.acts:
            yield words["acts"]
        for act in way.acts:
            before = _spaced(self._told(act.before))
            after = _spaced(self._told(act.after))
            yield words["act"].format(how=act.how, name=act.part.name, before=before, after=after)

    def _cleared(self, hit: Hit) -> str:
        words, bar = self._texts["way_up"], hit.bar
        if bar.remedy:
            return words["clear"].format(name=bar.name, remedy=bar.remedy)
        return words["wait"].format(name=bar.name, on=hit.ends_on())

    def changes(self, changes: tuple[Change, ...]) -> Iterator[str]:
        words = self._texts["changes"]
        if not changes and self._result.scored:
            yield words["none"]
        for change in changes:
            yield from self._change(change)

    def _change(self, change: Change) -> Iterator[str]:
        words, after = self._texts["changes"], change.after
        if after.total is None or after.level is None:
            yield words["refused"].format(on=change.on, why="".join(after.refusals))
            return
        for shift in change.shifts:
            before, now = _spaced(self._amount(shift.before)), _spaced(self._amount(shift.after))
            name = shift.part.name
            yield words["gained"].format(on=change.on, name=name, before=before, after=now)
        for bar in change.ended:
            yield words["ended"].format(on=change.on, name=bar.name)
        if change.before.rung != after.rung or change.before.units != after.units:
            total, level = plain(after.total), after.level.name
            yield words["level"].format(on=change.on, total=total, level=level)

    def _amount(self, units: int | None) -> str:
        return self._told(None if units is None else self._result.points(units))

    def _told(self, points: Decimal | None) -> str:
        if points is None:
            return self._line["unknown_points"]
        return self._line["points"].format(points=plain(points))

    def indicators(self) -> Iterator[str]:
        if not self._result.scored:
            return
        rows = zip(
            self._pack.indicators,
            self._result.by_indicator(),
            self._texts.rules(self._pack),
            strict=True,
        )
        for indicator, parts, (rule, source) in rows:
            units = [row for row in parts if row is not None]
            points = self._amount(sum(units) if units else None)
            if units and len(units) < len(parts):
                points = self._line["partly"].format(points=self._points(sum(units)))
            yield self._line["indicator"].format(
                code=indicator.code,
                name=indicator.name,
                points=points,
                rule=rule,
                source=source,
            )

    def _points(self, units: int) -> str:
        return plain(self._result.points(units))


def _spaced(amount: str) -> str:
    """A space between a Chinese word and a number, none between two words."""
    return f" {amount}" if amount[0].isascii() else amount


def _record(record: Record) -> str:
    """A record as people name it: kind, day, where it was found."""
    words = [record.kind, record.on.isoformat() if record.on else "", record.source or ""]
    told = "，".join(word for word in words if word)
    if isinstance(record.value, date):
        return record.value.isoformat()
    return told or record.id
