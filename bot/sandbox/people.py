"""What simulated people can do with the official account, and the pushes that follow from it."""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.sandbox import codes, xml
from bot.sandbox.accounts import ACCOUNT, Account
from bot.sandbox.answers import Refused
from bot.sandbox.deliveries import Push
from bot.sandbox.ledger import Row, stamp
from bot.sandbox.world import Mistake, World

NAME = "中小企业信用服务"
# Fixed ids: a product that keeps its database knows these people again.
FIRST_PEOPLE = (
    ("oSbx6WangJianguoLaoBan000001", "王建国", "老板"),
    ("oSbx6LiXiuyingKuaiJi00000002", "李秀英", "会计"),
    ("oSbx6ZhangWeiLuRen0000000003", "张伟", "路人"),
    ("oSbx6ZhaoGuoqiangLaoHuiYuan4", "赵国强", "老会员"),
    ("oSbx6SunXiaomeiXinLaiDe00005", "孙晓梅", "新来的"),
)
MOST_PEOPLE = 60

# Which act allows how many customer-service messages, and for how long.
MESSAGE = (5, timedelta(hours=48))
TAP = (3, timedelta(minutes=1))
ALLOWING_EVENTS = ("subscribe", "SCAN", "CLICK", "scancode_push", "scancode_waitmsg")
# After these the person looks at the chat and waits; a failure shows there.
AWAITED_EVENTS = ("subscribe", "SCAN", "CLICK", "scancode_waitmsg")


class Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Follow(Nothing):
    scene: str | None = Field(None, min_length=1, max_length=64)


class Text(Nothing):
    content: str = Field(min_length=1, max_length=600)


class PictureSent(Nothing):
    """A photograph from the album, as base64."""

    content: str = Field(min_length=1, max_length=1_400_000)


class Click(Nothing):
    key: str = Field(min_length=1, max_length=128)


class View(Nothing):
    url: str = Field(min_length=1, max_length=1024)


class Page(Nothing):
    pagepath: str = Field(min_length=1, max_length=1024)


class Scan(Nothing):
    scene: str = Field(min_length=1, max_length=64)  # or the address in a code: as short


class ScanCode(Nothing):
    """A menu button that scans: what it found goes to the account."""

    key: str = Field(min_length=1, max_length=128)
    result: str = Field(min_length=1, max_length=1024)
    kind: Literal["scancode_waitmsg", "scancode_push"] = "scancode_waitmsg"


class NewPerson(Nothing):
    nickname: str = Field(min_length=1, max_length=16)
    role: str = Field("访客", max_length=8)
    openid: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{6,64}$")


def settle_in(world: World) -> None:
    """The first people, unless the ledger already knows somebody."""
    if not world.ledger.row("SELECT openid FROM people LIMIT 1"):
        for openid, nickname, role in FIRST_PEOPLE:
            _insert(world, openid, nickname, role)


def add(world: World, given: NewPerson) -> Row:
    count = world.ledger.row("SELECT count(*) AS n FROM people")
    if count and count["n"] >= MOST_PEOPLE:
        raise Mistake(409, "too_many", f"最多添加 {MOST_PEOPLE} 部手机。")
    openid = given.openid or "oSbx6" + secrets.token_hex(12)[:23]
    if world.ledger.row("SELECT 1 FROM people WHERE openid = :openid", {"openid": openid}):
        raise Mistake(409, "exists", "这个 openid 已经有人使用。", field="openid")
    _insert(world, openid, given.nickname, given.role)
    world.bell.ring()
    return person(world, openid)


def person(world: World, openid: str) -> Row:
    found = find(world, openid)
    if found is None:
        raise Mistake(404, "not_found", "没有这个人。")
    return found


def find(world: World, openid: str) -> Row | None:
    return world.ledger.row("SELECT * FROM people WHERE openid = :openid", {"openid": openid})


def mini_openid(openid: str) -> str:
    """Under which openid the mini-program knows the same person."""
    return "oMini" + openid.removeprefix("oSbx6")


def known_in_mini(world: World, openid: object) -> tuple[str, str]:
    """Both openids of the person whom the mini-program knows by this one."""
    for row in world.ledger.rows("SELECT openid FROM people"):
        if mini_openid(row["openid"]) == openid:
            return str(openid), row["openid"]
    raise Refused(40003, "invalid openid")


def follow(world: World, who: Row, given: Follow) -> Push:
    if who["following"]:
        raise Mistake(409, "following", "已经关注了。")
    world.ledger.run(
        "UPDATE people SET following = 1, followed_at = :at,"
        " chat_from = (SELECT coalesce(max(id), 0) FROM chat) WHERE openid = :openid",
        {"at": stamp(world.clock()), "openid": who["openid"]},
    )
    if given.scene is None:
        return _event(world, who, "subscribe", {"EventKey": ""})
    _note(world, who, f"扫码关注，场景值 {given.scene}")
    ticketed = {"EventKey": f"qrscene_{given.scene}", "Ticket": _ticket(given.scene)}
    return _event(world, who, "subscribe", ticketed)


def unfollow(world: World, who: Row, _: Nothing) -> Push:
    _must_follow(who)
    world.ledger.run(
        "UPDATE people SET following = 0, followed_at = NULL WHERE openid = :openid", who
    )
    world.ledger.run("DELETE FROM allowances WHERE openid = :openid", who)
    return _event(world, who, "unsubscribe", {"EventKey": ""})


