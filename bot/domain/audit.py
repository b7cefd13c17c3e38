"""Audit entries as bytes, and their hashes: RFC 8785 text, leaves and nodes as in RFC 6962.

An entry is one JSON object. All its values are text, whole numbers, objects of those, or null, and
all names are ASCII, so that sorted keys without spaces are exactly what RFC 8785 asks for.
bot/commands/audit_verify.py says the same a second time, on purpose: one of the two may be wrong.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from typing import Any
from uuid import UUID

LEAF, NODE = b"\0", b"\1"
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"


def canonical(entry: Mapping[str, object]) -> bytes:
    """The same entry always gives the same bytes."""
    values = {name: _plain(value) for name, value in entry.items()}
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def leaf(data: bytes) -> bytes:
    return sha256(LEAF + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree over the first leaves, as the roots of its whole subtrees, the largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def add(self, hashed: bytes) -> "Tree":
        peaks, rest = [*self.peaks, hashed], self.size
        while rest & 1:  # two subtrees of one size become one
            right, left = peaks.pop(), peaks.pop()
            peaks.append(node(left, right))
            rest >>= 1
        return Tree(self.size + 1, tuple(peaks))

    @property
    def root(self) -> bytes:
        """The tree hash of RFC 6962, 2.1."""
        if not self.peaks:
            return sha256().digest()
        *rest, root = self.peaks
        for peak in reversed(rest):
            root = node(peak, root)
        return root


@dataclass(frozen=True, slots=True)
class Head:
    """So many entries, their root, how many the head before had, the time; and who signed that."""

    size: int
    root: bytes
    previous: int
    at: datetime
    key_id: str = ""
    signature: bytes = b""

    @property
    def text(self) -> bytes:
        """What is signed, by Ed25519."""
        lines = (self.size, self.root.hex(), self.previous, _plain(self.at))
        return "".join(f"{line}\n" for line in ("credit audit log", *lines)).encode()

    def shown(self) -> dict[str, object]:
        """As it is published and kept."""
        return {
            "size": self.size,
            "root": self.root.hex(),
            "previous": self.previous,
            "at": _plain(self.at),
            "key": self.key_id,
            "signature": self.signature.hex(),
        }

    @staticmethod
    def read(shown: Mapping[str, Any]) -> "Head":
        return Head(
            shown["size"],
            bytes.fromhex(shown["root"]),
            shown["previous"],
            datetime.strptime(shown["at"], MOMENT).replace(tzinfo=UTC),
            shown["key"],
            bytes.fromhex(shown["signature"]),
        )


def readable(value: object) -> bool:
    """Whether a field's value may stand in an entry as it is.

    What our own code names (states, roles: members of an Enum), yes or no, nothing, and our own
    identifiers tell nothing about a person. All else may, and enters as a keyed hash.
    """
    return value is None or isinstance(value, bool | Enum | UUID)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(MOMENT)
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"cannot stand in an audit entry: {type(value).__name__}")
