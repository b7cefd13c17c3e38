from tortoise import migrations
from tortoise.migrations import operations as ops
from models.ticket import TicketState
from orjson import loads
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ContentVersion',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('name', fields.CharField(max_length=80)),
                ('number', fields.IntField()),
                ('body', fields.TextField(unique=False)),
                ('author', fields.CharField(max_length=64)),
                ('note', fields.CharField(db_default='', max_length=200)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'content_version', 'app': 'models', 'unique_together': (('name', 'number'),), 'pk_attr': 'id', 'table_description': 'One version of one text; the highest number is the one that people see.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Dialogue',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('appid', fields.CharField(max_length=32)),
                ('openid', fields.CharField(max_length=64)),
                ('name', fields.CharField(max_length=40)),
                ('about', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('answers', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('step', fields.CharField(max_length=80)),
                ('listening', fields.BooleanField(db_default=False)),
                ('paused', fields.BooleanField(db_default=False)),
                ('updated_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'dialogue', 'app': 'models', 'unique_together': (('appid', 'openid', 'name'),), 'indexes': [Index(fields=['expires_at']), PostgreSQLIndex(fields=['expires_at'], name='dialogue_listening', condition={'listening': True})], 'pk_attr': 'id', 'table_description': 'One dialogue of one person; at most one of each name, and one that is not paused.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Ticket',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('appid', fields.CharField(max_length=32)),
                ('openid', fields.CharField(max_length=64)),
                ('question', fields.TextField(unique=False)),
                ('state', fields.CharEnumField(description='OPEN: open\nCLOSED: closed', db_default='open', enum_type=TicketState, max_length=8)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('closed_by', fields.CharField(db_default='', max_length=64)),
                ('remark', fields.CharField(db_default='', max_length=200)),
            ],
            options={'table': 'ticket', 'app': 'models', 'indexes': [Index(fields=['appid', 'openid']), PostgreSQLIndex(fields=['created_at'], name='ticket_open', condition={'state': 'open'})], 'pk_attr': 'id', 'table_description': 'One question, and who of the staff closed it with which remark.'},
            bases=['Model'],
        ),
        ops.RunSQL(
            [
                "CREATE FUNCTION content_version_is_kept() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'content_version is append-only'; END $$",
                "CREATE TRIGGER content_version_is_kept BEFORE UPDATE OR DELETE ON content_version"
                " FOR EACH ROW EXECUTE FUNCTION content_version_is_kept()",
            ],
            [
                "DROP TRIGGER content_version_is_kept ON content_version",
                "DROP FUNCTION content_version_is_kept()",
            ],
        ),
    ]
