"""What callbacks say and what we answer: wechatpy's message and reply classes behind guards."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from xml.parsers import expat

import orjson
from wechatpy.events import EVENT_TYPES, BaseEvent
from wechatpy.messages import MESSAGE_TYPES, BaseMessage, UnknownMessage
from wechatpy.replies import (
    ArticlesReply,
    BaseReply,
    EmptyReply,
    ImageReply,
    TextReply,
    TransferCustomerServiceReply,
)

from bot.domain.errors import BadInput
from bot.domain.fitting import fitting

Field = str | dict[str, "Field"] | list["Field"]
Fields = dict[str, Field]

MAX_DEPTH = 8
MAX_KEY_CHARS = 160

# WeChat repeats these as siblings, one or many: always a list.
_REPEATED = frozenset({"List", "item", "detail"})
# Sent by WeChat's own push service; whom they are about stands in OpenID.
_ABOUT_SOMEBODY = frozenset(
    {"user_info_modified", "user_authorization_revoke", "user_authorization_cancellation"}
)
# Both names come back in the reply; of these characters none can leave its CDATA.
_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_INSTANT = re.compile(r"[0-9]{1,11}")
_QRSCENE = "qrscene_"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _template(reply: type[BaseReply], **texts: object) -> str:
    """Let wechatpy render a kind of reply once; its renderer costs as much as our whole codec."""
    ends = {"source": "%(account_id)s", "target": "%(openid)s", "time": 0}
    xml: str = reply(**ends, **texts).render()
    return xml.replace("<CreateTime>0<", "<CreateTime>%(at)d<")


_TEXT = _template(TextReply, content="%(text)s")
_IMAGE = _template(ImageReply, image="%(media_id)s")
_ARTICLE = {"title": "%(title)s", "description": "%(description)s", "image": "%(picture)s"}
_NEWS = _template(ArticlesReply, articles=[{**_ARTICLE, "url": "%(url)s"}])
_TRANSFER = _template(TransferCustomerServiceReply)
EMPTY_REPLY: str = EmptyReply().render()  # no answer and no redelivery; needs no sealing


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message or event; `fields` holds everything as it was sent, unknown fields too."""

    kind: str  # MsgType in lower case: "text", "image", … or "event"
    event: str  # in lower case, because two spellings circulate; "" for messages
    key: str  # EventKey as sent, or ""
    openid: str  # who wrote, or whom the event is about
    account_id: str  # the gh_… name of the account that was written to
    sent_at: int
    dedupe_key: str  # equal for every redelivery, within one account
    text: str  # Content of a text message, else ""
    fields: Fields

    @property
    def scene(self) -> str:
        """The scene of the parametric QR code that brought this follower or scan, or nothing."""
        if self.event == "subscribe" and self.key.startswith(_QRSCENE):
            return self.key.removeprefix(_QRSCENE)
        return self.key if self.event == "scan" else ""

    @property
    def message(self) -> BaseMessage:
        """wechatpy's object; made when asked for, since most answers need only the above."""
        fields = dict(self.fields)  # its descriptors write their defaults back
        if self.kind != "event":
            return MESSAGE_TYPES.get(self.kind, UnknownMessage)(fields)
        if self.event == "subscribe" and self.scene:  # wechatpy's own name for this case
            fields |= {"Event": "subscribe_scan", "EventKey": self.scene}
            return EVENT_TYPES["subscribe_scan"](fields)
        return EVENT_TYPES.get(self.event, BaseEvent)(fields)


def read(plain: bytes) -> Incoming:
    """Understand the plain XML or JSON of a callback; unknown types, events and fields are
    accepted."""
    fields = _parse_json(plain) if plain.lstrip()[:1] == b"{" else _parse(plain)
    sender, account_id = _word(fields, "FromUserName"), _word(fields, "ToUserName")
    kind = _word(fields, "MsgType").lower()
    created = fields.get("CreateTime")
    if not isinstance(created, str) or not _INSTANT.fullmatch(created):
        raise BadInput("消息的 CreateTime 缺失或格式不对。", field="CreateTime")
    event = _text(fields, "Event").lower() if kind == "event" else ""
    about = event in _ABOUT_SOMEBODY and "OpenID" in fields
    openid = _word(fields, "OpenID") if about else sender
    key = _text(fields, "EventKey")
    if number := _text(fields, "MsgId"):
        dedupe_key = f"m:{number}"
    else:
        what = _text(fields, "MsgID") or _text(fields, "trace_id") or _nested_ids(fields)
        dedupe_key = f"e:{openid}:{created}:{event or kind}:{key}:{what}"
    if len(dedupe_key) > MAX_KEY_CHARS:  # a menu's address may be long, a row's key may not
        dedupe_key = f"h:{sha256(dedupe_key.encode()).hexdigest()}"
    return Incoming(
        kind=kind,
        event=event,
        key=key,
        openid=openid,
        account_id=account_id,
        sent_at=int(created),
        dedupe_key=dedupe_key,
        text=_text(fields, "Content") if kind == "text" else "",
        fields=fields,
    )


