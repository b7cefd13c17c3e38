from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """Photos of false certificates move from their rows to the store of confidential files.

    None has been taken outside of trials: those go with their column, and their reports say no more
    that they have one.
    """

    dependencies = [('models', '0031_public_lists')]

    initial = False

    operations = [
        ops.AddField(
            model_name="FakeReport",
            name="photo_key",
            field=fields.BinaryField(null=True),
        ),
        ops.RunSQL(
            "UPDATE fake_report SET photo_type = '' WHERE photo IS NOT NULL", ops.RunSQL.noop
        ),
        ops.RemoveField(model_name="FakeReport", name="photo"),
    ]
