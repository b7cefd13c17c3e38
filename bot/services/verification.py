"""Checking certificates: a token by its signature and the register, a number or code by the latter.

Nothing here waits for anything. What was issued is recognised by its whole token, whose signature
the register has checked once; what it does not know costs a check each time.
"""

from datetime import datetime, timedelta

import structlog

from bot import telemetry
from bot.clients.signer import verify
from bot.domain.certificate_token import (
    BadToken,
    Claim,
    decode,
    is_token,
    key_of,
    message,
    take_apart,
    unpack,
    whole_address,
)
from bot.domain.certificates import CREDIT_CODE, NUMBER, is_number, typed_number
from bot.domain.register import Entry, day_of, fingerprint, state_on
from bot.domain.signing_keys import Key, Purpose
from bot.domain.verification import NORMAL_AGE, Finding, Outcome, Signature, Why, of_state
from bot.services.register import Register

log = structlog.get_logger()
UNLOGGED = telemetry.counter(
    "certificates_signed_but_not_issued", "签名正确、登记簿里却没有的证书：密钥可能泄露，应当报警"
)
COUNTED = telemetry.Tally("certificates_verified", "核验次数", "outcome", Outcome).counted


class Verifier:
    """Answers from the register; the signatures of what stands there are checked by it."""

    def __init__(self, register: Register) -> None:
        self.register = register

    def by_token(self, number: str, token: str, *, now: datetime) -> Finding:
        """What a scanned code says; only here a certificate can be called authentic."""
        found = self._by_token(number, token, now)
        COUNTED[found.outcome] += 1
        return found

    def by_number(self, number: str, *, now: datetime) -> Finding:
        """What a typed number leads to: enough to compare with the paper, not the whole name."""
        found = self.standing(number, now=now)
        COUNTED[found.outcome] += 1
        return found

    def standing(self, number: str, *, now: datetime) -> Finding:
        """The same for ourselves, who tell about one certificate beside another: not counted."""
        return self._by_number(typed_number(number), now)

    def by_code(self, code: str, *, now: datetime) -> list[Finding]:
        """Every certificate of an enterprise, for whoever knows its whole credit code."""
        if self.register.as_of is None:
            return []
        plain = typed_number(code)
        entries = self.register.of_code(plain) if CREDIT_CODE.fullmatch(plain) else []
        return [self._judged(entry, now, full=True) for entry in entries]

    def may_miss(self, now: datetime) -> bool:
        """Whether there may be certificates that the register does not know of."""
        return self.register.behind or self._age(now) > NORMAL_AGE

    def by_address(self, copied: str, *, now: datetime) -> Finding:
        """What a person copied says: an address, a number with its token, either of them alone.

        An address of others is refused.
        """
        if is_number(copied):
            return self.by_number(copied, now=now)
        if is_token(copied):
            return self._by_token_alone(copied.strip(), now)
        try:
            given = take_apart(whole_address(copied, self.register.bases))
        except BadToken:
            return self._unknown(Why.BAD_SIGNATURE, now)
        if given.base not in self.register.bases:
            return self._unknown(Why.FOREIGN, now)
        return self.by_token(given.number, given.token, now=now)

    def _by_token(self, number: str, token: str, now: datetime) -> Finding:
        register = self.register
        if register.as_of is None:
            return Finding(Outcome.UNAVAILABLE, Why.STARTING, Signature.ABSENT, now, None)
        entry = register.find(number)
        if entry is not None and entry.fingerprint == fingerprint(token):
            key = register.keys.get(entry.key, Purpose.CERTIFICATE)
        else:
            claim, key = self._claimed(number, token)
            if claim is None:
                return self._unknown(Why.BAD_SIGNATURE, now)
            if entry is None:
                return self._unlogged(number, now)
            if claim.without_key() != entry.claim.without_key():
                _alarm(number)
                return self._unknown(Why.BAD_SIGNATURE, now)
        if not _accepted(key, entry, now):
            return self._unknown(Why.WRONG_KEY, now)
        return self._stated(entry, key, Signature.GOOD, now, full=True)

    def _by_token_alone(self, token: str, now: datetime) -> Finding:
        """The number was signed too, but does not stand in the token: the register knows it."""
        try:
            claim = decode("", unpack(token)[0])
        except BadToken:
            return self._unknown(Why.BAD_SIGNATURE, now)
        for entry in self.register.of_code(claim.code):
            if entry.random == claim.random:
                return self.by_token(entry.number, token, now=now)
        if self.may_miss(now):
            return self._too_old(now, Signature.ABSENT)
        return self._unknown(Why.BAD_SIGNATURE, now)

    def _claimed(self, number: str, token: str) -> tuple[Claim | None, Key | None]:
        """What a token says if one of our keys signed it for one of our addresses."""
        try:
            payload, signature = unpack(token)
            key = self.register.keys.get(key_of(payload), Purpose.CERTIFICATE)
            if key is None or not NUMBER.fullmatch(number):
                return None, None
            if not any(
                verify(key.public, signature, message(base, number, payload))
                for base in self.register.bases
            ):
                return None, None
            return decode(number, payload), key
        except BadToken:
            return None, None

    def _unlogged(self, number: str, now: datetime) -> Finding:
        """Our signature, and not in the register: a thief has the key, or the register is old."""
        if self.may_miss(now):
            return self._too_old(now, Signature.GOOD)
        _alarm(number)
        return self._unknown(Why.NOT_FOUND, now)

    def _by_number(self, number: str, now: datetime) -> Finding:
        if self.register.as_of is None:
            return Finding(Outcome.UNAVAILABLE, Why.STARTING, Signature.ABSENT, now, None)
        entry = self.register.find(number)
        if entry is None and self.may_miss(now):
            return self._too_old(now, Signature.ABSENT)
        if entry is None:
            return self._unknown(Why.NOT_FOUND, now, Signature.ABSENT)
        return self._judged(entry, now, full=False)

    def _judged(self, entry: Entry, now: datetime, *, full: bool) -> Finding:
        """What was found without its token."""
        key = self.register.keys.get(entry.key, Purpose.CERTIFICATE)
        if not _accepted(key, entry, now):
            return self._unknown(Why.WRONG_KEY, now, Signature.ABSENT)
        return self._stated(entry, key, Signature.ABSENT, now, full=full)

    def _stated(
        self, entry: Entry, key: Key | None, signature: Signature, now: datetime, *, full: bool
    ) -> Finding:
        """The state of what is authentic."""
        if self.register.is_in_doubt(entry.number):
            return Finding(
                Outcome.UNAVAILABLE, Why.CHANGING, signature, now, self.register.as_of, entry,
                full=full, demonstration=_shown_off(key, entry),
            )  # fmt: skip
        # It is no earlier than what the register knows, whatever this machine's clock says.
        as_of = self.register.as_of
        state = state_on(entry, day_of(now if as_of is None or now > as_of else as_of))
        outcome, why = of_state(state, age=self._age(now))
        return Finding(
            outcome, why, signature, now, as_of, entry, state, full, _shown_off(key, entry)
        )

    def _unknown(self, why: Why, now: datetime, signature: Signature = Signature.BAD) -> Finding:
        return Finding(Outcome.UNKNOWN, why, signature, now, self.register.as_of)

    def _too_old(self, now: datetime, signature: Signature) -> Finding:
        as_of = self.register.as_of
        return Finding(Outcome.UNAVAILABLE, Why.REGISTER_OLD, signature, now, as_of)

    def _age(self, now: datetime) -> timedelta:
        """How far apart now and the register are; a clock that was set back makes nothing fresh."""
        as_of = self.register.as_of
        return abs(now - as_of) if as_of is not None else timedelta.max


def _accepted(key: Key | None, entry: Entry, now: datetime) -> bool:
    """Whether this key's word about this certificate counts today."""
    if key is None or not key.may_verify(now):
        return False
    return key.signing_ends is None or key.may_have_signed(entry.recorded_at)


def _shown_off(key: Key | None, entry: Entry) -> bool:
    return entry.demonstration or (key is not None and key.is_test)


def _alarm(number: str) -> None:
    UNLOGGED.inc()
    log.error("signed_but_not_issued", certificate=number)
