"""`checks` as staff use it: what waits, passing it, refusing it with a reason."""

from datetime import datetime, timedelta

import pytest
from tortoise.transactions import in_transaction

from bot.commands.context import plain_lines
from bot.domain.content_checks import Place
from bot.services import content_checks
from models import CheckState, ContentCheck, FakeReport
from models.ids import new_id
from tests.conftest import NOW
from tests.product import settings
from tests.service.test_commands import bot

LATER = NOW + timedelta(minutes=1)
REJECT = ("--by", "赵敏", "--reason", "广告")


@pytest.fixture
def env(db, redis_url, tmp_path):
    return settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url)


async def put(words: str, at: datetime = NOW, label: int | None = None) -> str:
    subject = new_id(at)
    async with in_transaction():
        await content_checks.text(words, place=Place.REPORT, subject=subject, openid="", now=at)
    row = await ContentCheck.get(subject=subject)
    await ContentCheck.filter(id=row.id).update(why="微信没有按时答复", label=label)
    return str(row.id)


async def test_what_waits_is_listed_and_decided_by_name(env):
    first, second = await put("第一\n句"), await put("第二句", LATER)

    listed = await bot("checks", "list", env=env)
    done = [
        await bot("checks", "pass", first, "--by", "赵敏", env=env),
        await bot("checks", "reject", second, *REJECT, env=env),
    ]
    empty = await bot("checks", "list", env=env)

    assert listed.text.splitlines() == [
        f"{first}  2026-03-02 09:30  举报", "    微信没有按时答复", "    第一 句",
        f"{second}  2026-03-02 09:31  举报", "    微信没有按时答复", "    第二句",
        "共 2 项",
    ]  # fmt: skip
    assert [said.text.strip() for said in (*done, empty)] == [
        "已通过", "已标为不通过", "没有等人审核的内容",
    ]  # fmt: skip
    states = await ContentCheck.all().order_by("id").values_list("state", "decided_by", "why")
    assert states == [
        (CheckState.PASSED, "赵敏", ""),
        (CheckState.REJECTED, "赵敏", "广告"),
    ]


async def test_what_wechat_doubts_comes_first_and_a_long_list_says_that_it_goes_on(env):
    early, late = await put("早"), await put("晚", LATER)
    doubted = [await put("可疑", LATER, 10001), await put("更可疑", LATER, 10001)]

    found = [
        [str(row.id) for row in await content_checks.waiting(limit=limit)] for limit in (1, 3, 9)
    ]
    for _ in range(97):
        await put("多")
    listed = await bot("checks", "list", env=env)

    assert found == [doubted[:1], [*doubted, early], [*doubted, early, late]]
    assert listed.text.splitlines()[-1] == "共 101 项，以上是前 100 项"


async def test_what_strangers_wrote_neither_steers_the_terminal_nor_makes_up_lines(env):
    check = await put("\x1b[2J好\u202e\r\n编号：1\u2028第\u3000二")

    listed = await bot("checks", "list", env=env)

    assert listed.text.splitlines()[2:] == ["    \ufffd[2J好\ufffd 编号：1 第 二", "共 1 项"]
    assert listed.text.startswith(check)
    assert plain_lines("一\x1b\r\n  二\u2066\n") == "一\ufffd\n二\ufffd"


async def test_a_photo_is_listed_by_the_number_of_its_report(env):
    report = await FakeReport.create(id=new_id(NOW), ticket="JB20260302-ABCDE", created_at=NOW)
    more = {"place": Place.REPORT, "subject": report.id, "openid": "", "now": NOW}
    await content_checks.picture(report.id, **more)

    listed = await bot("checks", "list", env=env)

    assert listed.text.splitlines()[1:] == [
        "    小程序里没有这个人，微信不能审核",
        "    照片：用 certificates reports photo JB20260302-ABCDE 取出来看",
        "共 1 项",
    ]


async def test_a_mistake_is_told_in_words(env):
    check = await put("一句")
    await bot("checks", "pass", check, "--by", "赵敏", env=env)

    said = [
        await bot("checks", "reject", "seven", *REJECT, env=env),
        await bot("checks", "reject", str(new_id(NOW)), *REJECT, env=env),
        await bot("checks", "reject", check, *REJECT, env=env),
        await bot("checks", "reject", check, "--by", "赵敏", "--reason", " ", env=env),
        await bot("checks", "pass", check, "--by", " ", env=env),
    ]

    assert [(one.code, one.text.strip()) for one in said] == [
        (1, "✗ 编号不对：请从 checks list 的第一列复制"),
        (1, "✗ 没有这项待审内容。"),
        (1, "✗ 这项内容不在等人审核，可能已经有人处理了。"),
        (1, "✗ 不通过时请写明理由"),
        (1, "✗ 请写明审核人的姓名"),
    ]
