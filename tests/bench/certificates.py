"""Issuing certificates in bulk against the bare signatures and a bare COPY of the same rows.

    python -m tests.bench certificates [CERTIFICATES] [PAIRS]

The base signs as many messages of the same length, one after the other, and copies the finished
rows into an empty table with the same indexes: nothing is decided, numbered, noted or told. Issuing
is the product's own: the decision checked, numbers drawn, what will be signed committed to, signed,
and written with audit entries and row hashes. Signing again is measured beside it.
"""

import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.clients.database import close_database, open_database
from bot.clients.signer import FileSigner
from bot.domain.actors import System
from bot.domain.credit_codes import check_character
from bot.domain.signing_keys import Purpose
from bot.services import certificate_bulk, certificate_signing, signing_keys
from bot.services.certificate_bases import Basis, Wanted
from bot.services.signing_keys import Issuer
from tests.engines import TEMPLATE, Engines, create_database

EVERYBODY, PAIRS = 230_000, 3
GOAL, TOLERANCE = 2.0, 1.25
RESIGN_GOAL_S = 600.0
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
BASE = "https://cx.example.org.cn"
BASIS = Basis("demonstration", by="王芳", second="李强", reason="测量")


def codes(number: int) -> Iterator[str]:
    for one in range(number):
        first = f"91{one:08d}MA00000"
        yield first + check_character(first)


async def enrol(url: str, number: int) -> list[UUID]:
    """So many enterprises, in the order of their identifiers."""
    connection = await asyncpg.connect(url)
    await connection.execute("SET session_replication_role = replica")
    first = int(NOW.timestamp() * 1000) << 80
    everybody = [UUID(int=first | (7 << 76) | (2 << 62) | one) for one in range(1, number + 1)]
    await connection.copy_records_to_table(
        "enterprise",
        columns=("id", "credit_code", "name"),
        records=(
            (one, code, f"示例第{n}号新材料科技股份有限公司")
            for n, (one, code) in enumerate(zip(everybody, codes(number), strict=True))
        ),
    )
    await connection.execute("VACUUM ANALYZE enterprise")
    await connection.close()
    return everybody


async def issue(everybody: list[UUID], issuer: Issuer) -> None:
    """Everybody gets a commitment's certificate, as the product issues many."""
    wanted = [Wanted(one, "commitment", None, BASIS) for one in everybody]
    await certificate_bulk.issue_all(
        wanted, issuer=issuer, actor=System("bench"), now=NOW, say=lambda _: None
    )


async def base(url: str, number: int) -> float:
    """Sign and copy: what nobody can do without."""
    connection = await asyncpg.connect(url)
    await connection.execute("DROP TABLE IF EXISTS bare")
    await connection.execute("CREATE TABLE bare (LIKE certificate INCLUDING INDEXES)")
    rows = await connection.fetch("SELECT * FROM certificate")
    columns = list(rows[0].keys())
    values = [tuple(row.values()) for row in rows]
    message = secrets.token_bytes(150)
    sign = Ed25519PrivateKey.generate().sign
    started = time.perf_counter()
    for _ in range(number):
        sign(message)
    await connection.copy_records_to_table("bare", columns=columns, records=values)
    took = time.perf_counter() - started
    await connection.execute("DROP TABLE bare")
    await connection.close()
    return took


async def empty(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SET session_replication_role = replica; TRUNCATE certificate, certificate_event,"
        " certificate_series, audit_entry, audit_row, audit_part,"
        " audit_pending, audit_leaf, job CASCADE;"
        "CHECKPOINT"
    )
    await connection.close()


async def check(url: str, number: int) -> None:
    """A fast wrong answer is worth nothing."""
    connection = await asyncpg.connect(url)
    counts = await connection.fetchrow(
        "SELECT count(*) AS rows, count(token) AS signed, count(DISTINCT number) AS numbers,"
        " (SELECT count(*) FROM audit_part p JOIN audit_entry e ON e.id = p.entry_id"
        "  JOIN certificate c ON c.id::text = p.object_id"
        "  WHERE e.action = 'certificate.issued' AND p.kind = 'certificate'"
        "  AND p.sha256 = audit_looks_flat(to_jsonb(c), '{}')) AS hashes"
        " FROM certificate"
    )
    assert set(counts.values()) == {number}, dict(counts)
    await connection.close()


async def run(url: str, number: int, pairs: int, folder: Path) -> bool:
    context = await open_database(url, pool=4, application="bench")
    issuer = Issuer(FileSigner(folder), BASE, production=False)
    ratios, issued_s, base_s = [], [], []
    try:
        everybody = await enrol(url, number)
        for _ in range(pairs):
            await empty(url)
            started = time.perf_counter()
            await issue(everybody, issuer)
            issued_s.append(time.perf_counter() - started)
            await check(url, number)
            base_s.append(await base(url, number))
            ratios.append(issued_s[-1] / base_s[-1])
        held = median(ratios) <= GOAL
        print(
            f"issue {number}: {median(issued_s):.1f} s against {median(base_s):.1f} s, "
            f"{median(ratios):.2f} x ({min(ratios):.2f}-{max(ratios):.2f}, {pairs} pairs); "
            f"goal {GOAL} x: {'held' if held else 'NOT held'}",
            flush=True,
        )
        resigned = await resign(issuer)
    finally:
        await close_database(context)
    return median(ratios) <= GOAL * TOLERANCE and resigned <= RESIGN_GOAL_S


async def resign(issuer: Issuer) -> float:
    await signing_keys.rotate(
        Purpose.CERTIFICATE, issuer=issuer, by="甲", second="乙", why="测量", now=NOW
    )
    started = time.perf_counter()
    done = await certificate_signing.sign_all_again(issuer=issuer, now=NOW, say=lambda _: None)
    took = time.perf_counter() - started
    print(f"sign again {done.done}: {took:.1f} s; goal {RESIGN_GOAL_S:.0f} s", flush=True)
    return took


def main(arguments: list[str]) -> int:
    number = int(arguments[0]) if arguments else EVERYBODY
    pairs = int(arguments[1]) if len(arguments) > 1 else PAIRS
    engines = Engines({})
    try:
        engines.announce()
        url = asyncio.run(create_database(engines.postgres.url_of(TEMPLATE), "certificates"))
        with tempfile.TemporaryDirectory() as folder:
            held = asyncio.run(run(url, number, pairs, Path(folder)))
    finally:
        engines.stop()
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
