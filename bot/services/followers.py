"""Who a follower of the service account is: asked of WeChat, because no silent login tells it."""

from datetime import datetime

import structlog

from bot.clients.wechat import WeChat
from bot.clients.wechat_errors import Permanent
from bot.services import outbox, sessions
from bot.services.outbox import Payload
from bot.services.sessions import Known

log = structlog.get_logger()

LEARN = "followers.learn"  # the job that following, and a login on our pages, leave behind


async def ask_later(known: Known, *, now: datetime) -> None:
    """Inside the caller's transaction; who is known by a unionid already is not asked about."""
    if not await sessions.is_tied(known):
        await outbox.put(LEARN, {"appid": known.appid, "openid": known.openid}, now=now)


async def learn(payload: Payload, now: datetime, *, wechat: WeChat) -> None:
    """Join the identities of one person. Without a unionid nobody is joined, and nobody is made."""
    try:
        visitor = await wechat.user_info(payload["openid"])
    except Permanent as refusal:
        log.info("follower_unknown", errcode=refusal.errcode)
        return
    if visitor.unionid:
        known = Known(payload["appid"], payload["openid"], visitor.unionid)
        await sessions.recognise(known, now=now)
