"""A road on which every server dies: what is asked is asked again until somebody answers."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import aiohttp
from aiohttp.test_utils import TestServer, unused_port

from bot.config import Config
from bot.sandbox.app import build_sandbox
from bot.services.idempotency import LEASE
from tests.amounts import amount
from tests.conftest import NOW
from tests.engines import REDIS_URL
from tests.nursery import forked
from tests.waiting import until

STEP = amount(5, part=10)  # things done between one kill and the next: the larger, the fewer kills
FOR_EVER = 10_000
PATIENCE_S = 120.0  # of a machine that does much else

Found = dict[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from somebody who lived to say it."""

    status: int
    place: str
    cookies: Mapping[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)

    def text(self) -> str:
        return unescape(self.body.decode())


@dataclass
class Road:
    """Where everything is, and what must be found after every kill."""

    url: str
    wechat: str
    look: Callable[[], Awaitable[Found]]
    http: aiohttp.ClientSession
    orders: asyncio.StreamWriter
    endings: asyncio.StreamReader
    log: Path
    kills: int = 0
    amid: int = 0
    """Of the kills those that left somebody without an answer."""
    kept: Found = field(default_factory=dict)

    @property
    def now(self):
        """Late enough that the key of whoever died is free again."""
        return NOW + self.kills * (LEASE + timedelta(seconds=1))

    async def ask(self, try_: Callable[[int], Awaitable[Answer | None]]) -> Answer:
        """Try until somebody lives to answer; nothing that was kept may go on the way."""
        for left in range(1 + self.kills % STEP, FOR_EVER, STEP):
            answer = await try_(left)
            await self.check()
            if answer is not None:
                return answer
            self.amid += 1
        raise AssertionError("nobody ever answered")

    async def once(self, left: int, method: str, path: str, **more: object) -> Answer | None:
        """Ask a server that dies of it; None where it died before its answer was whole."""
        self.orders.write(json.dumps([self.now.isoformat(), left]).encode() + b"\n")
        asked = asyncio.create_task(self._asked(method, path, **more))
        async with asyncio.timeout(PATIENCE_S):
            ended = int(await self.endings.readline())
            self.kills += 1
            if ended != -signal.SIGKILL:
                asked.cancel()
                raise AssertionError(self.log.read_text())
            return await asked

    async def _asked(self, method: str, path: str, **more: object) -> Answer | None:
        try:
            async with self.http.request(
                method, self.url + path, allow_redirects=False, **more
            ) as answer:
                body = await answer.read()
        except aiohttp.ClientError:
            return None
        cookies = {name: morsel.value for name, morsel in answer.cookies.items()}
        return Answer(answer.status, answer.headers.get("Location", ""), cookies, body)

    def keep(self, said: Found) -> None:
        """This was answered: from here on it must be there."""
        self.kept |= said

    def filed(self, data: bytes, kind: str, name: str = "a.jpg") -> None:
        self.keep({f"file {sha256(data).hexdigest()} 1": (kind, name)})

    def changes(self, *names: str) -> None:
        """The next step changes these: until it is answered either value is good."""
        for name in names:
            del self.kept[name]

    async def check(self) -> Found:
        found = await self.look()
        missing = {name: (value, found.get(name)) for name, value in self.kept.items()}
        if lost := {name: two for name, two in missing.items() if two[0] != two[1]}:
            raise AssertionError(f"after {self.kills} kills these are lost: {lost}")
        return found

    async def nothing_else(self) -> None:
        """Nothing is there twice, and nothing that nobody sent."""
        found = await self.check()
        if more := {name: value for name, value in found.items() if name not in self.kept}:
            raise AssertionError(f"nobody was told of {more}")

    async def code(self, openid: str, door: str) -> str:
        """What WeChat gives whoever opens the mini-program or the page: good once."""
        order = {"openid": openid, "door": door}
        async with self.http.post(f"{self.wechat}/_control/code", json=order) as given:
            return (await given.json())["code"]


