"""A register of many certificates: a sample with real tokens, the rest for the size."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg

from bot.clients.database import close_database, open_database
from bot.clients.signer import FileSigner
from bot.domain.certificate_token import Claim, encode, message, pack
from bot.domain.credit_codes import check_character
from bot.domain.signing_keys import Purpose
from bot.services import signing_keys
from bot.services.signing_keys import Issuer

COLUMNS = (
    "id", "enterprise_id", "number", "programme", "programme_version", "scheme", "level", "name",
    "credit_code", "valid_from", "valid_to", "random", "position", "basis_kind", "basis_id",
    "recorded_at",
    "token", "key", "signed_at", "state_since", "state", "reason",
)  # fmt: skip
COMMITMENT = (
    "id", "enterprise_id", "state", "text_version", "name", "credit_code", "legal_representative",
    "created_by", "created_at",
)  # fmt: skip
CHUNK = 20_000
FIRST = date(2026, 1, 5)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """One certificate whose token is real."""

    number: str
    token: str
    state: str

    def path(self, ending: str = "") -> str:
        return f"/v/{self.number}{ending}?t={self.token}"


async def fill(
    url: str, folder: Path, base: str, number: int, *, real: int, is_open: bool = False
) -> list[Sample]:
    """Put so many into an empty database; every fiftieth of them is revoked."""
    context = None if is_open else await open_database(url, pool=2, application="bench")
    issuer = Issuer(FileSigner(folder / "keys"), base, production=False)
    key, sign = await signing_keys.open_newest(Purpose.CERTIFICATE, issuer=issuer, now=BEGAN)
    await signing_keys.open_newest(Purpose.STATUS, issuer=issuer, now=BEGAN)
    if context is not None:
        await close_database(context)
    samples: list[Sample] = []
    step = max(number // real, 1)

    def rows(numbers: range) -> Iterator[tuple[object, ...]]:
        random = Random(numbers.start)
        for one in numbers:
            row = _row(one, random, key.number)
            token = f"{one:0188d}"
            if one % step == 0:
                claim = Claim(
                    row[2], key.number, row[11], one, row[9], row[10], row[5], row[6], row[8],
                    row[7],
                )  # fmt: skip
                payload = encode(claim)
                token = pack(payload, sign(message(base, claim.number, payload)))
                samples.append(Sample(claim.number, token, row[20]))
            yield (*row[:16], token, *row[17:])

    connection = await asyncpg.connect(url)
    # The pairs of signs of each name are a statement of their own, planned once and not each time.
    await connection.execute(
        "SET session_replication_role = replica; SET plan_cache_mode = force_generic_plan"
    )
    for start in range(1, number + 1, CHUNK):
        numbers = range(start, min(start + CHUNK, number + 1))
        await connection.copy_records_to_table(
            "enterprise", columns=("id", "credit_code", "name"), records=map(_holder, numbers)
        )
        await connection.copy_records_to_table(
            "commitment", columns=COMMITMENT, records=map(_commitment, numbers)
        )
        await connection.copy_records_to_table(
            "certificate", columns=COLUMNS, records=rows(numbers)
        )
    await connection.execute("VACUUM ANALYZE certificate")
    await connection.execute("ANALYZE commitment (id, state)")  # by these a decision is looked up
    await connection.close()
    return samples


def _holder(one: int) -> tuple:
    first = f"91{one:08d}MA00000"
    return UUID(int=one), first + check_character(first), f"示例第{one}号新材料科技股份有限公司"


def _commitment(one: int) -> tuple:
    """On which the certificate rests."""
    _, code, name = _holder(one)
    return UUID(int=one), UUID(int=one), "published", 1, name, code, "李强", "bench", BEGAN


def _row(one: int, random: Random, key: int) -> tuple:
    first = f"91{one:08d}MA00000"
    at = datetime(2026, 1, 5, 2, tzinfo=UTC) + timedelta(milliseconds=one)
    revoked = one % 50 == 0
    return (
        UUID(int=random.getrandbits(128)), UUID(int=one), f"2026CNSCNX{one:05d}", "commitment", 1,
        "CNS", "", f"示例第{one}号新材料科技股份有限公司", first + check_character(first), FIRST,
        date(2040, 1, 4), random.randbytes(8), one, "commitment", UUID(int=one), at,
        "", key, at, at, "revoked" if revoked else "active",
        "false_material" if revoked else "",
    )  # fmt: skip
