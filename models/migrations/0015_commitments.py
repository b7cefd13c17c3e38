from tortoise import migrations
from tortoise.migrations import operations as ops
from bot.domain.commitments import How, State
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

# One that is being signed and one that is public, an enterprise; links go with their commitment.
SQL = (
    "CREATE UNIQUE INDEX commitment_open ON commitment (enterprise_id) "
    "WHERE state IN ('prepared', 'awaiting_payment')",
    "CREATE UNIQUE INDEX commitment_public ON commitment (enterprise_id) WHERE state = 'published'",
    "SELECT guard_rows('commitment')",
    "SELECT audit_watch('commitment')",
)

class Migration(migrations.Migration):
    dependencies = [('models', '0014_content_checks')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Commitment',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='PREPARED: prepared\nAWAITING_PAYMENT: awaiting_payment\nPUBLISHED: published\nABANDONED: abandoned\nREPLACED: replaced\nWITHDRAWN: withdrawn\nTAKEN_DOWN: taken_down', enum_type=State, max_length=20)),
                ('text_version', fields.IntField()),
                ('name', fields.CharField(max_length=200)),
                ('credit_code', fields.CharField(max_length=18)),
                ('legal_representative', fields.CharField(max_length=80)),
                ('how', fields.CharEnumField(null=True, description='OWN_PHONE: own_phone\nLINK: link\nLETTER: letter', enum_type=How, max_length=12)),
                ('signed_by', fields.CharField(db_default='', max_length=80)),
                ('signed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('signature_sealed', fields.BinaryField(null=True)),
                ('signature_sha256', fields.CharField(db_default='', max_length=64)),
                ('seal_file', fields.UUIDField(null=True)),
                ('seal_sha256', fields.CharField(db_default='', max_length=64)),
                ('letter_file', fields.UUIDField(null=True)),
                ('letter_sha256', fields.CharField(db_default='', max_length=64)),
                ('document_sha256', fields.CharField(db_default='', max_length=64)),
                ('owed_fen', fields.BigIntField(db_default=0)),
                ('created_by', fields.CharField(max_length=80)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('published_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('certificate', fields.CharField(db_default='', max_length=20)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('end_reason', fields.CharField(db_default='', max_length=200)),
            ],
            options={'table': 'commitment', 'app': 'models', 'indexes': [Index(fields=['enterprise_id']), Index(fields=['published_at'])], 'pk_attr': 'id', 'table_description': 'One signing of one version of the text, with name and representative as of then.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SigningLink',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('commitment', fields.ForeignKeyField('models.Commitment', source_field='commitment_id', db_constraint=True, to_field='id', related_name='links', on_delete=OnDelete.RESTRICT)),
                ('token_hash', fields.CharField(unique=True, max_length=64)),
                ('created_by', fields.CharField(max_length=80)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'signing_link', 'app': 'models', 'indexes': [Index(fields=['commitment_id'])], 'pk_attr': 'id', 'table_description': 'A link by which the legal representative signs, once; only the hash of its token is kept.'},
            bases=['Model'],
        ),
        ops.RunSQL(
            [*SQL],
            reverse_sql=['DROP INDEX commitment_public', 'DROP INDEX commitment_open'],
        ),
    ]
