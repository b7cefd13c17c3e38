from tortoise import migrations
from tortoise.migrations import operations as ops
from models.job import JobState
from orjson import loads
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Contact',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('appid', fields.CharField(max_length=32)),
                ('openid', fields.CharField(max_length=64)),
                ('first_seen_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('last_seen_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('followed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('unfollowed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'contact', 'app': 'models', 'unique_together': (('appid', 'openid'),), 'pk_attr': 'id', 'table_description': 'One WeChat identity: an openid means nothing without the appid that it was given for.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='InboundMessage',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('appid', fields.CharField(max_length=32)),
                ('dedupe_key', fields.CharField(max_length=160)),
                ('openid', fields.CharField(max_length=64)),
                ('kind', fields.CharField(max_length=64)),
                ('reply', fields.TextField(unique=False)),
                ('received_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'inbound_message', 'app': 'models', 'unique_together': (('appid', 'dedupe_key'),), 'indexes': [Index(fields=['received_at'])], 'pk_attr': 'id', 'table_description': 'One message or event that had an effect; its key makes every repeat harmless.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Job',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharField(max_length=64)),
                ('payload', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('key', fields.CharField(null=True, unique=True, max_length=200)),
                ('state', fields.CharEnumField(description='WAITING: waiting\nDONE: done\nDEAD: dead', db_default='waiting', enum_type=JobState, max_length=8)),
                ('attempts', fields.SmallIntField(db_default=0)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('finished_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_error', fields.CharField(db_default='', max_length=300)),
            ],
            options={'table': 'job', 'app': 'models', 'indexes': [PostgreSQLIndex(fields=['due_at'], name='job_due', condition={'state': 'waiting'}), PostgreSQLIndex(fields=['created_at'], name='job_dead', condition={'state': 'dead'})], 'pk_attr': 'id', 'table_description': 'One piece of work, written in the transaction that caused it.'},
            bases=['Model'],
        ),
    ]
