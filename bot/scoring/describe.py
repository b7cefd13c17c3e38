"""Rules in plain words: what a part of a pack gives points for."""

from collections.abc import Mapping
from decimal import Decimal

from bot.scoring.canonical import plain
from bot.scoring.pack import ANY_KIND, Band, Indicator, Pack, Part

Texts = Mapping[str, Mapping[str, str]]


class Wording:
    """The sentences of the texts file, and each pack's rules put into words once."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self._rules: dict[Pack, list[tuple[str, str]]] = {}

    def __getitem__(self, section: str) -> Mapping[str, str]:
        return self.texts[section]

    def rules(self, pack: Pack) -> list[tuple[str, str]]:
        """For each indicator its rule, or those of its parts, and its source."""
        if pack not in self._rules:
            self._rules[pack] = [
                (_rule(pack, indicator, self.texts), str(indicator.source))
                for indicator in pack.indicators
            ]
        return self._rules[pack]


def _rule(pack: Pack, indicator: Indicator, texts: Texts) -> str:
    told = [(part.name, describe(pack, part, texts)) for part in indicator.parts]
    alone = len(told) == 1
    return "；".join(rule if alone else f"{name}（{rule}）" for name, rule in told)


def describe(pack: Pack, part: Part, texts: Texts) -> str:
    """One sentence for staff and members; the words stand in the texts file."""
    words = texts["rules"]
    template = words[part.rule]
    points = part.points or Decimal(0)
    if part.rule == "present" and points < 0:
        template = words["present_loss"]
    years = part.window_years
    return template.format(
        choices="；".join(f"{value} {plain(row)} 分" for value, row in part.choices),
        window=words["window"].format(years=years) if years else "",
        points=plain(abs(points)),
        each="、".join(f"{kind}{plain(row)}" for kind, row in _kinds(part)),
        cap=plain(part.cap or Decimal(0)),
        bands="；".join(_band(part, band, words) for band in part.bands),
        formula=part.formula or formula_of(pack, part),
        top=pack.expert.top if pack.expert else "",
    )


def formula_of(pack: Pack, part: Part) -> str:
    """The formula of the part's ratio, in the pack's words."""
    return next((r.formula for r in pack.ratios if r.name == part.ratio), "")


def _kinds(part: Part) -> list[tuple[str, Decimal]]:
    return [("" if kind == ANY_KIND else f"{kind} ", row) for kind, row in part.each]


def _band(part: Part, band: Band, words: Mapping[str, str]) -> str:
    points, unit = plain(band.points), words["years" if part.rule == "age" else "no_unit"]
    if band.start is None:
        return words["below"].format(
            below=plain(band.below or Decimal(0)), unit=unit, points=points
        )
    if band.below is None:
        return words["above"].format(start=plain(band.start), unit=unit, points=points)
    return words["from_below"].format(
        start=plain(band.start), below=plain(band.below), unit=unit, points=points
    )
