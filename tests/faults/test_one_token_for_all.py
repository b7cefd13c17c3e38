"""Eight processes and one token that is revoked under them: few questions, no lost message."""

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.people import FIRST_PEOPLE
from tests.nursery import forked
from tests.product import running, settings
from tests.waiting import until

SENDER = "tests.faults.sending_process"

pytestmark = pytest.mark.faults

PROCESSES = 8
STORM = 150  # refused calls
BETWEEN_REVOCATIONS = 120  # messages, at the least; up to three times as many
MINUTE = timedelta(minutes=1)
SEND = "/cgi-bin/message/template/send"
TOKEN = "/cgi-bin/stable_token"


class WeChat:
    """The simulated one in a process of its own."""

    def __init__(self, http: aiohttp.ClientSession, port: int) -> None:
        self.http = http
        self.port = port

    async def control(self, path: str, body: object = None) -> None:
        async with self.http.post(f"/_control/{path}", json=body or {}) as answer:
            assert answer.status == 200, await answer.text()

    async def ledger(self, table: str) -> list[dict]:
        asked = {"table": table, "limit": "200000"}
        async with self.http.get("/_control/ledger", params=asked) as answer:
            return (await answer.json())[table]

    async def sent(self) -> Counter[str]:
        """How many messages arrived, by process."""
        return Counter(one["client_msg_id"].split("-")[0] for one in await self.ledger("sends"))


@pytest.fixture
async def wechat(tmp_path: Path) -> AsyncIterator[WeChat]:
    environ = settings(tmp_path, LOG_LEVEL="error")
    port = int(environ["CREDIT_SANDBOX_PORT"])
    with running("sandbox", tmp_path, environ):
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:

            async def answers() -> bool:
                try:
                    async with http.get("/_control/people") as answer:
                        return answer.status == 200
                except aiohttp.ClientError:
                    return False

            await until(answers, "the simulated WeChat")
            wechat = WeChat(http, port)
            await wechat.control(f"people/{FIRST_PEOPLE[0][0]}/follow")
            yield wechat


async def test_eight_processes_lose_no_message_when_their_token_is_revoked(
    db: str, wechat: WeChat, tmp_path: Path
):
    dice = random.Random(11)
    outputs = [(tmp_path / f"p{number}").open("w+b") for number in range(PROCESSES)]
    processes = [
        forked.start(SENDER, f"p{n}", db, str(wechat.port), env=os.environ, output=outputs[n])
        for n in range(PROCESSES)
    ]
    try:
        await everybody_sends(wechat, Counter())
        for slow_s in (0, 2):  # the second time, the next token is slow to come
            mark = (await wechat.sent()).total() + dice.randrange(1, 3) * BETWEEN_REVOCATIONS

            async def passed(mark: int = mark) -> bool:
                return (await wechat.sent()).total() >= mark

            await until(passed, f"{mark} messages")
            fault = {"kind": "slow", "delay_s": slow_s, "path": TOKEN, "count": 1}
            await wechat.control("faults", {"api": fault})
            await wechat.control("token/revoke")
            await everybody_sends(wechat, await wechat.sent())
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
    told = [last_words(output) for output in outputs]

    calls = await wechat.ledger("calls")
    refused = [call for call in calls if call["path"] == SEND and call["errcode"] == 40001]
    asked = [datetime.fromisoformat(call["at"]) for call in calls if call["path"] == TOKEN]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    assert [words["failures"] for words in told] == [[]] * PROCESSES
    assert await wechat.sent() == {f"p{n}": words["sent"] for n, words in enumerate(told)}
    assert len(refused) >= PROCESSES  # the revocations did bite
    assert len(asked) == 3  # the first token, and one for each revocation
    assert max(sum(at <= other < at + MINUTE for other in asked) for at in asked) <= 3


async def everybody_sends(wechat: WeChat, before: Counter[str]) -> None:
    async def all_went_on() -> bool:
        sent = await wechat.sent()
        return all(sent[f"p{n}"] > before[f"p{n}"] + 3 for n in range(PROCESSES))

    await until(all_went_on, "a few messages of each process")


def last_words(output) -> dict:
    output.seek(0)
    lines = output.read().decode().splitlines()
    output.close()
    return json.loads(lines[-1])


async def test_a_storm_of_refusals_costs_three_questions_and_ends_by_itself(
    db: str, wechat: WeChat, tmp_path: Path
):
    storm = {"kind": "errcode", "errcode": 40001, "path": "@token", "count": STORM}
    await wechat.control("faults", {"api": storm})
    outputs = [(tmp_path / f"p{number}").open("w+b") for number in range(PROCESSES)]
    processes = [
        forked.start(SENDER, f"p{n}", db, str(wechat.port), env=os.environ, output=outputs[n])
        for n in range(PROCESSES)
    ]
    try:
        await everybody_sends(wechat, Counter())
    finally:
        for process in processes:
            process.terminate()
        codes = [await asyncio.to_thread(process.wait, 30) for process in processes]
    told = [last_words(output) for output in outputs]

    asked = [call for call in await wechat.ledger("calls") if call["path"] == TOKEN]
    assert codes == [0] * PROCESSES
    assert len(asked) == 3
    failed = sum(len(words["failures"]) for words in told)
    assert STORM - PROCESSES <= failed < STORM  # each process tried another token at most once
