"""Commitments of enterprises, and the one-time links by which they are signed."""

from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bot.domain.commitments import How, State
from models.enterprise import Enterprise


class Commitment(Model):
    """One signing of one version of the text, with name and representative as of then."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    enterprise_id: UUID
    state = fields.CharEnumField(State, max_length=20)
    text_version = fields.IntField()
    name = fields.CharField(max_length=200)
    credit_code = fields.CharField(max_length=18)
    legal_representative = fields.CharField(max_length=80)
    how = fields.CharEnumField(How, max_length=12, null=True)
    signed_by = fields.CharField(max_length=80, db_default="")
    signed_at = fields.DatetimeField(null=True)
    signature_sealed = fields.BinaryField(null=True)  # the strokes, in the vault's hand
    signature_sha256 = fields.CharField(max_length=64, db_default="")
    seal_file = fields.UUIDField(null=True)
    seal_sha256 = fields.CharField(max_length=64, db_default="")
    letter_file = fields.UUIDField(null=True)
    letter_sha256 = fields.CharField(max_length=64, db_default="")
    document_sha256 = fields.CharField(max_length=64, db_default="")
    owed_fen = fields.BigIntField(db_default=0)
    created_by = fields.CharField(max_length=80)
    created_at = fields.DatetimeField()
    published_at = fields.DatetimeField(null=True)
    certificate = fields.CharField(max_length=20, db_default="")  # its number
    ended_at = fields.DatetimeField(null=True)
    end_reason = fields.CharField(max_length=200, db_default="")
    released_at = fields.DatetimeField(null=True)  # taken down, and they may sign again

    class Meta:
        table = "commitment"
        indexes = (Index(fields=("enterprise_id",)), Index(fields=("published_at",)))
        # Migration 0015 adds: one that is being signed, and one that is public, an enterprise.


class SigningLink(Model):
    """A link by which the legal representative signs, once; only the hash of its token is kept."""

    id = fields.UUIDField(primary_key=True, default=None)
    commitment: fields.ForeignKeyRelation[Commitment] = fields.ForeignKeyField(
        "models.Commitment", related_name="links", on_delete=fields.OnDelete.RESTRICT
    )
    commitment_id: UUID
    token_hash = fields.CharField(max_length=64, unique=True)
    created_by = fields.CharField(max_length=80)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "signing_link"
        indexes = (Index(fields=("commitment_id",)),)
