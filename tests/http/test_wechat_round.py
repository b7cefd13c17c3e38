"""Our messages there and back: told, sent, shown on the phone, and what WeChat says afterwards."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1

import aiohttp
import pytest
from aiohttp.test_utils import TestServer, unused_port
from tortoise.transactions import in_transaction

from bot.app import build_app
from bot.clients.wechat_errors import Transient
from bot.config import SANDBOX_APPID, SANDBOX_MINI_APPID, Config
from bot.domain import qr
from bot.jobs import work_with
from bot.sandbox.app import build_sandbox
from bot.sandbox.codes import seen_on
from bot.sandbox.people import FIRST_PEOPLE, mini_openid
from bot.services import grants, outbox, telling
from bot.services.telling import Person
from bot.web import equipped
from models import Job, JobState, Telling
from tests.conftest import NOW
from tests.product import settings
from tests.service.conftest import no_texts as no_texts  # noqa: PLC0414
from tests.service.test_commands import bot

WANG = FIRST_PEOPLE[0][0]
VALUES = {"company": "示例有限公司", "programme": "信用等级", "expires_on": "2026年6月1日"}


@dataclass
class Both:
    """The product and the simulated WeChat, each on a port of its own."""

    product: aiohttp.ClientSession
    wechat: aiohttp.ClientSession
    config: Config
    tasks: object

    async def control(self, path: str, body: object = None) -> dict:
        async with self.wechat.post(f"/_control/{path}", json=body or {}) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def screen(self) -> list[tuple[str, dict]]:
        async with self.wechat.get("/phone/state") as answer:
            people = (await answer.json())["people"]
        return [(line["kind"], line["body"]) for line in people[0]["lines"]]

    async def work(self) -> list[str]:
        """Do all jobs that wait, until none is left; their kinds."""
        done = []
        due = Job.filter(state=JobState.WAITING, due_at__lte=NOW + timedelta(hours=1)).order_by(
            "id"
        )
        while jobs := await due:
            for job in jobs:
                await outbox.perform(job.id, tasks=self.tasks, now=NOW)
                done.append(job.kind)
            await self.control("settle")
        return done

    async def tell(self) -> str:
        async with in_transaction():
            return await telling.tell(
                Person(WANG), "certificate_expires", VALUES, key="k", now=NOW, link="/h5/c/1"
            )


class Clock:
    """Goes on by a second with each look, so that no two events are of the same one."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
async def both(db: str, redis_url: str) -> AsyncIterator[Both]:
    clock = Clock()
    config = Config(sandbox_port=unused_port(), public_url="https://a.cn")
    async with (
        equipped(config, redis_url, clock) as deps,
        TestServer(build_app(deps)) as product,
    ):
        await deps.hints._redis.flushdb()
        base = f"http://127.0.0.1:{product.port}"
        simulated = build_sandbox(config, clock=clock, callback_base=base)
        async with (
            TestServer(simulated, port=config.sandbox_port) as wechat,
            aiohttp.ClientSession(base) as ours,
            aiohttp.ClientSession(f"http://127.0.0.1:{wechat.port}") as theirs,
        ):
            yield Both(ours, theirs, config, work_with(deps.accounts, config).tasks)


async def test_a_message_is_shown_on_the_phone_and_its_receipt_ends_it(both):
    await both.control(f"people/{WANG}/follow")
    number = await both.tell()

    done = await both.work()

    done.remove("followers.learn")  # following asks for it, sooner or later
    assert done == ["telling.send", "receipts.take"]
    kind, body = (await both.screen())[-1]
    assert (kind, body["template_id"], body["url"]) == (
        "template",
        "certificate_expires",
        "https://a.cn/h5/c/1",
    )
    assert {field["name"]: field["value"] for field in body["fields"]} == {
        "thing1": "示例有限公司",
        "thing2": "信用等级",
        "date3": "2026年6月1日",
        "phrase4": "即将到期",
    }
    assert (await telling.look(number)).state == "delivered"


