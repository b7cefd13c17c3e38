from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0013_self_assessment')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Ration',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=40)),
                ('subject', fields.CharField(max_length=80)),
                ('day', fields.DateField()),
                ('used', fields.IntField()),
            ],
            options={'table': 'ration', 'app': 'models', 'unique_together': (('kind', 'subject', 'day'),), 'indexes': [Index(fields=['day'])], 'pk_attr': 'id', 'table_description': "One subject's use of one thing on one day."},
            bases=['Model'],
        ),
    ]
