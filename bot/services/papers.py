"""Papers that the worker makes: ordered, kept, given out as they were made, cleared away.

What is to be made is what a query finds without its paper, so nothing has to remember it: a job
that was lost, a certificate signed again, a review that was passed all show up by themselves. What
somebody asked for and is not there is made then; a file that was lost is made anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import everything, fetch
from bot.clients.storage import Missing
from bot.domain.actors import Actor
from bot.domain.certificates import today
from bot.domain.errors import NotFound
from bot.domain.files import Media, object_key
from bot.domain.papers import (
    KEPT,
    KEPT_FOR,
    ON_DEMAND,
    PRIVATE,
    Kind,
    NotYetMade,
    RareCharacter,
)
from bot.services import audit, outbox
from bot.services.cabinet import Cabinet
from bot.services.file_upkeep import DROP
from bot.services.signing_keys import USABLE
from models import Paper

MAKE = "papers.make"
AT_ONCE = 500

# What papers there can be, each with the fingerprint of what its record says today and the names
# that it shows.
_CERTIFICATES = (
    "SELECT 'certificate' AS kind, c.id AS subject, c.enterprise_id,"
    " md5(c.token || coalesce(c.reviewed_on::text, '')) AS fingerprint, ARRAY[c.name] AS names"
    " FROM certificate c"
    " WHERE c.token IS NOT NULL AND c.state IN ('active', 'suspended') AND c.valid_to >= $1"
)
_PLAQUES = (
    "SELECT 'plaque' AS kind, c.id AS subject, c.enterprise_id, md5(c.token) AS fingerprint,"  # noqa: S608  # our own words
    " ARRAY[c.name] AS names FROM certificate c"
    " JOIN plaque_order o ON o.certificate_id = c.id AND o.state = 'ordered'"
    f" WHERE {USABLE}"
)
_LETTERS = (
    "SELECT 'letter', m.id, m.enterprise_id, md5(m.document_sha256),"
    " ARRAY[m.name, m.legal_representative] FROM commitment m"
    " WHERE m.state = 'published' AND (m.how <> 'letter' AND m.signature_sealed IS NOT NULL"
    " OR EXISTS (SELECT 1 FROM stored_file f WHERE f.id = m.letter_file AND f.erased_at IS NULL))"
)
_DRAFTS = (
    "SELECT 'draft', m.id, m.enterprise_id, md5(m.legal_representative || m.text_version),"
    " ARRAY[m.name, m.legal_representative] FROM commitment m WHERE m.state = 'prepared'"
)
_RARE = (
    "EXISTS (SELECT 1 FROM rare_text r WHERE r.enterprise_id = w.enterprise_id"
    " AND r.text = ANY(w.names) AND r.settled_at IS NULL)"
)
_MISSING = (
    f"WITH wanted AS ({_PLAQUES} UNION ALL {_LETTERS})"  # noqa: S608  # our own words
    " SELECT w.kind, w.subject, w.fingerprint FROM wanted w"
    " WHERE NOT EXISTS (SELECT 1 FROM paper p WHERE p.subject = w.subject AND p.kind = w.kind"
    " AND p.fingerprint = w.fingerprint)"
    f" AND NOT EXISTS (SELECT 1 FROM job j WHERE j.state <> 'done' AND j.key ="
    f" '{MAKE}:' || w.kind || ':' || w.subject || ':' || w.fingerprint)"
    f" AND NOT {_RARE} LIMIT {AT_ONCE}"
)
_EVERY = (
    f"WITH wanted AS ({_CERTIFICATES} UNION ALL {_PLAQUES} UNION ALL {_LETTERS}"  # noqa: S608  # our own words
    f" UNION ALL {_DRAFTS}) SELECT w.enterprise_id, w.kind, w.subject, w.fingerprint,"
    f" {_RARE} AS rare FROM wanted w"
)
_ONE = f"{_EVERY} WHERE w.kind = $2 AND w.subject = $3"
_THEIRS = (
    f"{_EVERY} WHERE w.enterprise_id = $2 AND w.kind <> 'plaque' AND NOT EXISTS"  # noqa: S608  # our own words
    " (SELECT 1 FROM paper p WHERE p.subject = w.subject AND p.kind = w.kind"
    " AND p.fingerprint = w.fingerprint)"
)
_ASKED = ", ".join(f"'{kind}'" for kind in sorted(ON_DEMAND))
_OVER = (
    f"SELECT id FROM paper WHERE kind IN ({_ASKED}) AND (made_at < $1 OR made_at <="  # noqa: S608  # our own words
    f" (SELECT made_at FROM paper WHERE kind IN ({_ASKED})"
    f" ORDER BY made_at DESC OFFSET $2 LIMIT 1)) LIMIT {AT_ONCE}"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A paper that can be there."""

    enterprise_id: UUID
    kind: Kind
    subject: UUID
    fingerprint: str
    rare: bool
    """Whether a person has to say first how a name on it is printed."""

    @property
    def key(self) -> str:
        return f"{MAKE}:{self.kind}:{self.subject}:{self.fingerprint}"


