"""The picture of a certificate, sent after the words to whoever asks for their own."""

import asyncio
from datetime import datetime

import structlog

from bot.clients.wechat import Picture, WeChat
from bot.clients.wechat_errors import Permanent
from bot.domain.errors import NotAgreed
from bot.domain.papers import NotYetMade
from bot.handlers.wechat import personal
from bot.handlers.wechat.asking import Asking
from bot.services import answering, held_certificates
from bot.services.cabinet import Cabinet
from bot.services.outbox import Payload
from bot.services.verification import Verifier

log = structlog.get_logger()

SEND = "chat.certificate"  # the job that 证书 leaves behind its words


async def send(
    payload: Payload,
    now: datetime,
    *,
    wechat: WeChat,
    cabinet: Cabinet | None,
    verifier: Verifier,
) -> None:
    """Send it if there is one; if not, the words that were answered have led to the page."""
    if cabinet is None:
        return
    asking = Asking(payload["appid"], payload["openid"], "", now, {}, "", verifier)
    try:  # in a task of its own, because it narrows what its task may see
        data = await asyncio.create_task(_picture(asking, cabinet))
    except NotYetMade:
        await answering.again(SEND, payload, now=now)
        return
    if data is None:
        return
    try:
        media = await wechat.upload_picture(data, kind="png")
    except Permanent as refusal:
        log.info("picture_refused", errcode=refusal.errcode)
        return
    due = answering.due(payload, SEND)
    await answering.answer(due, Picture(media), wechat=wechat, now=now)


async def _picture(asking: Asking, cabinet: Cabinet) -> bytes | None:
    """Of a person who acts for one enterprise; with several the page asks which."""
    try:
        theirs = await personal.mine(asking)
    except NotAgreed:
        return None
    if len(theirs) != 1:
        return None
    whose = theirs[0].bound.enterprise_id
    return await held_certificates.picture(
        whose, verifier=asking.verifier, now=asking.now, cabinet=cabinet
    )
