"""How api.weixin.qq.com speaks: status 200, JSON, errcode and errmsg with a rid."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.sandbox.world import World

OK = {"errcode": 0, "errmsg": "ok"}


class Refused(Exception):
    """A call that WeChat refuses; `more` are fields beside errcode and errmsg."""

    def __init__(self, errcode: int, errmsg: str, **more: object) -> None:
        super().__init__(errmsg)
        self.errcode = errcode
        self.errmsg = errmsg
        self.more = more


@dataclass(frozen=True, slots=True)
class Upload:
    """The one file of a multipart call."""

    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API after its token was checked; `body` is empty for a GET."""

    world: World
    body: dict[str, Any]
    raw: bytes
    query: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    mini: bool = False  # with the mini-program's token


@dataclass(frozen=True, slots=True)
class Picture:
    """An answer that is no JSON."""

    content: bytes
    content_type: str = "image/png"


Answer = dict[str, Any] | Picture


def as_response(value: Answer) -> web.Response:
    if isinstance(value, Picture):
        return web.Response(body=value.content, content_type=value.content_type)
    # Some of WeChat's answers are JSON called text/plain; who can read that can read them all.
    return web.Response(text=json.dumps(value, ensure_ascii=False), content_type="text/plain")


def refusal(refused: Refused) -> dict[str, Any]:
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    return {
        "errcode": refused.errcode,
        "errmsg": f"{refused.errmsg} rid: {rid}",
        **refused.more,
    }
