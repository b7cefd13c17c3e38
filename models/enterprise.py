"""The enterprises, each known by its 统一社会信用代码; names and registration by version."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Enterprise(Model):
    """One enterprise. `facts_version` counts the changes of its facts and orders their writers."""

    id = fields.UUIDField(primary_key=True, default=None)
    credit_code = fields.CharField(max_length=18, unique=True)
    name = fields.CharField(max_length=200)  # today's; every one it had is an EnterpriseName
    facts_version = fields.IntField(db_default=0)

    class Meta:
        table = "enterprise"


class EnterpriseName(Model):
    """A name that an enterprise has or had; only `superseded_at` is ever set, once."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    name = fields.CharField(max_length=200)
    source = fields.CharField(max_length=12)
    recorded_by = fields.CharField(max_length=80)
    recorded_at = fields.DatetimeField()
    superseded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "enterprise_name"
        indexes = (Index(fields=("enterprise_id",)),)
        # Migration 0009 adds: one that is not superseded; and the trigger.


class Registration(Model):
    """What the licence and the enterprise say of itself; a new version supersedes the last."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    legal_representative = fields.CharField(max_length=80, db_default="")
    status = fields.CharField(max_length=20, db_default="")  # 存续, 吊销, … as the register says
    founded_on = fields.DateField(null=True)
    industry = fields.CharField(max_length=5, db_default="")  # GB/T 4754, such as C or C13
    staff = fields.IntField(null=True)
    revenue_fen = fields.BigIntField(null=True)
    assets_fen = fields.BigIntField(null=True)
    figures_year = fields.SmallIntField(null=True)  # of staff, revenue and assets
    address = fields.CharField(max_length=300, db_default="")
    source = fields.CharField(max_length=12)
    recorded_by = fields.CharField(max_length=80)
    recorded_at = fields.DatetimeField()
    superseded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "registration"
        indexes = (Index(fields=("enterprise_id",)),)
        # Migration 0009 adds: one that is not superseded; and the trigger.
