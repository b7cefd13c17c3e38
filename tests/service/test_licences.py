"""Reading a licence for a form: what comes back, what is refused, and that nothing is kept."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from bot.clients.database import fetch
from bot.clients.wechat_account import WeChatHttp
from bot.domain.actors import Member
from bot.domain.files import Unreadable
from bot.domain.licences import Licence, Term
from bot.domain.sessions import Door
from bot.services import licences, retention
from models.ids import new_id
from tests import papers
from tests.conftest import NOW
from tests.doors import Doors, open_doors
from tests.faults import poison

PHOTO = b"\xff\xd8\xff" + bytes(500)
ACTOR = Member(new_id(NOW), new_id(NOW), Door.H5, NOW, NOW + timedelta(days=7))


@dataclass
class Desk:
    doors: Doors
    wechat: WeChatHttp

    async def read(self, picture: bytes = PHOTO, actor: Member = ACTOR) -> Licence:
        return await licences.read(
            picture, wechat=self.wechat, actor=actor, now=self.doors.clock.now
        )

    async def script(self, **answer: object) -> None:
        await self.doors.control("licence", {"answers": [answer]})


@pytest.fixture
async def desk(db, redis_url) -> AsyncIterator[Desk]:
    async with open_doors(redis_url, now=NOW) as doors:
        yield Desk(doors, doors.accounts.service)


async def test_a_photo_becomes_a_proposal_and_leaves_nothing_behind(desk):
    await desk.script(
        reg_num="91140100MA0K9T2X38", enterprise_name="太原云岫精密机械有限公司",
        legal_representative="王建国", address="太原市示例路18号",
        registered_date="2016年05月12日", valid_period="2016年05月12日至长期",
    )  # fmt: skip

    read = await desk.read()

    assert read == Licence(
        "91140100MA0K9T2X38", "太原云岫精密机械有限公司", "王建国", date(2016, 5, 12),
        "太原市示例路18号", Term.OPEN, (),
    )  # fmt: skip
    assert await fetch("SELECT count(*) AS n FROM fact") == [{"n": 0}]
    assert await fetch("SELECT count(*) AS n FROM enterprise") == [{"n": 0}]


async def test_either_account_can_read_it(desk):
    both = [desk.doors.accounts.service, desk.doors.accounts.mini]

    names = {(await licences.read(PHOTO, wechat=one, actor=ACTOR, now=NOW)).name for one in both}

    assert len(names) == 1
    assert "有限公司" in names.pop()


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ({"errcode": 101001}, licences.Unreadable),
        ({"errcode": 101000}, licences.Unreadable),
        ({"errcode": 101002}, licences.UsedUp),
        ({"errcode": 45009}, licences.UsedUp),
        ({"errcode": 48001}, licences.Off),
        ({"errcode": -1}, licences.Off),
    ],
)
async def test_each_refusal_of_wechat_becomes_words_that_say_what_to_do(desk, answer, refusal):
    await desk.script(**answer)

    with pytest.raises(refusal, match="直接填写"):
        await desk.read()


@pytest.mark.parametrize(
    "make",
    [lambda: papers.photo((4000, 3000), turned=6), papers.pdf, poison.heic],
    ids=["photo", "pdf", "heic"],
)
async def test_what_a_phone_takes_is_made_small_enough_behind_the_walls(tmp_path, make):
    async with papers.cabinet_in(tmp_path) as cabinet:
        with papers.spool(make()) as given:
            picture = await licences.legible(given, jail=cabinet.jail)

    assert picture.startswith(b"\xff\xd8\xff")
    assert len(picture) <= licences.LARGEST


async def test_what_is_no_picture_is_refused_with_words(tmp_path):
    async with papers.cabinet_in(tmp_path) as cabinet:
        with papers.spool(b"<svg>") as given, pytest.raises(Unreadable, match="只能上传"):
            await licences.legible(given, jail=cabinet.jail)


async def test_without_wechat_the_form_is_filled_in_by_hand():
    with pytest.raises(licences.Off, match="直接填写"):
        await licences.read(PHOTO, wechat=None, actor=ACTOR, now=NOW)


async def test_the_eleventh_reading_of_a_day_waits_for_the_next_day(desk):
    for _ in range(licences.READINGS_A_DAY):
        await desk.read()

    with pytest.raises(licences.UsedUp):
        await desk.read()

    other = await desk.read(actor=replace(ACTOR, user_id=new_id(NOW)))
    desk.doors.clock.now = NOW + timedelta(days=1)
    assert (await desk.read()).name == other.name


async def test_the_count_of_a_day_is_forgotten_when_it_is_over(desk):
    await desk.read()

    gone = [(await retention.purge(now=NOW + timedelta(days=n)))["ration"] for n in (1, 3)]

    assert gone == [0, 1]
