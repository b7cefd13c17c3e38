"""Hundreds of poisoned files: none comes alive, the jail stays small, nobody else waits."""

import asyncio
import io
import re
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self
from uuid import uuid4

import aiohttp
import pikepdf
import psutil
import pytest
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from bot.app import build_app
from bot.clients.hints import open_hints
from bot.clients.jail import AT_ONCE, Jail
from bot.config import Config
from bot.deps import Deps, open_cabinet
from bot.domain.errors import Unavailable
from bot.domain.files import LIMITS, Unreadable
from bot.domain.sessions import Door
from bot.handlers.headers import SANDBOXED
from models import StoredFile
from tests import papers, people
from tests.amounts import amount
from tests.conftest import NOW
from tests.faults import poison
from tests.faults.poison import EITHER, REFUSED, TAKEN, Poison
from tests.waiting import until

pytestmark = pytest.mark.faults

SENDERS = 4
KEEPER_MB = 100
PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
ACTING = (
    b"/JavaScript", b"/JS", b"/Launch", b"/OpenAction", b"/AA", b"/URI", b"/SubmitForm", b"/GoToR",
    b"/ImportData", b"/EmbeddedFile", b"/Filespec", b"/AcroForm", b"/XFA", b"/Annots", b"/AF",
    b"/OPI", b"/Metadata", b"/ObjStm", b"/Encrypt", b"evil.example", b"<script",
)  # fmt: skip


