"""The chat's knowledge: what real people type finds the right answer, or none."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.domain.errors import BadInput
from bot.domain.knowledge import (
    FEWEST_WORDINGS,
    Book,
    Press,
    fill,
    missing_numbers,
    read_entries,
    read_entry,
    write_entry,
)
from bot.domain.matching import MOST_CHARS, Found
from bot.handlers.wechat.knowledge import shipped

FRESH = tomllib.loads(Path(__file__).with_name("phrasings_fresh.toml").read_text())
UNSEEN = tomllib.loads(Path(__file__).with_name("phrasings_unseen.toml").read_text())
PHRASINGS = tomllib.loads(Path(__file__).with_name("phrasings.toml").read_text())
NUMBERS = shipped.numbers()


@pytest.fixture(scope="module")
def press() -> Press:
    return Press(shipped.language(), NUMBERS)


@pytest.fixture(scope="module")
def book(press) -> Book:
    return press.print(shipped.texts())


@dataclass(frozen=True)
class Figures:
    """How a set of phrasings fared; an answer to what must not be answered is a wrong one."""

    askable: int
    asked: int
    right: int
    wrong: int

    def __add__(self, other: "Figures") -> "Figures":
        mine = (self.askable, self.asked, self.right, self.wrong)
        theirs = (other.askable, other.asked, other.right, other.wrong)
        return Figures(*(a + b for a, b in zip(mine, theirs, strict=True)))

    def __str__(self) -> str:
        return (
            f"{self.right} of {self.askable} right ({self.right / self.askable:.1%}), "
            f"{self.wrong} of {self.asked} wrong ({self.wrong / self.asked:.1%})"
        )


def figures(book: Book, table: dict) -> Figures:
    """Of a table with cases and refusals; a case may have several right answers."""
    cases = [(said, [wanted] if isinstance(wanted, str) else wanted)
             for said, wanted in table["cases"]]  # fmt: skip
    answers = [(book.ask(said).sure, wanted) for said, wanted in cases]
    refused = [book.ask(said).sure for said in table["refuse"]]
    return Figures(
        askable=len(cases),
        asked=len(cases) + len(refused),
        right=sum(answer in wanted for answer, wanted in answers),
        wrong=sum(answer not in {"", *wanted} for answer, wanted in answers)
        + sum(map(bool, refused)),
    )


def test_nine_of_ten_real_phrasings_are_answered_right_and_hardly_any_wrong(book):
    tuned, held_out = (figures(book, PHRASINGS[part]) for part in ("tuned", "held_out"))
    whole = tuned + held_out
    print(f"\ntuned: {tuned}\nheld out: {held_out}\nall: {whole}")

    assert whole.asked == 200
    assert whole.right / whole.askable >= 0.9
    assert whole.wrong / whole.asked <= 0.02
    assert held_out.right / held_out.askable >= 0.85


def test_so_are_those_whose_answers_nobody_has_looked_at(book):
    """Every question but two, typed as owners do; the file's note says what keeps it honest."""
    found = figures(book, UNSEEN)
    print(f"\nunseen: {found}")

    named = {name for _, wanted in UNSEEN["cases"] for name in wanted}
    assert set(book.entries) - named == {"council-member", "grade-a"}
    assert (found.askable, found.asked) == (163, 185)
    assert found.right / found.askable >= 0.9
    assert found.wrong / found.asked <= 0.02


def test_what_was_looked_at_stays_as_good(book):
    found = figures(book, FRESH)
    print(f"\nfresh: {found}")

    assert found.asked == 497
    assert found.right / found.askable >= 0.94
    assert found.wrong / found.asked <= 0.01


@pytest.mark.parametrize(
    ("said", "meant_for"),
    [
        ("有优惠吗", "who-we-are"),
        ("改地址了证书要换不", "address"),
        ("评级报告多少钱", "shanxi-report"),
        ("会员证怎么领", "join"),
        ("证书到啥时候就没用了", "evaluation-time"),
    ],
)
def test_a_subject_that_only_one_side_names_is_not_answered(book, said, meant_for):
    assert book.ask(said).sure != meant_for


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("承诺要花多少钱", "2000元"),
        ("证书管几年", "三年"),
        ("这个证书是不是真的", "二维码"),
        ("请问这个公众号能干什么", "信用服务有两项"),
        ("这是干什么的号", "信用服务有两项"),
    ],
)
def test_what_a_newcomer_wants_to_know_takes_one_message(book, said, told):
    assert told in book.entries[book.ask(said).sure].answer


def test_no_phrasing_is_a_wording_or_comes_twice(book):
    wordings = {wording for entry in book.entries.values() for wording in entry.wordings}
    held_out = [said for said, _ in PHRASINGS["held_out"]["cases"]]
    tuned = [said for said, _ in PHRASINGS["tuned"]["cases"]]

    fresh = [said for table in (FRESH, UNSEEN) for said, _ in table["cases"]]
    fold = shipped.language().fold
    written = {fold(wording) for wording in wordings}
    assert len({*held_out, *tuned}) == 160
    assert len({*map(fold, fresh)} - {*map(fold, [*held_out, *tuned])}) == len(fresh) == 431 + 163
    assert [said for said in [*held_out, *fresh] if fold(said) in written] == []


