"""All tables. Services import them from here; nobody else does."""

from models.conversation import Contact, InboundMessage
from models.job import Job, JobState

__all__ = ["Contact", "InboundMessage", "Job", "JobState"]
