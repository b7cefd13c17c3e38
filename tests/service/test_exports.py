"""Copies of their own data: whole, for the one who asked, by a link that works once."""

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4
from zipfile import ZipFile

import pytest

from bot.clients.database import act_for, fetch
from bot.domain.actors import Member
from bot.domain.bindings import Role
from bot.domain.errors import NotFound, TooMany
from bot.domain.exports import LINK_LIVES, LIVES, PAPERS_WITHIN, LinkOver, NotReady
from bot.domain.papers import Kind
from bot.services import (
    binding_steps,
    colleagues,
    export_parts,
    exports,
    file_upkeep,
    files,
    openings,
    rare_texts,
    retention,
    tickets,
)
from bot.services.bindings import TooFresh
from bot.services.cabinet import Cabinet
from bot.services.export_packing import Packing
from bot.services.papers import MAKE
from models import AuditEntry, Commitment, ContentCheck, ExportPack, Identity, Job, Paper
from models.ids import new_id
from tests import papers, people
from tests.conftest import NOW
from tests.service.test_commitments import VAULT, published


@dataclass
class House:
    """An enterprise with a public commitment and two papers, and its legal representative."""

    cabinet: Cabinet
    folder: Path
    enterprise: UUID
    actor: Member

    async def made(self, enterprise: UUID | None, now=NOW) -> UUID:
        asked = await exports.ask(enterprise, actor=self.actor, now=now)
        await self.make(asked.id, now)
        return asked.id

    async def make(self, export: UUID, now=NOW, *, waited=PAPERS_WITHIN) -> None:
        packing = Packing(self.cabinet, VAULT)
        await exports.make({"export": str(export)}, now + waited, packing=packing)

    async def fetched(self, token: str, now=NOW) -> ZipFile:
        taken = await exports.take(token, cabinet=self.cabinet, now=now)
        data = b"".join([piece async for piece in taken.pieces])
        assert len(data) == taken.size
        return ZipFile(io.BytesIO(data))


@pytest.fixture
async def house(db: str, tmp_path: Path) -> AsyncIterator[House]:
    actor = await people.member()
    enterprise = await people.enterprise("晨星科技有限公司")
    await people.bind(actor.user_id, enterprise)
    await people.join(enterprise)
    await published(enterprise, actor)
    async with papers.cabinet_in(tmp_path) as cabinet:
        for kind, data in (
            ("business_licence", papers.picture()),
            ("financial_statements", papers.pdf(2)),
        ):
            with papers.spooled(data, f"{kind}.pdf") as upload:
                await files.keep(
                    upload, kind=kind, enterprise_id=enterprise, actor=actor, now=NOW,
                    cabinet=cabinet,
                )  # fmt: skip
        yield House(cabinet, tmp_path, enterprise, actor)


async def test_the_copy_of_an_enterprise_holds_records_originals_and_who_opened_what(house):
    kept = await files.listed(house.enterprise, actor=house.actor, now=NOW)
    export = await house.made(house.enterprise)

    link = await exports.link(export, actor=house.actor, now=NOW)
    pack = await house.fetched(link.token)

    records = {one.name for one in export_parts.OF_ENTERPRISE}
    assert {
        name.removeprefix("记录/").removesuffix(".json")
        for name in pack.namelist()
        if name.startswith("记录/")
    } == records
    assert [row["name"] for row in json.loads(pack.read("记录/企业.json"))] == ["晨星科技有限公司"]
    originals = [pack.read(one) for one in pack.namelist() if one.startswith("文件/")]
    assert len(originals) == len(kept) >= 2
    looked = json.loads(pack.read("谁看过.json"))
    assert {(row["by"], row["why"]) for row in looked} == {("我", "导出资料")}
    shown = await openings.listed(house.enterprise, actor=house.actor, now=NOW)
    assert len(shown) == len(kept)
    assert sorted(await AuditEntry.filter(kind="export_pack").values_list("action", flat=True)) == [
        "export.ask", "export.fetch", "export.link", "export.make",
    ]  # fmt: skip


async def test_a_paper_that_is_kept_is_copied_whatever_became_of_its_record(house):
    record = await Commitment.get(enterprise_id=house.enterprise)
    over, lost = await letter(house, uuid4(), b"%PDF-1.7"), await letter(house, record.id, None)
    await rare_texts.note(house.enterprise, record.name, "晨", now=NOW)  # so it is not made anew
    export = await house.made(house.enterprise)

    link = await exports.link(export, actor=house.actor, now=NOW)
    pack = await house.fetched(link.token)

    letters = [pack.read(one) for one in pack.namelist() if one.endswith(" 信用承诺书.pdf")]
    assert letters == [b"%PDF-1.7"]
    assert pack.read("缺少的文件.txt").decode() == "信用承诺书.pdf"
    noted = await AuditEntry.filter(action="paper.opened").values_list("object_id", flat=True)
    assert set(noted) == {str(over), str(lost)}


