"""Self-assessments: resumed anywhere, scored exactly, private, and nothing verified is touched."""

import asyncio
import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import orjson
import pytest
from openpyxl import load_workbook

from bot.clients.database import fetch
from bot.clients.statements import BadStatements, template
from bot.domain.actors import Member
from bot.domain.errors import BadInput, NotFound
from bot.scoring.library import shipped_pack
from bot.services import assessments, drafts, facts, self_assessments, self_results
from bot.services.drafts import Overtaken
from bot.services.self_assessments import Finished, Unfinished
from models import Assessment, Draft, Enterprise, Fact, Registration, SelfAssessment
from models.ids import new_id
from tests import packs, people, waiting
from tests.conftest import NOW
from tests.packs import INTEGRITY, PUBLIC, RATING

LATER = NOW + timedelta(minutes=5)
TODAY = date(2026, 3, 2)
CLEAN = {
    "registration_status": {"v": "存续"},
    "founded_on": {"v": "2016-05-18"},
    "taxpayer": {"v": "一般纳税人"},
    "business_licence": {"v": "行业不需要"},
    "filings": {"v": "应备案的都已备案"},
    "grade_of_qualification": {"v": "没有资质等级"},
    "special_permits": {"has": "no"},
    "certificates": {"has": "yes", "n": "2"},
    "judgment_debtor": {"has": "no"},
    "lists": {"has": "no"},
    "penalties": {"has": "no"},
    "abnormal_shareholders": {"has": "no"},
    "red_list": {"a_level_taxpayer": "1"},
    "passed_inspections": {"has": "no"},
    "government_awards": {"has": "no"},
    "subsidies": {"has": "no"},
    "recognitions": {"high_tech": "1"},
    "specialised": {"v": "没有认定"},
}
CLEAN_TOTAL = 800 + 6 + 10 + 6 + 6 + 4 + 15 + 10


@pytest.fixture
async def published(db):
    await packs.in_force(PUBLIC, RATING, INTEGRITY)


@pytest.fixture
async def firm(published) -> UUID:
    return await people.enterprise()


@pytest.fixture
async def owner(firm) -> Member:
    member = await people.member()
    await people.bind(member.user_id, firm)
    return member


@pytest.fixture
async def colleague(firm) -> Member:
    member = await people.member()
    await people.bind(member.user_id, firm)
    return member


class Desk:
    """One person at one enterprise and scheme; remembers the version that was seen."""

    def __init__(self, firm: UUID, actor: Member, scheme: str = PUBLIC, now=NOW) -> None:
        self.firm, self.actor, self.scheme, self.now, self.seen = firm, actor, scheme, now, 0

    async def walk(self):
        found = await self_assessments.walk(self.firm, self.scheme, actor=self.actor, now=self.now)
        self.seen = found.seen
        return found

    async def answer(self, **given):
        found = await self_assessments.answer(
            self.firm, self.scheme, given, seen=self.seen, actor=self.actor, now=self.now
        )
        self.seen = found.seen
        return found

    async def finish(self) -> UUID:
        made = await self_assessments.finish(self.firm, self.scheme, actor=self.actor, now=self.now)
        await self.walk()  # the answers are a result now
        return made

    async def told(self, assessment: UUID):
        return await self_results.told(
            self.firm, self.scheme, assessment, actor=self.actor, now=self.now
        )


@pytest.fixture
def desk(firm, owner) -> Desk:
    return Desk(firm, owner)


async def verify(firm: UUID, scheme: str = PUBLIC, **rows) -> None:
    pack = shipped_pack(scheme)
    given = [
        {"id": f"v.{fact}", "fact": fact, "value": value, "standing": "verified"}
        for fact, value in rows.items()
    ]
    await facts.record(firm, given, pack=pack, now=NOW)


async def current(firm: UUID) -> dict[str, tuple[str, str]]:
    rows = await Fact.filter(enterprise_id=firm, until_version=None).order_by("key")
    return {row.fact: (row.value, row.standing) for row in rows}


