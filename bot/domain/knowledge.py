"""What the chat knows: texts and questions with their answers, read strictly and filled in."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from string import Template
from types import MappingProxyType
from typing import Any

from bot.domain import menus
from bot.domain.errors import BadInput
from bot.domain.matching import Found, Index, Language

FEWEST_WORDINGS = 4
LONGEST_ANSWER = 300
LONGEST_QUESTION = 20
MESSAGE = "message/"
KNOWLEDGE = "knowledge/"
MENU = "menu/"
_KEYS = {"question", "wordings", "answer", "source"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One question that people ask, in several wordings, with its answer and where that is from."""

    id: str
    question: str
    wordings: tuple[str, ...]
    answer: str
    source: str


def read_entries(text: str) -> tuple[Entry, ...]:
    """The entries of a knowledge file; a key too many or too few is an error."""
    table = tomllib.loads(text)
    if set(table) != {"entry"}:
        raise BadInput("文件里只能有 [[entry]]。")
    return tuple(_entry(fields.pop("id", ""), fields) for fields in table["entry"])


def read_entry(name: str, text: str) -> Entry:
    """One entry as staff edit it; what is wrong is said so that they can mend it."""
    try:
        return _entry(name, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name}：格式不对（{error}）。") from error


def write_entry(entry: Entry) -> str:
    """The same, for staff to edit: line by line, as it will be seen."""
    wordings = "".join(f"  {_quoted(wording)},\n" for wording in entry.wordings)
    answer = entry.answer.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f"question = {_quoted(entry.question)}\nwordings = [\n{wordings}]\n"
        f'answer = """\n{answer}"""\nsource = {_quoted(entry.source)}\n'
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML string


def _entry(name: str, fields: Mapping[str, Any]) -> Entry:
    if set(fields) != _KEYS:
        wrong = "、".join(sorted(set(fields) ^ _KEYS))
        raise BadInput(f"{name}：多了或少了 {wrong}。")
    wordings = fields["wordings"]
    texts = [name, fields["question"], fields["answer"], fields["source"]]
    if not isinstance(wordings, list) or not all(
        isinstance(text, str) and text.strip() for text in [*texts, *wordings]
    ):
        raise BadInput(f"{name}：每一项都要填写文字。")
    if len(wordings) < FEWEST_WORDINGS:
        raise BadInput(f"{name}：请至少写 {FEWEST_WORDINGS} 种问法。")
    if len(fields["question"]) > LONGEST_QUESTION or len(fields["answer"]) > LONGEST_ANSWER:
        raise BadInput(f"{name}：问题最多 {LONGEST_QUESTION} 字，答案最多 {LONGEST_ANSWER} 字。")
    return Entry(
        name, fields["question"], tuple(wordings), fields["answer"].strip(), fields["source"]
    )


def missing_numbers(text: str, numbers: Mapping[str, str]) -> list[str]:
    """The placeholders of a text that nobody can fill."""
    return sorted(set(Template(text).get_identifiers()) - set(numbers))


def fill(text: str, numbers: Mapping[str, str]) -> str:
    return Template(text).safe_substitute(numbers)


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that the chat says and knows at one moment, in memory."""

    words: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, Entry] = field(default_factory=dict)
    index: Index | None = None

    def ask(self, text: str) -> Found:
        return self.index.find(text) if self.index else Found()


def readable(name: str, body: str) -> None:
    """Refuse a text that cannot be printed at all; an empty answer is a withdrawn one."""
    if name.startswith(KNOWLEDGE):
        if body:
            read_entry(name.removeprefix(KNOWLEDGE), body)
    elif name.startswith(MENU):
        menus.check(body)
    elif not name.startswith(MESSAGE) or not body.strip():
        raise BadInput(f"{name}：没有这一项，或内容是空的。")


@dataclass(frozen=True, slots=True)
class Press:
    """Makes books: texts come in, numbers are filled from the programmes, never typed twice."""

    language: Language
    numbers: Mapping[str, str]
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What a message may hold, because the code fills it in when it is said; numbers it may not:
    only answers to questions are filled from the programmes."""
    keys: frozenset[str] | None = None
    """What a button of the menu may ask for; None lets all pass."""

    def check(self, name: str, body: str) -> None:
        """Refuse a text that staff should not publish, and say why."""
        readable(name, body)
        if name.startswith(MENU):
            menus.check(body, keys=self.keys)
            return
        if name.startswith(MESSAGE):
            strange = set(missing_numbers(body, {})) - self.own.get(name, frozenset())
            if strange:
                raise BadInput(
                    f"{name}：这段话里填不进 {'、'.join(sorted(strange))}。"
                    "费用、有效期等数字，请写在问答的答案里。"
                )
        elif missing := missing_numbers(body, self.numbers):
            raise BadInput(f"{name}：没有这些数字：{'、'.join(missing)}。")

    def print(self, texts: Mapping[str, str]) -> Book:
        """A book of these texts. An answer whose number is unknown says so instead of guessing."""
        words = {
            name.removeprefix(MESSAGE): body.strip()
            for name, body in texts.items()
            if name.startswith(MESSAGE)
        }
        entries = [
            self._filled(read_entry(name.removeprefix(KNOWLEDGE), body), words)
            for name, body in texts.items()
            if name.startswith(KNOWLEDGE) and body
        ]
        index = Index(((e.id, (e.question, *e.wordings)) for e in entries), self.language)
        return Book(MappingProxyType(words), MappingProxyType({e.id: e for e in entries}), index)

    def _filled(self, entry: Entry, words: Mapping[str, str]) -> Entry:
        if missing_numbers(entry.answer, self.numbers):
            return replace(entry, answer=words["number_unknown"])
        return replace(entry, answer=fill(entry.answer, self.numbers))


def texts_of(words: Mapping[str, str], entries: Iterable[Entry]) -> dict[str, str]:
    """The texts of files, under the names that they have in the database."""
    return {f"{MESSAGE}{name}": body for name, body in words.items()} | {
        f"{KNOWLEDGE}{entry.id}": write_entry(entry) for entry in entries
    }
