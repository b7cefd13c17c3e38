"""The members' pages: what each shows, what each changes, and that a stranger finds nothing."""

import re
from datetime import date, timedelta

import pytest
from tortoise.transactions import in_transaction

from bot.domain.bindings import LIVES, MOST_OPEN_CLAIMS, Role, State
from bot.domain.enterprises import Details
from bot.handlers.members import TARGETS, place_of, target_of
from bot.services import audit, bindings, claims, commitments, enterprises
from bot.services.sessions import hashed
from models import Binding, CreditCase, Job, Session
from tests import applying, people
from tests.conftest import NOW
from tests.http.phone import Phone, browser
from tests.service.test_binding_commands import VAULT
from tests.service.test_commitments import STROKES

CODE = "91350100M000100Y43"
CLAIM = {"credit_code": CODE, "name": "晨星科技有限公司", "role": "agent", "person": "李强",
         "phone": "139 0013 9000"}  # fmt: skip


@pytest.fixture
async def phone(client) -> Phone:
    return await browser(client)


@pytest.fixture
async def mine(phone):
    one = await people.enterprise("晨星科技有限公司", CODE)
    await people.bind(phone.member.user_id, one)
    return one


async def test_who_has_no_enterprise_is_told_how_to_bind_one(phone):
    page = await phone.read("/h5/me")

    assert "请他在“同事”里发一个邀请链接给您，马上生效" in page
    assert main_links(page) == [("/h5/bind", "绑定我的企业")]


def main_links(page: str) -> list[tuple[str, str]]:
    """The one main button of a page, if it is a link."""
    return re.findall(r'<a class="[^"]*weui-btn_primary[^"]*" href="([^"]+)">([^<]+)<', page)


async def test_the_home_shows_my_enterprises_their_membership_and_the_next_step(phone, mine):
    await people.join(mine, "理事会员", until=date(2026, 12, 31))

    page = await phone.read("/h5/me")

    assert "晨星科技有限公司" in page
    assert "中国中小企业协会理事会员，至2026年12月31日（会员名册）" in page
    assert main_links(page) == [(f"/h5/e/{mine}/details", "补全企业信息")]
    assert f'href="/h5/e/{mine}/file"' in page


async def test_the_main_button_names_what_waits_for_the_member_and_by_when(phone):
    other = await people.enterprise("晚霞商贸有限公司", people.code(5))
    await people.bind(phone.member.user_id, other)
    firm = await applying.ready(phone.member)
    desk = applying.Desk(firm, phone.member, None)
    before = main_links(await phone.read("/h5/me"))
    case = await desk.begin(applying.EVALUATION)
    here = f"/h5/e/{firm}/cases/{case}"
    async with in_transaction():
        await audit.note("returned", kind="credit_case", id=case, actor=people.TEST, now=NOW)
        await CreditCase.filter(id=case).update(state="returned", due_on=date(2026, 3, 5))

    page = await phone.read("/h5/me")

    first = (await desk.show(case)).open[0].rule.id
    assert before == [(f"/h5/e/{other}/details", "补全企业信息")]
    assert main_links(page) == [(f"{here}/papers/{first}", "去补正材料（剩 3 天）")]
    assert page.index("晨星科技有限公司") < page.index("去补正材料")


async def test_the_main_button_goes_on_with_what_was_begun(phone, mine):
    home = f"/h5/e/{mine}/commitment"
    await people.join(mine)
    await applying.describe(mine, status="存续", industry="C13")
    first = main_links(await phone.read("/h5/me"))
    await commitments.prepare(mine, "李强", status="存续", actor=phone.member, now=NOW)
    signing = main_links(await phone.read("/h5/me"))
    await commitments.sign(mine, STROKES, actor=phone.member, vault=VAULT, now=NOW)
    sealing = main_links(await phone.read("/h5/me"))

    assert first == [(home, "去信用承诺")]
    assert signing == [(f"{home}/sign", "去签字")]
    assert sealing == [(f"{home}/seal", "去盖章")]


async def test_a_case_that_was_begun_is_gone_on_with_from_home(phone):
    firm = await applying.ready(phone.member)
    assert main_links(await phone.read("/h5/me")) == [(f"/h5/e/{firm}/self", "去自评")]
    desk = applying.Desk(firm, phone.member, None)
    case = await desk.begin(applying.EVALUATION)

    [(href, words)] = main_links(await phone.read("/h5/me"))

    assert href.startswith(f"/h5/e/{firm}/cases/{case}/papers/")
    assert words == f"去准备材料（还差 {len((await desk.show(case)).open)} 项）"


