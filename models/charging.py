"""On what legal basis an installation charges for which programme, and what the demo has made."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Charging(Model):
    """Charging for a programme was switched on or off; the newest row of a programme counts."""

    id = fields.UUIDField(primary_key=True, default=None)
    programme = fields.CharField(max_length=40)
    is_on = fields.BooleanField()
    legal_basis = fields.CharField(max_length=300, db_default="")
    reason = fields.CharField(max_length=300, db_default="")
    by = fields.CharField(max_length=64)
    second = fields.CharField(max_length=64)
    at = fields.DatetimeField()

    class Meta:
        table = "charging"
        indexes = (Index(fields=("programme", "at")),)
        # Migration 0019 adds: the triggers; no row is ever changed.


class DemoStep(Model):
    """One step of the demonstration data that is done, in the transaction that did it."""

    name = fields.CharField(primary_key=True, max_length=60)
    enterprises = fields.IntField()  # up to which number, where the step counts them
    done_at = fields.DatetimeField()

    class Meta:
        table = "demo_step"
