from tortoise import migrations
from tortoise.migrations import operations as ops

# What has an entry of its own is noted there, the rest under the one that stands for each row of
# the transaction: one transaction may hold both.
MADE = """
CREATE OR REPLACE FUNCTION certificates_made() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
DECLARE
    each uuid := (SELECT id FROM audit_entry WHERE tx = pg_current_xact_id()
        AND object_id = '*' AND kind = 'certificate' ORDER BY number DESC LIMIT 1);
    own text[];
    without bigint;
BEGIN
    own := ARRAY(SELECT e.object_id FROM made m JOIN audit_entry e
        ON e.tx = pg_current_xact_id() AND e.object_id = m.id::text AND e.kind = 'certificate');
    INSERT INTO audit_row
        SELECT e.id, audit_looks_flat(to_jsonb(m), '{}')
        FROM made m JOIN audit_entry e ON e.tx = pg_current_xact_id()
            AND e.object_id = m.id::text AND e.kind = 'certificate'
        WHERE own <> '{}';
    IF each IS NOT NULL THEN
        INSERT INTO audit_part
            SELECT each, 'certificate', id::text, audit_looks_flat(to_jsonb(m), '{}')
            FROM made m WHERE id::text <> ALL (own);
        RETURN NULL;
    END IF;
    without := (SELECT count(*) FROM made WHERE id::text <> ALL (own));
    IF without <> 0 THEN
        RAISE EXCEPTION '% certificates without an audit entry', without
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$
"""

class Migration(migrations.Migration):
    dependencies = [('models', '0036_issued_in_batches')]

    initial = False

    # Not to be undone: what the log says since then could no longer be checked.
    operations = [ops.RunSQL([
        MADE,
        "CREATE INDEX audit_part_object ON audit_part (object_id)",  # of one object, and of a page
    ])]
