from tortoise import migrations
from tortoise.migrations import operations as ops
from models.telling import TellingState
from orjson import loads
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0002_chat')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Grant',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('appid', fields.CharField(max_length=32)),
                ('openid', fields.CharField(max_length=64)),
                ('template_id', fields.CharField(max_length=128)),
                ('left', fields.IntField(default=0)),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'subscription_grant', 'app': 'models', 'unique_together': (('appid', 'openid', 'template_id'),), 'pk_attr': 'id', 'table_description': 'How many subscription messages of one template a person still allows.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='GrantEntry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('appid', fields.CharField(max_length=32)),
                ('openid', fields.CharField(max_length=64)),
                ('template_id', fields.CharField(max_length=128)),
                ('cause', fields.CharField(max_length=16)),
                ('change', fields.SmallIntField()),
                ('left', fields.IntField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'grant_entry', 'app': 'models', 'indexes': [Index(fields=['appid', 'openid', 'template_id'])], 'pk_attr': 'id', 'table_description': 'The ledger behind it: every consent, refusal and use; never changed.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Receipt',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('appid', fields.CharField(max_length=32)),
                ('msgid', fields.CharField(max_length=64)),
                ('openid', fields.CharField(max_length=64)),
                ('template_id', fields.CharField(default='', max_length=128)),
                ('status', fields.CharField(max_length=100)),
                ('received_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('telling', fields.UUIDField(null=True)),
            ],
            options={'table': 'receipt', 'app': 'models', 'unique_together': (('appid', 'msgid'),), 'indexes': [Index(fields=['appid', 'openid']), Index(fields=['received_at'])], 'pk_attr': 'id', 'table_description': 'What WeChat said about one message later on; it may come before our own commit.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Telling',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=200)),
                ('message', fields.CharField(max_length=64)),
                ('service_openid', fields.CharField(default='', max_length=64)),
                ('mini_openid', fields.CharField(default='', max_length=64)),
                ('values', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('link', fields.CharField(default='', max_length=1024)),
                ('state', fields.CharEnumField(default=TellingState.QUEUED, description='QUEUED: queued\nSENDING: sending\nSENT: sent\nDELIVERED: delivered\nFAILED: failed\nUNKNOWN: unknown', enum_type=TellingState, max_length=9)),
                ('channel', fields.CharField(default='', max_length=16)),
                ('tried', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('claimed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('appid', fields.CharField(default='', max_length=32)),
                ('template_id', fields.CharField(default='', max_length=128)),
                ('msgid', fields.CharField(default='', max_length=64)),
                ('reason', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'telling', 'app': 'models', 'indexes': [PostgreSQLIndex(fields=['claimed_at'], name='telling_sending', condition={'state': 'sending'}), PostgreSQLIndex(fields=['appid', 'msgid'], name='telling_sent', condition={'state': 'sent'}), Index(fields=['service_openid', 'claimed_at']), Index(fields=['mini_openid', 'claimed_at'])], 'pk_attr': 'id', 'table_description': 'One message for one person; its key makes telling twice the same as once.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WeChatToken',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('value', fields.TextField(default='', unique=False)),
                ('asked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('claimed_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('asks', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('forced', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'wechat_token', 'app': 'models', 'pk_attr': 'name', 'table_description': 'The truth about one token; bot/domain/tokens.py says what may be done with it.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Contact',
            name='wrote_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
