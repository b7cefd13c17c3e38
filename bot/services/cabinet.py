"""The cabinet: where files lie, under which keys, and the jail that takes them apart first.

A confidential paper lies in the store apart. Each version has a key of its own, which seals all its
pieces and is itself sealed by the class key; a piece that is moved to another paper does not open.
"""

import secrets
from dataclasses import dataclass
from uuid import UUID

from bot.clients.jail import Examiner
from bot.clients.storage import Store
from bot.clients.vault import Vault
from bot.domain.files import object_key

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Cabinet:
    """What services need to keep a file and to open it again."""

    papers: Store
    confidential: Store
    class_keys: Vault
    jail: Examiner

    def drawer(self, owner: UUID, enterprise_id: UUID, key: bytes | None) -> "Drawer":
        """The place of one paper; `key` is as its row has it, none for a paper that is open."""
        if key is None:
            return Drawer(self.papers, None, f"file:{owner}:{enterprise_id}")
        opened = self.class_keys.open_bytes(key, context=_class_context(owner, enterprise_id))
        sealing = Vault({"paper": opened}, opened)
        return Drawer(self.confidential, sealing, f"file:{owner}:{enterprise_id}")

    def new_key(self, owner: UUID, enterprise_id: UUID) -> bytes:
        """A fresh key for one version of a confidential paper, sealed by the class key."""
        return self.class_keys.seal_bytes(
            secrets.token_bytes(KEY_BYTES), context=_class_context(owner, enterprise_id)
        )


@dataclass(frozen=True, slots=True)
class Drawer:
    """The stored pieces of one paper."""

    store: Store
    sealing: Vault | None
    context: str

    async def put(self, piece: UUID, data: bytes) -> None:
        if self.sealing is not None:
            data = self.sealing.seal_bytes(data, context=f"{self.context}:{piece}")
        await self.store.put(object_key(piece), data)

    async def get(self, piece: UUID) -> bytes:
        data = await self.store.get(object_key(piece))
        if self.sealing is None:
            return data
        return self.sealing.open_bytes(data, context=f"{self.context}:{piece}")

    async def drop(self, pieces: list[UUID]) -> None:
        await self.store.delete([object_key(piece) for piece in pieces])


def _class_context(owner: UUID, enterprise_id: UUID) -> str:
    return f"confidential:{owner}:{enterprise_id}"
