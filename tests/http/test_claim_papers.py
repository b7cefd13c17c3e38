"""The papers of a claim: handed in by their claimant, read by the staff, seen by nobody else."""

from dataclasses import replace

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from bot.app import build_app
from bot.config import Config
from bot.domain.actors import Staff
from bot.domain.errors import BadInput, NotFound
from bot.domain.files import WORDS, Media, Refusal
from bot.services import files, leafing, openings
from bot.web import equipped
from models import Binding
from tests import papers, people
from tests.conftest import NOW
from tests.http.phone import Phone, browser
from tests.http.test_members_pages import CLAIM, CODE

CLERK = Staff("周敏")


@pytest.fixture
async def house(db, redis_url, clock, tmp_path):
    async with (
        papers.cabinet_in(tmp_path) as cabinet,
        equipped(Config.read({}), redis_url, clock) as deps,
        TestClient(TestServer(build_app(replace(deps, cabinet=cabinet)))) as client,
    ):
        yield client, cabinet


async def hand_in(phone: Phone, place: str, kind: str, data: bytes, name: str = "a.jpg"):
    form = FormData()
    form.add_field("kind", kind)
    form.add_field("file", data, filename=name, content_type="application/octet-stream")
    return await phone.send(f"{place}/papers", form)


async def test_the_staff_read_what_the_claimant_hands_in_and_the_holder_does_not(house):
    client, cabinet = house
    holder, phone = await browser(client), await browser(client)
    one = await people.enterprise("真名实业有限公司", CODE)
    await people.bind(holder.member.user_id, one)
    place = (await phone.fill("/h5/bind", CLAIM)).headers["Location"]
    binding = (await Binding.get(user_id=phone.member.user_id)).id

    first = await hand_in(phone, place, "licence", papers.photo())
    second = await hand_in(phone, place, "letter", papers.pdf(), "letter.pdf")

    assert (first.status, second.status) == (303, 303)
    assert (await phone.read(place)).count("已上传") == 2
    shown = [
        leaf
        for paper in await leafing.of_claim(binding)
        async for leaf in leafing.pages(
            paper, actor=CLERK, why="审核绑定申请", now=NOW, cabinet=cabinet
        )
    ]
    assert [leaf.name for leaf in shown] == ["a.jpg", "letter.pdf"]
    assert {leaf.media_type for leaf in shown} == {Media.JPEG}  # a PDF comes as pictures
    with pytest.raises(NotFound):
        await leafing.of_claim(one)
    assert await files.listed(one, actor=holder.member, now=NOW) == ()
    assert await openings.listed(one, actor=holder.member, now=NOW) == ()
    for kept in await files.listed(one, actor=CLERK, now=NOW):
        with pytest.raises(NotFound):
            await files.found(kept.id, actor=holder.member, now=NOW)


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("licence", b"nothing that anybody could read", WORDS[Refusal.TYPE]),
        ("licence", b"", "请选择要上传的文件"),
        ("seal", b"x", "请先选择材料的种类"),
    ],
)
async def test_a_refused_paper_is_told_on_the_page(house, kind, data, sentence):
    phone = await browser(house[0])
    place = (await phone.fill("/h5/bind", CLAIM)).headers["Location"]

    answer = await hand_in(phone, place, kind, data, "a.jpg" if data else "")
    page = await answer.text()

    assert answer.status == 422
    assert sentence in page
    assert page.count("待上传") == 2


async def test_a_stranger_hands_in_nothing(house):
    client, _ = house
    phone, stranger = await browser(client), await browser(client)
    place = (await phone.fill("/h5/bind", CLAIM)).headers["Location"]

    answer = await hand_in(stranger, place, "licence", papers.photo())

    assert answer.status == 404
    assert (await Binding.get()).licence_file is None


async def test_a_member_keeps_no_paper_of_a_claim_by_themself(house):
    client, cabinet = house
    phone, one = await browser(client), await people.enterprise()
    await people.bind(phone.member.user_id, one)

    with papers.spooled(papers.photo(), "a.jpg") as upload, pytest.raises(BadInput):
        await files.keep(
            upload,
            kind="claim_licence",
            enterprise_id=one,
            actor=phone.member,
            now=NOW,
            cabinet=cabinet,
        )
