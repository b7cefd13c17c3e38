"""Drafts keep every field, tell the second writer, and never replace silently."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from bot.domain.actors import Member
from bot.domain.errors import BadInput
from bot.domain.sessions import Door
from bot.services import drafts, sessions
from bot.services.drafts import Overtaken
from bot.services.sessions import Known
from models.ids import new_id
from tests.conftest import NOW

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
async def owner(db) -> Member:
    return (await sessions.sign_in(Known("wx1", "o1"), Door.H5, now=NOW)).member


@pytest.fixture
async def colleague(db) -> Member:
    return (await sessions.sign_in(Known("wx1", "o2"), Door.H5, now=NOW)).member


@pytest.fixture
def subject() -> UUID:
    return new_id(NOW)


def other_phone(member: Member) -> Member:
    return replace(member, session_id=new_id(NOW))


async def test_what_is_saved_is_there_for_the_next_page(owner, subject):
    first = await drafts.save("f", subject, {"a": "1", "b": ["x"]}, seen=0, actor=owner, now=NOW)
    second = await drafts.save("f", subject, {"b": ["x", "y"]}, seen=1, actor=owner, now=LATER)

    assert (first.version, second.version) == (1, 2)
    assert await drafts.load("f", subject) == second
    assert second.fields == {"a": "1", "b": ["x", "y"]}
    assert (second.saved_at, second.saved_by) == (LATER, owner.user_id)
    assert await drafts.load("g", subject) == drafts.NONE


async def test_saving_the_same_again_changes_nothing(owner, subject):
    once = await drafts.save("f", subject, {"a": "1"}, seen=0, actor=owner, now=NOW)

    assert await drafts.save("f", subject, {"a": "1"}, seen=1, actor=owner, now=LATER) == once


async def test_a_second_writer_is_told_and_replaces_nothing(owner, colleague, subject):
    await drafts.save("f", subject, {"a": "1", "b": "2"}, seen=0, actor=owner, now=NOW)

    with pytest.raises(Overtaken) as told:
        await drafts.save("f", subject, {"a": "9", "c": "3"}, seen=0, actor=colleague, now=LATER)

    assert (told.value.names, told.value.at, told.value.field) == (("a",), NOW, "a")
    assert "您的同事" in str(told.value)
    draft = await drafts.load("f", subject)
    assert draft
    assert draft.fields == {"a": "1", "b": "2"}


async def test_two_phones_of_one_person_are_told_apart(owner, subject):
    await drafts.save("f", subject, {"a": "1"}, seen=0, actor=owner, now=NOW)

    with pytest.raises(Overtaken, match="您在另一台设备上"):
        await drafts.save("f", subject, {"a": "2"}, seen=0, actor=other_phone(owner), now=LATER)


async def test_different_fields_from_two_phones_both_stay(owner, colleague, subject):
    await drafts.save("f", subject, {"a": "1"}, seen=0, actor=owner, now=NOW)
    both = await drafts.save("f", subject, {"b": "2"}, seen=0, actor=colleague, now=LATER)

    assert both.fields == {"a": "1", "b": "2"}


async def test_who_has_seen_the_newer_value_may_replace_it(owner, colleague, subject):
    seen = (await drafts.save("f", subject, {"a": "1"}, seen=0, actor=owner, now=NOW)).version
    after = await drafts.save("f", subject, {"a": None}, seen=seen, actor=colleague, now=LATER)

    assert after.fields == {"a": None}


async def test_one_session_may_save_twice_from_the_same_page(owner, subject):
    await drafts.save("f", subject, {"a": "1"}, seen=0, actor=owner, now=NOW)

    assert (
        await drafts.save("f", subject, {"a": "2"}, seen=0, actor=owner, now=LATER)
    ).version == 2


async def test_many_first_writers_make_one_draft(owner, subject):
    saved = await asyncio.gather(
        *(
            drafts.save("f", subject, {f"f{n}": str(n)}, seen=0, actor=owner, now=NOW)
            for n in range(10)
        )
    )

    assert sorted(one.version for one in saved) == list(range(1, 11))
    draft = await drafts.load("f", subject)
    assert draft
    assert draft.fields == {f"f{n}": str(n) for n in range(10)}


async def test_a_form_cannot_be_filled_without_end(owner, subject):
    await drafts.save("f", subject, {"a": "好" * drafts.LONGEST}, seen=0, actor=owner, now=NOW)
    with pytest.raises(BadInput, match="太多"):
        await drafts.save("f", subject, {"b": "!"}, seen=1, actor=owner, now=LATER)

    draft = await drafts.load("f", subject)
    assert draft
    assert list(draft.fields) == ["a"]


async def test_a_form_that_was_handed_in_leaves_no_draft(owner, subject):
    await drafts.save("f", subject, {"a": "1"}, seen=0, actor=owner, now=NOW)
    await drafts.drop("f", subject)

    assert await drafts.load("f", subject) == replace(drafts.NONE, version=2, begun=2)


async def test_what_was_handed_in_unseen_is_not_silently_replaced(owner, colleague, subject):
    await drafts.save("f", subject, {"a": "1"}, seen=0, actor=owner, now=NOW)
    await drafts.save("f", subject, {"a": "2"}, seen=1, actor=owner, now=LATER)
    await drafts.drop("f", subject)

    with pytest.raises(Overtaken) as refused:
        await drafts.save("f", subject, {"a": "1"}, seen=1, actor=colleague, now=LATER)
    seen_all = await drafts.save("f", subject, {"a": "3"}, seen=2, actor=colleague, now=LATER)

    told = refused.value
    assert (told.names, told.at, told.mine) == (("a",), LATER, False)
    assert seen_all.fields == {"a": "3"}
