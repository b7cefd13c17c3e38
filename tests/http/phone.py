"""A member's phone: pages as a browser asks for them, the API as the mini-program does."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient

from bot.domain.actors import Member
from bot.domain.sessions import Door
from tests import people
from tests.conftest import NOW

ORIGIN = "http://127.0.0.1:8080"


@dataclass
class Phone:
    client: TestClient
    member: Member
    token: str

    async def open(self, path: str) -> ClientResponse:
        headers = {"Cookie": f"session={self.token}", "Accept": "text/html"}
        return await self.client.get(path, headers=headers, allow_redirects=False)

    async def read(self, path: str) -> str:
        answer = await self.open(path)
        text = await answer.text()
        assert answer.status == 200, text
        return text

    async def send(self, path: str, data: object = None) -> ClientResponse:
        """Send a form; a redirect is not followed."""
        headers = {"Cookie": f"session={self.token}", "Accept": "text/html", "Origin": ORIGIN}
        return await self.client.post(path, data=data or {}, headers=headers, allow_redirects=False)

    async def fill(self, path: str, fields: dict, file: bytes | None = None) -> ClientResponse:
        """Send a form that may bring a file, as a browser does."""
        form = FormData()
        for name, text in fields.items():
            form.add_field(name, text)
        form.add_field("file", file or b"", filename="a.jpg" if file else "")
        return await self.send(path, form)

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, object]:
        """Ask the API; answers its status and JSON."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid4().hex}
        answer = await self.client.request(method, path, json=body, headers=headers)
        return answer.status, await answer.json() if answer.content_length else None


async def browser(client: TestClient, now: datetime = NOW) -> Phone:
    """Somebody in WeChat's browser."""
    opened = await people.opened(now=now)
    return Phone(client, opened.member, opened.token)


async def mini(client: TestClient, openid: str = "", now: datetime = NOW) -> Phone:
    """Somebody in the mini-program."""
    opened = await people.opened(openid, Door.MINI, now=now)
    return Phone(client, opened.member, opened.token)
