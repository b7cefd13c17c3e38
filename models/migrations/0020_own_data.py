from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0019_demo')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ExportPack',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', null=True, db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('files', fields.IntField(null=True)),
                ('copied', fields.IntField(db_default=0)),
                ('made_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('key', fields.BinaryField(null=True)),
                ('pieces', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('size', fields.BigIntField(db_default=0)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('link_hash', fields.CharField(null=True, unique=True, max_length=64)),
                ('link_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('fetched_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'export_pack', 'app': 'models', 'indexes': [Index(fields=['user_id']), Index(fields=['expires_at'])], 'pk_attr': 'id', 'table_description': "One copy for the one person who asked for it: of their own data, or of an enterprise's."},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='User',
            name='closed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddIndex(model_name='Consent', index=Index(fields=['revoked_at'])),
    ]
