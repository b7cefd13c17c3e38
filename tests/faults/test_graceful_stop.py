"""A process that is told to stop finishes what it has begun."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from bot.handlers.wechat.words import WORDS
from tests.product import running, settings
from tests.waiting import until
from tests.wechat_peer import Peer, text

pytestmark = pytest.mark.faults

peer = Peer()


async def test_a_push_in_flight_is_answered_although_the_process_was_told_to_stop(
    db: str, emptier: asyncpg.Connection, redis_url: str, tmp_path: Path
):
    environ = settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url)
    now = datetime.now(UTC)
    message = text("oAlice", "你好", number=70_001, at=now)  # no other test's: Redis knows a minute
    push = peer.push(message, at=now)

    with running("web", tmp_path, environ) as product:
        await product.ready()
        transaction = emptier.transaction()
        await transaction.start()
        await emptier.execute("LOCK TABLE inbound_message IN ACCESS EXCLUSIVE MODE")

        async def waits_for_the_lock() -> bool:
            return bool(await emptier.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        async def send() -> tuple[int, str]:
            url = f"{product.base}/hooks/wechat/oa"
            async with (
                aiohttp.ClientSession() as http,
                http.post(url, params=push.query, data=push.body) as answer,
            ):
                return answer.status, peer.open(await answer.read(), nonce=push.query["nonce"])

        sending = asyncio.create_task(send())
        await until(waits_for_the_lock, "the push to wait for its table")
        product.process.send_signal(signal.SIGTERM)

        async def both_are_stopping() -> bool:
            return product.log.read_text().count("web_stopping") == 2

        await until(both_are_stopping, "both processes to begin to stop")
        await transaction.rollback()
        answer = await sending
        code = await asyncio.to_thread(product.process.wait, 20)

    assert answer == (200, WORDS["greeting"])
    assert code == 0
