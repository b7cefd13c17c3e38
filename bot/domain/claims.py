"""What somebody fills in who asks to act for an enterprise: read, and every fault at its field."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date

from bot.domain import credit_codes, phones
from bot.domain.enterprises import check_founded, read_name
from bot.domain.errors import BadInput


def read_phone(text: str) -> str:
    """The eleven digits, or BadInput."""
    if (phone := phones.read(text)) is None:
        raise BadInput("请填写 11 位手机号，方便工作人员联系您。", field="phone")
    return phone


def faults(given: Mapping[str, str], *, today: date) -> tuple[BadInput, ...]:
    """Everything that a claim would be refused for; what is empty is for the form to ask for."""

    def founded(text: str) -> None:
        with suppress(ValueError):  # no day at all: the form says so
            check_founded(date.fromisoformat(text), today=today)

    reads: Mapping[str, Callable[[str], object]] = {
        "credit_code": credit_codes.read,
        "name": read_name,
        "phone": read_phone,
        "founded_on": founded,
    }
    found = []
    for name, read in reads.items():
        try:
            if text := given.get(name, "").strip():
                read(text)
        except BadInput as refusal:
            found.append(refusal)
    return tuple(found)