@pytest.mark.parametrize(
    ("fault", "receipts", "state"),
    [
        ({"duplicate": 3}, 1, "delivered"),  # one push key: one job
        ({"never": True}, 0, "sent"),
        ({"delay_s": 600}, 0, "sent"),
    ],
)
async def test_a_receipt_may_come_late_doubled_or_never(both, fault, receipts, state):
    await both.control(f"people/{WANG}/follow")
    await both.control("faults", {"receipt": fault})
    number = await both.tell()
    job = await Job.get(kind="telling.send")
    await outbox.perform(job.id, tasks=both.tasks, now=NOW)
    if "delay_s" not in fault:
        await both.control("settle")

    counted = await Job.filter(kind="receipts.take").count()
    if "delay_s" not in fault:
        await both.work()

    assert (counted, (await telling.look(number)).state) == (receipts, state)


async def test_a_late_receipt_still_ends_its_message(both):
    await both.control(f"people/{WANG}/follow")
    await both.control("faults", {"receipt": {"delay_s": 600}})
    number = await both.tell()
    job = await Job.get(kind="telling.send")
    await outbox.perform(job.id, tasks=both.tasks, now=NOW)
    before = (await telling.look(number)).state

    async with both.wechat.delete("/_control/faults"):
        await both.control("settle")
    await both.work()

    assert (before, (await telling.look(number)).state) == ("sent", "delivered")


async def test_while_our_address_is_not_on_wechats_list_all_work_waits(both):
    await both.control(f"people/{WANG}/follow")
    unlisted = {"kind": "errcode", "errcode": 40164, "path": "/cgi-bin/stable_token"}
    await both.control("faults", {"api": unlisted})
    number = await both.tell()
    waiting = await Job.filter(state=JobState.WAITING)
    for job in waiting:
        with pytest.raises(Transient):
            await outbox.perform(job.id, tasks=both.tasks, now=NOW)
    before = await telling.look(number)

    async with both.wechat.delete("/_control/faults"):
        done = await both.work()

    assert (before.state, before.tried) == ("queued", ())
    assert {job.kind for job in waiting} == {"followers.learn", "telling.send"} <= set(done)
    assert (await telling.look(number)).state == "delivered"


async def test_consent_on_the_phone_reaches_the_ledger_and_carries_one_message(both):
    await both.control(f"people/{WANG}/follow")
    asked = {"template_ids": ["certificate_expires", "case_moved"]}
    await both.control(f"people/{WANG}/subscribe", asked)
    await both.control(f"people/{WANG}/subscribe", asked | {"accept": False})
    await both.control(f"people/{WANG}/withdraw", {"template_id": "case_moved"})
    await both.control(f"people/{WANG}/unfollow")
    await both.control(f"people/{WANG}/subscribe", {"template_ids": ["certificate_expires"]})
    done = await both.work()
    left = [await grants.left(SANDBOX_APPID, WANG, name) for name in asked["template_ids"]]

    number = await both.tell()
    await both.work()

    assert done.count("grants.take") == 4
    assert left == [2, 0]
    assert await grants.left(SANDBOX_APPID, WANG, "certificate_expires") == 1
    told = await telling.look(number)
    assert (told.state, told.channel, told.tried) == ("delivered", "subscription", ())


async def test_consent_in_the_mini_program_is_taken_back_in_wechats_settings(both):
    openid = mini_openid(WANG)
    asked = {"template_ids": ["certificate_expires", "case_moved"], "account": "mini"}
    await both.control(f"people/{WANG}/subscribe", asked)
    await both.control(f"people/{WANG}/withdraw", {"template_id": "case_moved", "account": "mini"})
    await both.work()

    left = [await grants.left(SANDBOX_MINI_APPID, openid, name) for name in asked["template_ids"]]

    assert left == [1, 0]


async def test_a_page_of_ours_gets_the_signature_that_wechat_expects(both):
    page = "https://a.cn/h5/c/1?a=%E4%B8%AD"
    async with both.product.get("/api/js-sdk", params={"url": page + "#x"}) as answer:
        given = await answer.json()
    async with both.wechat.get("/_control/ledger", params={"table": "store"}) as answer:
        stored = {row["name"]: row["value"] for row in (await answer.json())["store"]}

    words = (
        f"jsapi_ticket={stored['jsapi_ticket']['ticket']}&noncestr={given['nonceStr']}"
        f"&timestamp={given['timestamp']}&url={page}"
    )
    assert given["signature"] == sha1(words.encode()).hexdigest()
    assert given["appId"] == SANDBOX_APPID
    assert 0 < given["timestamp"] - NOW.timestamp() < 60


