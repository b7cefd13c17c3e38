from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# The day on which a membership ended is no part of what was issued, and of no decision either: it
# follows from the memberships, which have entries of their own.
IGNORED = "{token,key,signed_at,changed,member_until}"
BEFORE = "{token,key,signed_at,changed}"


def made(ignored: str) -> str:
    return f"""
    CREATE OR REPLACE FUNCTION certificates_made() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
    SET bytea_output = 'hex' AS $$
    DECLARE
        without bigint;
    BEGIN
        INSERT INTO audit_row
            SELECT e.id, audit_sha256(to_jsonb(m), '{ignored}')
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
    """


def watched(ignored: str) -> str:
    return (
        "CREATE CONSTRAINT TRIGGER is_audited AFTER UPDATE OF state, state_since, reason, "
        "reviewed_on, review_due, grace_days, withdrawn_after_days, replaced_by OR DELETE "
        "ON certificate DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
        f"EXECUTE FUNCTION audit_at_commit('{ignored}')"
    )


DROP = "DROP TRIGGER is_audited ON certificate"


class Migration(migrations.Migration):
    dependencies = [('models', '0025_released')]

    initial = False

    operations = [
        ops.AddField(
            model_name="Certificate",
            name="member_until",
            field=fields.DateField(null=True),
        ),
        ops.RunSQL(
            [made(IGNORED), DROP, watched(IGNORED)],
            reverse_sql=[made(BEFORE), DROP, watched(BEFORE)],
        ),
    ]
