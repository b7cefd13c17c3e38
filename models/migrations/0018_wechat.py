from tortoise import migrations
from tortoise.migrations import operations as ops
from models.content_check import CheckState
from tortoise.contrib.postgres.indexes import PostgreSQLIndex
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0017_papers')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ContentCheck',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('place', fields.CharField(max_length=40)),
                ('subject', fields.UUIDField()),
                ('openid', fields.CharField(max_length=64)),
                ('words', fields.TextField(unique=False)),
                ('file_id', fields.UUIDField(null=True)),
                ('ticket_hash', fields.CharField(null=True, unique=True, max_length=64)),
                ('trace_id', fields.CharField(null=True, unique=True, max_length=64)),
                ('state', fields.CharEnumField(description='PENDING: pending\nHUMAN: human\nPASSED: passed\nREJECTED: rejected', enum_type=CheckState, max_length=8)),
                ('label', fields.IntField(null=True)),
                ('why', fields.CharField(max_length=200)),
                ('decided_by', fields.CharField(max_length=64)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'content_check', 'app': 'models', 'indexes': [Index(fields=['subject', 'place', 'created_at']), Index(fields=['decided_at']), PostgreSQLIndex(fields=['created_at'], name='content_check_human', condition={'state': 'human'}), PostgreSQLIndex(fields=['created_at'], name='content_check_pending', condition={'state': 'pending'})], 'pk_attr': 'id', 'table_description': 'One text or one picture, at one place. What was judged is kept, so that staff can see it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ContentVerdict',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('trace_id', fields.CharField(unique=True, max_length=64)),
                ('suggestion', fields.CharField(max_length=8)),
                ('label', fields.IntField()),
                ('received_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'content_verdict', 'app': 'models', 'indexes': [Index(fields=['received_at'])], 'pk_attr': 'id', 'table_description': 'What WeChat says later about a picture; it may be here before we know its trace_id.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Contact',
            name='invalid_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        # Chinese names have no blanks: cut into pairs of signs, each pair is a word to pg_trgm.
        # So two signs are found as quickly as twenty, and one wrong sign costs two pairs only.
        ops.RunSQL(
            [
                'CREATE EXTENSION IF NOT EXISTS pg_trgm',
                """
                CREATE FUNCTION name_pairs(name text) RETURNS text
                LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
                    SELECT ' ' || string_agg(substr(core, at, 2), ' ') || ' '
                    FROM (SELECT regexp_replace(regexp_replace(lower(name), '[\\s()（）]', '', 'g'),
                        '(股份有限公司|有限责任公司|有限公司|公司)$', '') AS core) AS cut,
                        generate_series(1, greatest(length(core) - 1, 1)) AS at
                $$
                """,
                'ALTER TABLE enterprise ADD COLUMN name_pairs text'
                ' GENERATED ALWAYS AS (name_pairs(name)) STORED',
                'CREATE INDEX enterprise_name_pairs ON enterprise USING gin (name_pairs gin_trgm_ops)',
                'CREATE INDEX enterprise_name_whole ON enterprise USING hash (name_pairs)',
            ],
            [
                'DROP INDEX enterprise_name_whole',
                'DROP INDEX enterprise_name_pairs',
                'ALTER TABLE enterprise DROP COLUMN name_pairs',
                'DROP FUNCTION name_pairs(text)',
            ],
        ),
    ]
