"""A verifier by a stranger: written from bot/domain/certificate_token.md alone, nothing of ours."""

import base64
import gzip
import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BEIJING = timezone(timedelta(hours=8))
NUMBER = re.compile(r"[0-9]{4}[A-Z]{3}[A-Z0-9]{3}[0-9]{5,7}")
CODE = re.compile(r"[0-9A-HJ-NP-RT-UW-Y]{18}")


class Refused(Exception):
    pass


@dataclass(frozen=True)
class Said:
    number: str
    key: int
    position: int
    first: date
    last: date
    scheme: str
    level: str
    code: str
    name: str


def b64(text: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise Refused("letters")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")
    except ValueError:
        raise Refused("base64") from None
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != text:
        raise Refused("not the only way to write it")
    return data


def read(url: str, *, base: str, keys: dict, now: datetime) -> Said:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Refused("no address") from None
    if f"{parts.scheme}://{parts.netloc}" != base or not parts.path.startswith("/v/"):
        raise Refused("another host")
    number = parts.path[3:]
    if not NUMBER.fullmatch(number):
        raise Refused("number")
    tokens = [
        value for name, value in parse_qsl(parts.query, keep_blank_values=True) if name == "t"
    ]
    if len(tokens) != 1:
        raise Refused("tokens")
    data = b64(tokens[0])
    payload, signature = data[:-64], data[-64:]
    said = parse(number, payload)
    key = next(
        (
            key
            for key in keys["keys"]
            if key["kid"] == str(said.key) and key["purpose"] == "certificate"
        ),
        None,
    )
    if key is None or now >= datetime.fromisoformat(key["verify_until"]):
        raise Refused("key")
    if key["compromised_from"]:
        raise Refused("ask the issuer")
    signed = b"credit-certificate/1\n" + f"{base}/v/{number}\n".encode("ascii") + payload
    try:
        Ed25519PublicKey.from_public_bytes(b64(key["x"])).verify(signature, signed)
    except InvalidSignature:
        raise Refused("signature") from None
    ended = key["signs_until"]
    if ended and said.first > datetime.fromisoformat(ended).astimezone(BEIJING).date():
        raise Refused("signed after the end of its key")
    return said


def parse(number: str, payload: bytes) -> Said:
    try:
        if payload[0] != 1:
            raise Refused("version")
        first, last = (
            date(2020, 1, 1) + timedelta(days=int.from_bytes(payload[at : at + 2], "big"))
            for at in (15, 17)
        )
        at, texts = 19, []
        for unit, coding in ((1, "ascii"), (1, "ascii"), (1, "ascii"), (2, "utf-16-be")):
            length = payload[at] * unit
            part = payload[at + 1 : at + 1 + length]
            if len(part) != length:
                raise Refused("cut off")
            texts.append(part.decode(coding))
            at += 1 + length
    except (IndexError, ValueError, OverflowError):
        raise Refused("payload") from None
    if at != len(payload) or last < first or not CODE.fullmatch(texts[2]):
        raise Refused("payload")
    key, position = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[11:15], "big")
    return Said(number, key, position, first, last, *texts)


def states(jws: str, *, keys: dict, now: datetime) -> tuple[datetime, bytes]:
    """When the list was made, and its bits."""
    head, body, signature = jws.split(".")
    header = json.loads(b64(head))
    key = next(
        (key for key in keys["keys"] if key["kid"] == header["kid"] and key["purpose"] == "status"),
        None,
    )
    if header["alg"] != "EdDSA" or key is None or key["compromised_from"]:
        raise Refused("key of the list")
    if now >= datetime.fromisoformat(key["verify_until"]):
        raise Refused("key of the list")
    try:
        Ed25519PublicKey.from_public_bytes(b64(key["x"])).verify(
            b64(signature), f"{head}.{body}".encode()
        )
    except InvalidSignature:
        raise Refused("signature of the list") from None
    credential = json.loads(b64(body))
    made, ended = datetime.fromisoformat(credential["validFrom"]), key["signs_until"]
    if made > now or (ended and made > datetime.fromisoformat(ended)):
        raise Refused("date of the list")
    encoded = credential["credentialSubject"]["encodedList"]
    if encoded[0] != "u":
        raise Refused("list")
    return made, gzip.decompress(b64(encoded[1:]))


def state_at(bits: bytes, position: int) -> int:
    return bits[position // 4] >> (6 - position % 4 * 2) & 3
