"""How 自评 asks in the chat: which question comes, and how it reads on a phone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.domain.dialogues import Choice, Step
from bot.domain.knowledge import fill
from bot.scoring.answers import Parts
from bot.scoring.asks import Ask, next_ask
from bot.services.bindings import Bound
from bot.services.dialogues import Stand
from bot.services.self_answers import Item, Walk
from bot.services.self_assessments import Offer

Words = Mapping[str, str]
About = Mapping[str, Any]
Known = Sequence[Sequence[str]]  # value and label of everything that may be chosen


def askable(walk: Walk) -> Iterator[Item]:
    """Accounts, and what is verified altogether, are not asked in a chat."""
    for item in walk.items.values():
        if not item.closed and next_ask(item.question, {}) is not None:
            yield item


def behind(walk: Walk, after: str) -> Item | None:
    """The next question, answered or not; None behind the last."""
    items = list(askable(walk))
    at = next((n for n, one in enumerate(items, 1) if one.question.id == after), 0)
    return items[at] if at < len(items) else None


def next_open(walk: Walk, after: str) -> Item | None:
    """The next unanswered question behind one, then from the beginning."""
    items = list(askable(walk))
    names = [item.question.id for item in items]
    start = names.index(after) + 1 if after in names else 0
    return next((item for item in items[start:] + items[:start] if not item.done), None)


def before(walk: Walk, item: Item) -> Item | None:
    items = list(askable(walk))
    at = next((n for n, one in enumerate(items) if one.question.id == item.question.id), 0)
    return items[at - 1] if at else None


def asking(
    walk: Walk, item: Item, parts: Parts, words: Words, *, mode: str, ahead: str = ""
) -> Stand:
    """One prompt of one question, and where the person then stands."""
    ask = next_ask(item.question, parts)
    if ask is None:
        raise LookupError(f"{item.question.id} cannot be asked in a chat")
    items = [one.question.id for one in askable(walk)]
    at = {"at": str(items.index(item.question.id) + 1), "of": str(len(items))}
    lines = [f"{ahead}\n" if ahead else "", fill(words["assess_place"], at)]
    text = "\n".join(line for line in (*lines, prompt(ask, words).text) if line)
    about = {
        "enterprise": str(walk.enterprise_id),
        "scheme": walk.scheme,
        "question": item.question.id,
        "parts": dict(parts),
        "mode": mode,
    }
    return Stand(text, about, listening=not ask.choices)


def prompt(ask: Ask, words: Words) -> Step:
    text = ask.text
    if ask.example and not ask.choices:
        text += "\n" + fill(words["dialogue_example"], {"example": ask.example})
    return Step(ask.part, text, tuple(Choice(value, label) for value, label in ask.choices))


def choice(ask: str, known: Known) -> Step:
    return Step("choose", ask, tuple(Choice(value, label) for value, label in known))


def choosing(ask: str, what: str, known: Known, about: About) -> Stand:
    """Something is to be chosen by its number; `about` is what is known by then."""
    listed = [list(one) for one in known]
    return Stand(choice(ask, known).text, {**about, "choose": what, "ask": ask, "known": listed})


def enterprises(bound: Sequence[Bound], words: Words) -> Stand:
    known = [[str(one.enterprise_id), one.name] for one in bound]
    return choosing(words["assess_which"], "enterprise", known, {})


def offered(enterprise: str, offers: Sequence[Offer], words: Words) -> Stand:
    offer = words["assess_offer"]
    known = [
        [one.scheme, fill(offer, {"scheme": one.asked.name, "minutes": str(one.asked.minutes)})]
        for one in offers
    ]
    return choosing(words["assess_scheme"], "scheme", known, {"enterprise": enterprise})


def sections(walk: Walk, words: Words) -> Stand:
    asked = {item.question.id for item in askable(walk)}
    known = [
        [section.id, section.title]
        for section in walk.asked.sections
        if any(question.id in asked for question in section.questions)
    ]
    return choosing(words["assess_section"], "section", known, about_of(walk))


def questions(walk: Walk, section: str, words: Words) -> Stand:
    inside = {
        question.id
        for one in walk.asked.sections
        if one.id == section
        for question in one.questions
    }
    known = [
        [item.question.id, item.question.text]
        for item in askable(walk)
        if item.question.id in inside
    ]
    if not known:  # the rules have changed since
        return sections(walk, words)
    return choosing(words["assess_question"], "question", known, about_of(walk))


def about_of(walk: Walk) -> dict[str, str]:
    return {"enterprise": str(walk.enterprise_id), "scheme": walk.scheme}
