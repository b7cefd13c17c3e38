"""What every connection of the product promises, seen from inside it."""

from datetime import timedelta
from uuid import RFC_4122

import pytest
from tortoise.transactions import in_transaction

from bot.clients.database import connect_arguments, fetch, transaction_connection
from models import Contact
from models.ids import new_id, new_ids
from tests.conftest import NOW


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("statement_timeout", "10s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("TimeZone", "UTC"),
    ],
)
async def test_a_session_gives_up_by_itself(db, setting, value):
    assert (await fetch(f"SHOW {setting}"))[0].popitem()[1] == value


async def test_every_instant_is_stored_with_its_zone_and_no_number_is_a_float(db):
    rows = await fetch(
        "SELECT table_name || '.' || column_name AS name, data_type AS kind "
        "FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name NOT LIKE 'pgqueuer%'"
    )
    kinds = {row["name"]: row["kind"] for row in rows}

    assert {k for n, k in kinds.items() if n.endswith("_at")} == {"timestamp with time zone"}
    assert not {k for k in kinds.values() if "double" in k or k == "real"}
    assert {k for n, k in kinds.items() if n.endswith("_fen")} <= {"bigint"}


async def test_the_transactions_own_connection_sees_what_nobody_else_sees(db):
    async with in_transaction():
        await Contact.create(
            id=new_id(NOW), appid="wx", openid="o", first_seen_at=NOW, last_seen_at=NOW
        )
        inside = await transaction_connection().fetchval("SELECT count(*) FROM contact")
        await transaction_connection().execute("SET LOCAL statement_timeout = 1234")

    assert inside == 1
    assert (await fetch("SHOW statement_timeout"))[0]["statement_timeout"] == "10s"


def test_ids_of_one_instant_sort_by_it_and_differ():
    ids = [new_id(NOW) for _ in range(1000)] + new_ids(NOW, 1000)

    assert len(set(ids)) == 2000
    assert {i.variant for i in ids} == {RFC_4122}
    assert {i.version for i in ids} == {7}
    assert {i.int >> 80 for i in ids} == {int(NOW.timestamp() * 1000)}


def test_ids_sort_as_they_were_made():
    made = [new_id(NOW + timedelta(milliseconds=n // 500)) for n in range(1000)]

    assert made == sorted(set(made))


@pytest.mark.parametrize(
    ("url", "host", "password", "database"),
    [
        ("postgres://credit:p%40ss@db:6432/credit", "db", "p@ss", "credit"),
        ("postgres://credit:x@/credit?host=%2Frun%2Fpg", "/run/pg", "x", "credit"),
    ],
)
def test_an_address_is_read_as_it_is_written(url, host, password, database):
    got = connect_arguments(url)

    assert (got["host"], got["password"], got["database"]) == (host, password, database)
