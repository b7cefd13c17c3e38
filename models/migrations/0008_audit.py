from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

# The roles that the application takes: none owns anything, and none may log in. Roles belong to the
# whole server, where another of its databases may be migrated at this moment.
ROLES = """
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY '{credit_app,credit_member,credit_sequencer}'::text[] LOOP
        BEGIN
            IF to_regrole(wanted) IS NULL THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
            IF wanted = 'credit_app' AND NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = wanted)
            THEN  -- COPY needs it; what members may see is for credit_member
                ALTER ROLE credit_app BYPASSRLS;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END $$
"""

# What Tortoise cannot declare.
TABLES = (
    """
    ALTER TABLE audit_entry
        ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY,
        ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
        ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now()
    """,
    "CREATE INDEX audit_entry_object ON audit_entry (object_id, number)",
    "CREATE INDEX audit_entry_enterprise ON audit_entry (enterprise_id, number)",
    "CREATE INDEX audit_entry_actor ON audit_entry (actor, number)",
    "CREATE UNIQUE INDEX audit_entry_number ON audit_entry (number)",
    """
    CREATE TABLE audit_row (
        entry_id uuid PRIMARY KEY,
        sha256 bytea  -- none: the row is gone
    )
    """,
    """
    CREATE TABLE audit_key (
        subject varchar(80) PRIMARY KEY,
        key bytea NOT NULL
    )
    """,
    "CREATE TABLE audit_pending (number bigint PRIMARY KEY)",
    """
    CREATE TABLE audit_leaf (
        leaf bigint PRIMARY KEY,
        entry_id uuid NOT NULL UNIQUE,
        sha256 bytea NOT NULL
    )
    """,
    """
    CREATE TABLE audit_head (
        size bigint PRIMARY KEY,
        previous bigint NOT NULL,
        at timestamptz NOT NULL,
        root bytea NOT NULL,
        peaks bytea[] NOT NULL,
        key_id varchar(32) NOT NULL,
        signature bytea NOT NULL
    )
    """,
    """
    CREATE TABLE idempotency_key (
        user_id uuid NOT NULL,
        key varchar(64) NOT NULL,
        asked bytea NOT NULL,
        taken_at timestamptz NOT NULL,
        status smallint,
        content_type varchar(100),
        body bytea,
        PRIMARY KEY (user_id, key)
    )
    """,
    "CREATE INDEX idempotency_key_age ON idempotency_key (taken_at)",
    "ALTER TABLE audit_pending SET (autovacuum_vacuum_scale_factor = 0, "
    "autovacuum_vacuum_threshold = 10000)",
)
FUNCTIONS = (
    # Every entry waits for its number.
    """
    CREATE FUNCTION audit_await() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        INSERT INTO audit_pending SELECT number FROM written;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER audit_entry_waits AFTER INSERT ON audit_entry "
    "REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION audit_await()",
    # Columns that are null do not count, so that a new one changes no hash.
    """
    CREATE FUNCTION audit_sha256(line jsonb, ignored text[]) RETURNS bytea LANGUAGE sql IMMUTABLE
    AS $$
        SELECT sha256(convert_to(jsonb_object_agg(key, value)::text, 'UTF8'))
        FROM jsonb_each(line) WHERE value <> 'null' AND key <> ALL (ignored)
    $$
    """,
    # At COMMIT: a changed row has an entry of the same transaction, which learns how it looks now.
    """
    CREATE FUNCTION audit_at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
    DECLARE
        changed uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END;
        uncounted text[] := TG_ARGV[0]::text[];
        entry uuid;
        line jsonb;
        looks bytea;
    BEGIN
        IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - uncounted = to_jsonb(NEW) - uncounted THEN
            RETURN NULL;
        END IF;
        SELECT id INTO entry FROM audit_entry
        WHERE tx = pg_current_xact_id() AND object_id = changed::text AND kind = TG_TABLE_NAME
        ORDER BY number DESC LIMIT 1;
        IF entry IS NULL THEN
            RAISE EXCEPTION '% % changes without an audit entry', TG_TABLE_NAME, changed
                USING ERRCODE = 'restrict_violation',
                HINT = 'await audit.note(…, kind=<table>, id=<row>) in the same transaction';
        END IF;
        EXECUTE format('SELECT to_jsonb(t) FROM %I t WHERE id = $1', TG_TABLE_NAME)
            INTO line USING changed;
        looks := audit_sha256(line, uncounted);
        INSERT INTO audit_row VALUES (entry, looks) ON CONFLICT (entry_id) DO NOTHING;
        IF NOT FOUND AND looks IS DISTINCT FROM (SELECT sha256 FROM audit_row WHERE entry_id = entry)
        THEN  -- constraints were made immediate, and the row changed once more after that
            RAISE EXCEPTION '% % changes again without an audit entry', TG_TABLE_NAME, changed
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    # `SELECT audit_watch('binding')` in a migration: from there on the table is audited. Its key is
    # a uuid named id; columns that need no entry (a time of last use) are named as ignored.
    """
    CREATE FUNCTION audit_watch(wanted text, ignored text[] DEFAULT '{}') RETURNS void
    LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('CREATE CONSTRAINT TRIGGER is_audited AFTER INSERT OR UPDATE OR DELETE ON %I '
            'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_at_commit(%L)',
            wanted, ignored);
        EXECUTE format('CREATE TRIGGER is_not_truncated BEFORE TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', wanted);
    END $$
    """,
    # Whom the session acts for, and which enterprises are theirs; see bot/clients/database.py.
    """
    CREATE FUNCTION acting_user() RETURNS uuid LANGUAGE sql STABLE AS $$
        SELECT nullif(current_setting('credit.user', true), '')::uuid
    $$
    """,
    # Its last statement is first read when it first runs: table `binding` comes with a later step.
    """
    CREATE FUNCTION bound_enterprises() RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF to_regclass('binding') IS NULL THEN
            RETURN;
        END IF;
        RETURN QUERY SELECT b.enterprise_id FROM binding b JOIN app_user u ON u.id = b.user_id
            WHERE acting_user() IN (u.id, u.joined_into_id) AND b.state = 'active';
    END $$
    """,
    # `SELECT guard_rows('fact')` in a migration: a member then sees and changes only rows of the
    # enterprises that they act for. `also` is a further condition under which a row is theirs, and
    # `shown` one under which anybody may read it.
    """
    CREATE FUNCTION guard_rows(
        wanted text, owner text DEFAULT 'enterprise_id', also text DEFAULT 'false',
        shown text DEFAULT 'false'
    ) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        mine text := format('%I = ANY (ARRAY(SELECT bound_enterprises())) OR (%s)', owner, also);
    BEGIN
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', wanted);
        EXECUTE format('CREATE POLICY everything ON %I TO credit_app USING (true)', wanted);
        EXECUTE format('CREATE POLICY theirs ON %I TO credit_member USING (%s)', wanted, mine);
        IF shown <> 'false' THEN
            EXECUTE format('CREATE POLICY shown ON %I FOR SELECT TO credit_member USING (%s)',
                wanted, shown);
        END IF;
    END $$
    """,
)
FINAL = tuple(
    f"CREATE TRIGGER {table}_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    for table in ("audit_entry", "audit_row", "audit_leaf", "audit_head")
)
GUARDS = (
    # Name and code of an enterprise are public; only who acts for it changes them.
    "SELECT guard_rows('enterprise', owner => 'id', shown => 'true')",
    "SELECT guard_rows('fact')",
    "SELECT guard_rows('assessment')",
    "SELECT guard_rows('scoring_result')",
)

