"""One person in the mini-program, on the pages and in the chat: joined by the unionid alone."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from tortoise.transactions import in_transaction

from bot.config import SANDBOX_APPID, Config
from bot.domain.knowledge import fill
from bot.domain.sessions import Door
from bot.handlers.wechat.words import WORDS
from bot.jobs import work_with
from bot.services import followers, logins, outbox, sessions
from bot.services.sessions import Known
from models import Identity, Job, JobState, User
from tests import people
from tests.conftest import NOW
from tests.doors import WANG, Doors, open_doors

NAME = "太原云岫精密机械有限公司"


@pytest.fixture
async def doors(db, redis_url) -> AsyncIterator[Doors]:
    async with open_doors(redis_url, now=NOW) as doors:
        yield doors


async def say(doors: Doors, words: str) -> str:
    done = await doors.control(f"people/{WANG}/text", {"content": words})
    return done["reply"]["body"]["content"]


async def work(doors: Doors) -> None:
    tasks = work_with(doors.accounts, Config()).tasks
    for job in await Job.filter(state=JobState.WAITING, kind=followers.LEARN):
        await outbox.perform(job.id, tasks=tasks, now=doors.clock.now)


async def bind_in_mini(doors: Doors) -> None:
    """Wang comes into the mini-program and acts for an enterprise there."""
    opened = await logins.from_mini(await doors.code(), wechat=doors.accounts.mini, now=NOW)
    await people.agree(opened.member.user_id)
    await people.bind(opened.member.user_id, await people.enterprise(NAME))


async def log_in_on_pages(doors: Doors) -> None:
    """The silent login, which tells an openid and nothing else."""
    begun = await doors.ask("GET", "/h5/login?to=me")
    state = parse_qs(urlsplit(begun.headers["Location"].split("#")[0]).query)["state"][0]
    code = await doors.code(door="h5")
    back = f"/h5/login/return?code={code}&state={state}"
    cookies = {name: one.value for name, one in begun.cookies.items()}
    answer = await doors.ask("GET", back, cookies=cookies)
    assert answer.status == 302, await answer.text()


async def users() -> int:
    return await User.filter(joined_into_id=None).count()


async def test_who_binds_in_the_mini_program_has_their_progress_in_the_chat(doors):
    await bind_in_mini(doors)
    await doors.control(f"people/{WANG}/follow")
    before = await say(doors, "进度")
    await work(doors)

    assert before == fill(WORDS["bind_how"], {"link": f"{doors.url}/h5/bind"})
    assert NAME in await say(doors, "绑定")
    assert NAME in await say(doors, "进度")
    assert await users() == 1


async def test_whoever_followed_first_is_known_when_they_bind(doors):
    await doors.control(f"people/{WANG}/follow")
    await work(doors)
    await bind_in_mini(doors)

    assert NAME in await say(doors, "进度")


async def test_a_login_on_the_pages_joins_the_two_users(doors):
    await bind_in_mini(doors)
    await log_in_on_pages(doors)
    apart = await users()
    await work(doors)

    assert (apart, await users()) == (2, 1)
    await doors.control(f"people/{WANG}/follow")
    assert NAME in await say(doors, "进度")


async def test_who_is_tied_already_is_not_asked_about_again(doors):
    await log_in_on_pages(doors)
    await work(doors)
    await log_in_on_pages(doors)

    assert await Job.filter(kind=followers.LEARN).count() == 1


async def test_without_a_unionid_nobody_is_joined_and_no_follower_becomes_a_user(doors):
    await doors.control("platform", {"bound": False})
    await bind_in_mini(doors)
    await doors.control(f"people/{WANG}/follow")
    await work(doors)
    strangers = await Identity.filter(appid=SANDBOX_APPID).count()
    await log_in_on_pages(doors)
    await work(doors)

    assert strangers == 0
    assert await users() == 2


async def test_an_openid_that_wechat_does_not_know_is_let_go(doors):
    known = Known(SANDBOX_APPID, "oSbx6Nobody0000000000000000")
    await sessions.sign_in(known, Door.H5, now=NOW)
    async with in_transaction():
        await followers.ask_later(known, now=NOW)

    await work(doors)

    assert await Job.filter(state=JobState.DONE, kind=followers.LEARN).count() == 1
    assert await users() == 1