async def test_a_foreign_page_gets_no_signature_and_trouble_is_said_politely(both):
    async with both.product.get("/api/js-sdk", params={"url": "https://evil.cn/"}) as answer:
        foreign = (answer.status, (await answer.json())["error"]["code"])
    await both.control("faults", {"api": {"kind": "html"}})
    async with both.product.get("/api/js-sdk", params={"url": "https://a.cn/"}) as answer:
        down = (answer.status, (await answer.json())["error"]["code"])

    assert (foreign, down) == ((400, "bad_input"), (503, "unavailable"))


async def test_the_menu_command_shows_the_difference_then_publishes_it_once(
    both, db, no_texts, tmp_path
):
    environ = settings(
        tmp_path,
        DATABASE_URL=db,
        SANDBOX_PORT=str(both.config.sandbox_port),
        PUBLIC_URL="https://a.cn",
    )

    async def run(*words: str) -> tuple[int, str]:
        said = await bot("wechat", *words, env=environ)
        return said.code, said.text

    async def published() -> int:
        async with both.wechat.get("/_control/ledger", params={"table": "calls"}) as answer:
            calls = (await answer.json())["calls"]
        return sum(call["path"].endswith("menu/create") for call in calls)

    first = await run("menu")
    before = await published()
    second = await run("menu", "--publish")
    third = await run("menu", "--publish")
    token = await run("token")

    assert (first[0], second[0], third[0], token[0]) == (0, 0, 0, 0)
    assert "+   我的证书  click  certificates" in first[1]
    assert "还没有发布" in first[1]
    assert "已发布" in second[1]
    assert third[1] == "菜单已是最新，没有要发布的\n"
    assert (before, await published()) == (0, 1)
    assert token[1].startswith(f"{SANDBOX_APPID}  取得 2")
    assert "90_" not in "".join(said for _, said in (first, second, third, token))


async def test_a_code_for_a_poster_leads_through_following_to_the_thing(both, db, tmp_path):
    port = str(both.config.sandbox_port)
    environ = settings(tmp_path, DATABASE_URL=db, SANDBOX_PORT=port, PUBLIC_URL="https://a.cn")
    to = tmp_path / "code.svg"

    made = await bot("wechat", "code", "event", "spring-2026", "--to", str(to), env=environ)
    wrong = await bot("wechat", "code", "event", "春天", "--to", str(to), env=environ)
    async with both.wechat.get("/_control/ledger", params={"table": "codes"}) as answer:
        [code] = (await answer.json())["codes"]
    followed = await both.control(f"people/{WANG}/scan", {"scene": code["url"]})
    png, page = tmp_path / "mini.png", ("--page", "pages/home/index")
    mini = await bot("wechat", "mini-code", "fair-2026", "--to", str(png), *page, env=environ)
    nowhere = await bot("wechat", "mini-code", "fair-2026", "--to", str(png), env=environ)

    assert (mini.code, mini.text) == (0, f"已写到 {png}，长期有效，打开 pages/home/index\n")
    assert seen_on(png.read_bytes()) == "mini:pages/home/index?scene=fair-2026"
    assert (nowhere.code, "CREDIT_MINI_BIND_PAGE" in nowhere.text) == (1, True)
    assert (made.code, made.text) == (0, f"已写到 {to}，30 天内有效\n")
    assert to.read_text() == qr.svg(code["url"], title="公众号二维码")
    assert (wrong.code, "代号不对" in wrong.text) == (1, True)
    assert "https://a.cn/?from=spring-2026" in followed["reply"]["body"]["content"]


async def test_a_message_whose_person_never_followed_fails_with_the_reason(both):
    number = await both.tell()

    await both.work()

    told = await telling.look(number)
    assert (told.state, told.tried) == ("failed", ("template:43004",))
    assert await Telling.all().count() == 1
