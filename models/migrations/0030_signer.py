from tortoise import migrations
from tortoise.migrations import operations as ops

# Roles belong to the whole server, where another of its databases may be migrated at this moment.
ROLE = """
DO $$
BEGIN
    IF to_regrole('credit_signer') IS NULL THEN
        CREATE ROLE credit_signer NOLOGIN BYPASSRLS IN ROLE credit_app;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$
"""
# Who may do all that credit_signer may: itself, and whoever owns the database.
SIGNED = (
    """
    CREATE FUNCTION only_the_signer() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT pg_has_role(current_user, 'credit_signer', 'USAGE') THEN
            RAISE EXCEPTION 'only credit_signer writes a signature'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER is_signed_by_the_signer BEFORE INSERT ON certificate FOR EACH ROW "
    "WHEN (NEW.token IS NOT NULL) EXECUTE FUNCTION only_the_signer()",
    "CREATE TRIGGER stays_signed_by_the_signer BEFORE UPDATE ON certificate FOR EACH ROW "
    "WHEN ((NEW.token, NEW.key, NEW.signed_at) IS DISTINCT FROM (OLD.token, OLD.key, OLD.signed_at)) "
    "EXECUTE FUNCTION only_the_signer()",
)

class Migration(migrations.Migration):
    dependencies = [('models', '0029_rare_texts')]

    initial = False

    operations = [
        ops.RunSQL(
            [ROLE, *SIGNED],
            reverse_sql=[
                'DROP TRIGGER is_signed_by_the_signer ON certificate',
                'DROP TRIGGER stays_signed_by_the_signer ON certificate',
                'DROP FUNCTION only_the_signer()',
            ],
        ),
    ]
