"""Self-assessments: who answered what, beside the result that came of it."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.enterprise import Enterprise
from models.user import User


class SelfAssessment(Model):
    """The answers behind one assessment of the enterprise's own; never changed."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    assessment_id = fields.UUIDField(unique=True)  # no constraint is needed: both rows stay
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="self_assessments", on_delete=fields.OnDelete.RESTRICT
    )
    answers: dict[str, dict[str, Any]] = fields.JSONField()  # by question: its parts, as typed
    asked = fields.IntField()
    answered = fields.IntField()  # unsure is an answer
    unsure = fields.IntField()
    finished_at = fields.DatetimeField()

    class Meta:
        table = "self_assessment"
        indexes = (Index(fields=("enterprise_id",)),)
        # Migration 0013 adds the trigger and the guard of rows.
