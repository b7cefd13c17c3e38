"""Applying on the phone without a script: all four programmes as far as they go today."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.app import build_app
from bot.config import Config
from bot.domain.actors import Staff
from bot.domain.case_papers import rule_of
from bot.domain.consents import Purpose
from bot.services import case_intake, consents, programmes
from bot.services.certificate_programmes import find_programme
from bot.web import equipped
from models import CaseMaterial, CaseStep, Consent, CreditCase
from tests import applying, papers, people
from tests.applying import BY_CASE, EVALUATION, RATING, SHANXI
from tests.conftest import NOW
from tests.http.phone import ORIGIN, Phone, browser, mini

STAFF = Staff("王芳")


@pytest.fixture
async def client(db: str, redis_url: str, clock, tmp_path: Path) -> AsyncIterator[TestClient]:
    config = Config.read({}).model_copy(update={"state_dir": tmp_path})
    async with equipped(config, redis_url, clock) as given:
        deps = replace(given, cabinet=papers.trusting(given.cabinet))
        async with TestClient(TestServer(build_app(deps))) as client:
            yield client


@pytest.fixture
async def phone(client) -> Phone:
    return await browser(client)


@pytest.fixture
async def firm(phone):
    return await applying.ready(phone.member)


async def upload(
    phone: Phone, path: str, *pages: bytes, name: str = "材料.jpg", **fields: str
) -> aiohttp.ClientResponse:
    form = aiohttp.FormData()
    for field, value in fields.items():
        if value:
            form.add_field(field, value)
    for data in pages:
        form.add_field("file", data, filename=name, content_type="image/jpeg")
    headers = {"Cookie": f"session={phone.token}", "Accept": "text/html", "Origin": ORIGIN}
    return await phone.client.post(path, data=form, headers=headers, allow_redirects=False)


async def begun(phone: Phone, firm, programme: str = RATING) -> str:
    answer = await phone.send(f"/h5/e/{firm}/cases/new/{programme}")
    assert answer.status == 303
    return answer.headers["Location"]


def action(page: str) -> tuple[str, str]:
    """The main button of a page: its words and where it leads."""
    found = re.search(r'<div class="dock">.*?<a [^>]*href="([^"]+)">([^<]+)</a>', page, re.DOTALL)
    assert found, page
    return found[2], found[1]


async def filled(phone: Phone, case: str) -> int:
    """Do what the main button says until it leads to the check page; how often it was."""
    seen: list[str] = []
    for times in range(30):
        words, place = action(await phone.read(case))
        if place.endswith("/check"):
            return times
        material = place.rsplit("/", 1)[1]
        dated = applying.dated(material, seen.count(material))
        seen.append(material)
        answer = await upload(phone, place, applying.page(100 + times), dated=dated)
        assert (answer.status, answer.headers["Location"]) == (303, case), words
    raise AssertionError("there is no end to it")


@pytest.mark.parametrize("programme", BY_CASE)
async def test_from_the_choice_to_the_number(phone, firm, programme):
    listed = await phone.read(f"/h5/e/{firm}/cases")
    offer = await phone.read(f"/h5/e/{firm}/cases/new/{programme}")
    case = await begun(phone, firm, programme)
    before = await phone.read(case)
    times = await filled(phone, case)
    check = await phone.read(f"{case}/check")
    refused = await phone.send(f"{case}/submit")
    done = await phone.send(f"{case}/submit", {"truthful": "yes"})
    thanks = await phone.read(done.headers["Location"])
    row = await CreditCase.get(enterprise_id=firm)
    after = await phone.read(case)

    wanted = find_programme(programme)
    needed = [one for one in wanted.materials_for(frozenset()) if one.required]
    assert f"/cases/new/{programme}" in listed
    assert (wanted.issuer in offer, "谁来决定" in offer) == (True, True)
    several = sum(rule_of(one.id).at_least - 1 for one in needed)  # years of one document
    assert times == len(needed) + several
    assert action(before)[0] == f"去准备材料（还差 {len(needed)} 项）"
    assert all(one.name in check for one in needed)
    assert refused.status == 422
    assert (row.number in thanks, "2026年3月3日前答复" in thanks) == (True, True)
    assert "待受理，由协会受理人员检查，2026年3月3日前" in after
    assert 'class="dock"' not in after  # it is not their turn


async def test_the_commitment_leads_to_its_own_page(phone, firm):
    page = await phone.read(f"/h5/e/{firm}/cases/new/commitment")
    refused = await phone.send(f"/h5/e/{firm}/cases/new/commitment")

    assert action(page) == ("去签署信用承诺", f"/h5/e/{firm}/commitment")
    assert "您是会员企业，免费" in page
    assert refused.status == 404


@pytest.mark.parametrize(
    ("programme", "words"),
    [
        (EVALUATION, "现在不收费。价目表为 18000 元，含理事会员资格 1 年，但收费还没有开放"),
        (RATING, "现在不收费。"),
        (SHANXI, "免费，不收取任何费用。"),
    ],
)
async def test_what_it_costs_is_said_before_anything_begins(phone, firm, programme, words):
    assert words in await phone.read(f"/h5/e/{firm}/cases/new/{programme}")


async def test_where_charging_is_on_the_price_is_said_before_and_after(phone, firm):
    await programmes.charge(
        EVALUATION, legal_basis="某省发展改革委批复", actor=STAFF, second="李强", now=NOW
    )
    priced = "18000 元，含理事会员资格 1 年，受理后、核实前支付。"
    listed = await phone.read(f"/h5/e/{firm}/cases")
    offer = await phone.read(f"/h5/e/{firm}/cases/new/{EVALUATION}")
    case = await begun(phone, firm, EVALUATION)
    await filled(phone, case)
    check = await phone.read(f"{case}/check")
    await phone.send(f"{case}/submit", {"truthful": "yes"})
    after = await phone.read(case)

    assert "18000 元" in listed
    assert (priced in offer, priced in check) == (True, True)
    assert "<dt>费用</dt><dd>18000 元，受理后、核实前支付</dd>" in after


async def test_who_may_not_apply_yet_is_led_to_what_is_missing(client):
    phone = await browser(client)
    firm = await people.enterprise()
    await people.bind(phone.member.user_id, firm)
    page = await phone.read(f"/h5/e/{firm}/cases/new/{RATING}")
    refused = await phone.send(f"/h5/e/{firm}/cases/new/{RATING}")

    assert action(page) == ("先办理：企业登记状态为存续", f"/h5/e/{firm}/details")
    assert (refused.status, "请先填写登记状态" in await refused.text()) == (422, True)


async def test_an_identity_card_brings_its_own_agreement_with_the_upload(phone, firm):
    await consents.revoke(Purpose.IDENTITY, actor=phone.member, now=NOW)
    place = f"{await begun(phone, firm, SHANXI)}/papers/representative_id"
    asked = await phone.read(place)
    without = await upload(phone, place, applying.page(1))
    agreed = await upload(phone, place, applying.page(1), agreed="1")
    after = await phone.read(place)

    assert ("敏感个人信息" in asked, "点“上传并检查”，即同意" in asked, "data-parts" in asked) == (
        True, True, False,
    )  # fmt: skip
    assert (without.status, "请您先阅读并同意" in await without.text()) == (422, True)
    assert (agreed.status, "敏感个人信息" in after, "data-parts" in after) == (303, False, True)
    given = await Consent.filter(purpose="identity", revoked_at=None).values_list("version")
    assert given == [(1,)]


async def test_a_returned_case_opens_on_the_exact_document(phone, firm):
    case = await begun(phone, firm)
    await filled(phone, case)
    await phone.send(f"{case}/submit", {"truthful": "yes"})
    row = await CreditCase.get(enterprise_id=firm)
    await case_intake.return_(row.id, {"premises": "租期已经过了"}, actor=STAFF, now=NOW)
    page = await phone.read(case)
    words, place = action(page)
    document = await phone.read(place)
    fixed = await upload(phone, place, applying.page(900))
    again = action(await phone.read(case))
    await phone.send(f"{case}/submit", {"truthful": "yes"})
    done = await phone.read(case)

    assert (words, place) == ("去补正材料（剩 7 天）", f"{case}/papers/premises")
    assert "待补正，由您办理，2026年3月9日前" in page
    assert "租期已经过了" in document
    assert fixed.status == 303
    assert again == ("核对并提交（剩 7 天）", f"{case}/check")
    assert ("待受理" in done, done.count("租期已经过了")) == (True, 1)  # in its history


async def test_a_document_is_several_photographs_and_one_may_go(phone, firm):
    case = await begun(phone, firm)
    place = f"{case}/papers/capital"
    await upload(phone, place, applying.page(1), applying.page(2))
    paper = await CaseMaterial.filter(material="capital").order_by("version").first()
    page = await phone.read(place)
    gone = await phone.send(f"{place}/remove", {"paper": str(paper.id)})
    nonsense = await phone.send(f"{place}/remove", {"paper": "everything"})

    assert page.count("移除这个文件") == 2
    assert (gone.status, nonsense.status) == (303, 404)
    assert (await phone.read(place)).count("移除这个文件") == 1


@pytest.mark.parametrize(
    ("material", "data", "dated", "words"),
    [
        ("capital", b"<html>" * 99, "", "只能上传"),
        ("statements", applying.page(3), "2019", "这是 2019 年度的"),
        ("statements", applying.page(3), "", "请填写所属年度"),
        ("credit_report", applying.page(3), "2025-01-01", "已超过 6 个月"),
    ],
)
async def test_a_wrong_file_is_refused_at_its_field_and_nothing_is_entered(
    phone, firm, material, data, dated, words
):
    place = f"{await begun(phone, firm)}/papers/{material}"
    answer = await upload(phone, place, data, dated=dated)

    assert (answer.status, words in await answer.text()) == (422, True)
    assert await CaseMaterial.all().count() == 0


async def test_what_was_found_on_a_file_stands_beside_it(phone, firm):
    case = await begun(phone, firm)
    await upload(phone, f"{case}/papers/capital", applying.page(1))
    again = await upload(phone, f"{case}/papers/premises", applying.page(1))
    page = await phone.read(again.headers["Location"])

    assert again.headers["Location"] == f"{case}/papers/premises"
    assert "同一个文件已经用在另一项材料里" in page


async def test_what_was_accepted_before_is_one_tap(phone, firm):
    first = await begun(phone, firm, SHANXI)
    await filled(phone, first)
    await phone.send(f"{first}/submit", {"truthful": "yes"})
    await case_intake.accept((await CreditCase.get()).id, actor=STAFF, now=NOW)
    place = f"{await begun(phone, firm)}/papers/business_licence"
    offered = re.search(r'name="paper" value="([0-9a-f-]+)"', await phone.read(place))[1]
    used = await phone.send(f"{place}/reuse", {"paper": offered})
    unknown = await phone.send(f"{place}/reuse", {"paper": str(firm)})

    assert (used.status, unknown.status) == (303, 404)
    assert "以前通过的材料" in await phone.read(place)


async def test_taking_it_back_is_asked_once_and_shown(phone, firm):
    case = await begun(phone, firm)
    assert "撤回后不能恢复" in await phone.read(f"{case}/withdraw")
    done = await phone.send(f"{case}/withdraw", {"reason": "重新准备"})
    page = await phone.read(case)
    file = await phone.read(f"/h5/e/{firm}/file")

    assert done.status == 303
    assert "已撤回，2026年3月2日结束" in page
    assert "中小企业信用评价（规范）：撤回申报" in file
    assert f'href="/h5/e/{firm}/cases/new/{RATING}"' in await phone.read(f"/h5/e/{firm}/cases")
    assert action(await phone.read(case)) == ("重新申报", f"/h5/e/{firm}/cases/new/{RATING}")


async def test_what_is_not_their_turn_changes_nothing(phone, firm):
    case = await begun(phone, firm)
    early = await phone.open(f"{case}/check")
    unsent = await phone.open(f"{case}/submitted")
    await filled(phone, case)
    await phone.send(f"{case}/submit", {"truthful": "yes"})
    late = await upload(phone, f"{case}/papers/capital", applying.page(77))
    twice = await phone.send(f"{case}/submit", {"truthful": "yes"})
    unknown = await phone.open(f"{case}/papers/invented")

    assert {early.headers["Location"], unsent.headers["Location"]} == {case}
    assert (late.status, twice.status, unknown.status) == (409, 303, 404)
    assert await CaseStep.filter(action="submit").count() == 1


async def test_the_mini_program_does_the_same(client):
    phone = await mini(client)
    firm = await applying.ready(phone.member)
    base = f"/api/enterprises/{firm}"
    _, everything = await phone.ask("GET", f"{base}/cases")
    asked = {one["id"]: one for one in everything["programmes"]}
    _, made = await phone.ask("POST", f"{base}/cases", {"programme": RATING})
    case = f"{base}/cases/{made['id']}"
    sure = {"truthful": True}
    too_early = await phone.ask("POST", f"{case}/submit", sure)
    _, whole = await phone.ask("GET", case)
    required = [one for one in whole["documents"] if one["required"]]
    required += [one for one in required if one["material"] == "statements"]  # of another year
    for number, wanted in enumerate(required):
        file = await kept(phone, firm, wanted["kind"], applying.page(300 + number))
        body = {"material": wanted["material"], "file": file}
        again = required[:number].count(wanted)
        body["dated"] = applying.dated(wanted["material"], again)
        status, found = await phone.ask("POST", f"{case}/papers", body)
        codes = [one["code"] for one in found["findings"]]
        unread = ["not_read"] if wanted["material"] == "business_licence" else []
        assert (status, codes) == (200, unread)  # nobody reads pictures here
    undeclared = await phone.ask("POST", f"{case}/submit", {"truthful": False})
    status, done = await phone.ask("POST", f"{case}/submit", sure)
    _, after = await phone.ask("GET", case)
    _, reusable = await phone.ask("GET", f"{case}/reusable/capital")
    over = await phone.ask("POST", f"{case}/withdraw", {"reason": "不办了"})

    assert set(asked) == {"commitment", *BY_CASE}
    assert (asked["commitment"]["by_case"], asked[RATING]["eligible"]) == (False, True)
    assert (undeclared[0], undeclared[1]["error"]["field"]) == (400, "truthful")
    assert (too_early[0], too_early[1]["error"]["code"]) == (409, "case_incomplete")
    assert (status, done["state"], done["turn"], done["due_on"]) == (
        200, "submitted", "intake", "2026-03-03",
    )  # fmt: skip
    assert (after["missing"], after["trail"][0]["action"]) == ([], "submit")
    assert reusable == {"papers": []}
    assert (over[0], over[1]["state"], over[1]["turn"]) == (200, "withdrawn", None)


async def kept(phone: Phone, firm, kind: str, data: bytes) -> str:
    form = aiohttp.FormData()
    form.add_field("kind", kind)
    form.add_field("file", data, filename="材料.jpg", content_type="image/jpeg")
    headers = {
        "Authorization": f"Bearer {phone.token}",
        "Idempotency-Key": uuid4().hex,
    }
    answer = await phone.client.post(f"/api/enterprises/{firm}/files", data=form, headers=headers)
    return (await answer.json())["id"]
