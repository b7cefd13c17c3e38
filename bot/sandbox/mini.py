"""What people do in the mini-program that its account is told of, each push as JSON or XML."""

import json
from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bot.sandbox import people, xml
from bot.sandbox.accounts import MINI_FORM, ORIGINAL_ID, Account
from bot.sandbox.deliveries import Push
from bot.sandbox.ledger import Row
from bot.sandbox.people import MESSAGE, Nothing, Text, mini_openid
from bot.sandbox.world import World

PUSH_SERVICE = "oSbx7PingTaiTuiSongFuWu00001"
"""Under this name WeChat tells what somebody took back: it is nobody's openid."""


class Form(BaseModel):
    """How the account's owner has set its pushes up in the console."""

    model_config = ConfigDict(extra="forbid")

    form: Literal["json", "xml"]


class Revoke(Nothing):
    """One permission taken back in WeChat (8 is the phone number), or the whole account (注销)."""

    whole: bool = False
    permission: str = "8"


def set_form(world: World, given: Form) -> str:
    world.ledger.remember(MINI_FORM, given.form)
    return given.form


def push(world: World, openid: str, fields: Mapping[str, xml.Field]) -> Push:
    """Write down one message or event for the mini-program; `openid` is the one it knows."""
    whole: dict[str, xml.Field] = {
        "ToUserName": ORIGINAL_ID[Account.MINI],
        "FromUserName": openid,
        "CreateTime": int(world.clock().timestamp()),
        **fields,
    }
    if fields.get("MsgType") != "event":
        people.allow(world, openid, "message", MESSAGE)
    as_xml = world.ledger.recall(MINI_FORM) == "xml"
    body = xml.write(whole) if as_xml else json.dumps(whole, ensure_ascii=False)
    kind = str(fields.get("Event", "") or fields.get("MsgType", ""))
    return people.record(world, openid, body, kind=kind, awaited=False, account=Account.MINI)


def event(world: World, openid: str, name: str, fields: Mapping[str, xml.Field]) -> Push:
    return push(world, openid, {"MsgType": "event", "Event": name, **fields})


def say(world: World, who: Row, given: Text) -> Push:
    """A message through a customer-service button."""
    message: dict[str, xml.Field] = {"MsgType": "text", "Content": given.content}
    message["MsgId"] = people.message_id()
    shown = {"content": f"（小程序）{given.content}"}
    world.deliveries.show(who["openid"], sender="me", kind="text", body=shown)
    return push(world, mini_openid(who["openid"]), message)


def revoke(world: World, who: Row, given: Revoke) -> Push:
    openid = mini_openid(who["openid"])
    name = "user_authorization_cancellation" if given.whole else "user_authorization_revoke"
    more: dict[str, xml.Field] = {"OpenID": openid, "AppID": world.config.mini_appid}
    more["FromUserName"] = PUSH_SERVICE
    return event(
        world, openid, name, more if given.whole else more | {"RevokeInfo": given.permission}
    )


ACTS: dict[str, tuple[type[BaseModel], Callable[..., Push]]] = {
    "mini_text": (Text, say),
    "mini_revoke": (Revoke, revoke),
}
