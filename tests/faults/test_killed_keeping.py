"""kill -9 between the objects and the row of a file: the two never disagree for long."""

import asyncio
import os
import signal
from datetime import timedelta

import pytest

from bot.domain.actors import System
from bot.services import file_upkeep, files
from models import FilePiece, StoredFile
from tests import papers, people
from tests.conftest import NOW
from tests.nursery import forked

pytestmark = pytest.mark.faults

OBJECTS = 3  # the document and its two pages


@pytest.mark.parametrize("cut", range(1, OBJECTS + 2))
async def test_a_killed_process_leaves_a_whole_file_or_nothing_that_lasts(db, tmp_path, cut):
    enterprise = await people.enterprise()
    process = forked.start(
        "tests.faults.keeping_process", db, str(tmp_path), str(enterprise), str(cut),
        env=os.environ, output=2,
    )  # fmt: skip
    assert await asyncio.to_thread(process.wait) == -signal.SIGKILL

    whole = cut > OBJECTS
    rows = await StoredFile.all()
    assert len(papers.objects(tmp_path)) == min(cut, OBJECTS)
    assert (len(rows), await FilePiece.all().count()) == ((1, OBJECTS) if whole else (0, 0))
    async with papers.cabinet_in(tmp_path) as cabinet:
        gone = await file_upkeep.sweep(cabinet=cabinet, now=NOW + timedelta(days=2))
        assert gone == (0 if whole else cut)
        for row in rows:
            opened = await files.opened(
                row.id, actor=System("test"), why="", now=NOW, cabinet=cabinet, page=2
            )
            assert opened.data.startswith(b"\xff\xd8\xff")
