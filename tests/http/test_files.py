"""Files over HTTP: streamed in, served so that nothing in them comes alive."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.app import build_app
from bot.config import Config
from bot.domain.files import LIMITS
from bot.domain.sessions import Door
from bot.handlers.headers import SANDBOXED
from bot.web import equipped
from models import FileOpening, StoredFile
from tests import papers, people
from tests.http.conftest import Clock

PICTURE = papers.picture()


class Site:
    """The application, an enterprise, and somebody who acts for it at both doors."""

    def __init__(self, http: TestClient, folder: Path) -> None:
        self.http, self.folder = http, folder

    async def settle(self) -> None:
        self.enterprise = await people.enterprise()
        opened = await people.opened(door=Door.MINI)
        pages = await people.opened(door=Door.H5)
        for one in (opened, pages):
            await people.bind(one.member.user_id, self.enterprise)
        self.bearer = {"Authorization": f"Bearer {opened.token}"}
        self.cookie = {"Cookie": f"session={pages.token}", "Origin": "http://127.0.0.1:8080"}
        self.api = f"/api/enterprises/{self.enterprise}"

    async def ask(self, method: str, path: str, headers: dict | None = None, **more):
        once = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        headers = self.bearer | once if headers is None else headers
        answer = await self.http.request(
            method, path, headers=headers, allow_redirects=False, **more
        )
        await answer.read()
        return answer

    async def hand_in(self, data: bytes = PICTURE, name: str = "照.jpg", kind="business_licence"):
        return await self.ask("POST", f"{self.api}/files", data=form(data, name, kind))


def form(data: bytes, name: str, kind: str) -> aiohttp.FormData:
    made = aiohttp.FormData(quote_fields=False)  # as browsers do
    made.add_field("kind", kind)
    made.add_field("file", data, filename=name, content_type="text/html")
    return made


@pytest.fixture
async def site(db: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    config = Config.read({"CREDIT_STATE_DIR": str(tmp_path)})
    async with (
        equipped(config, redis_url, Clock()) as deps,
        TestClient(TestServer(build_app(deps))) as http,
    ):
        made = Site(http, tmp_path)
        await made.settle()
        yield made


async def test_a_file_is_handed_in_listed_opened_and_the_opening_shown(site):
    handed = await (await site.hand_in()).json()
    listed = await (await site.ask("GET", f"{site.api}/files")).json()
    opened = await site.ask("GET", f"/api/files/{handed['id']}")
    looked = await (await site.ask("GET", f"{site.api}/file-openings")).json()

    assert listed == {"files": [handed]}
    assert (await opened.read()).startswith(b"\xff\xd8\xff")
    assert [(one["file"], one["page"], one["by"]) for one in looked["openings"]] == [
        (handed["id"], 0, "我")
    ]


async def test_what_is_served_can_do_nothing_and_is_kept_by_nobody(site):
    handed = await (await site.hand_in(name="a%22; X=y\u202e报告.html")).json()

    whole = await site.ask("GET", f"/api/files/{handed['id']}")
    page = await site.ask("GET", f"/api/files/{handed['id']}/pages/1")

    for answer, kind in ((whole, "attachment"), (page, "inline")):
        headers = answer.headers
        assert headers["Content-Type"] == "image/jpeg"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == SANDBOXED
        assert headers["Cache-Control"] == "private, no-store"
        assert headers["Content-Disposition"].startswith(f'{kind}; filename="file.jpg"; filename*=')
        assert headers["Content-Disposition"].isascii()
        assert "Set-Cookie" not in headers


async def test_a_file_name_that_breaks_out_of_its_header_is_bad_input(site):
    answer = await site.hand_in(name='a"; X=y.jpg')

    assert answer.status == 400


async def test_a_pdf_is_always_saved_and_its_pages_are_pictures(site):
    handed = await (await site.hand_in(papers.pdf(2), "报表.pdf", "financial_statements")).json()

    whole = await site.ask("GET", f"/api/files/{handed['id']}")
    page = await site.ask("GET", f"/api/files/{handed['id']}/pages/2")

    assert whole.headers["Content-Disposition"].startswith("attachment;")
    assert (whole.content_type, page.content_type) == ("application/pdf", "image/jpeg")


@pytest.mark.parametrize("page", ["0", "3", "-1", "x", "１", "1e1", "99999999999"])
async def test_a_page_that_is_not_there_is_not_found(site, page):
    handed = await (await site.hand_in(papers.pdf(2), "报表.pdf", "other")).json()

    assert (await site.ask("GET", f"/api/files/{handed['id']}/pages/{page}")).status == 404


async def test_strangers_and_the_signed_out_get_nothing_and_leave_no_trace(site):
    handed = await (await site.hand_in()).json()
    stranger = await people.opened(door=Door.MINI)
    theirs = {"Authorization": f"Bearer {stranger.token}"}
    paths = (
        f"/api/files/{handed['id']}",
        f"/api/files/{handed['id']}/pages/1",
        f"{site.api}/files",
        f"{site.api}/file-openings",
        f"{site.api}/uploads/{uuid4()}",
    )

    assert [(await site.ask("GET", path, theirs)).status for path in paths] == [404] * 5
    assert [(await site.ask("GET", path, {})).status for path in paths] == [401] * 5
    assert await FileOpening.all().count() == 0


async def test_one_byte_too_many_is_refused_before_the_body_ends(site):
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield (b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n')
        while sent < 3 * LIMITS.file_bytes:
            sent += 1 << 20
            yield bytes(1 << 20)

    headers = site.bearer | {
        "Content-Type": "multipart/form-data; boundary=cut",
        "Idempotency-Key": uuid4().hex,
    }
    try:
        answer = await site.ask("POST", f"{site.api}/files", headers, data=endless())
        status = answer.status
    except aiohttp.ClientConnectionError:  # hung up while we were still sending
        status = 413

    assert status == 413
    assert sent < 2 * LIMITS.file_bytes
    assert await StoredFile.all().count() == 0
    assert papers.objects(site.folder) == {}


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"<html>", "other", 422, "unreadable_file"),
        (b"", "other", 422, "unreadable_file"),
        (PICTURE, "passport", 400, "bad_input"),
        (PICTURE, "", 400, "bad_input"),
    ],
)
async def test_what_cannot_be_taken_is_refused_with_a_code(site, data, kind, status, code):
    answer = await site.hand_in(data, kind=kind)

    assert (answer.status, (await answer.json())["error"]["code"]) == (status, code)


async def test_an_upload_in_parts_goes_on_where_it_stopped(site):
    place = f"{site.api}/uploads/{uuid4()}"
    plan = {"kind": "identity_card", "name": "照.jpg", "bytes": len(PICTURE)}
    begun = await site.ask("PUT", place, json=plan)
    first = await site.ask("PUT", f"{place}/parts/0", data=PICTURE[:100])
    wrong = await site.ask("PUT", f"{place}/parts/200", data=PICTURE[200:])
    state = await (await site.ask("GET", place)).json()
    await site.ask("PUT", f"{place}/parts/{state['received']}", data=PICTURE[100:])

    one_key = site.bearer | {"Idempotency-Key": uuid4().hex}
    await site.ask("DELETE", "/api/consents/identity")
    refused = await site.ask("POST", f"{place}/finish", headers=one_key)
    await site.ask("POST", "/api/consents", json={"purpose": "identity", "version": 1})
    finished = await site.ask("POST", f"{place}/finish", headers=one_key)

    assert (refused.status, (await refused.json())["error"]["code"]) == (409, "no_consent")
    assert (begun.status, first.status, wrong.status) == (200, 200, 409)
    assert (await wrong.json())["error"]["code"] == "wrong_offset"
    assert state["received"] == 100
    assert (finished.status, (await finished.json())["media_type"]) == (200, "image/jpeg")
    assert (await (await site.ask("GET", place)).json())["file"] == await finished.json()


async def test_a_dropped_upload_is_gone_and_odd_places_are_not_found(site):
    place = f"{site.api}/uploads/{uuid4()}"
    await site.ask("PUT", place, json={"kind": "other", "name": "x", "bytes": 9})

    odd = [(await site.ask("PUT", f"{place}/parts/{at}", data=b"x")).status for at in ("x", "-1")]
    dropped = await site.ask("DELETE", place)

    assert odd == [404, 404]
    assert dropped.status == 204
    assert (await site.ask("GET", place)).status == 404


async def test_a_part_larger_than_agreed_is_cut_off(site):
    place = f"{site.api}/uploads/{uuid4()}"
    await site.ask("PUT", place, json={"kind": "other", "name": "x", "bytes": 5 << 20})

    assert (
        await site.ask("PUT", f"{place}/parts/0", data=io.BytesIO(bytes(3 << 20)))
    ).status == 413


async def test_the_page_takes_several_files_at_once_and_lists_them(site):
    path = f"/h5/e/{site.enterprise}/papers"
    several = form(PICTURE, "一.jpg", "business_licence")
    several.add_field("file", papers.pdf(), filename="二.pdf", content_type="x/y")

    sent = await site.ask("POST", path, site.cookie, data=several)
    shown = await (await site.ask("GET", path, site.cookie)).text()

    assert (sent.status, sent.headers["Location"]) == (303, path)
    print(shown)
    assert "营业执照：一.jpg" in shown
    assert "营业执照：二.pdf" in shown
    assert await StoredFile.all().count() == 2


async def test_the_credit_file_leads_to_every_page_of_a_document(site):
    handed = await (await site.hand_in(papers.pdf(3), "报表.pdf", "financial_statements")).json()

    shown = await (await site.ask("GET", f"/h5/e/{site.enterprise}/file", site.cookie)).text()

    for page in (1, 2, 3):
        assert f'href="/h5/files/{handed["id"]}/pages/{page}"' in shown


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [(b"<html>", "other", "只能上传 JPEG"), (PICTURE, "", "材料种类")],
)
async def test_the_page_shows_a_refused_form_again_with_its_fault(site, data, kind, says):
    path = f"/h5/e/{site.enterprise}/papers"

    answer = await site.ask("POST", path, site.cookie, data=form(data, "a.jpg", kind))

    assert answer.status == 422
    assert says in await answer.text()


async def test_an_application_without_a_place_for_files_says_so(db, redis_url):
    async with (
        equipped(Config.read({}), redis_url, Clock()) as deps,
        TestClient(TestServer(build_app(deps))) as http,
    ):
        site = Site(http, Path())
        await site.settle()

        assert (await site.hand_in()).status == 503
