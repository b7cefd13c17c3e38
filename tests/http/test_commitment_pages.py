"""A commitment on the phone: from the intro to the public page, and every way to go wrong."""

import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image, ImageDraw

from bot.app import build_app
from bot.config import Config
from bot.domain.bindings import Role
from bot.domain.commitments import State
from bot.services import commitment_publishing, commitments, public_commitments
from bot.web import equipped
from models import Commitment
from tests import papers, people
from tests.applying import describe
from tests.conftest import NOW
from tests.http.phone import ORIGIN, Phone, browser
from tests.service.test_commitments import STAFF, STROKES, published


@pytest.fixture
async def client(db: str, redis_url: str, clock, tmp_path: Path) -> AsyncIterator[TestClient]:
    config = Config.read({}).model_copy(update={"state_dir": tmp_path})
    async with (
        equipped(config, redis_url, clock) as deps,
        TestClient(TestServer(build_app(deps))) as client,
    ):
        yield client


@pytest.fixture
async def phone(client) -> Phone:
    return await browser(client)


@pytest.fixture
async def firm(phone):
    one = await people.enterprise("晨星科技有限公司")
    await people.bind(phone.member.user_id, one)
    await people.join(one)
    return one


def seal() -> bytes:
    """A photograph of a red ring."""
    picture = Image.new("RGB", (600, 600), "white")
    ImageDraw.Draw(picture).ellipse((45, 45, 555, 555), outline=(190, 50, 40), width=55)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    return file.getvalue()


async def send_picture(phone: Phone, path: str, data: bytes) -> aiohttp.ClientResponse:
    form = aiohttp.FormData()
    form.add_field("picture", data, filename="seal.jpg", content_type="image/jpeg")
    headers = {"Cookie": f"session={phone.token}", "Accept": "text/html", "Origin": ORIGIN}
    return await phone.client.post(path, data=form, headers=headers, allow_redirects=False)


async def begun(phone: Phone, firm) -> str:
    here = f"/h5/e/{firm}/commitment"
    answer = await phone.send(
        here, {"legal_representative": "李强", "status": "存续", "agreed": "1"}
    )
    assert (answer.status, answer.headers["Location"]) == (303, f"{here}/sign")
    return here


async def test_who_has_a_stamped_letter_goes_straight_to_handing_it_in(phone, firm):
    here = f"/h5/e/{firm}/commitment"
    given = {"legal_representative": "李强", "status": "存续", "agreed": "1", "how": "letter"}

    answer = await phone.send(here, given)

    assert (answer.status, answer.headers["Location"]) == (303, f"{here}/letter")


async def test_from_the_intro_to_the_public_page(phone, firm):
    here = f"/h5/e/{firm}/commitment"
    intro = await phone.read(here)
    await begun(phone, firm)
    signed = await phone.send(f"{here}/sign", {"signature": STROKES})
    sealed = await send_picture(phone, f"{here}/seal", seal())
    done = await phone.read(here)
    public = re.search(r'href="(/public/commitments/[0-9a-f-]+)"', done)[1]
    seen = await (await phone.client.get(public)).text()

    assert "您是会员企业，免费" in intro
    assert signed.headers["Location"] == f"{here}/seal"
    assert (sealed.status, sealed.headers["Location"]) == (303, here)
    assert "已公示" in done
    assert ("data-allow=" in intro, "data-allow=" in done) == (False, True)
    for words in ("晨星科技有限公司", "法定代表人已签字", "示范文本", "诚信履约"):
        assert words in seen
    assert "李强" not in seen  # no person on a public page
    listed = await (await phone.client.get("/public/commitments?words=晨星")).text()
    assert public in listed


async def test_the_preview_is_what_the_public_will_see(phone, firm):
    here = await begun(phone, firm)
    preview = sheet(await phone.read(here))
    await phone.send(f"{here}/sign", {"signature": STROKES})
    await send_picture(phone, f"{here}/seal", seal())
    row = await Commitment.get(enterprise_id=firm)
    public = sheet(await (await phone.client.get(f"/public/commitments/{row.id}")).text())

    number = f"<div><dt>证书编号</dt><dd>{row.certificate}</dd></div>"
    assert re.sub(r"\s", "", preview) == re.sub(r"\s", "", public).replace(number, "")


def sheet(page: str) -> str:
    return page[page.index("<h2>企业信用承诺书</h2>") : page.rindex("</ul>\n</section>")]


async def test_without_a_name_or_consent_nothing_begins_and_what_was_typed_stays(phone, firm):
    here = f"/h5/e/{firm}/commitment"
    refused = await phone.send(here, {"legal_representative": "李强"})
    page = await refused.text()

    assert refused.status == 422
    assert 'value="李强"' in page
    assert "同意公开" in page
    assert await Commitment.all().count() == 0


