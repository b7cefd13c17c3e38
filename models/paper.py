"""Papers that we make ourselves (certificates, letters, artwork), and orders of plaques."""

from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bot.domain.papers import Kind, OrderState
from models.certificate import Certificate
from models.enterprise import Enterprise


class Paper(Model):
    """One version of one paper; the bytes lie in the cabinet under the ids of pdf and png."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    enterprise_id: UUID
    kind = fields.CharEnumField(Kind, max_length=12)
    subject = fields.UUIDField()  # the certificate or the commitment that it shows
    fingerprint = fields.CharField(max_length=32)  # of the record that it was made from
    key = fields.BinaryField(null=True)  # sealed; none for what everybody may see
    pdf = fields.UUIDField(unique=True)
    pdf_sha256 = fields.CharField(max_length=64)
    png = fields.UUIDField(unique=True, null=True)
    png_sha256 = fields.CharField(max_length=64, db_default="")
    made_at = fields.DatetimeField()

    class Meta:
        table = "paper"
        unique_together = (("subject", "kind", "fingerprint"),)
        indexes = (Index(fields=("enterprise_id",)),)


class RareText(Model):
    """A name with a character that no printing font has, and how a person had it printed."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    enterprise_id: UUID
    text = fields.CharField(max_length=200)
    characters = fields.CharField(max_length=200)
    found_at = fields.DatetimeField()
    written = fields.CharField(max_length=200, db_default="")  # none: as it is, in an added font
    settled_at = fields.DatetimeField(null=True)
    settled_by = fields.CharField(max_length=64, db_default="")

    class Meta:
        table = "rare_text"
        unique_together = (("enterprise_id", "text"),)


class PlaqueOrder(Model):
    """A plaque to be engraved and sent; where to lies in the vault's hand."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    enterprise_id: UUID
    certificate: fields.ForeignKeyRelation[Certificate] = fields.ForeignKeyField(
        "models.Certificate", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    certificate_id: UUID
    state = fields.CharEnumField(OrderState, max_length=10)
    address_sealed = fields.BinaryField(null=True)
    ordered_by = fields.CharField(max_length=80)
    ordered_at = fields.DatetimeField()
    carrier = fields.CharField(max_length=40, db_default="")
    parcel = fields.CharField(max_length=40, db_default="")  # its number with the carrier
    ended_by = fields.CharField(max_length=80, db_default="")
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "plaque_order"
        indexes = (Index(fields=("certificate_id",)), Index(fields=("state", "ordered_at")))
        # Migration 0017 adds: one that is open or sent, a certificate.
