"""What the codes of WeChat can carry: scenes of parametric codes and of mini-program codes."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.certificates import CREDIT_CODE, NUMBER
from bot.domain.errors import BadInput

_PAGE_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_PAGE = re.compile(r"[0-9A-Za-z_\-]+(/[0-9A-Za-z_\-]+)*")


def check_scene(scene: str) -> None:
    """For a parametric code of the service account: 1 to 64 characters."""
    if not 1 <= len(scene) <= 64:
        raise BadInput("二维码的场景值须为 1 到 64 个字符。", field="scene")


def check_page_scene(scene: str, page: str) -> None:
    """For a mini-program code: 1 to 32 characters of a small alphabet, a page without "/" ahead."""
    if not _PAGE_SCENE.fullmatch(scene):
        raise BadInput("小程序码的场景值须为 1 到 32 个字母、数字或符号。", field="scene")
    if not _PAGE.fullmatch(page):
        raise BadInput("小程序页面的路径不带开头的斜线，也不带参数。", field="page")


def check_link(path: str, query: str, days: int) -> None:
    if not path.startswith("/") or "?" in path:
        raise BadInput("小程序页面的路径以斜线开头，不带参数。", field="path")
    if len(query) > 1024:
        raise BadInput("小程序链接的参数太长。", field="query")
    if not 1 <= days <= 30:
        raise BadInput("小程序链接的有效期为 1 到 30 天。", field="days")


class Kind(StrEnum):
    """What a parametric code of ours leads to; the letter stands in the scene."""

    CERTIFICATE = "c"
    INVITATION = "i"
    ENTERPRISE = "e"
    EVENT = "a"


# What a key looks like, and the page of ours that it opens.
_KEYS = {
    Kind.CERTIFICATE: NUMBER,
    Kind.INVITATION: re.compile(r"[A-Za-z0-9_-]{43}"),
    Kind.ENTERPRISE: CREDIT_CODE,
    Kind.EVENT: re.compile(r"[a-z0-9-]{1,40}"),
}
PAGES = {
    Kind.CERTIFICATE: "/v/{}",
    Kind.INVITATION: "/h5/invitations/{}",
    Kind.ENTERPRISE: "/v?q={}",
    Kind.EVENT: "/?from={}",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing of ours, as a code names it: `c:2026CASAAX00001`."""

    kind: Kind
    key: str

    def __post_init__(self) -> None:
        if not _KEYS[self.kind].fullmatch(self.key):
            raise BadInput("二维码的内容不对。", field="scene")

    @property
    def text(self) -> str:
        return f"{self.kind}:{self.key}"

    @property
    def page(self) -> str:
        return PAGES[self.kind].format(self.key)


def read_scene(text: str) -> Scene | None:
    """The thing that a scanned code names; None for a code of another time or of somebody else."""
    letter, colon, key = text.partition(":")
    try:
        return Scene(Kind(letter), key) if colon else None
    except (ValueError, BadInput):
        return None
