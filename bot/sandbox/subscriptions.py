"""Consents to subscription messages, asked for in a popup on the phone, and what lives on them."""

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, Field

from bot.sandbox import messages, mini, people, xml
from bot.sandbox.accounts import Account
from bot.sandbox.answers import OK, Call, Refused
from bot.sandbox.deliveries import Push
from bot.sandbox.ledger import Row
from bot.sandbox.people import Nothing
from bot.sandbox.world import World

SERVICE, MINI = Account.SERVICE.value, Account.MINI.value


class Subscribe(Nothing):
    """What a person taps in the popup; `account` says whose popup it was."""

    template_ids: list[str] = Field(min_length=1, max_length=5)
    accept: bool = True
    account: Literal["oa", "mini"] = "oa"


class Withdraw(Nothing):
    template_id: str = Field(min_length=1, max_length=128)
    account: Literal["oa", "mini"] = "oa"


def subscribe(world: World, who: Row, given: Subscribe) -> Push:
    """Each consent allows one more message; a refusal takes nothing away."""
    openid = who["openid"]
    if given.accept:
        for template_id in given.template_ids:
            _change(world, given.account, openid, template_id, 1)
    words = "允许" if given.accept else "拒绝"
    note = {"content": f"{words}接收订阅消息：{'、'.join(given.template_ids)}"}
    world.deliveries.show(openid, sender="system", kind="note", body=note)
    status = "accept" if given.accept else "reject"
    listed: list[xml.Field] = [
        {"TemplateId": name, "SubscribeStatusString": status, "PopupScene": 2}
        for name in given.template_ids
    ]
    name = "subscribe_msg_popup_event"
    if given.account == MINI:  # there the list stands at the top, one alone without brackets
        told: xml.Field = listed if len(listed) > 1 else listed[0]
        return mini.event(world, people.mini_openid(openid), name, {"List": told})
    event: dict[str, xml.Field] = {"Event": name, "SubscribeMsgPopupEvent": {"List": listed}}
    return people.push(world, openid, {"MsgType": "event", **event})


def withdraw(world: World, who: Row, given: Withdraw) -> Push:
    """In WeChat's own settings: all consents to this template are gone."""
    openid = who["openid"]
    world.ledger.run(
        "DELETE FROM consents WHERE account = :account AND openid = :openid"
        " AND template_id = :template_id",
        {"account": given.account, "openid": openid, "template_id": given.template_id},
    )
    world.bell.ring()
    item: xml.Field = {"TemplateId": given.template_id, "SubscribeStatusString": "reject"}
    name = "subscribe_msg_change_event"
    if given.account == MINI:
        return mini.event(world, people.mini_openid(openid), name, {"List": item})
    event: dict[str, xml.Field] = {"Event": name, "SubscribeMsgChangeEvent": {"List": [item]}}
    return people.push(world, openid, {"MsgType": "event", **event})


ACTS: dict[str, tuple[type[BaseModel], Callable[..., Push]]] = {
    "subscribe": (Subscribe, subscribe),
    "withdraw": (Withdraw, withdraw),
}


def consents(world: World, openid: str) -> list[Row]:
    return world.ledger.rows(
        "SELECT account, template_id, remaining FROM consents"
        " WHERE openid = :openid AND remaining > 0 ORDER BY account, template_id",
        {"openid": openid},
    )


def bizsend(call: Call) -> dict[str, Any]:
    """Subscription notice of the service account; its end comes as subscribe_msg_sent_event."""
    openid = _person(call, call.body.get("touser"))
    body = messages.read_template(call.body, link="page")
    _use(call.world, SERVICE, openid, body["template_id"])
    fault = call.world.faults.for_receipt()
    status = fault.end if fault else "success"
    msgid = messages.accept(call, "subscription", openid, receipt=status)
    if status == "success":
        call.world.deliveries.show(openid, sender="account", kind="template", body=body)
    item: dict[str, xml.Field] = {
        "TemplateId": body["template_id"],
        "MsgID": msgid,
        "ErrorCode": 0 if status == "success" else 100,
        "ErrorStatus": status,
    }
    event: dict[str, xml.Field] = {"Event": "subscribe_msg_sent_event"}
    event["SubscribeMsgSentEvent"] = {"List": [item]}
    call.world.deliveries.later(messages.tell_the_end(call.world, openid, event, fault))
    return OK


def mini_send(call: Call) -> dict[str, Any]:
    """Subscription message of the mini-program, addressed by the openid it has there."""
    _, openid = people.known_in_mini(call.world, call.body.get("touser"))
    body = messages.read_template(call.body, link="page")
    _use(call.world, MINI, openid, body["template_id"])
    messages.accept(call, "mini", openid)
    shown = {**body, "url": ""}
    call.world.deliveries.show(openid, sender="account", kind="template", body=shown)
    return OK


def _person(call: Call, openid: object) -> str:
    if not isinstance(openid, str) or people.find(call.world, openid) is None:
        raise Refused(40003, "invalid openid")
    return openid


def _use(world: World, account: str, openid: str, template_id: str) -> None:
    found = world.ledger.row(
        "SELECT remaining FROM consents WHERE account = :account AND openid = :openid"
        " AND template_id = :template_id AND remaining > 0",
        {"account": account, "openid": openid, "template_id": template_id},
    )
    if found is None:
        raise Refused(43101, "user refuse to accept the msg")
    _change(world, account, openid, template_id, -1)


def _change(world: World, account: str, openid: str, template_id: str, by: int) -> None:
    world.ledger.run(
        "INSERT INTO consents VALUES (:account, :openid, :template_id, :by)"
        " ON CONFLICT DO UPDATE SET remaining = remaining + :by",
        {"account": account, "openid": openid, "template_id": template_id, "by": by},
    )
    world.bell.ring()
