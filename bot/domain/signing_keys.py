"""Signing keys: what each may sign, since when, until when, and what a theft makes of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

ALGORITHM = "Ed25519"  # the only one; a key says which, a token never does
USED_FOR = timedelta(days=365)
LONGEST_VALIDITY = timedelta(days=3 * 366)
SPARE = timedelta(days=366)
VERIFIED_FOR = USED_FOR + LONGEST_VALIDITY + SPARE
OVERDUE = timedelta(days=330)  # the next key should be made before the year is over


class Purpose(StrEnum):
    CERTIFICATE = "certificate"  # the issuer's: never in a web process
    STATUS = "status"  # status lists, receipts and snapshots of the web processes


@dataclass(frozen=True, slots=True)
class Key:
    number: int
    purpose: Purpose
    public: bytes
    is_test: bool
    used_from: datetime
    retired_at: datetime | None = None
    compromised_from: datetime | None = None
    verify_until: datetime | None = None

    @property
    def signing_ends(self) -> datetime | None:
        """From then on nothing that it signed can be ours."""
        if self.retired_at is None or self.compromised_from is None:
            return self.retired_at or self.compromised_from
        return min(self.retired_at, self.compromised_from)

    def may_verify(self, now: datetime) -> bool:
        return self.verify_until is None or now < self.verify_until

    def may_sign(self, now: datetime) -> bool:
        """Nothing is signed that could not be verified to its own end."""
        lasts = self.verify_until is None or now + LONGEST_VALIDITY < self.verify_until
        return self.signing_ends is None and (lasts or self.purpose is not Purpose.CERTIFICATE)

    def may_have_signed(self, recorded_at: datetime) -> bool:
        """Whether it was ours to sign with when the certificate was recorded.

        The record comes before the signature, and a certificate may be signed again later by a
        younger key: only the end counts.
        """
        ends = self.signing_ends
        return ends is None or recorded_at < ends


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys that a process knows; a production process knows no test key."""

    keys: Mapping[int, Key] = field(default_factory=dict)

    @classmethod
    def of(cls, keys: Iterable[Key], *, production: bool) -> "Keyring":
        return cls({key.number: key for key in keys if not (production and key.is_test)})

    def get(self, number: int, purpose: Purpose) -> Key | None:
        key = self.keys.get(number)
        return key if key is not None and key.purpose is purpose else None

    def of_purpose(self, purpose: Purpose) -> tuple[Key, ...]:
        return tuple(key for key in self.keys.values() if key.purpose is purpose)

    def newest(self, purpose: Purpose, now: datetime) -> Key | None:
        """The one that signs now."""
        usable = [
            key for key in self.of_purpose(purpose) if key.used_from <= now and key.may_sign(now)
        ]
        return max(usable, key=lambda key: key.number, default=None)

    def overdue(self, now: datetime) -> tuple[Key, ...]:
        """Those that sign and should have a successor by now, published at least."""
        newest = (self.newest(purpose, now) for purpose in Purpose)
        old = (key for key in newest if key is not None and now >= key.used_from + OVERDUE)
        return tuple(key for key in old if not self._has_next(key))

    def _has_next(self, old: Key) -> bool:
        return any(
            key.number > old.number and key.signing_ends is None
            for key in self.of_purpose(old.purpose)
        )