async def test_the_whole_walk_is_scored_kept_and_explained(desk, firm):
    walk = await desk.answer(**CLEAN)
    made = await desk.finish()
    told = await desk.told(made)

    assert (walk.answered, len(walk.asked), walk.next_question()) == (18, 18, None)
    assert (told.kept.total, told.kept.grade, told.kept.basis) == (CLEAN_TOTAL, None, "self")
    assert told.result.as_dict()["label"] == "自评"
    assert told.result.as_json() == told.kept.result
    assert (told.answered, told.unsure, told.share) == (18, 0, 100)
    assert (told.last, told.verified, told.burdens) == (None, None, ())
    assert told.span.low == told.span.high == CLEAN_TOTAL
    assert (await drafts.load(f"self:{PUBLIC}", firm)).fields == {}
    kept = await SelfAssessment.get(assessment_id=made)
    assert (kept.user_id, kept.answers["lists"]) == (desk.actor.user_id, {"has": "no"})


async def test_an_answer_that_comes_while_a_colleague_finishes_is_kept(
    desk, firm, colleague, emptier
):
    await desk.answer(taxpayer={"v": "一般纳税人"})
    late = Desk(firm, colleague)
    await late.walk()
    busy = emptier.transaction()
    await busy.start()
    await emptier.execute("LOCK TABLE assessment IN EXCLUSIVE MODE")

    finishing = asyncio.create_task(desk.finish())
    await waiting.until(lambda: _waiting(1), "finishing waits")
    answering = asyncio.create_task(late.answer(lists={"has": "no"}))
    await waiting.until(lambda: _waiting(2, unless=answering), "the answer waits or is saved")
    await busy.commit()
    await asyncio.gather(finishing, answering)

    draft = await drafts.load(f"self:{PUBLIC}", firm)
    assert draft.fields == {"lists": '{"has": "no"}'}


async def _waiting(many: int, unless: asyncio.Task | None = None) -> bool:
    [row] = await fetch(
        "SELECT count(*) AS n FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database()"
    )
    return row["n"] >= many or (unless is not None and unless.done())


async def test_answers_become_declared_facts_only_when_it_is_finished(desk, firm):
    await desk.answer(taxpayer={"v": "一般纳税人"}, lists={"has": "no"})
    before = await current(firm)
    await desk.answer(registration_status={"v": "存续"})
    await desk.finish()
    after = await current(firm)

    assert before == {}
    assert after["taxpayer"] == ("一般纳税人", "declared")
    assert after["fake_charity"] == ("0", "declared")
    assert "penalties" not in after
    assert {row.source for row in await Fact.all()} == {"企业自评"}


@pytest.mark.parametrize("question", sorted(CLEAN))
async def test_a_stop_after_any_answer_loses_nothing(desk, firm, owner, question):
    """Nothing is held in memory: whoever comes back reads the same from the database."""
    names = list(CLEAN)
    for name in names[: names.index(question) + 1]:
        await desk.answer(**{name: CLEAN[name]})

    back = await Desk(firm, owner, now=LATER).walk()

    assert back.answered == names.index(question) + 1
    for name in names[: names.index(question) + 1]:
        assert back.items[name].parts == CLEAN[name]
    following = names[names.index(question) + 1 :]
    next_up = back.next_question()
    assert (next_up.question.id if next_up else None) == (following[0] if following else None)


async def test_unsure_is_answered_and_stays_unknown(desk):
    await desk.answer(registration_status={"v": "存续"}, taxpayer={"v": "unsure"})
    walk = await desk.answer(lists={"has": "unsure"})
    told = await desk.told(await desk.finish())

    assert (walk.answered, walk.items["lists"].answer.words) == (3, "不清楚")
    states = {row["id"]: row["state"] for row in told.result.as_dict()["indicators"]}
    assert (states["taxpayer"], states["fake_charity"]) == ("unknown", "unknown")
    assert (told.kept.total, told.answered, told.unsure, told.share) == (800, 3, 2, 5)
    assert told.span.low < 800 < told.span.high


async def test_unsure_takes_back_what_was_said_before(desk, firm):
    await desk.answer(registration_status={"v": "存续"}, taxpayer={"v": "一般纳税人"})
    first = await desk.finish()
    desk.now = LATER
    await desk.answer(taxpayer={"v": "unsure"})
    second = await desk.finish()

    assert "taxpayer" not in await current(firm)
    assert [(await assessments.kept(one)).total for one in (first, second)] == [806, 800]
    assert await assessments.recompute(first) == (await assessments.kept(first)).result


