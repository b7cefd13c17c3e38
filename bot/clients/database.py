"""PostgreSQL through Tortoise on asyncpg: addresses, time-outs, roles, the open transaction.

The application takes a role that owns nothing (bot/clients/roles.py). What a member's request may
see is kept by PostgreSQL itself: `act_for` names the member, and from there on every connection
that this request gets carries the narrower role and the member's number, by which the policies of
`guard_rows` (migration 0008) choose the rows. A service that must look beyond that for a member
says so by `everything`. Whoever says nothing, a worker, a command, the public, is not narrowed.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, set_global_context
from tortoise.exceptions import DBConnectionError

from bot.clients.pools import ACTING
from bot.clients.roles import APP, MEMBER

# The server gives up before the client does, so that a slow statement frees its locks by itself.
STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 3_000
IDLE_IN_TRANSACTION_MS = 30_000
COMMAND_TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 3.0

# What asyncpg and Tortoise raise when the server is gone, restarting, or out of reach.
GONE = (
    OSError,
    TimeoutError,
    DBConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)


def connect_arguments(url: str) -> dict[str, Any]:
    """What asyncpg needs to connect to an address such as postgres://user:secret@host:5432/name."""
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return {
        "host": query.get("host") or parts.hostname or "localhost",
        "port": parts.port or 5432,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.lstrip("/")),
        "timeout": CONNECT_TIMEOUT_S,
    } | ({"ssl": query["sslmode"]} if "sslmode" in query else {})


async def _leave_session_as_it_is(_: asyncpg.Connection) -> None:
    """Save the round trip of asyncpg's own reset, which costs as much as a statement.

    Nothing here may change a session: SET LOCAL inside a transaction instead of SET, advisory locks
    and LISTEN on connections of their own. An open transaction is rolled back all the same. Only
    whom a member's connection is for is left behind (bot/clients/pools.py).
    """


def act_for(user_id: UUID) -> None:
    """From here on this task sees what the member's enterprises own, and nothing of the others."""
    ACTING.set(str(user_id))


@asynccontextmanager
async def everything(why: str) -> AsyncIterator[None]:
    """Let one step of a member's request see more than their own; `why` is for who reads it.

    Also inside a transaction, whose role it then changes and sets back.
    """
    if not why:
        raise ValueError("say why a member may look beyond their enterprises")
    if not ACTING.get():
        yield
        return
    before = ACTING.set("")
    client = get_connection("default")
    inside = client._connection if isinstance(client, TransactionWrapper) else None  # noqa: SLF001
    try:
        if inside is not None:
            await inside.execute(f"SET LOCAL ROLE {APP}")
        yield
        if inside is not None:
            await inside.execute(f"SET LOCAL ROLE {MEMBER}")
    except BaseException:
        if inside is not None:
            with suppress(asyncpg.InFailedSQLTransactionError):  # its end sets the role back
                await inside.execute(f"SET LOCAL ROLE {MEMBER}")
        raise
    finally:
        ACTING.reset(before)


def orm_config(url: str, *, pool: int, application: str, role: str | None = APP) -> dict[str, Any]:
    credentials = connect_arguments(url) | {
        "minsize": 1,
        "maxsize": pool,
        "command_timeout": COMMAND_TIMEOUT_S,
        "reset": _leave_session_as_it_is,
        "server_settings": ({"role": role} if role else {})
        | {
            "application_name": application,
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            "lock_timeout": str(LOCK_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
            "timezone": "UTC",
        },
    }
    return {
        "connections": {"default": {"engine": "bot.clients.pools", "credentials": credentials}},
        "apps": {"models": {"models": ["models"], "migrations": "models.migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def connect(
    url: str, *, application: str, patience_ms: int | None = None
) -> asyncpg.Connection:
    """A connection of its own, outside the pool, in the application's role.

    After `patience_ms` the server itself gives a statement up.
    """
    settings = {"role": APP, "application_name": application, "timezone": "UTC"}
    if patience_ms is not None:
        settings["statement_timeout"] = str(patience_ms)
    return await asyncpg.connect(**connect_arguments(url), server_settings=settings)


async def connect_as_is(url: str, *, application: str) -> asyncpg.Connection:
    """For reading: as whoever the address names, say the auditor of deploy/database.sql.

    Only an account that can read nothing by itself takes the application's role.
    """
    names = {"application_name": application, "timezone": "UTC"}
    connection = await asyncpg.connect(**connect_arguments(url), server_settings=names)
    if not await connection.fetchval("SELECT has_table_privilege('audit_entry', 'SELECT')"):
        await connection.execute(f"SET ROLE {APP}")
    return connection


async def open_database(url: str, *, pool: int, application: str) -> TortoiseContext:
    """Make the ORM usable from every task of this process, whichever task opened it."""
    context = TortoiseContext()
    set_global_context(context)  # before init(), which itself needs an active context
    await context.init(config=orm_config(url, pool=pool, application=application))
    return context


async def close_database(context: TortoiseContext) -> None:
    await context.close_connections()


async def fetch(sql: str, *values: Any) -> list[dict[str, Any]]:  # SQL values
    """Run one fixed statement on the pool, or inside the transaction that is open around it."""
    client = cast("AsyncpgDBClient", get_connection("default"))
    rows: list[dict[str, Any]] = await client.execute_query_dict(sql, list(values))
    return rows


def transaction_connection() -> asyncpg.Connection:
    """The asyncpg connection of the open transaction; an error where there is none.

    Tortoise has no public name for it; tests/service/test_database.py guards this one use.
    """
    client = get_connection("default")
    if not isinstance(client, TransactionWrapper):
        raise RuntimeError(  # noqa: TRY004  # not a type that somebody passed
            "this must be called inside in_transaction()"
        )
    return client._connection  # noqa: SLF001  # see above


def inside_transaction() -> bool:
    """Whether what is written now can still be undone."""
    return isinstance(get_connection("default"), TransactionWrapper)
