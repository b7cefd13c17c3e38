"""The process is killed at two hundred points of a member's whole way: no field is lost.

Each request is sent again and again, under one key as an app does it, to a fresh process that dies
after the first statement, the third, the fifth … until one lives long enough to answer; that one
dies with its answer. What was answered once is looked for in the database after every kill.
"""

import asyncio
import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest

from bot.clients.database import fetch
from bot.domain.actors import Member, Staff
from bot.domain.sessions import Door
from bot.services import claim_reviews
from bot.services.certificate_programmes import find_programme
from bot.services.idempotency import LEASE
from models import Binding, CaseMaterial, Commitment, CreditCase, Draft, Registration, StoredFile
from tests import applying, forked, papers, people
from tests.applying import RATING as PROGRAMME
from tests.conftest import NOW
from tests.engines import REDIS_URL
from tests.service.test_commitments import STROKES
from tests.service.test_self_assessments import INTEGRITY, PUBLIC, RATING
from tests.service.test_self_assessments import published as published  # noqa: PLC0414

pytestmark = pytest.mark.faults

STEP = 2  # statements between one kill and the next
LEAST = 200
ANSWERS = {
    PUBLIC: {"registration_status": {"v": "存续"}, "founded_on": {"v": "2016-05-18"}},
    RATING: {"founded_on": {"v": "2016-05-18"}, "paid_in_capital": {"v": "500"}},
    INTEGRITY: {"founded_on": {"v": "2016-05-18"}, "tax": {"v": "5"}},
}


