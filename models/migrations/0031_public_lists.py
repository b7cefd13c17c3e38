from tortoise import migrations
from tortoise.migrations import operations as ops

# The public lists: by pairs of signs as in 0018, here as elements of a set, so that no name has to
# be cut up again for what the index has found; by region, by the whole code.
PAIRS = "(string_to_array(btrim(name_pairs(name)), ' '))"
GRADED = "state = 'active' AND token IS NOT NULL AND level <> ''"
INDEXES = {
    "certificate_names_shown": f"certificate USING gin ({PAIRS}) WHERE {GRADED}",
    "commitment_names_shown": f"commitment USING gin ({PAIRS}) WHERE state = 'published'",
    "certificate_regions_shown": "certificate (substr(credit_code, 3, 2), valid_from DESC, id DESC)"
    f" WHERE {GRADED}",
    "certificate_lowered": "certificate (state_since DESC, id DESC) "
    "WHERE state IN ('revoked', 'superseded') AND level <> ''",
    "commitment_of_code": "commitment (credit_code)",
}


class Migration(migrations.Migration):
    dependencies = [('models', '0030_signer')]

    initial = False

    operations = [
        ops.RunSQL(
            # What it truly costs: the planner shall not call it for row after row.
            [
                "ALTER FUNCTION name_pairs(text) COST 4000",
                *(f"CREATE INDEX {name} ON {what}" for name, what in INDEXES.items()),
            ],
            [*(f"DROP INDEX {name}" for name in INDEXES), "ALTER FUNCTION name_pairs(text) COST 100"],
        ),
    ]
