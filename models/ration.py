"""How much of its daily allowance somebody has used."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Ration(Model):
    """One subject's use of one thing on one day."""

    id = fields.UUIDField(primary_key=True, default=None)
    kind = fields.CharField(max_length=40)
    subject = fields.CharField(max_length=80)
    day = fields.DateField()
    used = fields.IntField()

    class Meta:
        table = "ration"
        unique_together = (("kind", "subject", "day"),)
        indexes = (Index(fields=("day",)),)
