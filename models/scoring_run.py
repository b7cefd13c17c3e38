"""Re-scoring of all enterprises under one version: each run is a result version of its own.

Its slices, its results and the pointer to the current run of a scheme have keys of two columns,
which Tortoise cannot declare, and are only touched by fixed SQL: migration 0005 makes their tables.

    scoring_slice   (run_id, number)         a range of enterprises; done in one transaction
    scoring_result  (run_id, enterprise_id)  what readers see, through current_run only
    current_run     (scheme, basis)          moved by one statement when every slice is done
"""

from tortoise import fields
from tortoise.models import Model

from models.scheme import PublishedPack


class ScoringRun(Model):
    """One batch; started again after a kill it goes on where it was."""

    id = fields.UUIDField(primary_key=True, default=None)
    pack: fields.ForeignKeyRelation[PublishedPack] = fields.ForeignKeyField(
        "models.PublishedPack", on_delete=fields.OnDelete.RESTRICT, db_index=False
    )
    basis = fields.CharField(max_length=8)
    as_of = fields.DateField()
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "scoring_run"
