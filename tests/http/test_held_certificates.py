"""My certificates: the card, its papers, the plaque, in pages and API; and to nobody else."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp.test_utils import TestClient, TestServer
from tortoise.transactions import in_transaction

from bot.app import build_app
from bot.config import Config
from bot.deps import Deps, open_issuer, open_press
from bot.domain import qr
from bot.domain.actors import Staff
from bot.domain.certificate_token import address
from bot.domain.certificates import Action, Reason
from bot.domain.errors import NotFound, Stale
from bot.domain.papers import Address, NotNow, NotYetMade, OrderState
from bot.services import (
    certificate_life,
    certificate_signing,
    certificates,
    held_certificates,
    paper_making,
    papers,
    plaques,
    retention,
    signing_keys,
)
from bot.services.certificate_bases import Basis
from bot.services.paper_making import Desk
from bot.web import equipped
from models import AuditEntry, Job, JobState, Paper, PlaqueOrder
from tests import people
from tests.conftest import NOW
from tests.http.phone import Phone, browser, mini
from tests.onlooking import onlooker

STAFF = Staff("王芳")
TWO = Basis("demonstration", by="王芳", second="李强", reason="演示")
WHERE = {"person": "李秀英", "phone": "13900139000", "place": "浙江省杭州市余杭区文一西路 969 号"}


@dataclass
class House:
    deps: Deps
    client: TestClient
    phone: Phone
    firm: UUID
    number: str
    db: str

    @property
    def here(self) -> str:
        return f"/h5/e/{self.firm}/certificates/{self.number}"

    @property
    def api(self) -> str:
        return f"/api/enterprises/{self.firm}/certificates"

    async def picture(self) -> bytes | None:
        """What the chat would send, by a register that has seen everything."""
        verifier = self.deps.verifier
        await verifier.register.catch_up(await onlooker(self.db), now=NOW)
        cabinet = self.deps.cabinet
        return await held_certificates.picture(
            self.firm, verifier=verifier, now=NOW, cabinet=cabinet
        )

    async def printed(self, press) -> None:
        config = self.deps.config
        desk = Desk(press, self.deps.cabinet, self.deps.vault, config.public_url, config.production)
        await papers.order(now=NOW)
        for job in await Job.filter(kind=papers.MAKE, state=JobState.WAITING):
            await paper_making.make(job.payload, NOW, desk=desk)
            await Job.filter(id=job.id).update(state=JobState.DONE, finished_at=NOW)


@pytest.fixture
async def house(db: str, redis_url: str, clock, tmp_path: Path) -> AsyncIterator[House]:
    config = Config.read({"CREDIT_STATE_DIR": str(tmp_path)})
    async with (
        equipped(config, redis_url, clock) as deps,
        TestClient(TestServer(build_app(deps))) as client,
    ):
        phone = await browser(client)
        firm = await people.enterprise("晨星科技有限公司")
        await people.bind(phone.member.user_id, firm)
        async with in_transaction():
            made = await certificates.issue(
                enterprise_id=firm, programme="credit-evaluation", level="AAA", basis=TWO,
                actor=STAFF, now=NOW,
            )  # fmt: skip
        await certificate_signing.sign_waiting(issuer=open_issuer(config), now=NOW)
        yield House(deps, client, phone, firm, made.number, db)


async def test_the_list_says_the_state_in_words_and_leads_to_the_card(house):
    page = await house.phone.read(f"/h5/e/{house.firm}/certificates")

    assert f'href="{house.here}"' in page
    assert "企业信用评价 AAA" in page
    assert '<span class="tag ok">有效</span>' in page


async def test_who_holds_one_may_allow_us_to_remind_of_its_end(house):
    page = await house.phone.read(f"/h5/e/{house.firm}/certificates")

    assert 'data-allow="certificate_expires,annual_review_due"' in page
    assert re.search(r'src="[^"]*wechat[^"]*\.js" data-sdk=', page)


async def test_the_card_shows_the_time_of_opening_and_the_code_of_the_token(house):
    page = await house.phone.read(house.here)
    token = (await certificate_life.find(house.number)).token
    url = address(house.deps.config.public_url, house.number, token)

    assert 'datetime="2026-03-02T09:30:00+08:00" data-ticking>2026-03-02 09:30:00<' in page
    assert qr.svg(url, title="核验二维码") in page
    assert f'href="{house.here}/paper.pdf"' in page
    assert await Job.filter(kind=papers.MAKE).count() == 0  # looking at it prints nothing
    assert "王芳" not in page  # who of the staff did it is not told


async def test_picture_and_pdf_are_made_when_they_are_asked_for(house):
    """The page that waits looks again by itself, without a script, and not for ever."""
    press = open_press(house.deps.config, lambda: NOW)
    first = await house.phone.open(f"{house.here}/paper.pdf")
    again = await house.phone.open(f"{house.here}/share.png?looked=4")
    late = await house.phone.open(f"{house.here}/share.png?looked=30")
    asked = await Job.filter(kind=papers.MAKE).count()
    await house.printed(press)
    press.close()
    page = await house.phone.read(house.here)

    assert (first.status, "文件正在生成" in await first.text(), asked) == (202, True, 1)
    assert first.headers["Refresh"] == f"2; url={house.here}/paper.pdf?looked=1"
    assert again.headers["Refresh"] == f"2; url={house.here}/share.png?looked=5"
    assert ("Refresh" in late.headers, "比平时慢了些" in await late.text()) == (False, True)
    pdf = await house.phone.open(f"{house.here}/paper.pdf")
    png = await house.phone.open(f"{house.here}/share.png")

    assert f'href="{house.here}/share.png"' in page
    assert (pdf.content_type, (await pdf.read())[:5]) == ("application/pdf", b"%PDF-")
    assert pdf.headers["Content-Disposition"].startswith('attachment; filename="paper.pdf"')
    assert (png.content_type, (await png.read())[:4]) == ("image/png", b"\x89PNG")
    assert png.headers["Content-Disposition"].startswith("inline")
    assert png.headers["Cache-Control"] == "private, no-store"


async def test_a_revoked_one_shows_no_code_and_offers_nothing(house):
    await certificate_life.change(
        house.number, Action.REVOKE, reason=Reason.MISUSE, words="冒用细节", second="李强",
        actor=STAFF, now=NOW,
    )  # fmt: skip
    page = await house.phone.read(house.here)

    assert "这张证书现在不能使用" in page
    assert "核验二维码" not in page
    assert "share.png" not in page
    assert "冒用或转借证书" in page  # the class of the reason, not a person's words
    assert "冒用细节" not in page
    assert (await house.phone.open(f"{house.here}/paper.pdf")).status == 404
    refused = await house.phone.send(f"{house.here}/plaque", WHERE)
    assert (refused.status, "不能订牌匾" in await refused.text()) == (422, True)


async def test_of_a_stolen_key_the_card_says_so_and_offers_nothing(house):
    with pytest.raises(NotYetMade):
        await house.picture()
    press = open_press(house.deps.config, lambda: NOW)
    await house.printed(press)
    press.close()
    before = await house.picture()
    await signing_keys.compromise(1, from_=NOW, by="甲", second="乙", why="被盗", now=NOW)

    listed = await house.phone.read(f"/h5/e/{house.firm}/certificates")
    page = await house.phone.read(house.here)
    pdf = await house.phone.open(f"{house.here}/paper.pdf")
    png = await house.phone.open(f"{house.here}/share.png")
    refused = await house.phone.send(f"{house.here}/plaque", WHERE)

    assert '<span class="tag ended">签名已经失效</span>' in listed
    assert "这张证书现在不能使用" in page
    assert "协会核实后会重新签名" in page
    assert "核验二维码" not in page
    assert (pdf.status, png.status, refused.status) == (404, 404, 422)
    assert before
    assert await house.picture() is None


async def test_a_plaque_is_ordered_once_taken_back_and_ordered_again(house):
    first = await house.phone.send(f"{house.here}/plaque", WHERE)
    again = await house.phone.send(f"{house.here}/plaque", WHERE)
    page = await house.phone.read(house.here)
    row = await PlaqueOrder.get(certificate_id__isnull=False)
    back = await house.phone.send(f"{house.here}/plaque/cancel")
    third = await house.phone.send(f"{house.here}/plaque", WHERE)

    assert (first.status, first.headers["Location"]) == (303, house.here)
    assert (again.status, "已经登记过了" in await again.text()) == (422, True)
    assert "已登记，等待制作" in page
    assert "13900139000" not in page
    assert b"13900139000" not in row.address_sealed
    assert (back.status, third.status) == (303, 303)
    cancelled = await PlaqueOrder.get(id=row.id)
    assert (cancelled.state, cancelled.address_sealed) == (OrderState.CANCELLED, None)


async def test_a_refused_order_keeps_what_was_typed(house):
    answer = await house.phone.send(f"{house.here}/plaque", WHERE | {"phone": "电话"})
    page = await answer.text()

    assert answer.status == 422
    assert 'value="李秀英"' in page
    assert await PlaqueOrder.all().count() == 0


async def test_the_address_is_opened_by_a_named_person_only_and_the_parcel_is_told(house):
    await house.phone.send(f"{house.here}/plaque", WHERE)
    [one] = await plaques.listed(now=NOW)
    vault = house.deps.vault
    found = await plaques.address_of(one.id, actor=STAFF, vault=vault, now=NOW)
    await plaques.sent(one.id, "顺丰", "SF1234567890", actor=STAFF, now=NOW)
    with pytest.raises(Stale):
        await plaques.sent(one.id, "顺丰", "SF1234567890", actor=STAFF, now=NOW)
    page = await house.phone.read(house.here)

    assert found == Address(**WHERE)
    actions = {row.action for row in await AuditEntry.filter(kind="plaque_order")}
    assert actions == {"plaque.order", "plaque.address_read", "plaque.send"}
    assert "顺丰 SF1234567890" in page
    assert await plaques.listed(now=NOW) == []
    told = [job.payload["values"]["became"] for job in await Job.filter(kind="people.tell")]
    assert "牌匾已寄出" in told


async def ended(house, action: Action, reason: Reason) -> None:
    await certificate_life.change(
        house.number, action, reason=reason, words="核实", second="李强", actor=STAFF, now=NOW
    )


async def test_the_plaque_of_a_certificate_that_ends_is_cancelled_and_told(house):
    await house.phone.send(f"{house.here}/plaque", WHERE)
    [one] = await plaques.listed(now=NOW)

    await ended(house, Action.REVOKE, Reason.MISUSE)

    row = await PlaqueOrder.get(id=one.id)
    assert (row.state, row.address_sealed) == (OrderState.CANCELLED, None)
    assert await plaques.listed(now=NOW) == []
    with pytest.raises(Stale):
        await plaques.sent(one.id, "顺丰", "SF1234567890", actor=STAFF, now=NOW)
    with pytest.raises(NotNow):
        await plaques.artwork(one.id, cabinet=house.deps.cabinet, now=NOW)
    told = [job.payload for job in await Job.filter(kind="people.tell").order_by("id")]
    assert "牌匾已取消" in {one["values"]["became"] for one in told}
    assert {one["link"] for one in told} == {house.here}


async def test_the_artwork_of_a_plaque_that_was_sent_is_given_once_more(house):
    await house.phone.send(f"{house.here}/plaque", WHERE)
    [one] = await plaques.listed(now=NOW)
    cabinet = house.deps.cabinet
    press = open_press(house.deps.config, lambda: NOW)
    await house.printed(press)
    press.close()
    first = await plaques.artwork(one.id, cabinet=cabinet, now=NOW)
    await plaques.sent(one.id, "顺丰", "SF1234567890", actor=STAFF, now=NOW)

    again = await plaques.artwork(one.id, cabinet=cabinet, now=NOW)
    await Paper.all().delete()
    with pytest.raises(NotFound, match="没有留下"):
        await plaques.artwork(one.id, cabinet=cabinet, now=NOW)

    assert again == first


async def test_while_its_certificate_is_suspended_a_plaque_waits(house):
    await house.phone.send(f"{house.here}/plaque", WHERE)
    await ended(house, Action.SUSPEND, Reason.UNDER_CHECK)
    [one] = await plaques.listed(now=NOW)
    wanted = await papers.order(now=NOW)

    with pytest.raises(NotNow):
        await plaques.sent(one.id, "顺丰", "SF1234567890", actor=STAFF, now=NOW)

    assert (one.ready, one.state) == (False, OrderState.ORDERED)
    assert wanted == 0  # no artwork
    await ended(house, Action.RESUME, Reason.CLEARED)
    [one] = await plaques.listed(now=NOW)
    assert one.ready
    await plaques.sent(one.id, "顺丰", "SF1234567890", actor=STAFF, now=NOW)


async def test_after_a_change_of_name_the_plaque_is_made_under_the_new_one(house):
    await house.phone.send(f"{house.here}/plaque", WHERE)
    await people.rename(house.firm, "晨星云科技有限公司")
    new = await certificate_life.rename(house.number, words="换照", actor=STAFF, now=NOW)
    await certificate_signing.sign_waiting(issuer=open_issuer(house.deps.config), now=NOW)

    [one] = await plaques.listed(now=NOW)
    await papers.order(now=NOW)

    assert (one.number, one.name, one.ready) == (new.number, "晨星云科技有限公司", True)
    asked = [job.payload for job in await Job.filter(kind=papers.MAKE)]
    assert {"kind": "plaque", "subject": str(new.id)} in asked
    page = await house.phone.read(f"/h5/e/{house.firm}/certificates/{new.number}")
    assert "已登记，等待制作" in page


async def test_an_order_that_outlives_its_certificate_is_cancelled_at_night(house):
    await house.phone.send(f"{house.here}/plaque", WHERE)
    late = NOW + timedelta(days=3 * 366)

    assert (await plaques.cancel_ended(now=NOW), await plaques.cancel_ended(now=late)) == (0, 1)

    row = await PlaqueOrder.get(certificate_id__isnull=False)
    assert (row.state, row.address_sealed) == (OrderState.CANCELLED, None)


async def test_the_address_of_a_sent_plaque_goes_after_ninety_days(house):
    await house.phone.send(f"{house.here}/plaque", WHERE)
    [one] = await plaques.listed(now=NOW)
    await plaques.sent(one.id, "顺丰", "SF1234567890", actor=STAFF, now=NOW)
    second = timedelta(seconds=1)

    early = await retention.purge(now=NOW + timedelta(days=90))
    late = await retention.purge(now=NOW + timedelta(days=90) + second)

    assert (early["plaque_order.address"], late["plaque_order.address"]) == (0, 1)
    row = await PlaqueOrder.get(id=one.id)
    assert (row.state, row.parcel, row.address_sealed) == (OrderState.SENT, "SF1234567890", None)


async def test_the_api_tells_the_same(house):
    phone = await mini(house.client)
    await people.bind(phone.member.user_id, house.firm)
    status, listed = await phone.ask("GET", house.api)
    _, whole = await phone.ask("GET", f"{house.api}/{house.number}")
    ordered = await phone.ask("POST", f"{house.api}/{house.number}/plaque", WHERE)
    picture = await phone.ask("GET", f"{house.api}/{house.number}/picture")

    line = {
        "number": house.number, "programme": "企业信用评价", "level": "AAA", "state": "active",
        "word": "有效", "valid_from": "2026-03-02", "valid_to": "2029-03-01",
    }  # fmt: skip
    assert (status, listed) == (200, {"certificates": [line]})
    assert whole["certificate"] == line
    assert (whole["printed"], whole["rare"]) == (False, False)
    assert whole["history"] == [{"at": "2026-03-02T01:30:00Z", "title": "签发", "reason": ""}]
    assert (ordered[0], ordered[1]["word"]) == (200, "已登记，等待制作")
    assert (picture[0], picture[1]["error"]["code"]) == (503, "not_yet_made")


async def test_another_enterprise_has_no_such_certificate(house):
    other = await browser(house.client)
    theirs = await people.enterprise("别家有限公司")
    await people.bind(other.member.user_id, theirs)

    for page in ("", "/paper.pdf", "/share.png", "/plaque"):
        for firm in (theirs, house.firm):
            path = f"/h5/e/{firm}/certificates/{house.number}{page}"
            assert (await other.open(path)).status == 404
    with pytest.raises(NotFound):
        await plaques.order(
            theirs, house.number, Address(**WHERE), actor=other.member, vault=house.deps.vault,
            now=NOW + timedelta(days=1),
        )  # fmt: skip


async def test_the_credit_file_tells_of_the_certificate(house):
    page = await house.phone.read(f"/h5/e/{house.firm}/file?chapter=证书")

    assert f'<a href="{house.here}">证书签发：企业信用评价 AAA</a>' in page
