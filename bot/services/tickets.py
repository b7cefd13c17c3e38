"""Questions left for the staff: opened in the chat; listed, answered and closed by staff.

The words are judged first (content_checks.py); what is risky is listed, and not unfolded.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise.transactions import in_transaction

from bot.clients.database import fetch
from bot.clients.vault import Vault
from bot.domain import phones, remarks
from bot.domain.actors import Staff
from bot.domain.content_checks import Place
from bot.domain.errors import NotFound, TooMany
from bot.domain.workdays import BEIJING
from bot.services import audit, content_checks, telling
from bot.services.telling import Person
from models import Telling, TellingState, Ticket, TicketState
from models.ids import new_id

MOST_OPEN = 5  # of one person: more than these nobody can answer sensibly
ANSWERED = "ticket_answered"  # the message that carries an answer
SHOWN = 3  # answers that somebody who asks for them is shown
LISTED_FOR = timedelta(days=30)
STAYS = timedelta(days=180)  # after it was closed
AND = "、"  # between several numbers that somebody left


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """What the list of tickets shows."""

    id: UUID
    openid: str
    question: str
    """Empty as long as it is not to be unfolded …"""
    covered: str
    """… and why it is not."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What the person who asked may read again."""

    asked_on: date
    answer: str


async def open_ticket(
    appid: str, openid: str, question: str, *, mini: str = "", vault: Vault, now: datetime
) -> None:
    """Keep a question; the caller's transaction holds the message that it came with.

    `mini` is the same person's openid in the mini-program, as far as it is known.
    """
    if await Ticket.filter(appid=appid, openid=openid, state=TicketState.OPEN).count() >= MOST_OPEN:
        raise TooMany
    number = new_id(now)
    text, left = phones.taken_out(question)
    sealed = vault.seal(AND.join(left), context=_place(number)) if left else None
    await Ticket.create(
        id=number, appid=appid, openid=openid, question=text, phone_sealed=sealed, created_at=now
    )
    await content_checks.text(text, place=Place.TICKET, subject=number, openid=mini, now=now)


async def waiting(*, limit: int = 100) -> list[OpenTicket]:
    """The tickets that staff have not closed, oldest first."""
    rows = await Ticket.filter(state=TicketState.OPEN).order_by("created_at", "id").limit(limit)
    covered = await content_checks.covered([row.id for row in rows])
    why = {id_: one.words for id_, one in covered.items()}
    return [
        OpenTicket(
            r.id, r.openid, "" if why.get(r.id) else r.question, why.get(r.id, ""), r.created_at
        )
        for r in rows
    ]


async def words_of(ticket_id: UUID, *, actor: Staff, reason: str, now: datetime) -> str:
    """Unfold a question, whatever was said about it; who does it and why is written down first."""
    async with in_transaction():
        row = await Ticket.get_or_none(id=ticket_id)
        if row is None:
            raise NotFound("没有这个留言。")
        await audit.note(
            "ticket.words_read",
            kind="question",
            id=row.id,
            actor=actor,
            now=now,
            reason=remarks.reason(reason),
        )
    return row.question


async def asker(ticket_id: UUID) -> Person:
    """To whom an answer to this open ticket would go."""
    row = await Ticket.get_or_none(id=ticket_id, state=TicketState.OPEN)
    if row is None:
        raise _gone()
    return Person(service=row.openid)


async def reply(ticket_id: UUID, text: str, *, actor: Staff, now: datetime) -> None:
    """Answer the person who asked, and close the ticket with it."""
    text = remarks.answer(text)
    async with in_transaction():
        row = await Ticket.filter(id=ticket_id, state=TicketState.OPEN).select_for_update().first()
        if row is None:
            raise _gone()
        asked = row.created_at.astimezone(BEIJING).date()
        values = {"asked_on": f"{asked.year}年{asked.month}月{asked.day}日", "answer": text}
        await telling.tell(
            Person(service=row.openid), ANSWERED, values, key=_key(ticket_id), now=now
        )
        await _close(ticket_id, "ticket.answered", text, actor=actor, now=now)
        await Ticket.filter(id=ticket_id).update(answer=text)


