"""Papers that we make: which there are, how a file of each is called; states of a plaque order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.domain.errors import BadInput, DomainError, Unavailable
from bot.domain.files import Media


class Kind(StrEnum):
    """Migration 0017 names them."""

    CERTIFICATE = "certificate"
    PLAQUE = "plaque"
    LETTER = "letter"  # the commitment as it was published, with the signature drawn again
    DRAFT = "draft"  # the commitment to be printed, signed and stamped by hand


ORDER = "papers.order"  # the kind of job that has made what somebody is going to need
PRIVATE = frozenset({Kind.LETTER, Kind.DRAFT})
"""They name a person: stored with a key of their own, given to the enterprise only."""
ON_DEMAND = frozenset({Kind.CERTIFICATE, Kind.DRAFT})
"""Made when first asked for, and anew after they were cleared away: their record says it all.

A plaque's artwork and a letter are made at once: the one for its maker, the other because it shows
the seal, whose picture does not stay for ever.
"""
KEPT, KEPT_FOR = 20_000, timedelta(days=90)
"""Of those on demand only so many stay, and only so long: some 20 GB at most."""
NAMES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.CERTIFICATE: "证书",
        Kind.PLAQUE: "牌匾制作稿",
        Kind.LETTER: "信用承诺书",
        Kind.DRAFT: "信用承诺书（待签）",
    }
)


class NotYetMade(Unavailable):
    """It is being made, because somebody asked for it."""

    code = "not_yet_made"
    message = "正在生成，请稍后再来下载。"


class RareCharacter(DomainError):
    """Nobody can print it before a person has decided how the name is written."""

    code = "rare_character"
    message = "名称里有打印字体没有的字，工作人员正在处理，处理好以后就能下载。"


class OrderState(StrEnum):
    """Of a plaque order; the database holds these words."""

    ORDERED = "ordered"
    SENT = "sent"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS: Mapping[OrderState, str] = MappingProxyType(
    {
        OrderState.ORDERED: "已登记，等待制作",
        OrderState.SENT: "已寄出",
        OrderState.CANCELLED: "已取消",
    }
)


class AlreadyOrdered(DomainError):
    code = "plaque_ordered"
    message = "这张证书的牌匾已经登记过了，不用再登记。"


class NoPlaque(DomainError):
    code = "no_plaque"
    message = "证书现在不是有效状态，不能订牌匾。"


class NotNow(DomainError):
    code = "plaque_waits"
    message = "证书现在不能使用，这块牌匾先不要制作，也不要寄出。"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a plaque is sent; kept sealed, shown to whoever packs it."""

    person: str
    phone: str
    place: str

    def __post_init__(self) -> None:
        longest = {"person": 40, "phone": 20, "place": 200}
        for name, most in longest.items():
            text = getattr(self, name)
            if not 2 <= len(text) <= most or not text.isprintable():
                raise BadInput("请检查收件人、电话和地址。", field=name)


def file_name(kind: Kind, about: str, media: Media) -> str:
    """What the file is called where it is saved."""
    return f"{about} {NAMES[kind]}{'.pdf' if media is Media.PDF else '.png'}"
