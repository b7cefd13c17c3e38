"""Certificates as issued, the trail of their lives, the counters of numbers, and signing keys."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from models.enterprise import Enterprise


class Certificate(Model):
    """One certificate: first the record of what will be signed, then the token.

    A trigger keeps what was issued as it is; `changed` is the transaction that touched the row
    last, by which the processes that answer verifications find what is new.
    """

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", related_name=False, on_delete=fields.RESTRICT
    )
    number = fields.CharField(max_length=20, unique=True)
    programme = fields.CharField(max_length=40)
    programme_version = fields.SmallIntField()
    scheme = fields.CharField(max_length=8)
    level = fields.CharField(max_length=8)
    name = fields.CharField(max_length=200)
    credit_code = fields.CharField(max_length=18)
    valid_from = fields.DateField()
    valid_to = fields.DateField()
    random = fields.BinaryField()
    position = fields.IntField(unique=True)
    basis_kind = fields.CharField(max_length=16)
    basis_id = fields.UUIDField(null=True)
    basis_by = fields.CharField(max_length=64, db_default="")
    basis_second = fields.CharField(max_length=64, db_default="")
    basis_reason = fields.CharField(max_length=200, db_default="")
    recorded_at = fields.DatetimeField()
    token = fields.TextField(null=True)
    key = fields.SmallIntField(null=True)
    signed_at = fields.DatetimeField(null=True)
    state = fields.CharField(max_length=12, db_default="active")
    state_since = fields.DatetimeField()
    reason = fields.CharField(max_length=20, db_default="")
    reviewed_on = fields.DateField(null=True)
    review_due = fields.DateField(null=True)
    grace_days = fields.SmallIntField(db_default=0)
    withdrawn_after_days = fields.SmallIntField(db_default=0)
    replaces = fields.CharField(max_length=20, db_default="")
    replaced_by = fields.CharField(max_length=20, db_default="")
    member_until = fields.DateField(null=True)  # set once the membership is over (X35)
    changed = fields.BigIntField(db_default=0)

    class Meta:
        table = "certificate"
        indexes = (
            Index(fields=("enterprise_id",)),
            Index(fields=("changed",)),
            Index(fields=("credit_code",)),
        )
        # Migration 0039 adds: the index of those that are no longer active, by `changed`.


class CertificateEvent(Model):
    """One line of a certificate's life; a trigger refuses to change or delete it."""

    id = fields.UUIDField(primary_key=True, default=None)
    certificate: fields.ForeignKeyRelation[Certificate] = fields.ForeignKeyField(
        "models.Certificate", related_name=False, on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", related_name=False, on_delete=fields.RESTRICT
    )
    at = fields.DatetimeField()
    action = fields.CharField(max_length=12)
    before = fields.CharField(max_length=12)
    after = fields.CharField(max_length=12)
    reason = fields.CharField(max_length=20, db_default="")
    words = fields.CharField(max_length=200, db_default="")
    by = fields.CharField(max_length=64)
    second = fields.CharField(max_length=64, db_default="")

    class Meta:
        table = "certificate_event"
        indexes = (Index(fields=("certificate_id", "at")),)


class CertificateSeries(Model):
    """The last serial given out under one prefix of numbers; its row lock is the queue."""

    prefix = fields.CharField(max_length=16, primary_key=True)
    last_serial = fields.IntField()

    class Meta:
        table = "certificate_series"


class SigningKey(Model):
    """The public half of a key and its dates; the private half is nowhere in the database."""

    id = fields.UUIDField(primary_key=True, default=None)
    number = fields.SmallIntField(unique=True)
    purpose = fields.CharField(max_length=12)
    algorithm = fields.CharField(max_length=16)
    public = fields.BinaryField()
    is_test = fields.BooleanField()
    made_at = fields.DatetimeField()
    made_by = fields.CharField(max_length=64)
    made_why = fields.CharField(max_length=200)
    used_from = fields.DatetimeField()
    verify_until = fields.DatetimeField()
    retired_at = fields.DatetimeField(null=True)
    retired_by = fields.CharField(max_length=64, db_default="")
    retired_why = fields.CharField(max_length=200, db_default="")
    compromised_from = fields.DatetimeField(null=True)
    compromised_noted_at = fields.DatetimeField(null=True)
    compromised_by = fields.CharField(max_length=64, db_default="")
    compromised_second = fields.CharField(max_length=64, db_default="")
    compromised_why = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "signing_key"


class StatusList(Model):
    """The last signed list of what is not as it was issued; one row."""

    id = fields.UUIDField(primary_key=True, default=None)
    made_at = fields.DatetimeField()
    body = fields.TextField()

    class Meta:
        table = "status_list"


class FakeReport(Model):
    """What somebody told us about a certificate that looks false."""

    id = fields.UUIDField(primary_key=True, default=None)
    ticket = fields.CharField(max_length=20, unique=True)
    number = fields.CharField(max_length=40, db_default="")
    place = fields.CharField(max_length=200, db_default="")
    url = fields.CharField(max_length=500, db_default="")
    words = fields.CharField(max_length=1000, db_default="")
    photo_key = fields.BinaryField(null=True)  # opens the picture in the confidential store
    photo_type = fields.CharField(max_length=20, db_default="")
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=64, db_default="")
    outcome = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "fake_report"
        indexes = (Index(fields=("created_at",)),)