async def test_what_was_said_is_superseded_and_not_overwritten(desk, firm):
    await desk.answer(taxpayer={"v": "一般纳税人"}, registration_status={"v": "存续"})
    await desk.finish()
    desk.now = LATER
    await desk.answer(taxpayer={"v": "小规模纳税人"})
    await desk.finish()

    rows = await Fact.filter(enterprise_id=firm, fact="taxpayer").order_by("since_version")
    assert [(row.value, row.since_version, row.until_version) for row in rows] == [
        ("一般纳税人", 1, 2),
        ("小规模纳税人", 2, None),
    ]
    untouched = await Fact.get(enterprise_id=firm, fact="registration_status")
    assert (untouched.since_version, untouched.until_version) == (1, None)


async def test_known_facts_are_filled_in_and_verified_ones_cannot_be_changed(desk, firm):
    await verify(firm, taxpayer="小规模纳税人", a_level_taxpayer=1)
    walk = await desk.answer(
        taxpayer={"v": "一般纳税人"},
        red_list={"has": "no"},
        registration_status={"v": "存续"},
    )
    total = (await desk.told(await desk.finish())).kept.total

    assert walk.items["taxpayer"].closed
    assert walk.items["taxpayer"].settled == {"taxpayer": "小规模纳税人"}
    assert walk.items["red_list"].settled == {"a_level_taxpayer": "1 项"}
    assert total == 800 + 3 + 15
    found = await current(firm)
    assert (found["taxpayer"], found["a_level_taxpayer"]) == (
        ("小规模纳税人", "verified"),
        ("1", "verified"),
    )
    assert found["customs_advanced"] == ("0", "declared")


async def test_what_is_verified_while_somebody_answers_is_not_overwritten(desk, firm):
    await desk.answer(registration_status={"v": "存续"}, taxpayer={"v": "一般纳税人"})
    await verify(firm, taxpayer="小规模纳税人")

    told = await desk.told(await desk.finish())

    assert (await current(firm))["taxpayer"] == ("小规模纳税人", "verified")
    assert told.kept.total == 803


async def test_the_last_answers_are_there_the_next_time_and_finishing_needs_no_typing(desk, firm):
    await desk.answer(**CLEAN)
    first = await desk.finish()
    desk.now = NOW + timedelta(days=40)
    walk = await desk.walk()
    second = await desk.finish()
    told = await desk.told(second)

    assert (walk.answered, walk.items["red_list"].origin) == (18, "known")
    assert (await Enterprise.get(id=firm)).facts_version == 1
    assert second != first
    assert (told.last.total, told.last.difference, told.last.groups) == (str(CLEAN_TOTAL), "0", ())


async def test_finishing_twice_answers_the_same_result(desk):
    await desk.answer(**CLEAN)

    made = [await desk.finish(), await desk.finish()]
    at_once = await asyncio.gather(desk.finish(), desk.finish())

    assert len({*made, *at_once}) == 1
    assert await Assessment.all().count() == 1


async def test_two_fingers_on_the_button_make_one_result(desk):
    await desk.answer(**CLEAN)

    made = await asyncio.gather(*(desk.finish() for _ in range(4)))

    assert len(set(made)) == 1
    assert await Assessment.all().count() == await SelfAssessment.all().count() == 1


async def test_the_second_device_is_told_and_replaces_nothing(desk, firm, owner, colleague):
    tablet = Desk(firm, replace(owner, session_id=new_id(NOW)))
    other = Desk(firm, colleague)
    await desk.answer(taxpayer={"v": "一般纳税人"})

    with pytest.raises(Overtaken, match="您在另一台设备上刚刚改过") as mine:
        await tablet.answer(taxpayer={"v": "小规模纳税人"}, filings={"v": "unsure"})
    with pytest.raises(Overtaken, match="您的同事刚刚改过"):
        await other.answer(taxpayer={"v": "小规模纳税人"})

    assert mine.value.names == ("taxpayer",)
    back = await tablet.walk()
    assert back.items["taxpayer"].parts == {"v": "一般纳税人"}
    assert back.items["filings"].parts == {}
    await tablet.answer(taxpayer={"v": "小规模纳税人"})
    assert (await desk.walk()).items["taxpayer"].parts == {"v": "小规模纳税人"}


