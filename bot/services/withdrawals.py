"""A person takes back in WeChat what they allowed us: consents end, sessions end."""

from datetime import datetime

from bot.clients.database import fetch
from bot.services import sessions
from bot.services.outbox import Payload

TAKE = "withdrawals.take"  # the job that user_authorization_revoke or _cancellation becomes


async def take(payload: Payload, now: datetime) -> None:
    """End every consent and every session of whoever is behind this identity.

    What they did with their enterprise stays: it is the enterprise's. Coming back asks anew.
    """
    rows = await fetch(
        "SELECT coalesce(u.joined_into_id, u.id) AS id FROM identity i"
        " JOIN app_user u ON u.id = i.user_id WHERE i.appid = $1 AND i.openid = $2",
        payload["appid"],
        payload["openid"],
    )
    for row in rows:
        await fetch(
            "UPDATE consent SET revoked_at = $2 WHERE revoked_at IS NULL AND user_id IN"
            " (SELECT id FROM app_user WHERE id = $1 OR joined_into_id = $1)",
            row["id"],
            now,
        )
        await sessions.end_all_of(row["id"], now=now)
