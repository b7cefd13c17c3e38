"""The real application on real tables, and the clock it goes by."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.app import build_app
from bot.config import Config
from bot.web import equipped
from tests.conftest import NOW


class Clock:
    """An instant that a test may move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(db: str, redis_url: str, clock: Clock) -> AsyncIterator[TestClient]:
    async with equipped(Config.read({}), redis_url, clock) as deps:
        await deps.hints._redis.flushdb()
        async with TestClient(TestServer(build_app(deps))) as client:
            client.deps = deps  # type: ignore[attr-defined]
            yield client
