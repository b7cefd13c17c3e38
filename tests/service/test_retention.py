"""What is old is deleted, all of it; what is young or still needed stays."""

from datetime import timedelta

import pytest

from bot.clients.database import fetch
from bot.services import retention
from models import InboundMessage, Job, JobState
from models.ids import new_id
from tests.conftest import NOW

BEFORE = timedelta(seconds=1)


async def message(key: str, age: timedelta) -> None:
    await InboundMessage.create(
        id=new_id(NOW), appid="wx", dedupe_key=key, openid="o", kind="text", reply="",
        received_at=NOW - age,
    )  # fmt: skip


async def job(state: JobState, age: timedelta) -> None:
    await Job.create(
        id=new_id(NOW), kind="k", payload={}, state=state, due_at=NOW, created_at=NOW,
        finished_at=NOW - age,
    )  # fmt: skip


async def test_messages_go_on_their_day_and_not_before(db):
    keep = timedelta(days=180)
    for key, age in (("old", keep + BEFORE), ("due", keep), ("young", keep - BEFORE)):
        await message(key, age)

    gone = await retention.purge(now=NOW)

    assert gone["inbound_message"] == 1
    assert set(await InboundMessage.all().values_list("dedupe_key", flat=True)) == {"due", "young"}


async def test_everything_old_goes_however_much_it_is(db, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    for number in range(8):
        await message(str(number), timedelta(days=200))

    assert (await retention.purge(now=NOW))["inbound_message"] == 8
    assert await InboundMessage.all().count() == 0


async def test_done_jobs_go_and_the_dead_and_waiting_stay(db):
    for state in JobState:
        await job(state, timedelta(days=400))

    await retention.purge(now=NOW)

    assert {row.state for row in await Job.all()} == {JobState.WAITING, JobState.DEAD}


@pytest.mark.parametrize("rule", retention.RULES, ids=lambda rule: rule.table)
async def test_every_rule_names_a_column_that_has_an_index(db, rule):
    """Looking for what is old must not read what is young."""
    rows = await fetch("SELECT indexdef FROM pg_indexes WHERE tablename = $1", rule.table)

    assert any(f"({rule.since}" in row["indexdef"] for row in rows)
