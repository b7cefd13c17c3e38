"""Credit codes: every slip of the pen is refused, and nothing is changed without being told."""

import itertools
from random import Random

import pytest

from bot.domain.credit_codes import ALPHABET, LOOK_ALIKES, BadCode, check_character, read, stands

SLIP = "校验位不符"


def sample(count: int) -> list[str]:
    random = Random(32100)
    firsts = ("91" + "".join(random.choices("0123456789", k=6)) for _ in range(count))
    whole = [first + "".join(random.choices(ALPHABET, k=9)) for first in firsts]
    return [one + check_character(one) for one in whole]


def checked(first: str) -> str:
    """With its right check character, whatever else it is."""
    return first + check_character(first)


def by_hand(code: str) -> bool:
    """The rule of the standard once more, in its own words: weights 3^(i-1), modulo 31."""
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    total = sum(ALPHABET.index(c) * w for c, w in zip(code, weights, strict=False))
    remainder = 31 - total % 31
    return ALPHABET[0 if remainder == 31 else remainder] == code[17]


def test_the_example_of_the_standard_stands():
    assert read("91350100M000100Y43").code == "91350100M000100Y43"
    assert by_hand("91350100M000100Y43")


def test_a_remainder_of_nothing_is_the_character_0():
    codes = [code for code in sample(2000) if code.endswith("0")]

    assert len(codes) > 20
    assert all(stands(code) and by_hand(code) for code in codes)


def test_every_wrong_character_is_refused():
    for code in sample(20):
        for place, wrong in itertools.product(range(18), ALPHABET):
            if code[place] != wrong:
                with pytest.raises(BadCode, match=SLIP):
                    read(code[:place] + wrong + code[place + 1 :])


def test_every_two_neighbours_that_changed_places_are_refused():
    for code in sample(200):
        for place in range(17):
            swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            if swapped != code:
                with pytest.raises(BadCode, match=SLIP):
                    read(swapped)


def test_width_case_blanks_and_dashes_mean_nothing():
    code = "91350100M000100Y43"
    wide = "".join(chr(ord(one) + 0xFEE0) for one in code)

    for typed in (wide, code.lower(), f" {code}\t", "9135 0100-M000 100Y-43", f"\u3000{code}\u200b",
                  "913501００m000100ｙ43"):  # fmt: skip
        assert read(typed) == read(code)
        assert read(typed).mended == ()


def test_a_letter_that_no_code_has_is_mended_only_to_the_true_code_and_told():
    mended = 0
    for code in sample(300):
        for place, (letter, likes) in itertools.product(range(18), LOOK_ALIKES.items()):
            typed = code[:place] + letter + code[place + 1 :]
            if code[place] in likes:
                got = read(typed)
                assert got.code == code
                assert got.mended == (
                    f"第 {place + 1} 位的字母 {letter} 已改为 {code[place]}，请核对。",
                )
                mended += 1
            else:
                with pytest.raises(BadCode, match=f"第 {place + 1} 位不会是字母{letter}"):
                    read(typed)
    assert mended > 1000


def slips(code: str) -> str:
    """The code with two of its digits typed as the letters that look like them."""
    letters, places = list(code), [n for n, one in enumerate(code) if one in "015"][-2:]
    for place in places:
        letters[place] = {"0": "O", "1": "I", "5": "S"}[code[place]]
    return "".join(letters) if len(places) == 2 else ""


def test_two_strange_letters_are_mended_only_when_one_reading_alone_stands():
    told, refused = 0, 0
    for code in sample(400):
        if typed := slips(code):
            likes = [LOOK_ALIKES.get(one, one) for one in typed]
            readings = [one for one in map("".join, itertools.product(*likes)) if stands(one)]
            assert code in readings
            if len(readings) == 1:
                got = read(typed)
                assert (got.code, len(got.mended)) == (code, 2)
                told += 1
            else:
                with pytest.raises(BadCode, match="不会是字母"):
                    read(typed)
                refused += 1
    assert (told > 100, refused > 0) == (True, True)


def test_who_registers_others_than_enterprises_has_codes_too():
    for first in ("11110000M000100Y4", "52110000M000100Y4", "N2110000M000100Y4"):
        assert read(checked(first)).code == checked(first)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "请填写"),
        ("  ", "请填写"),
        ("110108001234567", "15 位的旧注册号"),
        ("91350100M000100Y4", "您填了 17 位"),
        ("91350100M000100Y433", "您填了 19 位"),
        ("91350100M000100Y4公", "第 18 位“公”"),
        ("91350100M000100Y4*", "第 18 位"),
        ("SSSSSSSSSSSSSSSSSS", "不会是字母S"),
        ("000000000000000000", "以 91、92 或 93 开头"),
        (checked("9A350100M000100Y4"), "以 91、92 或 93 开头"),
        (checked("91350A00M000100Y4"), "以 91、92 或 93 开头"),
        (checked("B1350100M000100Y4"), "以 91、92 或 93 开头"),
    ],
)
def test_what_is_no_code_is_refused_in_a_sentence(typed, sentence):
    with pytest.raises(BadCode, match=sentence) as refusal:
        read(typed)

    assert refusal.value.field == "credit_code"