@dataclass
class Road:
    """Requests on a road on which every server dies."""

    db: str
    folder: Path
    token: str
    actor: Member
    kills: int = 0
    kept: list[tuple[str, object]] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """Late enough that the key of whoever died is free again."""
        return NOW + self.kills * (LEASE + timedelta(seconds=1))

    async def ask(self, method: str, path: str, *, files: bytes = b"", **more: object) -> dict:
        """Ask until somebody lives to answer; nothing that was kept may go on the way."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid4().hex}
        for left in range(1, 400, STEP):
            if files:  # a form is sent once, so each try needs its own
                form = aiohttp.FormData({"kind": str(more["kind"])})
                form.add_field("file", files, filename="a.jpg", content_type="image/jpeg")
                answered = await self.once(left, method, path, headers, data=form)
            else:
                answered = await self.once(left, method, path, headers, **more)
            self.kills += 1
            await self.look()
            if answered is not None:
                return answered
        raise AssertionError(f"{path} never answered")

    async def once(self, left: int, method: str, path: str, headers: dict, **more) -> dict | None:
        door = self.folder / "door"
        with suppress(FileNotFoundError):
            door.unlink()
        with (self.folder / "log").open("ab") as log:
            server = forked.start(
                "tests.faults.deadly_server", self.db, os.environ[REDIS_URL], str(self.folder),
                self.now.isoformat(), path, str(left), env=dict(os.environ), output=log,
                traced=False,
            )  # fmt: skip
        answered = None
        while True:
            try:
                async with (
                    aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(door))) as http,
                    http.request(method, f"http://door{path}", headers=headers, **more) as answer,
                ):
                    assert answer.status < 300, await answer.text()
                    answered = await answer.json()
            except aiohttp.ClientConnectorError:  # it has not opened its door yet
                assert server.poll() is None, (self.folder / "log").read_text()
                await asyncio.sleep(0.005)
                continue
            except aiohttp.ClientError:
                pass
            break
        await asyncio.to_thread(server.wait, 20)
        return answered

    def remember(self, where: str, value: object) -> None:
        self.kept.append((where, value))

    async def look(self) -> None:
        found = await everything_kept()
        for where, value in self.kept:
            assert found.get(where) == value, where


async def everything_kept() -> dict[str, object]:
    """Every field that a person has typed, wherever it lies now."""
    found: dict[str, object] = {}
    for binding in await Binding.all():
        found |= {"person": binding.person, "given": binding.name_given, "role": binding.role}
        found["phone"] = binding.phone_sealed is not None
    for row in await Registration.filter(superseded_at=None):
        found |= {"industry": row.industry, "staff": row.staff, "address": row.address}
    for promise in await Commitment.all():
        found |= {"legal": promise.legal_representative, "signed": promise.signed_at is not None}
        found |= {"sealed": promise.seal_file is not None, "promise": promise.state.value}
    for draft in await Draft.all():
        for name, entry in draft.entries.items():
            found[f"{draft.kind}:{name}"] = json.loads(entry["value"])
    results = await fetch(
        "SELECT a.scheme, s.answers FROM self_assessment s JOIN assessment a"
        " ON a.id = s.assessment_id"
    )
    for row in results:
        found |= {
            f"self:{row['scheme']}:{name}": one for name, one in json.loads(row["answers"]).items()
        }
    found["files"] = await StoredFile.filter(erased_at=None).count()
    for case in await CreditCase.all():
        found["case"] = (case.programme, case.number is not None)
    found["papers"] = await CaseMaterial.filter(superseded_at=None).count()
    return found


@pytest.fixture
async def road(published, db: str, tmp_path: Path) -> Road:
    opened = await people.opened(door=Door.MINI)
    return Road(db, tmp_path, opened.token, opened.member)


async def bind(road: Road) -> UUID:
    said = {"credit_code": people.code(77), "name": "晨星科技有限公司", "role": "legal",
            "person": "李强", "phone": "13900139000"}  # fmt: skip
    await road.ask("POST", "/api/claims", json=said)
    for where, value in (("person", "李强"), ("given", "晨星科技有限公司"), ("phone", True)):
        road.remember(where, value)
    binding = await Binding.get()
    await claim_reviews.approve(binding.id, actor=Staff("王芳"), now=road.now, reason="材料齐全")
    return binding.enterprise_id


async def describe(road: Road, here: str) -> None:
    said = {"industry": "C13", "staff": 86, "address": "北京市西城区", "status": "存续"}
    seen = str((await Registration.get(superseded_at=None)).id)
    await road.ask("POST", f"{here}/details", json=said | {"seen": seen})
    for name in ("industry", "staff", "address"):
        road.remember(name, said[name])


async def promise(road: Road, here: str) -> None:
    await road.ask("POST", f"{here}/commitment", json={"legal_representative": "李强"})
    road.remember("legal", "李强")
    await road.ask("POST", f"{here}/commitment/signature", json={"strokes": STROKES})
    road.remember("signed", True)
    kept = await road.ask("POST", f"{here}/files", files=papers.picture(), kind="seal")
    await road.ask("POST", f"{here}/commitment/papers", json={"file": kept["id"]})
    road.remember("sealed", True)
    road.remember("promise", "published")


async def assess(road: Road, here: str, scheme: str) -> None:
    place, given = f"{here}/self-assessments/{scheme}", ANSWERS[scheme]
    seen = 0
    for name, said in given.items():
        answered = await road.ask(
            "POST", f"{place}/answers", json={"seen": seen, "answers": {name: said}}
        )
        seen = answered["seen"]
        road.remember(f"self:{scheme}:{name}", said)
    await road.ask("POST", f"{place}/results")


async def apply(road: Road, here: str, enterprise: UUID, actor: Member) -> None:
    begun = await road.ask("POST", f"{here}/cases", json={"programme": PROGRAMME})
    case = UUID(begun["id"])
    road.remember("case", (PROGRAMME, False))
    kept = await road.ask("POST", f"{here}/files", files=applying.page(1), kind="business_licence")
    added = {"material": "business_licence", "file": kept["id"], "dated": ""}
    await road.ask("POST", f"{here}/cases/{case}/papers", json=added)
    assert await CaseMaterial.filter(superseded_at=None).count() == 1
    async with papers.cabinet_in(road.folder) as cabinet:
        await applying.Desk(enterprise, actor, cabinet, pages=1).fill(case, road.now)
    road.remember("papers", await CaseMaterial.filter(superseded_at=None).count())
    road.kept.remove(("case", (PROGRAMME, False)))
    await road.ask("POST", f"{here}/cases/{case}/submit", json={"truthful": True})
    road.remember("case", (PROGRAMME, True))


async def test_no_field_is_lost_wherever_the_process_is_killed(road: Road):
    enterprise = await bind(road)
    here = f"/api/enterprises/{enterprise}"
    await describe(road, here)
    for association in {people.ASSOCIATION, find_programme(PROGRAMME).issuer}:
        await people.join(enterprise, association=association)
    await promise(road, here)
    for scheme in (PUBLIC, RATING, INTEGRITY):
        await assess(road, here, scheme)
    await apply(road, here, enterprise, road.actor)
    await road.look()

    assert road.kills >= LEAST
    assert await Binding.all().count() == await Commitment.all().count() == 1
    assert await CreditCase.all().count() == 1
    assert await fetch("SELECT count(*) AS many FROM self_assessment") == [{"many": 3}]