def say(world: World, who: Row, given: Text) -> Push:
    _must_follow(who)
    fields: dict[str, xml.Field]
    fields = {"MsgType": "text", "Content": given.content, "MsgId": message_id()}
    sent = push(world, who["openid"], fields)
    world.deliveries.show(
        who["openid"],
        sender="me",
        kind="text",
        body={"content": given.content},
        push_id=sent.id,
    )
    return sent


def send_picture(world: World, who: Row, given: PictureSent) -> Push:
    _must_follow(who)
    media_id = codes.keep_media(world, codes.picture(given.content))
    fields: dict[str, xml.Field] = {
        "MsgType": "image",
        "PicUrl": f"{world.config.sandbox_url}/phone/media/{media_id}",
        "MediaId": media_id,
        "MsgId": message_id(),
    }
    sent = push(world, who["openid"], fields)
    world.deliveries.show(
        who["openid"], sender="me", kind="image", body={"media_id": media_id}, push_id=sent.id
    )
    return sent


def click(world: World, who: Row, given: Click) -> Push:
    _must_follow(who)
    return _event(world, who, "CLICK", {"EventKey": given.key})


def view(world: World, who: Row, given: View) -> Push:
    _must_follow(who)
    return _event(world, who, "VIEW", {"EventKey": given.url, "MenuId": 459200001})


def open_page(world: World, who: Row, given: Page) -> Push:
    _must_follow(who)
    fields: Mapping[str, xml.Field] = {"EventKey": given.pagepath, "MenuId": 459200002}
    return _event(world, who, "view_miniprogram", fields)


def scan(world: World, who: Row, given: Scan) -> Push:
    """A parametric code: whoever does not follow yet follows by it.

    What is scanned is the address in a code that was made here, or a scene itself.
    """
    given = Scan(scene=codes.scene_behind(world, given.scene) or given.scene)
    if not who["following"]:
        return follow(world, who, Follow(scene=given.scene))
    _note(world, who, f"扫描二维码，场景值 {given.scene}")
    fields = {"EventKey": given.scene, "Ticket": _ticket(given.scene)}
    return _event(world, who, "SCAN", fields)


def scan_for_menu(world: World, who: Row, given: ScanCode) -> Push:
    _must_follow(who)
    found: dict[str, xml.Field] = {"ScanType": "qrcode", "ScanResult": given.result}
    return _event(world, who, given.kind, {"EventKey": given.key, "ScanCodeInfo": found})


# How the phone and the control interface name the acts, and what each needs.
ACTS: dict[str, tuple[type[BaseModel], Callable[..., Push]]] = {
    "follow": (Follow, follow),
    "unfollow": (Nothing, unfollow),
    "text": (Text, say),
    "picture": (PictureSent, send_picture),
    "click": (Click, click),
    "view": (View, view),
    "page": (Page, open_page),
    "scan": (Scan, scan),
    "scancode": (ScanCode, scan_for_menu),
}


def push(world: World, openid: str, fields: Mapping[str, xml.Field]) -> Push:
    """Write down one message or event; whoever calls has it delivered."""
    now = world.clock()
    whole: dict[str, xml.Field] = {
        "ToUserName": ACCOUNT,
        "FromUserName": openid,
        "CreateTime": int(now.timestamp()),
        **fields,
    }
    event = str(fields.get("Event", ""))
    is_message = fields.get("MsgType") != "event"
    if is_message or event in ALLOWING_EVENTS:
        allow(world, openid, event or "message", MESSAGE if is_message else TAP)
    awaited = is_message or event in AWAITED_EVENTS
    kind = event or str(fields.get("MsgType", ""))
    return record(world, openid, xml.write(whole), kind=kind, awaited=awaited)


def allow(world: World, openid: str, cause: str, what: tuple[int, timedelta]) -> None:
    """So many customer messages, for so long."""
    remaining, span = what
    until = stamp(world.clock() + span)
    world.ledger.run(
        "INSERT INTO allowances (openid, cause, remaining, until)"
        " VALUES (:openid, :cause, :remaining, :until)",
        {"openid": openid, "cause": cause, "remaining": remaining, "until": until},
    )


def record(
    world: World,
    openid: str,
    body: str,
    *,
    kind: str,
    awaited: bool,
    account: Account = Account.SERVICE,
) -> Push:
    number = world.ledger.run(
        "INSERT INTO pushes (openid, kind, xml, at, awaited, outcome)"
        " VALUES (:openid, :kind, :xml, :at, :awaited, 'pending')",
        {
            "openid": openid,
            "kind": kind,
            "xml": body,
            "at": stamp(world.clock()),
            "awaited": awaited,
        },
    )
    world.bell.ring()
    return Push(number, openid, body, awaited, account)


def message_id() -> int:
    """64 bits, as long as WeChat's, and new even after the ledger was emptied."""
    return 2 * 10**16 + secrets.randbelow(7 * 10**18)


def _event(world: World, who: Row, event: str, fields: Mapping[str, xml.Field]) -> Push:
    return push(world, who["openid"], {"MsgType": "event", "Event": event, **fields})


def _must_follow(who: Row) -> None:
    if not who["following"]:
        raise Mistake(409, "not_following", "请先关注公众号。")


def _note(world: World, who: Row, words: str) -> None:
    world.deliveries.show(who["openid"], sender="system", kind="note", body={"content": words})


def _ticket(scene: str) -> str:
    return "gQ" + re.sub(r"[^A-Za-z0-9]", "", scene).ljust(8, "0") + "AAAA=="


def _insert(world: World, openid: str, nickname: str, role: str) -> None:
    world.ledger.run(
        "INSERT INTO people (openid, nickname, role) VALUES (:openid, :nickname, :role)",
        {"openid": openid, "nickname": nickname, "role": role},
    )