class Migration(migrations.Migration):
    dependencies = [('models', '0007_consents')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('actor_kind', fields.CharField(max_length=8)),
                ('actor', fields.CharField(max_length=80)),
                ('session', fields.CharField(max_length=64)),
                ('door', fields.CharField(max_length=8)),
                ('request', fields.CharField(max_length=64)),
                ('action', fields.CharField(max_length=64)),
                ('kind', fields.CharField(max_length=40)),
                ('object_id', fields.CharField(max_length=80)),
                ('enterprise_id', fields.UUIDField(null=True)),
                ('before', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('after', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('reason', fields.BinaryField()),
                ('written', fields.BinaryField()),
            ],
            options={'table': 'audit_entry', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One entry. The migration adds `number`, the order of writing, `tx` and `recorded_at`.'},
            bases=['Model'],
        ),
        ops.RunSQL(
            [ROLES, *TABLES, *FUNCTIONS, *FINAL, *GUARDS],
            reverse_sql=[
                *(
                    statement
                    for table in ('enterprise', 'fact', 'assessment', 'scoring_result')
                    for statement in (
                        f'DROP POLICY everything ON {table}',
                        f'DROP POLICY theirs ON {table}',
                        f'DROP POLICY IF EXISTS shown ON {table}',
                        f'ALTER TABLE {table} DISABLE ROW LEVEL SECURITY',
                    )
                ),
                'DROP FUNCTION guard_rows(text, text, text, text)',
                'DROP FUNCTION bound_enterprises()',
                'DROP FUNCTION acting_user()',
                'DROP FUNCTION audit_watch(text, text[])',
                'DROP FUNCTION audit_at_commit()',
                'DROP FUNCTION audit_sha256(jsonb, text[])',
                'DROP TRIGGER audit_entry_waits ON audit_entry',
                'DROP FUNCTION audit_await()',
                'DROP TRIGGER audit_entry_is_final ON audit_entry',
                'DROP TABLE idempotency_key, audit_head, audit_leaf, audit_pending, audit_key, audit_row',
            ],
        ),
    ]
