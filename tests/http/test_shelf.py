"""What anybody may read: who is graded, how, for how much; and nothing about persons anywhere."""

import asyncio
import io
import re
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from uuid import UUID
from xml.etree import ElementTree as ET

import pikepdf
import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from PIL import Image
from tortoise.transactions import in_transaction

from bot.app import build_app
from bot.config import Config
from bot.deps import open_issuer
from bot.domain.actors import Staff
from bot.domain.certificates import Action, Reason
from bot.domain.enterprises import Details
from bot.domain.papers import Address
from bot.handlers.public import sitemap
from bot.scoring.library import shipped_programmes, versions
from bot.services import (
    certificate_life,
    certificate_signing,
    certificates,
    commitment_publishing,
    commitments,
    downgrades,
    enterprises,
    fake_reports,
    files,
    graded,
    plaques,
    programmes,
    tickets,
)
from bot.services.certificate_bases import Basis
from bot.services.fake_reports import Told
from bot.web import equipped
from models import Certificate, StoredFile
from tests import papers, people
from tests.conftest import NOW
from tests.packs import LATER, V1, V2, publish
from tests.packs import PUBLIC as SCHEME
from tests.service.test_commitments import holder, published

STAFF = Staff("王芳")
TWO = Basis("demonstration", by="王芳", second="李强", reason="演示")
# Planted in every place that takes them; the name of the person is one that nothing else has.
MARKERS = {
    "identity": "330106198807153624",
    "phone": "13912345678",
    "address": "文一西路九百六十九号三楼",
    "representative": "欧阳不公开",
}


@pytest.fixture
async def served(db: str, redis_url: str, clock, tmp_path: Path) -> AsyncIterator[TestClient]:
    config = Config.read({"CREDIT_STATE_DIR": str(tmp_path)})
    async with (
        equipped(config, redis_url, clock) as deps,
        TestClient(TestServer(build_app(deps))) as client,
    ):
        client.deps = deps
        yield client


async def issue(
    client: TestClient,
    name: str,
    code: str = "",
    level: str = "AAA",
    *,
    programme: str = "credit-evaluation",
    one: UUID | None = None,
) -> str:
    number = await record(one or await people.enterprise(name, code), level, programme)
    await certificate_signing.sign_waiting(issuer=open_issuer(client.deps.config), now=NOW)
    return number


async def record(one: UUID, level: str, programme: str) -> str:
    """A certificate that waits for its signature."""
    async with in_transaction():
        made = await certificates.issue(
            enterprise_id=one, programme=programme, level=level, basis=TWO, actor=STAFF, now=NOW
        )
    return made.number


async def names(client: TestClient, query: str = "") -> list[str]:
    answer = await client.get(f"/api/public/graded{query}")
    return [one["name"] for one in (await answer.json())["enterprises"]]


async def test_graded_enterprises_are_found_by_name_code_region_and_level(served):
    await issue(served, "杭州明远科技有限公司", "91330100MA27XW2C3L")
    await issue(served, "太原云岫机械有限公司", "91140100MA0K9T2X38", level="AA")

    both = ["太原云岫机械有限公司", "杭州明远科技有限公司"]
    assert sorted(await names(served)) == both
    assert await names(served, "?words=明远") == both[1:]
    assert await names(served, "?words=杭州明远科技股份") == both[1:]
    assert await names(served, "?words=岫") == both[:1]
    assert sorted(await names(served, "?words=有限公司")) == both
    assert await names(served, "?words=91140100MA0K9T2X38") == both[:1]
    assert await names(served, "?region=33") == both[1:]
    assert await names(served, "?level=AA") == both[:1]
    assert await names(served, "?programme=credit-rating") == []
    assert await names(served, "?words=%25") == []  # what is typed is no pattern
    page = await (await served.get("/public/graded?region=14")).text()
    assert "太原云岫机械有限公司" in page
    assert "山西" in page
    assert "明远" not in page


