"""The token in the QR code: its bytes, its address, and what makes it acceptable.

`certificate_token.md` beside this file describes the format for strangers; the two must agree.
"""

import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

from bot.domain.certificates import CREDIT_CODE, NUMBER, typed_number
from bot.domain.errors import DomainError

VERSION = 1
CONTEXT = b"credit-certificate/1\n"
SIGNATURE_BYTES = 64
RANDOM_BYTES = 8
PARAMETER = "t"
PLACE = "/v/"
LONGEST = 800  # characters of a token; a name of 200 characters needs about 700
EPOCH = date(2020, 1, 1)
_HEAD = struct.Struct(">BH8sIHH")
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{88,{LONGEST}}}")  # no number or code is so long


class BadToken(DomainError):
    """Not one of ours: broken, altered, of another address, or signed with a wrong key."""

    code = "bad_token"
    message = "签名不符：这不是本系统签发的证书。"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says. `number` stands in the address, everything else in the payload."""

    number: str
    key: int
    random: bytes
    position: int
    valid_from: date
    valid_to: date
    scheme: str
    level: str
    code: str
    name: str

    def without_key(self) -> "Claim":
        """For comparing what two keys said about the same certificate."""
        return replace(self, key=0)


@dataclass(frozen=True, slots=True)
class Address:
    """A scanned address, taken apart; nothing in it is believed yet."""

    base: str
    number: str
    token: str


def encode(claim: Claim) -> bytes:
    """Write the payload; a ValueError or struct.error for what cannot be written."""
    head = _HEAD.pack(
        VERSION,
        claim.key,
        claim.random,
        claim.position,
        (claim.valid_from - EPOCH).days,
        (claim.valid_to - EPOCH).days,
    )
    scheme, level, code, name = claim.scheme, claim.level, claim.code, claim.name
    texts = f"{len(scheme):c}{scheme}{len(level):c}{level}{len(code):c}{code}".encode("ascii")
    called = name.encode("utf-16-be")
    return head + texts + bytes((len(called) // 2,)) + called


def decode(number: str, payload: bytes) -> Claim:
    """Read a payload, or raise BadToken; only the one way to write it is accepted."""
    try:
        version, key, random, position, first, last = _HEAD.unpack_from(payload)
        at = _HEAD.size
        texts = []
        for unit, coding in ((1, "ascii"), (1, "ascii"), (1, "ascii"), (2, "utf-16-be")):
            end = at + 1 + payload[at] * unit
            texts.append(payload[at + 1 : end].decode(coding))
            at = end
        claim = Claim(
            number,
            key,
            random,
            position,
            EPOCH + timedelta(days=first),
            EPOCH + timedelta(days=last),
            *texts,
        )
        canonical = version == VERSION and encode(claim) == payload
    except (struct.error, IndexError, ValueError, OverflowError):
        raise BadToken from None
    if not canonical or claim.valid_to < claim.valid_from or not CREDIT_CODE.fullmatch(claim.code):
        raise BadToken
    return claim


def message(base: str, number: str, payload: bytes) -> bytes:
    """The bytes that are signed: the address as printed, up to the question mark, belongs to it."""
    return CONTEXT + f"{base}{PLACE}{number}\n".encode() + payload


def pack(payload: bytes, signature: bytes) -> str:
    return urlsafe_b64encode(payload + signature).rstrip(b"=").decode()


def unpack(token: str) -> tuple[bytes, bytes]:
    """Payload and signature; BadToken unless the text is the one that `pack` would write."""
    if not 0 < len(token) <= LONGEST or not token.isascii():
        raise BadToken
    try:
        whole = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise BadToken from None
    if len(whole) <= SIGNATURE_BYTES or urlsafe_b64encode(whole).rstrip(b"=").decode() != token:
        raise BadToken
    return whole[:-SIGNATURE_BYTES], whole[-SIGNATURE_BYTES:]


def key_of(payload: bytes) -> int:
    """The number of the key, before anything is checked."""
    return int.from_bytes(payload[1:3], "big")


def address(base: str, number: str, token: str) -> str:
    return f"{base}{PLACE}{number}?{PARAMETER}={token}"


def whole_address(copied: str, bases: Sequence[str]) -> str:
    """What a person copied, as an address: whole, without scheme or host, or a number and token.

    `bases` are our own addresses; what lacks one gets the first of them.
    """
    text, words = copied.strip(), copied.split()
    for base in bases:
        if len(words) == 2:
            return address(base, typed_number(words[0]), words[1])
        if text.startswith(PLACE):
            return base + text
        scheme, _, host = base.partition("://")
        if text.startswith(f"{host}/"):
            return f"{scheme}://{text}"
    return text


def is_token(text: str) -> bool:
    """Whether somebody copied a token alone, without the address and so without the number."""
    return _TOKEN.fullmatch(text.strip()) is not None


def take_apart(url: str) -> Address:
    """Split a scanned address strictly; whose host it names is for the caller to judge."""
    try:
        parts = urlsplit(url.strip())
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise BadToken from None
    tokens = [value for name, value in pairs if name == PARAMETER]
    number = parts.path.removeprefix(PLACE)
    if len(tokens) != 1 or parts.path != PLACE + number or not NUMBER.fullmatch(number):
        raise BadToken
    return Address(f"{parts.scheme}://{parts.netloc}", number, tokens[0])
