"""What people wrote or sent to the staff, and who judged it how."""

from enum import StrEnum

from tortoise import fields
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise.indexes import Index
from tortoise.models import Model


class CheckState(StrEnum):
    """Migrations import this class: it never moves."""

    PENDING = "pending"  # WeChat acts next, or the job that asks it
    HUMAN = "human"  # staff act next: WeChat could not tell, or was not there
    PASSED = "passed"
    REJECTED = "rejected"


class ContentCheck(Model):
    """One text or one picture, at one place. Its words are kept until they pass."""

    id = fields.UUIDField(primary_key=True, default=None)
    place = fields.CharField(max_length=40)
    subject = fields.UUIDField()  # what it belongs to: a question or a report
    openid = fields.CharField(max_length=64)  # in the mini-program; "" when unknown there
    words = fields.TextField()  # of a text
    file_id = fields.UUIDField(null=True)  # of a picture
    ticket_hash = fields.CharField(max_length=64, null=True, unique=True)  # opens it to WeChat
    trace_id = fields.CharField(max_length=64, null=True, unique=True)  # WeChat's name of its work
    state = fields.CharEnumField(CheckState, max_length=8)
    label = fields.IntField(null=True)  # WeChat's reason
    why = fields.CharField(max_length=200)  # that a person is asked, or what that person said
    decided_by = fields.CharField(max_length=64)  # "" is WeChat
    created_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "content_check"
        indexes = (
            Index(fields=("subject", "place", "created_at")),
            PostgreSQLIndex(
                fields=("created_at",),
                condition={"state": "human"},
                name="content_check_human",
            ),
            PostgreSQLIndex(
                fields=("created_at",),
                condition={"state": "pending"},
                name="content_check_pending",
            ),
        )


class ContentVerdict(Model):
    """What WeChat says later about a picture; it may be here before we know its trace_id."""

    id = fields.UUIDField(primary_key=True, default=None)
    trace_id = fields.CharField(max_length=64, unique=True)
    suggestion = fields.CharField(max_length=8)
    label = fields.IntField()
    received_at = fields.DatetimeField()

    class Meta:
        table = "content_verdict"
        indexes = (Index(fields=("received_at",)),)