def test_every_wording_finds_its_own_question_or_an_equal_one_is_offered(book):
    lost = [
        (entry.id, wording)
        for entry in book.entries.values()
        for wording in entry.wordings
        if entry.id not in book.ask(wording).near
    ]

    assert lost == []


def test_of_a_long_message_only_the_beginning_is_read(book):
    long = "证书怎么查真假多少钱" * 200

    assert book.ask(long) == book.ask(long[:MOST_CHARS])


@pytest.mark.parametrize("said", ["", "？？？", "😀😀", "啊", "的了吗"])
def test_nothing_said_is_nothing_found(book, said):
    assert book.ask(said) == Found()


def test_other_peoples_business_is_neither_answered_nor_offered(book):
    assert book.ask("社保多少钱") == Found()


def test_what_is_not_sure_is_offered_with_the_nearest_first(book):
    found = book.ask("证书的事情想了解")

    assert found.sure == ""
    assert 1 <= len(found.near) <= 3


def test_one_word_that_is_in_most_questions_is_not_a_question(book):
    found = book.ask("证书")

    assert (found.sure, len(found.near)) == ("", 3)


def test_there_are_sixty_questions_each_in_several_wordings_with_a_source(book):
    entries = shipped.entries()

    assert len(entries) >= 60
    assert {entry.id for entry in entries if len(entry.wordings) < FEWEST_WORDINGS} == set()
    assert len({entry.question for entry in entries}) == len(entries)
    assert {entry.id for entry in entries if not entry.source} == set()


def test_every_answer_is_short_polite_and_without_code_words(book):
    answers = {entry.id: fill(entry.answer, {"site": ""}) for entry in book.entries.values()}

    assert {name for name, text in answers.items() if len(text) > 120} == set()
    assert {name for name, text in answers.items() if "你" in text or "$" in text} == set()
    assert {name for name, text in answers.items() if "请问" in text or "亲" in text} == set()


def test_a_listed_line_fits_a_phone(book):
    """A line of a list wraps where it has more than sixteen characters; a sentence may wrap."""
    listed = [
        line
        for entry in book.entries.values()
        if len(lines := entry.answer.splitlines()) > 3
        for line in lines
        if len(line) > 20 and not line.endswith("。") and not line.startswith("$site")
    ]

    assert listed == []


def test_prices_and_validity_stand_in_no_answer_by_themselves():
    typed = [
        (entry.id, number)
        for entry in shipped.entries()
        for number in ("2000", "18000", "830", "810", "800分", "有效三年", "有效一年")
        if number in entry.answer
    ]

    assert typed == []


def test_every_placeholder_is_known(book):
    unfilled = {e.id for e in shipped.entries() if missing_numbers(e.answer, NUMBERS)}

    assert unfilled == set()
    assert NUMBERS["office_hours"] == "工作日09:00—17:30"


def test_an_answer_whose_number_is_unknown_sends_to_a_person(press):
    blank = Press(press.language, {}).print(shipped.texts())

    assert blank.entries["commitment-cost"].answer == blank.words["number_unknown"]
    assert "010-88653588" in blank.entries["phone"].answer


def test_an_entry_written_for_staff_reads_back_the_same():
    for entry in shipped.entries():
        assert read_entry(entry.id, write_entry(entry)) == entry


ENTRY = (
    'question = "问"\nwordings = ["一", "二", "三", "四"]\n'
    'answer = "答 $fee_commitment"\nsource = "000"\n'
)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (ENTRY.replace("answer", "anwser"), "多了或少了 answer、anwser"),
        (ENTRY.replace(', "四"', ""), "至少写 4 种"),
        (ENTRY.replace('"000"', '""'), "都要填写"),
        (ENTRY.replace('"答', '"' + "答" * 301), "最多"),
        (ENTRY.replace("fee_commitment", "fee_invented"), "没有这些数字：fee_invented"),
        ("question = ", "格式不对"),
    ],
)
def test_a_text_that_cannot_be_printed_is_refused_with_the_reason(press, body, why):
    with pytest.raises(BadInput, match=why):
        press.check("knowledge/x", body)


def test_an_empty_message_or_an_unknown_kind_is_refused_and_a_withdrawn_answer_is_not(press):
    for name, body in (("message/welcome", " "), ("menu/x", "a")):
        with pytest.raises(BadInput):
            press.check(name, body)
    press.check("knowledge/x", "")
    press.check("knowledge/x", ENTRY)

    assert fill("收$fee_commitment、$other", NUMBERS) == "收2000元、$other"


def test_staff_may_keep_what_the_code_fills_in_and_nothing_else():
    shipped.press().check("message/ticket_taken", "好的，$when回复您。")

    for strange in ("when", "fee_commitment", "site"):
        with pytest.raises(BadInput, match=f"填不进 {strange}。"):
            shipped.press().check("message/welcome", f"${{{strange}}}见。")


def test_a_knowledge_file_holds_entries_only():
    with pytest.raises(BadInput):
        read_entries('title = "x"\n[[entry]]\n' + ENTRY)
