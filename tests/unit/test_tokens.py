"""Who may fetch a token and when; and one process's view of it, with a fake for all others."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.clients.tokens import Fetched, Tokens
from bot.clients.wechat_errors import Transient
from bot.domain import tokens
from bot.domain.tokens import Move, Record, answered, asking, may_force, next_move
from tests.conftest import NOW
from tests.fakes import SharedInMemory

LIFE = timedelta(hours=2)
ALIVE = Record("T1", asked_at=NOW, expires_at=NOW + LIFE)


def seconds(number: float) -> datetime:
    return NOW + timedelta(seconds=number)


@pytest.mark.parametrize(
    ("record", "bad", "move"),
    [
        (Record(), "", Move.ASK),
        (ALIVE, "", Move.USE),
        (ALIVE, "T0", Move.USE),
        (ALIVE, "T1", Move.ASK),
        (Record("T1", NOW, expires_at=seconds(9)), "", Move.ASK),  # as good as over
        (Record(claimed_until=seconds(1)), "", Move.WAIT),
        (Record(claimed_until=NOW), "", Move.ASK),  # its holder died
        (Record("T2", NOW, NOW + LIFE, claimed_until=seconds(9)), "T1", Move.USE),
        (Record(asks=(seconds(-59), seconds(-30), seconds(-1))), "", Move.REFUSE),
        (Record(asks=(seconds(-60), seconds(-30), seconds(-1))), "", Move.ASK),
    ],
)
def test_the_move_follows_from_what_all_know(record, bad, move):
    assert next_move(record, bad=bad, now=NOW) is move


def test_a_forced_refresh_is_rare_and_never_in_a_row():
    assert may_force(Record(), now=seconds(3600 * 9))
    assert not may_force(Record(forced=(seconds(-29),)), now=NOW)
    assert may_force(Record(forced=(seconds(-30),)), now=NOW)
    assert not may_force(Record(asks=(NOW, NOW, NOW)), now=seconds(1))
    noon = NOW + timedelta(hours=2)
    today = tuple(noon - timedelta(minutes=minutes) for minutes in (50, 40, 30, 20, 10))
    yesterday = NOW - timedelta(hours=10)  # in Beijing
    assert not may_force(Record(forced=today), now=noon)
    assert may_force(Record(forced=(yesterday, *today[1:])), now=noon)
    assert may_force(Record(forced=today), now=noon + timedelta(days=1))


def test_an_older_answer_never_replaces_a_newer_one():
    newer = answered(Record(), value="T2", asked_at=seconds(5), expires_at=seconds(7205))

    assert answered(newer, value="T1", asked_at=NOW, expires_at=seconds(7200)) == newer


def test_asking_holds_a_lease_and_remembers_only_what_counts():
    old = Record(asks=(seconds(-61),), forced=(NOW - timedelta(days=2),))

    record = asking(old, forced=True, now=NOW)

    assert record == Record(claimed_until=NOW + tokens.LEASE, asks=(NOW,), forced=(NOW,))


@dataclass
class WeChat:
    """Gives out a token until it is revoked or forced; counts how often it is asked.

    While it is mute, each question waits for its own release.
    """

    asked: list[bool] = field(default_factory=list)
    number: int = 1
    mute: bool = False
    waiting: asyncio.Queue[asyncio.Event] = field(default_factory=asyncio.Queue)
    failure: Exception | None = None

    async def fetch(self, *, force: bool) -> Fetched:
        self.asked.append(force)
        token = f"T{self.number}"
        if self.mute:
            release = asyncio.Event()
            self.waiting.put_nowait(release)
            await release.wait()
        if self.failure:
            raise self.failure
        if force:
            self.number += 1
            token = f"T{self.number}"
        return Fetched(token, LIFE)


def world_of(**more: object) -> "World":
    return World(WeChat(**more))


@dataclass
class World:
    wechat: WeChat
    everybody: SharedInMemory = field(default_factory=SharedInMemory)
    now: datetime = NOW
    jitter: float = 0.5

    def process(self) -> Tokens:
        return Tokens(
            "wx",
            self.wechat.fetch,
            self.everybody,
            clock=lambda: self.now,
            jitter=lambda: self.jitter,
        )


async def test_fifty_callers_at_once_ask_once():
    world = world_of()
    process = world.process()

    got = await asyncio.gather(*(process.value() for _ in range(50)))

    assert (set(got), world.wechat.asked) == ({"T1"}, [False])


async def test_eight_processes_ask_once_between_them():
    world = world_of()

    got = await asyncio.gather(*(world.process().value() for _ in range(8)))

    assert (set(got), world.wechat.asked) == ({"T1"}, [False])


async def test_a_revoked_token_is_replaced_by_one_question_of_one_process():
    world = world_of()
    processes = [world.process() for _ in range(8)]
    for process in processes:
        await process.value()
    world.wechat.number = 2

    got = await asyncio.gather(*(process.instead_of("T1") for process in processes))

    assert (set(got), world.wechat.asked) == ({"T2"}, [False, False])


async def test_a_token_that_wechat_refuses_and_yet_gives_out_is_forced_once():
    world = world_of()
    process = world.process()
    await process.value()

    second = await process.instead_of("T1")
    with pytest.raises(Transient):
        await process.instead_of("T2")  # forcing again so soon would change nothing
    with pytest.raises(Transient, match="too often"):
        await process.instead_of("T2")

    assert (second, world.wechat.asked) == ("T2", [False, False, True])


async def test_a_storm_of_refusals_costs_three_questions_a_minute():
    world = world_of()
    processes = [world.process() for _ in range(8)]
    for minute in range(3):
        before = len(world.wechat.asked)
        for second in range(0, 60, 2):
            world.now = NOW + timedelta(minutes=minute, seconds=second)
            for process in processes:
                try:
                    await process.instead_of(await process.value())
                except Transient:
                    continue
        assert len(world.wechat.asked) - before <= 3


async def test_near_its_end_a_token_is_renewed_while_the_old_one_serves():
    world = world_of()
    process = world.process()
    await process.value()
    world.now = NOW + LIFE - timedelta(minutes=3, seconds=31)  # jitter: half of three minutes
    early = await process.value()
    flights = [process._flight]
    world.wechat.number = 2
    world.now += timedelta(seconds=2)

    meanwhile = await process.value()
    await process._flight
    after = await process.value()

    assert (early, flights, meanwhile, after) == ("T1", [None], "T1", "T2")
    assert world.wechat.asked == [False, False]


async def test_a_renewal_that_fails_leaves_the_old_token_and_comes_again_later():
    world = world_of()
    process = world.process()
    await process.value()
    world.wechat.failure = Transient("down")
    world.now = NOW + LIFE - timedelta(minutes=3)

    first = await process.value()
    await asyncio.wait({process._flight})
    at_once = await process.value()
    asked = len(world.wechat.asked)
    world.wechat.failure, world.wechat.number = None, 2
    world.now += timedelta(seconds=21)
    await process.value()
    await process._flight

    assert (first, at_once, asked, await process.value()) == ("T1", "T1", 2, "T2")


async def test_two_processes_do_not_renew_at_the_same_moment():
    moments = []
    for jitter in (0.0, 1.0):
        world = world_of()
        world.jitter = jitter
        process = world.process()
        await process.value()
        moments.append(process._renew_at)

    assert moments == [NOW + LIFE - timedelta(minutes=5), NOW + LIFE - timedelta(minutes=2)]


async def test_a_wrong_secret_is_told_to_everybody_and_blocks_nobody():
    world = world_of(failure=Transient("secret", errcode=40125))
    process = world.process()

    answers = await asyncio.gather(*(process.value() for _ in range(3)), return_exceptions=True)
    world.wechat.failure = None

    assert [answer.errcode for answer in answers] == [40125] * 3
    assert world.wechat.asked == [False]
    assert await process.value() == "T1"


async def test_an_answer_that_took_too_long_does_not_replace_the_newer_token():
    world = world_of(mute=True)
    slow, quick = world.process(), world.process()
    late = asyncio.create_task(slow.value())
    release = await world.wechat.waiting.get()
    world.now += tokens.LEASE  # everybody thinks that the slow one has died
    world.wechat.number, world.wechat.mute = 2, False

    newer = await quick.value()
    release.set()

    assert (newer, await late, world.everybody.records["wx"].value) == ("T2", "T2", "T2")


async def test_a_caller_that_leaves_does_not_end_the_fetch_of_the_others():
    world = world_of(mute=True)
    process = world.process()
    leaving = asyncio.create_task(process.value())
    staying = asyncio.create_task(process.value())
    release = await world.wechat.waiting.get()

    leaving.cancel()
    release.set()

    assert (await staying, world.wechat.asked) == ("T1", [False])
