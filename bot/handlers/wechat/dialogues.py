"""The dialogues of the chat: which questions they ask, and what comes of the answers.

A new one is a class with the shape of bot.domain.dialogues.Dialogue and a line in `script`; one
whose questions come out of the database has the shape of bot.services.dialogues.Live.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.clients.vault import Vault
from bot.domain import phones
from bot.domain.dialogues import Choice, Effect, Ending, State, Step
from bot.domain.knowledge import Book, fill
from bot.handlers.wechat.self_assessment import ASSESS, SelfAssessment
from bot.handlers.wechat.unbinding import UNBIND, Unbinding
from bot.services.dialogues import TICKET, Live, Script

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
        return Step("question", fill(self.words["ticket_ask"], {"when": state.about["when"]}))

    def finish(self, state: State) -> Ending:
        question = state.answers[0][1]
        left = "、".join(phones.masked(number) for number in phones.taken_out(question)[1])
        values = {"when": state.about["when"], "phone": left}
        taken = fill(self.words["ticket_taken_phone" if left else "ticket_taken"], values)
        return Ending(taken, Effect(TICKET, question))


@dataclass(frozen=True, slots=True)
class ChooseQuestion:
    """Not understood: the nearest questions are offered, and a number brings the answer."""

    book: Book
    public_url: str
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
        if entry is None:
            return Ending(self.book.words["unknown"])
        return Ending(fill(entry.answer, {"site": self.public_url}))


def script(book: Book, public_url: str, vault: Vault, mini: str) -> Script:
    """Every dialogue, with the words of this book."""
    plain = (LeaveQuestion(book.words), ChooseQuestion(book, public_url))
    live: dict[str, Live] = {ASSESS: SelfAssessment(public_url), UNBIND: Unbinding()}
    return Script({each.name: each for each in plain}, live, book.words, vault, mini)
