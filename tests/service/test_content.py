"""Texts that staff edit: versions are only added, and the files never overwrite an edit."""

import asyncio
from datetime import timedelta

import pytest
from asyncpg.exceptions import RaiseError

from bot.domain.errors import NotFound, Stale
from bot.services import content
from models import ContentVersion
from tests.conftest import NOW

LATER = NOW + timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("no_texts")


async def bodies() -> dict[str, tuple[int, str, str]]:
    return {
        name: (version.number, version.body, version.author)
        for name, version in (await content.newest()).items()
    }


async def test_files_are_brought_in_once_even_by_many_processes(db):
    await asyncio.gather(
        *(content.seed({"message/a": "甲", "message/b": "乙"}, now=NOW) for _ in "1234")
    )

    assert await bodies() == {
        "message/a": (1, "甲", content.FILES),
        "message/b": (1, "乙", content.FILES),
    }
    assert await content.count() == 2


async def test_a_release_renews_what_nobody_edited_and_the_old_process_does_not_undo_it(db):
    await content.seed({"message/a": "旧"}, now=NOW)

    brought = [
        await content.seed({"message/a": "新"}, now=LATER),
        await content.seed({"message/a": "旧"}, now=LATER),
        await content.seed({"message/a": "新"}, now=LATER),
    ]

    assert brought == [1, 0, 0]
    assert await bodies() == {"message/a": (2, "新", content.FILES)}


async def test_a_release_leaves_what_staff_have_edited(db):
    await content.seed({"message/a": "旧"}, now=NOW)
    await content.publish("message/a", "改过", base=1, author="王芳", note="更客气", now=LATER)

    await content.seed({"message/a": "新"}, now=LATER)

    assert await bodies() == {"message/a": (2, "改过", "王芳")}
    assert [(v.number, v.body, v.note) for v in await content.history("message/a")] == [
        (2, "改过", "更客气"),
        (1, "旧", ""),
    ]


async def test_of_two_people_who_edit_the_same_version_the_second_is_refused(db):
    await content.seed({"message/a": "旧"}, now=NOW)

    done = await asyncio.gather(
        *(content.publish("message/a", who, base=1, author=who, now=LATER) for who in ("甲", "乙")),
        return_exceptions=True,
    )

    assert sorted(type(result) for result in done if result != 2) == [Stale]
    assert await content.count() == 2


async def test_a_version_can_neither_be_changed_nor_deleted(db):
    await content.seed({"message/a": "旧"}, now=NOW)

    with pytest.raises(RaiseError, match="append-only"):
        await ContentVersion.filter(name="message/a").update(body="偷改")
    with pytest.raises(RaiseError, match="append-only"):
        await ContentVersion.filter(name="message/a").delete()

    assert await bodies() == {"message/a": (1, "旧", content.FILES)}


async def test_the_history_of_an_unknown_text_is_not_found(db):
    with pytest.raises(NotFound):
        await content.history("message/none")
