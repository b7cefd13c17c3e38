from tortoise import migrations
from tortoise.migrations import operations as ops

# One entry may stand for many rows: `audit_part` says how each of them looked.
PARTS = (
    """
    CREATE TABLE audit_part (
        entry_id uuid NOT NULL,
        kind varchar(40) NOT NULL,
        object_id varchar(80) NOT NULL,
        sha256 bytea,  -- none: it is gone
        PRIMARY KEY (entry_id, kind, object_id)
    )
    """,
    "CREATE TRIGGER audit_part_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_part "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)
LOOKS = (
    # The key of an object, made where there is none.
    """
    CREATE FUNCTION audit_secret(wanted text) RETURNS bytea LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO audit_key VALUES (wanted,
            decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'))
        ON CONFLICT DO NOTHING;
        RETURN (SELECT key FROM audit_key WHERE subject = wanted);
    END $$
    """,
    # How a row looks. Columns that are null do not count, so that a new one changes no hash. What
    # must be erasable counts under the row's own key and, once it is empty, not at all: when the
    # key is destroyed nobody can find out by guessing what stood there.
    """
    CREATE FUNCTION audit_looks(wanted text, line jsonb, ignored text[], erasable text[])
    RETURNS bytea LANGUAGE plpgsql AS $$
    DECLARE
        apart jsonb;
        secret bytea;
    BEGIN
        IF erasable <> '{}' THEN
            apart := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(line)
                WHERE key = ANY (erasable) AND value NOT IN ('null', '""', '[]'));
        END IF;
        IF apart IS NOT NULL THEN
            secret := audit_secret(wanted || ':' || (line ->> 'id'));
            apart := jsonb_build_object('erasable',
                encode(sha256(secret || convert_to(apart::text, 'UTF8')), 'hex'));
        END IF;
        RETURN (
            SELECT sha256(convert_to(
                (jsonb_object_agg(key, value) || coalesce(apart, '{}'))::text, 'UTF8'))
            FROM jsonb_each(line)
            WHERE value <> 'null' AND key <> ALL (ignored) AND key <> ALL (erasable)
        );
    END $$
    """,
    # The same for rows by the thousand, where nothing is erasable and no column is jsonb.
    """
    CREATE FUNCTION audit_looks_flat(line jsonb, ignored text[]) RETURNS bytea LANGUAGE sql IMMUTABLE
    AS $$
        SELECT sha256(convert_to((jsonb_strip_nulls(line) - ignored)::text, 'UTF8'))
    $$
    """,
    # Rows that were there before their table was watched, or was watched so closely.
    """
    CREATE FUNCTION audit_begin(wanted text) RETURNS uuid LANGUAGE plpgsql AS $$
    DECLARE
        entry uuid := gen_random_uuid();
    BEGIN
        INSERT INTO audit_entry (id, at, actor_kind, actor, session, door, request, action, kind,
            object_id, reason, written)
        VALUES (entry, now(), 'system', 'migration', '', '', '', 'audit.begin', wanted, '*', '',
            sha256('\\x00' || convert_to(format('{"action":"audit.begin","actor":"migration",'
                '"actor_kind":"system","after":null,"at":"%s","before":null,"door":"",'
                '"enterprise_id":null,"id":"%s","kind":"%s","object_id":"*","reason":"",'
                '"request":"","session":""}',
                to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                entry, wanted), 'UTF8')));
        RETURN entry;
    END $$
    """,
    """
    CREATE FUNCTION audit_as_is(wanted text, ignored text[], erasable text[]) RETURNS void
    LANGUAGE plpgsql SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
    DECLARE
        filled boolean;
    BEGIN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', wanted) INTO filled;
        IF filled THEN
            EXECUTE format('INSERT INTO audit_part SELECT $1, %L, t.id::text, '
                'audit_looks(%L, to_jsonb(t), $2, $3) FROM %I t', wanted, wanted, wanted)
                USING audit_begin(wanted), ignored, erasable;
        END IF;
    END $$
    """,
)
TRIGGERS = (
    """
    CREATE OR REPLACE FUNCTION audit_at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
    DECLARE
        changed uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END;
        uncounted text[] := TG_ARGV[0]::text[];
        erasable text[] := coalesce(TG_ARGV[1], '{}')::text[];
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
        looks := audit_looks(TG_TABLE_NAME, line, uncounted, erasable);
        INSERT INTO audit_row VALUES (entry, looks) ON CONFLICT (entry_id) DO NOTHING;
        IF NOT FOUND AND looks IS DISTINCT FROM (SELECT sha256 FROM audit_row WHERE entry_id = entry)
        THEN  -- constraints were made immediate, and the row changed once more after that
            RAISE EXCEPTION '% % changes again without an audit entry', TG_TABLE_NAME, changed
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    # For rows that come by the thousand or belong to another one: the entry comes first, about the
    # row, about the one that it belongs to, or about each row of that kind (`*`).
    """
    CREATE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
    DECLARE
        uncounted text[] := TG_ARGV[0]::text[];
        owner text := TG_ARGV[1];
        of_another text[] := TG_ARGV[3]::text[];  -- columns whose change another trigger notes
        each uuid := (SELECT id FROM audit_entry WHERE tx = pg_current_xact_id()
            AND object_id = '*' AND kind = owner ORDER BY number DESC LIMIT 1);
        differs text;
    BEGIN
        differs := (
            SELECT string_agg(format('w.%1$I IS DISTINCT FROM m.%1$I', attname), ' OR ')
            FROM pg_attribute WHERE attrelid = TG_RELID AND attnum > 0 AND NOT attisdropped
                AND attname <> ALL (uncounted || of_another)
        );
        EXECUTE format('INSERT INTO audit_part SELECT coalesce($2, (SELECT e.id FROM audit_entry e '
            'WHERE e.tx = pg_current_xact_id() AND e.object_id = m.%I::text AND e.kind = $1 '
            'ORDER BY e.number DESC LIMIT 1)), %L, m.id::text, '
            'audit_looks_flat(to_jsonb(m), $3) FROM made m', TG_ARGV[2], TG_TABLE_NAME)
            || CASE TG_OP WHEN 'UPDATE' THEN ' JOIN was w USING (id) WHERE ' || differs ELSE '' END
            USING owner, each, uncounted;
        RETURN NULL;
    EXCEPTION WHEN not_null_violation OR unique_violation THEN
        RAISE EXCEPTION 'rows of % change without an audit entry before it', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation',
            HINT = format('await audit.note(…, kind=%L, id=<row> or EACH) in the same transaction, '
                'before the change', owner);
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION certificates_made() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
    DECLARE
        without bigint;
    BEGIN
        INSERT INTO audit_row
            SELECT e.id, audit_looks_flat(to_jsonb(m), '{}')
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
    "DROP FUNCTION audit_sha256(jsonb, text[])",
    # A key comes with the first entry that needs it and goes with an entry that says so.
    """
    CREATE FUNCTION audit_key_at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        about text := CASE TG_OP WHEN 'DELETE' THEN OLD.subject ELSE NEW.subject END;
        what text := split_part(about, ':', 1);
        whose text := substr(about, length(what) + 2);
        entry uuid;
    BEGIN
        IF TG_OP = 'DELETE' THEN
            what := 'audit_key';
            whose := about;
        END IF;
        SELECT id INTO entry FROM audit_entry WHERE tx = pg_current_xact_id()
            AND object_id IN (whose, '*') AND kind = what ORDER BY number DESC LIMIT 1;
        IF entry IS NULL AND what = 'enterprise' AND whose ~ '^[0-9a-f-]{36}$' THEN
            SELECT id INTO entry FROM audit_entry WHERE tx = pg_current_xact_id()
                AND enterprise_id = whose::uuid ORDER BY number DESC LIMIT 1;
        END IF;
        IF entry IS NULL THEN
            RAISE EXCEPTION 'audit_key % changes without an audit entry', about
                USING ERRCODE = 'restrict_violation';
        END IF;
        INSERT INTO audit_part VALUES (entry, 'audit_key', about,
            CASE TG_OP WHEN 'INSERT' THEN sha256(NEW.key) END);
        RETURN NULL;
    END $$
    """,
    # An update that changes nothing tells nobody anything, and needs no entry.
    """
    CREATE OR REPLACE FUNCTION certificate_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (NEW.id, NEW.enterprise_id, NEW.number, NEW.programme, NEW.programme_version, NEW.scheme,
            NEW.level, NEW.name, NEW.credit_code, NEW.valid_from, NEW.valid_to, NEW.random,
            NEW.position, NEW.basis_kind, NEW.basis_id, NEW.basis_by, NEW.basis_second,
            NEW.basis_reason, NEW.recorded_at, NEW.replaces)
            IS DISTINCT FROM (OLD.id, OLD.enterprise_id, OLD.number, OLD.programme,
            OLD.programme_version, OLD.scheme, OLD.level, OLD.name, OLD.credit_code, OLD.valid_from,
            OLD.valid_to, OLD.random, OLD.position, OLD.basis_kind, OLD.basis_id, OLD.basis_by,
            OLD.basis_second, OLD.basis_reason, OLD.recorded_at, OLD.replaces)
        THEN
            RAISE EXCEPTION 'what was issued is never changed' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.state IN ('revoked', 'withdrawn', 'superseded') AND NEW.state <> OLD.state THEN
            RAISE EXCEPTION 'a % certificate stays so', OLD.state USING ERRCODE = 'restrict_violation';
        END IF;
        NEW.changed := OLD.changed;
        IF NEW IS DISTINCT FROM OLD THEN
            NEW.changed := pg_current_xact_id()::text::bigint;
        END IF;
        RETURN NEW;
    END $$
    """,
)
# `SELECT audit_watch('binding')` in a migration: from there on the table is audited, with the rows
# that it has. Its key is a uuid named id; columns that need no entry are named as ignored, those
# that the law may want erased as erasable. bot/commands/audit_verify.py lists the same.
WATCH = (
    "DROP FUNCTION audit_watch(text, text[])",
    """
    CREATE FUNCTION audit_watch(wanted text, ignored text[] DEFAULT '{}', erasable text[] DEFAULT '{}')
    RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM audit_as_is(wanted, ignored, erasable);
        EXECUTE format('CREATE CONSTRAINT TRIGGER is_audited AFTER INSERT OR UPDATE OR DELETE ON %I '
            'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_at_commit(%s)', wanted,
            concat_ws(', ', quote_literal(ignored), CASE WHEN erasable <> '{}' THEN quote_literal(erasable) END));
        EXECUTE format('CREATE TRIGGER is_not_truncated BEFORE TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', wanted);
    END $$
    """,
    # The same for rows that come by the thousand or belong to those of another table. Something
    # else must refuse to delete them.
    """
    CREATE FUNCTION audit_watch_rows(wanted text, owner text, link text, ignored text[] DEFAULT '{}',
        of_another text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = wanted::regclass
            AND atttypid = 'jsonb'::regtype AND NOT attisdropped)
        THEN
            RAISE EXCEPTION 'audit_looks_flat is not for %, which has a column of jsonb', wanted;
        END IF;
        EXECUTE format('CREATE TRIGGER is_audited_in_parts AFTER UPDATE ON %I REFERENCING OLD TABLE AS was '
            'NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%L, %L, %L, %L)',
            wanted, ignored, owner, link, of_another);
        IF of_another <> '{}' THEN
            RETURN;
        END IF;
        PERFORM audit_as_is(wanted, ignored, '{}');
        EXECUTE format('CREATE TRIGGER is_audited_when_made AFTER INSERT ON %I REFERENCING NEW TABLE AS made '
            'FOR EACH STATEMENT EXECUTE FUNCTION audit_rows(%L, %L, %L, %L)',
            wanted, ignored, owner, link, of_another);
    END $$
    """,
)
TOLD = (
    'person,name_given,legal_representative,founded_on,address,phone_sealed,licence_file,letter_file,'
    'older_files'
)
MOVED = 'state, state_since, reason, reviewed_on, review_due, grace_days, withdrawn_after_days, replaced_by'
WATCHED = (
    "DROP TRIGGER is_audited ON binding",
    "DROP TRIGGER is_not_truncated ON binding",
    f"SELECT audit_watch('binding', '{{}}', '{{{TOLD}}}')",
    "DROP TRIGGER is_audited ON certificate",
    "SELECT audit_as_is('certificate', '{}', '{}')",
    f"CREATE CONSTRAINT TRIGGER is_audited AFTER UPDATE OF {MOVED} OR DELETE ON certificate "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_at_commit('{}')",
    # Signing comes by the thousand: one entry a batch.
    "SELECT audit_watch_rows('certificate', 'certificate', 'id', "
    f"of_another => '{{{MOVED.replace(' ', '')},changed}}')",
    "SELECT audit_watch_rows('certificate_event', 'certificate', 'certificate_id')",
    "SELECT audit_watch_rows('enterprise', 'enterprise', 'id', '{facts_version,name_pairs}')",
    "CREATE TRIGGER enterprise_stays BEFORE DELETE OR TRUNCATE ON enterprise "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "SELECT audit_watch_rows('enterprise_name', 'enterprise', 'enterprise_id')",
)
KEYS = (
    "INSERT INTO audit_part SELECT begun.entry, 'audit_key', subject, sha256(key) FROM audit_key, "
    "(SELECT audit_begin('audit_key') AS entry WHERE EXISTS (SELECT 1 FROM audit_key)) begun",
    "CREATE CONSTRAINT TRIGGER is_audited AFTER INSERT OR DELETE ON audit_key "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_key_at_commit()",
    "CREATE TRIGGER audit_key_stays BEFORE UPDATE OR TRUNCATE ON audit_key "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)

class Migration(migrations.Migration):
    dependencies = [('models', '0026_member_until')]

    initial = False

    # Not to be undone: what the log says since then could no longer be checked.
    operations = [ops.RunSQL([*PARTS, *LOOKS, *TRIGGERS, *WATCH, *WATCHED, *KEYS])]
