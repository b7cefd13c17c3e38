"""What we told people by ourselves, how it ended, and the grants that subscriptions live on."""

from enum import StrEnum

from tortoise import fields
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise.indexes import Index
from tortoise.models import Model


class TellingState(StrEnum):
    """Migrations import this class: it never moves."""

    QUEUED = "queued"  # a worker acts next
    SENDING = "sending"  # WeChat is being asked; after a crash it may have been
    SENT = "sent"  # WeChat took it
    DELIVERED = "delivered"  # WeChat says that it arrived
    FAILED = "failed"  # it did not arrive, and no channel is left: a person acts next
    UNKNOWN = "unknown"  # it may have arrived; never sent again blindly: a person acts next


class Telling(Model):
    """One message for one person; its key makes telling twice the same as once."""

    id = fields.UUIDField(primary_key=True, default=None)
    key = fields.CharField(max_length=200, unique=True)
    message = fields.CharField(max_length=64)
    service_openid = fields.CharField(max_length=64, default="")
    mini_openid = fields.CharField(max_length=64, default="")
    values: dict[str, str] = fields.JSONField()
    link = fields.CharField(max_length=1024, default="")
    state = fields.CharEnumField(TellingState, max_length=9, default=TellingState.QUEUED)
    channel = fields.CharField(max_length=16, default="")
    tried: list[str] = fields.JSONField(default=list)  # channels that refused, each "name:errcode"
    created_at = fields.DatetimeField()
    claimed_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    # What its receipt will carry: the id of a template message, or nothing but who and which.
    appid = fields.CharField(max_length=32, default="")
    template_id = fields.CharField(max_length=128, default="")
    msgid = fields.CharField(max_length=64, default="")
    reason = fields.CharField(max_length=300, default="")

    class Meta:
        table = "telling"
        indexes = (
            PostgreSQLIndex(
                fields=("claimed_at",), condition={"state": "sending"}, name="telling_sending"
            ),
            PostgreSQLIndex(
                fields=("appid", "msgid"), condition={"state": "sent"}, name="telling_sent"
            ),
            Index(fields=("service_openid", "claimed_at")),
            Index(fields=("mini_openid", "claimed_at")),
        )
        # A migration adds: the answers of the chat, by their age.


class Receipt(Model):
    """What WeChat said about one message later on; it may come before our own commit."""

    id = fields.UUIDField(primary_key=True, default=None)
    appid = fields.CharField(max_length=32)
    msgid = fields.CharField(max_length=64)
    openid = fields.CharField(max_length=64)
    template_id = fields.CharField(max_length=128, default="")  # subscriptions only
    status = fields.CharField(max_length=100)  # "" is success
    received_at = fields.DatetimeField()
    telling = fields.UUIDField(null=True)  # what it was found to be about

    class Meta:
        table = "receipt"
        unique_together = (("appid", "msgid"),)
        indexes = (
            Index(fields=("appid", "openid")),
            Index(fields=("received_at",)),
        )


class Grant(Model):
    """How many subscription messages of one template a person still allows."""

    id = fields.UUIDField(primary_key=True, default=None)
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=64)
    template_id = fields.CharField(max_length=128)
    left = fields.IntField(default=0)
    changed_at = fields.DatetimeField()

    class Meta:
        table = "subscription_grant"
        unique_together = (("appid", "openid", "template_id"),)


class GrantEntry(Model):
    """The ledger behind it: every consent, refusal and use; never changed."""

    id = fields.UUIDField(primary_key=True, default=None)
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=64)
    template_id = fields.CharField(max_length=128)
    cause = fields.CharField(max_length=16)
    change = fields.SmallIntField()
    left = fields.IntField()
    at = fields.DatetimeField()

    class Meta:
        table = "grant_entry"
        indexes = (Index(fields=("appid", "openid", "template_id")),)
