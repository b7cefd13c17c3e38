from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('models', '0024_ticket_answers')]

    initial = False

    operations = [
        ops.AddField(
            model_name="Commitment",
            name="released_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
