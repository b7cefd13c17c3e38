"""PAdES B-B: a document is certified against any change, and the seal is its visible face."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import x509
from asn1crypto.algos import SignedDigestAlgorithm
from asn1crypto.cms import ContentInfo, SignerInfo
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import (
    AxisAlignment,
    BoxConstraints,
    Margins,
    SimpleBoxLayoutRule,
)
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bot.clients.containers import Cast
from bot.clients.seals import SealKey

SIGNATURE = 2048
"""Bytes that a signature takes beside the certificates in it, with room to spare."""
FIELD = "Seal"
_MARK = bytes(range(32))
"""Stands for a document's SHA-256 in the container that the others are cast from."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the seal stands, in points from the lower left; page -1 is the last."""

    page: int
    left: float
    bottom: float
    side: float


class Face:
    """The seal's own one-page PDF, read once and copied into every document that shows it."""

    def __init__(self, pdf: bytes) -> None:
        self.page = PdfFileReader(io.BytesIO(pdf))

    def style(self) -> StaticStampStyle:
        return StaticStampStyle(
            border_width=0,
            background=_Shown(self.page),
            background_layout=SimpleBoxLayoutRule(
                AxisAlignment.ALIGN_MID, AxisAlignment.ALIGN_MID, Margins()
            ),
        )


class _Shown(PdfContent):
    """The face in one document."""

    def __init__(self, page: PdfFileReader) -> None:
        super().__init__()
        self._page = page

    def render(self) -> bytes:
        assert self.writer is not None  # noqa: S101  # pyHanko sets it before it renders
        drawn = self.writer.import_page_as_xobject(self._page)
        self.resources.xobject["/SealFace"] = drawn
        left, bottom, right, top = drawn.get_object()["/BBox"]
        self.box = BoxConstraints(width=right - left, height=top - bottom)
        return b"/SealFace Do"


class _Hand(signers.Signer):
    """Lets pyHanko build the first container; the others are poured into its cast."""

    def __init__(self, key: SealKey) -> None:
        own, *above = (x509.Certificate.load(one) for one in key.chain)
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # half-typed pyHanko
        store.register_multiple(above)
        super().__init__(
            signing_cert=own,
            cert_registry=store,
            signature_mechanism=SignedDigestAlgorithm({"algorithm": key.algorithm}),
            embed_roots=False,  # who trusts it has it, and no signature would cover it here
        )
        self._key = key
        self._cast: Cast | None = None

    async def async_sign(
        self,
        data_digest: bytes,
        digest_algorithm: str,
        *args: Any,
        **more: Any,  # pyHanko's own, the same for every document of a Sealer
    ) -> ContentInfo:
        """Return the container over a document, signed by whoever holds the key."""
        if self._cast is None:
            model = await super().async_sign(_MARK, digest_algorithm, *args, **more)
            self._cast = Cast(model, _MARK)
        return ContentInfo.load(self._cast.pour(data_digest, self._key.sign))

    async def async_sign_raw(self, *_args: Any, **_more: Any) -> bytes:
        """Sign nothing: the cast keeps no signature, and no key is asked for what none will see."""
        return b""


class _Dated(signers.PdfSigner):
    """Writes down the time it is told, not the machine's."""

    def __init__(self, *args: Any, at: datetime, **more: Any) -> None:  # pyHanko's own
        super().__init__(*args, **more)
        self._at = at

    def init_signing_session(self, *args: Any, **more: Any) -> PdfSigningSession:  # pyHanko's own
        session = super().init_signing_session(*args, **more)
        session.system_time = self._at
        return session


class Sealer:
    """One signer, made once: building it from its certificates costs as much as a signature."""

    def __init__(self, key: SealKey) -> None:
        self._hand = _Hand(key)
        # Hexadecimal digits; said beforehand, it spares pyHanko a rehearsal as dear as the signing.
        self._reserved = 2 * (sum(map(len, key.chain)) + SIGNATURE)

    def seal(
        self, pdf: bytes, *, face: Face | None, spot: Spot | None, at: datetime, reason: str
    ) -> bytes:
        """Certify the document: from now on any change shows. Without a spot nothing is drawn."""
        meta = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            reason=reason,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        field = SigFieldSpec(FIELD, readable_field_name=reason)
        if spot is not None:
            box = (spot.left, spot.bottom, spot.left + spot.side, spot.bottom + spot.side)
            field = SigFieldSpec(
                FIELD,
                on_page=spot.page,
                box=tuple(round(n) for n in box),  # type: ignore[arg-type]  # four they are
                readable_field_name=reason,
            )
        signer = _Dated(
            meta,
            self._hand,
            at=at,
            stamp_style=face.style() if face else None,
            new_field_spec=field,
        )
        out = io.BytesIO()
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        signer.sign_pdf(writer, output=out, bytes_reserved=self._reserved)
        return out.getvalue()


def intact(pdf: bytes, *, roots: Sequence[bytes], at: datetime) -> bool:
    """Tell whether one certifying signature of these roots covers the whole file, unchanged."""
    trusted = [x509.Certificate.load(root) for root in roots]
    context = ValidationContext(trust_roots=trusted, moment=at, allow_fetching=False)
    try:
        found = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
        if len(found) != 1:
            return False
        status = validate_pdf_signature(found[0], context)
        whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
        # Last, because it writes the whole signature anew.
        return status.bottom_line and whole and _says_nothing_beside(pdf, found[0])
    except Exception:  # noqa: BLE001  # a broken file fails in any way that a parser can
        return False


def _says_nothing_beside(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Look at what no signature covers: its own place in the file, larger than it is."""
    _, start, end, _ = signature.byte_range
    held = bytes(signature.pkcs7_content)
    container = ContentInfo.load(held)
    signed = container["content"]
    signers = signed["signer_infos"]
    announced = [signed["version"].native, *(one.dump() for one in signed["digest_algorithms"])]
    used = [signers[0]["version"].native, *(one["digest_algorithm"].dump() for one in signers)]
    _settle(signers[0])
    wanted = container.dump(force=True).ljust(len(held), b"\0").hex().upper()
    usual = announced == used and used[0] == "v1"
    return usual and pdf[start:end] == f"<{wanted}>".encode()


def _settle(signer: SignerInfo) -> None:
    """Call the one value that asn1crypto makes itself unchanged.

    Left as changed, each of the ten levels around it is written several times over by the one
    above: 140 ms instead of 3, to the same bytes.
    """
    for attribute in signer["signed_attrs"]:
        if attribute["type"].native == "signing_certificate_v2":
            for one in attribute["values"][0]["certs"]:
                one["hash_algorithm"]._mutated = False  # noqa: SLF001 (there is no other way)
