"""Reads the file of questions beside a pack, and adds what the file does not ask."""

from collections.abc import Iterator
from dataclasses import replace

from bot.scoring.pack import Pack
from bot.scoring.questions import (
    KINDS,
    Question,
    Questionnaire,
    Section,
    default_kind,
    options,
    plain_question,
    used_for,
)
from bot.scoring.reading import Table, parse_toml

MINUTES = 5
_MANY = frozenset({"which", "events"})  # kinds that may ask for several facts at once


def read_questionnaire(pack: Pack, text: str, file: str) -> Questionnaire:
    """The questionnaire of a pack.

    Facts that the file does not ask for are asked by their names, and what the pack has no longer
    is left out: so a new version of a pack is asked for from the day on which it is in force.
    """
    top = Table(parse_toml(text, file), file)
    top.text("scheme")
    top.integer("version")
    name, about = top.text("name"), top.text("about")
    minutes, marks = top.integer("minutes"), top.texts("marks")
    marked_by = top.text("marked_by", "企业自评")
    sections = []
    for row in top.tables("section"):
        section, title = row.text("id"), row.text("title")
        asked = tuple(_question(pack, one, marks, marked_by) for one in row.tables("question"))
        row.done()
        left = tuple(one for one in asked if one is not None)
        if left:
            sections.append(Section(section, title, left))
    top.done()
    return _completed(Questionnaire(pack, name, about, minutes, tuple(sections)))


def plain_questionnaire(pack: Pack) -> Questionnaire:
    """For a pack without a file of questions."""
    return _completed(Questionnaire(pack, pack.name, pack.document, MINUTES, ()))


def _question(pack: Pack, row: Table, marks: tuple[str, ...], marked_by: str) -> Question | None:
    key, kind, facts = row.text("id"), row.one_of("kind", KINDS), row.texts("facts")
    checked = row.text("checked", " ").strip()
    sheet = row.text("sheet", " ").strip()
    labels = row.maybe_table("labels")
    words = {} if labels is None else {k: str(v) for k, v in labels.items()}
    made = Question(
        id=key,
        kind=kind,
        facts=tuple(fact for fact in facts if fact in pack.facts),
        text=row.text("text"),
        help=row.text("help", " ").strip(),
        example=row.text("example", " ").strip(),
        none=row.text("none", "没有"),
        checked=checked if checked in pack.facts else "",
        checked_value=pack.facts[checked].values[0] if checked in pack.facts else "",
        endings=row.flag("endings", default=False),
        unit=row.text("unit", " ").strip(),
        times=row.integer("times", 1),
        pattern=row.text("pattern", " ").strip(),
        wrong=row.text("wrong", " ").strip(),
        sheet=sheet,
        items=dict(pack.statement.sheets).get(sheet, ()) if pack.statement else (),
        signed=pack.statement.signed if pack.statement else (),
        from_file=row.text("from_file", " ").strip(),
        from_scheme=row.text("from_scheme", " ").strip(),
        marked_by=marked_by,
    )
    row.done()
    if not made.facts:
        return None
    _refuse_misfit(pack, row, made)
    found = options(pack, kind, made.facts, words, marks)
    many = pack.facts[made.facts[0]].many
    return replace(made, options=found, used_for=used_for(pack, made.told), many=many)


def _refuse_misfit(pack: Pack, row: Table, made: Question) -> None:
    """A kind of question that its facts cannot be answered with."""
    for fact in made.facts:
        usual = default_kind(pack, pack.facts[fact])
        fits = made.kind == usual or (usual in {"count", "events"} and made.kind in _MANY)
        if not fits or (len(made.facts) > 1 and made.kind not in _MANY):
            row.fail(f"“{fact}”不能这样问", "kind")
        if made.kind == "which" and usual != "count":
            row.fail(f"“{fact}”要问日期，不能只勾选", "kind")
    if made.kind == "statement" and not made.items:
        row.fail("评分包里没有这张报表", "sheet")


def _completed(asked: Questionnaire) -> Questionnaire:
    rest = tuple(_unasked(asked))
    if not rest:
        return asked
    return replace(asked, sections=(*asked.sections, Section("more", "其他", rest)))


def _unasked(asked: Questionnaire) -> Iterator[Question]:
    pack = asked.pack
    known = {fact for question in asked for fact in question.told}
    for spec in pack.facts.values():
        if spec.id in known:
            continue
        if spec.type == "statement" and pack.statement is not None:
            for sheet, _ in pack.statement.sheets:
                yield plain_question(pack, spec, sheet=sheet)
        else:
            yield plain_question(pack, spec)
