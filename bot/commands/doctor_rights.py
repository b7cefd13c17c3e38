"""`doctor`: whether our account may do in the database what it must, and no more."""

from collections.abc import Mapping, Sequence

import asyncpg

from bot.clients.database import connect_arguments
from bot.clients.roles import ALL, SEQUENCER, SIGNER

NOT_OF: Mapping[str, frozenset[str]] = {"credit_web": frozenset({SEQUENCER, SIGNER})}
"""What an account of database.sql is not meant to become."""
_NOT_TAKEN = """
SELECT role, to_regrole(role) IS NOT NULL AS known FROM unnest($1::text[]) AS role
WHERE pg_has_role(session_user, to_regrole(role)::oid, 'MEMBER') IS NOT TRUE ORDER BY role
"""
_MIGHTY = """
SELECT rolsuper OR rolcreaterole OR EXISTS (
    SELECT 1 FROM pg_class WHERE relname = 'audit_entry' AND pg_has_role(relowner, 'member')
) FROM pg_roles WHERE rolname = session_user
"""


async def wrong_with(url: str, script: str) -> str:
    """It owns nothing that it may not change, and can take every role that the programme takes;
    a database that an older database.sql has made lacks some."""
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        account = await connection.fetchval("SELECT session_user")
        wanted = set(ALL) - NOT_OF.get(account, frozenset())
        missing = await connection.fetch(_NOT_TAKEN, wanted)
        mighty = await connection.fetchval(_MIGHTY)
    finally:
        await connection.close()
    if mighty:
        return "CREDIT_DATABASE_URL 的账号权限过大，请按 deploy/database.sql 另建账号"
    return _missing(account, missing, script) if missing else ""


def _missing(account: str, rows: Sequence[asyncpg.Record], script: str) -> str:
    """Which they are, with the lines that an administrator has to say."""
    names = [row["role"] for row in rows]
    create = [
        line
        for row in rows
        if not row["known"]
        for line in script.splitlines()
        if line.startswith(f"CREATE ROLE {row['role']} ")
    ]
    told = " ".join([*create, f"GRANT {', '.join(names)} TO {account};"])
    return (
        f"账号 {account} 不能担任 {'、'.join(names)}，升级和程序会报 permission denied；"
        f"请数据库管理员执行：{told}"
    )