class Watched:
    """The largest that any process of the jail was, asked again and again.

    The kernel keeps the peak of each and the children of one: a look at all processes of the
    machine, two hundred times a second, would take more of it than the jail does.
    """

    child = keeper = 0

    def __init__(self, pid: int) -> None:
        self._keeper, self._over = Path(f"/proc/{pid}"), threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        children = self._keeper / "task" / self._keeper.name / "children"
        while not self._over.wait(0.005):
            self.keeper = max(self.keeper, peak(self._keeper))
            for child in children.read_text().split():
                self.child = max(self.child, peak(Path(f"/proc/{child}")))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def peak(process: Path) -> int:
    """The most memory that it ever held; nothing of one that has just ended."""
    try:
        found = PEAK.search((process / "status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) << 10 if found else 0


class Site:
    """The application as far as files need it, and somebody who hands them in."""

    def __init__(self, http: TestClient, jail: Jail, enterprise: object, token: str) -> None:
        self.http, self.jail, self.enterprise = http, jail, enterprise
        self.bearer = {"Authorization": f"Bearer {token}"}

    async def hand_in(self, one: Poison) -> tuple[int, dict]:
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("kind", "other")
        form.add_field("file", io.BytesIO(one.data), filename=one.name, content_type="text/html")
        headers = self.bearer | {"Idempotency-Key": uuid4().hex}
        path = f"/api/enterprises/{self.enterprise}/files"
        async with self.http.post(path, data=form, headers=headers) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def site(db: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    config, hints = Config.read({"CREDIT_STATE_DIR": str(tmp_path)}), open_hints(redis_url)
    async with open_cabinet(config) as cabinet:
        app = build_app(Deps(config, lambda: NOW, hints, cabinet=cabinet))
        enterprise, opened = await people.enterprise(), await people.opened(door=Door.MINI)
        await people.bind(opened.member.user_id, enterprise)
        assert cabinet is not None
        jail = cabinet.jail
        assert isinstance(jail, Jail)
        await jail.start()
        async with TestClient(TestServer(app)) as http:
            yield Site(http, jail, enterprise, opened.token)
    await hints.close()


@asynccontextmanager
async def others(site: Site) -> AsyncIterator[list[float]]:
    """Somebody else who only wants to see who they are, again and again; answers how long."""
    waits: list[float] = []
    over = asyncio.Event()

    async def ask() -> None:
        while not over.is_set():
            began = time.monotonic()
            async with site.http.get("/api/me", headers=site.bearer) as answer:
                assert answer.status == 200
            waits.append(time.monotonic() - began)
            await asyncio.wait({asyncio.ensure_future(over.wait())}, timeout=0.02)

    asking = asyncio.create_task(ask())
    yield waits
    over.set()
    await asking


async def test_poisoned_files_harm_nobody(site):
    queue = list(poison.corpus(every=amount(1, part=5)))
    assert len(queue) == amount(500, part=108)
    fates: Counter[tuple[str, str, int]] = Counter()
    kept: list[str] = []

    async def send() -> None:
        while queue:
            one = queue.pop()
            status, told = await site.hand_in(one)
            fates[one.what, one.fate, status] += 1
            kept.extend([told["id"]] if status == 200 else [])

    with Watched(site.jail.pid or 0) as watched:
        async with others(site) as waits:
            await asyncio.gather(*(send() for _ in range(SENDERS)))

    assert {(fate, status) for _, fate, status in fates} == {
        (TAKEN, 200), (REFUSED, 422), (EITHER, 200), (EITHER, 422)
    }  # fmt: skip
    assert 32 << 20 < watched.child < LIMITS.memory_bytes
    assert watched.keeper < KEEPER_MB << 20
    assert sorted(waits)[len(waits) // 2] < 0.2
    assert sorted(waits)[len(waits) * 99 // 100] < 1.5
    assert await StoredFile.all().count() == len(set(kept))
    for file_id in set(kept):
        await _comes_alive_nowhere(site, file_id)


async def _comes_alive_nowhere(site: Site, file_id: str) -> None:
    path = f"/api/files/{file_id}"
    for place in (path, f"{path}/pages/1"):
        async with site.http.get(place, headers=site.bearer) as answer:
            data = await answer.read()
            assert answer.headers["Content-Security-Policy"] == SANDBOXED
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            kind = answer.content_type
        if kind == "application/pdf":
            _acts_nowhere(data)
        else:
            _is_only_a_picture(data, kind)


def _acts_nowhere(data: bytes) -> None:
    assert data.startswith(b"%PDF-")
    assert [name for name in ACTING if _named(name, data)] == []
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert set(pdf.Root.keys()) == {"/Type", "/Pages"}
        for one in pdf.objects:
            assert b"<script" not in (_text(one) if isinstance(one, pikepdf.Stream) else b"")


def _text(stream: pikepdf.Stream) -> bytes:
    """What it unpacks to; of a torn one what lies there, which nothing can unpack."""
    try:
        return stream.read_bytes()
    except pikepdf.DataDecodingError:
        return stream.read_raw_bytes()


def _named(name: bytes, data: bytes) -> bool:
    at = data.find(name)
    while at >= 0:
        if not data[at + len(name) : at + len(name) + 1].isalpha():
            return True
        at = data.find(name, at + 1)
    return False


def _is_only_a_picture(data: bytes, kind: str) -> None:
    with Image.open(io.BytesIO(data)) as picture:
        assert Image.MIME[picture.format or ""] == kind
        assert kind in {"image/jpeg", "image/png"}
        assert dict(picture.getexif()) == {}
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"<script" not in data
    assert b"SECRET" not in data


@contextmanager
def spools(number: int, data: bytes) -> Iterator[list]:
    """The same file several times."""
    with papers.spool(data) as file:
        yield [file] * number


@pytest.fixture(scope="module")
async def mortal() -> AsyncIterator[Jail]:
    """One whose processes may be killed, which the one of all tests is spared."""
    jail = Jail()
    await jail.start()
    yield jail
    await jail.close()


async def test_a_child_that_dies_of_a_file_takes_nobody_with_it(mortal: Jail):
    keeper = psutil.Process(mortal.pid)
    hog = poison.flood(1, poison.random.Random(1)).data
    with papers.spool(hog) as file:
        slow = asyncio.create_task(mortal.examine(file))

        async def in_work() -> bool:
            return bool(keeper.children())

        await until(in_work, "a child at work")
        for child in keeper.children():
            child.kill()
        with pytest.raises(Unreadable):
            await slow
    with papers.spool(papers.picture()) as file:
        assert (await mortal.examine(file)).pages == 1


async def test_a_keeper_that_dies_is_replaced_with_the_next_file(mortal: Jail):
    first = mortal.pid
    psutil.Process(first).kill()
    with papers.spool(papers.picture()) as file:
        clean = await mortal.examine(file)
    assert (clean.pages, mortal.pid != first) == (1, True)


async def test_a_keeper_ends_with_the_process_that_started_it():
    jail = Jail()
    await jail.start()
    keeper = psutil.Process(jail.pid)
    await jail.close()

    assert not keeper.is_running()


async def test_only_so_many_are_in_the_jail_at_once_and_a_crowd_is_asked_to_come_again(
    mortal: Jail,
):
    keeper, most = psutil.Process(mortal.pid), 0
    with spools(60, poison.flood(2, poison.random.Random(2)).data) as files:
        asked = [asyncio.create_task(mortal.examine(file)) for file in files]
        for _ in range(30):
            most = max(most, len([one for one in keeper.children() if one.status() != "zombie"]))
            await asyncio.sleep(0.01)
        for one in asked[AT_ONCE:]:
            one.cancel()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert 1 <= most <= AT_ONCE
    assert any(isinstance(one, Unavailable) for one in outcomes)
