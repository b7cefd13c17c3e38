"""The web process is killed after or amid one answer after the other: nothing is lost."""

import asyncio
import os
import signal
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import psutil
import pytest

from bot.domain.sessions import Door
from models import Draft, SelfAssessment
from tests import people
from tests.amounts import amount
from tests.engines import REDIS_URL
from tests.packs import PUBLIC
from tests.product import Running, gone, running, settings
from tests.service.test_self_assessments import CLEAN, CLEAN_TOTAL
from tests.service.test_self_assessments import published as published  # noqa: PLC0414

pytestmark = pytest.mark.faults

ANSWERS = CLEAN | {"founded_on": {"unsure": "1"}}  # worth 10 points on the day of the other tests
KILLS = amount(len(ANSWERS), part=6)


def family_of(product: Running) -> list[psutil.Process]:
    """The parent first: it would put another in the place of a child that it sees die."""
    return [psutil.Process(product.process.pid), *product.children()]


async def kill(product: Running, family: list[psutil.Process]) -> None:
    """SIGKILL to all of it, and wait until nothing of it can answer for its successor."""
    for one in family:
        one.send_signal(signal.SIGKILL)
    product.process.wait(20)
    await gone(family)


class Mini:
    """A mini-program that talks to whatever process is there."""

    def __init__(self, product: Running, firm: UUID, token: str) -> None:
        self.url = f"{product.base}/api/enterprises/{firm}/self-assessments/{PUBLIC}"
        self.headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str = "", body: object = None) -> dict:
        async with (
            aiohttp.ClientSession(headers=self.headers) as http,
            http.request(
                method, self.url + path, json=body, headers={"Idempotency-Key": uuid4().hex}
            ) as answer,
        ):
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def parts(self) -> tuple[int, dict[str, dict[str, str]]]:
        standing = await self.ask("GET")
        questions = [one for part in standing["sections"] for one in part["questions"]]
        return standing["seen"], {one["id"]: one["parts"] for one in questions if one["parts"]}


async def test_a_kill_at_any_answer_loses_no_answer(published, db: str, tmp_path: Path):
    now = datetime.now(UTC)
    firm = await people.enterprise(now=now)
    opened = await people.opened(door=Door.MINI, now=now)
    await people.bind(opened.member.user_id, firm, now=now)
    environ = settings(
        tmp_path,
        DATABASE_URL=db,
        REDIS_URL=os.environ[REDIS_URL],
        WEB_PROCESSES="1",
        LOG_LEVEL="warning",
    )
    kept: dict[str, dict[str, str]] = {}
    in_the_middle = 0
    for number, (name, parts) in enumerate(islice(ANSWERS.items(), KILLS)):
        with running("web", tmp_path, environ) as product:
            await product.ready()
            mini = Mini(product, firm, opened.token)
            seen, found = await mini.parts()
            assert found == kept
            family = family_of(product)  # to look for it takes longer than an answer
            sent = mini.ask("POST", "/answers", {"seen": seen, "answers": {name: parts}})
            if number % 2:
                asking = asyncio.create_task(sent)
                await asyncio.wait({asking}, timeout=0.002 * number)
                await kill(product, family)
                in_the_middle += isinstance(
                    (await asyncio.gather(asking, return_exceptions=True))[0], aiohttp.ClientError
                )
            else:
                await sent
                await kill(product, family)
        saved = await Draft.get_or_none(subject=firm)
        if saved is not None and name in saved.entries:
            kept[name] = parts
        else:
            assert number % 2  # only what nobody was told was saved may be missing
    with running("web", tmp_path, environ) as product:
        await product.ready()
        mini = Mini(product, firm, opened.token)
        seen, found = await mini.parts()
        assert found == kept
        await mini.ask("POST", "/answers", {"seen": seen, "answers": ANSWERS})
        made = [(await mini.ask("POST", "/results"))["id"] for _ in range(2)]
        told = await mini.ask("GET", f"/results/{made[0]}")

    assert in_the_middle > 0
    assert len(set(made)) == 1
    assert told["total"] == str(CLEAN_TOTAL - 10)
    assert await SelfAssessment.all().count() == 1
