"""The first `./run` brings something to look at: a phone with an enterprise, three certificates."""

import re
import signal
from functools import partial

import aiohttp
import pytest

from bot.sandbox.people import FIRST_PEOPLE
from tests.engines import reachable_folder
from tests.faults.test_up import is_the
from tests.product import START_S, Running, gone, running, settings
from tests.waiting import until

pytestmark = pytest.mark.faults

OWNER = FIRST_PEOPLE[0][0]


async def test_ctrl_c_does_not_wait_for_the_demonstration_and_the_next_start_shows_it_all():
    with reachable_folder() as folder:
        environ = settings(folder, DEMO="true")
        with running("up", folder, environ) as product:
            loading = partial(loads, product)
            await until(loading, "the demonstration to be loading", limit_s=START_S)
            family = product.children()
            product.process.send_signal(signal.SIGINT)
            code = product.process.wait(30)
        await gone(family)
        with running("up", folder, environ) as product:
            await until(partial(says_so, product), "everything to be there", limit_s=START_S)
            note = (folder / "demo.txt").read_text(encoding="utf-8")
            jar = aiohttp.CookieJar(unsafe=True)  # the product stands at a bare address
            async with aiohttp.ClientSession(cookie_jar=jar) as http:
                me = await signed_in(http, product.base)
                pages = [await read(http, url) for url in re.findall(r"http\S+/v/\S+", note)]

    owned = re.search(r"王建国（老板）  (\S+)的法定代表人", note)
    assert code == 0
    assert owned is not None
    assert owned[1] in me, re.sub(r"<[^>]+>", " ", me)
    assert [heading(page) for page in pages] == ["有效", "已撤销", "签名不符"]


async def says_so(product: Running) -> bool:
    return "已启动" in product.log.read_text(encoding="utf-8")


async def loads(product: Running) -> bool:
    return any(is_the("demo", child, product.process.pid) for child in product.children())


async def signed_in(http: aiohttp.ClientSession, base: str) -> str:
    """Choose the first phone on the simulated page of WeChat, agree when asked for the first time;
    answer the members' home."""
    async with http.get(f"{base}/h5/login?to=me", allow_redirects=False) as answer:
        page = answer.headers["Location"]
    choice = page.split("#")[0].replace("authorize?", f"agree?openid={OWNER}&")
    async with http.get(choice) as answer:
        assert answer.url.path == "/h5/agree"
        asked = re.search(r'name="to" value="([^"]*)"', await answer.text())
    assert asked is not None
    given = {"act": "give", "version": 1, "to": asked[1]}
    async with http.post(f"{base}/h5/agree", data=given, headers={"Origin": base}) as answer:
        assert answer.url.path == "/h5/me"
        return await answer.text()


async def read(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(url) as answer:
        return await answer.text()


def heading(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    assert found is not None, page
    return re.sub(r"<[^>]+>|\s", "", found[1])
