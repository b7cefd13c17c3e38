"""Identifiers sort in the order in which they were made, one by one or many at once."""

from datetime import UTC, datetime, timedelta

from models.ids import new_id, new_ids
from tests.conftest import NOW


def test_identifiers_of_one_instant_sort_as_they_were_made() -> None:
    made = [new_id(NOW), *new_ids(NOW, 500), *new_ids(NOW, 0), new_id(NOW), *new_ids(NOW, 2)]

    assert sorted(set(made)) == made


def test_an_identifier_says_its_version_and_its_instant() -> None:
    later = NOW + timedelta(milliseconds=7)
    for one, at in ((new_id(NOW), NOW), (new_ids(later, 3)[2], later), (new_id(NOW), NOW)):
        assert (one.version, one.variant) == (7, "specified in RFC 4122")
        assert datetime.fromtimestamp((one.int >> 80) / 1000, UTC) == at
