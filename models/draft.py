"""What people have typed and not yet handed in: one row a form, each field with its writer."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from models.user import User


class Draft(Model):
    """The unfinished form of one kind about one subject, shared by whoever may fill it in."""

    id = fields.UUIDField(primary_key=True, default=None)
    kind = fields.CharField(max_length=40)
    subject = fields.UUIDField()  # the enterprise, case or person that the form is about
    entries: dict[str, dict[str, Any]] = fields.JSONField()  # by field: value, version, session …
    version = fields.IntField()  # goes on when it was handed in: an old page is known by its number
    begun = fields.IntField(db_default=0)  # the version at which it was last handed in or given up
    saved_at = fields.DatetimeField()
    saved_by: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="drafts", on_delete=fields.RESTRICT
    )
    saved_by_id: UUID

    class Meta:
        table = "draft"
        unique_together = (("kind", "subject"),)
