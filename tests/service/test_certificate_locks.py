"""Who works on one certificate at a time waits for nobody who waits for them."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from structlog.testing import capture_logs
from tortoise.transactions import in_transaction

from bot.domain.certificates import State
from bot.domain.errors import Stale
from bot.domain.papers import NoPlaque
from bot.services import binding_steps, certificate_lapses, certificate_life, plaques
from models import PlaqueOrder
from tests import waiting
from tests.conftest import NOW
from tests.service.test_certificates import several, signed, somebody_waits
from tests.service.test_commitments import holder
from tests.service.test_plaques_command import VAULT, WHERE

LATE = NOW + timedelta(days=365 + 40)


async def test_a_lapse_waits_for_nobody_who_waits_for_its_certificate(db, issuer):
    row = await signed(issuer)
    begun, go = asyncio.Event(), asyncio.Event()

    async def change_of_the_enterprise() -> State:
        async with in_transaction():
            await binding_steps.lock(row.enterprise_id)
            begun.set()
            await go.wait()
            return (await certificate_life.locked(row.number)).state

    other = asyncio.create_task(change_of_the_enterprise())
    await begun.wait()
    async with asyncio.timeout(20):
        lapsed = await certificate_lapses.all_due(now=LATE)
    go.set()

    assert (lapsed, await other) == (1, State.SUSPENDED)


async def test_the_lock_of_an_enterprise_keeps_off_whoever_reads_its_name_to_sign_it(
    db, issuer, emptier
):
    row = await signed(issuer)
    async with in_transaction():
        await binding_steps.lock(row.enterprise_id)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await emptier.execute(
                "SELECT 1 FROM enterprise WHERE id = $1 FOR SHARE NOWAIT", row.enterprise_id
            )


async def test_one_that_cannot_lapse_stands_in_nobodys_way(db, issuer, monkeypatch):
    rows = await several(issuer, 3)
    locked = certificate_life.locked

    async def taken(number: str) -> certificate_life.Certificate:
        if number == rows[0].number:
            raise Stale
        return await locked(number)

    monkeypatch.setattr(certificate_life, "locked", taken)
    with capture_logs() as logs:
        first = await certificate_lapses.all_due(now=LATE)
    monkeypatch.undo()

    assert (first, await certificate_lapses.all_due(now=LATE)) == (2, 1)
    [said] = [line for line in logs if line["event"] == "certificate_not_lapsed"]
    assert (said["log_level"], said["certificate"]) == ("error", rows[0].number)


async def test_no_plaque_is_ordered_of_what_gives_way_at_this_moment(db, issuer, emptier):
    row = await signed(issuer)
    owner = await holder(row.enterprise_id)
    giving_way = emptier.transaction()
    await giving_way.start()
    await emptier.execute("UPDATE certificate SET state = 'superseded' WHERE id = $1", row.id)

    ordering = asyncio.create_task(
        plaques.order(row.enterprise_id, row.number, WHERE, actor=owner, vault=VAULT, now=NOW)
    )
    await waiting.until(somebody_waits, "the order waits for what becomes of its certificate")
    await giving_way.commit()

    with pytest.raises(NoPlaque):
        await ordering
    assert await PlaqueOrder.all().count() == 0