async def test_a_case_that_was_handed_in_is_followed_from_home(phone):
    firm = await applying.ready(phone.member)
    desk = applying.Desk(firm, phone.member, None)
    case = await desk.begin(applying.EVALUATION)
    here = f"/h5/e/{firm}/cases/{case}"
    pages = []
    for state, due_on in (("submitted", date(2026, 3, 3)), ("rejected", None)):
        async with in_transaction():
            await audit.note(state, kind="credit_case", id=case, actor=people.TEST, now=NOW)
            await CreditCase.filter(id=case).update(state=state, due_on=due_on)
        pages.append(await phone.read("/h5/me"))

    waiting, over = pages

    assert main_links(waiting) == [(here, "查看申报进度")]
    assert f'<a href="{here}">' in waiting
    assert "由协会受理人员检查，2026年3月3日前" in waiting
    assert "去申报" not in waiting
    assert main_links(over) == [(f"/h5/e/{firm}/self", "去自评")]
    assert here not in over


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (None, "还不是会员"),
        (date(2026, 3, 1), "中国中小企业协会会员资格已终止，到2026年3月1日为止"),
    ],
)
async def test_a_membership_that_does_not_run_is_said_so(phone, mine, until, words):
    if until:
        await people.join(mine, until=until)

    for path in ("/h5/me", f"/h5/e/{mine}", f"/h5/e/{mine}/file"):
        assert words in await phone.read(path)


async def test_every_wrong_field_is_told_at_once_each_at_its_own_and_all_typed_is_kept(phone):
    wrong = {
        "credit_code": CODE[:-1] + "9", "name": "3", "role": "agent", "phone": "010-88653588",
        "founded_on": "2999-01-01", "address": "太原市",
    }  # fmt: skip

    refused = await phone.fill("/h5/bind", wrong)
    page = await refused.text()

    assert refused.status == 422
    assert re.findall(r'<a href="#f-(\w+)">', page) == [
        "credit_code", "name", "person", "phone", "founded_on",
    ]  # fmt: skip
    assert re.findall(r'id="f-(\w+)-fault"', page) == [
        "credit_code", "name", "person", "phone", "founded_on",
    ]  # fmt: skip
    assert all(f'value="{text}"' in page for text in wrong.values())
    assert await Binding.all().count() == 0


async def test_one_claim_too_many_is_refused_with_everything_typed(phone):
    for number in range(MOST_OPEN_CLAIMS):
        await phone.fill("/h5/bind", CLAIM | {"credit_code": people.code(910_000 + number)})

    refused = await phone.fill("/h5/bind", CLAIM)
    page = await refused.text()

    assert refused.status == 422
    assert "已有几个申请在等待核实" in page
    assert all(f'value="{CLAIM[name]}"' in page for name in ("credit_code", "person", "phone"))


async def test_a_claim_is_sent_seen_and_withdrawn(phone):
    sent = await phone.fill("/h5/bind", CLAIM | {"credit_code": "9135o100m000100y43"})
    place = sent.headers["Location"]

    assert sent.status == 303
    page = await phone.read(place)
    assert "晨星科技有限公司" in page
    assert "等待审核" in page
    assert "等待审核" in await phone.read("/h5/me")
    gone = await phone.send(f"{place}/withdraw")
    assert gone.headers["Location"] == "/h5/me"
    assert (await phone.open(place)).status == 404


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"credit_code": "91350100M000100Y34"}, "校验位不符"),
        ({"phone": "123"}, "请填写 11 位手机号"),
        ({"role": ""}, "请选择您的身份"),
        ({"person": ""}, "请填写您的姓名"),
        ({"name": "**"}, "请填写营业执照上的企业全称"),
    ],
)
async def test_a_refused_claim_keeps_everything_that_was_typed(phone, wrong, sentence):
    answer = await phone.fill("/h5/bind", CLAIM | wrong)
    page = await answer.text()

    assert answer.status == 422
    assert sentence in page
    assert all(f'value="{value}"' in page for value in (CLAIM | wrong).values() if value)
    assert await Binding.all().count() == 0


async def test_who_is_bound_already_is_told_on_the_form(phone, mine):
    answer = await phone.fill("/h5/bind", CLAIM)

    assert answer.status == 422
    assert "您已经是这家企业的联系人" in await answer.text()


