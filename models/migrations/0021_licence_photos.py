from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0020_own_data')]

    initial = False

    operations = [
        ops.CreateModel(
            name='LicencePhoto',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('user', fields.OneToOneField('models.User', source_field='user_id', db_constraint=True, to_field='id', related_name='licence_photo', on_delete=OnDelete.RESTRICT)),
                ('key', fields.BinaryField()),
                ('name', fields.CharField(max_length=255)),
                ('size', fields.IntField()),
                ('taken_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'licence_photo', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A licence that somebody photographed for a claim they have still to send; one a person.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Binding',
            name='address',
            field=fields.CharField(db_default='', max_length=300),
        ),
        ops.AddField(
            model_name='Binding',
            name='founded_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Binding',
            name='legal_representative',
            field=fields.CharField(db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Binding',
            name='older_files',
            field=fields.JSONField(db_default=[], encoder=JSON_DUMPS, decoder=loads),
        ),
    ]
