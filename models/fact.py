"""What is known about enterprises: one row a record, written once and then only superseded.

A row a fact, and not one document an enterprise: a batch that lets the server join the rows of an
enterprise into one text reads them in about 4.5 µs an enterprise, a document of the same ten facts
takes 2 µs (text) to 6 µs (JSONB), plain rows 30 µs. Scoring costs several times that, so the
document would win a tenth of a batch and lose what rows are for: one record can be verified,
repaired, superseded and asked for by itself, and a change writes one row, not all of them.
"""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from models.enterprise import Enterprise


class Fact(Model):
    """A record in the format of bot/scoring/README.md; `key` is its id there.

    It counts from `since_version` of its enterprise's facts until `until_version`, so the facts
    that an assessment used can be read again for ever. A trigger refuses every other change.
    """

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    key = fields.CharField(max_length=80)
    fact = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=64, db_default="")
    value = fields.TextField(db_default="")  # exact, as people write it; the pack knows the type
    standing = fields.CharField(max_length=8)
    on = fields.DateField(null=True)
    repaired_on = fields.DateField(null=True)
    ended_on = fields.DateField(null=True)
    source = fields.TextField(null=True)
    evidence = fields.TextField(null=True)
    detail: Any = fields.JSONField(null=True)  # of marks and statements; amounts are text
    since_version = fields.IntField()
    until_version = fields.IntField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "fact"
        unique_together = (("enterprise", "key", "since_version"),)
        # Migration 0005 adds an index over current rows: Tortoise cannot say IS NULL.
