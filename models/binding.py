"""Who acts for which enterprise: bindings, their steps, invitations, the roster's people."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bot.domain.bindings import How, Role, State
from models.enterprise import Enterprise
from models.user import User


class Binding(Model):
    """One person and one enterprise; a person has at most one that is not over."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="bindings", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    role = fields.CharEnumField(Role, max_length=8)
    state = fields.CharEnumField(State, max_length=12)
    how = fields.CharEnumField(How, max_length=12)
    person = fields.CharField(max_length=80, db_default="")  # the name that they gave
    name_given = fields.CharField(max_length=200, db_default="")  # the enterprise's, in their words
    legal_representative = fields.CharField(max_length=80, db_default="")  # these three as the
    founded_on = fields.DateField(null=True)  # claimant read them on the licence
    address = fields.CharField(max_length=300, db_default="")
    phone_sealed = fields.BinaryField(null=True)
    licence_file = fields.UUIDField(null=True)
    letter_file = fields.UUIDField(null=True)
    older_files: Any = fields.JSONField(db_default=[])  # whose place these two took
    requested_at = fields.DatetimeField()
    active_at = fields.DatetimeField(null=True)
    fresh_until = fields.DatetimeField(null=True)  # before then no export and no payout
    expires_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "binding"
        indexes = (Index(fields=("enterprise_id",)), Index(fields=("user_id",)))
        # Migration 0009 adds: one open binding a person and enterprise; what runs out when.


class LicencePhoto(Model):
    """A licence that somebody photographed for a claim they have still to send; one a person."""

    id = fields.UUIDField(primary_key=True, default=None)  # and the name of its object
    user: fields.ForeignKeyRelation[User] = fields.OneToOneField(
        "models.User", related_name="licence_photo", on_delete=fields.OnDelete.RESTRICT
    )
    key = fields.BinaryField()
    name = fields.CharField(max_length=255)
    size = fields.IntField()
    taken_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "licence_photo"


class BindingStep(Model):
    """What happened to a binding, who did it and why; never changed."""

    id = fields.UUIDField(primary_key=True, default=None)
    binding: fields.ForeignKeyRelation[Binding] = fields.ForeignKeyField(
        "models.Binding", related_name="steps", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    state = fields.CharEnumField(State, max_length=12)
    action = fields.CharField(max_length=20)
    role = fields.CharEnumField(Role, max_length=8)  # as it was after the step
    by = fields.CharField(max_length=80)
    reason = fields.CharField(max_length=200, db_default="")
    at = fields.DatetimeField()

    class Meta:
        table = "binding_step"
        indexes = (Index(fields=("binding_id",)),)


class Invitation(Model):
    """A link that makes one colleague a holder, once; only the hash of its token is kept."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    made_by: fields.ForeignKeyRelation[Binding] = fields.ForeignKeyField(
        "models.Binding", related_name="invitations", on_delete=fields.OnDelete.RESTRICT
    )
    token_hash = fields.CharField(max_length=64, unique=True)
    role = fields.CharEnumField(Role, max_length=8)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    used_at = fields.DatetimeField(null=True)
    used_for = fields.UUIDField(null=True)  # the binding that came of it

    class Meta:
        table = "invitation"
        indexes = (Index(fields=("enterprise_id",)),)


class RosterContact(Model):
    """Somebody whom an association's roster names for an enterprise; the phone is sealed."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    association = fields.CharField(max_length=80)
    role = fields.CharEnumField(Role, max_length=8)
    person = fields.CharField(max_length=80, db_default="")
    phone_sealed = fields.BinaryField()
    phone_blind = fields.BinaryField()  # a keyed hash: equal numbers can be found, not read
    recorded_at = fields.DatetimeField()
    superseded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "roster_contact"
        indexes = (Index(fields=("enterprise_id",)), Index(fields=("phone_blind",)))
        # Migration 0009 adds: one that is not superseded, of an association and enterprise.


class RosterImport(Model):
    """One file that was read into the roster, and what came of it."""

    id = fields.UUIDField(primary_key=True, default=None)
    association = fields.CharField(max_length=80)
    sha256 = fields.CharField(max_length=64)
    rows = fields.IntField()
    changed = fields.IntField()
    imported_by = fields.CharField(max_length=80)
    imported_at = fields.DatetimeField()

    class Meta:
        table = "roster_import"
