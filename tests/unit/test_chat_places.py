"""No answer of the chat and no code leads to a page that is not there."""

import re
import tomllib

import pytest
from aiohttp import web

from bot.app import build_app
from bot.domain.scenes import PAGES
from bot.handlers.wechat import places
from bot.handlers.wechat.knowledge import shipped
from tests.http.frame import make_deps

ENTERPRISE = "0190a5a0-0000-7000-8000-000000000000"
MENU = tomllib.loads(shipped.texts()[shipped.OA_MENU])
SITE = re.compile(r"\$site(/[\w/]*)")
LINKS = {
    *(link for one in shipped.entries() for link in SITE.findall(one.answer)),
    *(sub["open"] for top in MENU["button"] for sub in top["sub"] if "open" in sub),
    *(page.partition("?")[0].format("x" * 43) for page in PAGES.values()),
    *(page.format(ENTERPRISE) for page in places.OF_ENTERPRISE.values()),
    places.ME, places.BIND, places.LOOK_UP, places.CERTIFICATE.format("2026CNEAAA00001"),
    f"{places.OF_ENTERPRISE['assess'].format(ENTERPRISE)}/casme-public-credit/check",
    f"{places.OF_ENTERPRISE['assess'].format(ENTERPRISE)}/casme-public-credit/results/1",
}  # fmt: skip


@pytest.fixture(scope="module")
def router() -> web.UrlDispatcher:
    return build_app(make_deps()).router


@pytest.mark.parametrize("link", sorted(LINKS))
def test_every_link_of_the_chat_opens_a_page(router, link):
    found = [resource for resource in router.resources() if resource._match(link) is not None]

    assert found
