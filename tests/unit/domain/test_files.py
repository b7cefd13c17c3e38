"""Rules for files: names, places, and words for every refusal."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.files import (
    KINDS,
    WARNINGS,
    WORDS,
    Clean,
    Media,
    Piece,
    Refusal,
    Warned,
    folder_of,
    folders_between,
    made_at,
    object_id,
    object_key,
    plain_name,
)
from models.ids import new_id

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
INVISIBLE = "".join(map(chr, (*range(32), 127, 0x202E, 0x200B, 0x2066, 0xFEFF)))


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("营业执照.JPG", "营业执照.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\文件\\报表.xlsx", "报表.pdf"),
        ("报\u202efdp.exe", "报fdp.pdf"),
        ("a\r\nSet-Cookie: b.jpg", "aSet-Cookie: b.pdf"),
        ("...", "文件.pdf"),
        ("", "文件.pdf"),
        ("\ud800.png", "文件.pdf"),
        ("很" * 300 + ".png", "很" * 100 + ".pdf"),
    ],
)
def test_a_name_is_one_plain_line_with_the_ending_of_what_is_stored(given_name, shown):
    assert plain_name(given_name, Media.PDF) == shown


@given(
    st.text(alphabet=st.one_of(st.characters(), st.sampled_from(INVISIBLE + "/\\.")), max_size=60)
)
def test_no_name_hides_turns_or_leads_anywhere(text):
    name = plain_name(text, Media.JPEG)

    assert name.endswith(".jpg")
    assert not set(name) & set(INVISIBLE + "/\\")
    assert 4 < len(name.encode()) <= 4 * 104


@given(st.uuids())
def test_an_object_is_called_by_a_ulid_that_leads_back_to_its_row(identifier):
    key = object_key(identifier)

    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", key)
    assert object_id(key) == identifier


@given(st.integers(0, 60 * 365 * 86400).map(lambda s: EPOCH + timedelta(seconds=s)))
def test_an_objects_name_tells_when_it_was_made_and_where_it_lies(at):
    key = object_key(new_id(at))

    assert abs(made_at(key) - at) < timedelta(milliseconds=1)
    assert folders_between(at, at) == [folder_of(key)]


def test_the_folders_of_a_month_are_few_and_without_a_gap():
    folders = folders_between(NOW - timedelta(days=30), NOW)
    daily = {folder_of(object_key(new_id(NOW - timedelta(days=day)))) for day in range(31)}

    assert set(folders) == daily
    assert folders == sorted(folders)
    assert 3 <= len(folders) <= 4


def test_every_refusal_and_warning_has_words_and_every_kind_a_class():
    assert set(WORDS) == set(Refusal)
    assert set(WARNINGS) == set(Warned)
    assert all(sentence.endswith("。") for sentence in (*WORDS.values(), *WARNINGS.values()))
    assert {name for name, kind in KINDS.items() if not kind.confidential} == {
        "business_licence", "production_licence", "special_trade_licence", "honour"
    }  # fmt: skip


def test_the_body_of_a_clean_file_is_its_first_piece():
    body, page = Piece(0, Media.PDF, 0, 0, b"%PDF-"), Piece(1, Media.JPEG, 1, 1, b"\xff\xd8\xff")

    assert Clean(Media.PDF, 1, (), (body, page)).body == body


def test_a_uuid_beyond_time_is_still_a_name():
    assert object_key(UUID(int=2**128 - 1)) == "7" + "Z" * 25
