"""Dialogues as data: a question at a time, numbered answers, back, stop and resume.

A dialogue says which step comes next and what happens at the end; everything else is the same for
all of them and stands here. Nothing is remembered but a State, so any process can go on with it.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, StrEnum
from typing import Any, Protocol

_COUNTED = "一二三四五六七八九"


class Control(StrEnum):
    """What may be said at every step."""

    BACK = "back"
    STOP = "stop"
    RESUME = "resume"


CONTROLS: Mapping[str, Control] = {
    "返回": Control.BACK, "上一题": Control.BACK, "上一步": Control.BACK, "回去": Control.BACK,
    "停": Control.STOP, "暂停": Control.STOP, "停止": Control.STOP, "结束": Control.STOP,
    "退出": Control.STOP, "不做了": Control.STOP, "取消": Control.STOP,
    "继续": Control.RESUME, "接着做": Control.RESUME, "接着": Control.RESUME,
}  # fmt: skip

# What looks like an answer to a question: a number with a unit, a letter, yes or no.
_ANSWER = re.compile(
    r"(第?[0-9一二三四五六七八九十]{1,3}(个|项|题)?|[0-9]+(\.[0-9]+)?(万|亿)?(元|年|次|家|人|项|个|%)?"
    r"|[0-9]{4}[-年/.][0-9]{1,2}[-月/.][0-9]{1,2}日?|[a-f]|是的?|不是|有|没有|对|不对|跳过|不知道|不清楚)"
)


def tidy(text: str) -> str:
    """One width, one case, no blanks and no punctuation around it."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).lower()).strip(
        "。,，!！?？.、~'\"“”"
    )


def control_of(text: str) -> Control | None:
    return CONTROLS.get(tidy(text))


def looks_like_an_answer(text: str) -> bool:
    """Whether these words can only be meant for a dialogue."""
    plain = tidy(text)
    return plain in CONTROLS or bool(_ANSWER.fullmatch(plain))


@dataclass(frozen=True, slots=True)
class Choice:
    """One numbered answer: what is kept, and what the person reads."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Step:
    """One question; without choices any words are an answer."""

    name: str
    ask: str
    choices: tuple[Choice, ...] = ()
    after: str = ""  # what else may be said, below the choices

    @property
    def text(self) -> str:
        lines = [f"{number} {choice.label}" for number, choice in enumerate(self.choices, 1)]
        return "\n".join([self.ask, *lines, *(("", self.after) if self.after else ())])

    def read(self, said: str) -> str | None:
        """The value that was meant, or None when it cannot be told."""
        if not self.choices:
            return said.strip() or None
        plain = tidy(said)
        if not plain:
            return None
        for number, choice in enumerate(self.choices, 1):
            if plain in {
                str(number),
                "一二三四五六七八九"[number - 1 : number],
                tidy(choice.label),
            }:
                return choice.value
        return None


@dataclass(frozen=True, slots=True)
class State:
    """Where a person stands: what the dialogue was opened with, and the answers so far."""

    name: str
    about: Mapping[str, Any] = field(default_factory=dict)
    answers: tuple[tuple[str, str], ...] = ()

    def answer(self, step: str) -> str | None:
        return dict(self.answers).get(step)


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that an ended dialogue leaves behind; a service knows how."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Ending:
    reply: str
    effect: Effect | None = None


class Dialogue(Protocol):
    """What distinguishes one dialogue from another."""

    @property
    def name(self) -> str: ...

    @property
    def lifetime(self) -> timedelta:
        """How long it waits for the next answer."""
        ...

    @property
    def resumable(self) -> bool:
        """Whether a stopped one is kept, to go on with another day."""
        ...

    @property
    def insists(self) -> bool:
        """Whether words that are no answer are asked again; else they are another message."""
        ...

    def step(self, state: State) -> Step | None:
        """The next question, from the answers so far; None when there is none left."""
        ...

    def finish(self, state: State) -> Ending: ...


class Outcome(Enum):
    ASKED = "asked"
    PAUSED = "paused"
    ENDED = "ended"
    UNREAD = "unread"  # not meant for this dialogue


@dataclass(frozen=True, slots=True)
class Turned:
    """The result of one message; the step that now waits, if any."""

    outcome: Outcome
    state: State
    reply: str = ""
    step: Step | None = None
    effect: Effect | None = None


def ask(dialogue: Dialogue, state: State, *, before: str = "") -> Turned:
    """Ask the next question, or end where there is none."""
    step = dialogue.step(state)
    if step is None:
        ending = dialogue.finish(state)
        return Turned(Outcome.ENDED, state, ending.reply, effect=ending.effect)
    reply = f"{before}\n\n{step.text}" if before else step.text
    return Turned(Outcome.ASKED, state, reply, step)


def take(dialogue: Dialogue, state: State, said: str, words: Mapping[str, str]) -> Turned:
    """What one message does to a dialogue; `words` are the sentences that all dialogues share."""
    control = control_of(said)
    if control is not None:
        return _controlled(dialogue, state, control, words)
    step = dialogue.step(state)
    if step is None:  # the questions have become fewer since
        return ask(dialogue, state)
    value = step.read(said)
    if value is not None:
        return ask(dialogue, replace(state, answers=(*state.answers, (step.name, value))))
    if not dialogue.insists:
        return Turned(Outcome.UNREAD, state)
    return ask(dialogue, state, before=words["dialogue_unread"])


def _controlled(
    dialogue: Dialogue, state: State, control: Control, words: Mapping[str, str]
) -> Turned:
    if control is Control.RESUME:
        return ask(dialogue, state)
    if control is Control.BACK:
        if not state.answers:
            return ask(dialogue, state, before=words["dialogue_first"])
        return ask(dialogue, replace(state, answers=state.answers[:-1]))
    if dialogue.resumable:
        return Turned(Outcome.PAUSED, state, words["dialogue_paused"])
    return Turned(Outcome.ENDED, state, words["dialogue_stopped"])
