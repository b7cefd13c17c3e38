from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from bot.domain.bindings import Role

# The role that a step found or gave. Of old steps two changed it for certain: a question takes the
# legal representative's, being upheld gives it back. Else it is the one that the binding has today.
ROLES = """
    UPDATE binding_step s SET role = coalesce(
        (SELECT CASE n.action WHEN 'question' THEN 'legal' ELSE 'agent' END FROM binding_step n
         WHERE n.binding_id = s.binding_id AND n.action IN ('question', 'uphold')
             AND (n.at, n.id) > (s.at, s.id) ORDER BY n.at, n.id LIMIT 1), b.role)
    FROM binding b WHERE b.id = s.binding_id
"""
FINAL = 'ALTER TABLE binding_step %s TRIGGER binding_step_is_final'

class Migration(migrations.Migration):
    dependencies = [('models', '0034_drafts_go_on')]

    initial = False

    operations = [
        ops.AddField(
            model_name='BindingStep',
            name='role',
            field=fields.CharEnumField(null=True, description='LEGAL: legal\nAGENT: agent', enum_type=Role, max_length=8),
        ),
        ops.RunSQL([FINAL % 'DISABLE', ROLES, FINAL % 'ENABLE'], reverse_sql=['SELECT 1']),
        ops.AlterField(
            model_name='BindingStep',
            name='role',
            field=fields.CharEnumField(description='LEGAL: legal\nAGENT: agent', enum_type=Role, max_length=8),
        ),
    ]
