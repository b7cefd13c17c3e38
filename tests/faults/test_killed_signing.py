"""`certificates resign` killed in the middle: nothing is lost, and the next run does the rest."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import pytest

from bot.clients.signer import FileSigner, verify
from bot.domain.certificate_token import message, unpack
from bot.domain.signing_keys import Purpose
from bot.services import certificate_signing, signing_keys
from bot.services.signing_keys import Issuer
from models import Certificate
from tests.bench.register import fill
from tests.conftest import NOW
from tests.nursery import forked
from tests.product import settings
from tests.service.test_commands import bot
from tests.waiting import until

CERTIFICATES, LIVING = 4200, 4116  # two whole batches and a piece
STUCK_IN = 2  # the batch in which the killed one is held up
BASE = "https://cx.example.org.cn"

pytestmark = pytest.mark.faults


async def test_a_killed_run_is_gone_on_with_and_every_token_is_good(
    db: str, emptier: asyncpg.Connection, tmp_path: Path
):
    await fill(db, tmp_path, BASE, CERTIFICATES, real=1, is_open=True)
    issuer = Issuer(FileSigner(tmp_path / "keys"), BASE, production=False)
    new = await signing_keys.rotate(
        Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="演练", now=NOW
    )
    env = settings(tmp_path, DATABASE_URL=db, PUBLIC_URL=BASE)

    async def signed() -> int:
        return await Certificate.filter(key=new.number).count()

    rows = await Certificate.filter(state="active").order_by("id").values_list("id", flat=True)
    holder = await asyncpg.connect(db)
    hold_up = holder.transaction()
    await hold_up.start()
    await holder.execute(
        "SELECT 1 FROM certificate WHERE id = $1 FOR UPDATE",
        rows[certificate_signing.BATCH * STUCK_IN - 1],
    )
    with (tmp_path / "log").open("wb") as output:
        killed = forked.start("bot", "certificates", "resign", env=env, output=output)

    async def is_stuck() -> bool:
        assert killed.poll() is None, (tmp_path / "log").read_text()
        return bool(await emptier.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND query LIKE 'SELECT id FROM certificate%FOR UPDATE'"
            " AND datname = current_database()"
        ))  # fmt: skip

    try:
        await until(is_stuck, "the run to stand still in the middle of a batch")
        os.killpg(killed.pid, signal.SIGKILL)
        await asyncio.to_thread(killed.wait)
        await hold_up.rollback()
        await until(lambda: nobody_works(emptier), "the killed one's connection to end")
        between = await signed()
        again = await bot("certificates", "resign", env=env)
    finally:
        await holder.close()

    assert between == certificate_signing.BATCH * (STUCK_IN - 1)
    assert f"重新签名 {LIVING - between} 张" in again.text
    assert await signed() == LIVING
    for number, token in await Certificate.filter(state="active").values_list("number", "token"):
        payload, signature = unpack(token)
        assert verify(new.public, signature, message(BASE, number, payload))


async def nobody_works(emptier: asyncpg.Connection) -> bool:
    return not await emptier.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'credit-command'"
    )
