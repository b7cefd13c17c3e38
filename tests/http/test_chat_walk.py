"""A stranger with a phone: from following on, what they came to know is found in a few messages.

They tap on the simulated phone and read its screen. They write only what the last answer offers,
what they hold in their hand, or a plain question in their own words.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tortoise.transactions import in_transaction

from bot.clients.signer import FileSigner
from bot.domain.actors import Staff
from bot.services import certificate_signing, certificates
from bot.services.certificate_bases import Basis
from bot.services.signing_keys import Issuer
from tests import people
from tests.conftest import NOW
from tests.doors import WANG, Doors, open_doors

MOST = 4  # messages
NAME = "太原云岫精密机械有限公司"
SHOWN = Basis("demonstration", by="王芳", second="李强", reason="演示")


@dataclass
class Stranger:
    doors: Doors
    paper: str  # the number on the certificate that they were shown
    screen: str = ""
    written: int = 0

    async def follow(self) -> None:
        await self._tap("follow")

    async def ask(self, words: str) -> None:
        self.written += 1
        assert self.written <= MOST
        await self._tap("text", content=words)

    async def take(self, offer: str) -> None:
        """Write what the screen suggests, in quotation marks or as an example."""
        assert f"“{offer}”" in self.screen or offer in self.screen.splitlines(), self.screen
        await self.ask(offer)

    async def choose(self, label: str) -> None:
        """Write the number that stands before these words."""
        (number,) = re.findall(rf"^(\d) .*{label}", self.screen, re.MULTILINE)
        await self.ask(number)

    async def open_link(self) -> str:
        (path,) = re.findall(re.escape(self.doors.url) + r"(/\S*)", self.screen)
        answer = await self.doors.ask("GET", path, headers={"Accept": "text/html"})
        assert answer.status == 200
        return await answer.text()

    async def _tap(self, act: str, **given: str) -> None:
        """The phone's page sends it, and shows what comes back."""
        phone = f"{self.doors.wechat}/phone"
        async with self.doors.http.post(f"{phone}/people/{WANG}/{act}", json=given) as begun:
            assert begun.status == 202
        await self.doors.control("settle")
        async with self.doors.http.get(f"{phone}/state") as answer:
            shown = {one["openid"]: one["lines"] for one in (await answer.json())["people"]}
        last = shown[WANG][-1]
        assert (last["from"], last["kind"]) == ("account", "text")
        self.screen = last["body"]["content"]


@pytest.fixture
async def stranger(db, redis_url, tmp_path) -> AsyncIterator[Stranger]:
    async with open_doors(redis_url, now=NOW) as doors:
        one = await people.enterprise(NAME)
        async with in_transaction():
            paper = await certificates.issue(
                enterprise_id=one, programme="credit-evaluation", level="AAA", basis=SHOWN,
                actor=Staff("王芳"), now=NOW,
            )  # fmt: skip
        issuer = Issuer(FileSigner(tmp_path / "keys"), doors.url, production=False)
        await certificate_signing.sign_waiting(issuer=issuer, now=NOW)
        await doors.catch_up(db)
        stranger = Stranger(doors, paper.number)
        await stranger.follow()
        yield stranger


def tells_the_cost(screen: str) -> bool:
    return "会员免费" in screen and "2000元" in screen


def tells_how_long(screen: str) -> bool:
    return "企业信用评价：三年" in screen and "信用承诺：一年" in screen


@pytest.mark.parametrize("question", ["我想签那个承诺书，要花钱吗？", "信用承诺是怎么收费的"])
async def test_what_a_commitment_costs_is_answered_at_once(stranger, question):
    await stranger.ask(question)

    assert tells_the_cost(stranger.screen)


@pytest.mark.parametrize("question", ["你们的证书能用多久啊", "发的证书可以管几年？"])
async def test_how_long_a_certificate_lasts_is_answered_at_once(stranger, question):
    await stranger.ask(question)

    assert tells_how_long(stranger.screen)


async def test_of_what_a_question_may_mean_the_number_brings_the_answer(stranger):
    await stranger.ask("拿到证书以后几年到期？")
    await stranger.choose("有效几年")

    assert tells_how_long(stranger.screen)


@pytest.mark.parametrize("hello", ["你好", "在吗"])
@pytest.mark.parametrize(
    ("example", "told"),
    [("信用承诺多少钱", tells_the_cost), ("证书有效几年", tells_how_long)],
)
async def test_who_does_not_know_what_to_ask_is_led_to_it(stranger, hello, example, told):
    await stranger.ask(hello)
    await stranger.take("帮助")
    await stranger.take(example)

    assert told(stranger.screen)


@pytest.mark.parametrize("question", ["别人拿来一张证书，怎么知道真假？", "这证书是不是真的"])
async def test_whether_a_certificate_is_real_is_answered_with_its_number(stranger, question):
    await stranger.ask(question)
    assert "把证书编号发给我" in stranger.screen
    await stranger.ask(stranger.paper)

    assert f"证书有效：{NAME[:2]}" in stranger.screen
    page = await stranger.open_link()
    assert "<h1>有效</h1>" in page
    assert stranger.paper in page


async def test_the_welcome_alone_leads_to_whether_a_certificate_is_real(stranger):
    await stranger.take("查询")
    assert "证书编号" in stranger.screen
    await stranger.ask(f"查询 {stranger.paper}")

    assert f"证书有效：{NAME[:2]}" in stranger.screen


async def test_a_certificate_that_nobody_gave_out_is_told_from_a_real_one(stranger):
    await stranger.ask("2026CNEAAA99999")

    assert "证书有效" not in stranger.screen
    assert "没有" in stranger.screen
