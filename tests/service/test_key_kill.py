"""The key-kill drill: a signing key is stolen, and everybody's certificate is signed again."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import asyncpg
import pytest

from bot.clients.database import connect
from bot.clients.signer import FileSigner
from bot.domain.certificate_token import message, unpack
from bot.domain.certificates import State
from bot.domain.signing_keys import Purpose
from bot.domain.verification import Outcome, Why
from bot.services import (
    certificate_life,
    certificate_signing,
    register_proofs,
    searching,
    signing_keys,
)
from bot.services.register import Register
from bot.services.signing_keys import Issuer
from bot.services.verification import Verifier
from models import Certificate, SigningKey
from tests.amounts import amount
from tests.bench.register import Sample, fill

pytestmark = pytest.mark.mass

CERTIFICATES = amount(20_000, part=3_000)
BASE = "https://cx.example.org.cn"
FIRST = datetime(2026, 1, 5, 2, tzinfo=UTC)  # when the first of them was recorded
STOLEN = FIRST + timedelta(milliseconds=CERTIFICATES - 1000)
NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
PER_CERTIFICATE_S = 600 / 230_000  # the promise: 230,000 in ten minutes


@pytest.fixture
async def connection(db: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(db, application="tests")
    yield connection
    await connection.close()


@pytest.fixture
def genuine(monkeypatch: pytest.MonkeyPatch) -> set[tuple[bytes, bytes, bytes]]:
    """Keys, signatures and words that belong together as we know, having signed them ourselves.

    What any others say of each other is worked out once, not at every look.
    """
    known: set[tuple[bytes, bytes, bytes]] = set()
    verify = cache(register_proofs.verify)
    monkeypatch.setattr(register_proofs, "verify", lambda *said: said in known or verify(*said))
    return known


async def test_all_are_signed_again_and_the_stolen_key_is_refused(
    db: str,
    connection: asyncpg.Connection,
    tmp_path: Path,
    genuine: set[tuple[bytes, bytes, bytes]],
):
    samples = await fill(db, tmp_path, BASE, CERTIFICATES, real=CERTIFICATES, is_open=True)
    genuine.update(signed_by(await SigningKey.get(number=1), samples))
    issuer = Issuer(FileSigner(tmp_path / "keys"), BASE, production=False)
    with closing(Register(bases=(BASE,), issuer=issuer, folder=tmp_path / "state")) as register:
        verifier = Verifier(register)
        await register.catch_up(connection, now=NOW)
        before = found(verifier, [(one.number, one.token) for one in samples])
        given = {"by": "甲", "second": "乙", "why": "演练", "now": NOW}
        await signing_keys.compromise(1, from_=STOLEN, **given)
        await signing_keys.make(Purpose.CERTIFICATE, issuer=issuer, from_=None, **given)
        await register.catch_up(connection, now=NOW)
        stolen = found(verifier, [(one.number, one.token) for one in samples])

        elsewhere = [one.state_on(NOW.date()) for one in await certificate_life.listed(limit=10**6)]
        asked = [
            await searching.search(one.number, verifier=verifier, now=NOW)
            for one in (samples[0], samples[-2])
        ]

        began = time.monotonic()
        done = await certificate_signing.sign_all_again(issuer=issuer, now=NOW, say=lambda _: None)
        took = time.monotonic() - began

        await register.catch_up(connection, now=NOW)
        fresh = await Certificate.all().order_by("position").values_list("number", "token")
        after = found(verifier, fresh)
    revoked = CERTIFICATES // 50
    late, late_revoked = 1001, 21  # recorded at the moment of the theft or later
    assert before == {Outcome.VALID: CERTIFICATES - revoked, Outcome.REVOKED: revoked}
    assert stolen == {
        Outcome.VALID: CERTIFICATES - revoked - (late - late_revoked),
        Outcome.REVOKED: revoked - late_revoked,
        Outcome.UNKNOWN: late,
    }
    assert elsewhere.count(State.UNTRUSTED) == late  # cards and chat say the same as the page
    assert elsewhere.count(State.ACTIVE) == stolen[Outcome.VALID]
    assert [one.certificate.why for one in asked] == [Why.NOTHING, Why.WRONG_KEY]
    assert (done.done, done.suspect) == (stolen[Outcome.VALID], late - late_revoked)
    assert after == stolen
    assert took < CERTIFICATES * PER_CERTIFICATE_S


def signed_by(key: SigningKey, samples: list[Sample]) -> Iterator[tuple[bytes, bytes, bytes]]:
    """What `fill` has signed with this key: the drill is about what is signed after it."""
    for one in samples:
        payload, signature = unpack(one.token)
        yield key.public, signature, message(BASE, one.number, payload)


def found(verifier: Verifier, codes: list[tuple[str, str]]) -> dict[Outcome, int]:
    counts: dict[Outcome, int] = {}
    for number, token in codes:
        outcome = verifier.by_token(number, token, now=NOW).outcome
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts
