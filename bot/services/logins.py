"""Coming in through WeChat: a code is redeemed there, and a session is opened here."""

from datetime import datetime

from bot.clients.wechat import Visitor, WeChat
from bot.clients.wechat_errors import Permanent, Transient
from bot.domain.errors import BadInput, Unavailable
from bot.domain.sessions import Door
from bot.services import sessions
from bot.services.sessions import Known, Opened

# About this code or this person; any other refusal is about our account, and ours to mend.
BAD_CODE = frozenset({40029, 40163, 41008, 42003})
RISKY_PERSON = 40226


class Unproven(BadInput):
    """The code does not prove who came: used, too old, of another account, or made up."""

    code = "code_refused"
    message = "微信没有确认这次登录，请重新进入后再试。"


class Frozen(BadInput):
    """WeChat itself keeps this person out for now."""

    code = "wechat_risk"
    message = "微信提示您的账号存在风险，暂时不能登录。请在微信里解除限制后再试。"


async def from_mini(code: str, *, wechat: WeChat, now: datetime) -> Opened:
    """Open a session for whoever opened the mini-program."""
    try:
        visitor = await wechat.mini_login(code)
    except (Transient, Permanent) as error:
        raise _refusal(error) from None
    return await sessions.sign_in(_known(wechat, visitor), Door.MINI, now=now)


def _known(wechat: WeChat, visitor: Visitor) -> Known:
    return Known(wechat.appid, visitor.openid, visitor.unionid)


def _refusal(error: Transient | Permanent) -> BadInput | Unavailable:
    if error.errcode in BAD_CODE:
        return Unproven()
    return Frozen() if error.errcode == RISKY_PERSON else Unavailable()