async def letter(house: House, subject: UUID, data: bytes | None) -> UUID:
    """The paper of a commitment; without data its file is lost."""
    row = Paper(
        id=new_id(NOW), enterprise_id=house.enterprise, kind=Kind.LETTER, subject=subject,
        fingerprint="f" * 32, pdf=new_id(NOW), pdf_sha256=sha256(data or b"").hexdigest(),
        made_at=NOW,
    )  # fmt: skip
    row.key = house.cabinet.new_key(row.id, row.enterprise_id)
    if data is not None:
        await house.cabinet.drawer(row.id, row.enterprise_id, row.key).put(row.pdf, data)
    await row.save(force_create=True)
    return row.id


async def test_a_person_gets_what_is_theirs_with_their_own_number_in_clear(house):
    binding = await binding_steps.mine(house.enterprise, house.actor.user_id)
    sealed = VAULT.seal("13900139000", context=f"binding:{binding.id}:phone")
    await people.fill(binding.id, phone_sealed=sealed)
    known = await Identity.filter(user_id=house.actor.user_id).first()
    asked = "请回电13700137000"
    await tickets.open_ticket(known.appid, known.openid, asked, vault=VAULT, now=NOW)
    await ContentCheck.all().update(why="老在问，不理他")
    export = await house.made(None)

    link = await exports.link(export, actor=house.actor, now=NOW)
    pack = await house.fetched(link.token)

    assert json.loads(pack.read("记录/手机号.json")) == ["13700137000", "13900139000"]
    [account] = json.loads(pack.read("记录/账号.json"))
    assert account["id"] == str(house.actor.user_id)
    assert "token_hash" not in json.loads(pack.read("记录/登录.json"))[0]
    [judged] = json.loads(pack.read("记录/留言的审核.json"))
    assert (judged["state"], "why" in judged) == ("human", False)


async def test_progress_can_be_seen(house):
    asked = await exports.ask(house.enterprise, actor=house.actor, now=NOW)
    assert (asked.ready, asked.files) == (False, None)
    await house.make(asked.id, waited=timedelta(0))
    waiting = await exports.latest(house.enterprise, actor=house.actor, now=NOW)
    letter, again = [await Job.filter(kind=kind) for kind in (MAKE, exports.MAKE)]

    await house.make(asked.id)

    assert (waiting.ready, len(letter), len(again)) == (False, 1, 2)  # the letter comes first

    done = await exports.latest(house.enterprise, actor=house.actor, now=NOW)
    assert (done.ready, done.files, done.copied) == (True, done.copied, done.files)
    assert done.files >= 2


async def test_the_link_works_once_and_not_for_long_and_looking_uses_nothing_up(house):
    export = await house.made(None)
    first = await exports.link(export, actor=house.actor, now=NOW)
    link = await exports.link(export, actor=house.actor, now=NOW)
    with pytest.raises(LinkOver):
        await exports.look(first.token, now=NOW)  # a newer one took its place
    for _ in range(3):
        await exports.look(link.token, now=NOW)
    await house.fetched(link.token)
    with pytest.raises(LinkOver):
        await house.fetched(link.token)

    late = await exports.link(export, actor=house.actor, now=NOW)

    with pytest.raises(LinkOver):
        await house.fetched(late.token, NOW + LINK_LIVES)


async def test_a_binding_has_to_have_settled_at_every_step(house):
    newcomer = await people.member()
    fresh = NOW + timedelta(hours=72)
    await people.bind(newcomer.user_id, house.enterprise, Role.AGENT, fresh_until=fresh)
    with pytest.raises(TooFresh):
        await exports.ask(house.enterprise, actor=newcomer, now=NOW)
    with pytest.raises(NotFound):
        await exports.ask(house.enterprise, actor=await people.member(), now=NOW)

    asked = await exports.ask(house.enterprise, actor=newcomer, now=fresh)

    assert asked.ready is False
    assert (await exports.ask(None, actor=newcomer, now=NOW)).ready is False  # their own: at once


