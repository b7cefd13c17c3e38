"""Making one paper: what it says is read from its record, printed, sealed and kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from bot.clients.vault import Vault
from bot.domain.documents import Certificate, CommitmentLetter, Plaque, Unprintable
from bot.domain.errors import Unavailable
from bot.domain.papers import PRIVATE, Kind
from bot.domain.printing import Made, Printer
from bot.services import outbox, paper_documents, papers, rare_texts
from bot.services.cabinet import Cabinet
from bot.services.outbox import Payload
from bot.services.papers import Wanted
from models import Commitment, Paper
from models.ids import new_id

Named = Certificate | Plaque | CommitmentLetter


@dataclass(frozen=True, slots=True)
class Desk:
    """What making a paper needs; only a worker has it."""

    press: Printer
    cabinet: Cabinet
    vault: Vault
    base: str
    """Scheme and host, as printed in every QR code."""
    production: bool


async def make(payload: Payload, now: datetime, *, desk: Desk) -> None:
    """Make one paper and keep it; what is there already is not made again.

    A name that cannot be printed goes to a person. Anything else that cannot is a fault of ours:
    Hopeless.
    """
    kind, subject = Kind(payload["kind"]), UUID(payload["subject"])
    wanted = await papers.find(kind, subject, now=now)
    if wanted is None or wanted.rare:
        return  # it is not wanted any more, or not yet
    if await Paper.filter(subject=subject, kind=kind, fingerprint=wanted.fingerprint).exists():
        return
    document = await _document(kind, subject, desk, now=now)
    at = await paper_documents.recorded_at(kind, subject)
    instead = await rare_texts.written(wanted.enterprise_id)
    try:
        made = await desk.press.make(_as_settled(document, instead), at=at, now=now)
    except Unprintable as refusal:
        await _to_a_person(wanted, document, refusal, now=now)
        return
    await _keep(wanted, made, desk.cabinet, now=now)


def _names(document: Named) -> tuple[str, ...]:
    """What others are called, on a paper."""
    signatory = (document.signatory,) if isinstance(document, CommitmentLetter) else ()
    return (document.name, *signatory)


def _as_settled(document: Named, instead: Mapping[str, str]) -> Named:
    document = replace(document, name=instead.get(document.name, document.name))
    if isinstance(document, CommitmentLetter):
        signatory = instead.get(document.signatory, document.signatory)
        return replace(document, signatory=signatory)
    return document


async def _to_a_person(
    wanted: Wanted, document: Named, refusal: Unprintable, *, now: datetime
) -> None:
    """Found only now: where it was signed there were no fonts, or the name is a signatory's.

    A name that a person has settled, and that cannot be printed all the same, waits for fonts that
    this process has not read: tried again, and shown to somebody when that does not help.
    """
    found = {
        name: own
        for name in _names(document)
        if (own := "".join(char for char in refusal.characters if char in name))
    }
    if not found:
        raise outbox.Hopeless(f"{wanted.kind.value} {wanted.subject}：{refusal}") from refusal
    for name, own in found.items():
        await rare_texts.note(wanted.enterprise_id, name, own, now=now)
    if not await rare_texts.waits(wanted.enterprise_id, *found):
        raise Unavailable(f"{refusal}字体如果刚刚补过，请重新启动后台任务。") from refusal


async def _document(kind: Kind, subject: UUID, desk: Desk, *, now: datetime) -> Named:
    base, production = desk.base, desk.production
    if kind is Kind.CERTIFICATE:
        return await paper_documents.certificate(subject, base=base, production=production)
    if kind is Kind.PLAQUE:
        return await paper_documents.plaque(subject, base=base, production=production)
    return await paper_documents.letter(
        await Commitment.get(id=subject),
        kind,
        base=base,
        production=production,
        vault=desk.vault,
        cabinet=desk.cabinet,
        now=now,
    )


async def _keep(wanted: Wanted, made: Made, cabinet: Cabinet, *, now: datetime) -> None:
    """The objects first, then the row; what a crash leaves between the two is swept."""
    kind, subject = wanted.kind, wanted.subject
    row = Paper(
        id=new_id(now),
        enterprise_id=wanted.enterprise_id,
        kind=kind,
        subject=subject,
        fingerprint=wanted.fingerprint,
        pdf=new_id(now),
        pdf_sha256=sha256(made.pdf).hexdigest(),
        png=new_id(now) if made.png else None,
        png_sha256=sha256(made.png).hexdigest() if made.png else "",
        made_at=now,
    )
    row.key = cabinet.new_key(row.id, wanted.enterprise_id) if kind in PRIVATE else None
    drawer = cabinet.drawer(row.id, wanted.enterprise_id, row.key)
    await drawer.put(row.pdf, made.pdf)
    if row.png and made.png:
        await drawer.put(row.png, made.png)
    try:
        async with in_transaction():
            await papers.clear(await Paper.filter(subject=subject, kind=kind), now=now)
            await row.save(force_create=True)
    except IntegrityError:  # another worker made the same one: ours is swept
        return
