"""The whole journey of a member on a phone, for every programme, with a script and without.

From the first tap in the account to the commitment that the public reads; and then for each of the
other programmes to the result of its self-assessment and to a case that is handed in, returned,
mended and followed; paying comes later. Staff act between by the services.

It is one walk, since everybody walks the first part once: what a programme asks for is no less for
what was done for the one before.
"""

import re
from collections.abc import Mapping
from itertools import count
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from bot.domain.actors import Staff
from bot.scoring.library import questionnaire, shipped_pack
from bot.services import case_intake, claim_reviews
from bot.services.certificate_programmes import find_programme
from models import Binding, CreditCase, Job
from tests import applying, packs, papers, people
from tests.browser.looks import draw
from tests.browser.phone import Phone, hand_in, on_phone
from tests.browser.site import Site, open_site
from tests.conftest import NOW
from tests.http.conftest import Clock
from tests.http.test_verification import House
from tests.packs import INTEGRITY, PUBLIC, RATING
from tests.service.test_self_assessments import CLEAN

pytestmark = pytest.mark.browser

WANG = Staff("王芳")
COMMITMENT = "commitment"
NAME = "太原云岫精密机械有限公司"
LICENCE = {
    "reg_num": "91140100MA0K9T2X38",
    "enterprise_name": NAME,
    "legal_representative": "王建国",
    "address": "山西省太原市小店区示例路18号3幢",
    "registered_date": "2016年05月12日",
    "valid_period": "2016年05月12日至长期",
}
SCHEMES = {
    applying.EVALUATION: PUBLIC,
    applying.RATING: RATING,
    applying.SHANXI: INTEGRITY,
}
FOLLOWED = 2  # follows the account, and taps the link to the binding in its welcome
CASE = re.compile("/cases/[0-9a-f-]{36}$")
Answers = Mapping[str, Mapping[str, str]]


class Walk(Phone):
    """One member on the way, and the site that is walked on."""

    def __init__(self, page: Page, site: Site, db: str, *, scripted: bool) -> None:
        super().__init__(page)
        self.site, self.db, self.scripted = site, db, scripted
        self.photos = count(1)

    async def go(self, path: str) -> None:
        await self.page.goto(self.site.url + path)

    async def told(self, message: str) -> None:
        """Tap the newest message of this kind in the chat: it leads to a page."""
        jobs = await Job.filter(kind="people.tell").order_by("-id")
        links = [job.payload["link"] for job in jobs if job.payload["message"] == message]
        self.taps += 1
        await self.go(links[0])

    async def licence(self) -> None:
        """The simulated reader finds our enterprise on the next photo."""
        sandbox = self.site.deps.config.sandbox_url
        ordered = await self.page.request.post(
            f"{sandbox}/_control/licence", data={"answers": [LICENCE]}
        )
        assert ordered.ok


@pytest.fixture(params=[True, False], ids=["script", "no script"])
async def walk(request, db, redis_url, browser):
    async with open_site(redis_url) as site, on_phone(browser, scripted=request.param) as page:
        yield Walk(page, site, db, scripted=request.param)


async def claimed(walk: Walk) -> UUID:
    """Photograph the licence, say who one is, and hear from the staff."""
    page = walk.page
    walk.taps = FOLLOWED
    await walk.go("/h5/bind")
    # No tap: WeChat asks nobody for a silent login; its stand-in asks whose phone this is.
    await page.get_by_role("link", name="王建国（老板）").tap()
    await walk.press("同意，继续")
    await walk.licence()
    await walk.photograph(papers.picture())
    if not walk.scripted:  # with a script it is read as soon as it is chosen
        await walk.press("识别照片")
    await expect(page.get_by_label("企业名称")).to_have_value(NAME)
    await walk.reads("已从照片读出")
    await expect(page.get_by_text("已恢复")).to_have_count(0)
    await walk.choose("role", "legal")
    await page.get_by_label("您的姓名").fill("王建国")
    await page.get_by_label("手机号").fill("13800138000")
    await walk.press("提交核实")
    await walk.arrives("绑定申请")
    binding = await Binding.get()
    await claim_reviews.approve(binding.id, actor=WANG, now=NOW, reason="已电话核实")
    for association in {find_programme(one).issuer for one in (COMMITMENT, *SCHEMES)}:
        await people.join(binding.enterprise_id, association=association)
    # What the roster of its association says of a member; whether it exists, they say themselves.
    await applying.describe(binding.enterprise_id, industry="C34")
    return binding.enterprise_id


async def committed(walk: Walk) -> None:
    """Read the commitment, see what the public will see, sign, seal."""
    await walk.told("binding_moved")
    await walk.reads("社会公众将看到的内容")
    await walk.choose("agreed", "1")
    if walk.scripted:
        await walk.press("开始签署")
        await draw(walk.page)
        await walk.press("确认签字")
        await walk.arrives("加盖公章")
    else:
        await walk.press("用纸质版")
    await walk.photograph(papers.picture())
    await walk.press("上传")
    await walk.arrives("已公示")
    assert walk.taps <= 12


