"""The account's menu: created, read and deleted by the account, shown on the phones."""

from typing import Any

from bot.sandbox.answers import OK, Call, Refused

NEEDED = {
    "click": ("key",),
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
    "scancode_push": ("key",),
    "scancode_waitmsg": ("key",),
    "pic_sysphoto": ("key",),
    "pic_photo_or_album": ("key",),
    "pic_weixin": ("key",),
    "location_select": ("key",),
    "media_id": ("media_id",),
    "article_id": ("article_id",),
    "article_view_limited": ("article_id",),
}
MISSING = {"key": 40019, "url": 40020, "appid": 40013, "pagepath": 41030}


def create(call: Call) -> dict[str, Any]:
    if b"\\u" in call.raw:
        raise Refused(40033, "invalid charset. please check your request, if include \\uxxxx")
    buttons = call.body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise Refused(40016, "invalid button size")
    menu = [_button(button, longest=16, nested=True) for button in buttons]
    call.world.ledger.remember("menu", menu)
    call.world.bell.ring()
    return OK


def get(call: Call) -> dict[str, Any]:
    menu = call.world.ledger.recall("menu")
    if menu is None:
        raise Refused(46003, "menu no exist")
    return {"menu": {"button": menu}}


def delete(call: Call) -> dict[str, Any]:
    call.world.ledger.remember("menu", None)
    call.world.bell.ring()
    return OK


def _button(button: Any, *, longest: int, nested: bool) -> dict[str, Any]:  # as the JSON has it
    if not isinstance(button, dict):
        raise Refused(40017, "invalid button type")
    name = button.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= longest:
        raise Refused(40018 if nested else 40025, "invalid button name size")
    inner = button.get("sub_button")
    if inner and nested:
        if not isinstance(inner, list) or len(inner) > 5:
            raise Refused(40023, "invalid sub button size")
        return {
            "name": name,
            "sub_button": [_button(one, longest=60, nested=False) for one in inner],
        }
    kind = button.get("type")
    if not isinstance(kind, str) or kind not in NEEDED:
        raise Refused(40017 if nested else 40024, "invalid button type")
    for part in NEEDED[kind]:
        if not isinstance(button.get(part), str) or not button[part]:
            raise Refused(MISSING.get(part, 40007), f"invalid button {part}")
    if kind == "view" and not button["url"].startswith(("http://", "https://")):
        raise Refused(40055 if nested else 40054, "invalid button url domain")
    kept = {part: button[part] for part in NEEDED[kind]}
    return {"type": kind, "name": name, **kept, "sub_button": []}