@pytest.mark.parametrize(
    ("strokes", "words"), [("", "手写签名"), ("[]", "签名"), ("{", "没有收到完整的签名")]
)
async def test_a_signature_that_is_none_is_refused_in_words(phone, firm, strokes, words):
    here = await begun(phone, firm)
    refused = await phone.send(f"{here}/sign", {"signature": strokes})

    assert refused.status == 422
    assert words in await refused.text()


async def test_a_picture_without_a_seal_is_asked_about_before_anybody_sees_it(phone, firm):
    here = await begun(phone, firm)
    await phone.send(f"{here}/sign", {"signature": STROKES})
    asked = await send_picture(phone, f"{here}/seal", papers.picture(sealed=False))
    page = await asked.text()
    before = await Commitment.get(enterprise_id=firm)
    file = re.search(r'name="use" value="([0-9a-f-]{36})"', page)[1]
    other = await use_picture(await browser(phone.client), here, file)
    again = await use_picture(phone, here, file)
    row = await Commitment.get(enterprise_id=firm)

    assert (asked.status, "看不出有没有盖章" in page) == (422, True)
    assert (before.seal_file, other, again) == (None, 404, 303)
    assert (str(row.seal_file), row.state) == (file, State.PUBLISHED)


async def use_picture(phone: Phone, here: str, file: str) -> int:
    form = aiohttp.FormData()
    form.add_field("use", file)
    form.add_field("picture", b"", filename="", content_type="application/octet-stream")
    headers = {"Cookie": f"session={phone.token}", "Accept": "text/html", "Origin": ORIGIN}
    answer = await phone.client.post(
        f"{here}/seal", data=form, headers=headers, allow_redirects=False
    )
    return answer.status


async def test_a_file_that_is_no_picture_is_refused_in_words(phone, firm):
    here = await begun(phone, firm)
    refused = await send_picture(phone, f"{here}/seal", b"<html><script>alert(1)</script>" * 50)
    empty = await send_picture(phone, f"{here}/seal", b"")

    assert (refused.status, empty.status) == (422, 400)
    assert "请先选择一张照片" in await empty.text()
    assert 'id="f-picture"' in await refused.text()  # the page to choose another one
    assert (await Commitment.get(enterprise_id=firm)).seal_file is None


async def test_an_agent_forwards_a_link_and_the_representative_signs_without_a_login(
    client, phone, firm
):
    agent = await browser(client)
    await people.bind(agent.member.user_id, firm, Role.AGENT)
    here = await begun(agent, firm)
    mine = await agent.read(f"{here}/sign")
    made = await (await agent.send(f"{here}/forward")).text()
    path = re.search(r"(/h5/s/[A-Za-z0-9_-]{43})<", made)[1]
    for _ in range(3):  # link previews of chat programs open it as well
        opened = await (await client.get(path)).text()
    done = await client.post(path, data={"signature": STROKES}, headers={"Origin": ORIGIN})
    again = await client.get(path, headers={"Accept": "text/html"})

    assert "data-signature" not in mine
    assert "请法定代表人<b>李强</b>本人签署" in opened
    assert "签字完成" in await done.text()
    assert (again.status, "已经用过或者过期" in await again.text()) == (409, True)


async def test_who_is_not_a_member_is_told_the_amount_before_and_after(client):
    phone = await browser(client)
    firm = await people.enterprise("启明制造有限公司")
    await people.bind(phone.member.user_id, firm)
    intro = await phone.read(f"/h5/e/{firm}/commitment")
    here = await begun(phone, firm)
    await phone.send(f"{here}/sign", {"signature": STROKES})
    await send_picture(phone, f"{here}/seal", seal())
    waiting = await phone.read(here)

    assert "非会员企业收费 2000 元，包含会员资格1年" in intro
    assert "等待缴费" in waiting
    assert "缴费 2000 元后马上公示，包含会员资格1年" in waiting
    assert (await client.get("/public/commitments?words=启明")).status == 200
    assert "启明" not in await (await client.get("/public/commitments")).text()


async def test_what_waits_for_its_fee_is_given_up_or_goes_public_with_the_membership(client):
    phone = await browser(client)
    firms = [await people.enterprise() for _ in range(2)]
    for firm in firms:
        await people.bind(phone.member.user_id, firm)
        await published(firm, phone.member)
    left, joined = (f"/h5/e/{firm}/commitment" for firm in firms)
    given_up, again = [await phone.send(f"{left}/abandon", {}) for _ in range(2)]
    await people.join(firms[1])

    for answer in (given_up, again):  # the first answer may have been lost
        assert (answer.status, answer.headers["Location"]) == (303, left)
    assert "开始签署" in await phone.read(left)
    assert "已公示" in await phone.read(joined)


