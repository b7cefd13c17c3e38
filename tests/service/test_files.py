"""Files: checked, kept, opened only after it is written down, and never another's."""

import asyncio
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import asyncpg
import psutil
import pytest
from PIL import Image
from tortoise.transactions import in_transaction

from bot import deps
from bot.clients.database import act_for
from bot.clients.jail import Jail
from bot.clients.vault import CannotOpen
from bot.domain.actors import Staff, System, Visitor
from bot.domain.consents import Purpose
from bot.domain.errors import BadInput, NotFound, Unavailable
from bot.domain.files import LIMITS, FileTooLarge, Media, Unreadable, Warned, object_key
from bot.services import consents, file_upkeep, files, leafing, openings
from bot.services.bindings import TooFresh
from bot.services.cabinet import Cabinet
from bot.services.consents import NoConsent
from bot.services.openings import Opening
from models import AuditEntry, FileOpening, FilePiece, Job, StoredFile
from models.ids import new_id
from tests import papers, people
from tests.conftest import NOW

LICENCE, STATEMENT = "business_licence", "financial_statements"
CLERK = Staff("王工")


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Cabinet, Path]]:
    folder = tmp_path_factory.mktemp("cabinet")
    async with papers.cabinet_in(folder) as cabinet:
        yield cabinet, folder


@pytest.fixture
async def house(db: str, shared: tuple[Cabinet, Path]) -> "House":
    enterprise = await people.enterprise()
    member = await people.member()
    await people.bind(member.user_id, enterprise)
    for file in shared[1].rglob("*"):
        if file.is_file():
            file.unlink()
    return House(shared[0], shared[1], enterprise, member)


class House:
    def __init__(self, cabinet, folder, enterprise, member):
        self.cabinet, self.folder = cabinet, folder
        self.enterprise, self.member = enterprise, member

    async def keep(self, data: bytes, kind: str = LICENCE, name: str = "执照.jpg", **more):
        given = {"enterprise_id": self.enterprise, "actor": self.member, "now": NOW} | more
        with papers.spooled(data, name) as upload:
            return await files.keep(upload, kind=kind, cabinet=self.cabinet, **given)

    async def open(self, file_id: UUID, **more):
        given = {"actor": self.member, "why": "测试", "now": NOW} | more
        return await files.opened(file_id, cabinet=self.cabinet, **given)


async def test_a_photo_is_kept_without_what_the_phone_added_and_opens_again(house):
    kept = await house.keep(papers.photo(), name="../我的\u202e执照.JPEG")

    opened = await house.open(kept.id)
    picture = Image.open(io.BytesIO(opened.data))
    assert (kept.media_type, kept.pages, kept.warnings) == (Media.JPEG, 1, ())
    assert (opened.name, opened.media_type) == ("我的执照.jpg", Media.JPEG)
    assert dict(picture.getexif()) == {}
    assert b"SECRET" not in opened.data
    assert kept.sha256 == sha256(opened.data).hexdigest()


async def test_stored_objects_have_names_of_our_own_in_a_folder_of_their_time(house):
    await house.keep(papers.picture(), name="../../etc/passwd\0.jpg")

    (name,) = papers.objects(house.folder)
    assert re.fullmatch(r"files/([0-9A-HJKMNP-TV-Z]{4})/(\1[0-9A-HJKMNP-TV-Z]{22})", name)


async def test_a_confidential_paper_lies_sealed_in_the_store_apart(house):
    kept = await house.keep(papers.pdf(2), STATEMENT, "报表.pdf")

    stored = papers.objects(house.folder)
    assert kept.confidential
    assert {name.split("/")[0] for name in stored} == {"files-confidential"}
    assert len(stored) == 3  # the document and its two pages
    assert not any(data.startswith((b"%PDF", b"\xff\xd8")) for data in stored.values())
    assert (await house.open(kept.id)).data.startswith(b"%PDF-")
    assert (await house.open(kept.id, page=2)).data.startswith(b"\xff\xd8\xff")


