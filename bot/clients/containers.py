"""Signature containers (CMS) of one signer: only a digest and a signature differ between two.

Building one from its parts in pure Python costs as much as everything else about a signed
document; so one is built, and the others are poured into its cast.
"""

from collections.abc import Callable

from asn1crypto.cms import ContentInfo

SEQUENCE, SET, OCTETS, CONTEXT_0 = 0x30, 0x31, 0x04, 0xA0
BEFORE = ("version", "digest_algorithms", "encap_content_info", "certificates")


class Cast:
    """What stays the same in every container of one signer."""

    def __init__(self, model: ContentInfo, digest: bytes) -> None:
        """`model` is a container with one signer, over a document of this digest."""
        signed = model["content"]
        (signer,) = signed["signer_infos"]
        attributes = signer["signed_attrs"].untag().contents
        self._left, marked, self._right = attributes.partition(digest)
        if not marked or digest in self._right or len(signer["unsigned_attrs"]):
            raise ValueError("the model must hold the digest once, and nothing unsigned")
        self._type = model["content_type"].dump()
        self._before = b"".join(signed[name].dump() for name in BEFORE)
        self._who = b"".join(signer[name].dump() for name in ("version", "sid", "digest_algorithm"))
        self._how = signer["signature_algorithm"].dump()

    def pour(self, digest: bytes, sign: Callable[[bytes], bytes]) -> bytes:
        """Return the container over a document of this digest."""
        attributes = self._left + digest + self._right
        signature = _der(OCTETS, sign(_der(SET, attributes)))
        signer = _der(SEQUENCE, self._who, _der(CONTEXT_0, attributes), self._how, signature)
        signed = _der(SEQUENCE, self._before, _der(SET, signer))
        return _der(SEQUENCE, self._type, _der(CONTEXT_0, signed))


def _der(tag: int, *parts: bytes) -> bytes:
    inside = b"".join(parts)
    size = len(inside)
    if size < 0x80:
        return bytes((tag, size)) + inside
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + inside
