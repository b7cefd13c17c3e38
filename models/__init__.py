"""All tables. Services import them from here; nobody else does."""

from models.consent import Consent
from models.content import ContentVersion
from models.conversation import Contact, InboundMessage
from models.dialogue import Dialogue
from models.job import Job, JobState
from models.telling import Grant, GrantEntry, Receipt, Telling, TellingState
from models.ticket import Ticket, TicketState
from models.user import Identity, LoginAttempt, Session, User
from models.wechat_token import WeChatToken

__all__ = [
    "Consent",
    "Contact",
    "ContentVersion",
    "Dialogue",
    "Grant",
    "GrantEntry",
    "Identity",
    "InboundMessage",
    "Job",
    "JobState",
    "LoginAttempt",
    "Receipt",
    "Session",
    "Telling",
    "TellingState",
    "Ticket",
    "TicketState",
    "User",
    "WeChatToken",
]
