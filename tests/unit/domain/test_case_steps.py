"""How a case moves: every step of the table by everybody, and how old a document may be."""

from datetime import UTC, date, datetime
from itertools import product
from uuid import UUID

import pytest

from bot.domain.actors import Member, Staff, System, Visitor
from bot.domain.case_papers import (
    MAKER,
    RULES,
    Asks,
    Finding,
    PaperState,
    compared,
    read_date,
    rule_of,
    state_of,
)
from bot.domain.cases import (
    ACTION_LABELS,
    ENDED,
    LABELS,
    STEPS,
    TURNS,
    Action,
    By,
    NotNow,
    State,
    due_on,
    left,
    side_of,
    step_for,
)
from bot.domain.errors import BadInput
from bot.domain.files import KINDS
from bot.domain.licences import Licence, Term
from bot.domain.sessions import Door
from bot.scoring.library import shipped_programmes
from bot.services.case_conditions import LOOKS
from bot.services.office import office

AT = datetime(2026, 3, 2, tzinfo=UTC)
TODAY = date(2026, 3, 2)
MEMBER = Member(UUID(int=1), UUID(int=2), Door.H5, AT, AT)

# The table read aloud, a second time and by hand: who may do what from where, and what comes of it.
ALOUD = {
    ("draft", "submit", "member"): "submitted",
    ("draft", "withdraw", "member"): "withdrawn",
    ("submitted", "accept", "intake"): "accepted",
    ("submitted", "return", "intake"): "returned",
    ("submitted", "reject", "intake"): "rejected",
    ("submitted", "withdraw", "member"): "withdrawn",
    ("returned", "resubmit", "member"): "submitted",
    ("returned", "withdraw", "member"): "withdrawn",
    ("accepted", "await_payment", "system"): "awaiting_payment",
    ("accepted", "verify", "system"): "verifying",
    ("accepted", "withdraw", "member"): "withdrawn",
    ("awaiting_payment", "paid", "system"): "verifying",
    ("awaiting_payment", "withdraw", "member"): "withdrawn",
    ("verifying", "withdraw", "member"): "withdrawn",
}


@pytest.mark.parametrize(
    ("state", "action", "by"), list(product(State, Action, [*By, None])), ids=str
)
def test_a_step_is_taken_as_the_table_says_or_not_at_all(state, action, by):
    wanted = ALOUD.get((state.value, action.value, by and by.value))

    if wanted is None:
        with pytest.raises(NotNow):
            step_for(state, action, by)
    else:
        assert step_for(state, action, by).target == wanted


def test_the_table_has_no_step_twice_and_nothing_leaves_an_end():
    pairs = [(step.source, step.action, step.by) for step in STEPS]

    assert len(pairs) == len(set(pairs)) == len(ALOUD)
    assert not {step.source for step in STEPS} & ENDED
    assert set(TURNS) == set(State) - ENDED
    assert (set(LABELS), set(ACTION_LABELS)) == (set(State), set(Action))
    assert all(2 <= len(words) <= 5 for words in LABELS.values())  # WeChat's phrase


def test_everybody_stands_on_one_side_of_the_desk():
    people = (MEMBER, Staff("王芳"), System("job"), Visitor())

    assert [side_of(one) for one in people] == [By.MEMBER, By.INTAKE, By.SYSTEM, None]


@pytest.mark.parametrize(
    ("state", "today", "due"),
    [
        (State.SUBMITTED, date(2026, 3, 2), date(2026, 3, 3)),
        (State.SUBMITTED, date(2026, 3, 6), date(2026, 3, 9)),  # over a weekend
        (State.RETURNED, date(2026, 2, 12), date(2026, 2, 26)),  # 春节, with 2月14日 to make up
        (State.VERIFYING, date(2026, 9, 24), date(2026, 10, 8)),  # 中秋节和国庆节
        (State.SUBMITTED, date(2026, 12, 31), None),  # nobody has announced 2027
        (State.DRAFT, TODAY, None),
        (State.WITHDRAWN, TODAY, None),
    ],
)
def test_deadlines_run_on_working_days(state, today, due):
    assert due_on(state, today, office().calendar) == due


