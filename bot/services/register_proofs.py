"""Whether what stands in the register was signed: asked once about each record, and remembered.

A row of the database is no proof: whoever can write there could invent certificates. A signature
costs a tenth of a millisecond to check, so it is checked once, at the latest when a certificate is
first looked up, and a byte beside each record of the table remembers what came of it.
"""

import struct
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import structlog

from bot import telemetry
from bot.clients.signer import verify
from bot.domain.certificate_token import encode, message, pack
from bot.domain.register import Entry, fingerprint
from bot.domain.signing_keys import Keyring, Purpose

log = structlog.get_logger()
UNASKED, GOOD, BAD = 0, 1, 2

UNSIGNED = telemetry.counter(
    "certificates_registered_unsigned", "登记簿里有、却没有真签名的证书：有人改过数据库，应当报警"
)


class Prover:
    """Checks each record against the keys that are known now."""

    def __init__(self, bases: Sequence[str]) -> None:
        self.recent: defaultdict[str, int] = defaultdict(int)
        """What was found out about the changes on top of the table, by number."""
        self._bases = bases
        self._keys = Keyring()
        self.fingerprint = ""
        """Of the keys and addresses against which everything is checked."""

    def learn(self, keys: Keyring) -> bool:
        """Take the keys of now; True if they are others, so that all must be asked again."""
        self._keys = keys
        ours = keys.of_purpose(Purpose.CERTIFICATE)  # others come and go without being asked
        known = sorted((key.number, key.public.hex()) for key in ours)
        fingerprint = sha256(repr((self._bases, known)).encode()).hexdigest()
        if fingerprint == self.fingerprint:
            return False
        self.fingerprint = fingerprint
        self.recent.clear()
        return True

    def proven(self, entry: Entry, proofs: Any, place: int | str) -> Entry | None:
        """The entry, if one of our keys signed just what it says.

        `proofs` remembers by place: the bytes beside a table, or `recent`.
        """
        known = proofs[place]
        if known == UNASKED:
            known = proofs[place] = self.judge(entry)
            if known == BAD:
                UNSIGNED.inc()
                log.error("registered_but_not_signed", certificate=entry.number)
        return entry if known == GOOD else None

    def judge(self, entry: Entry) -> int:
        """Whether one of our keys signed it, to be remembered."""
        return GOOD if self._is_signed(entry) else BAD

    def _is_signed(self, entry: Entry) -> bool:
        key = self._keys.get(entry.key, Purpose.CERTIFICATE)
        if key is None:
            return False
        try:
            payload = encode(entry.claim)
            if fingerprint(pack(payload, entry.signature)) != entry.fingerprint:
                return False  # the printed token says something else than the row
        except (ValueError, OverflowError, struct.error):  # no token can say such a thing
            return False
        return any(
            verify(key.public, entry.signature, message(base, entry.number, payload))
            for base in self._bases
        )
