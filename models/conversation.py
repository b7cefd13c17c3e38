"""Who wrote to one of our WeChat accounts, and what was answered to each message."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Contact(Model):
    """One WeChat identity: an openid means nothing without the appid that it was given for."""

    id = fields.UUIDField(primary_key=True, default=None)
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=64)
    first_seen_at = fields.DatetimeField()
    last_seen_at = fields.DatetimeField()
    wrote_at = fields.DatetimeField(null=True)  # the last message; it allows us five answers
    # The newest event of each kind, by WeChat's own time: late events cannot turn time back.
    followed_at = fields.DatetimeField(null=True)
    unfollowed_at = fields.DatetimeField(null=True)
    invalid_at = fields.DatetimeField(null=True)  # WeChat knows nobody by this openid (40003)

    class Meta:
        table = "contact"
        unique_together = (("appid", "openid"),)


class InboundMessage(Model):
    """One message or event that had an effect; its key makes every repeat harmless."""

    id = fields.UUIDField(primary_key=True, default=None)
    appid = fields.CharField(max_length=32)
    dedupe_key = fields.CharField(max_length=160)
    openid = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=64)
    reply = fields.TextField()
    received_at = fields.DatetimeField()

    class Meta:
        table = "inbound_message"
        unique_together = (("appid", "dedupe_key"),)
        indexes = (Index(fields=("received_at",)), Index(fields=("appid", "openid")))
