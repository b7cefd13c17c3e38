from tortoise import migrations
from tortoise.migrations import operations as ops

# Whose user a row belongs to: the person's own number, and those that were joined into it.
ACTING_PEOPLE = """
    CREATE FUNCTION acting_people() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
        SELECT id FROM app_user WHERE acting_user() IN (id, joined_into_id)
    $$
"""
# `SELECT guard_people('consent')` in a migration: a member then sees and changes only their own rows.
GUARD_PEOPLE = """
    CREATE FUNCTION guard_people(
        wanted text, owner text DEFAULT 'user_id', also text DEFAULT 'false'
    ) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', wanted);
        EXECUTE format('CREATE POLICY everything ON %I TO credit_app USING (true)', wanted);
        EXECUTE format('CREATE POLICY theirs ON %I TO credit_member USING '
            '(%I = ANY (ARRAY(SELECT acting_people())) OR (%s))', wanted, owner, also);
    END $$
"""
THEIRS = ('consent', 'session', 'identity', 'idempotency_key', 'export_pack',
          'licence_photo')
FORM = 'subject = ANY (ARRAY(SELECT bound_enterprises()))'
LINK = 'EXISTS (SELECT 1 FROM commitment c WHERE c.id = commitment_id)'
DAY = 'subject = ANY (ARRAY(SELECT one::text FROM acting_people() one))'
GUARDS = (
    ACTING_PEOPLE,
    GUARD_PEOPLE,
    *(f"SELECT guard_people('{table}')" for table in THEIRS),
    f"SELECT guard_people('draft', owner => 'subject', also => '{FORM}')",
    f"SELECT guard_people('signing_link', owner => 'commitment_id', also => '{LINK}')",
    f"SELECT guard_people('ration', owner => 'id', also => '{DAY}')",
)
GUARDED = (*THEIRS, 'draft', 'signing_link', 'ration')
UNDO = (
    *(
        undo
        for table in GUARDED
        for undo in (
            f'DROP POLICY theirs ON {table}',
            f'DROP POLICY everything ON {table}',
            f'ALTER TABLE {table} DISABLE ROW LEVEL SECURITY',
        )
    ),
    'DROP FUNCTION guard_people(text, text, text)',
    'DROP FUNCTION acting_people()',
)

class Migration(migrations.Migration):
    dependencies = [('models', '0022_answers')]

    initial = False

    operations = [ops.RunSQL([*GUARDS], reverse_sql=[*UNDO])]
