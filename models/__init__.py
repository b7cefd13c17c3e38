"""All tables. Services import them from here; nobody else does."""

from models.conversation import Contact, InboundMessage
from models.job import Job, JobState
from models.telling import Grant, GrantEntry, Receipt, Telling, TellingState
from models.wechat_token import WeChatToken

__all__ = [
    "Contact",
    "Grant",
    "GrantEntry",
    "InboundMessage",
    "Job",
    "JobState",
    "Receipt",
    "Telling",
    "TellingState",
    "WeChatToken",
]