async def test_grades_that_went_down_are_told_as_far_as_their_programme_says(served, monkeypatch):
    for name, programme in (("太原云岫有限公司", "shanxi-integrity"),
                            ("杭州明远有限公司", "credit-evaluation")):  # fmt: skip
        one = await people.enterprise(name)
        for level in ("A", "AAA", "AA"):
            await issue(served, "", level=level, programme=programme, one=one)
    for name, action, reason in (
        ("大同青禾有限公司", Action.REVOKE, Reason.MISUSE),
        ("长治金宇有限公司", Action.WITHDRAW, Reason.ON_REQUEST),
    ):
        number = await issue(served, name, programme="shanxi-integrity")
        await certificate_life.change(
            number, action, reason=reason, words="核查", second="李强", actor=STAFF, now=NOW
        )
    waits, never = (
        await people.enterprise("阳泉待签有限公司"),
        await people.enterprise("临汾未签有限公司"),
    )
    await issue(served, "", programme="shanxi-integrity", one=waits)
    for one, level in ((waits, "AA"), (never, "AAA"), (never, "AA")):
        unsigned = await record(one, level, "shanxi-integrity")
    await certificate_life.change(
        unsigned, Action.REVOKE, reason=Reason.MISUSE, words="核查", second="李强", actor=STAFF,
        now=NOW,
    )  # fmt: skip
    told = {}
    for who in ("member", "other"):
        one, opened = await people.enterprise(), await people.opened()
        await people.bind(opened.member.user_id, one)
        if who == "member":
            await people.join(one)
        cookie = {"Cookie": f"session={opened.token}"}
        told[who] = await (await served.get(f"/h5/e/{one}/notices", headers=cookie)).text()
    told["public"] = await (await served.get("/public/notices")).text()

    public = {"太原云岫有限公司": 1, "大同青禾有限公司": 1, "长治金宇有限公司": 0,
              "阳泉待签有限公司": 0, "临汾未签有限公司": 0}  # fmt: skip
    for who, members in (("public", 0), ("other", 0), ("member", 1)):
        counts = {name: told[who].count(name) for name in (*public, "杭州明远有限公司")}
        assert (who, counts) == (who, public | {"杭州明远有限公司": members})
        assert ("AAA 降为 AA" in told[who], "撤销 AAA" in told[who]) == (True, True)
    assert "企业信用评价的等级下调和撤销在会员范围内公布" in told["public"]
    private = tuple(
        one for one in shipped_programmes() if one.notice.downgrade_scope == downgrades.MEMBERS
    )
    monkeypatch.setattr(downgrades, "shipped_programmes", lambda: private)
    page = await served.get("/public/notices")
    assert (page.status, "太原云岫有限公司" in await page.text()) == (200, False)


async def test_who_searches_too_often_is_told_so_plainly(served):
    statuses = [(await served.get("/public/commitments?words=明远")).status for _ in range(119)]
    page = await served.get("/public/graded?words=明远")
    refused = await served.get("/public/graded?words=明远", headers={"Accept": "text/html"})
    listed = await served.get("/api/public/commitments")

    assert ({*statuses, page.status}, refused.status, listed.status) == ({200}, 429, 429)
    assert ("请等一分钟再查" in await refused.text(), refused.headers["Retry-After"]) == (
        True,
        "60",
    )


async def test_what_is_not_valid_today_is_not_listed(served):
    number = await issue(served, "杭州明远科技有限公司")
    await certificate_life.change(
        number, Action.SUSPEND, reason=Reason.UNDER_CHECK, words="核查", second="李强",
        actor=STAFF, now=NOW,
    )  # fmt: skip

    assert await names(served) == []


async def test_an_overdue_review_takes_it_off_the_list_by_itself(served):
    await issue(served, "杭州明远科技有限公司")
    row = await Certificate.first()
    wanted = graded.Wanted()

    async def shown(days: int) -> int:
        at = NOW.replace(year=row.review_due.year) + timedelta(days=days)
        return len((await graded.listed(wanted, now=at, production=False)).lines)

    assert (row.grace_days, await shown(29), await shown(30)) == (30, 1, 0)


async def test_what_was_made_to_be_shown_around_is_not_listed_in_production(served):
    await issue(served, "杭州明远科技有限公司")

    assert (await graded.listed(graded.Wanted(), now=NOW, production=True)).lines == ()


async def test_the_list_goes_on_page_by_page(served, monkeypatch):
    monkeypatch.setattr(graded, "PAGE", 2)
    wanted = sorted(f"第{n}号公司" for n in range(5))
    for name in wanted:
        await issue(served, name)
    seen: list[str] = []
    path = "/public/graded"
    while path:
        page = await (await served.get(path)).text()
        seen += re.findall(r"<b>(第\d号公司)</b>", page)
        more = re.search(r'href="(\?[^"]*after=[^"]*)"', page)
        path = "/public/graded" + more[1].replace("&amp;", "&") if more else ""

    assert sorted(seen) == wanted


@pytest.mark.parametrize("scheme", versions())
async def test_a_method_is_readable_with_its_interpretations(served, scheme):
    page = await (await served.get(f"/public/methods/{scheme}")).text()

    assert "解释清单" in page
    assert page.count("取值：") >= 5
    assert re.findall(r"X\d\d", page) == []  # our own numbers mean nothing to others


