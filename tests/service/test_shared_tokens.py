"""The row that all processes share about a token: one asks, an older answer never wins."""

import asyncio
from datetime import timedelta

import pytest

from bot.clients.tokens import Held
from bot.domain.tokens import LEASE, Move
from bot.services import tokens
from bot.services.tokens import SharedTokens, TokenState
from models import WeChatToken
from tests.conftest import NOW

shared = SharedTokens()
LIFE = timedelta(hours=2)
FIRST = Held("T1", NOW, NOW + LIFE)


async def test_of_many_who_want_a_token_one_asks_and_the_others_wait(db):
    moves = await asyncio.gather(*(shared.claim("wx", bad="", now=NOW) for _ in range(8)))

    assert sorted(move for move, _ in moves) == [Move.ASK, *[Move.WAIT] * 7]


async def test_what_was_kept_is_used_by_everybody_and_survives(db):
    await shared.claim("wx", bad="", now=NOW)

    kept = await shared.keep("wx", FIRST)

    assert kept == FIRST
    assert await shared.claim("wx", bad="", now=NOW) == (Move.USE, FIRST)
    assert await shared.claim("wx", bad="T1", now=NOW) == (Move.ASK, FIRST)


async def test_an_older_answer_that_comes_late_is_dropped(db):
    newer = Held("T2", NOW + LEASE, NOW + LEASE + LIFE)
    await shared.claim("wx", bad="", now=NOW)
    await shared.claim("wx", bad="", now=NOW + LEASE)
    await shared.keep("wx", newer)

    counts = await shared.keep("wx", FIRST)

    assert counts == newer
    assert (await WeChatToken.get(name="wx")).value == "T2"


async def test_giving_up_lets_the_next_one_ask_within_the_ration(db):
    moves = []
    for second in range(4):
        move, _ = await shared.claim("wx", bad="", now=NOW + timedelta(seconds=second))
        moves.append(move)
        await shared.give_up("wx")

    assert moves == [Move.ASK, Move.ASK, Move.ASK, Move.REFUSE]


async def test_a_forced_refresh_is_counted_for_all(db):
    await shared.claim("wx", bad="", now=NOW)

    first = await shared.claim_force("wx", now=NOW)
    second = await shared.claim_force("wx", now=NOW + timedelta(seconds=29))

    assert (first, second) == (True, False)


async def test_tokens_of_different_names_do_not_touch_each_other(db):
    await shared.claim("wx", bad="", now=NOW)
    await shared.keep("wx", FIRST)

    assert await shared.claim("wx:jsapi", bad="", now=NOW) == (Move.ASK, None)


async def test_the_state_that_people_see_has_no_token_in_it(db):
    await shared.claim("wx", bad="", now=NOW)
    await shared.keep("wx", FIRST)
    await shared.claim_force("wx", now=NOW)

    states = await tokens.states(now=NOW + timedelta(seconds=1))

    assert states == [TokenState("wx", NOW, NOW + LIFE, 2, 1)]
    assert "T1" not in repr(states)


@pytest.mark.parametrize("length", [512, 2048])
async def test_a_long_token_is_kept_whole(db, length):
    await shared.keep("wx", Held("x" * length, NOW, NOW + LIFE))

    _, held = await shared.claim("wx", bad="", now=NOW)

    assert held == Held("x" * length, NOW, NOW + LIFE)
