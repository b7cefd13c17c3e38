"""Cases: one enterprise in one programme, its documents with all their versions, and its trail."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bot.domain.case_papers import PaperState
from bot.domain.cases import Action, State
from models.enterprise import Enterprise
from models.file import StoredFile


class CreditCase(Model):
    """Name and code as they were when it was begun; the programme's version likewise."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    enterprise_id: UUID
    programme = fields.CharField(max_length=64)
    programme_version = fields.IntField()
    programme_hash = fields.CharField(max_length=64)
    number = fields.CharField(max_length=20, null=True, unique=True)  # from the first submission on
    state = fields.CharEnumField(State, max_length=20)
    kinds: Any = fields.JSONField()  # 生产性企业, 特种行业: which documents are asked for
    name = fields.CharField(max_length=200)
    credit_code = fields.CharField(max_length=18)
    due_on = fields.DateField(null=True)  # by when whoever's turn it is acts
    asked: Any = fields.JSONField()  # what was sent back: the document, and why
    owed_fen = fields.BigIntField(db_default=0)
    created_by = fields.CharField(max_length=80)
    created_at = fields.DatetimeField()
    submitted_at = fields.DatetimeField(null=True)
    moved_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "credit_case"
        indexes = (Index(fields=("enterprise_id", "id")), Index(fields=("state", "due_on")))
        # Migration 0016 adds: one open case an enterprise and programme; the numbers' sequence.


class CaseMaterial(Model):
    """One file of one document of a case. A newer one supersedes it; none is ever deleted."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise_id = fields.UUIDField()
    case: fields.ForeignKeyRelation[CreditCase] = fields.ForeignKeyField(
        "models.CreditCase", related_name="papers", on_delete=fields.OnDelete.RESTRICT
    )
    case_id: UUID
    material = fields.CharField(max_length=64)
    version = fields.IntField()
    state = fields.CharEnumField(PaperState, max_length=10)
    file: fields.ForeignKeyRelation[StoredFile] = fields.ForeignKeyField(
        "models.StoredFile", on_delete=fields.OnDelete.RESTRICT
    )
    file_id: UUID
    dated_on = fields.DateField(null=True)  # of which year, issued or valid until: as it is asked
    findings: Any = fields.JSONField()
    reason = fields.CharField(max_length=200, db_default="")  # why it was returned
    reused_from = fields.UUIDField(null=True)
    added_by = fields.CharField(max_length=80)
    added_at = fields.DatetimeField()
    decided_by = fields.CharField(max_length=80, db_default="")
    decided_at = fields.DatetimeField(null=True)
    superseded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "case_material"
        unique_together = (("case_id", "material", "version"),)
        indexes = (Index(fields=("enterprise_id", "material")),)


class CaseStep(Model):
    """One step of a case, as everybody may read it; never changed."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise_id = fields.UUIDField()
    case: fields.ForeignKeyRelation[CreditCase] = fields.ForeignKeyField(
        "models.CreditCase", related_name="trail", on_delete=fields.OnDelete.RESTRICT
    )
    case_id: UUID
    turn = fields.IntField()  # the n-th step of its case
    action = fields.CharEnumField(Action, max_length=20)
    state = fields.CharEnumField(State, max_length=20)
    by = fields.CharField(max_length=80)
    reason = fields.CharField(max_length=4000, db_default="")
    due_on = fields.DateField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "case_step"
        unique_together = (("case_id", "turn"),)
