"""The official account's menu: read from its file, checked, and told in lines for people."""

import tomllib
from collections.abc import Iterator, Mapping
from difflib import ndiff
from typing import Any

from bot.domain.errors import BadInput

Button = dict[str, Any]

TOP_BYTES, SUB_BYTES = 16, 60
TOP_MOST, SUB_MOST = 3, 5
# What a button does, by the word in the file.
_DOES = {
    "click": ("click", "key"),
    "scan": ("scancode_waitmsg", "key"),
    "open": ("view", "url"),
    "page": ("miniprogram", "pagepath"),
}
_TOLD = {kind: word for word, (kind, _) in _DOES.items()}


class BadMenu(BadInput):
    """The menu's file would be refused by WeChat; the message says where and why."""


def read(text: str, *, public_url: str, mini_appid: str) -> list[Button]:
    """The buttons as WeChat takes them. `open` and `page` hold paths of our own."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadMenu(f"菜单文件不是正确的 TOML：{error}") from error
    tops = given.get("button")
    if set(given) != {"button"} or not isinstance(tops, list) or not 1 <= len(tops) <= TOP_MOST:
        raise BadMenu(f"菜单须有 1 到 {TOP_MOST} 个一级按钮 [[button]]")
    return [_top(top, public_url, mini_appid) for top in tops]


def check(text: str, *, keys: frozenset[str] | None = None) -> None:
    """Refuse a menu that WeChat would not take, or with a button that nothing answers."""
    for top in read(text, public_url="https://a.cn", mini_appid="mini"):
        for button in top.get("sub_button") or [top]:
            known = keys is None or button["type"] != "click" or button["key"] in keys
            if not known:
                raise BadMenu(f"“{button['name']}”：没有 {button['key']} 这个回复")


def difference(published: list[Button], wanted: list[Button]) -> list[str]:
    """Every line of both menus, marked with +, - or nothing; empty when they are the same."""
    before, after = list(_lines(published)), list(_lines(wanted))
    if before == after:
        return []
    return [line for line in ndiff(before, after) if not line.startswith("?")]


def _top(given: Mapping[str, Any], public_url: str, mini_appid: str) -> Button:
    subs = given.get("sub")
    if subs is None:
        return _leaf(given, TOP_BYTES, public_url, mini_appid)
    name = _name(given, TOP_BYTES)
    if set(given) != {"name", "sub"} or not 1 <= len(subs) <= SUB_MOST:
        raise BadMenu(f"“{name}”：有二级按钮时只写名字，二级按钮 1 到 {SUB_MOST} 个")
    return {
        "name": name,
        "sub_button": [_leaf(sub, SUB_BYTES, public_url, mini_appid) for sub in subs],
    }


def _leaf(given: Mapping[str, Any], longest: int, public_url: str, mini_appid: str) -> Button:
    name = _name(given, longest)
    does = sorted(set(given) & set(_DOES))
    extra = {"open"} if does == ["open", "page"] else set()  # where an old client goes instead
    words = [word for word in does if word not in extra]
    if len(words) != 1 or set(given) - {"name", *does}:
        raise BadMenu(f"“{name}”：须恰好有 click、scan、open、page 之一")
    kind, field = _DOES[words[0]]
    value = given[words[0]]
    if not isinstance(value, str) or not value:
        raise BadMenu(f"“{name}”：{words[0]} 须为文字")
    if words[0] == "open":
        return {"type": kind, "name": name, "url": _address(name, value, public_url)}
    if words[0] == "page":
        url = _address(name, given.get("open", "/"), public_url)
        if not mini_appid:  # none is published
            return {"type": "view", "name": name, "url": url}
        return {"type": kind, "name": name, "url": url, "appid": mini_appid, field: value}
    return {"type": kind, "name": name, field: value}


def _name(given: Mapping[str, Any], longest: int) -> str:
    name = given.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= longest:
        raise BadMenu(f"按钮的名字须为 1 到 {longest} 字节（一个汉字 3 字节）：{name!r}")
    return name


def _address(name: str, path: str, public_url: str) -> str:
    if not path.startswith("/"):
        raise BadMenu(f"“{name}”：open 须是本站的路径，以 / 开头")
    return public_url + path


def _lines(buttons: list[Button]) -> Iterator[str]:
    """One line per button; fields that WeChat adds when it gives the menu back do not count."""
    for button in buttons:
        subs = button.get("sub_button") or []
        if subs:
            yield str(button.get("name"))
            yield from (f"  {_line(sub)}" for sub in subs)
        else:
            yield _line(button)


def _line(button: Button) -> str:
    kind = str(button.get("type"))
    parts = [str(button[name]) for name in ("key", "pagepath", "url", "appid") if button.get(name)]
    return f"{button.get('name')}  {_TOLD.get(kind, kind)}  {' '.join(parts)}"
