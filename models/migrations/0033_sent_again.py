from tortoise import migrations
from tortoise.migrations import operations as ops

# As in 0010, with columns that may change and a condition more.
STAYS = """
    CREATE OR REPLACE FUNCTION stored_file_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        ends text[] := '{%s}';
    BEGIN
        IF TG_OP = 'DELETE' OR to_jsonb(OLD) - ends <> to_jsonb(NEW) - ends
            OR OLD.erased_at IS NOT NULL
            OR (NEW.erased_at IS NULL AND (NEW.name <> OLD.name OR (NEW.key IS NULL) <> (OLD.key IS NULL)))
            OR (NEW.erased_at IS NOT NULL AND NEW.key IS NOT NULL)%s
        THEN
            RAISE EXCEPTION 'a stored file is only ever erased'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
"""
# A living file goes over from one member to another who sent the same.
GOES_OVER = """
            OR (NEW.actor <> OLD.actor AND (OLD.actor_kind <> 'member' OR NEW.erased_at IS NOT NULL))"""

class Migration(migrations.Migration):
    dependencies = [('models', '0032_report_photos')]

    initial = False

    operations = [
        ops.RunSQL(
            [STAYS % ('erased_at,key,name,actor', GOES_OVER)],
            reverse_sql=[STAYS % ('erased_at,key,name', '')],
        ),
    ]