def text_reply(to: Incoming, text: str, *, at: int) -> str:
    """Answer with text; of what is longer than WeChat takes whole sentences, of a blank nothing."""
    text = _NOT_XML.sub("", text)
    if not text.strip():
        return EMPTY_REPLY
    return _fill(_TEXT, to, at, text=fitting(text))


def image_reply(to: Incoming, media_id: str, *, at: int) -> str:
    return _fill(_IMAGE, to, at, media_id=media_id)


def news_reply(
    to: Incoming, *, title: str, description: str, picture: str, url: str, at: int
) -> str:
    """Answer with one article: more than one is not shown in an answer to a message."""
    return _fill(_NEWS, to, at, title=title, description=description, picture=picture, url=url)


def transfer_reply(to: Incoming, *, at: int) -> str:
    """Hand this message to the people at the customer-service desk."""
    return _fill(_TRANSFER, to, at)


def _fill(template: str, to: Incoming, at: int, **texts: str) -> str:
    safe = {name: _cdata(_NOT_XML.sub("", text)) for name, text in texts.items()}
    return template % {"account_id": to.account_id, "openid": to.openid, "at": at, **safe}


def _cdata(text: str) -> str:
    return text.replace("]]>", "]]]]><![CDATA[>")


def _word(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise BadInput(f"消息的 {name} 缺失或格式不对。", field=name)
    return value


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise BadInput(f"消息的 {name} 格式不对。", field=name)
    return value


def _nested_ids(fields: Fields) -> str:
    # Receipts of subscription messages carry their ids one level down: two in one second differ.
    # So do an agreement and its withdrawal within one second.
    lists = [value.get("List") for value in (fields, *fields.values()) if isinstance(value, dict)]
    items = [item for found in lists if isinstance(found, list) for item in found]
    ids = [_nested_id(item) for item in items if isinstance(item, dict)]
    return ",".join(ids)


def _nested_id(item: Mapping[str, Field]) -> str:
    if number := item.get("MsgID"):
        return str(number)
    return f"{item.get('TemplateId')}{item.get('SubscribeStatusString', '')}"


def _parse_json(body: bytes) -> Fields:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput("消息不是完整的 JSON。") from error
    fields = _plain(given, 1)
    if not isinstance(fields, dict) or not fields:
        raise BadInput("消息里没有内容。")
    return fields


def _plain(value: object, depth: int, name: str = "") -> Field:
    """The same shape as XML gives: texts only, and a list where WeChat may repeat something."""
    if depth > MAX_DEPTH:
        raise BadInput("消息嵌套太深。")
    if isinstance(value, dict):
        found: Field = {_kept(key): _plain(part, depth + 1, key) for key, part in value.items()}
    elif isinstance(value, list):
        return [_plain(part, depth + 1) for part in value]
    else:
        found = "" if value is None else _kept(str(value))
    if name in _REPEATED:
        return [found] if found else []
    return found


def _kept(text: str) -> str:
    """Without the one character that XML forbids and PostgreSQL does not keep."""
    return text.replace("\0", "")


def _parse(xml: bytes) -> Fields:
    parser = expat.ParserCreate("UTF-8")  # whatever the prologue claims
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    top: Fields = {}
    open_elements = [top]
    content = ""

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal content
        content = ""
        open_elements.append({})
        if len(open_elements) > MAX_DEPTH:
            raise BadInput("消息嵌套太深。")

    def text(data: str) -> None:
        nonlocal content
        content += data

    def end(name: str) -> None:
        value: Field = open_elements.pop() or content
        parent = open_elements[-1]
        if name in _REPEATED:
            siblings = parent.setdefault(name, [])
            if value and isinstance(siblings, list):
                siblings.append(value)
        elif name in parent:
            raise BadInput(f"消息里的 {name} 出现了两次。", field=name)
        else:
            parent[name] = value

    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    parser.EndElementHandler = end
    try:
        parser.Parse(xml, True)  # noqa: FBT003 - expat takes it by position only
    except expat.ExpatError as error:
        raise BadInput("消息不是完整的 XML。") from error
    fields = top.get("xml")
    if not isinstance(fields, dict):
        raise BadInput("消息的根元素不是 xml，或里面没有内容。")
    return fields


def _refuse_doctype(*_declaration: object) -> None:
    raise BadInput("消息里不允许有 DTD。")
