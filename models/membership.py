"""Memberships of enterprises in the associations."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.enterprise import Enterprise


class Membership(Model):
    """One period at one level. What turns out different supersedes it or ends it; none is lost."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    association = fields.CharField(max_length=80)
    level = fields.CharField(max_length=20)  # 会员, 理事会员
    starts_on = fields.DateField()
    ends_on = fields.DateField()  # its last day
    how = fields.CharField(max_length=12)  # roster, bundled, staff
    recorded_by = fields.CharField(max_length=80)
    recorded_at = fields.DatetimeField()
    superseded_at = fields.DatetimeField(null=True)
    ended_on = fields.DateField(null=True)  # left or excluded before its last day: over from here
    end_reason = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "membership"
        indexes = (Index(fields=("enterprise_id",)),)
        # Migration 0009 adds: one that is not superseded, of an association and first day.
