from tortoise import migrations
from tortoise.migrations import operations as ops
from bot.domain.case_papers import PaperState
from bot.domain.cases import Action, State
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

TABLES = ('credit_case', 'case_material', 'case_step')
# One open case an enterprise and programme; a number once submitted; the trail is never changed.
SQL = (
    'CREATE SEQUENCE credit_case_number',
    'CREATE UNIQUE INDEX credit_case_open ON credit_case (enterprise_id, programme) '
    "WHERE state NOT IN ('rejected', 'withdrawn')",
    'CREATE TRIGGER case_step_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON case_step '
    'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
    *(f"SELECT guard_rows('{table}')" for table in TABLES),
    "SELECT audit_watch('credit_case')",
    "SELECT audit_watch('case_material')",
)
UNDO = (
    'DROP TRIGGER case_step_is_final ON case_step',
    'DROP INDEX credit_case_open',
    'DROP SEQUENCE credit_case_number',
)

class Migration(migrations.Migration):
    dependencies = [('models', '0015_commitments')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CreditCase',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('programme', fields.CharField(max_length=64)),
                ('programme_version', fields.IntField()),
                ('programme_hash', fields.CharField(max_length=64)),
                ('number', fields.CharField(null=True, unique=True, max_length=20)),
                ('state', fields.CharEnumField(description='DRAFT: draft\nSUBMITTED: submitted\nRETURNED: returned\nACCEPTED: accepted\nAWAITING_PAYMENT: awaiting_payment\nVERIFYING: verifying\nREJECTED: rejected\nWITHDRAWN: withdrawn', enum_type=State, max_length=20)),
                ('kinds', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('name', fields.CharField(max_length=200)),
                ('credit_code', fields.CharField(max_length=18)),
                ('due_on', fields.DateField(null=True)),
                ('asked', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('owed_fen', fields.BigIntField(db_default=0)),
                ('created_by', fields.CharField(max_length=80)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('submitted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('moved_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'credit_case', 'app': 'models', 'indexes': [Index(fields=['enterprise_id', 'id']), Index(fields=['state', 'due_on'])], 'pk_attr': 'id', 'table_description': "Name and code as they were when it was begun; the programme's version likewise."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CaseMaterial',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise_id', fields.UUIDField()),
                ('case', fields.ForeignKeyField('models.CreditCase', source_field='case_id', db_constraint=True, to_field='id', related_name='papers', on_delete=OnDelete.RESTRICT)),
                ('material', fields.CharField(max_length=64)),
                ('version', fields.IntField()),
                ('state', fields.CharEnumField(description='MISSING: missing\nUPLOADED: uploaded\nACCEPTED: accepted\nRETURNED: returned', enum_type=PaperState, max_length=10)),
                ('file', fields.ForeignKeyField('models.StoredFile', source_field='file_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('dated_on', fields.DateField(null=True)),
                ('findings', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('reason', fields.CharField(db_default='', max_length=200)),
                ('reused_from', fields.UUIDField(null=True)),
                ('added_by', fields.CharField(max_length=80)),
                ('added_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_by', fields.CharField(db_default='', max_length=80)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('superseded_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'case_material', 'app': 'models', 'unique_together': (('case_id', 'material', 'version'),), 'indexes': [Index(fields=['enterprise_id', 'material'])], 'pk_attr': 'id', 'table_description': 'One file of one document of a case. A newer one supersedes it; none is ever deleted.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CaseStep',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise_id', fields.UUIDField()),
                ('case', fields.ForeignKeyField('models.CreditCase', source_field='case_id', db_constraint=True, to_field='id', related_name='trail', on_delete=OnDelete.RESTRICT)),
                ('turn', fields.IntField()),
                ('action', fields.CharEnumField(description='BEGIN: begin\nSUBMIT: submit\nRESUBMIT: resubmit\nACCEPT: accept\nRETURN: return\nREJECT: reject\nAWAIT_PAYMENT: await_payment\nPAID: paid\nVERIFY: verify\nWITHDRAW: withdraw', enum_type=Action, max_length=20)),
                ('state', fields.CharEnumField(description='DRAFT: draft\nSUBMITTED: submitted\nRETURNED: returned\nACCEPTED: accepted\nAWAITING_PAYMENT: awaiting_payment\nVERIFYING: verifying\nREJECTED: rejected\nWITHDRAWN: withdrawn', enum_type=State, max_length=20)),
                ('by', fields.CharField(max_length=80)),
                ('reason', fields.CharField(db_default='', max_length=4000)),
                ('due_on', fields.DateField(null=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'case_step', 'app': 'models', 'unique_together': (('case_id', 'turn'),), 'pk_attr': 'id', 'table_description': 'One step of a case, as everybody may read it; never changed.'},
            bases=['Model'],
        ),
        ops.RunSQL([*SQL], reverse_sql=[*UNDO]),
    ]
