"""The WeChat API as we use it: one method per call that we make, for either account."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from bot.domain.content_checks import Verdict

LONGEST_LIFE = timedelta(days=30)  # of a temporary code or a link
Button = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """Filled-in keywords for one person, and where a tap leads: to a page of ours or of the
    mini-program (which wins when both are given)."""

    openid: str
    template_id: str
    values: dict[str, str]
    url: str = ""
    mini_page: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Words, in which <a href> works."""

    content: str


@dataclass(frozen=True, slots=True)
class Picture:
    media_id: str


@dataclass(frozen=True, slots=True)
class PageCard:
    """A card that opens a page of the mini-program."""

    title: str
    page: str
    thumb_media_id: str


Content = Text | Picture | PageCard


@dataclass(frozen=True, slots=True)
class SceneCode:
    """A parametric code: `url` is what its picture says; draw it from that."""

    ticket: str
    url: str
    lives: timedelta | None  # None: for ever


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a login code stands for, as this account knows them."""

    openid: str
    unionid: str | None = None
    virtual: bool = False
    """A made-up person, whom WeChat shows to pages opened in its preview (快照页)."""


@dataclass(frozen=True, slots=True)
class LicenceWords:
    """What WeChat reads on a picture of a business licence, word for word; "" is what it lacks."""

    code: str = ""
    name: str = ""
    legal: str = ""
    founded: str = ""
    address: str = ""
    term: str = ""


class WeChat(Protocol):
    """One account. Every call raises Transient or Permanent and nothing else."""

    @property
    def appid(self) -> str: ...

    async def send_template(self, notice: Notice, *, client_msg_id: str) -> str:
        """Template message of the service account; return the id that its receipt will carry.

        The same id for the same person is sent once within ten minutes: repeating is safe.
        """
        ...

    async def send_subscription(self, notice: Notice) -> None:
        """Subscription notice of the service account; uses up one grant. Repeating sends again."""
        ...

    async def send_mini_subscription(self, notice: Notice) -> None:
        """Subscription message of the mini-program; uses up one grant. Repeating sends again."""
        ...

    async def send_custom(self, openid: str, content: Content) -> None:
        """Customer-service message, while the person's last act allows it."""
        ...

    async def upload_picture(self, content: bytes, *, kind: str) -> str:
        """Keep a picture ("png" or "jpg") at WeChat for three days; return its media id."""
        ...

    async def menu(self) -> list[Button] | None:
        """The menu that was published through the API, or None."""
        ...

    async def publish_menu(self, buttons: list[Button]) -> None: ...

    async def scene_code(self, scene: str, *, lives: timedelta | None) -> SceneCode:
        """A code whose scan tells us its scene. Of those that live for ever there are 100,000."""
        ...

    async def page_code(self, scene: str, *, page: str) -> bytes:
        """The picture of a mini-program code; it never ends. Keep it, do not ask for it again."""
        ...

    async def url_link(self, path: str, query: str, *, days: int) -> str:
        """A web address that opens the mini-program, for SMS and e-mail; ends after 30 days, so
        it never stands on a certificate."""
        ...

    async def jsapi_ticket(self) -> str: ...

    async def user_info(self, openid: str) -> Visitor:
        """Who a person is to both our accounts, as the service account knows them.

        No unionid comes until both accounts belong to one open platform account.
        """
        ...

    async def mini_login(self, code: str) -> Visitor:
        """Who opened the mini-program (the code of wx.login). A code works once."""
        ...

    async def web_login(self, code: str) -> Visitor:
        """Who came back from the service account's authorisation page. A code works once."""
        ...

    async def phone_number(self, code: str, *, openid: str) -> str:
        """The number that this person chose to give (the code of the button, not of wx.login).

        Each success may cost money, and a code works once.
        """
        ...

    async def read_licence(self, picture: bytes, *, kind: str) -> LicenceWords:
        """What stands on a business licence ("png" or "jpg", below 2 MB); 100 are free a day."""
        ...

    async def check_text(self, text: str, *, openid: str, scene: int) -> Verdict:
        """Judge up to 2,500 signs of a person who was in the mini-program within two hours."""
        ...

    async def check_picture(self, url: str, *, openid: str, scene: int) -> str:
        """Have the picture at this address judged; return the trace_id of the later push."""
        ...

    async def download(self, media_id: str) -> bytes:
        """A picture that a person sent us, within three days."""
        ...
