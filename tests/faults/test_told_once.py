"""Workers killed while they send: every message arrives, none of them twice."""

import asyncio
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from tortoise.transactions import in_transaction

from bot.sandbox.people import FIRST_PEOPLE
from bot.services import telling
from bot.services.telling import Person
from models import Telling
from tests.conftest import NOW
from tests.nursery import forked
from tests.product import running, settings
from tests.waiting import until

pytestmark = pytest.mark.faults

MESSAGES = 300
KILL_AT = (40, 120, 200)
WANG = FIRST_PEOPLE[0][0]
VALUES = {"company": "示例有限公司", "programme": "信用等级", "expires_on": "2026年6月1日"}
SLOW = {"kind": "slow", "delay_s": 0.3, "path": "/cgi-bin/message/template/send"}


async def put_messages() -> None:
    for start in range(0, MESSAGES, 100):
        async with in_transaction():
            for number in range(start, start + 100):
                await telling.tell(
                    Person(WANG), "certificate_expires", VALUES, key=f"k{number}", now=NOW
                )


async def test_three_killed_workers_lose_and_double_no_message(
    db: str, redis_url: str, tmp_path: Path
):
    environ = settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url, LOG_LEVEL="error")
    began, log = datetime.now(UTC).isoformat(), tmp_path / "worker.log"

    with ExitStack() as stack:
        output = stack.enter_context(log.open("ab"))

        def start() -> forked.Forked:
            worker = forked.start(
                "tests.faults.hasty_worker", db, began, env=environ, output=output
            )
            stack.callback(worker.terminate)
            return worker

        web = stack.enter_context(running("web", tmp_path, environ))
        stack.enter_context(running("sandbox", tmp_path, environ))
        await web.ready()
        async with aiohttp.ClientSession(web.sandbox) as http:

            async def rows(table: str) -> list[dict]:
                asked = {"table": table, "limit": "200000"}
                async with http.get("/_control/ledger", params=asked) as answer:
                    return (await answer.json())[table]

            async def follows() -> bool:
                try:
                    async with http.post(f"/_control/people/{WANG}/follow") as answer:
                        return answer.status == 200
                except aiohttp.ClientError:
                    return False

            await until(follows, "the simulated WeChat")
            # Slow answers after the effect: a worker that dies has very likely sent something.
            async with http.post("/_control/faults", json={"api": SLOW | {"after": True}}):
                await put_messages()
            for mark in KILL_AT:
                worker = start()

                async def sent(mark: int = mark, worker: forked.Forked = worker) -> bool:
                    assert worker.poll() is None, log.read_text()
                    return len(await rows("sends")) >= mark

                await until(sent, f"{mark} messages")
                worker.kill()
                await asyncio.to_thread(worker.wait)
            in_flight = await Telling.filter(state="sending").count()
            start()

            async def all_ended() -> bool:
                return not await Telling.filter(state__in=["queued", "sending", "sent"]).exists()

            await until(all_ended, "every message to end", limit_s=120)
            sends = Counter(row["client_msg_id"] for row in await rows("sends"))
            repeats = [row for row in await rows("calls") if row["errcode"] == 45065]

    states = Counter(await Telling.all().values_list("state", flat=True))
    assert in_flight > 0
    assert len(repeats) > 0  # some were sent, killed before the commit, and sent again
    assert (len(sends), set(sends.values())) == (MESSAGES, {1})
    assert states == {"delivered": MESSAGES}
