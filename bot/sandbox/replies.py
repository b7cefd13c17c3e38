"""Judges the account's answer to a push as WeChat does, and reads what to show."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from xml.etree import ElementTree as ET

from bot.sandbox import crypto, xml

LONGEST_TEXT = 2048  # bytes of UTF-8
SECONDS = re.compile(r"\d{10}")  # milliseconds (13 digits) were seen to fail


class Verdict(StrEnum):
    QUIET = "quiet"  # empty or "success": taken, nothing to show
    REPLY = "reply"  # a sealed reply that opened
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    STATUS = "status"  # HTTP, anything but 200
    MALFORMED = "malformed"  # neither of the three bodies that are allowed
    BAD_SIGNATURE = "bad_signature"
    BAD_ENVELOPE = "bad_envelope"


GOOD = {Verdict.QUIET, Verdict.REPLY}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the phone shows; `kind` is the MsgType."""

    kind: str
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    detail: str = ""
    reply: Reply | None = None


class _Bad(Exception):
    """An answer that counts as none."""

    def __init__(self, verdict: Verdict, detail: str) -> None:
        super().__init__(detail)
        self.verdict = verdict


def judge(body: bytes, keys: crypto.Keys, *, openid: str, account: str) -> Judgement:
    """For an answer with HTTP status 200."""
    if body in {b"", b"success"}:
        return Judgement(Verdict.QUIET)
    try:
        sealed = _check_envelope(body, keys)
        inside = xml.read(crypto.decrypt(sealed, keys).decode())
        return Judgement(Verdict.REPLY, reply=_read(inside, openid=openid, account=account))
    except _Bad as bad:
        return Judgement(bad.verdict, str(bad))
    except crypto.BadEnvelope as error:
        return Judgement(Verdict.BAD_ENVELOPE, str(error))
    except (UnicodeDecodeError, xml.BadXml) as error:
        return Judgement(Verdict.MALFORMED, f"the sealed reply: {error}")


def _check_envelope(body: bytes, keys: crypto.Keys) -> str:
    """The ciphertext, once the outside is as it must be."""
    try:
        envelope = xml.read(body.decode())
    except (UnicodeDecodeError, xml.BadXml) as error:
        raise _Bad(Verdict.MALFORMED, f"neither success nor a sealed reply: {error}") from error
    encrypted, signed, timestamp, nonce = (
        envelope.findtext(name, "") for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
    )
    if not encrypted:
        raise _Bad(Verdict.MALFORMED, "a plain reply in safe mode")
    if not SECONDS.fullmatch(timestamp):
        raise _Bad(Verdict.MALFORMED, "TimeStamp is not in seconds")
    if not crypto.same(crypto.signature(keys.token, timestamp, nonce, encrypted), signed):
        raise _Bad(Verdict.BAD_SIGNATURE, "MsgSignature does not fit")
    return encrypted


def _read(message: ET.Element, *, openid: str, account: str) -> Reply:
    if message.findtext("ToUserName") != openid or message.findtext("FromUserName") != account:
        raise xml.BadXml("ToUserName and FromUserName are not swapped")
    if not message.findtext("CreateTime", "").isdigit():
        raise xml.BadXml("CreateTime is not a number")
    kind = message.findtext("MsgType", "")
    if kind not in KINDS:
        raise xml.BadXml(f"MsgType {kind!r} cannot be a reply")
    return Reply(kind, KINDS[kind](message))


def _text(message: ET.Element) -> dict[str, Any]:
    content = message.findtext("Content", "")
    if not content or len(content.encode()) > LONGEST_TEXT:
        raise xml.BadXml(f"Content must have 1 to {LONGEST_TEXT} bytes")
    return {"content": content}


def _media(part: str) -> Callable[[ET.Element], dict[str, Any]]:
    def read(message: ET.Element) -> dict[str, Any]:
        media_id = message.findtext(f"{part}/MediaId", "")
        if not media_id:
            raise xml.BadXml(f"{part}/MediaId is missing")
        return {"media_id": media_id}

    return read


def _music(message: ET.Element) -> dict[str, Any]:
    return {
        "title": message.findtext("Music/Title", ""),
        "url": message.findtext("Music/MusicUrl", ""),
    }


def _news(message: ET.Element) -> dict[str, Any]:
    articles = [
        {
            "title": item.findtext("Title", ""),
            "description": item.findtext("Description", ""),
            "pic_url": item.findtext("PicUrl", ""),
            "url": item.findtext("Url", ""),
        }
        for item in message.findall("Articles/item")
    ]
    if not articles or message.findtext("ArticleCount") != str(len(articles)):
        raise xml.BadXml("ArticleCount does not fit the articles")
    return {"articles": articles[:1]}  # more than one is cut off when a message is answered


def _handover(message: ET.Element) -> dict[str, Any]:
    return {"account": message.findtext("TransInfo/KfAccount", "")}


KINDS: dict[str, Callable[[ET.Element], dict[str, Any]]] = {
    "text": _text,
    "image": _media("Image"),
    "voice": _media("Voice"),
    "video": _media("Video"),
    "music": _music,
    "news": _news,
    "transfer_customer_service": _handover,
}
