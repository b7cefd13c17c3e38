"""Idempotency keys: a POST that is sent twice is done once, and answered the same."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import Field

from bot.app import build_app
from bot.clients.database import fetch
from bot.config import Config
from bot.domain.errors import NotFound, Unavailable
from bot.domain.sessions import Door
from bot.handlers import forms, once, papers, uploads
from bot.handlers.audience import Audience
from bot.handlers.limits import Limiter
from bot.handlers.surface import Contract, Route
from bot.routes import ROUTES
from bot.services import idempotency, retention
from bot.services.bindings import TooFresh
from bot.services.consents import NoConsent
from bot.services.idempotency import NOBODY
from bot.web import equipped
from tests import people
from tests.conftest import NOW

KEY = "0123456789abcdef"


class Order(forms.Input):
    many: int = Field(ge=1)


class Shop:
    """Counts what is done, and does what the number says."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def buy(self, request: web.Request) -> web.Response:
        many = forms.body(request, Order).many
        await self.gate.wait()
        self.done.append(many)
        if many == 404:
            raise NotFound
        if many == 409:
            raise NoConsent
        if many == 72:
            raise TooFresh(NOW)
        if many == 503:
            raise Unavailable
        if many == 500:
            raise RuntimeError
        return web.json_response({"number": len(self.done)}, status=201)

    async def upload(self, request: web.Request) -> web.Response:
        body = await forms.read_body(request, limit=1000)
        self.done.append(len(body))
        return web.Response(status=204)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def buyer(db: str, redis_url: str, shop: Shop, clock) -> AsyncIterator[TestClient]:
    routes = (
        Route("POST", "/api/buy", shop.buy, Audience.MEMBER, Contract("买", body=Order)),
        Route("POST", "/api/upload", shop.upload, Audience.MEMBER, Contract("传")),
        Route("POST", "/h5/buy", shop.upload, Audience.MEMBER),
        Route("POST", "/api/look", shop.buy, Audience.PUBLIC, Contract("看", body=Order)),
    )
    async with (
        equipped(Config.read({}), redis_url, clock) as deps,
        TestClient(TestServer(build_app(deps, routes=routes))) as client,
    ):
        yield client


async def somebody(name: str = "o1") -> dict[str, str]:
    opened = await people.opened(name, Door.MINI)
    return {"Authorization": f"Bearer {opened.token}"}


async def buy(http: TestClient, who: dict[str, str], many: int = 1, key: str = KEY):
    answer = await http.post("/api/buy", json={"many": many}, headers={**who, once.HEADER: key})
    return answer.status, await answer.json(), answer.headers.get(once.REPLAYED)


async def test_a_request_that_comes_again_is_done_once_and_answered_the_same(buyer, shop):
    me = await somebody()

    first, second = [await buy(buyer, me) for _ in range(2)]

    assert first == (201, {"number": 1}, None)
    assert second == (201, {"number": 1}, "true")
    assert shop.done == [1]


async def test_an_empty_answer_is_repeated_as_well(buyer, shop):
    me = await somebody()
    headers = {**me, once.HEADER: KEY}

    answers = [await buyer.post("/api/upload", data=b"abc", headers=headers) for _ in range(2)]

    assert [answer.status for answer in answers] == [204, 204]
    assert shop.done == [3]


@pytest.mark.parametrize(
    "key", ["", "short", "k" * 65, "with a space", "%E4%B8%AD%20", "a;b=c,d:e"]
)
async def test_without_a_proper_key_nothing_is_done(buyer, shop, key):
    me = await somebody()

    status, body, _ = await buy(buyer, me, key=key)

    assert (status, body["error"]["code"]) == (400, "idempotency_key_missing")
    assert shop.done == []


async def test_a_key_that_comes_with_something_else_is_refused(buyer, shop):
    me = await somebody()
    await buy(buyer, me, 1)

    status, body, _ = await buy(buyer, me, 2)

    assert (status, body["error"]["code"]) == (422, "idempotency_key_reused")
    assert shop.done == [1]


async def test_the_same_key_of_two_people_is_two_keys(buyer, shop):
    one, other = await somebody("o1"), await somebody("o2")

    assert [(await buy(buyer, who))[1] for who in (one, other)] == [{"number": 1}, {"number": 2}]


async def test_of_many_at_once_one_runs_and_the_others_are_told_to_wait(buyer, shop):
    me = await somebody()
    shop.gate.clear()
    asked = [asyncio.create_task(buy(buyer, me)) for _ in range(8)]
    done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED, timeout=10)
    while len(done) < 7:
        more, _ = await asyncio.wait(
            set(asked) - done, return_when=asyncio.FIRST_COMPLETED, timeout=10
        )
        done |= more
    shop.gate.set()

    found = sorted([(await task)[0] for task in asked])

    assert found == [201] + [409] * 7
    assert shop.done == [1]
    assert await buy(buyer, me) == (201, {"number": 1}, "true")