async def test_signing_out_here_or_everywhere_ends_the_session(client, phone):
    other = Phone(client, phone.member, (await people.opened("elsewhere")).token)

    for who, where in ((phone, "here"), (other, "everywhere")):
        left = await who.send("/h5/logout", {"where": where})
        assert left.headers["Location"] == "/"
        assert (await who.open("/h5/me")).status == 302


async def test_a_claim_of_a_held_enterprise_shows_nothing_of_it(client, phone):
    holder = await browser(client)
    one = await people.enterprise("真名实业有限公司", CODE)
    await people.bind(holder.member.user_id, one)

    sent = await phone.fill("/h5/bind", CLAIM)
    page = await phone.read(sent.headers["Location"])

    assert "已经有联系人" in page
    assert "真名实业" not in page + await phone.read("/h5/me")
    for path in pages_of(one):
        assert (await phone.open(path)).status == 404


def pages_of(enterprise) -> list[str]:
    return [
        f"/h5/e/{enterprise}{rest}" for rest in ("", "/details", "/file", "/colleagues", "/leave")
    ]


async def test_a_stranger_and_a_wrong_address_find_the_same_nothing(client, mine):
    stranger = await browser(client)

    for path in [*pages_of(mine), "/h5/e/x", f"/h5/e/{str(mine).upper()}", f"/h5/claims/{mine}"]:
        assert (await stranger.open(path)).status == 404
    for path in ("/renew", "/leave", "/invitations", f"/colleagues/{mine}/remove"):
        answer = await stranger.send(f"/h5/e/{mine}{path}", {"role": "agent"})
        assert answer.status == 404, path


async def test_what_is_told_of_an_enterprise_is_kept_and_its_size_worked_out(phone, mine):
    given = {"industry": "C13", "founded_on": "2019-06-01", "status": "存续", "staff": "300",
             "revenue": "2000.5", "assets": "", "address": "北京市海淀区"}  # fmt: skip

    saved = await phone.send(f"/h5/e/{mine}/details", given)

    assert (saved.status, saved.headers["Location"]) == (303, f"/h5/e/{mine}")
    details = (await enterprises.look(mine)).details
    assert (details.revenue_fen, details.staff, details.figures_year) == (2_000_500_000, 300, 2025)
    page = await phone.read(f"/h5/e/{mine}")
    assert "中型企业（按统计划分办法）" in page
    assert "2,000.5 万元" in page
    form = await phone.read(f"/h5/e/{mine}/details")
    assert 'value="2000.5"' in form
    assert '<option value="C13" selected>' in form


async def test_a_field_that_was_emptied_is_empty_and_the_associations_word_is_shown(phone, mine):
    path = f"/h5/e/{mine}/details"
    await phone.send(path, {"staff": "20", "address": "北京", "status": "存续"})

    await phone.send(path, {"staff": "", "address": "上海", "status": "存续"})

    details = (await enterprises.look(mine)).details
    assert (details.staff, details.figures_year, details.address) == (None, None, "上海")
    async with in_transaction():
        await enterprises.describe(
            mine, Details(status="吊销"), source="staff", actor=people.TEST, now=NOW
        )
    assert "登记状态由协会登记" in await phone.read(path)
    assert (await phone.send(path, {"address": ""})).status == 303
    assert (await enterprises.look(mine)).details == Details(status="吊销")


def seen_in(page: str) -> str:
    return re.search(r'name="seen" value="([^"]+)"', page)[1]


async def test_a_page_that_is_old_overwrites_nothing_that_it_does_not_change(phone, mine):
    old = seen_in(await phone.read(f"/h5/e/{mine}/details"))
    await phone.send(f"/h5/e/{mine}/details", {"staff": "300", "address": "北京", "seen": old})

    both = await phone.send(f"/h5/e/{mine}/details", {"industry": "C13", "seen": old})
    late = await phone.send(f"/h5/e/{mine}/details", {"staff": "12", "seen": old})
    told = await late.text()

    details = (await enterprises.look(mine)).details
    assert (both.status, details.industry, details.address) == (303, "C13", "北京")
    assert (late.status, details.staff) == (422, 300)
    assert "您在另一台设备上刚改成“300 人”。要用您填的，请再点一次保存。" in told
    assert 'value="12"' in told
    again = await phone.send(f"/h5/e/{mine}/details", {"staff": "12", "seen": seen_in(told)})
    assert (again.status, (await enterprises.look(mine)).details.staff) == (303, 12)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"founded_on": "2027-01-01"}, "成立日期不对"),
        ({"industry": "X1"}, "请从列表里选择行业"),
        ({"status": "很好"}, "请从列表里选择登记状态"),
        ({"staff": "-1"}, "从业人员不能小于 0"),
        ({"revenue": "很多"}, "上年营业收入请填数字"),
    ],
)
async def test_a_slip_in_the_details_changes_nothing(phone, mine, wrong, sentence):
    answer = await phone.send(f"/h5/e/{mine}/details", {"address": "北京", **wrong})
    page = await answer.text()

    assert (answer.status, sentence in page) == (422, True)
    assert 'value="北京"' in page
    assert (await enterprises.look(mine)).details.address == ""


async def test_the_file_keeps_what_was_said_before(phone, mine):
    for staff in ("20", "25", ""):
        await phone.send(f"/h5/e/{mine}/details", {"staff": staff})
    await people.join(mine)

    whole = await phone.read(f"/h5/e/{mine}/file")
    part = await phone.read(f"/h5/e/{mine}/file?chapter=会员资格")

    assert ("从业人员：20 人" in whole, "从业人员：25 人" in whole) == (True, True)
    assert "从业人员：已清空；企业填报" in whole
    assert "企业名称：晨星科技有限公司" in whole
    assert ("会员资格：会员" in part, "从业人员" in part) == (True, False)


async def test_a_colleague_is_invited_by_a_link_that_is_shown_once(client, phone, mine):
    guest = await browser(client)
    made = await (await phone.send(f"/h5/e/{mine}/invitations", {"role": "agent"})).text()
    [path] = re.findall(r"http://127\.0\.0\.1:8080(/h5/invitations/[\w-]{43})", made)

    assert "<svg" in made
    assert path not in await phone.read(f"/h5/e/{mine}/colleagues")
    assert "晨星科技有限公司邀请您成为经办人" in await guest.read(path)
    empty = await guest.send(path, {"person": ""})
    assert (empty.status, "请填写您的姓名" in await empty.text()) == (422, True)
    joined = await guest.send(path, {"person": "赵敏"})

    assert joined.headers["Location"] == f"/h5/e/{mine}"
    assert "赵敏" in await phone.read(f"/h5/e/{mine}/colleagues")
    assert (await guest.open(path)).status == 409


async def test_the_form_of_an_invitation_that_is_sent_twice_invites_once(phone, mine):
    page = await phone.read(f"/h5/e/{mine}/colleagues")
    [number] = re.findall(r'name="number" value="([^"]+)"', page)
    form = {"role": "agent", "number": number}
    first, second = [
        await (await phone.send(f"/h5/e/{mine}/invitations", form)).text() for _ in range(2)
    ]

    said = "刚才那个链接已经换成这一个"
    assert (said in first, said in second) == (False, True)
    assert (await phone.read(f"/h5/e/{mine}/colleagues")).count("/revoke") == 1


async def test_a_link_may_be_taken_back(phone, mine):
    await phone.send(f"/h5/e/{mine}/invitations", {"role": "agent"})
    page = await phone.read(f"/h5/e/{mine}/colleagues")
    [path] = re.findall(r'action="(/h5/e/[^"]+/revoke)"', page)

    for _ in range(2):
        assert (await phone.send(path)).status == 303

    assert "revoke" not in await phone.read(f"/h5/e/{mine}/colleagues")


async def test_the_holder_confirms_a_colleague_who_claimed(client, phone, mine):
    guest = await browser(client)
    await guest.fill("/h5/bind", CLAIM)
    page = await phone.read(f"/h5/e/{mine}/colleagues")
    [path] = re.findall(r'href="(/h5/e/[^"]+/colleagues/[^"]+)"', page)

    assert "认识，确认为经办人" in await phone.read(path)
    await phone.send(f"{path}/confirm")

    assert "您是经办人" in await guest.read(f"/h5/e/{mine}")


@pytest.mark.parametrize(
    ("act", "state"), [("remove", State.REVOKED), ("suspend", State.SUSPENDED)]
)
async def test_an_agent_is_shut_out_at_once(client, phone, mine, act, state):
    agent = await browser(client)
    theirs = await people.bind(agent.member.user_id, mine, Role.AGENT)
    assert (await agent.open(f"/h5/e/{mine}")).status == 200

    await phone.send(f"/h5/e/{mine}/colleagues/{theirs}/{act}", {"reason": ""})

    assert (await Binding.get(id=theirs)).state is state
    assert (await agent.open(f"/h5/e/{mine}")).status in {302, 404}


