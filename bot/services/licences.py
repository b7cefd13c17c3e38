"""A business licence read from a picture, to fill a form in before a person checks it."""

from dataclasses import asdict
from datetime import datetime
from typing import IO

from bot.clients.jail import Examiner
from bot.clients.wechat import WeChat
from bot.clients.wechat_errors import Permanent, Transient
from bot.domain.actors import Member
from bot.domain.errors import BadInput, Unavailable
from bot.domain.licences import Licence, understood
from bot.domain.workdays import BEIJING
from bot.services import rations

LARGEST = 2_000_000  # bytes; WeChat reads no larger picture
READINGS_A_DAY = 10  # of one person: the account has a hundred for everybody
NO_LICENCE = frozenset({101000, 101001})
USED_UP = frozenset({45009, 101002})


class Unreadable(BadInput):
    """There is no licence on the picture, or nobody could read it."""

    code = "licence_unreadable"
    message = "没有在图片里认出营业执照。请把执照放平、拍清楚四个角再试，或者直接填写。"


class UsedUp(Unavailable):
    code = "licence_quota"
    message = "今天自动识别的次数用完了，请直接填写，不影响办理。"


class Off(Unavailable):
    code = "licence_unavailable"
    message = "现在不能自动识别营业执照，请直接填写，不影响办理。"


async def legible(file: IO[bytes], *, jail: Examiner) -> bytes:
    """Whatever a phone takes or a printer sends, as a picture that the reader takes."""
    return await jail.legible(file, within=LARGEST)


async def read(picture: bytes, *, wechat: WeChat | None, actor: Member, now: datetime) -> Licence:
    """What stands on a legible picture, as a proposal for the form: nothing of it is kept.

    Whoever asked too often today is told UsedUp before WeChat is asked.
    """
    if wechat is None:
        raise Off
    if not await rations.use("licence", str(actor.user_id), most=READINGS_A_DAY, now=now):
        raise UsedUp
    try:
        words = await wechat.read_licence(picture, kind="jpg")
    except (Transient, Permanent) as failure:
        raise _refusal(failure) from None
    return understood(asdict(words), today=now.astimezone(BEIJING).date())


def _refusal(failure: Transient | Permanent) -> BadInput | Unavailable:
    if failure.errcode in NO_LICENCE:
        return Unreadable()
    return UsedUp() if failure.errcode in USED_UP else Off()
