from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0011_certificates')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Draft',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=40)),
                ('subject', fields.UUIDField()),
                ('entries', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('version', fields.IntField()),
                ('saved_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('saved_by', fields.ForeignKeyField('models.User', source_field='saved_by_id', db_constraint=True, to_field='id', related_name='drafts', on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'draft', 'app': 'models', 'unique_together': (('kind', 'subject'),), 'pk_attr': 'id', 'table_description': 'The unfinished form of one kind about one subject, shared by whoever may fill it in.'},
            bases=['Model'],
        ),
    ]
