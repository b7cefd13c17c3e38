"""Who holds the private keys: files by default, a hardware module behind the same interface later.

Signing may leave the process (a module, a network), so it is never done inside a transaction.
"""

import os
import stat
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Sign = Callable[[bytes], bytes]


class NoPrivateKeyError(Exception):
    """The key cannot sign here: its private half is elsewhere, or lies open to others."""


class Signer(Protocol):
    def make(self, number: int) -> bytes:
        """Make a private key under this number and answer the 32 bytes of the public one."""
        ...

    def opened(self, number: int, public: bytes) -> Sign:
        """Return what signs with this key; NoPrivateKeyError unless it is that very key."""
        ...


class FileSigner:
    """One file a key, readable by its owner alone."""

    def __init__(self, folder: Path, *, former: Path | None = None) -> None:
        """`former`: where such keys were kept once; what is asked for moves from there."""
        self._folder = folder
        self._former = former

    def make(self, number: int) -> bytes:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL  # a key is never written over
        with os.fdopen(os.open(self._path(number), flags, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        return public_bytes(private)

    def opened(self, number: int, public: bytes) -> Sign:
        path = self._path(number)
        self._move(path)
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                raise NoPrivateKeyError(
                    f"{path} 别人也能读（权限 {mode:o}）：请改为 600，并更换密钥"
                )
            private = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except FileNotFoundError:
            raise NoPrivateKeyError(f"这台机器上没有 {number} 号密钥的私钥：{path}") from None
        except ValueError:
            raise NoPrivateKeyError(f"{path} 不是可用的私钥") from None
        if not isinstance(private, Ed25519PrivateKey) or public_bytes(private) != public:
            raise NoPrivateKeyError(f"{path} 不是登记的 {number} 号密钥")
        return private.sign

    def _move(self, path: Path) -> None:
        """Bring a key from where it was kept once; another process may be faster."""
        if self._former is None or path.exists() or not (self._former / path.name).exists():
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            (self._former / path.name).rename(path)
        except FileNotFoundError:
            return
        except OSError as error:
            why = f"{self._former / path.name} 移不到 {path}（{error.strerror}），请手工移过去"
            raise NoPrivateKeyError(why) from None

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.pem"


class NoSigner:
    """Where no such key may ever be: the pages sign no certificate."""

    def make(self, number: int) -> bytes:
        raise NoPrivateKeyError(f"这个进程不签发证书，不能生成 {number} 号密钥")

    def opened(self, number: int, _public: bytes) -> Sign:
        raise NoPrivateKeyError(f"这个进程不签发证书，不能打开 {number} 号密钥")


def public_bytes(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes_raw()


@lru_cache(maxsize=64)
def _public(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)


def verify(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature is this key's; the algorithm is the key's, nobody can choose it."""
    try:
        _public(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def compact_jws(kind: str, key: int, payload: bytes, sign: Sign) -> bytes:
    """Wrap a payload as a compact JWS (RFC 7515, RFC 8037): what others have libraries for."""
    header = orjson.dumps({"alg": "EdDSA", "kid": str(key), "typ": kind})
    signed = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload))
    return signed + b"." + urlsafe_b64encode(sign(signed)).rstrip(b"=")
