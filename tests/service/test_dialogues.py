"""Dialogues kept for people: resumed after a day, put aside for another, gone when expired."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from bot.config import Config
from bot.deps import open_vault
from bot.domain.dialogues import Choice, Dialogue, Ending, State, Step
from bot.handlers.wechat.words import WORDS
from bot.services import retention
from bot.services.conversation import Heard
from bot.services.dialogues import Opening, Script, Turn, take_turn
from models import Dialogue as Row
from tests.conftest import NOW

VAULT = open_vault(Config())
ALICE = ("wx1", "oAlice")
_numbers = count(1)


@dataclass(frozen=True)
class Quiz:
    """Three questions with two answers each."""

    name: str = "quiz"
    lifetime: timedelta = timedelta(days=7)
    resumable: bool = True
    insists: bool = True

    def step(self, state: State) -> Step | None:
        number = len(state.answers) + 1
        choices = (Choice("yes", "有"), Choice("no", "没有"))
        return Step(f"q{number}", f"{self.name}第{number}题", choices) if number < 4 else None

    def finish(self, state: State) -> Ending:
        return Ending("".join(value[0] for _, value in state.answers))


KNOWN: dict[str, Dialogue] = {"quiz": Quiz(), "short": Quiz("short", resumable=False)}


async def say(said: str, *, now: datetime = NOW, opens: str = "", key: str = "") -> str:
    heard = Heard(*ALICE, key or f"m:{next(_numbers)}", "text", now)
    turn = Turn(said, "没有", Opening(opens) if opens else None, at_once=bool(opens))
    reply = await take_turn(heard, turn, script=Script(KNOWN, {}, WORDS, VAULT), now=now)
    return reply.text.splitlines()[0]


async def test_an_answer_given_a_day_later_goes_on_where_it_stopped(db):
    await say("自评", opens="quiz")
    await say("1")
    await say("停")

    resumed = [await say("继续", now=NOW + timedelta(days=1))]
    resumed += [await say("2", now=NOW + timedelta(days=1)) for _ in range(2)]

    assert resumed == ["quiz第2题", "quiz第3题", "ynn"]
    assert await Row.all().count() == 0


async def test_a_stopped_dialogue_takes_no_numbers_until_it_is_resumed(db):
    await say("自评", opens="quiz")
    await say("停")

    assert await say("1") == "没有"
    assert await say("继续") == "quiz第1题"


async def test_another_dialogue_puts_the_first_aside_and_it_can_be_gone_on_with(db):
    await say("自评", opens="quiz")
    await say("1")
    answers = [await say("短", opens="short"), await say("停"), await say("继续")]

    assert answers == ["short第1题", WORDS["dialogue_stopped"].splitlines()[0], "quiz第2题"]


async def test_after_its_time_a_dialogue_is_over(db):
    await say("自评", opens="quiz")
    late = NOW + timedelta(days=7, seconds=1)

    assert await say("1", now=late) == "没有"
    assert (await retention.purge(now=late))["dialogue"] == 1


async def test_opening_it_again_begins_afresh(db):
    await say("自评", opens="quiz")
    await say("1")

    assert await say("自评", opens="quiz") == "quiz第1题"
    assert [row.answers for row in await Row.all()] == [[]]


async def test_many_answers_at_once_are_taken_one_after_the_other(db):
    await say("自评", opens="quiz")

    told = await asyncio.gather(*(say("1") for _ in range(3)))

    assert sorted(told) == ["quiz第2题", "quiz第3题", "yyy"]


async def test_copies_of_one_answer_count_once(db):
    await say("自评", opens="quiz")

    told = await asyncio.gather(*(say("1", key="m:same") for _ in range(8)))

    assert set(told) == {"quiz第2题"}
    assert [len(row.answers) for row in await Row.all()] == [1]
