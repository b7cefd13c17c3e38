"""All tables. Services import them from here; nobody else does."""

from models.assessment import Assessment
from models.consent import Consent
from models.content import ContentVersion
from models.conversation import Contact, InboundMessage
from models.dialogue import Dialogue
from models.enterprise import Enterprise
from models.fact import Fact
from models.job import Job, JobState
from models.scheme import PackProposal, PublishedPack
from models.scoring_run import ScoringRun
from models.telling import Grant, GrantEntry, Receipt, Telling, TellingState
from models.ticket import Ticket, TicketState
from models.user import Identity, LoginAttempt, Session, User
from models.wechat_token import WeChatToken

__all__ = [
    "Assessment",
    "Consent",
    "Contact",
    "ContentVersion",
    "Dialogue",
    "Enterprise",
    "Fact",
    "Grant",
    "GrantEntry",
    "Identity",
    "InboundMessage",
    "Job",
    "JobState",
    "LoginAttempt",
    "PackProposal",
    "PublishedPack",
    "Receipt",
    "ScoringRun",
    "Session",
    "Telling",
    "TellingState",
    "Ticket",
    "TicketState",
    "User",
    "WeChatToken",
]
