"""The dialogues of the chat: which questions they ask, and what comes of the answers.

A new one is a class with the shape of bot.domain.dialogues.Dialogue and a line in `dialogues`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.dialogues import Choice, Dialogue, Effect, Ending, State, Step
from bot.domain.knowledge import Book, fill
from bot.services.dialogues import TICKET

NEAREST = "nearest"


@dataclass(frozen=True, slots=True)
class LeaveQuestion:
    """人工 when nobody is at the desk: the next message is kept as a question for the staff."""

    words: Mapping[str, str]
    name: str = TICKET
    lifetime: timedelta = timedelta(minutes=30)
    resumable: bool = False
    insists: bool = True

    def step(self, state: State) -> Step | None:
        if state.answers:
            return None
        ask = "ticket_ask" if state.about["known"] else "ticket_ask_unsure"
        return Step("question", fill(self.words[ask], {"when": state.about["when"]}))

    def finish(self, state: State) -> Ending:
        taken = fill(self.words["ticket_taken"], {"when": state.about["when"]})
        return Ending(taken, Effect(TICKET, state.answers[0][1]))


@dataclass(frozen=True, slots=True)
class ChooseQuestion:
    """Not understood: the nearest questions are offered, and a number brings the answer."""

    book: Book
    name: str = NEAREST
    lifetime: timedelta = timedelta(minutes=30)
    resumable: bool = False
    insists: bool = False  # another question is simply another question

    def step(self, state: State) -> Step | None:
        entries = self.book.entries
        known = [entries[name] for name in state.about["near"] if name in entries]
        if state.answers or not known:
            return None
        choices = tuple(Choice(entry.id, entry.question) for entry in known)
        return Step("which", self.book.words["nearest"], choices, self.book.words["nearest_else"])

    def finish(self, state: State) -> Ending:
        entry = self.book.entries.get(state.answer("which") or "")
        return Ending(entry.answer if entry else self.book.words["unknown"])


def dialogues(book: Book) -> dict[str, Dialogue]:
    """Every dialogue, with the words of this book."""
    return {each.name: each for each in (LeaveQuestion(book.words), ChooseQuestion(book))}
