"""People as others see them: how an actor is named in a record, and telling somebody something."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from bot.clients.database import everything, fetch
from bot.domain.actors import Actor, Member, Staff, System
from bot.domain.bindings import AWAY
from bot.services import outbox
from bot.services.messages import MESSAGES
from bot.services.outbox import Payload
from bot.services.telling import Person, tell

TELL = "people.tell"
_HOLDERS = """
SELECT coalesce(u.joined_into_id, u.id) AS id, bool_or(b.role = 'legal' OR b.active_at > $2
    OR EXISTS (SELECT 1 FROM session s JOIN app_user one ON one.id = s.user_id
        AND coalesce(u.joined_into_id, u.id) IN (one.id, one.joined_into_id)
        WHERE s.last_seen_at > $2)) AS here
FROM binding b JOIN app_user u ON u.id = b.user_id
WHERE b.enterprise_id = $1 AND b.state IN ('active', 'suspended') GROUP BY 1
"""


def label(actor: Actor) -> str:
    """Who it was, for a column of a record: `member:` and the user's id, a name of the staff, …."""
    if isinstance(actor, Member):
        return f"member:{actor.user_id}"
    if isinstance(actor, Staff):
        return f"staff:{actor.name}"[:80]
    return f"system:{actor.job}" if isinstance(actor, System) else "visitor"


def of(user_id: UUID) -> Q:
    """Rows that belong to a person, also from before two users proved to be one."""
    return Q(user_id=user_id) | Q(user__joined_into_id=user_id)


async def tell_user(
    user_id: UUID,
    message: str,
    values: Mapping[str, str],
    *,
    key: str,
    now: datetime,
    link: str = "",
) -> None:
    """Promise a message to a person inside the caller's transaction; a known key adds nothing.

    Under which openids they are known is looked up when it is sent: it may be more by then.
    """
    MESSAGES[message].check(values)
    payload = {"user": str(user_id), "message": message, "values": dict(values), "link": link}
    whole = f"{key}:{user_id}"
    await outbox.put(TELL, payload | {"key": whole}, key=f"{TELL}:{whole}", now=now)


async def tell_holders(  # noqa: PLR0913  # whom, what, when, and who knows it already
    enterprise_id: UUID,
    message: str,
    values: Mapping[str, str],
    *,
    key: str,
    now: datetime,
    link: str = "",
    but: UUID | None = None,
) -> int:
    """Tell everybody who acts for the enterprise, but not the one who did it; how many they are.

    An agent who has not been here for long has perhaps left the firm: the others are told alone.
    """
    async with everything("whether a colleague still comes is known by their sessions"):
        rows = await fetch(_HOLDERS, enterprise_id, now - AWAY)
    others = {row["id"]: row["here"] for row in rows if row["id"] != but}
    told = [user_id for user_id, here in others.items() if here] or list(others)
    for user_id in told:
        await tell_user(user_id, message, values, key=key, now=now, link=link)
    return len(told)


async def deliver(payload: Payload, now: datetime, *, service: str, mini: str) -> None:
    """The job behind it: find the person's openids in our two accounts and promise the message."""
    rows = await fetch(
        "SELECT i.appid, i.openid FROM identity i JOIN app_user u ON u.id = i.user_id"
        " WHERE u.id = $1 OR u.joined_into_id = $1 ORDER BY i.id",
        UUID(payload["user"]),
    )
    openids = {row["appid"]: row["openid"] for row in rows}
    person = Person(openids.get(service, ""), openids.get(mini, ""))
    if person != Person():
        await tell(
            person,
            payload["message"],
            payload["values"],
            key=payload["key"],
            now=now,
            link=payload["link"],
        )
