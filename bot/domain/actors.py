"""Who acts: what the proof of an audience found out about the asker."""

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
