"""The way from a page of ours into the mini-program, where WeChat vouches for a phone number."""

from bot.clients.wechat import WeChat
from bot.clients.wechat_errors import Permanent, Transient
from bot.domain.errors import NotFound, Unavailable

DAYS = 1  # it is followed at once


class Shut(Unavailable):
    code = "mini_program_unavailable"
    message = "现在打不开小程序，请稍后再试，或者返回填写执照信息。"


async def to(page: str, *, wechat: WeChat | None) -> str:
    """The address that opens this page of the mini-program; none is published where none is set."""
    if not page:
        raise NotFound
    if wechat is None:
        raise Shut
    try:
        return await wechat.url_link(f"/{page}", "", days=DAYS)
    except (Transient, Permanent):
        raise Shut from None
