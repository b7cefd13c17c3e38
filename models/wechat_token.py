"""The access tokens and tickets that WeChat gave us: one row for all processes."""

from tortoise import fields
from tortoise.models import Model


class WeChatToken(Model):
    """The truth about one token; bot/domain/tokens.py says what may be done with it."""

    name = fields.CharField(max_length=64, primary_key=True)
    value = fields.TextField(default="")
    asked_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)
    claimed_until = fields.DatetimeField(null=True)
    # Instants of the last fetches, ISO 8601: what the rations count.
    asks: list[str] = fields.JSONField(default=list)
    forced: list[str] = fields.JSONField(default=list)

    class Meta:
        table = "wechat_token"
