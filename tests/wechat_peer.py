"""WeChat's side of a callback, played by wechatpy: a peer that shares no code with ours."""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import to_text

from bot.config import SANDBOX_AES_KEY, SANDBOX_APPID, SANDBOX_TOKEN
from bot.domain.knowledge import fill
from bot.handlers.wechat.words import WORDS

ACCOUNT = "gh_of_the_account"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Push:
    """One request as WeChat sends it."""

    body: bytes
    query: dict[str, str]


class Peer:
    """Seals pushes and opens answers with the account's keys."""

    def __init__(
        self,
        *,
        token: str = SANDBOX_TOKEN,
        aes_key: str = SANDBOX_AES_KEY,
        appid: str = SANDBOX_APPID,
    ) -> None:
        self._crypto = WeChatCrypto(token, aes_key, appid)

    def push(self, xml: str, *, at: datetime) -> Push:
        nonce = f"{next(_numbers):010d}"
        sealed = self._crypto.encrypt_message(xml, nonce, str(int(at.timestamp())))
        found = {
            name: re.search(rf"<{name}>(?:<!\[CDATA\[)?([^\]<]+)", sealed)[1]  # type: ignore[index]
            for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
        }
        body = (
            f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>"
            f"<Encrypt><![CDATA[{found['Encrypt']}]]></Encrypt></xml>"
        )
        query = {
            "signature": "0" * 40,
            "timestamp": found["TimeStamp"],
            "nonce": found["Nonce"],
            "encrypt_type": "aes",
            "msg_signature": found["MsgSignature"],
        }
        return Push(body.encode(), query)

    def open(self, answer: bytes, *, nonce: str) -> str:
        """Check the answer's signature, decrypt it, and return its words."""
        text = answer.decode()
        signature = re.search(r"<MsgSignature><!\[CDATA\[([^\]]+)", text)
        timestamp = re.search(r"<TimeStamp>(\d+)", text)
        assert signature
        assert timestamp
        plain = to_text(self._crypto.decrypt_message(text, signature[1], timestamp[1], nonce))
        words = re.search(r"<Content><!\[CDATA\[(.*?)\]\]></Content>", plain, re.DOTALL)
        assert words
        return words[1]


def text(openid: str, content: str, *, number: int, at: datetime) -> str:
    return _xml(
        openid, at, "text", f"<Content><![CDATA[{content}]]></Content><MsgId>{number}</MsgId>"
    )


def event(openid: str, name: str, *, at: datetime, key: str = "") -> str:
    inner = f"<Event><![CDATA[{name}]]></Event><EventKey><![CDATA[{key}]]></EventKey>"
    return _xml(openid, at, "event", inner)


def event_of(openid: str, name: str, inner: str, *, at: datetime) -> str:
    """An event with elements of its own."""
    return _xml(openid, at, "event", f"<Event><![CDATA[{name}]]></Event>{inner}")


def picture(openid: str, *, number: int, at: datetime) -> str:
    inner = f"<PicUrl><![CDATA[http://x/y]]></PicUrl><MediaId><![CDATA[m]]></MediaId><MsgId>{number}</MsgId>"
    return _xml(openid, at, "image", inner)


def _xml(openid: str, at: datetime, kind: str, inner: str) -> str:
    return (
        f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>"
        f"<FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{int(at.timestamp())}</CreateTime>"
        f"<MsgType><![CDATA[{kind}]]></MsgType>{inner}</xml>"
    )


def welcome(url: str) -> str:
    """What a new follower of a product at this address is told."""
    return fill(WORDS["welcome"], {"bind": f"{url}/h5/bind", "home": f"{url}/"})