async def test_an_identity_card_is_taken_and_shown_by_a_consent_of_its_own(house):
    async def seen(file_id: UUID) -> list[Media]:
        leaves = leafing.pages(file_id, actor=CLERK, why="核对", now=NOW, cabinet=house.cabinet)
        return [leaf.media_type async for leaf in leaves]

    kept = await house.keep(papers.picture(), "identity_card")
    assert await seen(kept.id) == [Media.JPEG]
    await consents.revoke(Purpose.IDENTITY, actor=house.member, now=NOW)

    with pytest.raises(NoConsent, match="使用身份证"):
        await house.keep(papers.photo(), "identity_card")
    with pytest.raises(NoConsent, match="联系企业"):
        await seen(kept.id)
    assert (await house.open(kept.id)).media_type is Media.JPEG  # its own people still see it


async def test_a_colleague_who_sends_the_same_stands_by_it_once_the_first_does_not(house):
    colleague = await people.member()
    await people.bind(colleague.user_id, house.enterprise)

    async def again() -> tuple[UUID, str]:
        act_for(colleague.user_id)  # who may not look into the consents of others
        sent = await house.keep(papers.picture(), "identity_card", actor=colleague)
        return sent.id, (await StoredFile.get(id=sent.id)).actor

    kept = await house.keep(papers.picture(), "identity_card")
    first = await asyncio.create_task(again())
    await consents.revoke(Purpose.IDENTITY, actor=house.member, now=NOW)
    then = await asyncio.create_task(again())

    assert first == (kept.id, str(house.member.user_id))
    assert then == (kept.id, str(colleague.user_id))
    leaves = leafing.pages(kept.id, actor=CLERK, why="核对", now=NOW, cabinet=house.cabinet)
    assert [leaf.media_type async for leaf in leaves] == [Media.JPEG]
    [entry] = await AuditEntry.filter(action="file.sent_again")
    assert (entry.object_id, entry.actor) == (str(kept.id), str(colleague.user_id))


async def test_a_confidential_kind_cannot_be_lowered_but_an_open_one_raised(house):
    lowered = await house.keep(papers.picture(), "identity_card", confidential=False)
    raised = await house.keep(papers.picture((800, 900)), LICENCE, confidential=True)

    assert (lowered.confidential, raised.confidential) == (True, True)


async def test_each_version_has_a_key_of_its_own_and_swapped_objects_do_not_open(house):
    one = await house.keep(papers.picture((800, 900)), "identity_card")
    two = await house.keep(papers.picture((900, 800)), "identity_card")
    first, second = (
        house.folder / "files-confidential" / name.split("/", 1)[1]
        for name in papers.objects(house.folder)
    )
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)

    keys = await StoredFile.all().values_list("key", flat=True)
    assert len(set(keys)) == 2
    for kept in (one, two):
        with pytest.raises(CannotOpen):
            await house.open(kept.id)


async def test_the_opening_is_written_even_when_nothing_could_be_given(house):
    kept = await house.keep(papers.picture())
    (name,) = papers.objects(house.folder)
    (house.folder / name).unlink()

    with pytest.raises(Unavailable, match="请重新上传"):
        await house.open(kept.id, why="核对")

    assert [one.why for one in await FileOpening.all()] == ["核对"]


async def test_nothing_is_opened_inside_a_transaction_that_could_be_undone(house):
    kept = await house.keep(papers.picture())

    async with in_transaction():
        with pytest.raises(RuntimeError, match="committed"):
            await house.open(kept.id)

    assert await FileOpening.all().count() == 0


