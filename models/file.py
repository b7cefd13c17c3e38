"""Files that enterprises handed in, their stored pieces, who opened them, and uploads under way."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bot.domain.files import Media
from models.enterprise import Enterprise
from models.user import User


class StoredFile(Model):
    """One version of a paper; only its end is ever added, and with it the key is gone."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    enterprise_id: Any
    kind = fields.CharField(max_length=40)
    confidential = fields.BooleanField()  # in the store apart, under a key of its own
    key = fields.BinaryField(null=True)  # that key, sealed; none for a paper that is not
    name = fields.CharField(max_length=120)  # as the sender called it: data, never a path
    media_type = fields.CharEnumField(Media, max_length=20)
    pages = fields.IntField()
    size = fields.IntField()  # bytes of the clean form
    sha256 = fields.CharField(max_length=64)  # of the clean form
    original_sha256 = fields.CharField(max_length=64)  # of what was sent, which is not kept
    warnings: Any = fields.JSONField()
    actor_kind = fields.CharField(max_length=8)
    actor = fields.CharField(max_length=80)  # first; or a colleague who sent it again since
    kept_at = fields.DatetimeField()
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        table = "stored_file"
        indexes = (
            Index(fields=("enterprise_id", "id")),
            Index(fields=("original_sha256",)),
            Index(fields=("sha256",)),
        )
        # Migration 0010 adds: one living file of a kind with the same original; the trigger.
        # Migration 0033: another sender is no change of the paper.


class FilePiece(Model):
    """One stored object: the clean form (page 0) or a page as a picture. Its id is its name."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise_id = fields.UUIDField()
    file: fields.ForeignKeyRelation[StoredFile] = fields.ForeignKeyField(
        "models.StoredFile", related_name="pieces", on_delete=fields.OnDelete.RESTRICT
    )
    file_id: Any
    page = fields.IntField()
    media_type = fields.CharEnumField(Media, max_length=20)
    width = fields.IntField()
    height = fields.IntField()
    size = fields.IntField()

    class Meta:
        table = "file_piece"
        unique_together = (("file_id", "page"),)


class FileOpening(Model):
    """Somebody was given a file to see; written before its first byte left, and never changed."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise_id = fields.UUIDField()
    file: fields.ForeignKeyRelation[StoredFile] = fields.ForeignKeyField(
        "models.StoredFile", related_name="openings", on_delete=fields.OnDelete.RESTRICT
    )
    file_id: Any
    page = fields.IntField()  # 0 is the clean form itself
    actor_kind = fields.CharField(max_length=8)
    actor = fields.CharField(max_length=80)
    why = fields.CharField(max_length=200)
    at = fields.DatetimeField()

    class Meta:
        table = "file_opening"
        indexes = (Index(fields=("enterprise_id", "id")),)


class FileUpload(Model):
    """An upload in parts; it is over when it has become a file."""

    id = fields.UUIDField(primary_key=True, default=None)  # chosen by whoever sends
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", on_delete=fields.OnDelete.RESTRICT
    )
    enterprise_id: Any
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", on_delete=fields.OnDelete.RESTRICT
    )
    user_id: Any
    kind = fields.CharField(max_length=40)
    name = fields.CharField(max_length=255)
    size = fields.IntField()
    key = fields.BinaryField(null=True)
    begun_at = fields.DatetimeField(db_index=True)
    file: fields.ForeignKeyNullableRelation[StoredFile] = fields.ForeignKeyField(
        "models.StoredFile", null=True, on_delete=fields.OnDelete.RESTRICT
    )
    file_id: Any

    class Meta:
        table = "file_upload"


class UploadPart(Model):
    """One part that has come; its id is the name of its object."""

    id = fields.UUIDField(primary_key=True, default=None)
    enterprise_id = fields.UUIDField()
    upload: fields.ForeignKeyRelation[FileUpload] = fields.ForeignKeyField(
        "models.FileUpload", related_name="parts", on_delete=fields.OnDelete.CASCADE
    )
    upload_id: Any
    start = fields.IntField()
    size = fields.IntField()

    class Meta:
        table = "upload_part"
        unique_together = (("upload_id", "start"),)
