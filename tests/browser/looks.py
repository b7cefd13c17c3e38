"""The pages that are looked at: how each is reached, with something on it to see."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from playwright.async_api import Page
from tortoise.transactions import in_transaction

from bot.deps import open_issuer
from bot.domain.actors import Member, Staff
from bot.domain.bindings import Role, State
from bot.domain.certificates import Action, Reason
from bot.domain.enterprises import Details
from bot.domain.exports import LIVES
from bot.domain.sessions import Door
from bot.services import (
    case_intake,
    certificate_life,
    certificate_signing,
    certificates,
    commitments,
    enterprises,
    exports,
    invitations,
    signing_links,
)
from bot.services.sessions import Opened
from models import Binding, ExportPack, Membership
from models.ids import new_id
from tests import applying, packs, papers, people
from tests.browser.scales import Scales
from tests.browser.site import Site
from tests.conftest import NOW
from tests.http.conftest import Clock
from tests.http.test_verification import STAFF, TWO, House
from tests.packs import PUBLIC, RATING
from tests.service.test_commitments import published
from tests.service.test_self_assessments import CLEAN, Desk

HELD = "/h5/e/{enterprise}/certificates/{certificate}"
NAME = "杭州喆堃䶮铉新材料科技股份有限公司"


@dataclass
class Stage:
    """The served product and one browser page; `NOW` is its clock."""

    site: Site
    page: Page
    db: str
    scales: Scales = field(default_factory=Scales)

    @property
    def url(self) -> str:
        return self.site.url

    async def go(self, path: str) -> None:
        await self.page.goto(self.url + path)

    async def sign_in(self) -> Opened:
        """Somebody new is signed in; `.member` may be bound, join, sign …"""
        opened = await people.opened()
        cookie = {"name": "session", "value": opened.token, "url": self.url}
        await self.page.context.add_cookies([cookie])
        return opened


Open = Callable[[Stage], Awaitable[None]]


def plain(path: str) -> Open:
    """A page that anybody may open just so."""

    async def go(stage: Stage) -> None:
        await stage.go(path)

    return go


def signed_in(path: str) -> Open:
    """A page of somebody who is signed in and has nothing yet."""

    async def go(stage: Stage) -> None:
        await stage.sign_in()
        await stage.go(path)

    return go


async def draw(page: Page) -> None:
    """Write two strokes into the box for a signature."""
    canvas = page.locator("canvas")
    await canvas.scroll_into_view_if_needed()
    box = await canvas.bounding_box()
    for left in (0.2, 0.5):
        await page.mouse.move(box["x"] + box["width"] * left, box["y"] + 20)
        await page.mouse.down()
        for step in range(1, 17):
            await page.mouse.move(
                box["x"] + box["width"] * (left + step / 100), box["y"] + 20 + 7 * step
            )
        await page.mouse.up()


async def doubted_seal(stage: Stage) -> None:
    """A photograph on which no red seal was found."""
    await promise("/seal")(stage)
    photo = {"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": papers.picture(sealed=False)}
    await stage.page.locator('input[type="file"]').set_input_files(photo)
    await stage.page.get_by_role("button", name="上传").click()
    await stage.page.get_by_role("button", name="就用这张").wait_for()


async def refused_form(stage: Stage) -> None:
    await stage.go("/kit")
    await draw(stage.page)
    await stage.page.get_by_role("button", name="去补正材料").click()


async def at_home(stage: Stage) -> UUID:
    """Somebody signed in whose enterprise is known and a member."""
    opened = await stage.sign_in()
    known = Details(
        status="存续",
        founded_on=date(2016, 5, 9),
        industry="C26",
        staff=86,
        revenue_fen=6_800_000_000,
        assets_fen=9_150_000_000,
        figures_year=2025,
        address="浙江省杭州市余杭区文一西路 969 号",
    )
    one = await people.enterprise(NAME, "91330100MA27XW2C3L")
    await people.bind(opened.member.user_id, one)
    await people.join(one)
    await enterprises.declare(one, known, actor=opened.member, now=NOW)
    return one


async def legal_of(enterprise: UUID) -> Member:
    binding = await Binding.get(enterprise_id=enterprise, role=Role.LEGAL)
    return Member(binding.user_id, binding.id, Door.H5, NOW, NOW)


def at_enterprise(path: str = "") -> Open:
    """A page of an enterprise that is known and a member."""

    async def go(stage: Stage) -> None:
        await stage.go(f"/h5/e/{await at_home(stage)}{path}")

    return go


async def lowered(stage: Stage) -> None:
    """A grade that went down, as the members are told of it."""
    one, other = await at_home(stage), await people.enterprise("太原云岫机械有限公司")
    for level in ("AAA", "AA"):
        async with in_transaction():
            await certificates.issue(
                enterprise_id=other, programme="credit-evaluation", level=level, basis=TWO,
                actor=STAFF, now=NOW,
            )  # fmt: skip
    await stage.go(f"/h5/e/{one}/notices")


async def home(stage: Stage) -> None:
    await at_home(stage)
    await stage.go("/h5/me")


async def colleague(stage: Stage) -> None:
    one = await at_home(stage)
    other = await people.bind((await people.member()).user_id, one, Role.AGENT)
    await stage.go(f"/h5/e/{one}/colleagues/{other}")


async def invited(stage: Stage) -> None:
    await stage.go(f"/h5/e/{await at_home(stage)}/colleagues")
    await stage.page.get_by_role("button", name="邀请经办人").click()


async def invitation(stage: Stage) -> None:
    one = await at_home(stage)
    made = await invitations.invite(one, Role.AGENT, actor=await legal_of(one), now=NOW)
    await stage.sign_in()
    await stage.go(f"/h5/invitations/{made.token}")


async def claim(stage: Stage) -> None:
    await stage.sign_in()
    await stage.go("/h5/bind")
    await stage.page.get_by_label("统一社会信用代码").fill(people.code(7))
    await stage.page.get_by_label("企业名称").fill(NAME)
    await stage.page.get_by_text("经办人").click()
    await stage.page.get_by_label("您的姓名").fill("李秀英")
    await stage.page.get_by_label("手机号").fill("13800138000")
    await stage.page.get_by_role("button", name="提交核实").click()
    await stage.page.wait_for_url("**/h5/claims/*")


async def photographed(stage: Stage) -> None:
    """What the simulated reader finds on a photo stands in the form."""
    await stage.sign_in()
    await stage.go("/h5/bind")
    photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": papers.picture()}
    await stage.page.locator("#f-file").set_input_files(photo)
    await stage.page.get_by_label("成立日期").wait_for()


async def restorable(stage: Stage) -> None:
    one = await at_home(stage)
    other = await people.bind((await people.member()).user_id, one, Role.AGENT)
    await people.put(other, State.SUSPENDED)
    await stage.go(f"/h5/e/{one}/colleagues/{other}")


async def lost(stage: Stage) -> None:
    one = await at_home(stage)
    await people.put((await Binding.get(enterprise_id=one)).id, State.SUSPENDED)
    await stage.go("/h5/me")
    await stage.page.get_by_role("link", name=NAME).click()


async def refused_claim(stage: Stage) -> None:
    await stage.sign_in()
    await stage.go("/h5/bind")
    await stage.page.get_by_label("统一社会信用代码").fill("91330100MA27XW2C3")
    await stage.page.get_by_role("button", name="提交核实").click()


async def consented(stage: Stage) -> None:
    await stage.sign_in()
    await stage.go("/h5/consents")
    await stage.page.get_by_role("button", name="同意：获取手机号").click()


async def signed_out(stage: Stage) -> None:
    await stage.sign_in()
    await stage.go("/h5/lost-phone")
    await stage.page.context.clear_cookies()
    await stage.page.get_by_role("button", name="确认丢失").click()


async def a_desk(stage: Stage) -> Desk:
    """Somebody who has answered a good part of the public scheme."""
    await packs.in_force(PUBLIC, RATING)
    one = await at_home(stage)
    desk = Desk(one, await legal_of(one))
    penalty = {"has": "yes", "1.what": "penalties/一般", "1.on": "2025-03-01"}
    await desk.answer(**(CLEAN | {"penalties": penalty, "lists": {"has": "unsure"}}))
    return desk


def assessing(path: str = "") -> Open:
    """A page of the self-assessment, with a fault on it where one can be."""

    async def go(stage: Stage) -> None:
        desk = await a_desk(stage)
        await desk.answer(certificates={"has": "yes", "n": "许多"})
        await stage.go(f"/h5/e/{desk.firm}/self{path}")

    return go


async def assessed(stage: Stage) -> None:
    desk = await a_desk(stage)
    await stage.go(f"/h5/e/{desk.firm}/self/{PUBLIC}/results/{await desk.finish()}")


async def holding(stage: Stage) -> tuple[UUID, str]:
    """Somebody whose enterprise holds a certificate of the highest level; not printed yet."""
    one = await at_home(stage)
    async with in_transaction():
        made = await certificates.issue(
            enterprise_id=one, programme="credit-evaluation", level="AAA", basis=TWO, actor=STAFF,
            now=NOW,
        )  # fmt: skip
    issuer = open_issuer(stage.site.deps.config)
    await certificate_signing.sign_waiting(issuer=issuer, now=NOW)
    return one, made.number


def held(path: str) -> Open:
    async def go(stage: Stage) -> None:
        one, number = await holding(stage)
        await stage.go(path.format(enterprise=one, certificate=number))

    return go


async def plaque_ordered(stage: Stage) -> None:
    one, number = await holding(stage)
    await stage.go(f"/h5/e/{one}/certificates/{number}/plaque")
    await stage.page.get_by_label("收件人").fill("李秀英")
    await stage.page.get_by_label("联系电话").fill("0571-88880000")
    await stage.page.get_by_label("收件地址").fill("浙江省杭州市余杭区文一西路 969 号")
    await stage.page.get_by_role("button", name="提交登记").click()
    await stage.page.get_by_role("button", name="取消登记").wait_for()


async def plaque_refused(stage: Stage) -> None:
    one, number = await holding(stage)
    await stage.go(f"/h5/e/{one}/certificates/{number}/plaque")
    await stage.page.get_by_label("收件人").fill("李秀英")
    await stage.page.get_by_role("button", name="提交登记").click()


async def promising(stage: Stage) -> UUID:
    """Somebody who has read the commitment and is about to sign it."""
    one = await at_home(stage)
    await commitments.prepare(one, "李强", status="存续", actor=await legal_of(one), now=NOW)
    return one


def promise(path: str) -> Open:
    async def go(stage: Stage) -> None:
        await stage.go(f"/h5/e/{await promising(stage)}/commitment{path}")

    return go


def promised(path: str) -> Open:
    """A page of a commitment that is public."""

    async def go(stage: Stage) -> None:
        one = await at_home(stage)
        row = await published(one, await legal_of(one))
        await stage.go(path.format(enterprise=one, commitment=row.id))

    return go


async def unpaid_promise(stage: Stage) -> None:
    """Whole, but no member: it waits for its fee."""
    opened = await stage.sign_in()
    one = await people.enterprise(NAME)
    await people.bind(opened.member.user_id, one)
    await published(one, opened.member)
    await stage.go(f"/h5/e/{one}/commitment")


async def another_representative(stage: Stage) -> UUID:
    """The register names somebody else than signed, and the membership is over."""
    one = await at_home(stage)
    await published(one, await legal_of(one))
    await applying.describe(one, legal_representative="王芳")
    await Membership.filter(enterprise_id=one).update(ended_on=date(2026, 3, 1))
    await people.join(one, association="山西省中小企业发展促进会")
    return one


def changed(path: str) -> Open:
    async def go(stage: Stage) -> None:
        one = await another_representative(stage)
        await stage.go(path.format(enterprise=one))

    return go


async def stopped_promise(stage: Stage) -> None:
    """An enterprise that the register does not carry any more."""
    one = await at_home(stage)
    await applying.describe(one, status="吊销")
    await stage.go(f"/h5/e/{one}/commitment")


async def drawn(stage: Stage) -> None:
    await promise("/sign")(stage)
    await draw(stage.page)


async def agents_promise(stage: Stage) -> None:
    """The agent may not sign; what he sends to the legal representative is shown to him once."""
    one = await at_home(stage)
    agent = await stage.sign_in()
    await people.bind(agent.member.user_id, one, Role.AGENT)
    await commitments.prepare(one, "李强", status="存续", actor=agent.member, now=NOW)
    await stage.go(f"/h5/e/{one}/commitment/sign")
    await stage.page.get_by_role("button", name="生成签字链接").click()


async def promise_by_link(stage: Stage) -> None:
    one = await promising(stage)
    made = await signing_links.forward(one, actor=await legal_of(one), now=NOW)
    await stage.page.context.clear_cookies()
    await stage.go(f"/h5/s/{made.token}")


async def signed_by_link(stage: Stage) -> None:
    await promise_by_link(stage)
    await draw(stage.page)
    await stage.page.get_by_role("button", name="我是本人").click()
    await stage.page.get_by_role("heading", name="签字完成").wait_for()


async def applying_for(stage: Stage) -> applying.Clerk:
    """Somebody whose enterprise may apply for everything."""
    opened = await stage.sign_in()
    firm = await applying.ready(opened.member, NAME)
    cabinet = stage.site.deps.cabinet
    assert cabinet is not None
    return applying.Clerk(firm, opened.member, cabinet)


def applied(path: str, *, how: str = "begun") -> Open:
    """A page about a case: begun, whole, submitted, returned, or accepted with a new one begun."""

    async def go(stage: Stage) -> None:
        desk = await applying_for(stage)
        case = await desk.begin(applying.RATING)
        await desk.hand_in(case, "capital", b"1")
        await desk.hand_in(case, "premises", b"1")  # the same: worth a warning
        if how != "begun":
            await desk.fill(case)
        if how not in {"begun", "whole"}:
            await desk.submit(case)
        if how == "returned":
            reasons = {"capital": "第二页缺少验资机构的公章，请补上后重新扫描。"}
            await case_intake.return_(case, reasons, actor=Staff("王芳"), now=NOW)
        if how == "accepted":
            await case_intake.accept(case, actor=Staff("王芳"), now=NOW)
            case = await desk.begin(applying.SHANXI)
        await stage.go(path.format(enterprise=desk.enterprise, case=case))

    return go


async def refused_paper(stage: Stage) -> None:
    await applied(f"{CASE}/papers/statements")(stage)
    await stage.page.get_by_role("button", name="上传并检查").click()
    await stage.page.locator("#faults").wait_for()


async def a_register(stage: Stage) -> House:
    """The register of certificates as the web process has it, and somebody who issues some."""
    house = House(stage.db, stage.site.deps, Clock(), None)
    await house.refresh()
    return house


async def certificate(stage: Stage) -> None:
    house = await a_register(stage)
    await stage.go(house.path(await house.issue(NAME)))


async def revoked(stage: Stage) -> None:
    house = await a_register(stage)
    row = await house.issue(NAME)
    await house.change(row.number, Action.REVOKE, Reason.FALSE_MATERIAL)
    await stage.go(house.path(row))


async def expired(stage: Stage) -> None:
    house = await a_register(stage)
    house.clock.now = NOW - timedelta(days=800)
    row = await house.issue(NAME, programme="commitment", level=None)
    house.clock.now = NOW
    await house.refresh()
    await stage.go(house.path(row))


async def suspended(stage: Stage) -> None:
    house = await a_register(stage)
    row = await house.issue(NAME)
    await house.change(row.number, Action.SUSPEND, Reason.UNDER_CHECK)
    await stage.go(house.path(row))


async def review_due(stage: Stage) -> None:
    house = await a_register(stage)
    house.clock.now = NOW - timedelta(days=370)
    row = await house.issue(NAME)
    house.clock.now = NOW
    await house.refresh()
    await stage.go(house.path(row))


async def replaced(stage: Stage) -> None:
    house = await a_register(stage)
    row = await house.issue(NAME)
    await people.rename(row.enterprise_id, "杭州新名称科技有限公司")
    await certificate_life.rename(row.number, words="名称变更", actor=STAFF, now=NOW)
    await house.sign()
    await stage.go(house.path(row))


async def status_old(stage: Stage) -> None:
    house = await a_register(stage)
    row = await house.issue(NAME)
    stage.site.deps.verifier.register.as_of = NOW - timedelta(hours=25)
    await stage.go(house.path(row))


async def no_certificate(stage: Stage) -> None:
    await a_register(stage)
    await stage.go("/v/2026CNEAAA00009")


async def found_by_code(stage: Stage) -> None:
    house = await a_register(stage)
    row = await house.issue(NAME)
    await stage.go(f"/v?q={row.credit_code}")


async def reported(stage: Stage) -> None:
    await stage.go("/certificates/report?number=2026CNEAAA00009")
    await stage.page.get_by_label("在哪里看到的").fill("某市某展会")
    await stage.page.get_by_role("button").last.click()


async def packed(stage: Stage) -> str:
    """A copy that is ready, as its row alone; its number."""
    opened = await stage.sign_in()
    asked = await exports.ask(None, actor=opened.member, now=NOW)
    await ExportPack.filter(id=asked.id).update(made_at=NOW, size=83_000_000)
    return str(asked.id)


async def export_made(stage: Stage) -> None:
    await packed(stage)
    await stage.go("/h5/export")


async def export_on_its_way(stage: Stage) -> None:
    enterprise = await at_home(stage)
    [binding] = await Binding.filter(enterprise_id=enterprise)
    pack = ExportPack(
        id=new_id(NOW), user_id=binding.user_id, enterprise_id=enterprise, asked_at=NOW, files=40,
        copied=12, pieces=[], expires_at=NOW + LIVES,
    )  # fmt: skip
    await pack.save(force_create=True)
    await stage.go(f"/h5/e/{enterprise}/export")


async def export_linked(stage: Stage) -> None:
    await export_made(stage)
    await stage.page.get_by_role("button", name="取得下载链接").click()


async def export_fetched(stage: Stage) -> None:
    await export_linked(stage)
    await stage.page.get_by_role("link", name="打开下载页").click()


async def closing_refused(stage: Stage) -> None:
    await at_home(stage)
    await stage.go("/h5/close-account")
    await stage.page.get_by_role("button", name="确认注销").click()


CASES = "/h5/e/{enterprise}/cases"
CASE = f"{CASES}/{{case}}"


# A line for each page, by the path of its route; after a blank, what is special this time. A page
# that needs rows has a function above: it makes them (tests/people.py), then opens the page.
PAGES_TO_LOOK_AT: Mapping[str, Open] = {
    "/": plain("/"),
    "/api/docs": plain("/api/docs"),
    "/certificates/offline": plain("/certificates/offline"),
    "/certificates/report": plain("/certificates/report"),
    "/certificates/report sent": reported,
    "/crash": plain("/crash"),
    "/h5/login/return": plain("/h5/login/return"),
    "/h5/bind": signed_in("/h5/bind"),
    "/h5/bind photographed": photographed,
    "/h5/bind refused": refused_claim,
    "/h5/claims/{claim}": claim,
    "/h5/claims/{claim} lost": lost,
    "/h5/close-account": signed_in("/h5/close-account"),
    "/h5/close-account refused": closing_refused,
    "/h5/export": signed_in("/h5/export"),
    "/h5/export made": export_made,
    "/h5/export linked": export_linked,
    "/h5/e/{enterprise}/export": export_on_its_way,
    "/h5/x/{token}": export_fetched,
    "/h5/agree": signed_in("/h5/agree?to=me"),
    "/public/privacy": plain("/public/privacy"),
    "/h5/consents": signed_in("/h5/consents"),
    "/h5/consents with one given": consented,
    "/h5/e/{enterprise}": at_enterprise(),
    CASES: applied(CASES, how="submitted"),
    f"{CASES}/new/{{programme}}": applied(f"{CASES}/new/shanxi-integrity"),
    f"{CASES}/new/{{programme}} not yet": at_enterprise("/cases/new/credit-evaluation"),
    CASE: applied(CASE),
    f"{CASE} returned": applied(CASE, how="returned"),
    f"{CASE} submitted": applied(CASE, how="submitted"),
    f"{CASE}/check": applied(f"{CASE}/check", how="whole"),
    f"{CASE}/papers/{{material}}": applied(f"{CASE}/papers/premises"),
    f"{CASE}/papers/{{material}} refused": refused_paper,
    f"{CASE}/papers/{{material}} returned": applied(f"{CASE}/papers/capital", how="returned"),
    f"{CASE}/papers/{{material}} known": applied(f"{CASE}/papers/bank_letter", how="accepted"),
    f"{CASE}/submitted": applied(f"{CASE}/submitted", how="submitted"),
    f"{CASE}/withdraw": applied(f"{CASE}/withdraw"),
    "/h5/e/{enterprise}/certificates": held("/h5/e/{enterprise}/certificates"),
    "/h5/e/{enterprise}/certificates none": at_enterprise("/certificates"),
    f"{HELD}": held(HELD),
    f"{HELD} with a plaque": plaque_ordered,
    f"{HELD}/paper.pdf": held(f"{HELD}/paper.pdf?looked=30"),  # that looks again no more
    f"{HELD}/plaque": held(f"{HELD}/plaque"),
    f"{HELD}/plaque refused": plaque_refused,
    "/h5/e/{enterprise}/colleagues": at_enterprise("/colleagues"),
    "/h5/e/{enterprise}/colleagues with a link made": invited,
    "/h5/e/{enterprise}/colleagues/{binding}": colleague,
    "/h5/e/{enterprise}/colleagues/{binding} lost": restorable,
    "/h5/e/{enterprise}/commitment": at_enterprise("/commitment"),
    "/h5/e/{enterprise}/commitment begun": promise(""),
    "/h5/e/{enterprise}/commitment/again": promised("/h5/e/{enterprise}/commitment/again"),
    "/h5/e/{enterprise}/commitment changed": changed("/h5/e/{enterprise}/commitment"),
    "/h5/e/{enterprise}/commitment stopped": stopped_promise,
    "/h5/e/{enterprise}/commitment unpaid": unpaid_promise,
    "/h5/e/{enterprise}/commitment public": promised("/h5/e/{enterprise}/commitment"),
    "/h5/e/{enterprise}/commitment/letter": promise("/letter"),
    "/h5/e/{enterprise}/commitment/seal": promise("/seal"),
    "/h5/e/{enterprise}/commitment/seal doubted": doubted_seal,
    "/h5/e/{enterprise}/commitment/sign": promise("/sign"),
    "/h5/e/{enterprise}/commitment/sign drawn": drawn,
    "/h5/e/{enterprise}/commitment/sign by an agent": agents_promise,
    "/h5/e/{enterprise}/commitment/withdraw": promised("/h5/e/{enterprise}/commitment/withdraw"),
    "/h5/e/{enterprise}/details": at_enterprise("/details"),
    "/h5/e/{enterprise}/file": at_enterprise("/file"),
    "/h5/e/{enterprise}/leave": at_enterprise("/leave"),
    "/h5/e/{enterprise}/papers": at_enterprise("/papers"),
    "/h5/e/{enterprise}/self": assessing(),
    "/h5/e/{enterprise}/self/{scheme}/check": assessing(f"/{PUBLIC}/check"),
    "/h5/e/{enterprise}/self/{scheme}/one/{question}": assessing(f"/{PUBLIC}/one/recognitions"),
    "/h5/e/{enterprise}/self/{scheme}/part/{section}": assessing(f"/{PUBLIC}/part/company"),
    "/h5/e/{enterprise}/self/{scheme}/part/{section} records": assessing(f"/{PUBLIC}/part/records"),
    "/h5/e/{enterprise}/self/{scheme}/part/{section} income": assessing(f"/{RATING}/part/income"),
    "/h5/e/{enterprise}/self/{scheme}/results/{assessment}": assessed,
    "/h5/e/{enterprise}/self/{scheme}/statements": assessing(f"/{RATING}/statements"),
    "/h5/invitations/{token}": invitation,
    "/h5/lost-phone": signed_in("/h5/lost-phone"),
    "/h5/lost-phone signed out meanwhile": signed_out,
    "/h5/me": signed_in("/h5/me"),
    "/h5/me at home": home,
    "/h5/me changed": changed("/h5/me"),
    "/h5/me with a case under way": applied("/h5/me", how="submitted"),
    "/h5/s/{token}": promise_by_link,
    "/h5/s/{token} signed": signed_by_link,
    "/kit": plain("/kit"),
    "/kit/done": plain("/kit/done"),
    "/kit refused": refused_form,
    "/nothing": plain("/nothing"),
    "/public": plain("/public"),
    "/public/about": plain("/public/about"),
    "/public/graded": held("/public/graded"),
    "/public/graded none": plain("/public/graded?words=1&region=33"),
    "/public/methods": plain("/public/methods"),
    "/public/methods/{scheme}": plain(f"/public/methods/{PUBLIC}"),
    "/public/methods/{scheme} with ratios": plain(f"/public/methods/{RATING}"),
    "/public/notices": plain("/public/notices"),
    "/h5/e/{enterprise}/notices": lowered,
    "/public/prices": plain("/public/prices"),
    "/public/commitments": promised("/public/commitments"),
    "/public/commitments none": plain("/public/commitments?words=1"),
    "/public/commitments/{commitment}": promised("/public/commitments/{commitment}"),
    "/v": plain("/v"),
    "/v found by code": found_by_code,
    "/v/{number}": certificate,
    "/v/{number} revoked": revoked,
    "/v/{number} expired": expired,
    "/v/{number} suspended": suspended,
    "/v/{number} review due": review_due,
    "/v/{number} replaced": replaced,
    "/v/{number} state unknown": status_old,
    "/v/{number} unknown": no_certificate,
}
ERROR_PAGES = frozenset(
    {"/crash", "/h5/login/return", "/h5/lost-phone signed out meanwhile", "/nothing"}
)
# Routes that answer a browser with something else than a page of ours, or lead on to one.
NO_PAGES = frozenset(
    {
        "/a/{name}",
        "/api/openapi.json",
        "/audit/head.json",
        "/certificates/keys.json",
        "/certificates/offline.js",
        "/certificates/status.jwt",
        f"{HELD}/share.png",
        "/h5/e/{enterprise}/commitment/letter.pdf",
        "/h5/e/{enterprise}/commitment/print.pdf",
        "/h5/e/{enterprise}/self/{scheme}",
        "/h5/e/{enterprise}/self/{scheme}/template.xlsx",
        "/h5/bind/mini",
        "/h5/files/{file}",
        "/h5/files/{file}/pages/{page}",
        "/h5/login",
        "/hooks/pictures/{ticket}",
        "/hooks/wechat/{account}",
        "/robots.txt",
        "/sitemap-commitments-{page}.xml",
        "/sitemap-pages.xml",
        "/sitemap.xml",
    }
)
