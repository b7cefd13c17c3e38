"""The enterprises that are assessed, each known by its 统一社会信用代码."""

from tortoise import fields
from tortoise.models import Model


class Enterprise(Model):
    """One enterprise. `facts_version` counts the changes of its facts and orders their writers."""

    id = fields.UUIDField(primary_key=True, default=None)
    credit_code = fields.CharField(max_length=18, unique=True)
    name = fields.CharField(max_length=200)
    facts_version = fields.IntField(db_default=0)

    class Meta:
        table = "enterprise"
