"""The pages of a member's own data: a copy comes once over its link, and an account is closed."""

import io
import re
from zipfile import ZipFile

import pytest

from bot.services import exports
from bot.services.export_packing import Packing
from models import ExportPack, User
from tests import papers
from tests.conftest import NOW
from tests.doors import open_doors
from tests.http.test_h5_login import Browser
from tests.service.test_commitments import VAULT


@pytest.fixture
async def doors(db, redis_url, tmp_path):
    async with open_doors(redis_url, now=NOW, state_dir=tmp_path) as opened:
        yield opened


@pytest.fixture
async def browser(doors) -> Browser:
    browser = Browser(doors, {})
    await browser.sign_in()
    return browser


async def post(browser: Browser, path: str, **form: str):
    headers = {"Origin": browser.doors.url}
    return await browser.ask("POST", path, data=form, headers=headers)


async def test_a_copy_is_fetched_once_by_a_browser_that_is_not_signed_in(browser, tmp_path):
    assert (await post(browser, "/h5/export")).status == 303
    [row] = await ExportPack.all()
    async with papers.cabinet_in(tmp_path) as cabinet:
        await exports.make({"export": str(row.id)}, NOW, packing=Packing(cabinet, VAULT))

    shown = await (await post(browser, f"/h5/exports/{row.id}/link")).text()
    [path] = set(re.findall(r'href="(/h5/x/[^"]+)"', shown))
    looked = await browser.doors.ask("GET", path)
    fetched = await browser.doors.ask("POST", path)
    again = await browser.doors.ask("POST", path, headers={"Accept": "text/html"})

    assert (looked.status, fetched.status, again.status) == (200, 200, 409)
    assert "说明.txt" in ZipFile(io.BytesIO(await fetched.read())).namelist()
    assert fetched.headers["Cache-Control"] == "private, no-store"
    assert "取得下载链接" in await again.text()


async def test_an_account_is_closed_by_one_tick_and_one_button(browser):
    refused = await post(browser, "/h5/close-account")
    before = await User.filter(closed_at=None).count()

    done = await post(browser, "/h5/close-account", understood="yes")

    assert (refused.status, before) == (422, 1)
    assert (done.status, done.headers["Location"]) == (303, "/")
    assert await User.filter(closed_at=None).count() == 0
    assert (await browser.ask("GET", "/h5/me")).status == 302