async def test_who_has_left_meanwhile_gets_nothing(house):
    await people.bind((await people.member()).user_id, house.enterprise)
    early = await exports.ask(house.enterprise, actor=house.actor, now=NOW)
    await colleagues.leave(house.enterprise, actor=house.actor, now=NOW)

    await house.make(early.id)

    assert await ExportPack.all().count() == 0


async def test_a_link_is_over_when_its_owner_has_left(house):
    export = await house.made(house.enterprise)
    link = await exports.link(export, actor=house.actor, now=NOW)
    await colleagues.leave(house.enterprise, actor=house.actor, now=NOW)

    with pytest.raises(LinkOver):
        await house.fetched(link.token)


async def test_nobody_links_to_the_copy_of_another_nor_to_one_that_is_not_ready(house):
    asked = await exports.ask(house.enterprise, actor=house.actor, now=NOW)
    with pytest.raises(NotReady):
        await exports.link(asked.id, actor=house.actor, now=NOW)
    await house.make(asked.id)
    colleague = await people.member()
    await people.bind(colleague.user_id, house.enterprise)

    with pytest.raises(NotFound):
        await exports.link(asked.id, actor=colleague, now=NOW)


async def test_a_copy_lies_sealed_and_is_gone_after_its_days(house):
    before = set(papers.objects(house.folder))
    export = await house.made(house.enterprise)
    made = {name: data for name, data in papers.objects(house.folder).items() if name not in before}
    assert made
    assert all(b"PK" not in data[:4] and "晨星".encode() not in data for data in made.values())

    later = NOW + LIVES + timedelta(seconds=1)
    gone = await retention.purge(now=later)
    await file_upkeep.sweep(cabinet=house.cabinet, now=later)

    assert gone["export_pack"] == 1
    assert set(papers.objects(house.folder)) == before
    with pytest.raises(NotFound):
        await exports.link(export, actor=house.actor, now=later)


async def test_the_sweep_leaves_a_copy_that_is_still_kept(house):
    await house.made(house.enterprise)
    before = set(papers.objects(house.folder))

    await file_upkeep.sweep(cabinet=house.cabinet, now=NOW + timedelta(days=3))

    assert set(papers.objects(house.folder)) == before


async def test_asking_again_goes_on_with_the_one_that_is_made_and_a_day_has_an_end(house):
    first = await exports.ask(None, actor=house.actor, now=NOW)
    again = await exports.ask(None, actor=house.actor, now=NOW)
    assert again.id == first.id
    await house.make(first.id)
    for _ in range(2):
        await house.made(None)

    with pytest.raises(TooMany):
        await exports.ask(None, actor=house.actor, now=NOW)
    assert await ExportPack.all().count() == 1
    assert await Job.filter(kind=file_upkeep.DROP).count() == 2  # the older ones


async def test_a_member_role_is_enough_to_ask_and_to_link(house):
    """Under the rows that the database shows a member, as a request runs."""
    act_for(house.actor.user_id)
    asked = await exports.ask(house.enterprise, actor=house.actor, now=NOW)

    assert (await exports.latest(house.enterprise, actor=house.actor, now=NOW)).id == asked.id


async def test_every_table_of_people_or_enterprises_is_in_a_copy_or_says_why_not(db):
    rows = await fetch(
        "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " AND NOT a.attisdropped AND a.attname IN ('enterprise_id', 'user_id', 'openid')"
        " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
    )
    known = {part.table for part in (*export_parts.OF_ENTERPRISE, *export_parts.OF_PERSON)}

    assert {row["relname"] for row in rows} <= known | set(export_parts.LEFT_OUT)
    assert known & set(export_parts.LEFT_OUT) == {"binding_step"}


async def test_no_sealed_column_and_no_secret_is_in_a_copy(db):
    known = {part.table for part in (*export_parts.OF_ENTERPRISE, *export_parts.OF_PERSON)}
    rows = await fetch(
        "SELECT c.relname || '.' || a.attname AS name, a.attname FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relname = ANY($1::text[]) AND (a.atttypid = 'bytea'::regtype"
        " OR a.attname ~ '(_hash|secret|sealed)$')",
        sorted(known),
    )

    open_ = {row["name"] for row in rows if row["attname"] not in export_parts.HIDDEN}
    assert open_ == {"consent.text_hash", "credit_case.programme_hash"}  # of texts that are public


async def test_every_part_can_be_read(db):
    for part in (*export_parts.OF_ENTERPRISE, *export_parts.OF_PERSON):
        assert await export_parts.rows(part, uuid4()) == "[]", part.table