@dataclass(frozen=True, slots=True)
class Given:
    """A paper as it leaves the house."""

    kind: Kind
    media: Media
    data: bytes
    sha256: str


async def order(*, now: datetime) -> int:
    """Put a job for each letter and plaque that is missing; answers how many."""
    missing = await fetch(_MISSING, today(now))
    # In one order: two at once would else wait for each other crosswise.
    rows = sorted(missing, key=lambda row: (row["kind"], row["subject"]))
    keys = [f"{MAKE}:{row['kind']}:{row['subject']}:{row['fingerprint']}" for row in rows]
    async with in_transaction():
        await fetch("DELETE FROM job WHERE state = 'done' AND key = ANY($1::text[])", keys)
        put = [
            await outbox.put(
                MAKE,
                {"kind": row["kind"], "subject": str(row["subject"])},
                now=now,
                key=key,
            )
            for row, key in zip(rows, keys, strict=True)
        ]
    return sum(one is not None for one in put)


async def find(kind: Kind, subject: UUID, *, now: datetime) -> Wanted | None:
    """What this paper would say today; None when there is none of it."""
    rows = await fetch(_ONE, today(now), kind.value, subject)
    return _wanted(rows[0]) if rows else None


async def ask(wanted: Wanted, *, now: datetime) -> None:
    """Have it made, whoever waits for it; RareCharacter when a person comes first."""
    if wanted.rare:
        raise RareCharacter
    payload = {"kind": wanted.kind, "subject": str(wanted.subject)}
    async with in_transaction():
        async with everything("it may have been made once and cleared away"):
            await fetch("DELETE FROM job WHERE state = 'done' AND key = $1", wanted.key)
        await outbox.put(MAKE, payload, now=now, key=wanted.key)


async def ask_all(enterprise_id: UUID, *, now: datetime) -> int:
    """Have everything made that an enterprise can have and has not; answers how many come."""
    missing = [_wanted(row) for row in await fetch(_THEIRS, today(now), enterprise_id)]
    coming = [one for one in missing if not one.rare]
    for one in coming:
        await ask(one, now=now)
    return len(coming)


def _wanted(row: dict[str, object]) -> Wanted:
    return Wanted(**row | {"kind": Kind(row["kind"])})  # type: ignore[arg-type]  # as selected


async def ready(kind: Kind, subject: UUID, *, now: datetime) -> bool:
    """Whether it is there, for whoever has asked whose it is."""
    wanted = await find(kind, subject, now=now)
    return wanted is not None and await _kept(wanted) is not None


async def taken(  # which paper, and for whom
    subject: UUID,
    kind: Kind,
    media: Media,
    *,
    enterprise_id: UUID,
    now: datetime,
    cabinet: Cabinet,
) -> Given:
    """The bytes as they were made; NotYetMade before, and then they are being made.

    The caller has asked who wants them.
    """
    if kind in PRIVATE:
        raise ValueError("a paper that names a person is opened, so that it is written down")
    row = await _found(subject, kind, enterprise_id, now=now)
    return await _given(row, media, cabinet, now=now)


