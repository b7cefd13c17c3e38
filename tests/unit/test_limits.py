"""Rations in memory: who is counted as whom, and when a window is over."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from bot.app import build_app
from bot.config import Config
from bot.deps import DEPS
from bot.domain.errors import TooMany
from bot.handlers.limits import Limiter, client_of
from tests.http.frame import make_deps


def asker(trusted: int, *forwarded: str, remote: str) -> str:
    app = web.Application()
    app[DEPS] = make_deps(Config().model_copy(update={"trusted_proxies": trusted}))
    headers = CIMultiDict([("X-Forwarded-For", line) for line in forwarded])
    request = make_mocked_request("GET", "/", headers=headers, app=app)
    return client_of(request.clone(remote=remote))


@pytest.mark.parametrize(
    ("trusted", "forwarded", "remote", "client"),
    [
        (0, [], "203.0.113.7", "203.0.113.7"),
        (0, ["198.51.100.1"], "203.0.113.7", "203.0.113.7"),  # nobody of ours said so
        (1, ["198.51.100.1"], "10.0.0.9", "198.51.100.1"),
        (1, ["1.1.1.1, 198.51.100.1"], "10.0.0.9", "198.51.100.1"),  # the first is made up
        (1, ["1.1.1.1", "198.51.100.1"], "10.0.0.9", "198.51.100.1"),  # in a line of its own
        (2, ["198.51.100.1, 10.0.0.8"], "10.0.0.9", "198.51.100.1"),
        (2, ["1.1.1.1, 198.51.100.1, 10.0.0.8"], "10.0.0.9", "198.51.100.1"),
        (2, ["198.51.100.1"], "10.0.0.9", "10.0.0.9"),
        (1, [], "10.0.0.9", "10.0.0.9"),
        (1, [""], "10.0.0.9", "10.0.0.9"),
        (0, [], "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, ["nonsense"], "10.0.0.9", "?"),
    ],
)
def test_a_client_is_the_address_that_our_own_proxy_saw(trusted, forwarded, remote, client):
    assert asker(trusted, *forwarded, remote=remote) == client


async def test_one_client_and_all_together_have_their_rations():
    limiter = Limiter(per_client=2, in_all=3, seconds=60)
    limiter.spend("a")
    limiter.spend("a")
    with pytest.raises(TooMany):
        limiter.spend("a")
    limiter.spend("b")
    with pytest.raises(TooMany):
        limiter.spend("c")
    limiter.forget()
    limiter.spend("a", cost=2)


async def test_what_one_application_counted_is_not_counted_by_the_next():
    limiter = Limiter(per_client=1, in_all=1, seconds=60)
    limiter.spend("a")

    build_app(make_deps())
    limiter.spend("a")

    with pytest.raises(TooMany):
        limiter.spend("a")
