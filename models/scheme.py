"""Versions of schemes: proposed by one person, approved by another, and then never changed."""

from tortoise import fields
from tortoise.models import Model


class PackProposal(Model):
    """A version that waits for a second person; a later proposal of the version replaces it."""

    id = fields.UUIDField(primary_key=True, default=None)
    scheme = fields.CharField(max_length=64)
    version = fields.IntField()
    source = fields.TextField()  # the file as its author wrote it, remarks included
    sha256 = fields.CharField(max_length=64)
    effective_on = fields.DateField()
    proposed_by = fields.CharField(max_length=64)
    proposed_at = fields.DatetimeField()

    class Meta:
        table = "pack_proposal"
        unique_together = (("scheme", "version"),)


class PublishedPack(Model):
    """A version in force for ever: a trigger refuses to change or delete the row."""

    id = fields.UUIDField(primary_key=True, default=None)
    scheme = fields.CharField(max_length=64)
    version = fields.IntField()
    source = fields.TextField()
    canonical = fields.BinaryField()  # what the hash is taken of
    sha256 = fields.CharField(max_length=64, unique=True)
    effective_on = fields.DateField()
    proposed_by = fields.CharField(max_length=64)
    approved_by = fields.CharField(max_length=64)
    published_at = fields.DatetimeField()

    class Meta:
        table = "published_pack"
        unique_together = (("scheme", "version"),)
