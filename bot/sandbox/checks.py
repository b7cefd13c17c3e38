"""Content security: texts judged at once, pictures fetched and judged by a later push."""

from datetime import timedelta
from typing import Any, Literal

import aiohttp
from pydantic import BaseModel, ConfigDict, Field

from bot.sandbox import messages, people
from bot.sandbox.accounts import Account
from bot.sandbox.answers import OK, Call, Refused
from bot.sandbox.ledger import stamp
from bot.sandbox.world import World

VISITED_WITHIN = timedelta(hours=2)
LONGEST = 2500
LARGEST_PICTURE = 10 * 1024 * 1024
FETCH_S = 5.0
CLEAN = 100
# Without a script, words such as these decide.
TRIGGERS = {"违规": ("risky", 20006), "广告": ("review", 10001)}
UNREACHABLE = -1008


class Script(BaseModel):
    """Verdicts of the next texts or pictures, in order; an errcode refuses the call."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["text", "picture"]
    answers: list[dict[str, str | int]] = Field(max_length=100)


def script(world: World, given: Script) -> int:
    """An empty list forgets what was ordered before."""
    name = f"verdicts:{given.kind}"
    waiting = [*(world.ledger.recall(name) or []), *given.answers] if given.answers else []
    world.ledger.remember(name, waiting or None)
    return len(waiting)


def text(call: Call) -> dict[str, Any]:
    """msg_sec_check, version 2: the person must have been in the mini-program lately."""
    _visitor(call)
    words = call.body.get("content")
    if not isinstance(words, str) or not 1 <= len(words) <= LONGEST:
        raise Refused(47001, "data format error")
    suggest, label = next((TRIGGERS[word] for word in TRIGGERS if word in words), ("pass", CLEAN))
    result = _scripted(call.world, "text", {"suggest": suggest, "label": label})
    detail = {"strategy": "content_model", "errcode": 0, **result, "prob": 90}
    return {**OK, "result": result, "detail": [detail], "trace_id": _trace()}


def picture(call: Call) -> dict[str, Any]:
    """media_check_async: the verdict comes as a push to the mini-program's own address."""
    openid = _visitor(call)
    url = call.body.get("media_url")
    if not isinstance(url, str) or call.body.get("media_type") != 2:
        raise Refused(47001, "data format error")
    result = _scripted(call.world, "picture", {"suggest": "pass", "label": CLEAN})
    trace = _trace()
    call.world.deliveries.later(_judge(call.world, openid, url, trace, result))
    return {**OK, "trace_id": trace}


async def _judge(world: World, openid: str, url: str, trace: str, result: dict[str, Any]) -> None:
    fetched = await _fetch(url)
    fault = world.faults.for_receipt()
    event: dict[str, Any] = {
        "Event": "wxa_media_check",
        "appid": world.config.mini_appid,
        "trace_id": trace,
        "version": 2,
        "errcode": 0 if fetched else UNREACHABLE,
        "errmsg": "ok" if fetched else "download failed",
    }
    if fetched:
        event["detail"] = [{"strategy": "content_model", "errcode": 0, **result, "prob": 90}]
        event["result"] = result
    await messages.tell_the_end(world, openid, event, fault, account=Account.MINI)


async def _fetch(url: str) -> bool:
    timeout = aiohttp.ClientTimeout(total=FETCH_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(url, allow_redirects=False) as answer,
        ):
            content = await answer.content.read(LARGEST_PICTURE + 1)
            kind = answer.content_type
            return answer.status == 200 and kind.startswith("image/") and bool(content)
    except (aiohttp.ClientError, TimeoutError):
        return False


def _visitor(call: Call) -> str:
    """The mini-program's openid of somebody who was there within two hours."""
    if call.body.get("version") != 2 or call.body.get("scene") not in {1, 2, 3, 4}:
        raise Refused(40129, "invalid scene")
    given = call.body.get("openid")
    openid, owner = people.known_in_mini(call.world, given)
    since = stamp(call.world.clock() - VISITED_WITHIN)
    if not call.world.ledger.row(
        "SELECT 1 FROM logins WHERE openid = :o AND door = 'mini' AND used_at > :since",
        {"o": owner, "since": since},
    ):
        raise Refused(61010, "code is expired")
    return openid


def _scripted(world: World, kind: str, otherwise: dict[str, Any]) -> dict[str, Any]:
    waiting: list[dict[str, Any]] = world.ledger.recall(f"verdicts:{kind}") or []
    if not waiting:
        return otherwise
    world.ledger.remember(f"verdicts:{kind}", waiting[1:] or None)
    if errcode := waiting[0].get("errcode"):
        raise Refused(int(errcode), str(waiting[0].get("errmsg", "refused")))
    return otherwise | waiting[0]


def _trace() -> str:
    return f"62f1{people.message_id():x}"
