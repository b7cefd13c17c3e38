"""Questions left for the staff: opened in the chat, listed and closed by staff."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.domain.errors import NotFound, TooMany
from models import Ticket, TicketState
from models.ids import new_id

MOST_OPEN = 5  # of one person: more than these nobody can answer sensibly


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """What the list of tickets shows."""

    id: UUID
    openid: str
    question: str
    created_at: datetime


async def open_ticket(appid: str, openid: str, question: str, *, now: datetime) -> None:
    """Keep a question; the caller's transaction holds the message that it came with."""
    if await Ticket.filter(appid=appid, openid=openid, state=TicketState.OPEN).count() >= MOST_OPEN:
        raise TooMany
    await Ticket.create(
        id=new_id(now), appid=appid, openid=openid, question=question, created_at=now
    )


async def waiting(*, limit: int = 100) -> list[OpenTicket]:
    """The tickets that staff have not closed, oldest first."""
    rows = await Ticket.filter(state=TicketState.OPEN).order_by("created_at").limit(limit)
    return [OpenTicket(r.id, r.openid, r.question, r.created_at) for r in rows]


async def close(ticket_id: UUID, *, by: str, remark: str, now: datetime) -> None:
    """Close a ticket once; a second person is told that there is nothing left to close."""
    moved = await Ticket.filter(id=ticket_id, state=TicketState.OPEN).update(
        state=TicketState.CLOSED, closed_at=now, closed_by=by, remark=remark
    )
    if not moved:
        raise NotFound("没有这个待处理的问题，可能已经有人处理了。")


async def forget(appid: str, openid: str) -> None:
    """Delete what somebody asked."""
    await Ticket.filter(appid=appid, openid=openid).delete()
