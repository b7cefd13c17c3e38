"""Work to be done after a commit: the outbox row is the truth, the queue only rings a bell."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise.models import Model


class JobState(StrEnum):
    """Migrations import this class: it never moves."""

    WAITING = "waiting"  # a worker acts next
    DONE = "done"
    DEAD = "dead"  # tired of trying: a person acts next


class Job(Model):
    """One piece of work, written in the transaction that caused it."""

    id = fields.UUIDField(primary_key=True, default=None)
    kind = fields.CharField(max_length=64)
    payload: dict[str, Any] = fields.JSONField()
    key = fields.CharField(max_length=200, null=True, unique=True)
    state = fields.CharEnumField(JobState, max_length=8, db_default=JobState.WAITING.value)
    attempts = fields.SmallIntField(db_default=0)
    due_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    last_error = fields.CharField(max_length=300, db_default="")

    class Meta:
        table = "job"
        # What is looked for is what is open; done rows only to delete them when they are old.
        indexes = (
            PostgreSQLIndex(fields=("due_at",), condition={"state": "waiting"}, name="job_due"),
            PostgreSQLIndex(fields=("created_at",), condition={"state": "dead"}, name="job_dead"),
            PostgreSQLIndex(fields=("finished_at",), condition={"state": "done"}, name="job_done"),
        )
