"""Who acts: what the proof of an audience found out about the asker, or who runs a command."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.domain.sessions import Door


@dataclass(frozen=True, slots=True)
class Member:
    """A person who signed in through WeChat."""

    user_id: UUID
    session_id: UUID
    door: Door
    signed_in_at: datetime
    expires_at: datetime
    agreed: bool = False
    """To today's privacy text, at the moment when the person was looked up."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of the association at the command line, by the name that they gave."""

    name: str


@dataclass(frozen=True, slots=True)
class System:
    """Nobody: a job did it, by the clock or because of what somebody did earlier."""

    job: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who proved nothing."""


Actor = Member | Staff | System | Visitor
