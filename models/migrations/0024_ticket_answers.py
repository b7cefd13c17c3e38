from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0023_second_wall')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Ticket',
            name='phone_sealed',
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name='Ticket',
            name='answer',
            field=fields.TextField(db_default='', unique=False),
        ),
    ]
