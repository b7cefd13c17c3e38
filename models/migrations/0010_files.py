from tortoise import migrations
from tortoise.migrations import operations as ops
from bot.domain.files import Media
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

TABLES = ('stored_file', 'file_piece', 'file_opening', 'file_upload', 'upload_part')
# What Tortoise cannot declare: one living file of its kind, what is never changed, whose rows.
RULES = (
    'CREATE UNIQUE INDEX stored_file_once ON stored_file '
    '(enterprise_id, kind, original_sha256, confidential) WHERE erased_at IS NULL',
    # A file may be erased, once, and its key be sealed anew; all else about it stays.
    """
    CREATE FUNCTION stored_file_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        ends text[] := '{erased_at,key,name}';
    BEGIN
        IF TG_OP = 'DELETE' OR to_jsonb(OLD) - ends <> to_jsonb(NEW) - ends
            OR OLD.erased_at IS NOT NULL
            OR (NEW.erased_at IS NULL AND (NEW.name <> OLD.name OR (NEW.key IS NULL) <> (OLD.key IS NULL)))
            OR (NEW.erased_at IS NOT NULL AND NEW.key IS NOT NULL)
        THEN
            RAISE EXCEPTION 'a stored file is only ever erased'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    'CREATE TRIGGER stored_file_stays BEFORE UPDATE OR DELETE ON stored_file '
    'FOR EACH ROW EXECUTE FUNCTION stored_file_stays()',
    'CREATE TRIGGER file_opening_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON file_opening '
    'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
    *(f"SELECT guard_rows('{table}')" for table in TABLES),
)
UNDO = (
    *(
        undo
        for table in TABLES
        for undo in (
            f'DROP POLICY theirs ON {table}',
            f'DROP POLICY everything ON {table}',
            f'ALTER TABLE {table} DISABLE ROW LEVEL SECURITY',
        )
    ),
    'DROP TRIGGER file_opening_is_final ON file_opening',
    'DROP TRIGGER stored_file_stays ON stored_file',
    'DROP FUNCTION stored_file_stays()',
    'DROP INDEX stored_file_once',
)

class Migration(migrations.Migration):
    dependencies = [('models', '0009_members')]

    initial = False

    operations = [
        ops.CreateModel(
            name='StoredFile',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=40)),
                ('confidential', fields.BooleanField()),
                ('key', fields.BinaryField(null=True)),
                ('name', fields.CharField(max_length=120)),
                ('media_type', fields.CharEnumField(description='JPEG: image/jpeg\nPNG: image/png\nPDF: application/pdf', enum_type=Media, max_length=20)),
                ('pages', fields.IntField()),
                ('size', fields.IntField()),
                ('sha256', fields.CharField(max_length=64)),
                ('original_sha256', fields.CharField(max_length=64)),
                ('warnings', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('actor_kind', fields.CharField(max_length=8)),
                ('actor', fields.CharField(max_length=80)),
                ('kept_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('erased_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'stored_file', 'app': 'models', 'indexes': [Index(fields=['enterprise_id', 'id']), Index(fields=['original_sha256']), Index(fields=['sha256'])], 'pk_attr': 'id', 'table_description': 'One version of a paper; only its end is ever added, and with it the key is gone.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FileOpening',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise_id', fields.UUIDField()),
                ('file', fields.ForeignKeyField('models.StoredFile', source_field='file_id', db_constraint=True, to_field='id', related_name='openings', on_delete=OnDelete.RESTRICT)),
                ('page', fields.IntField()),
                ('actor_kind', fields.CharField(max_length=8)),
                ('actor', fields.CharField(max_length=80)),
                ('why', fields.CharField(max_length=200)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'file_opening', 'app': 'models', 'indexes': [Index(fields=['enterprise_id', 'id'])], 'pk_attr': 'id', 'table_description': 'Somebody was given a file to see; written before its first byte left, and never changed.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FilePiece',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise_id', fields.UUIDField()),
                ('file', fields.ForeignKeyField('models.StoredFile', source_field='file_id', db_constraint=True, to_field='id', related_name='pieces', on_delete=OnDelete.RESTRICT)),
                ('page', fields.IntField()),
                ('media_type', fields.CharEnumField(description='JPEG: image/jpeg\nPNG: image/png\nPDF: application/pdf', enum_type=Media, max_length=20)),
                ('width', fields.IntField()),
                ('height', fields.IntField()),
                ('size', fields.IntField()),
            ],
            options={'table': 'file_piece', 'app': 'models', 'unique_together': (('file_id', 'page'),), 'pk_attr': 'id', 'table_description': 'One stored object: the clean form (page 0) or a page as a picture. Its id is its name.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FileUpload',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise', fields.ForeignKeyField('models.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=40)),
                ('name', fields.CharField(max_length=255)),
                ('size', fields.IntField()),
                ('key', fields.BinaryField(null=True)),
                ('begun_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ('file', fields.ForeignKeyField('models.StoredFile', source_field='file_id', null=True, db_constraint=True, to_field='id', on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'file_upload', 'app': 'models', 'pk_attr': 'id', 'table_description': 'An upload in parts; it is over when it has become a file.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='UploadPart',
            fields=[
                ('id', fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ('enterprise_id', fields.UUIDField()),
                ('upload', fields.ForeignKeyField('models.FileUpload', source_field='upload_id', db_constraint=True, to_field='id', related_name='parts', on_delete=OnDelete.CASCADE)),
                ('start', fields.IntField()),
                ('size', fields.IntField()),
            ],
            options={'table': 'upload_part', 'app': 'models', 'unique_together': (('upload_id', 'start'),), 'pk_attr': 'id', 'table_description': 'One part that has come; its id is the name of its object.'},
            bases=['Model'],
        ),
        ops.RunSQL([*RULES], reverse_sql=[*UNDO]),
    ]
