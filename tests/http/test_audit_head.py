"""The newest signed head of the audit log at a public address, so that anybody can keep it."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tortoise.transactions import in_transaction

from bot.clients.vault import read_keys
from bot.config import SANDBOX_AUDIT_KEYS
from bot.domain.actors import Staff
from bot.domain.audit import Head
from bot.services import audit
from bot.services.audit_reading import last_head
from bot.services.audit_sequence import HeadSigner, sequence
from tests.conftest import NOW


async def test_the_newest_head_is_there_for_everybody_to_keep_and_to_check(client, db):
    before = await client.get("/audit/head.json")
    async with in_transaction():
        await audit.note("thing.made", kind="thing", id="1", actor=Staff("王芳"), now=NOW)
    await sequence(signer=HeadSigner(read_keys(SANDBOX_AUDIT_KEYS)), now=NOW)

    answer = await client.get("/audit/head.json")
    shown = await answer.json()
    again = await client.get("/audit/head.json", headers={"If-None-Match": answer.headers["ETag"]})

    head = Head.read(shown)
    assert (before.status, answer.status, again.status) == (404, 200, 304)
    assert "max-age=300" in answer.headers["Cache-Control"]
    assert (head, head.size) == (await last_head(), 1)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(shown["public_key"]))
    key.verify(head.signature, head.text)
