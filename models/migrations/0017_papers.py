from tortoise import migrations
from tortoise.migrations import operations as ops
from bot.domain.papers import Kind, OrderState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

SQL = (
    "CREATE UNIQUE INDEX plaque_once ON plaque_order (certificate_id) "
    "WHERE state IN ('ordered', 'sent')",
    # The public list of graded enterprises, the newest first.
    "CREATE INDEX certificate_shown ON certificate (valid_from DESC, id DESC) "
    "WHERE state = 'active' AND token IS NOT NULL AND level <> ''",
    # What was made is given out as it was made; another record brings another row.
    "CREATE TRIGGER paper_is_final BEFORE UPDATE OR TRUNCATE ON paper "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "SELECT guard_rows('paper')",
    "SELECT guard_rows('plaque_order')",
    "SELECT audit_watch('plaque_order')",
)

class Migration(migrations.Migration):
    dependencies = [('models', '0016_cases')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Paper',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='CERTIFICATE: certificate\nPLAQUE: plaque\nLETTER: letter\nDRAFT: draft', enum_type=Kind, max_length=12)),
                ('subject', fields.UUIDField()),
                ('fingerprint', fields.CharField(max_length=32)),
                ('key', fields.BinaryField(null=True)),
                ('pdf', fields.UUIDField(unique=True)),
                ('pdf_sha256', fields.CharField(max_length=64)),
                ('png', fields.UUIDField(null=True, unique=True)),
                ('png_sha256', fields.CharField(db_default='', max_length=64)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'paper', 'app': 'models', 'unique_together': (('subject', 'kind', 'fingerprint'),), 'indexes': [Index(fields=['enterprise_id'])], 'pk_attr': 'id', 'table_description': 'One version of one paper; the bytes lie in the cabinet under the ids of pdf and png.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PlaqueOrder',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('certificate', fields.ForeignKeyField('models.Certificate', source_field='certificate_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='ORDERED: ordered\nSENT: sent\nCANCELLED: cancelled', enum_type=OrderState, max_length=10)),
                ('address_sealed', fields.BinaryField(null=True)),
                ('ordered_by', fields.CharField(max_length=80)),
                ('ordered_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('carrier', fields.CharField(db_default='', max_length=40)),
                ('parcel', fields.CharField(db_default='', max_length=40)),
                ('ended_by', fields.CharField(db_default='', max_length=80)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'plaque_order', 'app': 'models', 'indexes': [Index(fields=['certificate_id']), Index(fields=['state', 'ordered_at'])], 'pk_attr': 'id', 'table_description': "A plaque to be engraved and sent; where to lies in the vault's hand."},
            bases=['Model'],
        ),
        ops.RunSQL(
            [*SQL],
            reverse_sql=[
                'DROP TRIGGER paper_is_final ON paper',
                'DROP INDEX certificate_shown',
                'DROP INDEX plaque_once',
            ],
        ),
    ]
