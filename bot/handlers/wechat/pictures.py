"""A photograph sent to the chat: the certificate's code on it is found, and looked up.

It comes from anybody, so it is opened in the jail only.
"""

import tempfile
from collections.abc import Sequence
from datetime import datetime

from bot.clients.jail import Examiner
from bot.clients.wechat import Text, WeChat
from bot.clients.wechat_errors import Permanent
from bot.domain.files import Unreadable
from bot.handlers.wechat import lookups
from bot.handlers.wechat.asking import Asking
from bot.services import answering
from bot.services.content import Speech
from bot.services.outbox import Payload
from bot.services.verification import Verifier

READ = "chat.picture"  # the job that a picture becomes


async def read(  # noqa: PLR0913  # a job is given all that it works with
    payload: Payload,
    now: datetime,
    *,
    wechat: WeChat,
    jail: Examiner,
    speech: Speech,
    public_url: str,
    verifier: Verifier,
) -> None:
    """Fetch it from WeChat by its id, never by an address in the message; keep nothing of it."""
    openid, words = payload["openid"], await speech()
    addresses = verifier.register.bases
    ours = await _our_address(str(payload["fields"].get("MediaId", "")), wechat, jail, addresses)
    if ours is None:
        told = words["picture_no_code"]
    elif not ours:
        told = words["scanned_other"]
    else:
        asking = Asking(payload["appid"], openid, ours, now, words, public_url, verifier)
        told = await lookups.look_up("scanned", asking)
    due = answering.due(payload, READ)
    await answering.answer(due, Text(told), wechat=wechat, now=now)


async def _our_address(
    media_id: str, wechat: WeChat, jail: Examiner, addresses: Sequence[str]
) -> str | None:
    """What the first code of ours leads to; "" for somebody else's code, None for no code."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(await wechat.download(media_id))
            file.flush()
            texts = await jail.codes(file)
    except (Permanent, Unreadable):
        return None
    ours = [path for text in texts if (path := lookups.our_path(text, addresses))]
    if ours:
        return ours[0]
    return "" if texts else None
