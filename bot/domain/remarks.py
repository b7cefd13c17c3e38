"""What a person of the staff writes into a record: who they are, and why they did it."""

import unicodedata

from bot.domain.errors import BadInput

LONGEST_NAME = 30  # two names and a mark between them fit into the columns of 64
LONGEST_REASON = 200
LONGEST_ANSWER = 600  # a customer message holds some 680 Chinese characters …
ROOM_FOR_ANSWER = 3 * LONGEST_ANSWER  # … and fewer of those that take four bytes
_NEVER = frozenset({"Cc", "Cs", "Cn"})  # controls, and what a wrongly coded line leaves behind


def reason(text: str, *, what: str = "原因", field: str = "reason") -> str:
    """Some words, without blanks around them, or BadInput."""
    return _checked(text, what, field, LONGEST_REASON)


def answer(text: str) -> str:
    """What a member will read, or BadInput."""
    plain = _checked(text, "答复", "text", LONGEST_ANSWER)
    if len(plain.encode()) > ROOM_FOR_ANSWER:
        raise BadInput("答复里的表情或生僻字太多，一条消息放不下，请删减。", field="text")
    return plain


def name(text: str, *, what: str = "姓名", field: str = "by") -> str:
    """The name of a person, or BadInput."""
    return _checked(text, what, field, LONGEST_NAME)


def _checked(text: str, what: str, field: str, longest: int) -> str:
    plain = unicodedata.normalize("NFC", text).strip()
    if not plain:
        raise BadInput(f"请写明{what}。", field=field)
    if len(plain) > longest:
        raise BadInput(f"{what}最多 {longest} 个字，请删减。", field=field)
    if any(unicodedata.category(sign) in _NEVER and sign != "\n" for sign in plain):
        raise BadInput(f"{what}里有不能保存的字符，请重新输入。", field=field)
    return plain
