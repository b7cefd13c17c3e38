"""All tables. Services import them from here; nobody else does."""

from models.assessment import Assessment
from models.audit import AuditEntry
from models.binding import (
    Binding,
    BindingStep,
    Invitation,
    LicencePhoto,
    RosterContact,
    RosterImport,
)
from models.case import CaseMaterial, CaseStep, CreditCase
from models.certificate import (
    Certificate,
    CertificateEvent,
    CertificateSeries,
    FakeReport,
    SigningKey,
    StatusList,
)
from models.charging import Charging, DemoStep
from models.commitment import Commitment, SigningLink
from models.consent import Consent
from models.content import ContentVersion
from models.content_check import CheckState, ContentCheck, ContentVerdict
from models.conversation import Contact, InboundMessage
from models.dialogue import Dialogue
from models.draft import Draft
from models.enterprise import Enterprise, EnterpriseName, Registration
from models.export import ExportPack
from models.fact import Fact
from models.file import FileOpening, FilePiece, FileUpload, StoredFile, UploadPart
from models.job import Job, JobState
from models.membership import Membership
from models.paper import Paper, PlaqueOrder, RareText
from models.ration import Ration
from models.scheme import PackProposal, PublishedPack
from models.scoring_run import ScoringRun
from models.self_assessment import SelfAssessment
from models.telling import Grant, GrantEntry, Receipt, Telling, TellingState
from models.ticket import Ticket, TicketState
from models.user import Identity, LoginAttempt, Session, User
from models.wechat_token import WeChatToken

__all__ = [
    "Assessment",
    "AuditEntry",
    "Binding",
    "BindingStep",
    "CaseMaterial",
    "CaseStep",
    "Certificate",
    "CertificateEvent",
    "CertificateSeries",
    "Charging",
    "CheckState",
    "Commitment",
    "Consent",
    "Contact",
    "ContentCheck",
    "ContentVerdict",
    "ContentVersion",
    "CreditCase",
    "DemoStep",
    "Dialogue",
    "Draft",
    "Enterprise",
    "EnterpriseName",
    "ExportPack",
    "Fact",
    "FakeReport",
    "FileOpening",
    "FilePiece",
    "FileUpload",
    "Grant",
    "GrantEntry",
    "Identity",
    "InboundMessage",
    "Invitation",
    "Job",
    "JobState",
    "LicencePhoto",
    "LoginAttempt",
    "Membership",
    "PackProposal",
    "Paper",
    "PlaqueOrder",
    "PublishedPack",
    "RareText",
    "Ration",
    "Receipt",
    "Registration",
    "RosterContact",
    "RosterImport",
    "ScoringRun",
    "SelfAssessment",
    "Session",
    "SigningKey",
    "SigningLink",
    "StatusList",
    "StoredFile",
    "Telling",
    "TellingState",
    "Ticket",
    "TicketState",
    "UploadPart",
    "User",
    "WeChatToken",
]
