from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0033_sent_again')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Draft',
            name='begun',
            field=fields.IntField(db_default=0),
        ),
    ]
