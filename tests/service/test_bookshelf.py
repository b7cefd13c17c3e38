"""What a process keeps in memory: refreshed beside the requests, and kept when all else is gone."""

import asyncio
from datetime import datetime, timedelta

import pytest

from bot.domain.actors import Staff
from bot.domain.knowledge import Press
from bot.domain.matching import Language
from bot.services import content, dialogues, programmes
from bot.services.bookshelf import Bookshelf
from models import Dialogue
from models.ids import new_id
from tests.conftest import NOW
from tests.waiting import until

LANGUAGE = Language.read(
    {
        "sounds": {"groups": ["诺若"]},
        "drop": {"words": ["请问"]},
        "same": {"多少钱": ["收费"]},
        "subject": {"words": []},
        "light": {"words": []},
        "elsewhere": {"words": []},
    }
)
LAST = timedelta(minutes=30)
FILES = {"message/hello": "您好"}
pytestmark = pytest.mark.usefixtures("no_texts")


def shelf(pause_s: float = 0.001) -> Bookshelf:
    return Bookshelf(Press(LANGUAGE, {}), FILES, pause_s=pause_s)


ENTRY = """question = "多少钱？"
wordings = ["收费吗", "价钱呢", "几块钱", "要钱不"]
answer = "$now_credit_evaluation"
source = "000"
"""


async def test_a_price_is_told_from_the_moment_on_which_it_is_charged(db):
    numbers = {"now_credit_evaluation": "现在不收费。", "on_credit_evaluation": "18000元。"}
    kept = Bookshelf(Press(LANGUAGE, numbers), {"knowledge/cost": ENTRY})
    told = []

    async def look() -> None:
        await kept.refresh(now=NOW)
        told.append(kept.book.entries["cost"].answer)

    await look()
    who = {"actor": Staff("王芳"), "second": "李强", "now": NOW}
    await programmes.charge("credit-evaluation", legal_basis="批复", **who)
    await look()
    await programmes.free("credit-evaluation", reason="停止", **who | {"now": NOW + LAST})
    await look()

    assert told == ["现在不收费。", "18000元。", "现在不收费。"]


async def test_before_the_first_look_the_files_are_there(db):
    assert shelf().book.words == {"hello": "您好"}
    assert await content.count() == 0


async def test_a_look_that_fails_is_followed_by_another(db):
    kept, looks = shelf(), []

    def clock() -> datetime:
        looks.append(1)
        if len(looks) < 3:
            raise ConnectionError
        return NOW

    task = asyncio.create_task(kept.keep_fresh(clock))

    async def seeded() -> bool:
        return await content.count() == 1

    await until(seeded, "the third look to succeed", limit_s=5)
    task.cancel()
    await asyncio.wait((task,))

    assert kept.book.words == {"hello": "您好"}


async def test_every_process_learns_who_may_write_any_words_next(db):
    here, there = shelf(), shelf()
    await Dialogue.create(
        id=new_id(NOW), appid="wx1", openid="oAlice", name="ticket", about={}, answers=[],
        step="question", listening=True, updated_at=NOW, expires_at=NOW + LAST,
    )  # fmt: skip
    here.listen("wx1", "oBob")

    await there.refresh(now=NOW)
    known = [there.is_listening("wx1", name) for name in ("oAlice", "oBob")]
    await there.refresh(now=NOW + LAST)

    assert known == [True, False]
    assert here.is_listening("wx1", "oBob")
    assert not there.is_listening("wx1", "oAlice")
    assert await dialogues.listening(now=NOW) == frozenset({("wx1", "oAlice")})
