"""Login codes of both doors: issued to a person, redeemed once, within five minutes."""

import base64
import secrets
import zlib
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.sandbox.answers import OK, Call, Refused
from bot.sandbox.crypto import same
from bot.sandbox.ledger import Row, stamp
from bot.sandbox.people import find, mini_openid
from bot.sandbox.world import Mistake, World

LIFE = timedelta(minutes=5)
TOKEN_LIFE_S = 7200
FULL = "snsapi_userinfo"


class Order(BaseModel):
    """A code for a person, as if they had come in by this door."""

    model_config = ConfigDict(extra="forbid")

    openid: str = Field(min_length=1, max_length=64)
    door: Literal["mini", "h5", "phone"] = "mini"
    scope: Literal["snsapi_base", "snsapi_userinfo"] = "snsapi_base"
    virtual: bool = False


def unionid(openid: str) -> str:
    """What ties both openids together."""
    return "uSbx6" + openid.removeprefix("oSbx6")


class Platform(BaseModel):
    """Whether both accounts belong to one open platform account; only then are there unionids."""

    model_config = ConfigDict(extra="forbid")

    bound: bool


def set_platform(world: World, given: Platform) -> bool:
    world.ledger.remember("platform", given.bound)
    return given.bound


def _ties(world: World, openid: str) -> dict[str, str]:
    return {} if world.ledger.recall("platform") is False else {"unionid": unionid(openid)}


def issue(world: World, order: Order) -> str:
    if not world.ledger.row("SELECT 1 FROM people WHERE openid = :openid", order.model_dump()):
        raise Mistake(404, "not_found", "没有这个人。", field="openid")
    code = "0" + secrets.token_hex(15) + "w3"
    world.ledger.run(
        "INSERT INTO logins (code, openid, door, scope, virtual, expires_at)"
        " VALUES (:code, :openid, :door, :scope, :virtual, :expires_at)",
        {"code": code, "expires_at": stamp(world.clock() + LIFE), **order.model_dump()},
    )
    return code


def mini_session(call: Call) -> dict[str, Any]:
    """jscode2session: the openid, and a key that belongs on no client and in no log."""
    config = call.world.config
    _check_account(call, config.mini_appid, config.mini_secret.get_secret_value())
    found = _redeem(call, "mini", call.query.get("js_code", ""))
    return {
        "session_key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "openid": mini_openid(found["openid"]),
        **_ties(call.world, found["openid"]),
    }


def web_token(call: Call) -> dict[str, Any]:
    """oauth2/access_token: snsapi_base tells no unionid; a virtual person is a made-up one."""
    config = call.world.config
    _check_account(call, config.oa_appid, config.oa_secret.get_secret_value())
    found = _redeem(call, "h5", call.query.get("code", ""))
    openid = f"oVirtual{secrets.token_hex(10)}" if found["virtual"] else found["openid"]
    answer: dict[str, Any] = {
        "access_token": f"80_{secrets.token_urlsafe(60)}",
        "expires_in": TOKEN_LIFE_S,
        "refresh_token": f"80_{secrets.token_urlsafe(60)}",
        "openid": openid,
        "scope": found["scope"],
    }
    if found["virtual"]:
        answer["is_snapshotuser"] = 1
    if found["scope"] == FULL:
        answer |= _ties(call.world, openid)
    return answer


def user_info(call: Call) -> dict[str, Any]:
    """user/info: of whoever does not follow only the ids; names and portraits of nobody."""
    who = find(call.world, call.query.get("openid", ""))
    if who is None:
        raise Refused(40003, "invalid openid")
    ids = {"openid": who["openid"], "tagid_list": [], **_ties(call.world, who["openid"])}
    if not who["following"]:
        return {"subscribe": 0, **ids}
    since = int(datetime.fromisoformat(who["followed_at"]).timestamp())
    more = {"language": "zh_CN", "subscribe_time": since, "remark": "", "groupid": 0}
    scene = {"subscribe_scene": "ADD_SCENE_SEARCH", "qr_scene": 0, "qr_scene_str": ""}
    return {"subscribe": 1, **ids, **more, **scene}


def phone_number(call: Call) -> dict[str, Any]:
    """getuserphonenumber: each person has a number of their own, from no real range."""
    asked = call.body.get("code")
    found = _redeem(call, "phone", str(asked) if asked else "")
    if call.body.get("openid", mini_openid(found["openid"])) != mini_openid(found["openid"]):
        raise Refused(40003, "invalid openid")
    number = phone_of(found["openid"])
    info = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86"}
    stamped = {
        "timestamp": int(call.world.clock().timestamp()),
        "appid": call.world.config.mini_appid,
    }
    return OK | {"phone_info": info | {"watermark": stamped}}


def phone_of(openid: str) -> str:
    return f"100{zlib.crc32(openid.encode()) % 10**8:08}"


def _check_account(call: Call, appid: str, secret: str) -> None:
    if call.query.get("grant_type") != "authorization_code":
        raise Refused(40002, "invalid grant_type")
    if call.query.get("appid") != appid:
        raise Refused(40013, "invalid appid")
    if not same(call.query.get("secret", ""), secret):
        raise Refused(40125, "invalid appsecret")


def _redeem(call: Call, door: str, given: str) -> Row:
    now = stamp(call.world.clock())
    code = {"code": given, "door": door, "now": now}
    if not code["code"]:
        raise Refused(41008, "missing code")
    found = call.world.ledger.row(
        "SELECT * FROM logins WHERE code = :code AND door = :door AND expires_at > :now", code
    )
    if found is None:
        raise Refused(40029, "invalid code")
    if found["used_at"]:
        raise Refused(40163, "code been used")
    call.world.ledger.run("UPDATE logins SET used_at = :now WHERE code = :code", code)
    return found
