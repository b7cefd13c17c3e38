"""Seals: two validators of others find them valid, and any change is found."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from PIL import Image, ImageChops

from bot.clients import fonts, seals
from bot.clients.documents import Press
from bot.clients.sealing import Sealer, intact
from bot.clients.seals import FileKey, Keys, NoSealKeyError, SealKey
from tests.conftest import NOW
from tests.specimens import CERTIFICATE, EVERY, ISSUER, LETTER, NOTICE, REPORT

LATER = NOW + timedelta(hours=1)
OTHER = "山西省中小企业发展促进会"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seals")
    for owner in (ISSUER, OTHER):
        seals.make(folder, owner=owner, now=NOW)
    return folder


@pytest.fixture(scope="module")
def press(folder: Path) -> Iterator[Press]:
    press = Press(fonts.folders(), Keys(folder).of)
    yield press
    press.close()


@pytest.fixture(scope="module")
def signed(press: Press) -> bytes:
    return press.signed(CERTIFICATE, at=NOW, now=LATER)


def pdfsig(pdf: bytes, tmp_path: Path) -> str:
    path = tmp_path / "signed.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False)
    return done.stdout


SIGNED = {name: document for name, document in EVERY.items() if name != "plaque"}


@pytest.mark.parametrize("document", SIGNED.values(), ids=SIGNED)
def test_both_validators_find_every_kind_valid_and_whole(press, folder, tmp_path, document):
    pdf = press.signed(document, at=NOW, now=LATER)

    assert intact(pdf, roots=seals.roots(folder), at=LATER)
    said = pdfsig(pdf, tmp_path)
    assert "Signature is Valid." in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert f"O={document.issuer}" in said
    assert "Mar 02 2026 02:30:00" in said


def test_the_signature_certifies_against_any_change(signed):
    pdf = pikepdf.open(BytesIO(signed))

    signature = pdf.Root.Perms.DocMDP
    assert signature.Reference[0].TransformParams.P == 1
    assert str(signature.Reason) == "颁发证书"
    assert str(signature.SubFilter) == "/ETSI.CAdES.detached"


def test_a_flipped_byte_anywhere_is_caught(folder, signed, tmp_path):
    roots = seals.roots(folder)
    start = signed.index(b"/Contents <")
    places = [*range(1000, len(signed), len(signed) // 25), len(signed) - 1]
    places += range(start + 12, start + 6400, 457)  # the signature's own place

    for place in places:
        changed = bytearray(signed)
        changed[place] ^= 1

        assert not intact(bytes(changed), roots=roots, at=LATER), place
    changed = bytearray(signed)
    changed[2000] ^= 1
    assert "Signature is Valid" not in pdfsig(bytes(changed), tmp_path)


def test_what_is_added_later_is_caught(folder, signed):
    pdf = pikepdf.open(BytesIO(signed))
    pdf.docinfo["/Title"] = "AAA"
    rewritten = BytesIO()
    pdf.save(rewritten)

    roots = seals.roots(folder)
    assert not intact(signed + b"\n%more\n", roots=roots, at=LATER)
    assert not intact(rewritten.getvalue(), roots=roots, at=LATER)


def test_a_seal_of_somebody_else_is_not_ours(signed, tmp_path):
    seals.make(tmp_path, owner=ISSUER, now=NOW)  # same name, other key

    assert not intact(signed, roots=seals.roots(tmp_path), at=LATER)


def test_an_unsigned_document_is_not_intact(press, folder):
    assert not intact(press.pdf(CERTIFICATE, at=NOW), roots=seals.roots(folder), at=LATER)
    assert not intact(b"", roots=seals.roots(folder), at=LATER)


def reds(image: Image.Image) -> Image.Image:
    """White where the page is as red as a seal."""
    channels = image.convert("RGB").split()
    tests = (lambda r: r > 180, lambda g: g < 60, lambda b: b < 70)
    masks = [
        one.point([255 * test(v) for v in range(256)])
        for one, test in zip(channels, tests, strict=True)
    ]
    return ImageChops.multiply(ImageChops.multiply(masks[0], masks[1]), masks[2])


def red(image: Image.Image) -> int:
    return reds(image).histogram()[255]


def drawn(pdf: bytes, page: int) -> Image.Image:
    opened = pypdfium2.PdfDocument(pdf)
    opened.init_forms()
    return opened[page].render(scale=150 / 72).to_pil()


@pytest.mark.parametrize(
    ("document", "page"), [(CERTIFICATE, 0), (NOTICE, -1), (REPORT, 0)], ids=["c", "n", "r"]
)
def test_the_seal_is_drawn_once_by_the_signature_where_print_has_it(press, document, page):
    document = replace(document, demonstration=False)
    signed, printed = (
        press.signed(document, at=NOW, now=LATER),
        press.pdf(document, at=NOW, printed=True),
    )
    bare = press.pdf(document, at=NOW, printed=False)
    page %= len(pypdfium2.PdfDocument(signed))

    seen, wanted, none = (drawn(pdf, page) for pdf in (signed, printed, bare))
    spots = [reds(one).getbbox() for one in (seen, wanted)]
    assert red(none) < 0.2 * red(wanted)
    assert abs(red(seen) - red(wanted)) < 0.04 * red(wanted)
    assert max(abs(a - b) for a, b in zip(*spots, strict=True)) <= 2


def test_the_letter_shows_the_companys_seal_and_not_ours(press):
    pdf = press.signed(LETTER, at=NOW, now=LATER)

    opened = pikepdf.open(BytesIO(pdf))
    rectangles = [list(map(int, widget.Rect)) for widget in opened.pages[0].Annots]
    assert rectangles == [[0, 0, 0, 0]]


def test_the_time_of_the_signature_leaves_the_pages_alone(press):
    first, second = (
        press.signed(CERTIFICATE, at=NOW, now=NOW + timedelta(days=days)) for days in (1, 300)
    )
    bare = press.pdf(CERTIFICATE, at=NOW, printed=False)

    assert first.startswith(bare)
    assert second.startswith(bare)


def test_each_issuer_signs_with_its_own_newest_key(tmp_path):
    for days in range(3):
        seals.make(tmp_path, owner=ISSUER, now=NOW + timedelta(days=days))
    other = seals.make(tmp_path, owner=OTHER, now=NOW)
    keys = Keys(tmp_path)

    assert keys.of(OTHER) == other or keys.of(OTHER).name == other.name
    assert keys.of(ISSUER).name.startswith("20260304")
    assert keys.of(ISSUER) is keys.of(ISSUER)
    listed = seals.listed(tmp_path)
    assert [one.owner for one in listed].count(ISSUER) == 3
    assert all(one.since < NOW + timedelta(days=2) < one.until for one in listed)
    assert len({one.fingerprint for one in listed}) == 4
    assert len(set(seals.roots(tmp_path))) == 4


def test_an_old_document_stays_valid_after_a_new_key(folder, signed, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    seals.make(tmp_path, owner=ISSUER, now=NOW + timedelta(days=400))

    assert intact(signed, roots=seals.roots(tmp_path), at=NOW + timedelta(days=401))


def test_a_missing_an_open_and_a_foreign_key_are_refused_with_what_to_do(tmp_path):
    with pytest.raises(NoSealKeyError, match=r"请先运行 \./run documents key"):
        Keys(tmp_path).of(ISSUER)

    made = seals.make(tmp_path, owner=ISSUER, now=NOW)
    path = tmp_path / f"{made.name}.key.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(NoSealKeyError, match="644"):
        Keys(tmp_path).of(ISSUER)

    path.chmod(0o600)
    foreign = seals.make(tmp_path / "else", owner=ISSUER, now=NOW)
    path.write_bytes((tmp_path / "else" / f"{foreign.name}.key.pem").read_bytes())
    with pytest.raises(NoSealKeyError, match="不是一对"):
        Keys(tmp_path).of(ISSUER)

    path.unlink()
    with pytest.raises(NoSealKeyError, match="没有私钥"):
        Keys(tmp_path).of(ISSUER)


def test_the_roots_private_half_is_nowhere(folder):
    keys = [path for path in folder.iterdir() if b"PRIVATE KEY" in path.read_bytes()]

    names = sorted(path.name for path in keys)
    assert all(re.fullmatch(r"20260302013000-[a-z2-7]{8}\.key\.pem", name) for name in names)
    assert names == sorted(f"{one.name}.key.pem" for one in seals.listed(folder))
    assert [path.read_bytes().count(b"PRIVATE KEY") for path in keys] == [2, 2]


class Elsewhere:
    """A signer that is no file: what a licensed CA's service looks like from here."""

    algorithm = "sha256_rsa"

    def __init__(self) -> None:
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.asked: list[bytes] = []
        self.chain = (certified(self.private),)

    def sign(self, message: bytes) -> bytes:
        self.asked.append(message)
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())


def certified(private: rsa.RSAPrivateKey) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Another CA")])
    usage = x509.KeyUsage(*[True, True, *[False] * 3, True, *[False] * 3])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=99))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(private, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def test_another_signer_can_take_the_files_place(press, tmp_path):
    key: SealKey = Elsewhere()
    pdf = press.pdf(CERTIFICATE, at=NOW)

    signed = Sealer(key).seal(pdf, face=None, spot=None, at=LATER, reason="颁发证书")

    assert len(key.asked) == 1
    assert intact(signed, roots=key.chain, at=LATER)
    assert "Signature is Valid." in pdfsig(signed, tmp_path)


def test_a_key_in_memory_signs_what_it_is_given():
    private = ec.generate_private_key(ec.SECP256R1())

    signature = FileKey("k", (), private).sign(b"message")

    private.public_key().verify(signature, b"message", ec.ECDSA(hashes.SHA256()))
