"""What a person agreed to: each purpose by itself, with the text that they saw."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.user import User


class Consent(Model):
    """One agreement; only its end is ever added."""

    id = fields.UUIDField(primary_key=True, default=None)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="consents", on_delete=fields.RESTRICT
    )
    purpose = fields.CharField(max_length=40)
    version = fields.IntField()
    text_hash = fields.CharField(max_length=64)  # SHA-256 of what was shown
    given_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "consent"
        indexes = (Index(fields=("user_id", "purpose")), Index(fields=("revoked_at",)))
