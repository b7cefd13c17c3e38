"""Results of single assessments: which rules, which facts, which day, and what came out."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.enterprise import Enterprise
from models.scheme import PublishedPack


class Assessment(Model):
    """One run of a scheme over one enterprise; a trigger refuses to change or delete the row."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    pack: fields.ForeignKeyRelation[PublishedPack] = fields.ForeignKeyField(
        "models.PublishedPack", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    scheme = fields.CharField(max_length=64)
    version = fields.IntField()
    sha256 = fields.CharField(max_length=64)
    basis = fields.CharField(max_length=8)
    as_of = fields.DateField()
    facts_version = fields.IntField()
    result = fields.BinaryField()  # canonical JSON
    total = fields.DecimalField(max_digits=18, decimal_places=6, null=True)
    grade = fields.CharField(max_length=16, null=True)
    made_at = fields.DatetimeField()

    class Meta:
        table = "assessment"
        indexes = (Index(fields=("enterprise_id", "scheme", "made_at")),)
