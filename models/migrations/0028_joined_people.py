from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0027_audited_rows')]

    initial = False

    operations = [
        ops.AddIndex(model_name='User', index=Index(fields=['joined_into_id'])),
    ]
