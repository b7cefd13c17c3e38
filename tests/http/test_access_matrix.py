"""Nobody gets what is not theirs: every route, asked by everybody, for everything."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app import build_app
from bot.clients.database import fetch
from bot.config import Config
from bot.deps import Deps
from bot.domain.errors import NotFound
from bot.domain.sessions import Door
from bot.handlers.audience import SIGNED_IN, Audience
from bot.handlers.members import member
from bot.handlers.surface import Contract, Handler, Route
from bot.routes import ROUTES
from bot.services import bindings, sessions
from bot.web import equipped
from models import Fact
from tests import matrix, packs, people
from tests.conftest import NOW


@pytest.fixture(scope="module")
async def deps(
    kept_db: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deps]:
    config = Config.read({"CREDIT_STATE_DIR": str(tmp_path_factory.mktemp("state"))})
    async with equipped(config, redis_url, lambda: NOW) as given:
        await given.hints._redis.flushdb()
        await packs.in_force(packs.PUBLIC)
        yield given


@pytest.fixture(scope="module")
async def client(deps: Deps) -> AsyncIterator[TestClient]:
    """The whole application."""
    async with TestClient(TestServer(build_app(deps))) as client:
        yield client


@pytest.fixture(scope="module")
async def parties(client: TestClient) -> matrix.Parties:
    return await matrix.parties(client)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_listed(route: Route):
    assert matrix.unlisted(route) == []


MEMBERS = [route for route in ROUTES if route.audience in SIGNED_IN]


@pytest.mark.parametrize("route", MEMBERS, ids=lambda route: f"{route.method} {route.path}")
async def test_nobody_gets_what_is_not_theirs(parties: matrix.Parties, route: Route):
    assert await matrix.faults(parties, route) == []


async def test_who_has_not_agreed_is_led_to_the_text_from_everywhere(client: TestClient):
    known = [sessions.Known(one, "somebody", "union") for one in (people.OA, people.MINI)]
    pages, mini = [
        (await sessions.sign_in(one, door, now=NOW)).token
        for one, door in zip(known, (Door.H5, Door.MINI), strict=True)
    ]
    told = {}
    asked = [one for one in MEMBERS if one.audience is Audience.MEMBER or one.method == "GET"]
    for route in asked:
        path = matrix.PARAMETER.sub(lambda found: found[1], route.path)
        headers = {"Cookie": f"session={pages}", "Origin": matrix.ORIGIN}
        if path.startswith("/api/"):
            headers = {"Authorization": f"Bearer {mini}", "Idempotency-Key": "0" * 8}
        headers["Accept"] = "application/json"
        answer = await client.request(route.method, path, headers=headers, allow_redirects=False)
        code = (await answer.json())["error"]["code"] if answer.status == 409 else ""
        told[route.method, route.path] = (
            answer.headers.get("Location", "").startswith("/h5/agree?to="),
            code == "privacy_not_agreed",
        )

    led, refused = (True, False), (False, True)
    for route in asked:
        page = route.method == "GET" and route.path.startswith("/h5/")
        expected = (
            (False, False) if route.audience is Audience.PERSON else (led if page else refused)
        )
        assert told[route.method, route.path] == expected, route.path


PUBLIC_BODIES = {
    "/api/session": {"code": "made-up"},
    "/api/public/certificates:check": {"codes": ["made-up"]},
}


async def test_every_post_to_the_api_knows_a_key_when_it_sees_one(client: TestClient):
    """Who is signed in gives one; who is not may go without, but not with a bad one."""
    posts = [one for one in ROUTES if one.method == "POST" and one.path.startswith("/api/")]
    token = await matrix._as_mini((await matrix.found_enterprise({})).legal)
    told = {}
    for route in posts:
        path = matrix.PARAMETER.sub(lambda found: found[1], route.path)
        body = PUBLIC_BODIES.get(route.path) or matrix.BODIES.get(route.path)
        who = {} if route.path in PUBLIC_BODIES else {"Authorization": f"Bearer {token}"}
        codes = []
        for key in ({}, {"Idempotency-Key": "short"}):
            given = {"json": body} if route.contract and route.contract.body else {}
            answer = await client.post(path, headers=who | key, **given)
            codes.append((await answer.json()).get("error", {}).get("code"))
        told[route.path] = [code == "idempotency_key_missing" for code in codes]

    assert told == {one.path: [one.path not in PUBLIC_BODIES, True] for one in posts}


# The negative controls: routes as somebody might write them one day.


async def open_to_all(request: web.Request) -> web.Response:
    """The service forgot to ask whose it is."""
    rows = await fetch(
        "SELECT name FROM enterprise WHERE id = $1::text::uuid", request.match_info["enterprise"]
    )
    return web.json_response(rows)


async def refusing_aloud(request: web.Request) -> web.Response:
    """Tells a stranger that it exists."""
    try:
        await bindings.require(member(request), _enterprise(request), now=NOW)
    except NotFound:
        raise web.HTTPForbidden from None
    return web.json_response({})


async def crashing(request: web.Request) -> web.Response:
    await bindings.require(member(request), _enterprise(request), now=NOW)
    raise RuntimeError


async def right(request: web.Request) -> web.Response:
    await bindings.require(member(request), _enterprise(request), now=NOW)
    return web.json_response({})


def _enterprise(request: web.Request):
    from uuid import UUID

    return UUID(request.match_info["enterprise"])


STRANGERS = ["legal", "agent", "unbound", "disputed", "suspended", "expired"]


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        (right, []),
        (open_to_all, STRANGERS),
        (refusing_aloud, STRANGERS),
        (crashing, ["its own", "its own"]),
    ],
)
@pytest.mark.parametrize("path", ["/api/enterprises/{enterprise}", "/h5/e/{enterprise}"])
async def test_the_matrix_catches_a_route_that_is_wrong(
    deps: Deps, parties: matrix.Parties, path: str, handler: Handler, told: list[str]
):
    route = Route("GET", path, handler, Audience.MEMBER)

    async with TestClient(TestServer(build_app(deps, routes=(route,)))) as client:
        asker = matrix.Asker(client, parties.ours, parties.theirs)
        found = await matrix.faults(replace(parties, asker=asker), route)

    assert [next(word for word in told if word in line) for line in found] == told


def test_a_route_that_a_member_can_open_without_signing_in_is_caught():
    route = Route("GET", "/api/enterprises/{enterprise}", open_to_all, Audience.PUBLIC)

    assert len(matrix.unlisted(route)) == 1


def test_a_route_that_nobody_listed_is_caught():
    unknown = Route("GET", "/h5/e/{enterprise}/x/{thing}", right, Audience.MEMBER)
    body = Route("POST", "/api/x", right, Audience.MEMBER, Contract("x", body=_body()))

    assert [len(matrix.unlisted(route)) for route in (unknown, body)] == [1, 1]


def _body():
    from bot.handlers.forms import Input

    class Body(Input):
        name: str

    return Body


async def test_with_the_filter_sabotaged_the_database_still_shows_nothing(deps: Deps):
    """No check, no filter on the enterprise: what is left is the second wall."""

    async def everybodys(_request: web.Request) -> web.Response:
        return web.json_response([fact.value for fact in await Fact.filter(key="k")])

    ours, theirs = [await matrix.found_enterprise({}) for _ in range(2)]
    for number, one in enumerate((ours, theirs)):
        await Fact.create(
            id=one.id, enterprise_id=one.id, key="k", fact="f", value=f"secret-{number}",
            standing="declared", since_version=1, recorded_at=NOW,
        )  # fmt: skip
    route = Route("GET", "/api/facts", everybodys, Audience.MEMBER)
    async with TestClient(TestServer(build_app(deps, routes=(route,)))) as client:
        asker = matrix.Asker(client, ours, theirs)
        seen = [
            await (await asker.ask(route, route.path, person)).json()
            for person in (ours.legal, ours.agent, theirs.legal, "stranger")
        ]

    assert seen == [["secret-0"], ["secret-0"], ["secret-1"], []]
