"""A real worker numbers the audit log within seconds, also when the one before it was killed."""

import asyncio

import pytest
from tortoise.transactions import in_transaction

from bot.clients.database import connect, fetch
from bot.clients.head_file import HeadFile
from bot.clients.vault import read_keys
from bot.commands.audit_verify import Witnessed, verify
from bot.config import SANDBOX_AUDIT_KEYS
from bot.domain.actors import System
from bot.services import audit
from bot.services.audit_reading import last_head
from bot.services.audit_sequence import HeadSigner
from tests.conftest import NOW
from tests.product import running, settings
from tests.waiting import until

pytestmark = pytest.mark.faults


async def some(count: int) -> None:
    for number in range(count):
        async with in_transaction():
            await audit.note("thing.made", kind="thing", id=str(number), actor=System("x"), now=NOW)


async def numbered() -> int:
    """How many of ours; the worker may have something to note as well."""
    [row] = await fetch(
        "SELECT count(*) AS n FROM audit_leaf l JOIN audit_entry e ON e.id = l.entry_id"
        " WHERE e.kind = 'thing'"
    )
    return int(row["n"])


async def test_the_log_goes_on_after_a_kill(db, redis_url, tmp_path):
    environ = settings(tmp_path, DATABASE_URL=db, REDIS_URL=redis_url)
    loop = asyncio.get_running_loop()

    async def signed(size: int) -> float:
        asked = loop.time()

        async def done() -> bool:
            return await numbered() == size

        await until(done, f"{size} entries with their numbers")
        return loop.time() - asked

    await some(5)
    with running("worker", tmp_path, environ) as first:
        await signed(5)
        await some(3)
        took = await signed(8)
        first.process.kill()
        first.process.wait()
    await some(4)
    with running("worker", tmp_path, environ):
        await signed(12)
    connection = await connect(db, application="tests")
    kept = HeadFile.of(tmp_path).read()
    seen = [Witnessed(kept.size, kept.root)]
    keys = HeadSigner(read_keys(SANDBOX_AUDIT_KEYS)).public()
    verdict = await verify(connection, keys, seen)
    await connection.close()

    assert took < 15  # every five seconds, on a machine that does much else
    assert (await numbered(), verdict.first) == (12, None)
    assert kept == await last_head()
