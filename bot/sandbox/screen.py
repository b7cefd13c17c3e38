"""The phones in the browser: the page, its files, what it shows, and what people tap."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox import codes, control, inputs, people, subscriptions
from bot.sandbox.accounts import ACCOUNT
from bot.sandbox.ledger import Row
from bot.sandbox.world import WORLD, World

FILES = Path(__file__).with_name("phone")
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
LINES_SHOWN = 100
STILL_HERE_S = 15
BREATH_S = 0.05  # between two calls to look again, so that a burst does not redraw each line


def routes() -> list[web.RouteDef]:
    files = sorted(path.name for path in FILES.iterdir() if path.suffix in {".css", ".js", ".svg"})
    return [
        web.get("/", _file("index.html")),
        *(web.get(f"/phone/{name}", _file(name)) for name in files),
        web.get("/phone/state", state),
        web.get("/phone/events", events),
        web.post("/phone/people", add_person),
        web.post("/phone/people/{openid}/{act}", act),
        web.post("/phone/code", read_code),
        web.get("/phone/media/{media_id}", media),
    ]


async def state(request: web.Request) -> web.Response:
    """Everything on all screens: the page compares it with what it shows."""
    world = request.app[WORLD]
    rows = world.ledger.rows("SELECT * FROM people ORDER BY rowid")
    return web.json_response(
        {
            "account": {"id": ACCOUNT, "name": people.NAME},
            "menu": world.ledger.recall("menu") or [],
            "people": [_screen(world, row) for row in rows],
        }
    )


async def events(request: web.Request) -> web.StreamResponse:
    """Server-Sent Events that only say: look again."""
    bell = request.app[WORLD].bell
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    with suppress(ConnectionError), bell.listening() as heard:
        await response.write(b"data: look\n\n")
        while not bell.closed:
            try:
                async with asyncio.timeout(STILL_HERE_S):
                    await heard.wait()
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            heard.clear()
            await response.write(b"data: look\n\n")
            await asyncio.sleep(BREATH_S)
    return response


async def add_person(request: web.Request) -> web.Response:
    given = await inputs.read(request, people.NewPerson)
    return web.json_response(people.add(request.app[WORLD], given), status=201)


async def act(request: web.Request) -> web.Response:
    """Begin the act and answer at once: how it ends shows on the screen."""
    world = request.app[WORLD]
    sent = await control.start_act(request)
    world.deliveries.later(world.deliveries.deliver(sent))
    return web.json_response({}, status=202)


async def read_code(request: web.Request) -> web.Response:
    """What the scanner sees on a picture that it is shown."""
    given = await inputs.read(request, people.PictureSent)
    content = codes.picture(given.content)
    return web.json_response({"text": await asyncio.to_thread(codes.seen_on, content)})


async def media(request: web.Request) -> web.Response:
    """A picture that somebody sent, at the address that WeChat gives it."""
    found = codes.kept_media(request.app[WORLD], request.match_info["media_id"])
    if found is None:
        raise web.HTTPNotFound
    return web.Response(body=found.content, content_type=found.content_type)


def _screen(world: World, who: Row) -> dict[str, Any]:
    waiting = world.ledger.row(
        "SELECT 1 FROM pushes WHERE openid = :openid AND outcome = 'pending' AND awaited LIMIT 1",
        who,
    )
    return {
        "openid": who["openid"],
        "nickname": who["nickname"],
        "role": who["role"],
        "following": bool(who["following"]),
        "waiting": bool(waiting),
        "consents": subscriptions.consents(world, who["openid"]),
        "lines": _lines(world, who) if who["following"] else [],
    }


def _lines(world: World, who: Row) -> list[dict[str, Any]]:
    """The newest lines since the person followed, oldest first."""
    rows = world.ledger.rows(
        "SELECT chat.*, pushes.outcome FROM chat LEFT JOIN pushes ON pushes.id = chat.push_id"
        " WHERE chat.openid = :openid AND chat.id > :chat_from ORDER BY chat.id DESC LIMIT :most",
        {**who, "most": LINES_SHOWN},
    )
    return [
        {
            "id": row["id"],
            "from": row["sender"],
            "kind": row["kind"],
            "at": row["at"],
            "failed": row["sender"] == "me" and row["outcome"] == "failed",
            "body": json.loads(row["body"]),
        }
        for row in reversed(rows)
    ]


def _file(name: str) -> Any:  # aiohttp's own type of handler
    body = (FILES / name).read_bytes()
    content_type = TYPES[Path(name).suffix]

    async def send(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    return send
