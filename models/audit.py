"""The audit log: what was done to what, by whom, in which transaction. Rows are only ever added.

Its other tables have columns that Tortoise cannot declare; migration 0008 makes them:

    audit_row       what the audited row looked like at the commit of an entry's transaction
    audit_part      the same for the other rows that an entry stands for
    audit_key       the key under which an object's values are hashed; destroyed with the person
    audit_pending   entries that have no number yet
    audit_leaf      the number of each entry, and its hash as read back from the tables
    audit_head      signed roots of the tree over all leaves

A table is audited from the migration on that says `SELECT audit_watch('its_name')`, or
`audit_watch_rows` (migration 0027), and bot/commands/audit_tables.py lists it.
"""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class AuditEntry(Model):
    """One entry. The migration adds `number`, the order of writing, `tx` and `recorded_at`."""

    id = fields.UUIDField(primary_key=True, default=None)
    at = fields.DatetimeField()
    actor_kind = fields.CharField(max_length=8)
    actor = fields.CharField(max_length=80)
    session = fields.CharField(max_length=64)  # a hash: nobody can act with it
    door = fields.CharField(max_length=8)
    request = fields.CharField(max_length=64)
    action = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=40)
    object_id = fields.CharField(max_length=80)
    enterprise_id = fields.UUIDField(null=True)
    before: Any = fields.JSONField(null=True)
    after: Any = fields.JSONField(null=True)
    reason = fields.BinaryField()  # sealed under the object's key; empty when none was given
    written = fields.BinaryField()  # SHA-256 of the entry as it was in its writer's memory

    class Meta:
        table = "audit_entry"