async def test_the_state_of_the_registration_is_asked_for_and_decides(phone, firm):
    here = f"/h5/e/{firm}/commitment"
    asked = await phone.read(here)
    given = {"legal_representative": "李强", "agreed": "1"}
    unsaid = await phone.send(here, given)
    ended = await phone.send(here, given | {"status": "注销"})
    words = await ended.text()
    await describe(firm, status="吊销")
    stopped = await phone.read(here)

    assert 'name="status"' in asked
    assert (unsaid.status, ended.status) == (422, 422)
    assert "请先填写登记状态" in await unsaid.text()
    assert "登记状态是“注销”" in words
    assert 'value="李强"' in words
    assert "现在不能签署" in stopped
    assert "开始签署" not in stopped
    assert await Commitment.all().count() == 0


async def test_signing_anew_shows_the_new_one_and_replaces_the_old(phone, firm, clock):
    old = await published(firm, phone.member)
    here = f"/h5/e/{firm}/commitment"
    clock.now = NOW + timedelta(days=6)
    shown = await phone.read(here)
    asked = await phone.read(f"{here}/again")
    await begun(phone, firm)
    preview = await phone.read(here)
    await phone.send(f"{here}/sign", {"signature": STROKES})
    await send_picture(phone, f"{here}/seal", seal())
    await old.refresh_from_db()
    new = await Commitment.get(enterprise_id=firm, state="published")

    assert f"{here}/again" in shown
    for page in (sheet(asked), sheet(preview)):
        assert "2026年3月8日" in page
        assert old.certificate not in page
    assert "原来的继续有效" in preview
    assert (old.state, new.published_at) == (State.REPLACED, clock.now)
    assert new.certificate in sheet(await phone.read(here))


async def test_who_signed_on_paper_gets_the_letter_that_they_handed_in(phone, firm):
    here = await begun(phone, firm)
    await send_picture(phone, f"{here}/letter", seal())
    row = await Commitment.get(enterprise_id=firm)
    page = await phone.read(here)
    got = await phone.client.get(
        f"/h5/files/{row.letter_file}", headers={"Cookie": f"session={phone.token}"}
    )

    assert f'href="/h5/files/{row.letter_file}"' in page
    assert "letter.pdf" in page  # the worker makes it around the photograph
    assert (got.status, got.content_type) == (200, "image/jpeg")


async def test_a_take_down_is_told_with_whom_to_talk_to(phone, firm):
    row = await published(firm, phone.member)
    await commitment_publishing.take_down(row.id, "公章不符", actor=STAFF, second="赵敏", now=NOW)
    page = await phone.read(f"/h5/e/{firm}/commitment")

    assert "协会已撤下" in page
    assert "请先联系协会" in page
    assert "开始签署" not in page


async def test_withdrawing_is_shown_to_the_public_with_its_day(phone, firm):
    here = await begun(phone, firm)
    await phone.send(f"{here}/sign", {"signature": STROKES})
    await send_picture(phone, f"{here}/seal", seal())
    row = await Commitment.get(enterprise_id=firm)
    no_reason = await phone.send(f"{here}/withdraw", {"reason": ""})
    await phone.send(f"{here}/withdraw", {"reason": "公司停止经营"})
    seen = await (await phone.client.get(f"/public/commitments/{row.id}")).text()

    assert no_reason.status == 422
    assert "企业已撤回" in seen
    assert "公司停止经营" not in seen  # why is between them and the association
    standing = await commitments.standing(firm, actor=phone.member, now=NOW + timedelta(days=1))
    assert standing.public is None


async def test_of_who_left_the_public_is_told_so_and_the_promise_stays(phone, firm, clock):
    row = await published(firm, phone.member)
    before = await (await phone.client.get(f"/public/commitments/{row.id}")).text()
    clock.now = NOW + timedelta(days=365)

    after = await (await phone.client.get(f"/public/commitments/{row.id}")).text()

    assert '<span class="tag ok">已公示</span>' in before
    assert '<span class="tag ended">会员资格已终止</span>' in after
    assert "已公示" not in sheet(after)
    assert "已终止，到2026年12月31日为止" in after
    assert (await Commitment.get(id=row.id)).state is State.PUBLISHED


async def test_the_list_goes_on_page_by_page(phone, firm, monkeypatch):
    monkeypatch.setattr(public_commitments, "PAGE", 2)
    for number in range(5):
        one = await people.enterprise(f"第{number}号公司")
        await people.join(one)
        await people.bind(phone.member.user_id, one)
        await published(one, phone.member)
    names: list[str] = []
    path = "/public/commitments"
    while path:
        page = await (await phone.client.get(path)).text()
        names += re.findall(r"<span>(第\d号公司)</span>", page)
        more = re.search(r'href="(\?[^"]*after=[^"]*)"', page)
        path = "/public/commitments" + more[1].replace("&amp;", "&") if more else ""

    assert sorted(names) == [f"第{n}号公司" for n in range(5)]
