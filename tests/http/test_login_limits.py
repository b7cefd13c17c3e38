"""Logins are counted by address: with Redis for all processes, without it for each one."""

import pytest

from bot.clients.limits import MOST_REMEMBERED, Limits, open_limits
from bot.handlers import throttle
from bot.handlers.throttle import LOGIN
from models import LoginAttempt
from tests.conftest import NOW
from tests.doors import open_doors


@pytest.fixture
async def doors(db, redis_url, monkeypatch):
    few = throttle.Limit("few", 3)
    monkeypatch.setattr(throttle, "LOGIN", few)
    async with open_doors(redis_url, now=NOW) as opened:
        yield opened


async def test_the_fourth_login_of_a_minute_is_refused_and_leaves_no_row(doors):
    statuses = [(await doors.ask("GET", "/h5/login")).status for _ in range(4)]

    assert statuses == [302, 302, 302, 429]
    assert await LoginAttempt.all().count() == 3


async def test_the_mini_programs_login_counts_as_well_and_asks_wechat_nothing(doors):
    for _ in range(3):
        await doors.ask("GET", "/h5/login")

    answer = await doors.ask("POST", "/api/session", json={"code": await doors.code()})

    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    assert (await answer.json())["error"] == {
        "code": "too_many", "message": "操作太频繁，请稍后再试。",
    }  # fmt: skip
    assert await doors.ledger("calls") == []


async def test_without_redis_people_still_come_in_and_are_still_counted(doors):
    doors.limits._redis.connection_pool.connection_kwargs["path"] = "/gone"
    await doors.limits._redis.connection_pool.disconnect()

    statuses = [(await doors.ask("GET", "/h5/login")).status for _ in range(4)]

    assert statuses == [302, 302, 302, 429]


async def test_processes_that_share_redis_share_the_count(redis_url):
    one, other = open_limits(redis_url), open_limits(redis_url)
    await one._redis.flushdb()

    told = [await limits.allows("a", most=2, within_s=60) for limits in (one, other, one, other)]
    another = await one.allows("b", most=2, within_s=60)
    lives = await one._redis.ttl("limit:a")

    assert (told, another, 0 < lives <= 60) == ([True, True, False, False], True, True)
    await one.close()
    await other.close()


async def test_a_window_of_our_own_ends_and_never_grows_without_bound():
    now = [0.0]
    limits = Limits(monotonic=lambda: now[0])
    first = [await limits.allows("a", most=1, within_s=60) for _ in range(2)]
    now[0] = 60.0
    again = await limits.allows("a", most=1, within_s=60)

    for number in range(2 * MOST_REMEMBERED):
        await limits.allows(str(number), most=1, within_s=60)

    assert (first, again) == ([True, False], True)
    assert len(limits._windows[60].counts) <= MOST_REMEMBERED
    await limits.close()


def test_the_real_limit_leaves_room_for_a_district_behind_one_address():
    assert (LOGIN.most, LOGIN.within_s) == (600, 60)
