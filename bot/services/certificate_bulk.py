"""Issuing for everybody at once: as for one, but each row is written once, with its signature.

What is going to be signed is fixed before it is: the numbers are drawn, and the audit log takes the
hash of all that will be signed, committed. Whoever is interrupted after that has issued nothing:
the hash stays, these numbers are never given to anybody, and what was decided is issued by the next
run under new ones. While one chunk is being written the next one is signed.

Signing takes its time: the decisions and the names are looked up again, locked, when the signed
rows are written, and what has changed is left out.
"""

import asyncio
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import compress

from tortoise.transactions import in_transaction

from bot.clients.database import fetch, transaction_connection
from bot.clients.signer import Sign
from bot.domain.actors import Actor
from bot.domain.certificate_token import Claim
from bot.domain.signing_keys import Key, Purpose
from bot.services import audit, certificate_bases, certificate_signing, certificates, rare_texts
from bot.services.certificate_bases import Wanted
from bot.services.certificate_rows import Row, Signature
from bot.services.signing_keys import Issuer, hold, open_newest
from models.ids import new_id

CHUNK = 5000
_COLLECTED: list[bool] = []  # of each run whether there were collections when it began
_POSITIONS = (
    "SELECT array_agg(nextval('certificate_position')::int) AS drawn FROM generate_series(1, $1)"
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Certificates whose content is fixed; None stands for what no token can carry."""

    wanted: list[Wanted]
    rows: list[Row]
    positions: list[int]
    payloads: list[bytes | None]
    key: Key
    sign: Sign


@dataclass(frozen=True, slots=True)
class Run:
    """Who issues, on whose word, and when."""

    issuer: Issuer
    actor: Actor
    now: datetime


async def issue_all(
    wanted: Sequence[Wanted],
    *,
    issuer: Issuer,
    actor: Actor,
    now: datetime,
    say: Callable[[int], object],
) -> int:
    """Draw, sign and write chunk after chunk; answers how many were done.

    A decision that has its certificate gets no second one; one that fell meanwhile gets none.
    """
    run = Run(issuer, actor, now)
    chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
    writing: asyncio.Task[int] | None = None
    done = 0
    with _no_rubbish():
        for before, chunk in zip([(), *chunks], [*chunks, None], strict=True):  # one is written
            try:
                signed = await _signed_now(chunk, run) if chunk else None
            finally:
                if writing is not None:
                    done += len(before) - await writing
                    say(done)
            writing = asyncio.create_task(_write(*signed, run)) if signed else None
    return done


@contextmanager
def _no_rubbish() -> Iterator[None]:
    """Nobody looks for rubbish among rows that are all needed, which takes a fifth of the work in
    Python; runs that overlap let it begin again with the end of the last."""
    _COLLECTED.append(gc.isenabled())
    gc.disable()
    try:
        yield
    finally:
        if _COLLECTED.pop():  # the first run's, when the last one ends
            gc.enable()


async def _signed_now(wanted: Sequence[Wanted], run: Run) -> tuple[Drawn, list[Signature]]:
    drawn = await _draw(wanted, run)
    return drawn, await asyncio.to_thread(_signed, drawn, run)


async def _draw(wanted: Sequence[Wanted], run: Run) -> Drawn:
    """Fix what will be signed, and commit to it; the issuer itself has looked the decisions up."""
    issuer, now = run.issuer, run.now
    await certificate_bases.check(wanted, now, production=issuer.production)
    key, sign = await open_newest(Purpose.CERTIFICATE, issuer=issuer, now=now)
    async with in_transaction():
        known = await certificates.known(wanted)
        fresh = [one for one in wanted if certificates.key(one) not in known]
        rows = await certificates.drawn(fresh, now)
        [found] = await fetch(_POSITIONS, len(rows))
        drawn = Drawn(fresh, rows, found["drawn"] or [], [], key, sign)
        drawn.payloads.extend(map(certificate_signing.payload_of, _claims(drawn)))
        if rows:
            whole = sha256(b"".join(payload or b"" for payload in drawn.payloads))
            await audit.note(
                "certificates.draw",
                kind="certificate_batch",
                id=new_id(now),
                actor=run.actor,
                now=now,
                after={"certificates": len(rows), "sha256": whole.hexdigest()},
            )
    return drawn


def _claims(drawn: Drawn) -> Iterator[Claim]:
    for row, position in zip(drawn.rows, drawn.positions, strict=True):
        yield Claim(
            row.number,
            drawn.key.number,
            row.random,
            position,
            row.valid_from,
            row.valid_to,
            row.scheme,
            row.level,
            row.credit_code,
            row.name,
        )


def _signed(drawn: Drawn, run: Run) -> list[Signature]:
    """In a thread: the database goes on writing meanwhile."""
    base, key = run.issuer.base, drawn.key
    signatures, last = [], None
    for row, position, payload in zip(drawn.rows, drawn.positions, drawn.payloads, strict=True):
        if payload is None:
            signatures.append(Signature(position))
            continue
        token = certificate_signing.token_of(row.number, payload, drawn.sign, base=base)
        signatures.append(Signature(position, token, key.number, run.now))
        last = row.number, token
    if last is not None:
        certificate_signing.prove(*last, key, base=base)
    return signatures


async def _write(drawn: Drawn, signatures: list[Signature], run: Run) -> int:
    """Write what still is as it was signed; answers how many were left out."""
    if not drawn.rows:
        return 0
    names = [(row.enterprise_id, row.name) for row in drawn.rows]
    await rare_texts.look(names, run.issuer.lacking, now=run.now)
    async with in_transaction():
        standing = await _standing(drawn, run)
        rows = list(compress(drawn.rows, standing))
        if rows:
            await transaction_connection().execute(certificate_signing.AS_SIGNER)
            await hold(drawn.key)
            signed = list(compress(signatures, standing))
            await certificates.write(rows, signed, actor=run.actor, now=run.now)
    return len(drawn.rows) - len(rows)


async def _standing(drawn: Drawn, run: Run) -> list[bool]:
    """Of each whether its decision and the name of its enterprise are what was signed; they stay
    so until the caller's transaction is over."""
    asked = [row.enterprise_id for row in drawn.rows]
    called = await certificates.holders(asked, lock=" FOR SHARE")
    refused = await certificate_bases.refusals(
        drawn.wanted, run.now, production=run.issuer.production
    )
    return [
        refusal is None and called.get(row.enterprise_id) == (row.name, row.credit_code)
        for row, refusal in zip(drawn.rows, refused, strict=True)
    ]
