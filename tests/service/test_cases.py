"""Cases: chosen, filled, handed in once, returned by the document, accepted, withdrawn."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

from bot.clients.database import act_for, fetch
from bot.domain.actors import Staff
from bot.domain.case_papers import Finding, PaperState
from bot.domain.cases import Action, Incomplete, NotEligible, NotNow, State
from bot.domain.errors import BadInput, NotFound
from bot.services import audit, case_intake, case_materials, cases, programmes
from bot.services.certificate_programmes import find_programme
from models import AuditEntry, CaseMaterial, CaseStep, CreditCase
from models.ids import new_id
from tests import applying, papers, people
from tests.applying import BY_CASE, EVALUATION, RATING, SHANXI, Desk
from tests.conftest import NOW
from tests.doors import open_doors

STAFF = Staff("王芳")
LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
async def jailed(tmp_path_factory):
    async with papers.cabinet_in(tmp_path_factory.mktemp("cabinet")) as opened:
        yield opened


@pytest.fixture(scope="module")
def cabinet(jailed):
    return papers.trusting(jailed)


@pytest.fixture
async def desk(db, cabinet) -> Desk:
    member = await people.member()
    return Desk(await applying.ready(member), member, cabinet)


async def actions(case) -> list[str]:
    rows = await CaseStep.filter(case_id=case).order_by("turn")
    return [row.action.value for row in rows]


async def told(case) -> list[str]:
    rows = await fetch(
        "SELECT payload->'values'->>'state' AS state FROM job WHERE kind = 'people.tell'"
        " AND payload->>'link' LIKE $1 ORDER BY id",
        f"%/cases/{case}",
    )
    return [row["state"] for row in rows]


@pytest.mark.parametrize("programme", BY_CASE)
async def test_a_case_goes_from_draft_to_the_verifiers(desk, programme):
    case = await desk.begin(programme)
    await desk.fill(case)
    done = await desk.submit(case)
    accepted = await case_intake.accept(case, actor=STAFF, now=NOW)

    assert (done.state, done.due_on, done.submitted_at) == (
        State.SUBMITTED, date(2026, 3, 3), NOW,
    )  # fmt: skip
    assert done.number.startswith("SB2026")
    assert (accepted.state, accepted.due_on) == (State.VERIFYING, date(2026, 3, 6))
    assert await actions(case) == ["begin", "submit", "accept", "verify"]
    found = await desk.show(case)
    handed_in = {one.state for one in found.documents if one.papers}
    assert handed_in == {PaperState.ACCEPTED}
    assert [line.by for line in found.trail] == ["系统", "协会工作人员", "本企业", "本企业"]


async def test_what_is_asked_for_depends_on_the_kind_of_enterprise(desk):
    usual = await desk.show(await desk.begin(SHANXI))
    await cases.withdraw(
        desk.enterprise, usual.head.id, "重新选择企业类型", actor=desk.actor, now=NOW
    )
    maker = await desk.show(await desk.begin(SHANXI, "生产性企业", "特种行业"))

    more = {one.rule.id for one in maker.documents} - {one.rule.id for one in usual.documents}
    assert more == {"production_licence", "special_trade_licence"}
    offer = await cases.offer(desk.enterprise, SHANXI, actor=desk.actor, now=NOW)
    assert (offer.kinds, offer.kinds_asked) == ({"生产性企业"}, ("生产性企业", "特种行业"))
    with pytest.raises(BadInput, match="企业类型"):
        await desk.begin(SHANXI, "金融企业")


async def test_beginning_again_goes_on_with_the_open_one_also_at_the_same_moment(desk):
    first = await asyncio.gather(*(desk.begin(RATING) for _ in range(6)))

    assert len(set(first)) == 1
    assert await CreditCase.all().count() == 1
    assert await desk.begin(EVALUATION) not in first


async def test_the_commitment_is_no_case_and_an_unknown_programme_is_none(desk):
    with pytest.raises(NotFound, match="信用承诺页面"):
        await desk.begin("commitment")
    with pytest.raises(NotFound):
        await desk.begin("invented")


@pytest.mark.parametrize("programme", BY_CASE)
async def test_who_meets_no_condition_is_told_each_with_what_to_do(db, cabinet, programme):
    member = await people.member()
    poor = Desk(await people.enterprise(), member, cabinet)
    await people.bind(member.user_id, poor.enterprise)

    with pytest.raises(NotEligible):
        await poor.begin(programme)
    offer = await cases.offer(poor.enterprise, programme, actor=member, now=NOW)
    unmet = [one.words for one in offer.conditions if not one.met]
    checked_later = {"没有未解除的重大失信行为"}
    assert unmet == [w for w in find_programme(programme).conditions if w not in checked_later]
    assert await CreditCase.all().count() == 0


async def test_a_lapsed_membership_blocks_what_was_never_handed_in_and_no_more(db, cabinet):
    member = await people.member()
    firm = await applying.ready(member, until=date(2026, 3, 31))
    desk = Desk(firm, member, cabinet)
    under_way, draft = await desk.submitted(EVALUATION), await desk.begin(SHANXI)
    await desk.fill(draft)
    await case_intake.return_(under_way, {"application": "没有签名"}, actor=STAFF, now=NOW)
    await desk.hand_in(under_way, "application")
    lapsed = datetime(2026, 4, 1, 1, tzinfo=UTC)

    assert (await desk.submit(under_way, lapsed)).state is State.SUBMITTED
    await cases.withdraw(desk.enterprise, under_way, "", actor=desk.actor, now=lapsed)
    with pytest.raises(NotEligible, match="到期"):
        await desk.begin(EVALUATION, now=lapsed)
    with pytest.raises(NotEligible, match="到期"):
        await desk.submit(draft, lapsed)


async def test_a_closed_enterprise_may_not_apply(desk):
    await applying.describe(desk.enterprise, status="注销", now=NOW + timedelta(days=1))

    with pytest.raises(NotEligible, match="注销"):
        await desk.begin(RATING, now=NOW + timedelta(days=1))


async def test_nothing_is_handed_in_before_everything_is_there(desk):
    case = await desk.begin(RATING)
    with pytest.raises(Incomplete, match="营业执照"):
        await desk.submit(case)

    assert await actions(case) == ["begin"]
    row = await CreditCase.get(id=case)
    assert (row.state, row.number, row.due_on) == (State.DRAFT, None, None)


async def test_of_many_who_hand_in_at_once_one_wins_and_nothing_is_half_done(desk):
    colleagues = [await people.member() for _ in range(5)]
    for one in colleagues:
        await people.bind(one.user_id, desk.enterprise)
    case = await desk.begin(RATING)
    await desk.fill(case)
    tried = await asyncio.gather(
        *(cases.submit(desk.enterprise, case, actor=one, now=NOW) for one in colleagues),
        return_exceptions=True,
    )

    assert sum(not isinstance(one, BaseException) for one in tried) == 1
    assert [str(one) for one in tried if isinstance(one, BaseException)] == [NotNow.message] * 4
    assert await actions(case) == ["begin", "submit"]
    assert await told(case) == ["待受理"] * 5  # everybody but the one who did it


async def test_whoever_lost_the_answer_is_told_once_more_and_nothing_is_done_twice(desk):
    case = await desk.submitted()
    first = (await desk.show(case)).head
    assert await desk.submit(case) == first
    ended = [
        await cases.withdraw(desk.enterprise, case, "", actor=desk.actor, now=NOW) for _ in range(2)
    ]

    assert ended[0] == ended[1]
    assert await actions(case) == ["begin", "submit", "withdraw"]
    with pytest.raises(NotNow):
        await desk.submit(case)


async def test_accepting_and_withdrawing_at_once_leaves_one_outcome(desk):
    case = await desk.submitted()
    tried = await asyncio.gather(
        case_intake.accept(case, actor=STAFF, now=NOW),
        case_intake.reject(case, "材料虚假", actor=Staff("赵敏"), now=NOW),
        return_exceptions=True,
    )

    assert [type(one) for one in tried if isinstance(one, BaseException)] == [NotNow]
    row = await CreditCase.get(id=case)
    accepted = row.state is State.VERIFYING
    ends = ["accept", "verify"] if accepted else ["reject"]
    assert await actions(case) == ["begin", "submit", *ends]
    states = {one.state for one in await CaseMaterial.filter(case_id=case)}
    assert states == {PaperState.ACCEPTED if accepted else PaperState.UPLOADED}


async def test_it_comes_back_with_a_reason_for_each_document_and_goes_in_again(desk):
    case = await desk.submitted()
    number = (await CreditCase.get(id=case)).number
    returned = await case_intake.return_(
        case,
        {"business_licence": "照片反光，看不清有效期", "honours": "请补充专利证书"},
        actor=STAFF,
        now=NOW,
    )
    found = await desk.show(case)
    with pytest.raises(Incomplete, match="营业执照、荣誉"):
        await desk.submit(case)
    for one in found.open:
        await desk.hand_in(case, one.rule.id)
    again = await desk.submit(case)

    assert (returned.state, returned.due_on) == (State.RETURNED, date(2026, 3, 9))
    assert {one.rule.id: one.reason for one in found.open} == {
        "business_licence": "照片反光，看不清有效期",
        "honours": "请补充专利证书",
    }
    assert (again.state, again.number) == (State.SUBMITTED, number)
    assert await actions(case) == ["begin", "submit", "return", "resubmit"]
    assert await told(case) == ["待补正"]
    first, second = await CaseMaterial.filter(case_id=case, material="business_licence").order_by(
        "version"
    )
    assert (first.version, first.state, first.superseded_at) == (1, PaperState.RETURNED, NOW)
    assert (second.version, second.state, second.superseded_at) == (2, PaperState.UPLOADED, None)


@pytest.mark.parametrize(
    ("reasons", "words"),
    [({}, "哪几项材料"), ({"invented": "没有"}, "没有这项材料"), ({"capital": " "}, "写明原因")],
)
async def test_a_return_without_a_sound_reason_changes_nothing(desk, reasons, words):
    case = await desk.submitted()
    with pytest.raises(BadInput, match=words):
        await case_intake.return_(case, reasons, actor=STAFF, now=NOW)

    assert await actions(case) == ["begin", "submit"]


async def test_a_case_may_be_withdrawn_and_begun_anew_but_not_after_its_end(desk):
    case = await desk.submitted()
    done = await cases.withdraw(desk.enterprise, case, "材料有误", actor=desk.actor, now=NOW)
    with pytest.raises(NotNow):
        await cases.withdraw(desk.enterprise, case, "", actor=desk.actor, now=NOW)
    with pytest.raises(NotNow):
        await case_intake.accept(case, actor=STAFF, now=NOW)
    with pytest.raises(BadInput, match="最多"):
        await cases.withdraw(desk.enterprise, case, "长" * 201, actor=desk.actor, now=NOW)

    assert (done.state, done.due_on) == (State.WITHDRAWN, None)
    assert (await CreditCase.get(id=case)).ended_at == NOW
    assert await desk.begin() != case
    listed = await cases.listed(desk.enterprise, actor=desk.actor, now=NOW)
    assert {one.state for one in listed} == {State.WITHDRAWN, State.DRAFT}


async def test_a_refused_case_says_why(desk):
    case = await desk.submitted()
    await case_intake.reject(case, "不属于受理范围", actor=STAFF, now=NOW)
    found = await desk.show(case)

    assert (found.head.state, found.trail[0].reason) == (State.REJECTED, "不属于受理范围")
    with pytest.raises(NotNow, match="现在不能改材料"):
        await desk.hand_in(case, "capital")


async def charge(programme: str) -> None:
    await programmes.charge(
        programme, legal_basis="某省发展改革委批复", actor=STAFF, second="李强", now=NOW
    )


async def test_where_charging_is_on_the_case_waits_for_the_fee(desk):
    await charge(EVALUATION)
    offer = await cases.offer(desk.enterprise, EVALUATION, actor=desk.actor, now=NOW)
    case = await desk.submitted(EVALUATION)
    handed_in = (await desk.show(case)).head
    owing = await case_intake.accept(case, actor=STAFF, now=NOW)

    assert (offer.price.fen, handed_in.owed_fen) == (1_800_000, 1_800_000)
    assert (owing.state, owing.owed_fen) == (State.AWAITING_PAYMENT, 1_800_000)
    assert await actions(case) == ["begin", "submit", "accept", "await_payment"]


async def test_the_price_is_that_of_the_day_on_which_it_was_handed_in(desk):
    """Charging that begins later does not reach it; charging that ended is not asked for."""
    free = await desk.submitted(EVALUATION)
    await charge(EVALUATION)
    accepted = await case_intake.accept(free, actor=STAFF, now=NOW)
    await cases.withdraw(desk.enterprise, free, "", actor=desk.actor, now=NOW)
    charged = await desk.submitted(EVALUATION)
    await programmes.free(EVALUATION, reason="依据废止", actor=STAFF, second="李强", now=LATER)
    released = await case_intake.accept(charged, actor=STAFF, now=LATER)

    assert (accepted.state, accepted.owed_fen) == (State.VERIFYING, 0)
    assert (released.state, released.owed_fen) == (State.VERIFYING, 0)


async def test_a_fee_that_brings_the_membership_lets_in_who_is_no_member(db, cabinet):
    member = await people.member()
    desk = Desk(await applying.ready(member, until=date(2026, 3, 31)), member, cabinet)
    lapsed = datetime(2026, 4, 1, 1, tzinfo=UTC)
    with pytest.raises(NotEligible, match="到期"):
        await desk.begin(EVALUATION, now=lapsed)
    await charge(EVALUATION)
    case = await desk.begin(EVALUATION, now=lapsed)
    await desk.fill(case, lapsed)

    assert (await desk.submit(case, lapsed)).owed_fen == 1_800_000


async def test_the_desk_sees_the_most_urgent_first_and_finds_by_number(desk):
    late, soon = await desk.begin(RATING), await desk.begin(EVALUATION)
    for case, now in ((soon, NOW), (late, NOW + timedelta(days=2))):
        await desk.fill(case)
        await desk.submit(case, now)
    waiting = await case_intake.waiting()

    assert [one.id for one in waiting] == [soon, late]
    assert (await case_intake.find(waiting[0].number.lower())).id == soon
    assert (await case_intake.find(str(late))).id == late
    for unknown in ("SB2026999999", str(uuid4())):
        with pytest.raises(NotFound, match="编号"):
            await case_intake.find(unknown)


async def test_several_files_make_one_document_and_each_may_be_taken_out(desk):
    case = await desk.begin()
    for _ in range(3):
        await desk.hand_in(case, "capital")
    first = (await desk.show(case)).document("capital").papers[0]
    await case_materials.remove(desk.enterprise, case, first.id, actor=desk.actor, now=NOW)
    await case_materials.remove(desk.enterprise, case, first.id, actor=desk.actor, now=NOW)
    with pytest.raises(NotFound):
        await case_materials.remove(desk.enterprise, case, uuid4(), actor=desk.actor, now=NOW)

    assert await AuditEntry.filter(action="case_material.remove").count() == 1
    left = (await desk.show(case)).document("capital").papers
    assert [one.version for one in left] == [2, 3]
    assert await CaseMaterial.filter(case_id=case).count() == 3  # nothing is deleted


async def test_the_same_file_is_entered_once_and_told_when_it_is_elsewhere(desk):
    case, data = await desk.begin(), applying.page(500)
    await desk.hand_in(case, "capital", data)
    again = await desk.hand_in(case, "capital", data)
    elsewhere = await desk.hand_in(case, "premises", data)

    assert again == ()
    assert len((await desk.show(case)).document("capital").papers) == 1
    assert elsewhere == (Finding.ELSEWHERE,)


async def test_a_paper_without_a_seal_is_taken_and_said_so(desk, jailed):
    desk.cabinet = jailed
    case = await desk.begin()
    grey = papers.picture(sealed=False)
    photo = Image.new("RGB", (600, 800), "#fff4dc")
    photo.paste(Image.open(BytesIO(grey)).crop((0, 0, 600, 500)))
    out = BytesIO()
    photo.save(out, "JPEG")

    assert await desk.hand_in(case, "capital", grey) == (Finding.SEAL_UNSEEN,)
    assert await desk.hand_in(case, "capital", out.getvalue()) == (Finding.NO_SEAL,)
    assert await desk.hand_in(case, "capital", applying.page(1)) == ()
    assert len((await desk.show(case)).document("capital").papers) == 3


async def test_two_years_are_asked_for_where_the_standard_says_two_to_three(desk):
    case = await desk.begin()
    await desk.fill(case)
    statements = (await desk.show(case)).document("statements")
    await case_materials.remove(
        desk.enterprise, case, statements.papers[1].id, actor=desk.actor, now=NOW
    )
    short = (await desk.show(case)).document("statements")
    with pytest.raises(Incomplete, match="财务报表"):
        await desk.submit(case)
    both = applying.page(9)  # two years bound together: the same file for each
    for year in ("2024", "2025"):
        await desk.hand_in(case, "statements", both, on=year)
    whole = (await desk.show(case)).document("statements")

    assert (short.open, "再上传 2024 年度、2023 年度中的一份" in short.short) == (True, True)
    assert (whole.open, len(whole.papers)) == (False, 3)


async def test_the_same_file_after_a_return_is_said_to_be_the_same(desk):
    case = await desk.begin()
    same = applying.page(77)
    await desk.hand_in(case, "capital", same)
    await desk.fill(case)
    await desk.submit(case)
    await case_intake.return_(case, {"capital": "没有盖章"}, actor=STAFF, now=NOW)

    assert await desk.hand_in(case, "capital", same) == (Finding.UNCHANGED,)
    assert await desk.hand_in(case, "capital") == ()


async def test_a_file_of_another_case_is_said_to_be_one_and_staff_alone_hear_of_others(
    desk, cabinet
):
    same = applying.page(78)
    await desk.hand_in(await desk.begin(SHANXI), "honours", same)
    case = await desk.begin(RATING)
    member = await people.member()
    theirs = Desk(await applying.ready(member, "启明制造有限公司"), member, cabinet)
    first = await desk.hand_in(case, "honours", same)
    their_case = await theirs.begin()
    second = await theirs.hand_in(their_case, "honours", same)
    file = (await desk.show(case)).document("honours").papers[0].file_id

    assert (first, second) == ((Finding.USED_BEFORE,), ())
    assert await case_intake.of_others(case, actor=STAFF) == {file}


async def test_a_document_of_the_wrong_year_is_refused_before_it_is_kept(desk):
    case = await desk.begin()
    with pytest.raises(BadInput, match="2022 年度的"):
        await desk.hand_in(case, "statements", on="2022")

    assert await fetch("SELECT count(*) AS n FROM stored_file") == [{"n": 0}]


async def test_a_document_that_grew_too_old_in_the_draft_is_asked_for_again(desk):
    case = await desk.begin()
    await desk.fill(case)
    later = NOW + timedelta(days=200)
    found = await desk.show(case, later)

    assert [one.rule.id for one in found.open] == ["credit_report"]
    assert "超过 6 个月" in found.open[0].fault
    with pytest.raises(Incomplete):
        await desk.submit(case, later)


async def test_what_was_accepted_once_is_handed_in_again_without_a_new_upload(desk):
    done = await desk.submitted(SHANXI)
    await case_intake.accept(done, actor=STAFF, now=NOW)
    case = await desk.begin(RATING)
    offered = {
        material: await case_materials.offered(
            desk.enterprise, case, material, actor=desk.actor, now=NOW
        )
        for material in ("business_licence", "statements", "credit_report", "capital")
    }
    asked = {"actor": desk.actor, "now": NOW, "cabinet": desk.cabinet, "wechat": None}
    licence = offered["business_licence"][0]
    await case_materials.reuse(desk.enterprise, case, "business_licence", licence.id, **asked)
    paper = (await desk.show(case)).document("business_licence").papers[0]

    assert {name: len(found) for name, found in offered.items()} == {
        "business_licence": 1, "statements": 1, "credit_report": 1, "capital": 0,
    }  # fmt: skip
    assert (paper.reused, paper.state, paper.name) == (True, PaperState.UPLOADED, licence.name)
    with pytest.raises(NotFound):  # a statement is no proof of capital
        await case_materials.reuse(desk.enterprise, case, "capital", licence.id, **asked)
    later = await case_materials.offered(
        desk.enterprise, case, "credit_report", actor=desk.actor, now=NOW + timedelta(days=200)
    )
    assert later == ()


async def test_a_file_of_another_kind_or_enterprise_is_not_taken(desk, cabinet):
    case = await desk.begin()
    await desk.hand_in(case, "capital")
    other = (await desk.show(case)).document("capital").papers[0].file_id
    stranger = await people.member()
    theirs = Desk(await applying.ready(stranger, "启明制造有限公司"), stranger, cabinet)
    their_case = await theirs.begin()
    asked = {"actor": stranger, "now": NOW, "cabinet": cabinet, "wechat": None}

    with pytest.raises(BadInput, match="营业执照"):
        await case_materials.attach(
            desk.enterprise, case, "business_licence", other, "",
            **asked | {"actor": desk.actor},
        )  # fmt: skip
    with pytest.raises(NotFound):
        await case_materials.attach(theirs.enterprise, their_case, "capital", other, "", **asked)


async def test_what_is_not_theirs_does_not_exist(desk, cabinet):
    case = await desk.begin()
    stranger = await people.member()
    own = await people.enterprise()
    await people.bind(stranger.user_id, own)
    asked = {"actor": stranger, "now": NOW}

    for enterprise in (desk.enterprise, own):
        for ask in (
            cases.show(enterprise, case, **asked),
            cases.submit(enterprise, case, **asked),
            cases.withdraw(enterprise, case, "", **asked),
            case_materials.remove(enterprise, case, new_id(NOW), **asked),
            case_materials.reuse(
                enterprise, case, "capital", new_id(NOW), cabinet=cabinet, wechat=None, **asked
            ),
        ):
            with pytest.raises(NotFound):
                await ask
    with pytest.raises(NotFound):
        await cases.offers(desk.enterprise, **asked)


async def test_no_change_goes_without_its_audit_entry_and_the_trail_is_final(desk):
    case = await desk.begin()
    await desk.hand_in(case, "capital")
    paper = await CaseMaterial.get(case_id=case)

    for change in (
        CreditCase.filter(id=case).update(state=State.VERIFYING),
        CaseMaterial.filter(id=paper.id).update(reason="改"),
    ):
        with pytest.raises(OperationalError, match="audit"):
            await change
    with pytest.raises(OperationalError):
        await CaseStep.filter(case_id=case).update(action=Action.ACCEPT)


async def test_a_forgotten_filter_shows_a_stranger_nothing(desk):
    case = await desk.begin()
    await desk.hand_in(case, "capital")
    stranger = await people.member()

    async def counts(who):
        act_for(who.user_id)
        return [await table.all().count() for table in (CreditCase, CaseMaterial, CaseStep)]

    assert await asyncio.create_task(counts(stranger)) == [0, 0, 0]
    assert await asyncio.create_task(counts(desk.actor)) == [1, 1, 1]


@pytest.fixture
async def reading(db, redis_url, cabinet):
    async with open_doors(redis_url, now=NOW) as doors:
        member = await people.member()
        enterprise = await applying.ready(member)
        desk = Desk(enterprise, member, cabinet, doors.accounts.service)
        code = (await desk.show(await desk.begin())).head.credit_code
        yield doors, desk, code


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({}, (Finding.MATCHES,)),
        ({"enterprise_name": "别家有限公司"}, (Finding.OTHER_NAME,)),
        ({"reg_num": "91140100MA0K9T2X38"}, (Finding.OTHER_CODE,)),
        ({"valid_period": "2016年05月12日至2020年05月11日"}, (Finding.EXPIRED,)),
        ({"errcode": 101001}, (Finding.NO_LICENCE,)),
        ({"errcode": 101002}, (Finding.NOT_READ,)),  # used up today: the work goes on
        ({"enterprise_name": ""}, (Finding.NOT_READ,)),
    ],
)
async def test_a_licence_is_read_while_the_person_waits(reading, words, found):
    doors, desk, code = reading
    right = {
        "reg_num": code, "enterprise_name": "晨星科技有限公司", "legal_representative": "李强",
        "address": "北京", "registered_date": "2016年05月12日",
        "valid_period": "2016年05月12日至长期",
    }  # fmt: skip
    answer = words if "errcode" in words else right | words
    await doors.control("licence", {"answers": [answer]})

    assert await desk.hand_in(await desk.begin(), "business_licence") == found
    opened = await fetch("SELECT why FROM file_opening")
    assert [row["why"] for row in opened] == ["自动核对营业执照"]


async def test_a_licence_that_is_reused_is_read_again_for_the_name_of_today(reading):
    doors, desk, code = reading
    right = {"reg_num": code, "enterprise_name": "晨星科技有限公司"}
    await doors.control("licence", {"answers": [right, right]})
    done = await desk.submitted(SHANXI)
    first = (await desk.show(done)).document("business_licence").papers[0]
    await case_intake.accept(done, actor=STAFF, now=NOW)
    case = await desk.begin(EVALUATION)
    async with in_transaction():
        row = await CreditCase.get(id=case)
        row.name = "晨星智能有限公司"
        await row.save(update_fields=["name"])
        await audit.note("renamed", kind="credit_case", id=case, actor=people.TEST, now=NOW)
    again = await case_materials.reuse(
        desk.enterprise, case, "business_licence", first.id,
        actor=desk.actor, now=NOW, cabinet=desk.cabinet, wechat=desk.wechat,
    )  # fmt: skip

    assert (first.findings, again) == ((Finding.MATCHES,), (Finding.OTHER_NAME,))
