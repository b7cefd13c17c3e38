"""How often somebody may do something on one day in Beijing, counted for all processes."""

from datetime import datetime

from bot.clients.database import fetch
from bot.domain.workdays import BEIJING
from models import Ration
from models.ids import new_id

# Counted and compared in one statement: of two at once at the limit, one is refused.
_USE = """
INSERT INTO ration (id, kind, subject, day, used) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (kind, subject, day) DO UPDATE SET used = ration.used + 1 WHERE ration.used < $5
RETURNING used
"""


async def left(kind: str, subject: str, most: int, *, now: datetime) -> bool:
    """Whether there is one to take; it is taken by `use` only."""
    day = now.astimezone(BEIJING).date()
    return not await Ration.filter(kind=kind, subject=subject, day=day, used__gte=most).exists()


async def use(kind: str, subject: str, *, most: int, now: datetime) -> bool:
    """Take one of today's `most`; False when none is left."""
    day = now.astimezone(BEIJING).date()
    return bool(await fetch(_USE, new_id(now), kind, subject, day, most))
