"""A question cut into single prompts, for a chat: each is answered by one number or a few words.

`next_ask` says what is still to be asked of a question, `put` writes the reply into its parts, and
`finished` hands over the parts as a page would have sent them. What `read` then finds faulty is
taken out of the parts and is asked again. Accounts are not asked in a chat.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bot.scoring.answers import ROWS, UNSURE_WORDS, Parts
from bot.scoring.questions import UNSURE, Question
from bot.scoring.typed import tidy

DONE = "done"  # a choice: nothing more is to be named
_UNSURE = frozenset({UNSURE_WORDS, "不知道", "跳过"})
_INNER = "chat."  # parts that steer the chat and are no answer


@dataclass(frozen=True, slots=True)
class Ask:
    """One prompt. Without choices a few words are the answer."""

    part: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()  # value and label
    example: str = ""


def next_ask(question: Question, parts: Parts) -> Ask | None:
    """The next prompt; None when the question is answered, or cannot be asked in a chat."""
    make = _MAKERS.get(question.kind)
    return make(question, parts) if make else None


def put(ask: Ask, parts: Parts, value: str) -> dict[str, str]:
    """The parts with a reply in them; the value of a choice, or words as they were typed."""
    filled = dict(parts)
    if ask.part == f"{_INNER}which":
        filled[f"{_INNER}{DONE}" if value == DONE else value] = "1"
    elif ask.part in {"v", "n"} and not ask.choices and tidy(value) in _UNSURE:
        filled |= {UNSURE: "1"} if ask.part == "v" else {"has": UNSURE}
    else:
        filled[ask.part] = value
    return filled


def finished(parts: Parts) -> dict[str, str]:
    """The answer alone, for the service."""
    return {part: text for part, text in parts.items() if not part.startswith(_INNER)}


def _chosen(question: Question, parts: Parts) -> Ask | None:
    if "v" in parts:
        return None
    choices = tuple((one.value, one.label) for one in question.options)
    return Ask("v", question.text, (*choices, (UNSURE, UNSURE_WORDS)), question.example)


def _typed(question: Question, parts: Parts) -> Ask | None:
    if "v" in parts or UNSURE in parts:
        return None
    unit = f"（单位：{question.unit}）" if question.unit else ""
    return Ask("v", f"{question.text}{unit}", example=question.example)


def _has(question: Question) -> Ask:
    labels = "、".join(dict.fromkeys(one.label for one in question.options))
    text = f"{question.text}\n{labels}" if len(question.options) > 1 else question.text
    choices = (("yes", "有"), ("no", question.none), (UNSURE, UNSURE_WORDS))
    return Ask("has", text, choices, question.example)


def _counted(question: Question, parts: Parts) -> Ask | None:
    if "has" not in parts:
        return _has(question)
    if parts["has"] != "yes" or "n" in parts:
        return None
    return Ask("n", "有几项？", example="2")


def _which(question: Question, parts: Parts) -> Ask | None:
    if "has" not in parts:
        return _has(question)
    left = tuple((one.value, one.label) for one in question.options if one.value not in parts)
    named = len(left) < len(question.options)
    if parts["has"] != "yes" or f"{_INNER}{DONE}" in parts or not left:
        return None
    text = "还有哪一项？" if named else "是哪一项？"
    return Ask(f"{_INNER}which", text, (*left, (DONE, "没有别的了")) if named else left)


def _events(question: Question, parts: Parts) -> Ask | None:
    if "has" not in parts:
        return _has(question)
    if parts["has"] != "yes":
        return None
    for n in range(1, ROWS + 1):
        for ask in _happening(question, n, parts):
            if ask.part not in parts:
                return ask
        if parts[f"{_INNER}{n}.more"] == "no":
            break
    return None


def _happening(question: Question, n: int, parts: Parts) -> Iterator[Ask]:
    """Everything that is asked of one happening."""
    choices = tuple((one.value, one.label) for one in question.options)
    if len(choices) > 1:
        yield Ask(f"{n}.what", "是什么？", choices)
    yield Ask(f"{n}.on", "是哪一天？", example="2025-03-12")
    if question.endings:
        over = (("yes", "已经了结"), ("no", "还没有了结"))
        yield Ask(f"{_INNER}{n}.ended", "这件事了结了吗？", over)
        if parts.get(f"{_INNER}{n}.ended") == "yes":
            yield Ask(f"{n}.end", "哪一天了结的？", example="2025-04-12")
    yield Ask(f"{_INNER}{n}.more", "还有别的吗？", (("yes", "还有"), ("no", "没有了")))


_MAKERS: Mapping[str, Callable[[Question, Parts], Ask | None]] = {
    "choice": _chosen,
    "mark": _chosen,
    "date": _typed,
    "amount": _typed,
    "text": _typed,
    "count": _counted,
    "which": _which,
    "events": _events,
}
