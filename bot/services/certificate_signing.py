"""Signing what was recorded, and signing everything again after a key was stolen or grew old.

The record is committed before anything is signed: a crash in between leaves a row without a token,
which is signed later, never a signature that nobody knows of.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from tortoise.transactions import in_transaction

from bot import telemetry
from bot.clients.database import fetch, transaction_connection
from bot.clients.roles import SIGNER
from bot.clients.signer import Sign, verify
from bot.domain.actors import Staff, System
from bot.domain.certificate_token import Claim, encode, message, pack, unpack
from bot.domain.certificates import NeedsTwo, today, two_people
from bot.domain.signing_keys import Key, Purpose
from bot.services import (
    audit,
    certificate_bases,
    certificate_life,
    commitment_publishing,
    rare_texts,
)
from bot.services.certificate_bases import Basis, Wanted
from bot.services.signing_keys import Issuer, KeyOver, hold, open_newest

log = structlog.get_logger()
UNDECIDED = telemetry.counter(
    "certificates_without_decision", "签发时找不到决定而拒绝签名的次数：应当报警"
)
UNSIGNABLE = telemetry.counter(
    "certificates_not_signable", "内容放不进二维码而没有签名的次数：应当报警"
)
DECIDING = (certificate_life, commitment_publishing)
"""Read with this module: whoever decides has added a checker before anything is signed."""
BATCH = 2000
_FIELDS = (
    "id, enterprise_id, number, programme, level, scheme, name, credit_code, valid_from, valid_to,"
    " random, position, basis_kind, basis_id, basis_by, basis_second, basis_reason"
)
_WAITING = (
    f"SELECT {_FIELDS} FROM certificate"  # noqa: S608  # our own names
    " WHERE token IS NULL AND state IN ('active', 'suspended') AND id > $1 ORDER BY id LIMIT $2"
)
# Only what lives is worth a new signature. What was recorded after a theft waits for two people.
_OLDER = (
    f"SELECT {_FIELDS} FROM certificate c"  # noqa: S608  # our own names
    " WHERE c.id > $1 AND c.key <> $2 AND c.token IS NOT NULL AND c.valid_to >= $3"
    " AND c.state IN ('active', 'suspended') AND ($5 OR NOT EXISTS (SELECT 1 FROM signing_key k"
    " WHERE k.number = c.key AND c.recorded_at >= k.compromised_from))"
    " ORDER BY c.id LIMIT $4"
)
_SUSPECT = (
    "SELECT count(*) AS n FROM certificate c JOIN signing_key k ON k.number = c.key"
    " WHERE c.recorded_at >= k.compromised_from AND c.state IN ('active', 'suspended')"
    " AND c.valid_to >= $1"
)
_LOCK = (
    "SELECT id FROM certificate WHERE id = ANY($1::uuid[]) AND (token IS NULL) = $2"
    " ORDER BY id FOR UPDATE"
)
_STORE = (
    "UPDATE certificate c SET token = w.token, key = $3, signed_at = $4"
    " FROM unnest($1::uuid[], $2::text[]) AS w (id, token) WHERE c.id = w.id"
)
SIGNED_BY = System("certificates.sign")
AS_SIGNER = f"SET LOCAL ROLE {SIGNER}"


class SignatureFault(Exception):
    """A signature of our own did not verify: a broken machine or module. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far signing again has come."""

    done: int
    suspect: int
    """Recorded after the theft of their key: they wait until two people vouch for them."""
    refused: int
    """Without a decision behind them, or not fit for a token: the log names each."""


async def sign_waiting(*, issuer: Issuer, now: datetime, batch: int = BATCH) -> int:
    """Sign all that waits, each only if its decision still stands; answers how many.

    May run in two places at once: a certificate takes the first token and keeps it.
    """
    done, after = 0, UUID(int=0)
    while rows := await fetch(_WAITING, after, batch):
        decided = await _decided(rows, now, production=issuer.production)
        try:
            done += await _sign(decided, first=True, issuer=issuer, now=now)
        except KeyOver:
            continue  # somebody rotated in between: the same ones again, with the next key
        after = rows[-1]["id"]
    return done


async def _decided(rows: list[Any], now: datetime, *, production: bool) -> list[Any]:
    """Those behind which the issuer itself finds a decision; the others are an alarm."""
    wanted = [_wanted(row) for row in rows]
    decided = []
    for row, refusal in zip(
        rows, await certificate_bases.refusals(wanted, now, production=production), strict=True
    ):
        if refusal is None:
            decided.append(row)
            continue
        number, why = row["number"], refusal.code
        log.error("certificate_without_decision", certificate=number, reason=why, exc_info=refusal)
        UNDECIDED.inc()
    return decided


@dataclass(frozen=True, slots=True)
class Again:
    """One batch that was signed again."""

    last: UUID
    """Where the next one begins."""
    looked_at: int
    done: int


async def sign_again(
    after: UUID, *, issuer: Issuer, now: datetime, vouched: bool = False, batch: int = BATCH
) -> Again | None:
    """Give the next batch tokens of today's key; None when there is none left.

    Only to what was decided, as the first time: a new signature makes nothing good that somebody
    put there by hand. Interrupted at any moment nothing is lost: what has today's key is not
    signed again.
    """
    key, _ = await open_newest(Purpose.CERTIFICATE, issuer=issuer, now=now)
    rows = await fetch(_OLDER, after, key.number, today(now), batch, vouched)
    if not rows:
        return None
    decided = await _decided(rows, now, production=issuer.production)
    done = await _sign(decided, first=False, issuer=issuer, now=now)
    return Again(rows[-1]["id"], len(rows), done)


async def sign_all_again(
    *, issuer: Issuer, now: datetime, vouchers: Sequence[str] = (), say: Callable[[int], object]
) -> Progress:
    """All that lives, batch by batch; what was recorded after a theft only if two people vouch."""
    if vouchers:
        if len(vouchers) != 2:
            raise NeedsTwo
        two_people(*vouchers)
        async with in_transaction():
            await audit.note(
                "certificates.vouched",
                kind="signing_key",
                id="all",
                actor=Staff(vouchers[0]),
                now=now,
                reason=f"{vouchers[0]}、{vouchers[-1]}担保失窃以后登记的证书",
            )
    after, looked_at, done = UUID(int=0), 0, 0
    while batch := await sign_again(after, issuer=issuer, now=now, vouched=bool(vouchers)):
        after, looked_at, done = batch.last, looked_at + batch.looked_at, done + batch.done
        say(done)
    return Progress(done, await suspects(now=now), refused=looked_at - done)


async def suspects(*, now: datetime) -> int:
    """Certificates that nobody believes until two people vouch for them."""
    [row] = await fetch(_SUSPECT, today(now))
    return int(row["n"])


async def _sign(rows: Sequence[Any], *, first: bool, issuer: Issuer, now: datetime) -> int:
    """Sign, then store, unless the key has ended in between; answers how many.

    A first token is never replaced by another first one, whoever else signs at this moment. What no
    token can carry is left out and told, so that it stands in nobody's way.
    """
    if not rows:
        return 0
    key, sign = await open_newest(Purpose.CERTIFICATE, issuer=issuer, now=now)
    signed = [
        (row, token_of(row["number"], payload, sign, base=issuer.base))
        for row in rows
        if (payload := payload_of(_claim(row, key)))
    ]
    if not signed:
        return 0
    prove(signed[-1][0]["number"], signed[-1][1], key, base=issuer.base)
    tokens = {row["id"]: token for row, token in signed}
    names = [(row["enterprise_id"], row["name"]) for row, _ in signed]
    await rare_texts.look(names, issuer.lacking, now=now)
    async with in_transaction():
        await transaction_connection().execute(AS_SIGNER)
        await hold(key)
        held = [row["id"] for row in await fetch(_LOCK, list(tokens), first)]
        if held:
            await audit.note(
                "certificate.sign",
                kind="certificate",
                id=audit.EACH,
                actor=SIGNED_BY,
                now=now,
                after={"key": key.number},
            )
            await fetch(_STORE, held, [tokens[one] for one in held], key.number, now)
    return len(signed)


def _claim(row: Any, key: Key) -> Claim:  # a row of _FIELDS
    return Claim(
        number=row["number"],
        key=key.number,
        random=row["random"],
        position=row["position"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        scheme=row["scheme"],
        level=row["level"],
        code=row["credit_code"],
        name=row["name"],
    )


def payload_of(claim: Claim) -> bytes | None:
    """What is signed of a certificate; None, and an alarm, for what no token can carry."""
    try:
        return encode(claim)
    except (ValueError, struct.error):
        log.exception("certificate_not_signable", certificate=claim.number)
        UNSIGNABLE.inc()
        return None


def token_of(number: str, payload: bytes, sign: Sign, *, base: str) -> str:
    return pack(payload, sign(message(base, number, payload)))


def _wanted(row: Any) -> Wanted:  # a row of _FIELDS
    basis = Basis(
        row["basis_kind"],
        row["basis_id"],
        row["basis_by"],
        row["basis_second"],
        row["basis_reason"],
    )
    return Wanted(row["enterprise_id"], row["programme"], row["level"] or None, basis)


def prove(number: str, token: str, key: Key, *, base: str) -> None:
    """A key that signs wrongly (a broken module, a flipped bit) shows before anything is kept."""
    payload, signature = unpack(token)
    if not verify(key.public, signature, message(base, number, payload)):
        raise SignatureFault
