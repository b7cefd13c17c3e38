from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0028_joined_people')]

    initial = False

    operations = [
        ops.CreateModel(
            name='RareText',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('text', fields.CharField(max_length=200)),
                ('characters', fields.CharField(max_length=200)),
                ('found_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('written', fields.CharField(db_default='', max_length=200)),
                ('settled_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('settled_by', fields.CharField(db_default='', max_length=64)),
            ],
            options={'table': 'rare_text', 'app': 'models', 'unique_together': (('enterprise_id', 'text'),), 'pk_attr': 'id', 'table_description': 'A name with a character that no printing font has, and how a person had it printed.'},
            bases=['Model'],
        ),
        ops.RunSQL(
            ["SELECT guard_rows('rare_text')"],
            reverse_sql=['DROP POLICY everything ON rare_text', 'DROP POLICY theirs ON rare_text'],
        ),
    ]
