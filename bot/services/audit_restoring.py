"""After a real restore from a backup: two people say that the log may go on from what is there."""

from datetime import datetime

from tortoise.transactions import in_transaction

from bot.clients.head_file import HeadFile, NoHead
from bot.domain.actors import Staff
from bot.domain.audit import Head
from bot.domain.certificates import two_people
from bot.domain.errors import BadInput, DomainError
from bot.services import audit
from bot.services.audit_reading import last_head


async def go_on(kept: HeadFile, *, by: str, second: str, reason: str, now: datetime) -> Head | None:
    """Believe the head of the database instead of the one that this machine kept; noted."""
    two_people(by, second)
    if not reason.strip():
        raise BadInput("请写明原因。", field="reason")
    seen, found = _seen(kept), await last_head()
    if seen == _words(found):
        raise DomainError("数据库与本机保存的树根一致，不需要确认。")
    async with in_transaction():
        await audit.note(
            "audit.restored",
            kind="audit",
            id="head",
            actor=Staff(by.strip()),
            now=now,
            reason=f"{reason.strip()}（复核：{second.strip()}；原来 {seen}，现在 {_words(found)}）",
        )
    kept.replace(found)
    return found


def _seen(kept: HeadFile) -> str:
    try:
        return _words(kept.read())
    except NoHead:
        return "文件已损坏"


def _words(head: Head | None) -> str:
    return f"{head.size} 条 {head.root.hex()}" if head else "没有记录"
