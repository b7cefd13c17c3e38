"""What the application may do in the database, said again after each migration.

Its roles own nothing. They read and write rows, except where a trigger calls refuse_change(): there
the right is taken away as well, so that a mistake fails twice. Nobody may TRUNCATE.

A member's request may do only what stands in MEMBER_MAY, a line for each table; which rows, the
policies choose (migrations 0008 and 0023). A step that needs more says everything("why").
"""

from collections.abc import Mapping
from types import MappingProxyType

import asyncpg

APP = "credit_app"  # the public, staff, workers, commands: whatever their services let through
MEMBER = "credit_member"  # a signed-in member: rows of their own enterprises, and nothing else
SEQUENCER = "credit_sequencer"  # gives audit entries their numbers
SIGNER = "credit_signer"  # all that APP may, and alone writes the signature of a certificate

ALL = (APP, MEMBER, SEQUENCER, SIGNER)

READ, ADD = "SELECT", "SELECT, INSERT"
CHANGE, ALL_OF_IT = "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE, DELETE"
NOTHING = ""
# A test fails for a table that has no line here.
MEMBER_MAY: Mapping[str, str] = MappingProxyType(
    {
        # people
        "app_user": READ,
        "consent": CHANGE,
        "draft": ALL_OF_IT,
        "export_pack": ALL_OF_IT,
        "idempotency_key": ALL_OF_IT,
        "identity": READ,
        "licence_photo": ALL_OF_IT,
        "login_attempt": NOTHING,
        "ration": CHANGE,
        "session": "SELECT, UPDATE",
        # enterprises, and who acts for them
        "binding": CHANGE,
        "binding_step": ADD,
        "enterprise": CHANGE,
        "enterprise_name": CHANGE,
        "invitation": CHANGE,
        "membership": READ,
        "registration": CHANGE,
        "roster_contact": READ,
        "roster_import": NOTHING,
        # what they do
        "assessment": ADD,
        "case_material": CHANGE,
        "case_step": ADD,
        "certificate": CHANGE,
        "certificate_event": ADD,
        "certificate_series": CHANGE,
        "charging": READ,
        "commitment": CHANGE,
        "credit_case": CHANGE,
        "fact": CHANGE,
        "file_opening": ADD,
        "file_piece": "SELECT, INSERT, DELETE",
        "file_upload": ALL_OF_IT,
        "paper": READ,
        "plaque_order": CHANGE,
        "rare_text": READ,
        "self_assessment": ADD,
        "signing_link": CHANGE,
        "stored_file": CHANGE,
        "upload_part": ALL_OF_IT,
        # rules and keys that everybody goes by
        "content_version": READ,
        "current_run": READ,
        "pack_proposal": NOTHING,
        "published_pack": READ,
        "scoring_result": READ,
        "scoring_run": NOTHING,
        "scoring_slice": NOTHING,
        "signing_key": READ,
        "status_list": NOTHING,
        # the chat, messages, and work after the commit
        "contact": NOTHING,
        "content_check": NOTHING,
        "content_verdict": NOTHING,
        "dialogue": NOTHING,
        "fake_report": NOTHING,
        "grant_entry": NOTHING,
        "inbound_message": NOTHING,
        "job": "SELECT (id), INSERT",  # whether it was there already, and not what it says
        "pgqueuer": ADD,
        "pgqueuer_log": ADD,
        "pgqueuer_schedules": NOTHING,
        "pgqueuer_statistics": NOTHING,
        "receipt": NOTHING,
        "subscription_grant": NOTHING,
        "telling": NOTHING,
        "ticket": NOTHING,
        "wechat_token": NOTHING,
        # the audit log and the schema
        "audit_entry": "INSERT",
        "audit_head": NOTHING,
        "audit_key": ADD,
        "audit_leaf": NOTHING,
        "audit_part": NOTHING,
        "audit_pending": NOTHING,
        "audit_row": NOTHING,
        "demo_step": NOTHING,
        "tortoise_migrations": NOTHING,
    }
)

RIGHTS = """
GRANT USAGE ON SCHEMA public TO credit_app, credit_member, credit_sequencer, credit_signer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO credit_app;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM credit_member;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO credit_app, credit_member;
REVOKE INSERT, UPDATE, DELETE ON tortoise_migrations, audit_row, audit_part, audit_pending,
    audit_leaf, audit_head FROM credit_app;
REVOKE UPDATE ON audit_key FROM credit_app;
GRANT SELECT ON audit_entry, audit_row, audit_part, audit_pending, audit_leaf, audit_head
    TO credit_sequencer;
GRANT INSERT ON audit_leaf, audit_head TO credit_sequencer;
GRANT DELETE ON audit_pending TO credit_sequencer;
DO $$
DECLARE
    final record;
BEGIN
    FOR final IN
        SELECT t.tgrelid::regclass AS name,
            concat_ws(', ', CASE WHEN bit_or(t.tgtype) & 16 > 0 THEN 'UPDATE' END,
                CASE WHEN bit_or(t.tgtype) & 8 > 0 THEN 'DELETE' END) AS rights
        FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
        WHERE f.proname = 'refuse_change' AND t.tgtype & 24 > 0 GROUP BY t.tgrelid
    LOOP
        EXECUTE format('REVOKE %s ON %s FROM credit_app', final.rights, final.name);
    END LOOP;
END $$;
"""
GRANTS = ";\n".join(
    f"GRANT {rights} ON {table} TO {MEMBER}" for table, rights in MEMBER_MAY.items() if rights
)


async def give_rights(connection: asyncpg.Connection) -> None:
    """Say who may do what; call it as the owner, under the migration lock."""
    async with connection.transaction():
        await connection.execute(RIGHTS)
        await connection.execute(GRANTS)
