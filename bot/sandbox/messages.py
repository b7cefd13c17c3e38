"""Messages the account sends by itself: customer-service and template messages."""

from datetime import timedelta
from typing import Any

from bot.sandbox import mini, people, xml
from bot.sandbox.accounts import Account
from bot.sandbox.answers import OK, Call, Refused
from bot.sandbox.faults import ReceiptFault
from bot.sandbox.ledger import stamp, text
from bot.sandbox.replies import LONGEST_TEXT
from bot.sandbox.world import World

SENT_ONCE_WITHIN = timedelta(minutes=10)


def custom_send(call: Call) -> dict[str, Any]:
    """Only while the person's last acts allow it, and only as often."""
    openid = _receiver(call)
    kind = call.body.get("msgtype")
    reader = CUSTOM_KINDS.get(kind) if isinstance(kind, str) else None
    part = call.body.get(kind) if isinstance(kind, str) else None
    if reader is None or not isinstance(part, dict):
        raise Refused(40008, "invalid message type")
    body = reader(part)
    _refuse_repeat(call, openid)
    _use_allowance(call.world, openid)
    accept(call, "custom", openid)
    shown_to = people.known_in_mini(call.world, openid)[1] if call.mini else openid
    call.world.deliveries.show(shown_to, sender="account", kind=str(kind), body=body)
    return OK


def template_send(call: Call) -> dict[str, Any]:
    """Accepted is not delivered: the end comes as TEMPLATESENDJOBFINISH."""
    openid = _receiver(call)
    body = read_template(call.body, link="url")
    _refuse_repeat(call, openid)
    fault = call.world.faults.for_receipt()
    status = fault.end if fault else "success"
    msgid = accept(call, "template", openid, receipt=status)
    if status == "success":
        call.world.deliveries.show(openid, sender="account", kind="template", body=body)
    event: dict[str, xml.Field] = {"Event": "TEMPLATESENDJOBFINISH"}
    event |= {"MsgID": msgid, "Status": status}
    call.world.deliveries.later(tell_the_end(call.world, openid, event, fault))
    return {**OK, "msgid": msgid}


async def tell_the_end(
    world: World,
    openid: str,
    event: dict[str, xml.Field],
    fault: ReceiptFault | None,
    *,
    account: Account = Account.SERVICE,
) -> None:
    """Push a receipt: once and at once, unless something else was ordered."""
    if fault and fault.never:
        return
    if fault and fault.delay_s:
        await world.faults.hold(fault.delay_s)
    send = mini.push if account is Account.MINI else people.push
    push = send(world, openid, {"MsgType": "event", **event})
    for _ in range(1 + (fault.duplicate if fault else 0)):
        await world.deliveries.deliver(push)


def _receiver(call: Call) -> str:
    openid = call.body.get("touser")
    if call.mini:
        return people.known_in_mini(call.world, openid)[0]
    person = people.find(call.world, openid) if isinstance(openid, str) else None
    if person is None:
        raise Refused(40003, "invalid openid")
    if not person["following"]:
        raise Refused(43004, "require subscribe")
    return str(openid)


def _refuse_repeat(call: Call, openid: str) -> None:
    client_msg_id = call.body.get("client_msg_id")
    if client_msg_id is None:
        return
    if not isinstance(client_msg_id, str):
        raise Refused(47001, "data format error, client_msg_id is not a string")
    earlier = call.world.ledger.row(
        "SELECT msgid FROM sends WHERE openid = :openid AND client_msg_id = :client_msg_id"
        " AND at > :since",
        {
            "openid": openid,
            "client_msg_id": client_msg_id,
            "since": stamp(call.world.clock() - SENT_ONCE_WITHIN),
        },
    )
    if earlier:
        msgid = earlier["msgid"]
        raise Refused(45065, "clientmsgid exist", msgid=msgid, msg_id=msgid)


def _use_allowance(world: World, openid: str) -> None:
    """Take one from the allowance that ends first."""
    open_ones = world.ledger.rows(
        "SELECT id, remaining FROM allowances WHERE openid = :openid AND until > :now"
        " ORDER BY until",
        {"openid": openid, "now": stamp(world.clock())},
    )
    if not open_ones:
        raise Refused(45015, "response out of time limit or subscription is canceled")
    usable = next((one for one in open_ones if one["remaining"]), None)
    if usable is None:
        raise Refused(45047, "out of response count limit")
    world.ledger.run("UPDATE allowances SET remaining = remaining - 1 WHERE id = :id", usable)


def accept(call: Call, kind: str, openid: str, *, receipt: str | None = None) -> int:
    msgid = people.message_id()
    call.world.ledger.run(
        "INSERT INTO sends (msgid, kind, openid, client_msg_id, body, at, receipt)"
        " VALUES (:msgid, :kind, :openid, :client_msg_id, :body, :at, :receipt)",
        {
            "msgid": msgid,
            "kind": kind,
            "openid": openid,
            "client_msg_id": call.body.get("client_msg_id"),
            "body": text(call.body),
            "at": stamp(call.world.clock()),
            "receipt": receipt,
        },
    )
    return msgid


def read_template(body: dict[str, Any], *, link: str) -> dict[str, Any]:
    template_id, data = body.get("template_id"), body.get("data")
    if not isinstance(template_id, str) or not template_id:
        raise Refused(40037, "invalid template_id")
    if not isinstance(data, dict) or not data:
        raise Refused(47003, "argument invalid! data is empty")
    for name, field in data.items():
        value = field.get("value") if isinstance(field, dict) else None
        if not isinstance(value, str) or not value or "\n" in value:
            raise Refused(47003, f"argument invalid! data.{name}.value invalid")
    url = body.get(link, "")
    if not isinstance(url, str):
        raise Refused(47003, f"argument invalid! {link} invalid")
    return {
        "template_id": template_id,
        "url": url,
        "fields": [{"name": name, "value": field["value"]} for name, field in data.items()],
    }


def _text(part: dict[str, Any]) -> dict[str, Any]:
    content = part.get("content")
    if not isinstance(content, str) or not content:
        raise Refused(44004, "empty content")
    if len(content.encode()) > LONGEST_TEXT:
        raise Refused(45002, "content size out of limit")
    return {"content": content}


def _image(part: dict[str, Any]) -> dict[str, Any]:
    return {"media_id": _string(part, "media_id", 40007, "invalid media_id")}


def _news(part: dict[str, Any]) -> dict[str, Any]:
    articles = part.get("articles")
    if not isinstance(articles, list) or len(articles) != 1 or not isinstance(articles[0], dict):
        raise Refused(45008, "article size out of limit")
    article = articles[0]
    return {
        "articles": [
            {
                "title": _string(article, "title", 41033, "article title missing"),
                "description": str(article.get("description", "")),
                "pic_url": str(article.get("picurl", "")),
                "url": str(article.get("url", "")),
            }
        ]
    }


def _page(part: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": _string(part, "title", 41033, "title missing"),
        "appid": _string(part, "appid", 40013, "invalid appid"),
        "pagepath": _string(part, "pagepath", 41030, "invalid page"),
        "thumb_media_id": _string(part, "thumb_media_id", 40007, "invalid media_id"),
    }


def _string(part: dict[str, Any], name: str, errcode: int, errmsg: str) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(errcode, errmsg)
    return value


CUSTOM_KINDS = {"text": _text, "image": _image, "news": _news, "miniprogrampage": _page}