async def test_a_method_is_the_version_that_counts_today(served, clock):
    """Before the first publication the shipped file; a published one from its day on."""
    path, listed = f"/public/methods/{SCHEME}", "/public/methods"
    before = await (await served.get(path)).text()
    await publish(V1)
    await publish(V2, on=LATER)
    first = await (await served.get(path)).text()
    clock.now += timedelta(days=40)
    second = [await (await served.get(page)).text() for page in (path, listed)]

    assert "第 1 版。" in before
    assert ("第 1 版，2026年3月2日起施行" in first, "从 800 分起" in first) == (True, True)
    assert "第 2 版，2026年4月1日起施行" in second[0]
    assert ("从 790 分起" in second[0], "第 2 版" in second[1]) == (True, True)
    assert (await served.get("/public/methods/invented")).status == 404


async def test_prices_say_what_is_charged_and_what_is_not(served):
    page = await (await served.get("/public/prices")).text()

    assert "¥2,000.00</span>，包含会员资格 1 年" in page
    assert page.count("现在不收费") == 2
    assert page.count("按规定不收取任何费用") == 1
    assert "18,000" not in page


async def test_prices_follow_the_switch_and_name_the_basis(served):
    await programmes.charge(
        "credit-evaluation", legal_basis="某省发展改革委批复", actor=STAFF, second="李强", now=NOW
    )
    page = await (await served.get("/public/prices")).text()

    assert "¥18,000.00</span>，包含理事会员资格 1 年" in page
    assert "<dt>收费依据</dt><dd>某省发展改革委批复</dd>" in page
    assert page.count("现在不收费") == 1


async def places(served: TestClient, path: str) -> list[str]:
    """What a list of the map holds."""
    told = ET.fromstring(await (await served.get(path)).text())  # ours
    return [urlsplit(place.text).path for place in told.iter() if place.tag.endswith("loc")]


async def test_many_who_ask_for_one_page_of_the_map_at_once_have_it_made_once(served):
    asked, made = make_mocked_request("GET", "/sitemap-pages.xml", app=served.app), []

    async def all_places() -> Iterable[str]:
        made.append(1)
        return ("/public/about",)

    kept = sitemap.Kept()
    given = await asyncio.gather(*(kept.get(asked, "urlset", "url", all_places) for _ in range(5)))

    assert (len(made), len(set(given))) == (1, 1)


async def test_the_map_lists_public_pages_and_all_of_them_answer(served, clock, monkeypatch):
    monkeypatch.setattr(sitemap, "ON_ONE_PAGE", 2)
    rows = []
    for _ in range(3):
        one = await people.enterprise()
        await people.join(one)
        rows.append(await published(one, await holder(one), clock()))
        clock.now += timedelta(minutes=1)
    lists = await places(served, "/sitemap.xml")
    pages = [await places(served, path) for path in lists]
    paths = [path for page in pages for path in page]
    robots = await (await served.get("/robots.txt")).text()
    none = [f"/sitemap-commitments-{n}.xml" for n in ("3", "0", "x", "٣")]
    plain = await served.get("/sitemap-pages.xml", headers={"Accept-Encoding": "identity"})
    await commitment_publishing.take_down(
        rows[0].id, "核查不属实", actor=STAFF, second="李强", now=clock()
    )
    kept = await places(served, lists[1])
    clock.now += sitemap.LIVES
    renewed = await places(served, lists[1])

    assert lists == [
        "/sitemap-pages.xml", "/sitemap-commitments-1.xml", "/sitemap-commitments-2.xml",
    ]  # fmt: skip
    assert pages[1:] == [
        [f"/public/commitments/{row.id}" for row in part] for part in (rows[:2], rows[2:])
    ]
    assert [(await served.get(path)).status for path in none] == [404] * 4
    assert (plain.headers.get("Content-Encoding"), "/public/about" in await plain.text()) == (
        None, True,
    )  # fmt: skip
    assert (kept, renewed) == (pages[1], [pages[1][1], *pages[2]])
    assert [path for path in paths if (await served.get(path)).status != 200] == []
    closed = re.findall(r"Disallow: (\S+)", robots)
    assert [path for path in paths if path.startswith(tuple(closed))] == []
    assert "Sitemap: http://127.0.0.1:8080/sitemap.xml" in robots


