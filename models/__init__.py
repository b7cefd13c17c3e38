"""All tables. Services import them from here; nobody else does."""

from models.assessment import Assessment
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
from models.wechat_token import WeChatToken

__all__ = [
    "Assessment",
    "Contact",
    "ContentVersion",
    "Dialogue",
    "Enterprise",
    "Fact",
    "Grant",
    "GrantEntry",
    "InboundMessage",
    "Job",
    "JobState",
    "PackProposal",
    "PublishedPack",
    "Receipt",
    "ScoringRun",
    "Telling",
    "TellingState",
    "Ticket",
    "TicketState",
    "WeChatToken",
]