async def close(ticket_id: UUID, *, actor: Staff, remark: str, now: datetime) -> None:
    """Close a ticket once; a second person is told that there is nothing left to close."""
    async with in_transaction():
        await _close(ticket_id, "ticket.closed", remark, actor=actor, now=now)
        await Ticket.filter(id=ticket_id).update(remark=remark)


async def phone_of(ticket_id: UUID, *, actor: Staff, vault: Vault, now: datetime) -> str:
    """Open the numbers for whoever will call; that they did is written down first."""
    async with in_transaction():
        row = await Ticket.get_or_none(id=ticket_id)
        if row is None or row.phone_sealed is None:
            raise NotFound("没有这个留言，或者没有留手机号。")
        await audit.note("ticket.phone_read", kind="question", id=row.id, actor=actor, now=now)
    return vault.open(row.phone_sealed, context=_place(row.id))


async def phones_left(appid: str, openid: str, *, vault: Vault) -> set[str]:
    """The numbers that somebody left, for their own copy of their data."""
    rows = await Ticket.filter(appid=appid, openid=openid, phone_sealed__isnull=False)
    opened = [vault.open(r.phone_sealed, context=_place(r.id)) for r in rows if r.phone_sealed]
    return {number for left in opened for number in left.split(AND)}


async def answers(appid: str, openid: str) -> tuple[Answered, ...]:
    """The newest answers that somebody was given."""
    rows = await Ticket.filter(appid=appid, openid=openid).exclude(answer="").order_by("-closed_at")
    return tuple(
        Answered(row.created_at.astimezone(BEIJING).date(), row.answer) for row in rows[:SHOWN]
    )


async def undelivered(*, now: datetime) -> tuple[UUID, ...]:
    """Whose answers did not reach, or may not have reached, the person; of the last month."""
    rows = await Telling.filter(
        message=ANSWERED,
        state__in=[TellingState.FAILED, TellingState.UNKNOWN],
        created_at__gt=now - LISTED_FOR,
    ).order_by("created_at")
    return tuple(UUID(row.key.partition(":")[2]) for row in rows)


async def forget(appid: str, openid: str) -> None:
    """Delete what somebody asked, and what was said about it."""
    theirs = Ticket.filter(appid=appid, openid=openid)
    await content_checks.forget([row.id for row in await theirs])
    await theirs.delete()


async def purge(*, now: datetime) -> int:
    """Delete what was closed long ago, and what was said about it or in the message with its
    answer; that this was sent, and how it ended, stays."""
    rows = await fetch(
        "WITH old AS (DELETE FROM ticket WHERE state = 'closed' AND closed_at < $1 RETURNING id),"
        " said AS (UPDATE telling SET \"values\" = '{}' FROM old"
        " WHERE telling.key = 'ticket:' || old.id),"
        " judged AS (DELETE FROM content_check USING old WHERE subject = old.id)"
        " SELECT count(*) AS gone FROM old",
        now - STAYS,
    )
    return int(rows[0]["gone"])


async def _close(ticket_id: UUID, action: str, reason: str, *, actor: Staff, now: datetime) -> None:
    moved = await Ticket.filter(id=ticket_id, state=TicketState.OPEN).update(
        state=TicketState.CLOSED, closed_at=now, closed_by=actor.name
    )
    if not moved:
        raise _gone()
    await content_checks.drop(ticket_id)
    await audit.note(
        action,
        kind="question",
        id=ticket_id,
        actor=actor,
        now=now,
        before={"state": TicketState.OPEN},
        after={"state": TicketState.CLOSED},
        reason=reason,
    )


def _gone() -> NotFound:
    return NotFound("没有这个待处理的问题，可能已经有人处理了。")


def _key(ticket_id: UUID) -> str:
    return f"ticket:{ticket_id}"


def _place(ticket_id: UUID) -> str:
    return f"ticket:{ticket_id}:phone"
