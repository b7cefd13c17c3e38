"""The main way through the house, with Redis emptied between every two steps: the same result."""

from datetime import timedelta

import aiohttp

from bot.handlers.wechat.words import WORDS
from bot.jobs import TASKS
from bot.sandbox.people import FIRST_PEOPLE
from bot.services import outbox
from bot.services.conversation import FORGET_AFTER
from bot.services.followers import LEARN
from models import Contact, InboundMessage, Job
from tests.conftest import NOW
from tests.house import open_house
from tests.wechat_peer import welcome

OWNER = FIRST_PEOPLE[0][0]
STEPS = (
    ("follow", {}),
    ("text", {"content": "你好"}),
    ("text", {"content": "你好"}),
    ("click", {"key": "contact"}),
    ("text", {"content": "明天几点下雨"}),
    ("unfollow", {}),
)


async def walk(redis_url: str, *, forgetting: bool) -> dict[str, object]:
    """Take every step; answer what the person saw and what the tables hold."""
    seen: list[tuple[str, str | None]] = []
    now = NOW
    async with (
        open_house(redis_url, clock=lambda: now) as house,
        aiohttp.ClientSession(house.phone_page) as phone,
    ):
        await house.redis.flushdb()
        for act, given in STEPS:
            now += timedelta(seconds=1)
            outcome = await phone.post(f"/_control/people/{OWNER}/{act}", json=given)
            told = await outcome.json()
            seen.append((told["outcome"], (told["reply"] or {}).get("body", {}).get("content")))
            if forgetting:
                await house.redis.flushdb()
    for job in await Job.all():
        if job.kind in TASKS:  # another asks WeChat who the follower is
            await outbox.perform(job.id, tasks=TASKS, now=NOW + FORGET_AFTER)
    return {
        "seen": seen,
        "contacts": await Contact.all().values("openid", "followed_at", "unfollowed_at"),
        "messages": await InboundMessage.all().count(),
        "jobs": sorted(await Job.all().values_list("kind", "state")),
    }


async def test_redis_may_be_emptied_between_every_two_steps(db, emptier, redis_url):
    remembering = await walk(redis_url, forgetting=False)
    tables = "contact, inbound_message, job, pgqueuer"
    await emptier.execute(f"TRUNCATE {tables}")
    forgetting = await walk(redis_url, forgetting=True)

    assert forgetting == remembering
    assert [words for _, words in forgetting["seen"]] == [
        welcome(""),
        WORDS["greeting"],
        WORDS["greeting"],
        WORDS["contact"],
        WORDS["unknown"],
        None,
    ]
    assert forgetting["contacts"] == [
        {
            "openid": OWNER,
            "followed_at": NOW + timedelta(seconds=1),
            "unfollowed_at": NOW + timedelta(seconds=len(STEPS)),
        }
    ]
    assert forgetting["messages"] == 0
    assert forgetting["jobs"] == [("conversation.forget", "done"), (LEARN, "waiting")]
