"""The way into the mini-program: offered where one is published, and never promised where not."""

import pytest

from bot.domain.errors import NotFound
from bot.services import mini_links
from tests import people
from tests.conftest import NOW
from tests.doors import open_doors


@pytest.mark.parametrize("page", ["", "pages/bind/index"])
async def test_the_pages_speak_of_the_mini_program_only_where_it_is_published(db, redis_url, page):
    async with open_doors(redis_url, now=NOW, mini_bind_page=page) as doors:
        headers = {"Cookie": f"session={(await people.opened()).token}", "Accept": "text/html"}
        shown = [
            await (await doors.ask("GET", path, headers=headers)).text()
            for path in ("/h5/me", "/h5/bind", "/h5/lost-phone")
        ]
        led = await doors.ask("GET", "/h5/bind/mini", headers=headers)

    assert ["/h5/bind/mini" in text for text in shown] == [bool(page), bool(page), False]
    assert any("小程序" in text for text in shown) is bool(page)
    assert led.status == (303 if page else 404)
    assert led.headers.get("Location", "").startswith("https://wxaurl.cn/") is bool(page)


async def test_without_wechat_the_way_is_shut_and_without_a_page_there_is_none():
    with pytest.raises(mini_links.Shut, match="填写执照信息"):
        await mini_links.to("pages/bind/index", wechat=None)
    with pytest.raises(NotFound):
        await mini_links.to("", wechat=None)


async def test_when_wechat_refuses_the_way_is_shut(db, redis_url):
    async with open_doors(redis_url, now=NOW) as doors:
        other = doors.accounts.service  # an account that may not make such links

        with pytest.raises(mini_links.Shut):
            await mini_links.to("pages/bind/index", wechat=other)
