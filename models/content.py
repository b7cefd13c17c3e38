"""What content staff may edit, version by version; a row is added and never changed."""

from tortoise import fields
from tortoise.models import Model


class ContentVersion(Model):
    """One version of one text; the highest number is the one that people see."""

    id = fields.UUIDField(primary_key=True, default=None)
    name = fields.CharField(max_length=80)  # such as message/welcome or knowledge/join
    number = fields.IntField()
    body = fields.TextField()  # empty: withdrawn
    author = fields.CharField(max_length=64)
    note = fields.CharField(max_length=200, db_default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "content_version"
        unique_together = (("name", "number"),)
