"""Questions that a person left for the staff."""

from enum import StrEnum

from tortoise import fields
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise.indexes import Index
from tortoise.models import Model


class TicketState(StrEnum):
    """Migrations import this class: it never moves."""

    OPEN = "open"  # staff act next
    CLOSED = "closed"


class Ticket(Model):
    """One question, and who of the staff closed it with which remark."""

    id = fields.UUIDField(primary_key=True, default=None)
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=64)
    question = fields.TextField()  # a mobile number in it is masked …
    phone_sealed = fields.BinaryField(null=True)  # … and stands here
    answer = fields.TextField(db_default="")
    state = fields.CharEnumField(TicketState, max_length=8, db_default=TicketState.OPEN.value)
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=64, db_default="")
    remark = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "ticket"
        indexes = (
            Index(fields=("appid", "openid")),
            PostgreSQLIndex(
                fields=("created_at",), condition={"state": "open"}, name="ticket_open"
            ),
        )
