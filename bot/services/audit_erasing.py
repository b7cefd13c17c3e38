"""Destroying the key of an object by law: what the log says of it can be read by nobody then."""

from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.domain.actors import Staff
from bot.domain.certificates import two_people
from bot.domain.errors import BadInput, DomainError, NotFound
from bot.services import audit

# What a binding says about a person is hashed under its key: first it goes, then the key may go.
_TOLD = """
SELECT 1 FROM binding b, jsonb_each(to_jsonb(b)) f WHERE 'binding:' || b.id = $1
AND f.key = ANY ($2) AND value NOT IN ('null', '""', '[]')
"""
_COLUMNS = (
    "person", "name_given", "legal_representative", "founded_on", "address", "phone_sealed",
    "licence_file", "letter_file", "older_files",
)  # fmt: skip


async def destroy(subject: str, *, by: str, second: str, reason: str, now: datetime) -> None:
    """Two people, one reason; the entry about it stays readable, for it has a key of its own."""
    two_people(by, second)
    if not reason.strip():
        raise BadInput("请写明依据。", field="reason")
    if await fetch(_TOLD, subject, _COLUMNS):
        raise DomainError("这个绑定里还有个人资料：请先清除，再销毁密钥。")
    why = f"{reason.strip()}（复核：{second.strip()}）"
    async with in_transaction():
        if not await audit.destroy_key(subject, actor=Staff(by.strip()), now=now, reason=why):
            raise NotFound("没有这个对象的密钥。")
