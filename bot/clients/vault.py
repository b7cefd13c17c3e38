"""The vault: small secrets sealed under a key that the database does not have, and blind indexes.

A sealed value is `1 | length of the key's id | id | nonce (12) | AES-256-GCM`. What it is and where
it belongs, the context, is authenticated with it: moved to another row it does not open. New values
are sealed with the first key; the others only open what is left from before. The index key stands
apart, because what it made is looked up by equality and cannot follow a rotation by itself.
"""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = 1
NONCE = 12


class CannotOpen(Exception):
    """The value was changed, belongs elsewhere, or its key is gone. Never a person's fault."""


@dataclass(frozen=True, slots=True)
class Vault:
    """`keys` by their ids, the current one first; 32 bytes each, as is `index_key`."""

    keys: Mapping[str, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) != 32 for key in (*self.keys.values(), self.index_key)):
            raise ValueError("the vault needs keys of 32 bytes")

    @property
    def current(self) -> str:
        return next(iter(self.keys))

    def seal(self, text: str, *, context: str) -> bytes:
        """Seal for one place, for example `context=f"member:{id}:phone"`."""
        return self.seal_bytes(text.encode(), context=context)

    def open(self, sealed: bytes, *, context: str) -> str:
        """The text again, or CannotOpen."""
        return self.open_bytes(sealed, context=context).decode()

    def seal_bytes(self, data: bytes, *, context: str) -> bytes:
        name = self.current.encode()
        head = bytes((VERSION, len(name))) + name
        nonce = os.urandom(NONCE)
        aad = head + _place(context)
        return head + nonce + AESGCM(self.keys[self.current]).encrypt(nonce, data, aad)

    def open_bytes(self, sealed: bytes, *, context: str) -> bytes:
        head, rest = sealed[: _head(sealed)], sealed[_head(sealed) :]
        key = self.keys.get(key_id(sealed))
        if key is None:
            raise CannotOpen("sealed with a key that is not here")
        try:
            opened: bytes = AESGCM(key).decrypt(rest[:NONCE], rest[NONCE:], head + _place(context))
        except (InvalidTag, ValueError):
            raise CannotOpen("changed, or sealed for another place") from None
        return opened

    def stale(self, sealed: bytes) -> bool:
        """Whether it was sealed with an earlier key and should be sealed anew."""
        return key_id(sealed) != self.current

    def blind(self, text: str, *, context: str) -> bytes:
        """A keyed hash for looking up equal values; one for each kind of value, e.g. "phone"."""
        return hmac.digest(self.index_key, _place(context) + b"\0" + text.encode(), sha256)


def key_id(sealed: bytes) -> str:
    """Which key it was sealed with."""
    return sealed[2 : _head(sealed)].decode(errors="replace")


def _head(sealed: bytes) -> int:
    if len(sealed) < 2 or sealed[0] != VERSION:
        raise CannotOpen("not sealed by this vault")
    return 2 + sealed[1]


def _place(context: str) -> bytes:
    if not context:
        raise ValueError("a context is needed: what is sealed, and where it belongs")
    return context.encode()


def read_keys(text: str) -> dict[str, bytes]:
    """Keys as the setting writes them: `id:64 hexadecimal digits`, separated by commas."""
    keys: dict[str, bytes] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, digits = part.partition(":")
        key = bytes.fromhex(digits)
        if not (0 < len(name) < 33 and name.isascii() and name.isalnum() and len(key) == 32):
            raise ValueError("each key is id:64 hexadecimal digits")
        if name in keys:
            raise ValueError("two keys have the same id")
        keys[name] = key
    return keys
