"""Papers: made once by the worker from what stands in the records, given out as they were made."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pikepdf
import pytest
from PIL import Image
from tortoise.transactions import in_transaction

from bot.clients import fonts, seals
from bot.clients.documents import Press
from bot.clients.sealing import intact
from bot.clients.signer import FileSigner
from bot.clients.storage import Missing
from bot.domain.actors import Staff
from bot.domain.certificate_token import address
from bot.domain.certificates import Action, Reason
from bot.domain.errors import BadInput, NotFound, Stale
from bot.domain.files import LIMITS, Media, object_key
from bot.domain.jobs import Retry
from bot.domain.papers import KEPT_FOR, Kind, NotYetMade, RareCharacter
from bot.jail import codes
from bot.services import (
    certificate_life,
    certificate_reviews,
    certificate_signing,
    certificates,
    commitments,
    file_upkeep,
    files,
    held_certificates,
    openings,
    outbox,
    paper_documents,
    paper_making,
    papers,
    rare_texts,
)
from bot.services.certificate_bases import Basis
from bot.services.outbox import Task
from bot.services.paper_making import Desk
from bot.services.signing_keys import Issuer
from bot.worker import take
from models import AuditEntry, Commitment, Enterprise, Job, JobState, Paper
from tests import papers as handed_in
from tests import people
from tests.conftest import NOW
from tests.service.test_commitments import STROKES, VAULT, holder
from tests.specimens import ISSUER

BASE = "https://credit.example.cn"
STAFF = Staff("王芳")
CHARACTER = "\U0002b8c0"  # that none of our fonts has
RARE = f"晨星{CHARACTER}科技有限公司"
TWO = Basis("demonstration", by="王芳", second="李强", reason="演示")


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("seals")
    seals.make(folder, owner=ISSUER, now=NOW)
    made = Press(fonts.folders(), seals.Keys(folder).of)
    made.roots = seals.roots(folder)
    yield made
    made.close()


@pytest.fixture
async def desk(db: str, press: Press, tmp_path: Path) -> AsyncIterator[Desk]:
    async with handed_in.cabinet_in(tmp_path) as cabinet:
        yield Desk(press, cabinet, VAULT, BASE, production=False)


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(FileSigner(tmp_path / "keys"), BASE, production=False)


async def issued(issuer: Issuer, name: str = "晨星科技有限公司") -> tuple[UUID, str, UUID]:
    """An enterprise, and the number and id of its certificate, signed."""
    one = await people.enterprise(name)
    async with in_transaction():
        made = await certificates.issue(
            enterprise_id=one, programme="credit-evaluation", level="AAA", basis=TWO,
            actor=STAFF, now=NOW,
        )  # fmt: skip
    await certificate_signing.sign_waiting(issuer=issuer, now=NOW)
    return one, made.number, made.id


async def printed(desk: Desk, *asked: UUID, now=NOW) -> int:
    """Order and make what is missing, as the worker does; and what of enterprises was asked for."""
    await papers.order(now=now)
    for one in asked:
        await papers.ask_all(one, now=now)
    rows = await Job.filter(kind=papers.MAKE, state=JobState.WAITING)
    for row in rows:
        await paper_making.make(row.payload, now, desk=desk)
        await Job.filter(id=row.id).update(state=JobState.DONE, finished_at=now)
    return len(rows)


async def test_a_certificate_is_printed_sealed_and_its_code_leads_back_to_the_token(
    desk, issuer, press, tmp_path
):
    one, number, certificate = await issued(issuer)
    owner = await holder(one)
    with pytest.raises(NotYetMade):
        await held_certificates.paper(
            one, number, Media.PDF, actor=owner, now=NOW, cabinet=desk.cabinet
        )
    assert await printed(desk) == 1  # because it was asked for
    given = {"actor": owner, "now": NOW, "cabinet": desk.cabinet}
    name, pdf = await held_certificates.paper(one, number, Media.PDF, **given)
    _, png = await held_certificates.paper(one, number, Media.PNG, **given)

    assert name == f"晨星科技有限公司 {number} 证书.pdf"
    assert await sound(pdf.data, press)
    file = tmp_path / "certificate.pdf"
    file.write_bytes(pdf.data)
    assert b"Signature is Valid" in checked(file)
    picture = Image.open(BytesIO(png.data))
    token = (await certificate_life.find(number)).token
    assert picture.size == (1754, 1240)
    assert codes.read(png.data, LIMITS) == (address(BASE, number, token),)
    assert (await Paper.get(subject=certificate)).pdf_sha256 == pdf.sha256


async def test_what_is_there_is_not_made_again_and_a_review_brings_a_new_one(desk, issuer):
    one, number, certificate = await issued(issuer)
    unasked = await printed(desk)
    first = await printed(desk, one)
    before = await Paper.get(subject=certificate)
    again = (await printed(desk, one), await printed(desk, one))
    due = (await certificate_life.find(number)).review_due
    later = NOW.replace(year=due.year)
    await people.join(one, until=later.date())
    await certificate_reviews.passed(number, words="合格", actor=STAFF, now=later)
    renewed = await printed(desk, one, now=later)
    after = await Paper.get(subject=certificate)

    assert (unasked, first, again, renewed) == (0, 1, (0, 0), 1)
    assert after.fingerprint != before.fingerprint
    dropped = await Job.filter(kind="files.drop").first()
    assert dropped.payload == {
        "objects": [object_key(before.pdf), object_key(before.png)],
        "confidential": False,
    }


async def test_two_workers_leave_one_paper(desk, issuer):
    one, _, certificate = await issued(issuer)
    assert (await papers.ask_all(one, now=NOW), await papers.ask_all(one, now=NOW)) == (1, 1)
    job = await Job.get(kind=papers.MAKE)  # the second one asked for the same
    for _ in range(2):
        await paper_making.make(job.payload, NOW, desk=desk)

    assert await Paper.filter(subject=certificate).count() == 1


async def test_what_is_old_or_too_much_or_lost_is_made_anew_with_the_same_pages(desk, issuer):
    one, number, certificate = await issued(issuer)
    two, _, newer = await issued(issuer, "别家有限公司")
    owner = await holder(one)
    given = {"actor": owner, "cabinet": desk.cabinet}
    await printed(desk, one)
    await printed(desk, two, now=NOW + timedelta(hours=1))
    _, first = await held_certificates.paper(one, number, Media.PNG, now=NOW, **given)

    too_much = await papers.clear_old(now=NOW, kept=1)
    left = await Paper.all().values_list("subject", flat=True)
    with pytest.raises(NotYetMade):
        await held_certificates.paper(one, number, Media.PNG, now=NOW, **given)
    await printed(desk)
    _, again = await held_certificates.paper(one, number, Media.PNG, now=NOW, **given)
    row = await Paper.get(subject=certificate)
    await desk.cabinet.papers.delete([object_key(row.pdf)])
    with pytest.raises(NotYetMade):
        await held_certificates.paper(one, number, Media.PDF, now=NOW, **given)
    remade = await printed(desk)
    _, pdf = await held_certificates.paper(one, number, Media.PDF, now=NOW, **given)
    late = NOW + KEPT_FOR + timedelta(minutes=1)
    old = (await papers.clear_old(now=NOW + KEPT_FOR), await papers.clear_old(now=late))

    assert (too_much, left) == (1, [newer])
    assert again.data == first.data
    assert (remade, pdf.data[:5]) == (1, b"%PDF-")
    assert old == (0, 1)


async def test_a_character_that_no_font_has_waits_for_a_person(desk, issuer, tmp_path):
    """Found before it is signed; issued all the same; printed as a person had it written."""
    where = fonts.reader(tmp_path)
    one, number, _ = await issued(replace(issuer, lacking=where), RARE)
    owner = await holder(one)
    [waiting] = await rare_texts.listed()
    given = {"actor": owner, "now": NOW, "cabinet": desk.cabinet}
    with pytest.raises(RareCharacter):
        await held_certificates.paper(one, number, Media.PDF, **given)
    shown = await held_certificates.look(one, number, actor=owner, base=BASE, now=NOW)
    unprinted = await printed(desk, one)

    settled = {"actor": STAFF, "lacking": where, "now": NOW}
    with pytest.raises(BadInput, match=r"U\+2B8C0"):
        await rare_texts.settle(waiting.id, written="", why="补了字体", **settled)
    written = RARE.replace(CHARACTER, "〓")
    await rare_texts.settle(waiting.id, written=written, why="企业同意", **settled)
    with pytest.raises(Stale):
        await rare_texts.settle(waiting.id, written=written, why="企业同意", **settled)
    await printed(desk, one)
    _, pdf = await held_certificates.paper(one, number, Media.PDF, **given)

    assert (waiting.text, waiting.characters, waiting.enterprise_id) == (RARE, CHARACTER, one)
    assert (await certificate_life.find(number)).token  # issued as data
    assert (shown.rare, shown.usable, unprinted) == (True, True, 0)
    assert written in text_of(pdf.data)
    assert (await Enterprise.get(id=one)).name == RARE
    assert await rare_texts.listed() == []
    entry = await AuditEntry.get(action="rare_text.settle")
    assert (entry.object_id, entry.enterprise_id) == (str(waiting.id), one)


async def test_what_was_signed_where_there_are_no_fonts_is_found_when_it_is_printed(desk, issuer):
    one, _, certificate = await issued(issuer, RARE)
    tried = await printed(desk, one)
    [waiting] = await rare_texts.listed()

    assert (tried, waiting.characters) == (1, CHARACTER)
    assert await printed(desk, one) == 0  # it is not tried again by itself
    assert await Paper.filter(subject=certificate).count() == 0


async def test_a_font_that_this_process_has_not_read_is_waited_for_and_told(desk, issuer):
    one, _, certificate = await issued(issuer, RARE)
    await printed(desk, one)
    [waiting] = await rare_texts.listed()
    await rare_texts.settle(
        waiting.id, written="", lacking=lambda _: (), actor=STAFF, why="补了字体", now=NOW
    )
    await papers.ask_all(one, now=NOW)
    job = await Job.get(kind=papers.MAKE, state=JobState.WAITING)

    async def run(payload, now):
        await paper_making.make(payload, now, desk=desk)

    tasks = {papers.MAKE: Task(run, Retry(most=1), outside=True)}
    for _ in range(2):
        await take(job.id, tasks=tasks, clock=lambda: NOW)

    [dead] = await outbox.dead()
    assert "请重新启动后台任务" in dead.last_error
    await papers.order(now=NOW)
    assert await Job.filter(kind=papers.MAKE).count() == 1  # nobody puts it again and again
    assert await Paper.filter(subject=certificate).count() == 0


async def test_a_character_in_words_of_ours_is_a_fault_that_somebody_mends(desk, issuer):
    one, _, _ = await issued(issuer)
    await papers.ask_all(one, now=NOW)
    job = await Job.get(kind=papers.MAKE)
    at_fault = replace(desk, base="https://" + CHARACTER)

    async def run(payload, now):
        await paper_making.make(payload, now, desk=at_fault)

    await take(job.id, tasks={papers.MAKE: Task(run, outside=True)}, clock=lambda: NOW)

    [dead] = await outbox.dead()
    assert ("U+2B8C0" in dead.last_error, dead.attempts) == (True, 1)


async def test_what_is_revoked_is_given_out_no_more(desk, issuer):
    one, number, _ = await issued(issuer)
    owner = await holder(one)
    await printed(desk, one)
    await certificate_life.change(
        number, Action.REVOKE, reason=Reason.MISUSE, words="冒用", second="李强", actor=STAFF,
        now=NOW,
    )  # fmt: skip

    with pytest.raises(NotFound):
        await held_certificates.paper(
            one, number, Media.PNG, actor=owner, now=NOW, cabinet=desk.cabinet
        )


async def test_the_commitment_is_there_to_print_and_later_as_it_was_signed(desk, press):
    one = await people.enterprise("晨星科技有限公司")
    await people.join(one)
    owner = await holder(one)
    await commitments.prepare(one, "李强", status="存续", actor=owner, now=NOW)
    await printed(desk, one)
    row = await Commitment.get(enterprise_id=one)
    where = {"enterprise_id": one, "actor": owner, "now": NOW, "cabinet": desk.cabinet}
    draft = await papers.opened(row.id, Kind.DRAFT, **where)
    await commitments.sign(one, STROKES, actor=owner, vault=VAULT, now=NOW)
    await commitments.put_seal(one, UUID(int=77), "5e" * 32, actor=owner, now=NOW)
    await printed(desk)
    letter = await papers.opened(row.id, Kind.LETTER, **where)

    assert "请打印后由法定代表人签字" in text_of(draft.data)
    assert not await sound(draft.data, press)
    assert "李强" in text_of(letter.data)
    assert await sound(letter.data, press)
    paper = await Paper.get(kind=Kind.LETTER)
    with pytest.raises(Missing):  # a person's signature lies where confidential papers do
        await desk.cabinet.papers.get(object_key(paper.pdf))
    sealed = await desk.cabinet.confidential.get(object_key(paper.pdf))
    assert b"%PDF" not in sealed
    entries = await AuditEntry.filter(action="paper.opened").order_by("id")
    assert [entry.actor for entry in entries] == [str(owner.user_id)] * 2
    with pytest.raises(ValueError, match="written down"):
        await papers.taken(
            row.id, Kind.LETTER, Media.PDF, enterprise_id=one, now=NOW, cabinet=desk.cabinet
        )


async def test_the_seal_is_opened_like_any_confidential_paper(desk):
    one = await people.enterprise("晨星科技有限公司")
    await people.join(one)
    owner = await holder(one)
    await commitments.prepare(one, "李强", status="存续", actor=owner, now=NOW)
    await commitments.sign(one, STROKES, actor=owner, vault=VAULT, now=NOW)
    with handed_in.spooled(handed_in.picture()) as upload:
        seal = await files.keep(
            upload, kind="seal", enterprise_id=one, actor=owner, now=NOW, cabinet=desk.cabinet
        )
    await commitments.put_seal(one, seal.id, seal.sha256, actor=owner, now=NOW)
    await printed(desk)

    looked = await openings.listed(one, actor=owner, now=NOW)

    assert [(line.file_id, line.by, line.why) for line in looked] == [
        (seal.id, "系统", "制作信用承诺书")
    ]


async def test_a_letter_signed_on_paper_shows_no_signature_of_a_phone(desk):
    one = await people.enterprise()
    owner = await holder(one)
    await people.join(one)
    await commitments.prepare(one, "李强", status="存续", actor=owner, now=NOW)
    await commitments.sign(one, STROKES, actor=owner, vault=VAULT, now=NOW)
    row = await commitments.put_letter(one, UUID(int=8), "8e" * 32, actor=owner, now=NOW)
    asked = {"base": BASE, "production": False, "vault": VAULT, "cabinet": desk.cabinet}

    letter = await paper_documents.letter(row, Kind.LETTER, now=NOW, **asked)

    assert row.signature_sealed is not None
    assert (letter.signature, letter.sha256) == (None, row.document_sha256)


async def test_a_letter_signed_on_paper_is_there_as_a_pdf_around_its_photograph(desk, press):
    one = await people.enterprise("晨星科技有限公司")
    await people.join(one)
    owner = await holder(one)
    await commitments.prepare(one, "李强", status="存续", actor=owner, now=NOW)
    with handed_in.spooled(handed_in.pdf(2), "承诺书.pdf") as upload:
        kept = await files.keep(
            upload, kind="commitment_letter", enterprise_id=one, actor=owner, now=NOW,
            cabinet=desk.cabinet,
        )  # fmt: skip
    row = await commitments.put_letter(one, kept.id, kept.sha256, actor=owner, now=NOW)
    await printed(desk)
    given = {"enterprise_id": one, "actor": owner, "now": NOW, "cabinet": desk.cabinet}

    letter = await papers.opened(row.id, Kind.LETTER, **given)

    assert "见后附的纸质原件照片" in text_of(letter.data)
    assert "请打印后" not in text_of(letter.data)
    assert await sound(letter.data, press)
    with pikepdf.open(BytesIO(letter.data)) as document:
        last = len(document.pages)
    assert pictured(letter.data) >= {last - 1, last}
    await file_upkeep.erase(kept.id, actor=STAFF, now=NOW, reason="当事人要求")
    with pytest.raises(NotFound):  # not "come back later": without its scan it is never made
        await papers.opened(row.id, Kind.LETTER, **given)


async def test_no_picture_of_ours_tells_how_it_was_made(desk, issuer):
    one, number, certificate = await issued(issuer)
    await printed(desk, one)
    where = {"enterprise_id": one, "now": NOW, "cabinet": desk.cabinet}
    png = await papers.taken(certificate, Kind.CERTIFICATE, Media.PNG, **where)
    pdf = await papers.taken(certificate, Kind.CERTIFICATE, Media.PDF, **where)

    picture = Image.open(BytesIO(png.data))
    assert dict(picture.getexif()) == {}
    assert set(picture.info) <= {"dpi", "srgb", "gamma"}
    with pikepdf.open(BytesIO(pdf.data)) as document:
        assert str(document.docinfo["/Title"]).endswith(number)


async def sound(pdf: bytes, press: Press) -> bool:
    """In a thread: the checker has a loop of its own."""
    return await asyncio.to_thread(intact, pdf, roots=press.roots, at=NOW)


def checked(file: Path) -> bytes:
    """What poppler says of the signature."""
    done = subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, check=False)
    return done.stdout


def pictured(pdf: bytes) -> set[int]:
    """The pages on which poppler finds a picture as large as a photographed page."""
    done = subprocess.run(["pdfimages", "-list", "-"], input=pdf, capture_output=True, check=True)
    rows = [line.split() for line in done.stdout.decode().splitlines()[2:]]
    return {int(row[0]) for row in rows if int(row[3]) > 600}


def text_of(pdf: bytes) -> str:
    done = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return "".join(done.stdout.decode().split())