async def test_a_refusal_is_kept_like_an_answer(buyer, shop):
    me = await somebody()

    found = [await buy(buyer, me, 404) for _ in range(2)]

    assert [(status, replayed) for status, _, replayed in found] == [(404, None), (404, "true")]
    assert shop.done == [404]


@pytest.mark.parametrize(("many", "status"), [(500, 500), (503, 503), (409, 409), (72, 409)])
async def test_what_may_go_well_later_may_be_tried_again_with_the_same_key(
    buyer, shop, many, status
):
    """It failed by our fault, or before its sender had agreed, or before they may."""
    me = await somebody()

    found = [(await buy(buyer, me, many))[0] for _ in range(2)]

    assert found == [status, status]
    assert shop.done == [many, many]


async def test_what_could_not_be_read_uses_up_no_key(buyer, shop):
    me = await somebody()

    assert (await buy(buyer, me, 0))[0] == 400
    assert await buy(buyer, me, 1) == (201, {"number": 1}, None)


async def test_a_key_is_free_again_after_a_day(buyer, shop, clock):
    me = await somebody()
    await buy(buyer, me)
    clock.now += timedelta(hours=23, minutes=59)
    assert (await buy(buyer, me))[2] == "true"
    clock.now += timedelta(minutes=1)

    assert await buy(buyer, me, 2) == (201, {"number": 2}, None)


async def test_whoever_died_with_a_key_is_succeeded_after_a_minute(buyer, shop, clock):
    me = await somebody()
    await buy(buyer, me)
    await fetch("UPDATE idempotency_key SET status = NULL, body = NULL")  # as a kill leaves it
    assert (await buy(buyer, me))[0] == 409
    clock.now += timedelta(seconds=61)

    assert await buy(buyer, me) == (201, {"number": 2}, None)


async def test_an_answer_lies_sealed(buyer, shop):
    me = await somebody()
    await buy(buyer, me)

    [row] = await fetch("SELECT body FROM idempotency_key")

    assert b"number" not in row["body"]


async def test_pages_need_no_key(buyer, shop):
    opened = await people.opened()
    headers = {"Cookie": f"session={opened.token}", "Origin": "http://127.0.0.1:8080"}

    answer = await buyer.post("/h5/buy", data=b"abc", headers=headers)

    assert (answer.status, shop.done) == (204, [3])


async def look(http: TestClient, many: int = 1, **headers: str):
    answer = await http.post("/api/look", json={"many": many}, headers=headers)
    return answer.status, await answer.json(), answer.headers.get(once.REPLAYED)


async def test_who_is_not_signed_in_may_give_a_key(buyer, shop):
    given = {once.HEADER: KEY}

    found = [await look(buyer, **given), await look(buyer, **given), await look(buyer)]
    other, bad = await look(buyer, 2, **given), await look(buyer, **{once.HEADER: "short"})

    assert found == [
        (201, {"number": 1}, None), (201, {"number": 1}, "true"), (201, {"number": 2}, None),
    ]  # fmt: skip
    assert (other[0], other[1]["error"]["code"]) == (422, "idempotency_key_reused")
    assert (bad[0], bad[1]["error"]["code"]) == (400, "idempotency_key_missing")
    assert shop.done == [1, 1]


async def test_a_key_of_nobody_is_free_again_after_ten_minutes_and_swept(buyer, shop, clock):
    me = await somebody()
    await buy(buyer, me)
    await look(buyer, **{once.HEADER: KEY})
    clock.now += timedelta(minutes=9, seconds=59)
    assert (await look(buyer, **{once.HEADER: KEY}))[2] == "true"
    clock.now += timedelta(seconds=2)

    assert await retention.purge_of_nobody(now=clock.now) == 1
    assert (await retention.purge(now=clock.now))["idempotency_key"] == 0
    assert (await buy(buyer, me))[2] == "true"
    assert (await look(buyer, 2, **{once.HEADER: KEY}))[0] == 201


@pytest.fixture
def few(monkeypatch) -> None:
    """Two keys a minute of nobody, and 3000 bytes of large answers for them."""
    monkeypatch.setattr(once, "KEYS_OF_NOBODY", Limiter(per_client=2, in_all=9, seconds=600))
    room = Limiter(per_client=3000, in_all=9000, seconds=600)
    monkeypatch.setattr(once, "BYTES_FOR_NOBODY", room)