async def test_answers_from_before_the_result_are_refused(desk, firm, colleague):
    await desk.answer(taxpayer={"v": "一般纳税人"}, registration_status={"v": "存续"})
    other = Desk(firm, colleague)
    await other.walk()
    await desk.finish()

    with pytest.raises(Finished, match="已经看过结果了"):
        await other.answer(taxpayer={"v": "小规模纳税人"})

    assert (await drafts.load(f"self:{PUBLIC}", firm)).fields == {}
    await other.walk()
    await other.answer(taxpayer={"v": "小规模纳税人"})


async def test_answers_from_before_a_result_are_refused_whatever_number_the_next_draft_has(
    desk, firm, colleague
):
    other = Desk(firm, colleague)
    await desk.answer(taxpayer={"v": "一般纳税人"}, registration_status={"v": "存续"})
    await other.walk()
    await desk.finish()
    for many in range(3):
        await desk.answer(certificates={"has": "yes", "n": str(many)})

    with pytest.raises(Finished):
        await other.answer(taxpayer={"v": "小规模纳税人"})

    assert "taxpayer" not in (await drafts.load(f"self:{PUBLIC}", firm)).fields


async def test_two_devices_on_different_questions_do_not_disturb_each_other(desk, firm, colleague):
    other = Desk(firm, colleague)
    await desk.answer(taxpayer={"v": "一般纳税人"})
    await other.answer(filings={"v": "应备案的都已备案"})

    assert (await desk.walk()).answered == 2


async def test_a_faulty_answer_is_kept_as_typed_and_stops_the_finish_only(desk):
    walk = await desk.answer(founded_on={"v": "去年"}, taxpayer={"v": "一般纳税人"})
    with pytest.raises(Unfinished) as refused:
        await desk.finish()
    back = await desk.walk()

    assert walk.items["founded_on"].answer.faults == {"v": "请填日期，例如 2025-03-12"}
    assert (walk.answered, refused.value.names) == (1, ("founded_on",))
    assert back.items["founded_on"].parts == {"v": "去年"}
    assert await Assessment.all().count() == 0


async def test_an_emptied_answer_is_open_again_and_changes_no_fact(desk, firm):
    await desk.answer(registration_status={"v": "存续"}, certificates={"has": "yes", "n": "2"})
    await desk.finish()
    desk.now = LATER
    cleared = await desk.answer(certificates={"has": "", "n": " "})
    await desk.finish()

    assert cleared.items["certificates"].parts == {}
    assert not cleared.items["certificates"].done
    assert (await current(firm))["certificates"] == ("2", "declared")


async def test_nothing_typed_makes_no_draft(desk):
    await desk.answer(certificates={"has": "", "n": ""})

    assert await Draft.all().count() == 0


async def test_what_does_not_exist_or_is_too_much_is_refused(desk):
    with pytest.raises(NotFound):
        await desk.answer(song={"v": "1"})
    with pytest.raises(BadInput, match="太多"):
        await desk.answer(taxpayer={"v": "长" * 121})
    with pytest.raises(BadInput, match="太多"):
        await desk.answer(lists={str(n): "1" for n in range(161)})
    with pytest.raises(BadInput, match="不能显示的字符"):
        await desk.answer(taxpayer={"v": "一般\x00纳税人"})
    for scheme in ("song", "so\x00ng", "../song"):
        desk.scheme = scheme
        with pytest.raises(NotFound):
            await desk.walk()


