"""The envelope of the server callback as WeChat's side seals and opens it; no secret is logged."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.config import Config

BLOCK = 32  # the padding's block; the cipher's own is 16


class BadEnvelope(Exception):
    """What came back cannot be opened; the text says which check failed."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the account's owner and WeChat share."""

    appid: str
    token: str = field(repr=False)
    aes: bytes = field(repr=False)

    @classmethod
    def of(cls, appid: str, token: str, encoding_aes_key: str) -> "Keys":
        # The 43rd character carries four bits only; b64decode takes it as WeChat does.
        return cls(appid, token, base64.b64decode(encoding_aes_key + "="))

    @classmethod
    def of_service(cls, config: Config) -> "Keys":
        return cls.of(
            config.oa_appid,
            config.oa_token.get_secret_value(),
            config.oa_aes_key.get_secret_value(),
        )

    @classmethod
    def of_mini(cls, config: Config) -> "Keys":
        return cls.of(
            config.mini_appid,
            config.mini_token.get_secret_value(),
            config.mini_aes_key.get_secret_value(),
        )


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts: token, timestamp, nonce and, in safe mode, the ciphertext."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def encrypt(message: bytes, keys: Keys, *, random16: bytes) -> str:
    """Seal a message for the account; `random16` is asked for so that vectors can be repeated."""
    full = random16 + len(message).to_bytes(4, "big") + message + keys.appid.encode()
    pad = BLOCK - len(full) % BLOCK
    sealer = _cipher(keys).encryptor()
    sealed = sealer.update(full + bytes([pad]) * pad) + sealer.finalize()
    return base64.b64encode(sealed).decode()


def decrypt(encrypted: str, keys: Keys) -> bytes:
    """Open what the account sealed, or say why it is not a reply of this account."""
    try:
        sealed = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadEnvelope("Encrypt is not base64") from error
    if not sealed or len(sealed) % 16:
        raise BadEnvelope("the ciphertext is not made of whole blocks")
    opener = _cipher(keys).decryptor()
    full = opener.update(sealed) + opener.finalize()
    pad = full[-1]
    if not 1 <= pad <= BLOCK or full[-pad:] != bytes([pad]) * pad:
        raise BadEnvelope("the padding is wrong")
    body = full[16:-pad]
    size = int.from_bytes(body[:4], "big")
    if len(body) < 4 or size > len(body) - 4:
        raise BadEnvelope("the length is wrong")
    if body[4 + size :] != keys.appid.encode():
        raise BadEnvelope("the appid at the end is another one")
    return body[4 : 4 + size]


def _cipher(keys: Keys) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(keys.aes), modes.CBC(keys.aes[:16]))
