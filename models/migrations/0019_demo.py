from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

SQL = (
    "CREATE TRIGGER charging_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON charging "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "SELECT audit_watch('charging')",
)

class Migration(migrations.Migration):
    dependencies = [('models', '0018_wechat')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Charging',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('programme', fields.CharField(max_length=40)),
                ('is_on', fields.BooleanField()),
                ('legal_basis', fields.CharField(db_default='', max_length=300)),
                ('reason', fields.CharField(db_default='', max_length=300)),
                ('by', fields.CharField(max_length=64)),
                ('second', fields.CharField(max_length=64)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'charging', 'app': 'models', 'indexes': [Index(fields=['programme', 'at'])], 'pk_attr': 'id', 'table_description': 'Charging for a programme was switched on or off; the newest row of a programme counts.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DemoStep',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=60)),
                ('enterprises', fields.IntField()),
                ('done_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'demo_step', 'app': 'models', 'pk_attr': 'name', 'table_description': 'One step of the demonstration data that is done, in the transaction that did it.'},
            bases=['Model'],
        ),
        ops.RunSQL(
            [*SQL],
            reverse_sql=[
                'DROP TRIGGER is_audited ON charging',
                'DROP TRIGGER is_not_truncated ON charging',
                'DROP TRIGGER charging_is_final ON charging',
            ],
        ),
    ]
