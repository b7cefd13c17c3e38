from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0037_own_entries_first')]

    initial = False

    operations = [
        ops.RunSQL(["UPDATE content_check SET words = '' WHERE state = 'passed' AND words <> ''"]),
        ops.RemoveIndex(
            model_name='ContentCheck',
            name=None,
            fields=['decided_at'],
        ),
        ops.AlterModelOptions(
            name='ContentCheck',
            options={'table': 'content_check', 'app': 'models', 'indexes': [Index(fields=['subject', 'place', 'created_at']), PostgreSQLIndex(fields=['created_at'], name='content_check_human', condition={'state': 'human'}), PostgreSQLIndex(fields=['created_at'], name='content_check_pending', condition={'state': 'pending'})], 'pk_attr': 'id', 'table_description': 'One text or one picture, at one place. Its words are kept until they pass.'},
        ),
    ]
