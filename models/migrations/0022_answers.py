from tortoise import migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    dependencies = [('models', '0021_licence_photos')]

    initial = False

    operations = [
        # Answers of the chat are no proof of anything and go after a week; messages stay.
        ops.RunSQL(
            "CREATE INDEX telling_answer ON telling (claimed_at) WHERE message = 'answer'",
            'DROP INDEX telling_answer',
        ),
    ]
