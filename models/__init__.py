"""All tables. Services import them from here; nobody else does."""

from models.assessment import Assessment
from models.conversation import Contact, InboundMessage
from models.enterprise import Enterprise
from models.fact import Fact
from models.job import Job, JobState
from models.scheme import PackProposal, PublishedPack
from models.scoring_run import ScoringRun

__all__ = [
    "Assessment",
    "Contact",
    "Enterprise",
    "Fact",
    "InboundMessage",
    "Job",
    "JobState",
    "PackProposal",
    "PublishedPack",
    "ScoringRun",
]
