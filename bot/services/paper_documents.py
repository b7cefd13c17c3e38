"""What each paper says, taken from the record that it shows: certificate, plaque, letter."""

from base64 import b64encode
from datetime import date, datetime
from typing import Any
from uuid import UUID

from bot.clients.database import fetch
from bot.clients.vault import Vault
from bot.domain import handwriting
from bot.domain.actors import System
from bot.domain.certificate_token import address
from bot.domain.certificates import today
from bot.domain.commitments import How
from bot.domain.dates import in_words
from bot.domain.documents import Certificate, CommitmentLetter, Drawing, Plaque, Section
from bot.domain.files import Media
from bot.domain.papers import Kind
from bot.services import commitments, files, schemes
from bot.services.cabinet import Cabinet
from bot.services.certificate_bases import DEMONSTRATION
from bot.services.certificate_programmes import find_programme, meaning
from bot.services.commitment_publishing import PROGRAMME
from bot.services.commitment_texts import Text, in_force, texts
from models import Commitment, FilePiece, StoredFile

RECIPIENT = "中国中小企业协会并社会公众"
NO_LEVEL = "信用承诺不评定等级"
NOT_PUBLIC = "公示后生成"
LETTER_PAGES = 6  # so many are drawn as soon as a PDF is kept; a letter has one or two
PRINTER, PRINTED = System("papers.make"), "制作信用承诺书"


async def certificate(certificate_id: UUID, *, base: str, production: bool) -> Certificate:
    row = await _certificate(certificate_id)
    programme = find_programme(row["programme"])
    return Certificate(
        programme=programme.id,
        number=row["number"],
        verify_url=address(base, row["number"], row["token"]),
        name=row["name"],
        credit_code=row["credit_code"],
        scheme=await _scheme(row, programme.scheme),
        issuer=programme.issuer,
        issued_on=row["valid_from"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        level=row["level"] or None,
        meaning=meaning(programme, row["level"]) or NO_LEVEL,
        reviewed_on=row["reviewed_on"],
        demonstration=_demonstration(row, production=production),
    )


async def plaque(certificate_id: UUID, *, base: str, production: bool) -> Plaque:
    row = await _certificate(certificate_id)
    return Plaque(
        programme=row["programme"],
        number=row["number"],
        verify_url=address(base, row["number"], row["token"]),
        name=row["name"],
        issuer=find_programme(row["programme"]).issuer,
        issued_on=row["valid_from"],
        valid_to=row["valid_to"],
        level=row["level"] or None,
        demonstration=_demonstration(row, production=production),
    )


async def letter(  # noqa: PLR0913  # the record, and all that is drawn into it
    row: Commitment,
    kind: Kind,
    *,
    base: str,
    production: bool,
    vault: Vault,
    cabinet: Cabinet,
    now: datetime,
) -> CommitmentLetter:
    """The commitment as it was signed; as a draft, with room for pen and stamp."""
    text, draft = texts()[row.text_version], kind is Kind.DRAFT
    on_paper = row.how is How.LETTER  # then a phone may have signed before, and does not count
    strokes = None if draft or on_paper else await commitments.strokes_of(row, vault)
    here = f"{base}/public/commitments"
    seal_file, paper = (None, row.letter_file) if on_paper else (row.seal_file, None)
    seal = next(iter(await _pictures(None if draft else seal_file, cabinet, now=now, most=1)), None)
    return CommitmentLetter(
        number=NOT_PUBLIC if draft else row.certificate,
        title=text.title,
        edition=edition(text),
        recipient=RECIPIENT,
        preamble=(text.basis,),
        sections=tuple(Section(part.heading, part.items) for part in text.sections),
        name=row.name,
        credit_code=row.credit_code,
        signatory=row.legal_representative,
        signature=Drawing(handwriting.svg(strokes)) if strokes else None,
        seal=seal,
        photographs=await _pictures(paper, cabinet, now=now, most=LETTER_PAGES),
        signed_on=today(row.signed_at or row.created_at),
        sha256=text.sha256 if draft else row.document_sha256,
        verify_url=here if draft else f"{here}/{row.id}",
        issuer=find_programme(PROGRAMME).issuer,
        awaits_approval=not text.approved,
        demonstration=not production,
    )


def edition(text: Text) -> str:
    return f"第 {text.version} 版（{in_words(text.effective_on)}起使用）"


async def recorded_at(kind: Kind, subject: UUID) -> datetime:
    """The time of the record, which the pages bear: made again, they are the same."""
    if kind in {Kind.CERTIFICATE, Kind.PLAQUE}:
        found: datetime = (await _certificate(subject))["signed_at"]
        return found
    row = await Commitment.get(id=subject)
    return row.published_at or row.created_at


async def _pictures(
    file_id: UUID | None, cabinet: Cabinet, *, now: datetime, most: int
) -> tuple[Drawing, ...]:
    """The pages of a seal or a letter as they were handed in; none of one that is gone.

    They are opened like any confidential paper: that the letter was made from them can be read
    there.
    """
    file = await StoredFile.get_or_none(id=file_id, erased_at=None) if file_id else None
    if file is None:
        return ()
    pieces = await FilePiece.filter(file_id=file.id, page__lte=most).order_by("page")
    drawn = []
    for one in [piece for piece in pieces if piece.media_type is not Media.PDF][:most]:
        opened = await files.opened(
            file.id, actor=PRINTER, why=PRINTED, now=now, cabinet=cabinet, page=one.page
        )
        code = b64encode(opened.data).decode()
        width, height = one.width or 1, one.height or 1
        drawn.append(Drawing.of_png(code, width=width, height=height, media=one.media_type.value))
    return tuple(drawn)


async def _scheme(row: dict[str, Any], scheme: str | None) -> str:
    """On what it rests, as printed."""
    if scheme is not None:
        pack = await schemes.pack_on(scheme, row["valid_from"])
        return f"《{pack.name}》第 {pack.version} 版"
    version = await _text_version(row["enterprise_id"], row["basis_id"], row["valid_from"])
    return f"{texts()[version].title} 第 {version} 版"


async def _text_version(enterprise_id: UUID, basis_id: UUID | None, day: date) -> int:
    found = await Commitment.get_or_none(id=basis_id) if basis_id else None
    found = found or await Commitment.filter(enterprise_id=enterprise_id, state="published").first()
    return found.text_version if found else in_force(day).version


async def _certificate(certificate_id: UUID) -> dict[str, Any]:
    [row] = await fetch(
        "SELECT c.enterprise_id, c.number, c.programme, c.level, c.name, c.credit_code,"
        " c.valid_from, c.valid_to, c.token, c.signed_at, c.reviewed_on, c.basis_kind, c.basis_id,"
        " coalesce(k.is_test, false) AS is_test"
        " FROM certificate c LEFT JOIN signing_key k ON k.number = c.key WHERE c.id = $1",
        certificate_id,
    )
    return row


def _demonstration(row: dict[str, Any], *, production: bool) -> bool:
    """Whether it must say that it is worth nothing."""
    return not production or row["is_test"] or row["basis_kind"] == DEMONSTRATION