async def kept(subject: UUID, kind: Kind, *, now: datetime, cabinet: Cabinet) -> Given:
    """The PDF that was made last, also when none is wanted any more."""
    row = await Paper.filter(subject=subject, kind=kind).order_by("-made_at").first()
    if row is None:
        raise NotFound("没有留下这份文件。")
    return await _given(row, Media.PDF, cabinet, now=now)


async def opened(  # which paper, and who is given it when
    subject: UUID, kind: Kind, *, enterprise_id: UUID, actor: Actor, now: datetime, cabinet: Cabinet
) -> Given:
    """The PDF of any paper; of one that names a person it is written down first who got it."""
    row = await _found(subject, kind, enterprise_id, now=now)
    return await copied(row, actor=actor, now=now, cabinet=cabinet)


async def copied(row: Paper, *, actor: Actor, now: datetime, cabinet: Cabinet) -> Given:
    """The PDF of a paper that is kept, whatever its record says today; written down like that."""
    if row.kind in PRIVATE:
        async with in_transaction():
            await audit.note(
                "paper.opened",
                kind="paper",
                id=row.id,
                actor=actor,
                now=now,
                enterprise_id=row.enterprise_id,
            )
    return await _given(row, Media.PDF, cabinet, now=now)


async def _found(subject: UUID, kind: Kind, enterprise_id: UUID, *, now: datetime) -> Paper:
    wanted = await find(kind, subject, now=now)
    if wanted is None or wanted.enterprise_id != enterprise_id:
        # A certificate may still be signed; a letter whose scan is erased is never made.
        raise NotFound if kind is Kind.LETTER else NotYetMade
    row = await _kept(wanted)
    if row is None:
        await ask(wanted, now=now)
        raise NotYetMade
    return row


async def _kept(wanted: Wanted) -> Paper | None:
    return await Paper.get_or_none(
        subject=wanted.subject, kind=wanted.kind, fingerprint=wanted.fingerprint
    )


async def _given(row: Paper, media: Media, cabinet: Cabinet, *, now: datetime) -> Given:
    piece, digest = (row.pdf, row.pdf_sha256) if media is Media.PDF else (row.png, row.png_sha256)
    if piece is None:
        raise NotYetMade
    try:
        data = await cabinet.drawer(row.id, row.enterprise_id, row.key).get(piece)
    except Missing:
        await _again(row, now=now)
        raise NotYetMade from None
    if sha256(data).hexdigest() != digest:
        raise RuntimeError(f"paper {row.id} is not as it was made")
    return Given(row.kind, media, data, digest)


async def _again(row: Paper, *, now: datetime) -> None:
    """Its file is lost: forget it, and have it made anew from the same record."""
    async with in_transaction():
        async with everything("a paper whose file is lost is nobody's any more"):
            await clear([row], now=now)
        wanted = await find(row.kind, row.subject, now=now)
        if wanted is not None:
            await ask(wanted, now=now)


async def clear(rows: Sequence[Paper], *, now: datetime) -> None:
    """Take papers away inside the caller's transaction: the rows now, the bytes by jobs."""
    await Paper.filter(id__in=[one.id for one in rows]).delete()
    for private in (False, True):
        names = [
            object_key(piece)
            for row in rows
            for piece in (row.pdf, row.png)
            if piece and (row.kind in PRIVATE) is private
        ]
        if names:
            await outbox.put(DROP, {"objects": names, "confidential": private}, now=now)


async def clear_old(*, now: datetime, kept: int = KEPT) -> int:
    """Take away what was made on demand and is old or too much; answers how many."""
    gone = 0
    while found := await fetch(_OVER, now - KEPT_FOR, kept):
        async with in_transaction():
            rows = await Paper.filter(id__in=[one["id"] for one in found])
            await clear(rows, now=now)
        gone += len(found)
    return gone
