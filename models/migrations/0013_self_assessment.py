from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0012_drafts')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SelfAssessment',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('assessment_id', fields.UUIDField(unique=True)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', related_name='self_assessments', on_delete=OnDelete.RESTRICT)),
                ('answers', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('asked', fields.IntField()),
                ('answered', fields.IntField()),
                ('unsure', fields.IntField()),
                ('finished_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'self_assessment', 'app': 'models', 'indexes': [Index(fields=['enterprise_id'])], 'pk_attr': 'id', 'table_description': "The answers behind one assessment of the enterprise's own; never changed."},
            bases=['Model'],
        ),
        ops.RunSQL(
            [
                'CREATE TRIGGER self_assessment_is_final BEFORE UPDATE OR DELETE OR TRUNCATE '
                'ON self_assessment FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                "SELECT guard_rows('self_assessment')",
            ],
            reverse_sql=[
                'DROP POLICY theirs ON self_assessment',
                'DROP POLICY everything ON self_assessment',
                'ALTER TABLE self_assessment DISABLE ROW LEVEL SECURITY',
                'DROP TRIGGER self_assessment_is_final ON self_assessment',
            ],
        ),
    ]
