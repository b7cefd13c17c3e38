"""The engine of dialogues: a question at a time, back, stop and resume, all in a State."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.domain.dialogues import (
    Choice,
    Effect,
    Ending,
    Outcome,
    State,
    Step,
    ask,
    looks_like_an_answer,
    take,
)
from bot.handlers.wechat.words import WORDS

YEARS = Step("years", "经营几年了？", (Choice("1", "不到三年"), Choice("3", "三年以上")))
TAX = Step("tax", "有没有欠税？", (Choice("no", "没有"), Choice("yes", "有")))
WHY = Step("why", "请写一句说明。")


@dataclass(frozen=True)
class Survey:
    """Three questions; the last one only for those who owe tax."""

    name: str = "survey"
    lifetime: timedelta = timedelta(days=7)
    resumable: bool = True
    insists: bool = True

    def step(self, state: State) -> Step | None:
        for step in (YEARS, TAX, WHY):
            if step is WHY and state.answer("tax") != "yes":
                continue
            if state.answer(step.name) is None:
                return step
        return None

    def finish(self, state: State) -> Ending:
        return Ending("完成", Effect("keep", repr(dict(state.answers))))


def play(*said: str, dialogue: Survey | None = None) -> list[tuple[Outcome, str]]:
    """What a person is told, message by message."""
    dialogue = dialogue or Survey()
    turned = ask(dialogue, State(dialogue.name))
    told = [(turned.outcome, turned.reply)]
    for message in said:
        turned = take(dialogue, turned.state, message, WORDS)
        told.append((turned.outcome, turned.reply))
    return told


def test_numbers_lead_through_the_questions_to_the_end():
    assert play("1", "1") == [
        (Outcome.ASKED, YEARS.text),
        (Outcome.ASKED, TAX.text),
        (Outcome.ENDED, "完成"),
    ]
    assert YEARS.text == "经营几年了？\n1 不到三年\n2 三年以上"


def test_an_answer_decides_which_question_comes_next_and_words_are_kept():
    dialogue = Survey()
    state = State("survey", answers=(("years", "3"), ("tax", "yes")))

    turned = take(dialogue, state, " 正在补缴 ", WORDS)

    assert turned.effect == Effect("keep", "{'years': '3', 'tax': 'yes', 'why': '正在补缴'}")


@pytest.mark.parametrize("said", ["2", "２", "二", " 2。", "三年以上"])
def test_an_answer_is_read_however_it_is_typed(said):
    assert YEARS.read(said) == "3"


@pytest.mark.parametrize("said", ["？", "……", " ", "4", "十二"])
def test_what_names_no_choice_is_none_of_them(said):
    assert YEARS.read(said) is None


def test_back_takes_the_last_answer_away_and_stays_at_the_first():
    assert play("1", "返回", "返回") == [
        (Outcome.ASKED, YEARS.text),
        (Outcome.ASKED, TAX.text),
        (Outcome.ASKED, YEARS.text),
        (Outcome.ASKED, f"{WORDS['dialogue_first']}\n\n{YEARS.text}"),
    ]


def test_what_is_no_answer_is_asked_again():
    assert play("9")[-1] == (Outcome.ASKED, f"{WORDS['dialogue_unread']}\n\n{YEARS.text}")


def test_a_dialogue_that_does_not_insist_leaves_other_words_alone():
    assert play("别的事", dialogue=Survey(insists=False))[-1] == (Outcome.UNREAD, "")


def test_stopping_keeps_what_can_be_resumed_and_ends_the_rest():
    assert play("1", "停", "继续")[2:] == [
        (Outcome.PAUSED, WORDS["dialogue_paused"]),
        (Outcome.ASKED, TAX.text),
    ]
    assert play("停", dialogue=Survey(resumable=False))[-1] == (
        Outcome.ENDED, WORDS["dialogue_stopped"],
    )  # fmt: skip


def test_a_dialogue_whose_questions_have_become_fewer_ends_instead_of_failing():
    state = State("survey", answers=(("years", "1"), ("tax", "no")))

    assert take(Survey(), state, "1", WORDS).outcome is Outcome.ENDED


@pytest.mark.parametrize(
    "said",
    ["1", "12", "３", "一", "第2个", "B", "是", "没有", "50万", "2019-06-01", "返回", "停", "继续"],
)
def test_these_words_can_only_be_an_answer(said):
    assert looks_like_an_answer(said)


@pytest.mark.parametrize(
    "said", ["一共几级", "有牌匾吗", "证书", "AAA", "5A级协会", "停业能评吗", "对公"]
)
def test_these_words_are_a_question(said):
    assert not looks_like_an_answer(said)
