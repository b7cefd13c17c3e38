from tortoise import migrations
from tortoise.migrations import operations as ops
from bot.domain.bindings import How, Role, State
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

# What Tortoise cannot declare: partial unique indexes, and that nothing is overwritten.
LIVE = (
    'CREATE UNIQUE INDEX enterprise_name_today ON enterprise_name (enterprise_id) '
    'WHERE superseded_at IS NULL',
    'CREATE UNIQUE INDEX registration_today ON registration (enterprise_id) '
    'WHERE superseded_at IS NULL',
    'CREATE UNIQUE INDEX membership_today ON membership (enterprise_id, association, starts_on) '
    'WHERE superseded_at IS NULL',
    'CREATE UNIQUE INDEX roster_contact_today ON roster_contact '
    '(enterprise_id, association, phone_blind) WHERE superseded_at IS NULL',
    "CREATE UNIQUE INDEX binding_open ON binding (enterprise_id, user_id) "
    "WHERE state IN ('requested', 'disputed', 'active', 'suspended')",
    "CREATE INDEX binding_runs_out ON binding (expires_at) WHERE state IN ('active', 'suspended')",
    "CREATE INDEX binding_waits ON binding (requested_at) "
    "WHERE state IN ('requested', 'disputed')",
)
# A row may be given an end in the named columns, each once; all else about it stays.
ONLY_END = """
    CREATE FUNCTION only_end() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        ends text[] := TG_ARGV[0]::text[];
        was jsonb := to_jsonb(OLD);
        name text;
    BEGIN
        IF was - ends <> to_jsonb(NEW) - ends THEN
            RAISE EXCEPTION 'rows of % are only ever ended', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END IF;
        FOREACH name IN ARRAY ends LOOP
            IF coalesce(was ->> name, '') NOT IN ('', coalesce(to_jsonb(NEW) ->> name, '')) THEN
                RAISE EXCEPTION 'a row of % is ended once', TG_TABLE_NAME
                    USING ERRCODE = 'restrict_violation';
            END IF;
        END LOOP;
        RETURN NEW;
    END $$
    """
ENDED = {
    'enterprise_name': '{superseded_at}',
    'registration': '{superseded_at}',
    'roster_contact': '{superseded_at}',
    'membership': '{superseded_at,ended_on,end_reason}',
}
FINAL = ('binding_step', 'roster_import')
REFUSALS = (
    ONLY_END,
    *(
        f"CREATE TRIGGER {table}_is_ended BEFORE UPDATE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION only_end('{ends}')"
        for table, ends in ENDED.items()
    ),
    *(
        f'CREATE TRIGGER {table}_stays BEFORE DELETE OR TRUNCATE ON {table} '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()'
        for table in ENDED
    ),
    *(
        f'CREATE TRIGGER {table}_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} '
        'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()'
        for table in FINAL
    ),
)
# A member sees what belongs to the enterprises they act for, and their own claims of others.
OWN = 'user_id IN (SELECT id FROM app_user WHERE acting_user() IN (id, joined_into_id))'
SEEN = 'EXISTS (SELECT 1 FROM binding b WHERE b.id = binding_id)'
GUARDED = (
    'enterprise_name', 'registration', 'membership', 'roster_contact', 'invitation', 'binding',
    'binding_step',
)
GUARDS = (
    *(f"SELECT guard_rows('{table}')" for table in GUARDED[:5]),
    f"SELECT guard_rows('binding', also => '{OWN}')",
    f"SELECT guard_rows('binding_step', owner => 'binding_id', also => '{SEEN}')",
    # What a claimant fills in is no change of who may act.
    "SELECT audit_watch('binding', '{person,name_given,phone_sealed,licence_file,letter_file}')",
)
# Enterprises that were there before have their names from the beginning.
FIRST_NAMES = (
    'INSERT INTO enterprise_name (id, enterprise_id, name, source, recorded_by, recorded_at) '
    "SELECT gen_random_uuid(), id, name, 'system', 'migration', now() FROM enterprise"
)

