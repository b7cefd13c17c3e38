"""Copies of their own data that people asked for."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.enterprise import Enterprise
from models.user import User


class ExportPack(Model):
    """One copy for the one person who asked for it: of their own data, or of an enterprise's."""

    id = fields.UUIDField(primary_key=True, default=None)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    user_id: UUID
    enterprise: fields.ForeignKeyNullableRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", null=True, on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    enterprise_id: UUID | None
    asked_at = fields.DatetimeField()
    files = fields.IntField(null=True)  # how many there are to be copied, once they are counted
    copied = fields.IntField(db_default=0)
    made_at = fields.DatetimeField(null=True)
    key = fields.BinaryField(null=True)  # sealed: with the row goes the only way to read the pack
    pieces: Any = fields.JSONField()  # the ids of its objects, in their order
    size = fields.BigIntField(db_default=0)
    expires_at = fields.DatetimeField()
    link_hash = fields.CharField(max_length=64, null=True, unique=True)
    link_until = fields.DatetimeField(null=True)
    fetched_at = fields.DatetimeField(null=True)

    class Meta:
        table = "export_pack"
        indexes = (Index(fields=("user_id",)), Index(fields=("expires_at",)))
