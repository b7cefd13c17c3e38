from tortoise import migrations
from tortoise.migrations import operations as ops

# What took a certificate's validity away is looked for first, among millions that hold.
ENDED = (
    "CREATE INDEX certificate_ended ON certificate (changed)"
    " WHERE token IS NOT NULL AND state <> 'active'"
)


class Migration(migrations.Migration):
    dependencies = [('models', '0038_checks_let_go')]

    initial = False

    operations = [ops.RunSQL([ENDED], reverse_sql=["DROP INDEX certificate_ended"])]
