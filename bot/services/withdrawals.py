"""A person takes back in WeChat what they allowed us: consents end, sessions end."""

from datetime import datetime

from tortoise.transactions import in_transaction

from bot.domain.consents import taken_back
from bot.services import consents, sessions
from bot.services.outbox import Payload

TAKE = "withdrawals.take"  # the job that user_authorization_revoke or _cancellation becomes


async def take(payload: Payload, now: datetime) -> None:
    """Revoke what whoever is behind this identity took back, as they would on their own page.

    Coming back asks anew. Doing it twice does no harm.
    """
    actor = await sessions.in_chat(payload["appid"], payload["openid"], now=now)
    if actor is None:
        return
    fields = payload["fields"]
    one = fields.get("RevokeInfo") if fields["Event"] == "user_authorization_revoke" else None
    async with in_transaction():
        for purpose in taken_back(one):
            await consents.revoke(purpose, actor=actor, now=now)