class Migration(migrations.Migration):
    dependencies = [('models', '0008_audit')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Binding',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', related_name='bindings', on_delete=OnDelete.RESTRICT)),
                ('role', fields.CharEnumField(description='LEGAL: legal\nAGENT: agent', enum_type=Role, max_length=8)),
                ('state', fields.CharEnumField(description='REQUESTED: requested\nDISPUTED: disputed\nACTIVE: active\nSUSPENDED: suspended\nREJECTED: rejected\nREVOKED: revoked\nEXPIRED: expired', enum_type=State, max_length=12)),
                ('how', fields.CharEnumField(description='ROSTER: roster\nPAPERS: papers\nINVITATION: invitation', enum_type=How, max_length=12)),
                ('person', fields.CharField(db_default='', max_length=80)),
                ('name_given', fields.CharField(db_default='', max_length=200)),
                ('phone_sealed', fields.BinaryField(null=True)),
                ('licence_file', fields.UUIDField(null=True)),
                ('letter_file', fields.UUIDField(null=True)),
                ('requested_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('active_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('fresh_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'binding', 'app': 'models', 'indexes': [Index(fields=['enterprise_id']), Index(fields=['user_id'])], 'pk_attr': 'id', 'table_description': 'One person and one enterprise; a person has at most one that is not over.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='BindingStep',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('binding', fields.ForeignKeyField('models.Binding', source_field='binding_id', db_constraint=True, to_field='id', related_name='steps', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='REQUESTED: requested\nDISPUTED: disputed\nACTIVE: active\nSUSPENDED: suspended\nREJECTED: rejected\nREVOKED: revoked\nEXPIRED: expired', enum_type=State, max_length=12)),
                ('action', fields.CharField(max_length=20)),
                ('by', fields.CharField(max_length=80)),
                ('reason', fields.CharField(db_default='', max_length=200)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'binding_step', 'app': 'models', 'indexes': [Index(fields=['binding_id'])], 'pk_attr': 'id', 'table_description': 'What happened to a binding, who did it and why; never changed.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='EnterpriseName',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('source', fields.CharField(max_length=12)),
                ('recorded_by', fields.CharField(max_length=80)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('superseded_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'enterprise_name', 'app': 'models', 'indexes': [Index(fields=['enterprise_id'])], 'pk_attr': 'id', 'table_description': 'A name that an enterprise has or had; only `superseded_at` is ever set, once.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Invitation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('made_by', fields.ForeignKeyField('models.Binding', source_field='made_by_id', db_constraint=True, to_field='id', related_name='invitations', on_delete=OnDelete.RESTRICT)),
                ('token_hash', fields.CharField(unique=True, max_length=64)),
                ('role', fields.CharEnumField(description='LEGAL: legal\nAGENT: agent', enum_type=Role, max_length=8)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('used_for', fields.UUIDField(null=True)),
            ],
            options={'table': 'invitation', 'app': 'models', 'indexes': [Index(fields=['enterprise_id'])], 'pk_attr': 'id', 'table_description': 'A link that makes one colleague a holder, once; only the hash of its token is kept.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Membership',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('association', fields.CharField(max_length=80)),
                ('level', fields.CharField(max_length=20)),
                ('starts_on', fields.DateField()),
                ('ends_on', fields.DateField()),
                ('how', fields.CharField(max_length=12)),
                ('recorded_by', fields.CharField(max_length=80)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('superseded_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ended_on', fields.DateField(null=True)),
                ('end_reason', fields.CharField(db_default='', max_length=200)),
            ],
            options={'table': 'membership', 'app': 'models', 'indexes': [Index(fields=['enterprise_id'])], 'pk_attr': 'id', 'table_description': 'One period at one level. What turns out different supersedes it or ends it; none is lost.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Registration',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('legal_representative', fields.CharField(db_default='', max_length=80)),
                ('status', fields.CharField(db_default='', max_length=20)),
                ('founded_on', fields.DateField(null=True)),
                ('industry', fields.CharField(db_default='', max_length=5)),
                ('staff', fields.IntField(null=True)),
                ('revenue_fen', fields.BigIntField(null=True)),
                ('assets_fen', fields.BigIntField(null=True)),
                ('figures_year', fields.SmallIntField(null=True)),
                ('address', fields.CharField(db_default='', max_length=300)),
                ('source', fields.CharField(max_length=12)),
                ('recorded_by', fields.CharField(max_length=80)),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('superseded_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'registration', 'app': 'models', 'indexes': [Index(fields=['enterprise_id'])], 'pk_attr': 'id', 'table_description': 'What the licence and the enterprise say of itself; a new version supersedes the last.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RosterContact',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('association', fields.CharField(max_length=80)),
                ('role', fields.CharEnumField(description='LEGAL: legal\nAGENT: agent', enum_type=Role, max_length=8)),
                ('person', fields.CharField(db_default='', max_length=80)),
                ('phone_sealed', fields.BinaryField()),
                ('phone_blind', fields.BinaryField()),
                ('recorded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('superseded_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'roster_contact', 'app': 'models', 'indexes': [Index(fields=['enterprise_id']), Index(fields=['phone_blind'])], 'pk_attr': 'id', 'table_description': "Somebody whom an association's roster names for an enterprise; the phone is sealed."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RosterImport',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('association', fields.CharField(max_length=80)),
                ('sha256', fields.CharField(max_length=64)),
                ('rows', fields.IntField()),
                ('changed', fields.IntField()),
                ('imported_by', fields.CharField(max_length=80)),
                ('imported_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'roster_import', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One file that was read into the roster, and what came of it.'},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='LoginAttempt',
            name='target',
            field=fields.CharField(max_length=160),
        ),
        ops.RunSQL(
            [*LIVE, FIRST_NAMES, *REFUSALS, *GUARDS],
            reverse_sql=[
                *(
                    statement
                    for table in GUARDED
                    for statement in (
                        f'DROP POLICY everything ON {table}',
                        f'DROP POLICY theirs ON {table}',
                        f'ALTER TABLE {table} DISABLE ROW LEVEL SECURITY',
                    )
                ),
                'DROP TRIGGER is_audited ON binding',
                'DROP TRIGGER is_not_truncated ON binding',
                *(f'DROP TRIGGER {table}_is_ended ON {table}' for table in ENDED),
                *(f'DROP TRIGGER {table}_stays ON {table}' for table in ENDED),
                *(f'DROP TRIGGER {table}_is_final ON {table}' for table in FINAL),
                'DROP FUNCTION only_end()',
                *(
                    f'DROP INDEX {name}'
                    for name in (
                        'enterprise_name_today', 'registration_today', 'membership_today',
                        'roster_contact_today', 'binding_open', 'binding_runs_out',
                        'binding_waits',
                    )
                ),
            ],
        ),
    ]
