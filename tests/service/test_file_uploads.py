"""Uploads in parts: continued where they stopped, and never another's."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bot.domain.errors import BadInput, NotFound, Stale, TooMany
from bot.domain.files import LIMITS, FileTooLarge, Unreadable
from bot.services import file_upkeep, file_uploads
from bot.services.file_uploads import OPEN_AT_ONCE, Plan, WrongOffset
from models import FileUpload, StoredFile, UploadPart
from tests import papers, people
from tests.conftest import NOW

PICTURE = papers.picture()
PLAN = Plan("identity_card", "身份证.jpg", len(PICTURE))
HALF = len(PICTURE) // 2


@pytest.fixture
async def sender(db: str, tmp_path: Path) -> AsyncIterator["Sender"]:
    enterprise = await people.enterprise()
    member = await people.member()
    await people.bind(member.user_id, enterprise)
    async with papers.cabinet_in(tmp_path) as cabinet:
        yield Sender(cabinet, tmp_path, enterprise, member)


class Sender:
    def __init__(self, cabinet, folder, enterprise, member):
        self.cabinet, self.folder = cabinet, folder
        self.who = {"enterprise_id": enterprise, "actor": member, "now": NOW}

    async def begin(self, upload_id: UUID, plan: Plan = PLAN, **who):
        return await file_uploads.begin(upload_id, plan, cabinet=self.cabinet, **(self.who | who))

    async def add(self, upload_id: UUID, start: int, data: bytes, **who):
        return await file_uploads.add(
            upload_id, start, data, cabinet=self.cabinet, **(self.who | who)
        )

    async def finish(self, upload_id: UUID, **who):
        return await file_uploads.finish(upload_id, cabinet=self.cabinet, **(self.who | who))

    async def state(self, upload_id: UUID, **who):
        return await file_uploads.state(upload_id, **(self.who | who))


async def test_parts_become_the_file_that_was_sent_and_are_gone(sender):
    one = uuid4()
    begun = await sender.begin(one)
    first = await sender.add(one, 0, PICTURE[:HALF])
    second = await sender.add(one, HALF, PICTURE[HALF:])

    kept = await sender.finish(one)

    assert (begun.received, first.received, second.received) == (0, HALF, len(PICTURE))
    assert (kept.kind, kept.name, kept.confidential) == ("identity_card", "身份证.jpg", True)
    assert (await sender.state(one)).kept == kept
    assert await UploadPart.all().count() == 0
    assert len(papers.objects(sender.folder)) == 1


async def test_everything_may_be_sent_twice_without_a_second_effect(sender):
    one = uuid4()
    for _ in range(2):
        await sender.begin(one)
        await sender.add(one, 0, PICTURE)
    first = await sender.finish(one)

    assert await sender.finish(one) == first
    assert (await sender.add(one, 0, PICTURE)).kept == first
    assert (await sender.begin(one)).kept == first
    assert await StoredFile.all().count() == 1


async def test_parts_lie_sealed_until_they_become_a_confidential_paper(sender):
    one = uuid4()
    await sender.begin(one)
    await sender.add(one, 0, PICTURE)

    (stored,) = papers.objects(sender.folder).items()
    assert stored[0].startswith("files-confidential/")
    assert PICTURE[:64] not in stored[1]


@pytest.mark.parametrize("start", [1, HALF + 1, len(PICTURE)])
async def test_a_part_that_does_not_join_is_refused(sender, start):
    one = uuid4()
    await sender.begin(one)
    if start > HALF:
        await sender.add(one, 0, PICTURE[:HALF])

    with pytest.raises(WrongOffset):
        await sender.add(one, start, b"x")


async def test_the_same_part_twice_at_once_counts_once(sender):
    one = uuid4()
    await sender.begin(one)

    await asyncio.gather(
        *(sender.add(one, 0, PICTURE[:HALF]) for _ in range(3)), return_exceptions=True
    )

    assert (await sender.state(one)).received == HALF


async def test_more_than_was_promised_is_refused_and_less_is_not_finished(sender):
    one = uuid4()
    await sender.begin(one)

    with pytest.raises(BadInput):
        await sender.add(one, 0, PICTURE + b"x")
    with pytest.raises(BadInput):
        await sender.add(one, 0, b"")
    await sender.add(one, 0, PICTURE[:HALF])
    with pytest.raises(WrongOffset):
        await sender.finish(one)


async def test_a_number_that_is_taken_tells_nothing_of_whose_it_is(sender):
    one = uuid4()
    await sender.begin(one)
    other, elsewhere = await people.member(), await people.enterprise()
    await people.bind(other.user_id, elsewhere)

    with pytest.raises(Stale):
        await sender.begin(one, actor=other, enterprise_id=elsewhere)
    with pytest.raises(Stale):
        await sender.begin(one, Plan("other", "x", 5))


@pytest.mark.parametrize("ask", ["begin", "add", "finish", "state"])
async def test_a_stranger_is_told_that_it_does_not_exist(sender, ask):
    one = uuid4()
    await sender.begin(one)
    stranger = await people.member()
    more = (0, b"x") if ask == "add" else ()

    with pytest.raises(NotFound):
        await getattr(sender, ask)(one, *more, actor=stranger)


async def test_a_binding_that_ends_stops_the_next_part(sender):
    one = uuid4()
    await sender.begin(one)
    await sender.add(one, 0, PICTURE[:HALF])

    with pytest.raises(NotFound):
        await sender.add(one, HALF, PICTURE[HALF:], now=NOW + timedelta(days=800))


@pytest.mark.parametrize(
    ("plan", "refusal"),
    [
        (Plan("passport", "x", 1), BadInput),
        (Plan("other", "x", 0), Unreadable),
        (Plan("other", "x", LIMITS.file_bytes + 1), FileTooLarge),
    ],
)
async def test_a_plan_that_cannot_end_well_is_refused_at_the_beginning(sender, plan, refusal):
    with pytest.raises(refusal):
        await sender.begin(uuid4(), plan)


async def test_only_so_many_uploads_are_open_at_once(sender):
    for _ in range(OPEN_AT_ONCE):
        await sender.begin(uuid4())

    with pytest.raises(TooMany):
        await sender.begin(uuid4())


async def test_a_refused_file_takes_its_upload_with_it(sender):
    one = uuid4()
    await sender.begin(one, Plan("other", "x.jpg", 6))
    await sender.add(one, 0, b"<html>")

    with pytest.raises(Unreadable):
        await sender.finish(one)

    with pytest.raises(NotFound):
        await sender.state(one)


async def test_what_nobody_finishes_is_gone_after_a_day_with_its_parts(sender):
    one = uuid4()
    await sender.begin(one)
    await sender.add(one, 0, PICTURE[:HALF])

    later = NOW + timedelta(days=1, hours=1)
    await file_upkeep.sweep(cabinet=sender.cabinet, now=later)

    assert await FileUpload.all().count() == 0
    assert papers.objects(sender.folder) == {}
