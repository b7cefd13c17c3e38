"""Access tokens: the stable one that repeats, the forced one that is rationed, and the check."""

import secrets
from datetime import datetime, timedelta, timezone
from typing import Any

from bot.sandbox.answers import Call, Refused
from bot.sandbox.crypto import same
from bot.sandbox.ledger import Row, stamp
from bot.sandbox.world import World

LIFE = timedelta(seconds=7200)
RENEWED_BEFORE_END = timedelta(minutes=5)
FORCED_A_DAY = 20
FORCED_APART = timedelta(seconds=30)
BEIJING = timezone(timedelta(hours=8))


def stable_token(call: Call) -> dict[str, Any]:
    """The same token until its last five minutes; a forced one ends the one before."""
    appid = _owner(call)
    now = call.world.clock()
    force = call.body.get("force_refresh", False)
    if not isinstance(force, bool):
        raise Refused(47001, "data format error, force_refresh is not a boolean")
    current = _newest(call.world, appid, now)
    if force and _may_force(call.world, appid, now):
        call.world.ledger.run(
            "UPDATE tokens SET revoked_at = :now WHERE appid = :appid AND revoked_at IS NULL",
            {"now": stamp(now), "appid": appid},
        )
        current = _issue(call.world, appid, now, forced=True)
    elif current is None or _left(current, now) < RENEWED_BEFORE_END:
        current = _issue(call.world, appid, now, forced=False)
    return {
        "access_token": current["token"],
        "expires_in": int(_left(current, now).total_seconds()),
    }


def check(world: World, token: str | None) -> str:
    """Whose token it is; or what WeChat says when it is absent, unknown, revoked or too old."""
    if not token:
        raise Refused(41001, "access_token missing")
    found = world.ledger.row("SELECT * FROM tokens WHERE token = :token", {"token": token})
    if found is None or found["revoked_at"]:
        raise Refused(40001, "invalid credential, access_token is invalid or not latest")
    if found["expires_at"] <= stamp(world.clock()):
        raise Refused(42001, "access_token expired")
    return str(found["appid"])


def revoke(world: World) -> int:
    """All tokens that still live; how many they were."""
    now = {"now": stamp(world.clock())}
    alive = world.ledger.rows(
        "SELECT token FROM tokens WHERE revoked_at IS NULL AND expires_at > :now", now
    )
    world.ledger.run("UPDATE tokens SET revoked_at = :now WHERE revoked_at IS NULL", now)
    return len(alive)


def _owner(call: Call) -> str:
    config = call.world.config
    secrets_of = {config.oa_appid: config.oa_secret, config.mini_appid: config.mini_secret}
    if call.body.get("grant_type") != "client_credential":
        raise Refused(40002, "invalid grant_type")
    appid, secret = call.body.get("appid"), call.body.get("secret")
    if not appid:
        raise Refused(41002, "appid missing")
    if not secret:
        raise Refused(41004, "appsecret missing")
    if appid not in secrets_of:
        raise Refused(40013, "invalid appid")
    if not same(str(secret), secrets_of[appid].get_secret_value()):
        raise Refused(40125, "invalid appsecret")
    return str(appid)


def _may_force(world: World, appid: str, now: datetime) -> bool:
    """Too soon: silently not; too often on one Beijing day: refused."""
    midnight = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    forced = world.ledger.rows(
        "SELECT issued_at FROM tokens WHERE appid = :appid AND forced AND issued_at >= :since"
        " ORDER BY issued_at",
        {"appid": appid, "since": stamp(min(midnight, now - FORCED_APART))},
    )
    if forced and forced[-1]["issued_at"] > stamp(now - FORCED_APART):
        return False
    if len([one for one in forced if one["issued_at"] >= stamp(midnight)]) >= FORCED_A_DAY:
        raise Refused(45009, "reach max api daily quota limit, by force_refresh")
    return True


def _newest(world: World, appid: str, now: datetime) -> Row | None:
    return world.ledger.row(
        "SELECT * FROM tokens WHERE appid = :appid AND revoked_at IS NULL AND expires_at > :now"
        " ORDER BY expires_at DESC LIMIT 1",
        {"appid": appid, "now": stamp(now)},
    )


def _left(token: Row, now: datetime) -> timedelta:
    return datetime.fromisoformat(token["expires_at"]) - now


def _issue(world: World, appid: str, now: datetime, *, forced: bool) -> Row:
    row = {
        "token": f"90_{secrets.token_urlsafe(99)}",
        "issued_at": stamp(now),
        "expires_at": stamp(now + LIFE),
        "forced": forced,
        "appid": appid,
    }
    world.ledger.run(
        "INSERT INTO tokens (token, issued_at, expires_at, forced, appid)"
        " VALUES (:token, :issued_at, :expires_at, :forced, :appid)",
        row,
    )
    return row
