"""Conversations that take several messages: where a person stands in each of them."""

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise.indexes import Index
from tortoise.models import Model


class Dialogue(Model):
    """One dialogue of one person; at most one of each name, and one that is not paused."""

    id = fields.UUIDField(primary_key=True, default=None)
    appid = fields.CharField(max_length=32)
    openid = fields.CharField(max_length=64)
    name = fields.CharField(max_length=40)
    about: dict[str, Any] = fields.JSONField()  # what it was opened with
    answers: list[list[str]] = fields.JSONField()  # pairs of step and answer, in their order
    step = fields.CharField(max_length=80)  # what was asked last
    listening = fields.BooleanField(db_default=False)  # the next message may be any words at all
    paused = fields.BooleanField(db_default=False)
    updated_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "dialogue"
        unique_together = (("appid", "openid", "name"),)
        indexes = (
            Index(fields=("expires_at",)),
            PostgreSQLIndex(
                fields=("expires_at",), condition={"listening": True}, name="dialogue_listening"
            ),
        )
