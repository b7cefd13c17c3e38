"""Files that people hand in: what is taken, what is refused, what is worth a warning, names."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from bot.domain.consents import Purpose
from bot.domain.errors import DomainError, TooLarge

MB = 1024 * 1024


class Media(StrEnum):
    """What is stored; HEIC comes in as well and becomes JPEG."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"


SUFFIX = MappingProxyType({Media.JPEG: ".jpg", Media.PNG: ".png", Media.PDF: ".pdf"})
BEGINS = MappingProxyType({Media.JPEG: b"\xff\xd8\xff", Media.PNG: b"\x89PNG", Media.PDF: b"%PDF-"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What the jail keeps to. A file within them is checked in a few seconds, most in one."""

    file_bytes: int = 20 * MB
    pixels: int = 40_000_000
    side: int = 20_000
    pages: int = 100
    unpacked_bytes: int = 256 * MB
    """All streams of a PDF together."""
    objects: int = 200_000
    long_side: int = 4096
    """A picture is made smaller than this: finer than any printed letter needs."""
    view_side: int = 1600
    """The page images on which staff read a PDF."""
    memory_bytes: int = 512 * MB
    cpu_s: int = 10
    wall_s: int = 20
    output_bytes: int = 64 * MB


LIMITS = Limits()
MOST_CODES, LONGEST_CODE = 8, 1024
"""QR codes that are read off one photograph."""
VIEWS_AT_ONCE = 6
"""So many pages of a PDF are drawn while the person waits; a job draws the others."""


class Refusal(StrEnum):
    """Why the jail takes a file for nothing; the words are for the person who sent it."""

    EMPTY = "empty"
    TYPE = "type"
    BROKEN = "broken"
    PIXELS = "pixels"
    PAGES = "pages"
    UNPACKED = "unpacked"
    LOCKED = "locked"


WORDS = MappingProxyType(
    {
        Refusal.EMPTY: "这个文件是空的，请重新选择。",
        Refusal.TYPE: "只能上传 JPEG、PNG、HEIC 图片或 PDF 文件，请重新选择。",
        Refusal.BROKEN: "这个文件打不开，可能已经损坏。请重新拍照，或导出为 PDF 后再上传。",
        Refusal.PIXELS: "图片尺寸太大，最多 4000 万像素，请缩小后再上传。",
        Refusal.PAGES: f"PDF 最多 {LIMITS.pages} 页，请拆成几份分别上传。",
        Refusal.UNPACKED: "这个 PDF 解开后太大，请重新导出或打印为 PDF 后再上传。",
        Refusal.LOCKED: "这个 PDF 设了密码，请去掉密码后再上传。",
    }
)


class Warned(StrEnum):
    """What a person may want to mend while the paper still lies before them."""

    BLURRED = "blurred"
    SMALL = "small"
    NO_SEAL = "no_seal"
    SEAL_UNSEEN = "seal_unseen"
    DUPLICATE = "duplicate"


WARNINGS = MappingProxyType(
    {
        Warned.BLURRED: "照片有些模糊，字可能看不清。建议对准后重新拍一张。",
        Warned.SMALL: "图片太小，字可能看不清。建议上传原图或重新拍一张。",
        Warned.NO_SEAL: "没有看到红色公章。要求盖章的，请盖章后重新拍照，把公章拍全、拍清楚。",
        Warned.SEAL_UNSEEN: "看不出有没有盖章：图片是黑白的，或者页数太多。请您确认已经盖章。",
        Warned.DUPLICATE: "这个文件以前上传过，请确认没有选错。",
    }
)

# Calibrated in tests/unit/test_jail.py on pages of print, sharp and out of focus.
SHARP_ENOUGH = 10
SHORT_SIDE_ENOUGH = 600


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of paper; what is confidential lies in the store apart, each version with its key."""

    name: str
    confidential: bool = True
    purpose: Purpose | None = None
    """What has to be agreed to by itself before one is handed in."""


KINDS = MappingProxyType(
    {
        "business_licence": Kind("营业执照", confidential=False),
        "production_licence": Kind("生产（经营）许可证", confidential=False),
        "special_trade_licence": Kind("特种行业许可证", confidential=False),
        "honour": Kind("荣誉证书", confidential=False),
        "membership_form": Kind("会员登记表"),
        "legal_resume": Kind("法定代表人简历"),
        "identity_card": Kind("身份证", purpose=Purpose.IDENTITY),
        "financial_statements": Kind("财务报表"),
        "tax_certificate": Kind("完税证明"),
        "bank_letter": Kind("银行资信证明"),
        "authority_letter": Kind("授权委托书"),
        "commitment_letter": Kind("盖章的信用承诺书"),
        "seal": Kind("印章图片"),
        "other": Kind("其他材料"),
    }
)
# They go with the account of whoever handed them in, and with the case that they were for.
CONSENTED_KINDS = frozenset(name for name, kind in KINDS.items() if kind.purpose)
# What somebody proves a claim with who does not act for the enterprise yet: the staff see it, the
# enterprise's own people never do, for the claimant may be another than they think.
CLAIM_KINDS = MappingProxyType(
    {
        "claim_licence": Kind("营业执照（绑定申请）"),
        "claim_letter": Kind("授权书（绑定申请）"),
    }
)


class Unreadable(DomainError):
    """The jail refused a file."""

    code = "unreadable_file"
    message = WORDS[Refusal.BROKEN]


class FileTooLarge(TooLarge):
    message = f"文件太大，每个文件最多 {LIMITS.file_bytes // MB} MB。请缩小后再上传。"


@dataclass(frozen=True, slots=True)
class Piece:
    """One product of the jail: the clean form (page 0) or the image of a page, for viewing."""

    page: int
    media_type: Media
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Clean:
    """A file as it may be stored and shown."""

    media_type: Media
    pages: int
    warnings: tuple[Warned, ...]
    pieces: tuple[Piece, ...]

    @property
    def body(self) -> Piece:
        return self.pieces[0]


_INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
LONGEST_NAME = 100


def plain_name(given: str, media_type: Media) -> str:
    """The sender's name for a file as data: one line, no folder, no hidden or turning characters.

    Its ending is that of what is stored, so that nobody's machine takes it for something else.
    """
    name = _INVISIBLE.sub("", given.replace("\\", "/").rsplit("/", 1)[-1])
    name = name.encode(errors="ignore").decode()
    stem = re.sub(r"\.\w{1,5}$", "", name).strip(" .")[:LONGEST_NAME]
    return (stem or "文件") + SUFFIX[media_type]


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def object_key(identifier: UUID) -> str:
    """Our own name for a stored object: the identifier as a ULID, so that names sort by time."""
    number = identifier.int
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def object_id(key: str) -> UUID:
    """The identifier that an object's name was made of."""
    number = 0
    for letter in key:
        number = number << 5 | ALPHABET.index(letter)
    return UUID(int=number)


def made_at(key: str) -> datetime:
    """When an object was named."""
    return datetime.fromtimestamp((object_id(key).int >> 80) / 1000, UTC)


def folder_of(key: str) -> str:
    """Objects lie in a folder for about twelve days each, by the time in their names."""
    return key[:4]


FOLDER_MS = 1 << 30


def folders_between(first: datetime, last: datetime) -> list[str]:
    """The folders of all names that were made between two instants."""
    begin, end = (int(at.timestamp() * 1000) // FOLDER_MS for at in (first, last))
    return [
        "".join(ALPHABET[number >> shift & 31] for shift in (15, 10, 5, 0))
        for number in range(begin, end + 1)
    ]
