"""Seal keys: who signs documents. A file by default; a licensed CA's signer has the same shape.

`make` draws an ECDSA P-256 key and a certificate for it from a root that exists for this one
certificate: the root's private half is never written anywhere, so nobody can issue a second one.
"""

import os
import stat
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEARS = 10
"""A certificate outlives every document it signs: readers look at it, there is no timestamp."""
KEY, CHAIN = ".key.pem", ".chain.pem"


class NoSealKeyError(Exception):
    """There is no key to sign with, or it lies open to others; says what to do."""


class SealKey(Protocol):
    """Whoever signs for the issuer: what it shows, and how it signs."""

    @property
    def chain(self) -> Sequence[bytes]:
        """Return the certificates as DER: the signer's first, its root last."""
        ...

    @property
    def algorithm(self) -> str:
        """Return the name of RFC 5480 or 8017 as pyHanko spells it: sha256_ecdsa, sha256_rsa."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature over the message, which it hashes itself."""
        ...


@dataclass(frozen=True, slots=True)
class FileKey:
    """A private key in memory, loaded once: checking it anew costs more than signing."""

    name: str
    chain: tuple[bytes, ...]
    private: ec.EllipticCurvePrivateKey
    algorithm: str = "sha256_ecdsa"

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))


def make(folder: Path, *, owner: str, now: datetime) -> FileKey:
    """Make a key and its certificate for this owner; an older key stays and is used no more."""
    private, root = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    serial = b32encode(os.urandom(5)).decode().lower()
    name = f"{now:%Y%m%d%H%M%S}-{serial}"
    # A new name for each root: two roots of one name confuse those who look for the issuer.
    above = _named(owner, f"文件印章根证书 {name}")
    chain = (
        _certified(above, _named(owner, f"文件印章 {name}"), (root, private), now, ca=False),
        _certified(above, above, (root, root), now, ca=True),
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)
    _write(folder / f"{name}{CHAIN}", pem, 0o644)
    _write(folder / f"{name}{KEY}", _pem(private), 0o600)
    return FileKey(name, tuple(_der(one) for one in chain), private)


class Keys:
    """The keys of every issuer in one folder; each issuer signs with its newest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, FileKey] = {}

    def of(self, owner: str) -> FileKey:
        """Return the newest key of this issuer, loaded once; a key that others may read is refused.

        A key made later is taken by the next process: none is swapped under a running one.
        """
        if owner not in self._loaded:
            mine = [key.name for key in listed(self._folder) if key.owner == owner]
            if not mine:
                raise NoSealKeyError(
                    f"{self._folder} 里没有{owner}的印章密钥：请先运行 ./run documents key {owner}"
                )
            self._loaded[owner] = _loaded(self._folder, mine[-1])
        return self._loaded[owner]


@dataclass(frozen=True, slots=True)
class Listing:
    """One key as its certificate tells of it."""

    name: str
    owner: str
    since: datetime
    until: datetime
    fingerprint: str
    """SHA-256 of the certificate, as readers of PDF show it."""
    root: str
    """The same of its root, by which a reader who wants to trust it knows it."""


def listed(folder: Path) -> tuple[Listing, ...]:
    """Return what is there, the oldest first; private halves are not read."""
    return tuple(_told(path) for path in sorted(folder.glob(f"*{CHAIN}")))


def roots(folder: Path) -> tuple[bytes, ...]:
    """Return the root of every key as DER: what our documents are to be trusted by."""
    chains = (
        x509.load_pem_x509_certificates(path.read_bytes()) for path in folder.glob(f"*{CHAIN}")
    )
    return tuple(_der(chain[-1]) for chain in chains)


def _told(path: Path) -> Listing:
    own, root = x509.load_pem_x509_certificates(path.read_bytes())
    (owner,) = own.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return Listing(
        path.name.removesuffix(CHAIN),
        str(owner.value),
        own.not_valid_before_utc,
        own.not_valid_after_utc,
        own.fingerprint(hashes.SHA256()).hex(),
        root.fingerprint(hashes.SHA256()).hex(),
    )


def _loaded(folder: Path, name: str) -> FileKey:
    path = folder / f"{name}{KEY}"
    if not path.is_file():
        raise NoSealKeyError(f"这台机器上没有私钥 {path}：请从保管处取来，或另做一个")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise NoSealKeyError(f"{path} 别人也能读（权限 {mode:o}）：请改为 600，并更换密钥")
    private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    chain = x509.load_pem_x509_certificates((folder / f"{name}{CHAIN}").read_bytes())
    if not isinstance(private, ec.EllipticCurvePrivateKey) or (
        chain[0].public_key() != private.public_key()
    ):
        raise NoSealKeyError(f"{path} 与它的证书不是一对：请另做一个密钥")
    return FileKey(name, tuple(_der(one) for one in chain), private)


def _named(owner: str, what: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, owner),
            x509.NameAttribute(NameOID.COMMON_NAME, what),
        ]
    )


def _certified(
    issuer: x509.Name,
    subject: x509.Name,
    keys: tuple[ec.EllipticCurvePrivateKey, ec.EllipticCurvePrivateKey],
    now: datetime,
    *,
    ca: bool,
) -> x509.Certificate:
    """Certify the second key with the first: for signing documents, or for certifying that."""
    above, own = keys
    usage = x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=not ca,
        key_cert_sign=ca,
        crl_sign=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    draft = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + timedelta(days=366 * YEARS))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False
        )
    )
    if not ca:
        documents = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336: document signing
        purposes = x509.ExtendedKeyUsage([documents, ExtendedKeyUsageOID.EMAIL_PROTECTION])
        draft = draft.add_extension(purposes, critical=False)
    return draft.sign(above, hashes.SHA256())


def _write(path: Path, body: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL  # a key is never written over
    with os.fdopen(os.open(path, flags, mode), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
