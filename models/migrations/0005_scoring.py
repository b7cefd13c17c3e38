from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

# What Tortoise cannot declare: a partial index on NULL, keys of two columns, and the refusals.
CURRENT_FACTS = (
    'CREATE INDEX fact_current ON fact (enterprise_id) WHERE until_version IS NULL'
)
BATCH_TABLES = (
    """
    CREATE TABLE scoring_slice (
        run_id uuid NOT NULL REFERENCES scoring_run (id),
        number int NOT NULL,
        after uuid NOT NULL,
        upto uuid NOT NULL,
        done_at timestamptz,
        PRIMARY KEY (run_id, number)
    )
    """,
    """
    CREATE TABLE scoring_result (
        run_id uuid NOT NULL,
        enterprise_id uuid NOT NULL,
        facts_version int NOT NULL,
        state varchar(12) NOT NULL,
        total numeric,
        grade text,
        level text,
        level_by_points text,
        bars text[] NOT NULL,
        note text,
        PRIMARY KEY (run_id, enterprise_id)
    )
    """,
    """
    CREATE TABLE current_run (
        scheme varchar(64) NOT NULL,
        basis varchar(8) NOT NULL,
        run_id uuid NOT NULL REFERENCES scoring_run (id),
        started_at timestamptz NOT NULL,
        PRIMARY KEY (scheme, basis)
    )
    """,
)
REFUSALS = (
    "ALTER TABLE published_pack ADD CONSTRAINT two_persons "
    "CHECK (lower(btrim(proposed_by)) <> lower(btrim(approved_by)))",
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE FUNCTION only_supersede() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.until_version IS NULL AND NEW.until_version > OLD.since_version
            AND to_jsonb(OLD) - 'until_version' = to_jsonb(NEW) - 'until_version'
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a fact is only ever superseded, once' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    *(
        f"CREATE TRIGGER {table}_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in ("published_pack", "assessment")
    ),
    "CREATE TRIGGER fact_stays BEFORE DELETE OR TRUNCATE ON fact "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER fact_is_superseded BEFORE UPDATE ON fact "
    "FOR EACH ROW EXECUTE FUNCTION only_supersede()",
)

class Migration(migrations.Migration):
    dependencies = [('models', '0004_retention')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Enterprise',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('credit_code', fields.CharField(unique=True, max_length=18)),
                ('name', fields.CharField(max_length=200)),
                ('facts_version', fields.IntField(db_default=0)),
            ],
            options={'table': 'enterprise', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One enterprise. `facts_version` counts the changes of its facts and orders their writers.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Fact',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('key', fields.CharField(max_length=80)),
                ('fact', fields.CharField(max_length=64)),
                ('kind', fields.CharField(db_default='', max_length=64)),
                ('value', fields.TextField(db_default='', unique=False)),
                ('standing', fields.CharField(max_length=8)),
                ('on', fields.DateField(null=True)),
                ('repaired_on', fields.DateField(null=True)),
                ('ended_on', fields.DateField(null=True)),
                ('source', fields.TextField(null=True, unique=False)),
                ('evidence', fields.TextField(null=True, unique=False)),
                ('detail', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('since_version', fields.IntField()),
                ('until_version', fields.IntField(null=True)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'fact', 'app': 'models', 'unique_together': (('enterprise', 'key', 'since_version'),), 'pk_attr': 'id', 'table_description': 'A record in the format of bot/scoring/README.md; `key` is its id there.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PackProposal',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('scheme', fields.CharField(max_length=64)),
                ('version', fields.IntField()),
                ('source', fields.TextField(unique=False)),
                ('sha256', fields.CharField(max_length=64)),
                ('effective_on', fields.DateField()),
                ('proposed_by', fields.CharField(max_length=64)),
                ('proposed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'pack_proposal', 'app': 'models', 'unique_together': (('scheme', 'version'),), 'pk_attr': 'id', 'table_description': 'A version that waits for a second person; a later proposal of the version replaces it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PublishedPack',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('scheme', fields.CharField(max_length=64)),
                ('version', fields.IntField()),
                ('source', fields.TextField(unique=False)),
                ('canonical', fields.BinaryField()),
                ('sha256', fields.CharField(unique=True, max_length=64)),
                ('effective_on', fields.DateField()),
                ('proposed_by', fields.CharField(max_length=64)),
                ('approved_by', fields.CharField(max_length=64)),
                ('published_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'published_pack', 'app': 'models', 'unique_together': (('scheme', 'version'),), 'pk_attr': 'id', 'table_description': 'A version in force for ever: a trigger refuses to change or delete the row.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Assessment',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('pack', fields.ForeignKeyField('models.PublishedPack', source_field='pack_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('scheme', fields.CharField(max_length=64)),
                ('version', fields.IntField()),
                ('sha256', fields.CharField(max_length=64)),
                ('basis', fields.CharField(max_length=8)),
                ('as_of', fields.DateField()),
                ('facts_version', fields.IntField()),
                ('result', fields.BinaryField()),
                ('total', fields.DecimalField(null=True, max_digits=18, decimal_places=6)),
                ('grade', fields.CharField(null=True, max_length=16)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'assessment', 'app': 'models', 'indexes': [Index(fields=['enterprise_id', 'scheme', 'made_at'])], 'pk_attr': 'id', 'table_description': 'One run of a scheme over one enterprise; a trigger refuses to change or delete the row.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ScoringRun',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('pack', fields.ForeignKeyField('models.PublishedPack', source_field='pack_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('basis', fields.CharField(max_length=8)),
                ('as_of', fields.DateField()),
                ('started_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('finished_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'scoring_run', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One batch; started again after a kill it goes on where it was.'},
            bases=['Model'],
        ),
        ops.RunSQL(
            [CURRENT_FACTS, *BATCH_TABLES, *REFUSALS],
            reverse_sql=[
                'DROP TABLE current_run, scoring_result, scoring_slice',
                *(f'DROP TRIGGER {table}_is_final ON {table}' for table in ('published_pack', 'assessment')),
                'DROP TRIGGER fact_stays ON fact',
                'DROP TRIGGER fact_is_superseded ON fact',
                'DROP FUNCTION refuse_change()',
                'DROP FUNCTION only_supersede()',
                'DROP INDEX fact_current',
            ],
        ),
    ]
