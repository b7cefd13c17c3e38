"""What a press is asked for, and what it gives: for services, which know no Typst."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.documents import Certificate, CommitmentLetter, Notice, Plaque
from bot.domain.reports import Report

Document = Certificate | Plaque | CommitmentLetter | Notice | Report


@dataclass(frozen=True, slots=True)
class Made:
    """The file, signed but for a plaque's; its first page as a picture where people share it."""

    pdf: bytes
    png: bytes | None


class Printer(Protocol):
    """bot/clients/documents.py has the real one; workers alone hold it."""

    async def make(self, document: Document, *, at: datetime, now: datetime) -> Made:
        """Set and sign a document. `at` is the record's time, `now` that of the signature."""
        ...

    def close(self) -> None:
        """Let its thread go."""
        ...