async def test_an_opening_can_be_neither_changed_nor_deleted(house, db):
    kept = await house.keep(papers.picture())
    await house.open(kept.id)
    owner = await asyncpg.connect(db)

    for change in ("UPDATE file_opening SET why = ''", "DELETE FROM file_opening"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(change)
    await owner.close()


async def test_the_enterprise_reads_who_opened_what_and_why(house):
    kept = await house.keep(papers.pdf(), "other", "材料.pdf")
    await house.open(kept.id, page=1)
    await house.open(kept.id, actor=CLERK, why="核实材料", now=NOW + timedelta(seconds=1))

    listed = await openings.listed(house.enterprise, actor=house.member, now=NOW)

    assert listed == (
        Opening(
            kept.id, "材料.pdf", 0, "协会工作人员 王工", "核实材料", NOW + timedelta(seconds=1)
        ),
        Opening(kept.id, "材料.pdf", 1, "我", "测试", NOW),
    )


@pytest.mark.parametrize("ask", ["keep", "open", "listed", "openings"])
async def test_a_stranger_is_told_that_it_does_not_exist(house, ask):
    kept = await house.keep(papers.picture())
    stranger = await people.member()
    await people.bind(stranger.user_id, await people.enterprise())
    asked = {
        "keep": lambda: house.keep(papers.picture(), actor=stranger),
        "open": lambda: house.open(kept.id, actor=stranger),
        "listed": lambda: files.listed(house.enterprise, actor=stranger, now=NOW),
        "openings": lambda: openings.listed(house.enterprise, actor=stranger, now=NOW),
    }

    with pytest.raises(NotFound):
        await asked[ask]()

    assert await FileOpening.all().count() == 0


async def test_a_fresh_binding_takes_away_only_what_it_handed_in_itself(house):
    newcomer, until = await people.member(), NOW + timedelta(hours=72)
    await people.bind(newcomer.user_id, house.enterprise, fresh_until=until)
    picture = (await house.keep(papers.picture(), STATEMENT)).id
    report = (await house.keep(papers.pdf(), STATEMENT)).id
    own = (await house.keep(papers.photo(), STATEMENT, actor=newcomer)).id
    asked = {"why": "看看", "actor": newcomer, "cabinet": house.cabinet}

    for theirs, page in ((picture, 0), (picture, 1), (report, 0)):
        with pytest.raises(TooFresh):
            await files.handed_out(theirs, now=NOW, page=page, **asked)

    assert await FileOpening.all().count() == 0
    for theirs, page in ((own, 0), (own, 1), (report, 1)):
        given = await files.handed_out(theirs, now=NOW, page=page, **asked)
        assert given.media_type is Media.JPEG
    for page in (0, 1):
        given = await files.handed_out(picture, now=until, page=page, **asked)
        assert given.media_type is Media.JPEG


async def test_whoever_proved_nothing_opens_nothing(house):
    kept = await house.keep(papers.picture())

    with pytest.raises(NotFound):
        await house.open(kept.id, actor=Visitor())


async def test_the_same_file_sent_again_is_the_one_that_is_kept(house):
    first = await house.keep(papers.picture())
    again = await house.keep(papers.picture(), name="另一个名字.jpg")
    both = await asyncio.gather(*(house.keep(papers.picture((800, 900))) for _ in range(2)))

    assert again == first
    assert both[0] == both[1]
    assert await StoredFile.all().count() == 2


async def test_the_same_paper_as_another_kind_is_kept_with_a_warning(house):
    await house.keep(papers.picture(), LICENCE)

    other = await house.keep(papers.picture(), "honour")

    assert other.warnings == (Warned.DUPLICATE,)


async def test_the_same_picture_with_other_metadata_is_a_duplicate_by_its_clean_form(house):
    await house.keep(papers.picture(), LICENCE)

    other = await house.keep(papers.photo(), LICENCE)

    assert other.warnings == (Warned.DUPLICATE,)


async def test_the_same_paper_of_another_enterprise_is_told_to_staff_only(house):
    ours = await house.keep(papers.picture())
    elsewhere = await people.enterprise()
    other = await people.member()
    await people.bind(other.user_id, elsewhere)
    theirs = await house.keep(papers.picture(), enterprise_id=elsewhere, actor=other)

    assert theirs.warnings == ()
    assert await file_upkeep.twins(ours.id, actor=CLERK) == ((elsewhere, theirs.id),)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "这个文件是空的"),
        (b"<html><script>alert(1)</script>", "只能上传 JPEG"),
        (papers.picture()[:2000], "打不开"),
    ],
    ids=["empty", "html", "torn"],
)
async def test_what_the_jail_refuses_leaves_neither_row_nor_object(house, data, sentence):
    with pytest.raises(Unreadable, match=sentence):
        await house.keep(data)

    assert await StoredFile.all().count() == 0
    assert papers.objects(house.folder) == {}


