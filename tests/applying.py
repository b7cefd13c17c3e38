"""An enterprise that may apply for everything, and its documents: for tests about cases."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from io import BytesIO
from uuid import UUID, uuid4

from PIL import Image
from tortoise.transactions import in_transaction

from bot.clients.wechat import WeChat
from bot.domain.actors import Member
from bot.domain.case_papers import Asks, Finding, PaperState, rule_of
from bot.domain.enterprises import Details
from bot.domain.files import Media
from bot.services import audit, case_materials, cases, enterprises
from bot.services.cabinet import Cabinet
from bot.services.case_views import Case, Summary
from bot.services.certificate_programmes import find_programme
from models import CaseMaterial, StoredFile
from models.ids import new_id
from tests import papers, people
from tests.conftest import NOW
from tests.service.test_commitments import published

RATING, EVALUATION, SHANXI = "credit-rating", "credit-evaluation", "shanxi-integrity"
FILE = UUID(int=1)  # nobody's
BY_CASE = (RATING, EVALUATION, SHANXI)
DATES = {Asks.ISSUED: "2026-02-10", Asks.UNTIL: "2027-05-01"}


def dated(material: str, time: int = 0) -> str:
    """What a form asks for beside the file, answered well; `time`: how often it was before."""
    asks = rule_of(material).asks
    if asks is Asks.YEAR:
        return str(2025 - time)
    return DATES[asks] if asks else ""


@cache  # the same few in hundreds of tests; each takes 10 ms to draw
def page(number: int) -> bytes:
    """A page that is sharp, and unlike every other."""
    picture = Image.open(BytesIO(papers.picture()))
    for x in range(16):
        if number >> x & 1:
            picture.paste("black", (x * 37, 0, x * 37 + 24, 30))
    out = BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


async def describe(enterprise: UUID, now: datetime = NOW, **details: object) -> None:
    async with in_transaction():
        given = Details(**details)  # type: ignore[arg-type]
        await enterprises.describe(enterprise, given, source="staff", actor=people.TEST, now=now)


async def ready(
    actor: Member, name: str = "晨星科技有限公司", *, until: date = date(2026, 12, 31)
) -> UUID:
    """Member of both associations, existing, with a public commitment."""
    enterprise = await people.enterprise(name)
    await people.bind(actor.user_id, enterprise)
    for association in {find_programme(one).issuer for one in BY_CASE}:
        await people.join(enterprise, association=association, until=until)
    await describe(enterprise, status="存续", industry="C13")
    await published(enterprise, actor)
    return enterprise


async def kept(enterprise: UUID, kind: str, content: str = "", now: datetime = NOW) -> UUID:
    """A file as a row alone: nothing lies in a cabinet. The same `content` is the same file."""
    name = content or uuid4().hex
    if known := await StoredFile.get_or_none(enterprise_id=enterprise, kind=kind, sha256=name):
        return known.id
    file = StoredFile(
        id=new_id(now), enterprise_id=enterprise, kind=kind, confidential=True, name="一份.jpg",
        media_type=Media.JPEG, pages=1, size=1, sha256=name, original_sha256=name, warnings=[],
        actor_kind="staff", actor="测试", kept_at=now,
    )  # fmt: skip
    async with in_transaction():
        await file.save(force_create=True)
        await audit.note("file.kept", kind="stored_file", id=file.id, actor=people.TEST, now=now)
    return file.id


async def entered(case: UUID, enterprise: UUID, now: datetime = NOW) -> str:
    """A document of a case, as rows alone. Its id."""
    file = await kept(enterprise, "other", now=now)
    versions = await CaseMaterial.filter(case_id=case).count()
    paper = CaseMaterial(
        id=new_id(now), enterprise_id=enterprise, case_id=case, material="capital",
        version=versions + 1, state=PaperState.UPLOADED, file_id=file, findings=[],
        added_by="测试", added_at=now,
    )  # fmt: skip
    async with in_transaction():
        await paper.save(force_create=True)
        await audit.note("add", kind="case_material", id=paper.id, actor=people.TEST, now=now)
    return str(paper.id)


@dataclass
class Desk:
    """One person with one enterprise, and where its files are kept."""

    enterprise: UUID
    actor: Member
    cabinet: Cabinet
    wechat: WeChat | None = None
    pages: int = 0

    async def begin(self, programme: str = RATING, *kinds: str, now: datetime = NOW) -> UUID:
        begun = await cases.begin(self.enterprise, programme, kinds, actor=self.actor, now=now)
        return begun.id

    async def hand_in(
        self, case: UUID, material: str, data: bytes = b"", *, on: str = "", now: datetime = NOW
    ) -> tuple[Finding, ...]:
        self.pages += 1
        with papers.spooled(data or page(self.pages), f"{material}.jpg") as upload:
            return await case_materials.hand_in(
                self.enterprise, case, material, upload, on or dated(material),
                actor=self.actor, now=now, cabinet=self.cabinet, wechat=self.wechat,
            )  # fmt: skip

    async def show(self, case: UUID, now: datetime = NOW) -> Case:
        return await cases.show(self.enterprise, case, actor=self.actor, now=now)

    async def fill(self, case: UUID, now: datetime = NOW) -> None:
        """Hand in whatever is still missing, of what asks for several years one a time."""
        for time in range(2):
            for one in (await self.show(case, now)).open:
                await self.hand_in(case, one.rule.id, on=dated(one.rule.id, time), now=now)

    async def submit(self, case: UUID, now: datetime = NOW) -> Summary:
        return await cases.submit(self.enterprise, case, actor=self.actor, now=now)

    async def submitted(self, programme: str = RATING, *kinds: str) -> UUID:
        case = await self.begin(programme, *kinds)
        await self.fill(case)
        await self.submit(case)
        return case


class Clerk(Desk):
    """Hands in files that are rows alone: for whom what is written in them is nothing."""

    async def hand_in(
        self, case: UUID, material: str, data: bytes = b"", *, on: str = "", now: datetime = NOW
    ) -> tuple[Finding, ...]:
        content = sha256(data).hexdigest() if data else ""
        file = await kept(self.enterprise, rule_of(material).kind, content, now)
        return await case_materials.attach(
            self.enterprise, case, material, file, on or dated(material),
            actor=self.actor, now=now, cabinet=self.cabinet, wechat=self.wechat,
        )  # fmt: skip
