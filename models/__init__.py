"""All tables. Services import them from here; nobody else does."""

from models.content import ContentVersion
from models.conversation import Contact, InboundMessage
from models.dialogue import Dialogue
from models.job import Job, JobState
from models.ticket import Ticket, TicketState

__all__ = [
    "Contact",
    "ContentVersion",
    "Dialogue",
    "InboundMessage",
    "Job",
    "JobState",
    "Ticket",
    "TicketState",
]
