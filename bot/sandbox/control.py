"""The control interface for tests: play a person, order trouble, read the ledger (see README)."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.sandbox import (
    checks,
    inputs,
    licences,
    logins,
    mini,
    people,
    quotas,
    subscriptions,
    tokens,
    xml,
)
from bot.sandbox.deliveries import Push
from bot.sandbox.faults import ApiFault, DeliveryFault, ReceiptFault
from bot.sandbox.ledger import TABLES, Row
from bot.sandbox.world import WORLD, Mistake, World

HELD_AS_JSON = ("body", "reply", "answer", "value")
MOST_ROWS = 200_000
ACTS: dict[str, tuple[type[BaseModel], Callable[..., Push]]] = {
    **people.ACTS,
    **mini.ACTS,
    **subscriptions.ACTS,
}


class RawPush(BaseModel):
    """Fields that are completed with To/FromUserName and CreateTime, or XML sent as it stands;
    `mini` are fields for the mini-program, sent in the form that is set."""

    model_config = ConfigDict(extra="forbid")

    openid: str = Field(min_length=1, max_length=128)
    fields: dict[str, Any] | None = None
    xml: str | None = Field(None, max_length=1024 * 1024)
    mini: dict[str, Any] | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> "RawPush":
        if [self.fields, self.xml, self.mini].count(None) != 2:
            raise ValueError("give either fields or xml or mini")
        if not _writable(self.fields or self.mini or {}):
            raise ValueError("fields hold names, texts, whole numbers, objects and lists only")
        return self


class Trouble(BaseModel):
    model_config = ConfigDict(extra="forbid")

    api: ApiFault | None = None
    delivery: DeliveryFault | None = None
    receipt: ReceiptFault | None = None


def routes() -> list[web.RouteDef]:
    return [
        web.post("/_control/reset", reset),
        web.post("/_control/settle", settle),
        web.get("/_control/ledger", ledger),
        web.get("/_control/people", list_people),
        web.post("/_control/people", add_person),
        web.post("/_control/people/{openid}/{act}", act),
        web.post("/_control/push", push),
        web.get("/_control/faults", list_faults),
        web.post("/_control/faults", order_fault),
        web.delete("/_control/faults", clear_faults),
        web.post("/_control/token/revoke", revoke),
        web.post("/_control/quota", set_quota),
        web.post("/_control/code", give_code),
        web.post("/_control/licence", script_licence),
        web.post("/_control/verdicts", script_verdicts),
        web.post("/_control/mini", set_mini_form),
        web.post("/_control/platform", set_platform),
    ]


async def reset(request: web.Request) -> web.Response:
    """Forget everything, end what is under way, and start with the first people again."""
    world = request.app[WORLD]
    world.faults.clear()
    await world.deliveries.stop()
    world.ledger.empty()
    people.settle_in(world)
    world.bell.ring()
    return _json({})


async def settle(request: web.Request) -> web.Response:
    """Answer when no delivery is under way in the background any more."""
    await request.app[WORLD].deliveries.settle()
    return _json({})


async def ledger(request: web.Request) -> web.Response:
    tables = request.query.getall("table", list(TABLES))
    if unknown := set(tables) - set(TABLES):
        raise Mistake(404, "not_found", f"没有这个表：{'、'.join(sorted(unknown))}。")
    limit = inputs.whole_number(request, "limit", default=1000, most=MOST_ROWS)
    openid = request.query.get("openid")
    world = request.app[WORLD]
    return _json({table: _table(world, table, openid, limit) for table in tables})


async def list_people(request: web.Request) -> web.Response:
    return _json({"people": _table(request.app[WORLD], "people", None, MOST_ROWS)})


async def add_person(request: web.Request) -> web.Response:
    given = await inputs.read(request, people.NewPerson)
    return _json(people.add(request.app[WORLD], given))


async def act(request: web.Request) -> web.Response:
    """Let a person act, wait for the delivery, and tell how it went."""
    world = request.app[WORLD]
    sent = await start_act(request)
    return _json((await world.deliveries.deliver(sent)).as_json())


async def start_act(request: web.Request) -> Push:
    """The act named in the path, by the person named there; not yet delivered."""
    world = request.app[WORLD]
    if request.match_info["act"] not in ACTS:
        raise Mistake(404, "not_found", "没有这种操作。")
    model, play = ACTS[request.match_info["act"]]
    given = await inputs.read(request, model)
    return play(world, people.person(world, request.match_info["openid"]), given)


async def push(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    given = await inputs.read(request, RawPush)
    if given.fields is not None:
        sent = people.push(world, given.openid, given.fields)
    elif given.mini is not None:
        sent = mini.push(world, given.openid, given.mini)
    else:
        body = given.xml or ""
        sent = people.record(world, given.openid, body, kind="raw", awaited=True)
    return _json((await world.deliveries.deliver(sent)).as_json())


async def list_faults(request: web.Request) -> web.Response:
    faults = request.app[WORLD].faults
    return _json(
        {
            "api": [fault.model_dump() for fault in faults.api],
            "delivery": [fault.model_dump() for fault in faults.deliveries],
            "receipt": [fault.model_dump() for fault in faults.receipts],
        }
    )


async def order_fault(request: web.Request) -> web.Response:
    given = await inputs.read(request, Trouble)
    faults = request.app[WORLD].faults
    faults.api.extend([given.api] if given.api else [])
    faults.deliveries.extend([given.delivery] if given.delivery else [])
    faults.receipts.extend([given.receipt] if given.receipt else [])
    return await list_faults(request)


async def clear_faults(request: web.Request) -> web.Response:
    request.app[WORLD].faults.clear()
    return await list_faults(request)


async def revoke(request: web.Request) -> web.Response:
    return _json({"revoked": tokens.revoke(request.app[WORLD])})


async def set_quota(request: web.Request) -> web.Response:
    given = await inputs.read(request, quotas.Quota)
    return _json({"quotas": quotas.order(request.app[WORLD], given)})


async def give_code(request: web.Request) -> web.Response:
    """What wx.login or the authorisation page would hand to the product."""
    given = await inputs.read(request, logins.Order)
    return _json({"code": logins.issue(request.app[WORLD], given)})


async def script_licence(request: web.Request) -> web.Response:
    """What the next pictures of a licence say; see licences.Script."""
    given = await inputs.read(request, licences.Script)
    return _json({"waiting": licences.script(request.app[WORLD], given)})


async def script_verdicts(request: web.Request) -> web.Response:
    """How the next texts or pictures are judged; see checks.Script."""
    given = await inputs.read(request, checks.Script)
    return _json({"waiting": checks.script(request.app[WORLD], given)})


async def set_mini_form(request: web.Request) -> web.Response:
    given = await inputs.read(request, mini.Form)
    return _json({"form": mini.set_form(request.app[WORLD], given)})


async def set_platform(request: web.Request) -> web.Response:
    given = await inputs.read(request, logins.Platform)
    return _json({"bound": logins.set_platform(request.app[WORLD], given)})


def _table(world: World, table: str, openid: str | None, limit: int) -> list[Row]:
    """The newest rows, oldest first; a push brings its attempts along."""
    names = {row["name"] for row in world.ledger.rows(f"PRAGMA table_info({table})")}
    where = "WHERE openid = :openid" if openid and "openid" in names else ""
    rows = world.ledger.rows(
        f"SELECT * FROM (SELECT *, rowid AS row FROM {table} {where}"  # noqa: S608  # own names
        " ORDER BY rowid DESC LIMIT :limit) ORDER BY row",
        {"openid": openid, "limit": limit},
    )
    for row in rows:
        del row["row"]
        for name in HELD_AS_JSON:
            if row.get(name):
                row[name] = _parsed(row[name])
        if table == "pushes":
            row["attempts"] = world.ledger.rows(
                "SELECT * FROM attempts WHERE push_id = :id ORDER BY copy, number", row
            )
    return rows


def _parsed(held: str) -> Any:  # JSON of any shape, or a remark in plain words
    try:
        return json.loads(held)
    except ValueError:
        return held


def _writable(value: object) -> bool:
    if isinstance(value, dict):
        return all(xml.NAME.fullmatch(name) and _writable(one) for name, one in value.items())
    if isinstance(value, list):
        return all(_writable(one) for one in value)
    return isinstance(value, str | int) and not isinstance(value, bool)


def _json(value: object) -> web.Response:
    return web.json_response(value)