async def test_a_stranger_finds_nothing_at_all(desk, firm):
    await desk.answer(**CLEAN)
    made = await desk.finish()
    stranger = Desk(firm, await people.member())
    asked = {"actor": stranger.actor, "now": NOW}

    for attempt in (
        stranger.walk(),
        stranger.answer(taxpayer={"v": "一般纳税人"}),
        stranger.finish(),
        stranger.told(made),
        self_assessments.offers(firm, **asked),
        self_assessments.start_over(firm, PUBLIC, **asked),
        self_assessments.next_question(firm, PUBLIC, **asked),
        self_assessments.take_statements(firm, RATING, b"", seen=0, **asked),
        self_results.history(firm, PUBLIC, **asked),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_a_result_is_found_under_its_own_enterprise_and_scheme_only(desk, owner):
    await desk.answer(**CLEAN)
    made = await desk.finish()
    elsewhere = await people.enterprise()
    await people.bind(owner.user_id, elsewhere)

    for firm, scheme, wanted in (
        (elsewhere, PUBLIC, made),
        (desk.firm, RATING, made),
        (desk.firm, PUBLIC, new_id(NOW)),
    ):
        with pytest.raises(NotFound):
            await self_results.told(firm, scheme, wanted, actor=owner, now=NOW)


async def test_starting_over_forgets_the_answers_and_keeps_the_facts(desk, firm, owner):
    await desk.answer(registration_status={"v": "存续"}, taxpayer={"v": "一般纳税人"})
    await desk.finish()
    await desk.answer(filings={"v": "unsure"})
    await self_assessments.start_over(firm, PUBLIC, actor=owner, now=NOW)
    walk = await desk.walk()

    assert (walk.answered, walk.begun, walk.saved_at) == (2, walk.seen, None)


async def test_the_offers_say_how_far_each_scheme_has_come(desk, firm, owner):
    await desk.answer(**CLEAN)
    made = await desk.finish()
    desk.scheme = INTEGRITY
    desk.seen = 0
    await desk.answer(tax={"v": "5"}, media={"v": "unsure"}, finance={"v": "9"})

    found = {o.scheme: o for o in await self_assessments.offers(firm, actor=owner, now=LATER)}

    assert list(found) == [PUBLIC, INTEGRITY, RATING]
    assert (found[PUBLIC].last.id, found[PUBLIC].answered) == (made, 0)
    assert (found[INTEGRITY].last, found[INTEGRITY].answered) == (None, 2)
    assert (found[INTEGRITY].saved_at, found[RATING].saved_at) == (NOW, None)


async def test_the_registration_of_the_credit_file_is_filled_in(desk, firm):
    row = {"source": "declared", "recorded_by": "x", "recorded_at": NOW, "enterprise_id": firm}
    await Registration.create(
        id=new_id(NOW), status="存续", founded_on=date(2016, 5, 18), industry="C35", **row
    )
    walk = await desk.walk()
    made = await desk.told(await desk.finish())
    rating = await Desk(firm, desk.actor, RATING).walk()

    assert walk.items["registration_status"].parts == {"v": "存续"}
    assert walk.items["founded_on"].parts == {"v": "2016-05-18"}
    assert walk.items["founded_on"].origin == "file"
    assert made.kept.total == 800 + 10
    assert (await current(firm))["founded_on"] == ("2016-05-18", "declared")
    assert rating.items["industry"].parts == {"v": "C35"}


async def test_a_status_that_the_pack_does_not_know_is_left_to_the_enterprise(desk, firm):
    row = {"source": "declared", "recorded_by": "x", "recorded_at": NOW, "enterprise_id": firm}
    await Registration.create(id=new_id(NOW), status="存续（在营、开业、在册）", **row)

    assert (await desk.walk()).items["registration_status"].parts == {}


async def test_the_public_total_answers_the_question_of_the_other_scheme(desk, firm, owner):
    await desk.answer(**CLEAN)
    await desk.finish()
    rating = Desk(firm, owner, RATING)
    first = (await rating.walk()).items["public_credit_score"]
    told = await rating.told(await rating.finish())

    assert (first.origin, first.parts) == ("scheme", {"v": str(CLEAN_TOTAL)})
    points = {row["id"]: row["points"] for row in told.result.as_dict()["indicators"]}
    assert points["PQ0207"] == 3


async def test_marks_and_bars_of_the_third_scheme_are_told_with_their_ends(firm, owner):
    desk = Desk(firm, owner, INTEGRITY)
    marks = [i for i, item in (await desk.walk()).items.items() if item.question.kind == "mark"]
    await desk.answer(
        **{name: {"v": "5"} for name in marks},
        founded_on={"v": "2010-01-01"},
        serious={"has": "no"},
        rivals={"has": "no"},
        by_degree={"has": "no"},
        within_a_year={"1.what": "overdue_loan", "1.on": "2025-06-15"},
    )
    told = await desk.told(await desk.finish())

    assert (told.kept.total, told.kept.grade) == (100, None)
    assert [row["id"] for row in told.result.as_dict()["ceilings"]] == ["c233"]
    (burden,) = told.burdens
    assert (burden.name, burden.ends_on) == ("逾期贷款或欠息", date(2026, 6, 15))
    assert told.result.level.name == "AA+"


async def test_a_self_assessment_is_laid_beside_the_last_and_the_verified_one(desk, firm):
    await verify(firm, registration_status="存续")
    await assessments.assess(firm, PUBLIC, basis="verified", as_of=TODAY, now=NOW)
    await desk.answer(taxpayer={"v": "小规模纳税人"})
    await desk.finish()
    desk.now = LATER
    await desk.answer(taxpayer={"v": "一般纳税人"}, penalties={"has": "no"})
    told = await desk.told(await desk.finish())

    assert (told.last.label, told.last.total, told.last.difference) == ("自评", "803", "+3")
    assert [(g.name, g.before, g.now) for g in told.last.groups] == [
        ("加分合计", "3", "6"),
        ("守信信息", "3", "6"),
        ("基本素质", "3", "6"),
    ]
    assert (told.verified.label, told.verified.total, told.verified.level) == (
        "核实评价",
        "800",
        "A",
    )
    assert (told.verified.difference, told.verified.other_rules) == ("+6", False)
    assert [
        one.total for one in await self_results.history(firm, PUBLIC, actor=desk.actor, now=LATER)
    ] == [806, 803]


async def test_an_enterprise_that_may_not_be_scored_reads_why(desk):
    await desk.answer(registration_status={"v": "注销"})
    told = await desk.told(await desk.finish())

    assert (told.kept.total, told.result.scored, told.span) == (None, False, None)
    assert told.result.refusals[0].endswith("（现在是“注销”）")


def filled_in(cells: dict[tuple[str, str], dict[str, object]], year: int = 2025) -> bytes:
    """The template with some cells: (sheet, item) -> column letter -> value."""
    book = load_workbook(io.BytesIO(template(shipped_pack(RATING).statement, year)))
    for (sheet, item), row in cells.items():
        at = next(r for r in range(4, 30) if book[sheet].cell(r, 1).value == item)
        for column, value in row.items():
            book[sheet][f"{column}{at}"] = value
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def upload(desk: Desk, data: bytes):
    return await self_assessments.take_statements(
        desk.firm, desk.scheme, data, seen=desk.seen, actor=desk.actor, now=desk.now
    )


async def test_a_template_answers_the_three_statements_at_once(firm, owner):
    desk = Desk(firm, owner, RATING)
    data = filled_in(
        {
            ("资产负债表", "资产总额"): {"B": 1200.5, "C": 1000},
            ("资产负债表", "负债总额"): {"B": 500},
            ("利润表", "净利润"): {"B": -30, "E": 5},
        }
    )
    walk = await upload(desk, data)
    await desk.finish()

    assert walk.items["balance_sheet"].parts == {
        "unit": "1",
        "2025.资产总额": "1200.5",
        "2024.资产总额": "1000",
        "2025.负债总额": "500",
    }
    assert walk.items["profit"].parts == {"unit": "1", "2025.净利润": "-30", "2022.净利润": "5"}
    assert not walk.items["cash_flow"].done
    rows = await Fact.filter(enterprise_id=firm, fact="statements").order_by("-key")
    years = {row.detail["year"]: row.detail["items"] for row in rows}
    assert years == {
        2025: {"资产总额": "1200.5", "负债总额": "500", "净利润": "-30"},
        2024: {"资产总额": "1000"},
        2022: {"净利润": "5"},
    }


async def test_a_template_with_a_wrong_cell_is_refused_by_its_cell_and_loses_nothing(firm, owner):
    desk = Desk(firm, owner, RATING)
    await desk.answer(profit={"unit": "1", "2025.净利润": "7"}, wages={"v": "按时足额"})
    data = filled_in({("利润表", "净利润"): {"B": "三十"}, ("资产负债表", "存货"): {"C": "=1+1"}})

    with pytest.raises(BadStatements) as refused:
        await upload(desk, data)

    assert refused.value.problems == (
        "资产负债表 第 6 行 C 列：请填数字，不要用公式",
        "利润表 第 12 行 B 列：应当是数字，不要带文字、逗号或空格",
    )
    walk = await desk.walk()
    assert walk.items["profit"].parts == {"unit": "1", "2025.净利润": "7"}
    assert walk.items["wages"].parts == {"v": "按时足额"}


async def test_years_before_the_last_four_are_not_taken(firm, owner):
    data = filled_in({("利润表", "净利润"): {"E": 5}}, year=2024)

    with pytest.raises(BadStatements, match="2021 年太早：只收最近 4 年（2022 年起）的报表"):
        await upload(Desk(firm, owner, RATING), data)


async def test_a_scheme_without_statements_takes_no_template(desk):
    with pytest.raises(NotFound):
        await upload(desk, b"")


async def test_statements_keep_older_years_verified_years_and_the_year_before(firm, owner):
    pack = shipped_pack(RATING)

    def row(key, year, standing, **more):
        return {"id": key, "fact": "statements", "year": year, "standing": standing, **more}

    await facts.record(
        firm,
        [
            row("old", 2019, "declared", items={"净利润": 1}),
            row("sure", 2024, "verified", items={"净利润": 2}),
            row("mine", 2025, "declared", items={"净利润": 3}, before={"净利润": 9}),
        ],
        pack=pack,
        now=NOW,
    )
    desk = Desk(firm, owner, RATING)
    before = await desk.walk()
    await upload(desk, filled_in({("利润表", "净利润"): {"B": 4, "C": 5}}))
    await desk.finish()

    assert before.items["profit"].parts == {"unit": "1", "2025.净利润": "3"}
    assert before.items["profit"].settled == {"2024": ""}
    rows = await Fact.filter(enterprise_id=firm, fact="statements", until_version=None)
    found = {row.detail["year"]: (row.standing, row.detail["items"]) for row in rows}
    assert found == {
        2019: ("declared", {"净利润": "1"}),
        2024: ("verified", {"净利润": "2"}),
        2025: ("declared", {"净利润": "4"}),
    }
    kept = next(row for row in rows if row.detail["year"] == 2025)
    assert kept.detail["before"] == {"净利润": "9"}


async def test_half_the_sheets_keep_what_was_known_of_the_others(firm, owner):
    desk = Desk(firm, owner, RATING)
    await desk.answer(
        profit={"unit": "10000", "2025.净利润": "3"},
        balance_sheet={"unit": "1", "2025.存货": "100"},
    )
    await desk.finish()
    desk.now = LATER
    await desk.answer(profit={"unit": "1", "2025.净利润": "5"})
    await desk.finish()

    (row,) = await Fact.filter(enterprise_id=firm, fact="statements", until_version=None)
    assert row.detail["items"] == {"存货": "100", "净利润": "5"}


async def test_answers_under_rules_that_have_changed_are_asked_under_the_new_ones(desk):
    await desk.answer(registration_status={"v": "存续"}, taxpayer={"v": "一般纳税人"})
    await packs.publish(packs.V2, on=packs.LATER)
    desk.now = NOW + timedelta(days=60)

    told = await desk.told(await desk.finish())

    assert (told.kept.version, told.kept.total) == (2, Decimal(796))


async def test_every_answer_given_is_on_record_with_who_gave_it(desk, db):
    await desk.answer(**CLEAN)
    await desk.finish()

    connection = await asyncpg.connect(db)
    entries = await connection.fetch("SELECT action, kind, actor FROM audit_entry")
    assert [tuple(row) for row in entries if row["action"] == "self_assessment.finish"] == [
        ("self_assessment.finish", "self_assessment", str(desk.actor.user_id))
    ]
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute("UPDATE self_assessment SET asked = 0")
    finally:
        await connection.close()


async def test_what_was_kept_names_no_grade_anywhere(desk):
    await desk.answer(**CLEAN)
    made = await desk.finish()

    kept = orjson.loads((await assessments.kept(made)).result)
    assert (kept["grade"], kept["label"], kept["level"]) == (None, "自评", "AAA")