@dataclass
class Phone:
    """One person's: the mini-program and the pages, signed in to both."""

    road: Road
    openid: str
    token: str = ""
    session: str = ""

    async def open_mini(self) -> None:
        """Each try has a code of its own: WeChat takes none twice."""

        async def try_(left: int) -> Answer | None:
            code = {"code": await self.road.code(self.openid, "mini")}
            return await self.road.once(left, "POST", "/api/session", json=code)

        answer = await self.road.ask(try_)
        assert answer.status == 201, answer.text()
        self.token = answer.json()["token"]

    async def open_page(self) -> Answer:
        """To WeChat and back; whoever does not come back sets out again."""

        async def try_(left: int) -> Answer | None:
            begun = await self.road.once(FOR_EVER, "GET", "/h5/login?to=me")
            assert begun
            [state] = parse_qs(urlsplit(begun.place.split("#")[0]).query)["state"]
            back = f"/h5/login/return?state={state}&code={await self.road.code(self.openid, 'h5')}"
            headers = {"Cookie": f"login={begun.cookies['login']}"}
            return await self.road.once(left, "GET", back, headers=headers)

        answer = await self.road.ask(try_)
        assert answer.status == 302, answer.text()
        self.session = answer.cookies["session"]
        return answer

    async def api(self, method: str, path: str, **more: object) -> dict:
        """Under one key however often, as an app asks."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid4().hex}
        answer = await self._ask(method, path, headers, **more)
        assert answer.status < 300, answer.text()
        return answer.json() if answer.body else {}

    async def post(self, path: str, form: Mapping[str, object], *, status: int = 303) -> Answer:
        """The form of a page, sent again as it is by whoever sees it hang."""
        headers = {"Cookie": f"session={self.session}", "Origin": self.road.url}
        answer = await self._ask("POST", path, headers, form=form)
        assert answer.status == status, answer.text()
        return answer

    async def page(self, path: str) -> str:
        headers = {"Cookie": f"session={self.session}"}
        answer = await self.road.once(FOR_EVER, "GET", path, headers=headers)
        assert answer
        assert answer.status == 200, answer.text()
        return answer.text()

    async def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        form: Mapping[str, object] | None = None,
        **more: object,
    ) -> Answer:
        async def try_(left: int) -> Answer | None:
            sent = more if form is None else {"data": filled_in(form)}
            return await self.road.once(left, method, path, headers=headers, **sent)

        return await self.road.ask(try_)


def filled_in(form: Mapping[str, object]) -> object:
    """As a browser sends it: with files in parts, else as one line. Good for one try."""
    if not any(isinstance(value, bytes) for value in form.values()):
        return form
    made = aiohttp.FormData()
    for name, value in form.items():
        more = {"filename": "a.jpg" if value else ""} if isinstance(value, bytes) else {}
        made.add_field(name, value, **more)
    return made


def hidden(page: str, name: str) -> str:
    [value] = set(re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)"', page))
    return value


@asynccontextmanager
async def open_road(
    db: str, folder: Path, look: Callable[[], Awaitable[Found]]
) -> AsyncIterator[Road]:
    """Start the mother of all servers, and the WeChat that they ask."""
    ports, log = (unused_port(), unused_port()), folder / "log"
    road: Road | None = None
    simulated = build_sandbox(Config(), clock=lambda: road.now if road else NOW)
    with log.open("ab") as output:
        mother = forked.start(
            "tests.faults.deadly_server", db, os.environ[REDIS_URL], str(folder),
            *map(str, ports), env=dict(os.environ), output=output,
        )  # fmt: skip

    async def is_there() -> bool:
        assert mother.poll() is None, log.read_text()
        return (folder / "orders").exists()

    await until(is_there, "the mother of the servers")
    endings, orders = await asyncio.open_unix_connection(str(folder / "orders"))
    async with (
        TestServer(simulated, port=ports[1]),
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True), cookie_jar=aiohttp.DummyCookieJar()
        ) as http,
    ):
        http._retry_connection = False  # by itself it would ask once more when a server is gone
        url, wechat = (f"http://127.0.0.1:{port}" for port in ports)
        road = Road(url, wechat, look, http, orders, endings, log)
        try:
            yield road
        finally:
            orders.close()
            mother.kill()
            await asyncio.to_thread(mother.wait, 20)