async def test_a_kind_that_is_none_and_a_size_beyond_the_limit_are_refused_before_the_jail(house):
    given = {"enterprise_id": house.enterprise, "actor": house.member, "now": NOW}

    with papers.spooled(b"x") as upload, pytest.raises(FileTooLarge):
        larger = replace(upload, size=LIMITS.file_bytes + 1)
        await files.keep(larger, kind=LICENCE, cabinet=house.cabinet, **given)
    with pytest.raises(BadInput):
        await house.keep(papers.picture(), "passport")


async def test_the_pages_nobody_waited_for_are_drawn_by_the_job(house):
    kept = await house.keep(papers.pdf(8), STATEMENT, "报表.pdf")
    with pytest.raises(Unavailable):
        await house.open(kept.id, page=8)
    (job,) = await Job.filter(kind=files.DRAW)

    for _ in range(2):
        await file_upkeep.draw(job.payload, NOW, cabinet=house.cabinet)

    assert [one.page for one in await FilePiece.all().order_by("page")] == list(range(9))
    assert (await house.open(kept.id, page=8)).data.startswith(b"\xff\xd8\xff")
    with pytest.raises(NotFound):
        await house.open(kept.id, page=9)


async def test_an_erased_file_is_gone_with_its_key_name_and_objects(house):
    kept = await house.keep(papers.pdf(), STATEMENT, "报表.pdf")

    await file_upkeep.erase(kept.id, actor=CLERK, now=NOW, reason="当事人要求")
    (job,) = await Job.filter(kind=file_upkeep.DROP)
    for _ in range(2):
        await file_upkeep.drop(job.payload, NOW, cabinet=house.cabinet)

    row = await StoredFile.get(id=kept.id)
    assert (row.key, row.name, row.erased_at) == (None, "", NOW)
    assert papers.objects(house.folder) == {}
    for again in (house.open(kept.id), file_upkeep.erase(kept.id, actor=CLERK, now=NOW)):
        with pytest.raises(NotFound):
            await again


async def test_what_is_kept_can_only_be_erased(house, db):
    await house.keep(papers.picture(), "identity_card")
    owner = await asyncpg.connect(db)

    for change in (
        "UPDATE stored_file SET sha256 = ''",
        "UPDATE stored_file SET key = NULL",
        "UPDATE stored_file SET name = 'x'",
        "UPDATE stored_file SET actor = 'x', erased_at = now(), key = NULL",
        "UPDATE stored_file SET erased_at = now()",
        "DELETE FROM stored_file",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(change)
    await owner.close()


async def test_the_sweep_takes_old_objects_without_a_row_and_leaves_the_others(house):
    kept = await house.keep(papers.pdf(), STATEMENT, "报表.pdf")
    for store in (house.cabinet.papers, house.cabinet.confidential):
        for age in (timedelta(days=3), timedelta(hours=1)):
            await store.put(object_key(new_id(NOW - age)), b"left over")
    later = NOW + timedelta(hours=2)

    gone = await file_upkeep.sweep(cabinet=house.cabinet, now=later)
    more = await file_upkeep.sweep(cabinet=house.cabinet, now=NOW + timedelta(days=2))

    assert (gone, more) == (2, 2)
    assert len(papers.objects(house.folder)) == 2
    assert (await house.open(kept.id, actor=System("test"))).data.startswith(b"%PDF-")


async def test_the_jail_ends_with_the_cabinet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(deps, "Jail", Jail)  # not the one that the tests share
    async with papers.cabinet_in(tmp_path) as cabinet:
        assert isinstance(cabinet.jail, Jail)
        await cabinet.jail.start()
        keeper = psutil.Process(cabinet.jail.pid)

    assert not keeper.is_running()