def test_how_long_there_is_in_words():
    days = (None, date(2026, 3, 5), date(2026, 3, 2), date(2026, 2, 27))

    assert [left(due, TODAY) for due in days] == ["", "剩 3 天", "今天截止", "已超过 3 天"]


def test_every_document_rule_belongs_to_a_programme_and_names_a_kind_of_file():
    materials = {one.id for programme in shipped_programmes() for one in programme.materials}

    assert set(RULES) <= materials
    assert {rule.kind for rule in RULES.values()} <= set(KINDS)
    for programme in shipped_programmes():
        for one in programme.materials:
            assert KINDS[rule_of(one.id).kind].confidential or not one.confidential


def test_every_condition_of_a_programme_is_looked_at():
    wanted = {words for one in shipped_programmes() for words in one.conditions}

    assert wanted == set(LOOKS)
    assert MAKER in {m.only_for for one in shipped_programmes() for m in one.materials}


@pytest.mark.parametrize(
    ("material", "given", "dated"),
    [
        ("financial_statements", "2025", date(2025, 12, 31)),
        ("statements", "2023", date(2023, 12, 31)),
        ("bank_letter", "2025-09-02", date(2025, 9, 2)),
        ("production_licence", "2026-03-02", date(2026, 3, 2)),
        ("production_licence", "", None),  # 长期有效
        ("honours", "2001-01-01", None),  # nobody asked
    ],
)
def test_a_document_that_is_fresh_enough_is_taken(material, given, dated):
    assert read_date(rule_of(material), given, TODAY) == dated


@pytest.mark.parametrize(
    ("material", "given", "words"),
    [
        ("financial_statements", "", "请选择材料所属的年度"),
        ("financial_statements", "2024", "请上传2025 年度的"),
        ("financial_statements", "2026", "请上传2025 年度的"),
        ("statements", "2022", "2025 年度、2024 年度、2023 年度"),
        ("bank_letter", "", "请填写开具日期"),
        ("bank_letter", "2025-09-01", "已超过 6 个月"),
        ("bank_letter", "2026-03-03", "还没有到"),
        ("bank_letter", "昨天", "日期不对"),
        ("financial_statements", "两千", "日期不对"),
        ("production_licence", "2026-03-01", "已经过期"),
        ("production_licence", "0026-03-01", "日期太早"),
    ],
)
def test_a_document_that_is_too_old_is_refused_with_what_to_do(material, given, words):
    with pytest.raises(BadInput, match=words) as refused:
        read_date(rule_of(material), given, TODAY)

    assert refused.value.field == "dated"


def test_months_count_back_to_a_day_that_exists():
    rule = rule_of("bank_letter")
    end_of_august = date(2026, 8, 31)

    assert rule.asks is Asks.ISSUED
    assert rule.fault(date(2026, 3, 1), end_of_august) == ""
    assert "已超过" in rule.fault(date(2026, 2, 28), end_of_august)


def licence(code="91110108MA01B2C344", name="晨星科技有限公司", status=Term.OPEN) -> Licence:
    return Licence(code, name, "李强", None, "", status, ())


@pytest.mark.parametrize(
    ("read", "found"),
    [
        (licence(), (Finding.MATCHES,)),
        (licence(code=""), (Finding.NOT_READ,)),
        (licence(name="启明制造有限公司"), (Finding.OTHER_NAME,)),
        (
            licence(code="91140100MA0K9T2X38", status=Term.OVER),
            (Finding.OTHER_CODE, Finding.EXPIRED),
        ),
    ],
)
def test_a_licence_is_compared_with_what_is_known(read, found):
    known = {"name": "晨星科技有限公司", "credit_code": "91110108MA01B2C344"}

    assert compared(read, **known) == found


UP, OK, BACK = PaperState.UPLOADED, PaperState.ACCEPTED, PaperState.RETURNED


@pytest.mark.parametrize(
    ("files", "asked", "state"),
    [
        ((), False, PaperState.MISSING),
        ((), True, BACK),  # wanted by the desk though it was optional
        ((OK,), True, BACK),
        ((BACK,), True, BACK),
        ((UP,), True, UP),
        ((OK, UP), False, UP),
        ((OK,), False, OK),
    ],
)
def test_a_document_stands_as_its_files_do(files, asked, state):
    assert state_of(files, asked=asked) == state
