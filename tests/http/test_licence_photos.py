"""A licence is photographed once: it fills the form in, and the claim keeps it."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest

from bot.domain.bindings import Role
from bot.domain.enterprises import Details
from bot.domain.files import WORDS, Refusal
from bot.domain.sessions import Door
from bot.services import claim_reviews, enterprises, licence_photos, retention
from models import Binding, LicencePhoto, StoredFile
from tests import papers, people
from tests.conftest import NOW
from tests.doors import Doors, open_doors

CODE = "91140100MA0K9T2X38"
WORDS_ON_IT = {
    "reg_num": CODE, "enterprise_name": "太原云岫精密机械有限公司",
    "legal_representative": "王建国", "address": "太原市示例路18号",
    "registered_date": "2016年05月12日",
    "valid_period": "2016年05月12日至长期",
}  # fmt: skip
PHOTO = papers.photo((1200, 900))
TYPED = {"role": "agent", "person": "李强", "phone": "139 0013 9000"}
CLAIM = TYPED | {"credit_code": CODE, "name": "太原云岫精密机械有限公司"}


@dataclass
class Hand:
    """Somebody with a phone, at one of the doors."""

    doors: Doors
    opened: object
    folder: Path

    async def send(self, path: str, fields: dict | None = None, file: bytes = b""):
        form = aiohttp.FormData()
        for name, text in (fields or {}).items():
            form.add_field(name, text)
        form.add_field("file", file, filename="执照.jpg" if file else "")
        if path.startswith("/api/"):
            headers = {"Authorization": f"Bearer {self.opened.token}"}
        else:
            headers = {"Cookie": f"session={self.opened.token}", "Origin": self.doors.url}
        return await self.doors.ask("POST", path, data=form, headers=headers)

    async def read(self, fields: dict | None = None, file: bytes = PHOTO) -> str:
        answer = await self.send("/h5/bind/licence", fields, file)
        assert answer.status == 200
        return await answer.text()

    async def script(self, **answer: object) -> None:
        await self.doors.control("licence", {"answers": [answer or WORDS_ON_IT]})

    async def papers_of(self, claim: str) -> dict:
        headers = {"Authorization": f"Bearer {self.opened.token}"}
        answer = await self.doors.ask("GET", f"/api/claims/{claim}/papers", headers=headers)
        return await answer.json()


@pytest.fixture
async def hand(db, redis_url, tmp_path) -> AsyncIterator[Hand]:
    async with open_doors(redis_url, now=NOW, state_dir=tmp_path) as doors:
        yield Hand(doors, await people.opened(), tmp_path)


@pytest.fixture
async def mini(hand) -> Hand:
    hand.opened = await people.opened(door=Door.MINI)
    return hand


def given(page: str) -> dict[str, str]:
    """What stands in the fields of the form."""
    fields = re.findall(
        r'<input class="input[^"]*" id="f-\w+" name="(\w+)" [^>]*?value="([^"]*)"', page
    )
    chosen = re.findall(r'name="(role)" value="(\w+)"[^>]* checked', page)
    return {name: text for name, text in [*fields, *chosen] if text}


async def test_a_photo_fills_in_what_nobody_typed_and_nothing_that_was_typed_is_lost(hand):
    await hand.script()

    page = await hand.read(TYPED | {"name": "云岫机械"})

    assert given(page) == TYPED | {
        "credit_code": CODE, "name": "云岫机械", "legal_representative": "王建国",
        "founded_on": "2016-05-12", "address": "太原市示例路18号",
    }  # fmt: skip
    assert "照片上的名称是“太原云岫精密机械有限公司”，与您填的不一样" in page
    assert "照片已收到" in page


async def test_the_legal_representative_need_not_type_their_name_and_no_agent_gets_it(hand):
    people_named = {}
    for role in ("legal", "agent", ""):
        await hand.script()
        people_named[role] = given(await hand.read({"role": role} if role else {})).get("person")

    assert people_named == {"legal": "王建国", "agent": None, "": None}


async def test_the_photo_is_the_paper_of_the_claim_that_follows_and_of_no_other(hand):
    await hand.script()
    await hand.read(TYPED)

    sent = await hand.send("/h5/bind", CLAIM)
    await hand.send("/h5/bind", CLAIM | {"credit_code": people.code(920_001)})

    first = await Binding.get(id=sent.headers["Location"].rpartition("/")[2])
    second = await Binding.exclude(id=first.id).get()
    kept = await StoredFile.get()
    assert (first.licence_file, kept.kind, second.licence_file) == (kept.id, "claim_licence", None)
    assert await LicencePhoto.all().count() == 0
    assert len(papers.objects(hand.folder / "files-confidential")) == 1


async def test_a_photo_that_comes_with_the_claim_itself_is_its_paper_too(hand):
    wrong = await hand.send("/h5/bind", CLAIM | {"phone": "12"}, PHOTO)
    sent = await hand.send("/h5/bind", CLAIM)

    assert (wrong.status, "照片已收到" in await wrong.text()) == (422, True)
    assert sent.status == 303
    assert (await Binding.get()).licence_file is not None


@pytest.mark.parametrize("answer", [{"errcode": 101001}, {"errcode": 45009}])
async def test_a_photo_that_nobody_could_read_is_kept_all_the_same(hand, answer):
    await hand.script(**answer)

    page = await hand.read(TYPED)

    assert "直接填写" in page
    assert (given(page), "照片已收到" in page) == (TYPED, True)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [(b"", "请先拍照或者选一张"), (b"no picture at all", WORDS[Refusal.TYPE])],
)
async def test_what_is_no_photo_is_told_and_leaves_the_form_as_it_was(hand, file, sentence):
    page = await hand.read(TYPED, file)

    assert sentence in page
    assert (given(page), "照片已收到" in page) == (TYPED, False)
    assert await hand.doors.ledger("calls") == []


async def test_what_the_licence_says_enters_the_file_once_the_claim_is_believed(hand):
    stated = {"legal_representative": "王建国", "founded_on": "2016-05-12", "address": "太原"}
    one = await people.enterprise("太原云岫精密机械有限公司", CODE)
    await hand.send("/h5/bind", CLAIM | stated)
    binding = await Binding.get()
    before = (await enterprises.look(one)).details

    await claim_reviews.approve(binding.id, actor=people.TEST, now=NOW, reason="电话核实")

    assert before == Details()
    assert (await enterprises.look(one)).details == Details(
        legal_representative="王建国", founded_on=date(2016, 5, 12), address="太原"
    )


async def test_what_is_known_of_the_enterprise_is_not_overwritten_by_a_claim(hand):
    one = await people.enterprise("太原云岫精密机械有限公司", CODE)
    holder = await people.member()
    await people.bind(holder.user_id, one, Role.LEGAL)
    await enterprises.declare(one, Details(address="北京"), actor=holder, now=NOW)
    await hand.send("/h5/bind", CLAIM | {"address": "太原", "founded_on": "2016-05-12"})
    binding = await Binding.get(name_given__not="")

    await claim_reviews.confirm(binding.id, actor=holder, now=NOW)

    known = (await enterprises.look(one)).details
    assert (known.address, known.founded_on) == ("北京", date(2016, 5, 12))


async def test_a_founding_day_that_has_not_come_is_told_at_its_field(hand):
    answer = await hand.send("/h5/bind", CLAIM | {"founded_on": "2027-01-01"})

    assert (answer.status, "成立日期不对" in await answer.text()) == (422, True)
    assert await Binding.all().count() == 0


async def test_a_photo_for_which_no_claim_came_is_forgotten_after_a_day(hand):
    await hand.script()
    await hand.read()
    who = hand.opened.member
    later = NOW + licence_photos.LIVES

    assert await licence_photos.waits(who, now=later - timedelta(seconds=1))
    assert not await licence_photos.waits(who, now=later)
    assert (await retention.purge(now=later + timedelta(seconds=1)))["licence_photo"] == 1


async def test_the_mini_program_reads_claims_and_hands_in_the_same_way(mini):
    await mini.script()
    read = await (await mini.send("/api/licence", file=PHOTO)).json()
    headers = {"Authorization": f"Bearer {mini.opened.token}"}
    body = {
        name: read[name]
        for name in ("credit_code", "name", "legal_representative", "founded_on", "address")
    } | TYPED
    made = await mini.doors.ask("POST", "/api/claims", json=body, headers=headers)
    [claim] = (await made.json())["claims"]

    assert (read["term"], read["warnings"]) == ("在营业期限内", [])
    assert await mini.papers_of(claim["id"]) == {"licence": True, "letter": False}
    handed = await mini.send(f"/api/claims/{claim['id']}/papers", {"kind": "letter"}, papers.pdf())
    assert (handed.status, await handed.json()) == (200, {"licence": True, "letter": True})
    binding = await Binding.get()
    assert (binding.founded_on, binding.legal_representative) == (date(2016, 5, 12), "王建国")


@pytest.mark.parametrize(
    ("kind", "file", "status", "code"),
    [
        ("seal", PHOTO, 400, "bad_input"),
        ("letter", b"", 400, "bad_input"),
        ("letter", b"words", 422, "unreadable_file"),
    ],
)
async def test_a_refused_paper_has_its_code(mini, kind, file, status, code):
    headers = {"Authorization": f"Bearer {mini.opened.token}"}
    made = await mini.doors.ask("POST", "/api/claims", json=CLAIM, headers=headers)
    [claim] = (await made.json())["claims"]

    answer = await mini.send(f"/api/claims/{claim['id']}/papers", {"kind": kind}, file)

    assert (answer.status, (await answer.json())["error"]["code"]) == (status, code)


async def test_a_claim_of_somebody_else_takes_no_papers(mini):
    headers = {"Authorization": f"Bearer {mini.opened.token}"}
    made = await mini.doors.ask("POST", "/api/claims", json=CLAIM, headers=headers)
    [claim] = (await made.json())["claims"]
    mini.opened = await people.opened(door=Door.MINI)

    for number in (claim["id"], str(uuid4())):
        path = f"/api/claims/{UUID(number)}/papers"
        assert (await mini.send(path, {"kind": "letter"}, papers.pdf())).status == 404
