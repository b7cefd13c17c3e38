"""The envelope of callbacks in safe mode: signature, freshness, AES; no XML parser."""

import os
import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from hashlib import sha1
from hmac import compare_digest

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bot.domain.errors import BadInput, BadSignature, TooLarge

MAX_BODY_BYTES = 64 * 1024
MAX_AGE_S = 300

_TIMESTAMP = re.compile(r"[0-9]{10}")
# Whatever we echo (nonce, echostr) is of these characters, so that it cannot leave its CDATA.
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_.~+/=-]{1,128}")
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")

# PKCS#7 with a block of 32, not of AES's 16.
_BLOCK = 32
_PADS = tuple(bytes([n]) * n for n in range(_BLOCK + 1))
_RANDOM_BYTES = 16
_HEAD_BYTES = _RANDOM_BYTES + 4


class RandomPool:
    """Random bytes drawn from the system 4 KiB at a time: the system call costs more than AES.

    For one event loop: two threads must not share a pool.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._block = b""
        self._at = 0

    def __call__(self, count: int) -> bytes:
        start, end = self._at, self._at + count
        if end > len(self._block):
            self._block = os.urandom(max(4096, count))
            start, end = 0, count
        self._at = end
        return self._block[start:end]


SYSTEM_RANDOM = RandomPool()
os.register_at_fork(after_in_child=SYSTEM_RANDOM.clear)  # or siblings would draw the same bytes


class Codec:
    """Opens and seals the messages of one official account; immutable, without a clock."""

    __slots__ = ("_appid", "_ciphers", "_random", "_token", "appid")

    def __init__(
        self,
        *,
        appid: str,
        token: str,
        aes_key: str,
        previous_aes_key: str | None = None,
        random: Callable[[int], bytes] = SYSTEM_RANDOM,
    ) -> None:
        if not appid or not token:
            raise ValueError("appid and token of the official account must not be empty")
        self.appid = appid
        self._appid = appid.encode()
        self._token = token.encode()
        keys = [aes_key, previous_aes_key] if previous_aes_key else [aes_key]
        self._ciphers = tuple(_cipher(key) for key in keys)
        self._random = random

    def echo(self, query: Mapping[str, str], *, now: int) -> str:
        """Answer the console's check of the address (GET); never encrypted, in no mode."""
        timestamp, nonce = _fresh(query, now)
        self._compare(query.get("signature"), self.sign(timestamp, nonce))
        echostr = query.get("echostr", "")
        if not _PLAIN_WORD.fullmatch(echostr):  # the signature does not cover it
            raise BadInput("echostr 缺失或含有不允许的字符。", field="echostr")
        return echostr

    def open(self, body: bytes, query: Mapping[str, str], *, now: int) -> bytes:
        """Give the plain XML or JSON of a callback that has proved to be WeChat's and ours."""
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge
        if query.get("encrypt_type") != "aes":
            raise BadInput("只接受安全模式的消息。", field="encrypt_type")
        if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
            raise BadInput("消息里不允许有 DTD。")
        encrypted = _encrypted_part(body)
        timestamp, nonce = _fresh(query, now)
        # `signature` covers no byte of the body and is therefore never looked at here.
        self._compare(query.get("msg_signature"), self.sign(timestamp, nonce, encrypted))
        return self.decrypt(encrypted)

    def seal(self, reply: str, *, nonce: str, timestamp: int) -> bytes:
        """Wrap a passive reply for the request that carried this nonce."""
        if not _PLAIN_WORD.fullmatch(nonce):
            raise BadInput("nonce 含有不允许的字符。", field="nonce")
        encrypted = self.encrypt(reply.encode())
        at, word = b"%d" % timestamp, nonce.encode()
        return (
            b"<xml><Encrypt><![CDATA[%b]]></Encrypt><MsgSignature><![CDATA[%b]]></MsgSignature>"
            b"<TimeStamp>%b</TimeStamp><Nonce><![CDATA[%b]]></Nonce></xml>"
        ) % (encrypted, self.sign(at, word, encrypted).encode(), at, word)

    def sign(self, *parts: bytes) -> str:
        # SHA-1 is WeChat's protocol, not our choice; the token is the secret part.
        joined = b"".join(sorted((self._token, *parts)))
        return sha1(joined, usedforsecurity=False).hexdigest()

    def encrypt(self, plain: bytes) -> bytes:
        length = len(plain).to_bytes(4, "big")
        full = b"".join((self._random(_RANDOM_BYTES), length, plain, self._appid))
        padded = full + _PADS[_BLOCK - len(full) % _BLOCK]
        # Whole blocks go in, so update() gives everything and finalize() has nothing to add.
        return b2a_base64(self._ciphers[0].encryptor().update(padded), newline=False)

    def decrypt(self, encrypted: bytes) -> bytes:
        """Try the current key, then the previous one; one refusal for whatever goes wrong."""
        try:
            sealed = a2b_base64(encrypted, strict_mode=True)
        except Base64Error as error:
            raise BadSignature("密文无法解开。") from error
        if sealed and len(sealed) % _BLOCK == 0:
            for cipher in self._ciphers:
                plain = self._unwrap(cipher.decryptor().update(sealed))
                if plain is not None:
                    return plain
        raise BadSignature("密文无法解开。")

    def _unwrap(self, full: bytes) -> bytes | None:
        pad = full[-1]
        if not 1 <= pad <= _BLOCK or not full.endswith(_PADS[pad]):
            return None
        end = len(full) - pad
        start_of_appid = _HEAD_BYTES + int.from_bytes(full[_RANDOM_BYTES:_HEAD_BYTES], "big")
        # A message of another account fails here, and so does a length beyond the buffer.
        if full[start_of_appid:end] != self._appid:
            return None
        return full[_HEAD_BYTES:start_of_appid]

    @staticmethod
    def _compare(given: str | None, wanted: str) -> None:
        if given is None or not given.isascii() or not compare_digest(given, wanted):
            raise BadSignature


def _fresh(query: Mapping[str, str], now: int) -> tuple[bytes, bytes]:
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not _PLAIN_WORD.fullmatch(nonce):
        raise BadSignature("timestamp 或 nonce 缺失或格式不对。")
    if abs(now - int(timestamp)) > MAX_AGE_S:
        raise BadSignature("消息的时间与现在相差太多。")
    return timestamp.encode(), nonce.encode()


def _encrypted_part(body: bytes) -> bytes:
    if body.lstrip()[:1] == b"{":
        return _encrypted_field(body)
    # Searched, not parsed: no XML parser may see a body before the signature is checked.
    # Nor does it need a closer look here: the signature covers every byte that is taken.
    _, _, after = body.partition(b"<Encrypt>")
    encrypted, closed, _ = after.partition(b"</Encrypt>")
    if not closed:
        raise BadInput("消息里没有密文。", field="Encrypt")
    return encrypted.strip().removeprefix(b"<![CDATA[").removesuffix(b"]]>")


def _encrypted_field(body: bytes) -> bytes:
    """Of an account that gets its messages as JSON; that reader has nothing to expand or fetch."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput("消息不是完整的 JSON。") from error
    encrypted = fields.get("Encrypt")
    if not isinstance(encrypted, str):
        raise BadInput("消息里没有密文。", field="Encrypt")
    return encrypted.encode()


def _cipher(aes_key: str) -> Cipher[CBC]:
    if not _AES_KEY.fullmatch(aes_key):
        raise ValueError("EncodingAESKey must be 43 letters and digits")
    # Its last character carries four bits only; a strict decoder refuses the rest.
    key = a2b_base64(aes_key + "=")
    return Cipher(AES256(key), CBC(key[:16]))
