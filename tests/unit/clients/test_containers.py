"""Containers poured into a cast: what differs is taken in, and an odd model is not cast."""

import pytest
from asn1crypto import cms

from bot.clients.containers import Cast

MARK = bytes(range(32))
ATTRIBUTES = [{"type": "message_digest", "values": [MARK]}]


def model(*, attributes: list[dict[str, object]], **signer: object) -> cms.ContentInfo:
    name = {"issuer": cms.Name.build({"common_name": "印章"}), "serial_number": 7}
    info = {
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", name),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": b"",
        **signer,
    }
    signed = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "data"},
        "certificates": [],
        "signer_infos": [info],
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})


@pytest.mark.parametrize("size", [1, 64, 72, 127, 128, 300, 70_000])
def test_a_signature_of_any_length_is_poured_as_asn1crypto_would_build_it(size):
    digest, asked = bytes(32), []

    def sign(message: bytes) -> bytes:
        asked.append(message)
        return b"\x5a" * size

    poured = Cast(model(attributes=ATTRIBUTES), MARK).pour(digest, sign)

    attributes = [{"type": "message_digest", "values": [digest]}]
    assert poured == model(attributes=attributes, signature=b"\x5a" * size).dump()
    assert asked == [cms.CMSAttributes(attributes).dump()]


@pytest.mark.parametrize(
    "attributes",
    [[], [{"type": "message_digest", "values": [MARK, MARK]}]],
    ids=["without the digest", "with it twice"],
)
def test_a_model_that_holds_the_digest_not_just_once_is_refused(attributes):
    with pytest.raises(ValueError, match="digest"):
        Cast(model(attributes=attributes), MARK)