async def test_who_gives_too_many_keys_is_served_as_if_they_had_given_none(buyer, few):
    me, keys = await somebody(), [f"{n:08d}" for n in range(3)]

    found = [await look(buyer, **{once.HEADER: key}) for key in (*keys, keys[2])]
    mine = [await buy(buyer, me, key=key) for key in (*keys, keys[2])]

    assert [(status, again) for status, _, again in found] == [(201, None)] * 4
    assert [again for _, _, again in mine] == [None, None, None, "true"]
    [row] = await fetch("SELECT count(*) FROM idempotency_key WHERE user_id = $1", NOBODY)
    assert row["count"] == 2


async def test_large_answers_for_nobody_have_little_room_which_small_ones_do_not_need(
    db, redis_url, clock, few, monkeypatch
):
    monkeypatch.setattr(once, "KEYS_OF_NOBODY", Limiter(per_client=99, in_all=99, seconds=600))

    async def tell(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * forms.body(request, Order).many)

    route = Route("POST", "/api/tell", tell, Audience.PUBLIC, Contract("说", body=Order))
    found = []
    async with (
        equipped(Config.read({}), redis_url, clock) as deps,
        TestClient(TestServer(build_app(deps, routes=(route,)))) as client,
    ):
        for many in (2000, 2000, 2001, 2001, once.SMALL, once.SMALL):
            headers = {once.HEADER: f"{many:08d}"}
            answer = await client.post("/api/tell", json={"many": many}, headers=headers)
            found.append((len(await answer.read()), answer.headers.get(once.REPLAYED)))

    assert found == [
        (2000, None), (2000, "true"), (2001, None), (2001, None), (512, None), (512, "true"),
    ]  # fmt: skip
    assert len(await fetch("SELECT 1 FROM idempotency_key")) == 2


async def test_while_the_database_is_gone_only_who_gives_a_key_has_to_wait(
    buyer, shop, monkeypatch
):
    async def gone(*_given: object, **_more: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(idempotency, "take", gone)

    assert (await look(buyer, **{once.HEADER: KEY}))[0] == 503
    assert await look(buyer) == (201, {"number": 1}, None)


def test_every_post_to_the_api_takes_a_key_and_says_so():
    from bot.handlers.openapi import build

    paths = build(ROUTES)["paths"]
    posts = [r for r in ROUTES if once.needed(r)]

    assert {r.path for r in posts} == {
        r.path for r in ROUTES if r.method == "POST" and r.path.startswith("/api/")
    }
    free = {r.path for r in posts if not once.required(r)}
    assert free == {"/api/session", "/api/public/certificates:check"}
    for route in posts:
        operation = paths[route.path]["post"]
        [key] = [one for one in operation["parameters"] if one["name"] == once.HEADER]
        assert key["required"] is (route.path not in free)
        assert {"400", "409", "422"} <= set(operation["responses"])


async def test_an_upload_is_the_same_by_its_content_and_not_by_its_length(shop):
    """Two pictures of one size are two requests; one picture under another mark is the same."""

    def parts(data: bytes, kind: str = "a") -> uploads.Parts:
        file = io.BytesIO(data)
        return uploads.Parts(
            {"kind": kind}, (uploads.Upload("file", "a.png", "image/png", len(data), file),)
        )

    first = parts(b"one")

    assert once._content(first) == once._content(parts(b"one"))
    assert first.files[0].file.read() == b"one"  # the handler reads it from the start
    assert len({once._content(parts(*one)) for one in ((b"one",), (b"two",), (b"one", "b"))}) == 3


async def test_another_picture_under_a_used_key_is_refused(db, redis_url, clock, tmp_path):
    async def take(request: web.Request) -> web.Response:
        async with papers.received(request) as (_, [given]):
            return web.json_response({"bytes": len(given.file.read())})

    route = Route("POST", "/api/pictures", take, Audience.MEMBER)
    opened = await people.opened(door=Door.MINI)
    headers = {"Authorization": f"Bearer {opened.token}", "Idempotency-Key": KEY}

    def picture(data: bytes) -> aiohttp.FormData:
        form = aiohttp.FormData({"kind": "a"})
        form.add_field("file", data, filename="a.png", content_type="image/png")
        return form

    told = []
    async with (
        equipped(Config.read({}), redis_url, clock) as deps,
        TestClient(TestServer(build_app(deps, routes=(route,)))) as client,
    ):
        for data in (b"one", b"one", b"two"):
            answer = await client.post("/api/pictures", data=picture(data), headers=headers)
            told.append((answer.status, answer.headers.get("Idempotency-Replayed")))

    assert told == [(200, None), (200, "true"), (422, None)]
