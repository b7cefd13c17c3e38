"""Asking: a question whose answer stands in the database or the register, and who asks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.services.verification import Verifier


@dataclass(frozen=True, slots=True)
class Asking:
    appid: str
    openid: str
    about: str
    now: datetime
    words: Mapping[str, str]
    public_url: str
    verifier: Verifier
    """What is said of a certificate comes from here, never from a row."""

    def link(self, path: str) -> str:
        return self.public_url + path