async def test_a_colleague_of_another_enterprise_is_not_found_here(phone, mine):
    other = await people.enterprise()
    theirs = await people.bind((await people.member()).user_id, other, Role.AGENT)
    await people.bind(phone.member.user_id, other)

    answer = await phone.send(f"/h5/e/{mine}/colleagues/{theirs}/remove", {"reason": ""})

    assert answer.status == 404
    assert (await Binding.get(id=theirs)).state is State.ACTIVE


async def test_leaving_asks_first(phone, mine):
    assert "确认退出" in await phone.read(f"/h5/e/{mine}/leave")

    left = await phone.send(f"/h5/e/{mine}/leave")

    assert left.headers["Location"] == "/h5/me"
    assert await bindings.bound(phone.member, now=NOW) == ()


async def test_a_binding_that_runs_out_is_renewed_by_one_tap(client, clock, phone, mine):
    clock.now = NOW + LIVES - timedelta(days=5)
    phone = Phone(client, phone.member, (await people.opened("again", now=clock.now)).token)
    await people.bind((await people.opened("again", now=clock.now)).member.user_id, mine,
                      Role.AGENT, now=NOW)  # fmt: skip

    page = await phone.read("/h5/me")
    renewed = await phone.send(f"/h5/e/{mine}/renew")

    assert "续期一年" in page
    assert renewed.status == 303
    assert "续期一年" not in await phone.read("/h5/me")


async def test_who_finds_the_phone_sees_nothing_and_a_colleague_brings_its_owner_back(
    client, phone, mine
):
    agent = await browser(client)
    theirs = await people.bind(agent.member.user_id, mine, Role.AGENT)
    await agent.send("/h5/lost-phone")
    assert {job.payload["user"] for job in await Job.filter(kind="people.tell")} == {
        str(agent.member.user_id), str(phone.member.user_id)
    }  # fmt: skip
    token = (await people.opened()).token  # WeChat is still open on the phone that was found
    await Session.filter(token_hash=hashed(token)).update(user_id=agent.member.user_id)
    finder = Phone(client, agent.member, token)

    for path in pages_of(mine):
        assert (await finder.open(path)).status == 404
    page = await finder.read(f"/h5/claims/{theirs}")
    assert ("是本人，恢复" in page, page.count("待上传")) == (True, 2)
    assert (await finder.send(f"/h5/e/{mine}/colleagues/{theirs}/confirm")).status == 404
    assert "是本人，恢复" in await phone.read(f"/h5/e/{mine}/colleagues/{theirs}")
    await phone.send(f"/h5/e/{mine}/colleagues/{theirs}/confirm")

    assert "您是经办人" in await finder.read(f"/h5/e/{mine}")


async def test_a_lost_phone_is_out_everywhere_and_waits_to_be_brought_back(client, phone, mine):
    assert "确认丢失" in await phone.read("/h5/lost-phone")

    await phone.send("/h5/lost-phone")

    assert (await phone.open("/h5/me")).headers["Location"] == "/h5/login?to=me"
    assert [one.state for one in await claims.waiting_of(phone.member)] == [State.SUSPENDED]


@pytest.mark.parametrize("key", sorted(TARGETS))
def test_a_login_leads_back_to_each_page_of_the_table_and_nowhere_else(key):
    one, token = "019cac2a-9dc0-700c-8300-828ddec10b39", "A-_9" * 10 + "abc"
    path = TARGETS[key]
    given = {"token": token, "certificate": "2026CNEAAA00009"}
    path = re.sub(r"{(\w+)}", lambda name: given.get(name[1], one), path)

    target = target_of(path)

    assert target is not None
    assert (target.split(":")[0], place_of(target)) == (key, path)
    assert target_of(path + "/") is None
    for odd in (f"{target}:{one}", target + "x", target.upper(), f"{key}://evil.example", ""):
        assert place_of(odd) is None


@pytest.mark.parametrize(
    "target", ["file:../../evil", "file", "me:1", "//evil", "nothing", "file:"]
)
def test_a_made_up_target_is_none(target):
    assert place_of(target) is None


async def test_who_is_signed_out_is_led_back_to_the_page_they_asked_for(client, mine):
    answer = await client.get(f"/h5/e/{mine}/file", allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (302, f"/h5/login?to=file:{mine}")