def answers(scheme: str) -> Answers:
    """What an honest enterprise in good order can say with the fewest taps.

    Nothing is known of its books and marks of 002 here: that stays open, and is no zero.
    """
    if scheme == PUBLIC:
        return CLEAN
    given: dict[str, dict[str, str]] = {}
    for section in questionnaire(shipped_pack(scheme)).sections:
        for one in section.questions:
            if one.kind == "choice" or (one.kind == "mark" and scheme == INTEGRITY):
                best = max(one.options, key=lambda option: option.worth)
                given[one.id] = {"v": best.value}
            elif one.kind == "events" and scheme == INTEGRITY:
                given[one.id] = {"has": "no"}
    return given


async def give(walk: Walk, question: str, parts: Mapping[str, str]) -> None:
    """Answer one question of the page; what stands there already is left as it is."""
    card = walk.page.locator(f"#q-{question}")
    if await card.locator(f'[name="{question}.has"]').count() and "has" not in parts:
        parts = {"has": "yes", **parts}
    for part, value in parts.items():
        name = f"{question}.{part}"
        field = card.locator(f'[name="{name}"]').first
        if await field.get_attribute("type") in {"radio", "checkbox"}:
            if not await card.locator(f'[name="{name}"][value="{value}"]').is_checked():
                await walk.choose(name, value)
        elif await field.input_value() == value:
            continue
        elif await field.evaluate("field => field.tagName") == "SELECT":
            await walk.pick(name, value)
        else:
            await field.fill(value)


async def assessed(walk: Walk, scheme: str) -> None:
    given = answers(scheme)
    await walk.go("/h5/me")
    await walk.press("自评", "link")
    walk.taps = 0
    await walk.touch(walk.page.locator(f'a[href$="/self/{scheme}"]'))
    for section in questionnaire(shipped_pack(scheme)).sections:
        await walk.arrives(section.title)
        for question in section.questions:
            if question.id in given:
                await give(walk, question.id, given[question.id])
        await walk.touch(walk.page.locator('.dock button[value="next"]'))
    await walk.press("看结果")
    await walk.arrives("自评结果")
    assert walk.taps <= 25


async def shown_to_all(walk: Walk, firm: UUID) -> None:
    """The commitment ends here: the public reads it, and its certificate is good."""
    await House(walk.db, walk.site.deps, Clock(), None).sign()
    await walk.go(f"/h5/e/{firm}/commitment")
    await walk.press("社会公众看到的页面", "link")
    await walk.reads(NAME)
    await walk.go(f"/h5/e/{firm}/commitment")
    await walk.press("查验证书", "link")
    await walk.arrives("有效")


async def papers_handed_in(walk: Walk) -> set[str]:
    """Whatever the page of the case asks for, one document after the other."""
    await walk.page.wait_for_url(CASE)
    case, given = walk.page.url, dict[str, int]()
    while await walk.page.get_by_role("link", name="去准备材料").count():
        await walk.press("去准备材料", "link", exact=False)
        await walk.page.wait_for_url("**/papers/*")
        material = walk.page.url.rsplit("/", 1)[1]
        if material == "business_licence":
            await walk.licence()
        times = given[material] = given.get(material, 0) + 1
        assert times < 4, f"{material} is asked for again and again"
        await hand_in(walk, next(walk.photos), applying.dated(material, times - 1))
        if walk.page.url != case:
            await walk.press("返回", "link")
            await walk.page.wait_for_url(case)
    return set(given)


async def submitted(walk: Walk, button: str) -> None:
    await walk.press("核对并提交", "link", exact=False)
    await walk.reads(NAME)
    await walk.choose("truthful", "yes")
    await walk.press(button)
    await walk.arrives("申报已提交")


async def applied(walk: Walk, programme: str) -> CreditCase:
    """Choose, read what it takes, start, hand everything in, check, submit."""
    await walk.go("/h5/me")
    await walk.press("申报", "link")
    await walk.touch(walk.page.locator(f'a[href$="/cases/new/{programme}"]'))
    for words in ("费用", "有效期", "谁来决定", "要准备的材料", "怎么办理", "个工作日"):
        await walk.reads(words)
    await walk.press("开始申报")
    asked = {one.id for one in find_programme(programme).materials_for(frozenset()) if one.required}
    assert asked <= await papers_handed_in(walk)
    await submitted(walk, "提交申报")
    case = await CreditCase.get(programme=programme)
    await walk.reads(case.number)
    return case


async def mended(walk: Walk, case: CreditCase) -> None:
    """The staff return one document; its owner mends it from the message, and follows."""
    first = find_programme(case.programme).materials[0].id
    await case_intake.return_(case.id, {first: "没有盖章"}, actor=WANG, now=NOW)
    await walk.told("case_moved")
    await walk.press("去补正材料", "link", exact=False)
    await walk.reads("没有盖章")
    await hand_in(walk, next(walk.photos), applying.dated(first))
    await submitted(walk, "再次提交")
    await walk.press("查看进度", "link")
    await walk.reads("待受理，由协会受理人员检查，2026年3月3日前")


async def test_the_whole_way_is_walked_on_a_phone(walk):
    await packs.in_force(*SCHEMES.values())

    firm = await claimed(walk)
    await committed(walk)
    await shown_to_all(walk, firm)
    ways = list(SCHEMES.items())
    if not walk.scripted:
        ways.reverse()  # whatever comes first is once somebody's first
    for programme, scheme in ways:
        await assessed(walk, scheme)
        await mended(walk, await applied(walk, programme))
