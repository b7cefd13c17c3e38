from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0003_wechat_calls')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='InboundMessage',
            index=Index(fields=['appid', 'openid']),
        ),
        ops.AddIndex(
            model_name='Job',
            index=PostgreSQLIndex(fields=['finished_at'], name='job_done', condition={'state': 'done'}),
        ),
    ]