async def test_whatever_anybody_can_reach_holds_nothing_of_a_person(served):
    """Markers in every place that takes them, then every address that leads on from the home."""
    await plant(served)
    await plant_papers(served)
    seen, waiting = dict[str, bytes](), ["/", "/sitemap.xml", "/robots.txt", "/api/openapi.json"]
    waiting += ["/api/public/commitments", "/api/public/graded", "/certificates/keys.json"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        answer = await served.get(path, allow_redirects=False)
        body = seen[path] = await answer.read()
        if "text" in answer.content_type or "xml" in answer.content_type:
            words = body.decode()
            found = re.findall(r'(?:href|src)="([^"]+)"|<loc>([^<]+)</loc>', words)
            for address in (one or other for one, other in found):
                place = urlsplit(urljoin(path, address.replace("&amp;", "&")))
                if place.netloc in {"", "127.0.0.1:8080"} and place.scheme in {"", "http"}:
                    waiting.append(place.path + (f"?{place.query}" if place.query else ""))

    assert len(seen) > 25
    assert any(path.startswith("/public/commitments/") for path in seen)
    assert any("杭州远山" in body.decode(errors="replace") for body in seen.values())
    assert any("杭州明远" in body.decode(errors="replace") for body in seen.values())
    leaks = [
        (path, what)
        for path, body in seen.items()
        for what, marker in MARKERS.items()
        if marker.encode() in body
    ]
    assert leaks == []
    assert [path for path in seen if path.endswith((".pdf", "share.png"))] == []
    for row in await StoredFile.all():  # whoever guesses a name gets nothing either
        for place in (f"/h5/files/{row.id}", f"/api/files/{row.id}", f"/a/{row.id}"):
            assert (await served.get(place, allow_redirects=False)).status != 200


def marked() -> tuple[bytes, bytes]:
    """A photo and a document that say in places nobody sees who made them."""
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = MARKERS["identity"], MARKERS["phone"]
    photo, made = (
        papers.picture(exif=exif.tobytes(), comment=MARKERS["phone"].encode()),
        io.BytesIO(),
    )
    with pikepdf.open(io.BytesIO(papers.pdf())) as document:
        document.docinfo["/Author"] = MARKERS["identity"]
        document.docinfo["/Title"] = MARKERS["phone"]
        document.save(made)
    return photo, made.getvalue()


async def plant_papers(client: TestClient) -> None:
    """A commitment that is public by its photographed letter, a document, a reported photo."""
    one = await people.enterprise("杭州远山科技有限公司")
    await people.join(one)
    owner, cabinet = await holder(one), client.deps.cabinet
    await commitments.prepare(one, "李强", status="存续", actor=owner, now=NOW)
    photo, document = marked()
    with papers.spooled(photo, f"{MARKERS['phone']}.jpg") as upload:
        letter = await files.keep(
            upload, kind="commitment_letter", enterprise_id=one, actor=owner, now=NOW,
            cabinet=cabinet,
        )  # fmt: skip
    with papers.spooled(document, "执照.pdf") as upload:
        licence = await files.keep(
            upload, kind="business_licence", enterprise_id=one, actor=owner, now=NOW,
            cabinet=cabinet,
        )  # fmt: skip
    await commitments.put_letter(one, letter.id, letter.sha256, actor=owner, now=NOW)
    for file in (letter, licence):
        clean = await files.opened(file.id, actor=STAFF, why="核对", now=NOW, cabinet=cabinet)
        assert not any(marker.encode() in clean.data for marker in MARKERS.values())
    with papers.spool(photo) as picture:
        told = Told("", MARKERS["address"], "", MARKERS["phone"], picture)
        await fake_reports.take(told, asker="x", cabinet=cabinet, now=NOW)


async def plant(client: TestClient) -> None:
    """An enterprise that has told us everything, a public commitment, a certificate, a plaque."""
    one = await people.enterprise("杭州明远科技有限公司", "91330100MA27XW2C3L")
    await people.join(one)
    owner = await holder(one)
    await enterprises.declare(
        one,
        Details(
            legal_representative=MARKERS["representative"],
            address=MARKERS["address"],
            industry="C26",
        ),
        actor=owner,
        now=NOW,
    )
    await published(one, owner, person=MARKERS["representative"])
    await people.on_roster(one, MARKERS["phone"], vault=client.deps.vault)
    async with in_transaction():
        made = await certificates.issue(
            enterprise_id=one, programme="credit-evaluation", level="AAA",
            basis=Basis("demonstration", by="王芳", second="李强", reason=MARKERS["identity"]),
            actor=STAFF, now=NOW,
        )  # fmt: skip
    await certificate_signing.sign_waiting(issuer=open_issuer(client.deps.config), now=NOW)
    where = Address(MARKERS["representative"], MARKERS["phone"], MARKERS["address"])
    await plaques.order(one, made.number, where, actor=owner, vault=client.deps.vault, now=NOW)
    async with in_transaction():
        asked = f"我的身份证号是{MARKERS['identity']}"
        await tickets.open_ticket("wx", "o", asked, vault=client.deps.vault, now=NOW)
