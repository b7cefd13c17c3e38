from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

# What Tortoise cannot declare. `changed` is the transaction that touched a row last: the processes
# that answer verifications ask for rows at or above the oldest transaction that still ran when they
# asked before, and so miss none, whatever the order of commits.
COLUMNS = (
    "ALTER TABLE certificate ALTER changed SET DEFAULT pg_current_xact_id()::text::bigint",
    "CREATE SEQUENCE certificate_position AS integer START 1",
    "ALTER TABLE certificate ALTER position SET DEFAULT nextval('certificate_position')",
    "CREATE UNIQUE INDEX certificate_of_basis ON certificate (basis_kind, basis_id) "
    "WHERE basis_id IS NOT NULL",
    "CREATE INDEX certificate_unsigned ON certificate (recorded_at) WHERE token IS NULL",
    "CREATE INDEX certificate_to_review ON certificate (review_due) "
    "WHERE review_due IS NOT NULL AND state IN ('active', 'suspended')",
    "ALTER TABLE certificate ADD CONSTRAINT two_persons CHECK (basis_kind <> 'demonstration' OR "
    "(btrim(basis_by) <> '' AND btrim(basis_second) <> '' "
    "AND lower(btrim(basis_by)) <> lower(btrim(basis_second))))",
    "ALTER TABLE certificate ADD CONSTRAINT whole_token CHECK "
    "((token IS NULL) = (key IS NULL) AND (token IS NULL) = (signed_at IS NULL))",
    "ALTER TABLE signing_key ADD CONSTRAINT one_algorithm CHECK (algorithm = 'Ed25519')",
)
ISSUED = (
    'id', 'enterprise_id', 'number', 'programme', 'programme_version', 'scheme', 'level', 'name',
    'credit_code', 'valid_from', 'valid_to', 'random', 'position', 'basis_kind', 'basis_id',
    'basis_by', 'basis_second', 'basis_reason', 'recorded_at', 'replaces',
)
MADE = ('id', 'number', 'purpose', 'algorithm', 'public', 'is_test', 'made_at', 'made_by', 'used_from')
FUNCTIONS = (
    f"""
    CREATE FUNCTION certificate_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF ({', '.join(f'NEW.{name}' for name in ISSUED)})
            IS DISTINCT FROM ({', '.join(f'OLD.{name}' for name in ISSUED)})
        THEN
            RAISE EXCEPTION 'what was issued is never changed' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.state IN ('revoked', 'withdrawn', 'superseded') AND NEW.state <> OLD.state THEN
            RAISE EXCEPTION 'a % certificate stays so', OLD.state USING ERRCODE = 'restrict_violation';
        END IF;
        NEW.changed := pg_current_xact_id()::text::bigint;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER certificate_stays BEFORE UPDATE ON certificate "
    "FOR EACH ROW EXECUTE FUNCTION certificate_stays()",
    """
    CREATE FUNCTION certificates_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('certificates', '');
        RETURN NULL;
    END $$
    """,
    *(
        f"CREATE TRIGGER {table}_is_told AFTER INSERT OR UPDATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION certificates_changed()"
        for table in ('certificate', 'signing_key', 'status_list')
    ),
    f"""
    CREATE FUNCTION signing_key_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF ({', '.join(f'NEW.{name}' for name in MADE)})
            IS DISTINCT FROM ({', '.join(f'OLD.{name}' for name in MADE)})
            OR NEW.verify_until > OLD.verify_until
            OR (OLD.retired_at IS NOT NULL AND NEW.retired_at IS DISTINCT FROM OLD.retired_at)
            OR (OLD.compromised_from IS NOT NULL
                AND NEW.compromised_from IS DISTINCT FROM LEAST(NEW.compromised_from, OLD.compromised_from))
        THEN
            RAISE EXCEPTION 'a key only ever ends, and earlier' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER signing_key_stays BEFORE UPDATE ON signing_key "
    "FOR EACH ROW EXECUTE FUNCTION signing_key_stays()",
    *(
        f"CREATE TRIGGER {table}_is_kept BEFORE DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in ('certificate', 'signing_key')
    ),
    "CREATE TRIGGER certificate_event_is_final BEFORE UPDATE OR DELETE OR TRUNCATE "
    "ON certificate_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)
GUARDS = (
    # As audit_watch does, but for issuing many at once: new rows are looked at together, and their
    # entries come first. A signature adds nothing to what was decided: it needs no entry.
    """
    CREATE FUNCTION certificates_made() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
    DECLARE
        without bigint;
    BEGIN
        INSERT INTO audit_row
            SELECT e.id, audit_sha256(to_jsonb(m), '{token,key,signed_at,changed}')
            FROM made m JOIN audit_entry e ON e.tx = pg_current_xact_id()
                AND e.object_id = m.id::text AND e.kind = 'certificate';
        GET DIAGNOSTICS without = ROW_COUNT;
        without := (SELECT count(*) FROM made) - without;
        IF without <> 0 THEN
            RAISE EXCEPTION '% certificates without an audit entry of their own', without
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER is_audited_when_made AFTER INSERT ON certificate "
    "REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION certificates_made()",
    "CREATE CONSTRAINT TRIGGER is_audited AFTER UPDATE OF state, state_since, reason, reviewed_on, "
    "review_due, grace_days, withdrawn_after_days, replaced_by OR DELETE ON certificate "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
    "EXECUTE FUNCTION audit_at_commit('{token,key,signed_at,changed}')",
    "SELECT audit_watch('signing_key')",
    "SELECT guard_rows('certificate')",
    "SELECT guard_rows('certificate_event')",
)
UNDO = (
    'DROP POLICY everything ON certificate', 'DROP POLICY theirs ON certificate',
    'DROP POLICY everything ON certificate_event', 'DROP POLICY theirs ON certificate_event',
    'DROP TRIGGER is_audited ON certificate', 'DROP TRIGGER is_audited ON signing_key',
    'DROP TRIGGER is_not_truncated ON signing_key', 'DROP TRIGGER is_audited_when_made ON certificate',
    'DROP TRIGGER certificate_stays ON certificate', 'DROP TRIGGER certificate_is_told ON certificate',
    'DROP TRIGGER certificate_is_kept ON certificate', 'DROP TRIGGER signing_key_stays ON signing_key',
    'DROP TRIGGER signing_key_is_told ON signing_key', 'DROP TRIGGER status_list_is_told ON status_list', 'DROP TRIGGER signing_key_is_kept ON signing_key',
    'DROP TRIGGER certificate_event_is_final ON certificate_event',
    'DROP FUNCTION certificate_stays()', 'DROP FUNCTION certificates_made()', 'DROP FUNCTION certificates_changed()',
    'DROP FUNCTION signing_key_stays()',
    'ALTER TABLE certificate ALTER position DROP DEFAULT', 'DROP SEQUENCE certificate_position',
)

class Migration(migrations.Migration):
    dependencies = [('models', '0010_files')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Certificate',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('number', fields.CharField(unique=True, max_length=20)),
                ('programme', fields.CharField(max_length=40)),
                ('programme_version', fields.SmallIntField()),
                ('scheme', fields.CharField(max_length=8)),
                ('level', fields.CharField(max_length=8)),
                ('name', fields.CharField(max_length=200)),
                ('credit_code', fields.CharField(max_length=18)),
                ('valid_from', fields.DateField()),
                ('valid_to', fields.DateField()),
                ('random', fields.BinaryField()),
                ('position', fields.IntField(unique=True)),
                ('basis_kind', fields.CharField(max_length=16)),
                ('basis_id', fields.UUIDField(null=True)),
                ('basis_by', fields.CharField(db_default='', max_length=64)),
                ('basis_second', fields.CharField(db_default='', max_length=64)),
                ('basis_reason', fields.CharField(db_default='', max_length=200)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('token', fields.TextField(null=True, unique=False)),
                ('key', fields.SmallIntField(null=True)),
                ('signed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('state', fields.CharField(db_default='active', max_length=12)),
                ('state_since', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reason', fields.CharField(db_default='', max_length=20)),
                ('reviewed_on', fields.DateField(null=True)),
                ('review_due', fields.DateField(null=True)),
                ('grace_days', fields.SmallIntField(db_default=0)),
                ('withdrawn_after_days', fields.SmallIntField(db_default=0)),
                ('replaces', fields.CharField(db_default='', max_length=20)),
                ('replaced_by', fields.CharField(db_default='', max_length=20)),
                ('changed', fields.BigIntField(db_default=0)),
            ],
            options={'table': 'certificate', 'app': 'models', 'indexes': [Index(fields=['enterprise_id']), Index(fields=['changed']), Index(fields=['credit_code'])], 'pk_attr': 'id', 'table_description': 'One certificate: first the record of what will be signed, then the token.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CertificateEvent',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('certificate', fields.ForeignKeyField('models.Certificate', source_field='certificate_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('action', fields.CharField(max_length=12)),
                ('before', fields.CharField(max_length=12)),
                ('after', fields.CharField(max_length=12)),
                ('reason', fields.CharField(db_default='', max_length=20)),
                ('words', fields.CharField(db_default='', max_length=200)),
                ('by', fields.CharField(max_length=64)),
                ('second', fields.CharField(db_default='', max_length=64)),
            ],
            options={'table': 'certificate_event', 'app': 'models', 'indexes': [Index(fields=['certificate_id', 'at'])], 'pk_attr': 'id', 'table_description': "One line of a certificate's life; a trigger refuses to change or delete it."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CertificateSeries',
            fields=[
                ('prefix', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ('last_serial', fields.IntField()),
            ],
            options={'table': 'certificate_series', 'app': 'models', 'pk_attr': 'prefix', 'table_description': 'The last serial given out under one prefix of numbers; its row lock is the queue.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='StatusList',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('body', fields.TextField(unique=False)),
            ],
            options={'table': 'status_list', 'app': 'models', 'pk_attr': 'id', 'table_description': 'The last signed list of what is not as it was issued; one row.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FakeReport',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('ticket', fields.CharField(unique=True, max_length=20)),
                ('number', fields.CharField(db_default='', max_length=40)),
                ('place', fields.CharField(db_default='', max_length=200)),
                ('url', fields.CharField(db_default='', max_length=500)),
                ('words', fields.CharField(db_default='', max_length=1000)),
                ('photo', fields.BinaryField(null=True)),
                ('photo_type', fields.CharField(db_default='', max_length=20)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('closed_by', fields.CharField(db_default='', max_length=64)),
                ('outcome', fields.CharField(db_default='', max_length=200)),
            ],
            options={'table': 'fake_report', 'app': 'models', 'indexes': [Index(fields=['created_at'])], 'pk_attr': 'id', 'table_description': 'What somebody told us about a certificate that looks false.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SigningKey',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('number', fields.SmallIntField(unique=True)),
                ('purpose', fields.CharField(max_length=12)),
                ('algorithm', fields.CharField(max_length=16)),
                ('public', fields.BinaryField()),
                ('is_test', fields.BooleanField()),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('made_by', fields.CharField(max_length=64)),
                ('made_why', fields.CharField(max_length=200)),
                ('used_from', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('verify_until', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('retired_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('retired_by', fields.CharField(db_default='', max_length=64)),
                ('retired_why', fields.CharField(db_default='', max_length=200)),
                ('compromised_from', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('compromised_noted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('compromised_by', fields.CharField(db_default='', max_length=64)),
                ('compromised_second', fields.CharField(db_default='', max_length=64)),
                ('compromised_why', fields.CharField(db_default='', max_length=200)),
            ],
            options={'table': 'signing_key', 'app': 'models', 'pk_attr': 'id', 'table_description': 'The public half of a key and its dates; the private half is nowhere in the database.'},
            bases=['Model'],
        ),
        ops.RunSQL([*COLUMNS, *FUNCTIONS, *GUARDS], reverse_sql=list(UNDO)),
    ]
