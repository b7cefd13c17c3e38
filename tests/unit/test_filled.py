"""A form that a person filled in: every fault at once, in words, with everything typed kept."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator, model_validator

from bot.handlers.filled import TICKED, WHOLE, Asked, blank, check
from bot.handlers.forms import Input


class Role(StrEnum):
    LEGAL = "legal"
    AGENT = "agent"


class Company(Input):
    name: str = Field(title="企业名称", description="与营业执照一致", max_length=8)
    staff: int = Field(title="从业人员", ge=1)
    founded_on: date | None = Field(None, title="成立日期")
    role: Role = Field(title="您的身份")
    arrears: Literal["yes", "no", "unsure"] = Field(title="是否欠税")
    kinds: tuple[Literal["a", "b"], ...] = Field((), title="认证", max_length=2)
    share: Decimal | None = Field(None, title="占比", decimal_places=2)

    @field_validator("name")
    @classmethod
    def whole(cls, name: str) -> str:
        if "公司" not in name:
            raise ValueError("企业名称要写全称，例如“某某有限公司”。")
        return name

    @model_validator(mode="after")
    def alone(self) -> "Company":
        if self.staff == 1 and self.role is Role.AGENT:
            raise ValueError("只有一个人的企业没有经办人。")
        return self


GOOD = [("name", " 甲乙公司 "), ("staff", "3"), ("role", "legal"), ("arrears", "no")]


def with_(**more: str) -> list[tuple[str, str]]:
    return [(name, text) for name, text in GOOD if name not in more] + list(more.items())


def test_what_was_typed_is_read_without_the_blanks_around_it():
    filled = check([*GOOD, ("founded_on", "2020-02-29"), ("kinds", "a"), ("kinds", "b")], Company)

    assert filled.value == Company(
        name="甲乙公司",
        staff=3,
        founded_on=date(2020, 2, 29),
        role=Role.LEGAL,
        arrears="no",
        kinds=("a", "b"),
    )
    assert (filled.errors, filled.status) == ({}, 200)
    assert filled.many == {"kinds": ("a", "b")}


def test_an_empty_answer_is_none():
    filled = check([*GOOD, ("founded_on", ""), ("share", "  "), ("kinds", "")], Company)

    assert filled.value == Company(name="甲乙公司", staff=3, role=Role.LEGAL, arrears="no")


def test_every_fault_is_told_at_once_in_the_order_of_the_form_and_nothing_typed_is_lost():
    typed = [
        ("staff", "三个"),
        ("name", ""),
        ("founded_on", "去年"),
        ("kinds", "a"),
        ("kinds", "c"),
        ("share", "1.234"),
    ]

    filled = check(typed, Company)

    assert filled.value is None
    assert filled.status == 422
    assert list(filled.errors.items()) == [
        ("name", "请填写企业名称。"),
        ("staff", "从业人员请填整数，例如 12。"),
        ("founded_on", "成立日期请填日期，例如 2026-03-02。"),
        ("role", "请选择您的身份。"),
        ("arrears", "请选择是否欠税。"),
        ("kinds", "认证请从给出的选项中选择。"),
        ("share", "占比最多 2 位小数。"),
    ]
    assert filled.given == {
        "staff": "三个",
        "name": "",
        "founded_on": "去年",
        "kinds": "c",
        "share": "1.234",
    }
    assert filled.many == {"kinds": ("a", "c")}


@pytest.mark.parametrize(
    ("typed", "place", "sentence"),
    [
        ({"name": "甲乙丙丁戊己公司壬"}, "name", "企业名称最多 8 个字，请删减。"),
        ({"name": "甲乙"}, "name", "企业名称要写全称，例如“某某有限公司”。"),
        ({"staff": "0"}, "staff", "从业人员不能小于 1。"),
        ({"role": "boss"}, "role", "您的身份请从给出的选项中选择。"),
        ({"staff": "1", "role": "agent"}, WHOLE, "只有一个人的企业没有经办人。"),
        ({"more": "1"}, WHOLE, "本页已经更新，请核对后重新提交。"),
    ],
)
def test_each_fault_says_what_to_do(typed, place, sentence):
    assert check(with_(**typed), Company).errors == {place: sentence}


def test_a_box_that_was_not_ticked_is_not_said_to_be_filled_in():
    class Agreement(Input):
        agreed: Annotated[int, TICKED] = Field(title="同意公开")

    assert check([], Agreement).errors == {"agreed": "请先打勾，表示您同意公开。"}
    assert check([("agreed", "1")], Agreement).value == Agreement(agreed=1)


def test_a_single_field_that_came_twice_is_not_guessed():
    filled = check([*GOOD, ("staff", "4")], Company)

    assert filled.errors == {"staff": "从业人员填写了两次，请只保留一次。"}


def test_a_blank_form_knows_its_questions_and_what_is_known_already():
    form = blank(Company, {"name": "甲乙公司", "kinds": ["a"]})

    assert (form.given, form.many, form.errors) == ({"name": "甲乙公司"}, {"kinds": ("a",)}, {})
    assert form.asked["name"] == Asked(
        "企业名称", "与营业执照一致", needed=True, many=False, chosen=False, ticked=False, longest=8
    )
    assert form.asked["kinds"] == Asked(
        "认证", "", needed=False, many=True, chosen=True, ticked=False, longest=None
    )
    assert form.asked["founded_on"].needed is False


def test_what_a_service_refused_stands_at_the_field_it_named_or_at_the_whole():
    filled = check(GOOD, Company)

    at_field = filled.refused("该企业已经有人绑定。", "name")
    at_none = filled.refused("现在办不了。", "elsewhere")

    assert (at_field.value, at_field.errors) == (None, {"name": "该企业已经有人绑定。"})
    assert at_none.errors == {WHOLE: "现在办不了。"}
    assert at_field.given == filled.given
