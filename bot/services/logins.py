"""Coming in through WeChat: a code is redeemed there, and a session is opened here."""

import secrets
from datetime import datetime, timedelta
from urllib.parse import quote

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.clients.wechat import Visitor, WeChat
from bot.clients.wechat_errors import Permanent, Transient
from bot.domain.actors import Member
from bot.domain.consents import Purpose
from bot.domain.errors import BadInput, Unavailable
from bot.domain.sessions import Door
from bot.services import consents, followers, sessions
from bot.services.sessions import Known, Opened, hashed
from models import LoginAttempt
from models.ids import new_id

# About this code or this person; any other refusal is about our account, and ours to mend.
BAD_CODE = frozenset({40003, 40029, 40163, 41008, 42003})
RISKY_PERSON = 40226
PATIENCE = timedelta(minutes=10)  # from our page to WeChat's and back
ECHO = timedelta(minutes=1)  # some phones load the address of the return twice


class Unproven(BadInput):
    """The code does not prove who came: used, too old, of another account, or made up."""

    code = "code_refused"
    message = "微信没有确认这次登录，请重新进入后再试。"


class Frozen(BadInput):
    """WeChat itself keeps this person out for now."""

    code = "wechat_risk"
    message = "微信提示您的账号存在风险，暂时不能登录。请在微信里解除限制后再试。"


class Adrift(BadInput):
    """A return that this browser did not begin, or not lately, or that was used already."""

    code = "login_adrift"
    message = "这次登录已经过期，或者不是在这个页面上发起的。请重新登录。"


class Declined(BadInput):
    code = "login_declined"
    message = "您没有同意登录。需要时请重新登录。"


class Virtual(BadInput):
    """WeChat shows a preview to a made-up person: no account is made for nobody."""

    code = "login_preview"
    message = "您现在看到的是微信的预览页面。请点页面底部的“使用完整服务”，然后重新登录。"


async def from_mini(code: str, *, wechat: WeChat, now: datetime) -> Opened:
    """Open a session for whoever opened the mini-program."""
    try:
        visitor = await wechat.mini_login(code)
    except (Transient, Permanent) as error:
        raise _refusal(error) from None
    return await sessions.sign_in(_known(wechat, visitor), Door.MINI, now=now)


async def phone(code: str, *, actor: Member, wechat: WeChat) -> str:
    """The number that the person gave WeChat leave to tell us; it is handed on, not kept.

    Needs their consent, and that they are known in the mini-program.
    """
    await consents.require(Purpose.PHONE, actor=actor)
    openid = await sessions.openid_in(wechat.appid, actor=actor)
    if openid is None:
        raise Unproven
    try:
        return await wechat.phone_number(code, openid=openid)
    except (Transient, Permanent) as error:
        raise _refusal(error) from None


async def set_out(target: str, *, browser: str, now: datetime) -> str:
    """Answer the state with which this browser may come back once, within ten minutes.

    It is a row and not a signed cookie: a cookie can be sent again, so only a row can say that it
    was used; and there is no key to keep. Both secrets are kept as hashes.
    """
    state = secrets.token_hex(32)  # WeChat takes letters and digits only
    attempt = LoginAttempt(
        id=new_id(now),
        state_hash=hashed(state),
        browser_hash=hashed(browser),
        target=target,
        expires_at=now + PATIENCE,
    )
    await attempt.save(force_create=True)
    return state


def authorize_url(page: str, *, appid: str, back: str, state: str) -> str:
    """WeChat's page for a silent login; it insists on this order of parameters."""
    return (
        f"{page}/connect/oauth2/authorize?appid={appid}&redirect_uri={quote(back, safe='')}"
        f"&response_type=code&scope=snsapi_base&state={state}#wechat_redirect"
    )


async def come_back(state: str, *, browser: str, now: datetime) -> str:
    """Use up the state and answer its target, or raise Adrift; of two at once one succeeds."""
    rows = await fetch(
        "WITH used AS (UPDATE login_attempt SET used_at = $3 WHERE state_hash = $1"
        " AND browser_hash = $2 AND used_at IS NULL AND expires_at > $3 RETURNING target)"
        " SELECT target FROM used",
        hashed(state),
        hashed(browser),
        now,
    )
    if not rows:
        raise Adrift
    return str(rows[0]["target"])


async def echo_of(state: str, *, browser: str, now: datetime) -> str | None:
    """The target of a return that this browser has just finished; it opens nothing again."""
    attempt = await LoginAttempt.get_or_none(
        state_hash=hashed(state), browser_hash=hashed(browser), used_at__gt=now - ECHO
    )
    return attempt.target if attempt else None


async def from_page(code: str, *, wechat: WeChat, now: datetime) -> Opened:
    """Open a session for whoever came back from WeChat's page with this code."""
    if not code:
        raise Declined
    try:
        visitor = await wechat.web_login(code)
    except (Transient, Permanent) as error:
        raise _refusal(error) from None
    if visitor.virtual:
        raise Virtual
    known = _known(wechat, visitor)
    async with in_transaction():
        opened = await sessions.sign_in(known, Door.H5, now=now)
        await followers.ask_later(known, now=now)
    return opened


def _known(wechat: WeChat, visitor: Visitor) -> Known:
    return Known(wechat.appid, visitor.openid, visitor.unionid)


def _refusal(error: Transient | Permanent) -> BadInput | Unavailable:
    if error.errcode in BAD_CODE:
        return Unproven()
    return Frozen() if error.errcode == RISKY_PERSON else Unavailable()
