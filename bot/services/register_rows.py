"""What the register reads from PostgreSQL: what changed since, the whole, the keys, the list."""

import asyncio
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import asyncpg

from bot.clients.register_file import Table, Writer, native
from bot.clients.signer import Sign
from bot.domain.register import sql_entry, sql_hash
from bot.domain.signing_keys import Key
from bot.services.signing_keys import FIELDS, key_of

# The server gives up first: a statement that only we have left would go on there, beside the next.
SERVER_PATIENCE_MS = 5_000
PATIENCE_S = 6.0
ENDED_SERVER_PATIENCE_MS = 115_000
ENDED_PATIENCE_S = 120.0
BUILD_SERVER_PATIENCE_MS = 600_000  # for the first row of millions, which are sorted before it
BUILD_PATIENCE_S = 605.0
NOTHING_SEEN = "1:1:"
_PAGE = 2000

# Which server and which history of it: numbers of transactions mean something only there.
_MARKS = (
    "SELECT seen::text AS snapshot, pg_snapshot_xmin(seen)::text::bigint AS xmin, concat_ws('/',"
    " (SELECT system_identifier FROM pg_control_system()),"
    " (SELECT timeline_id FROM pg_control_checkpoint()), current_database()) AS history"
    " FROM pg_current_snapshot() AS seen"
)
# Our own names, nothing from outside: S608 sees only that they are put together.
_SINCE = (
    " FROM certificate c"
    " WHERE c.changed >= pg_snapshot_xmin($1::text::pg_snapshot)::text::bigint"
    " AND NOT pg_visible_in_snapshot(c.changed::text::xid8, $1::text::pg_snapshot)"
    " AND c.token IS NOT NULL"
)
# What took a certificate's validity away comes first, then the newest. Both are found by an index,
# however many there are and whether or not the server has statistics yet (it takes `state = …` for
# rare without them, and would sort everything), and chosen before any record is made.
_NEWEST = " ORDER BY c.changed DESC LIMIT $2"
_CHANGED = (
    f"SELECT {sql_entry()} AS record FROM ("  # noqa: S608
    f" (SELECT c.* {_SINCE} AND c.state <> 'active'{_NEWEST}) UNION ALL"
    f" SELECT * FROM (SELECT c.* {_SINCE}{_NEWEST}) AS newest WHERE newest.state = 'active'"
    ") AS c ORDER BY c.state <> 'active' DESC, c.changed DESC LIMIT $2"
)
_ENDED = (
    "SELECT coalesce(string_agg(hash, ''::bytea ORDER BY hash), ''::bytea) AS hashes FROM"  # noqa: S608
    f" (SELECT {sql_hash('c.number')} AS hash {_SINCE} AND c.state <> 'active') AS ended"
)
_ALL = (
    f"SELECT {sql_hash('c.number')} AS hash, {sql_entry()} AS record"  # noqa: S608
    " FROM certificate c WHERE c.token IS NOT NULL ORDER BY 1"
)
_CODES = (
    f"SELECT {sql_hash('c.credit_code')} AS code, {sql_hash('c.number')} AS hash"  # noqa: S608
    " FROM certificate c WHERE c.token IS NOT NULL ORDER BY 1, 2"
)
_BEGIN = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL work_mem = '64MB';"
    " SET LOCAL client_connection_check_interval = '2s'"  # or it sorts on for who is gone
)
_KEYS = f"SELECT {FIELDS} FROM signing_key"  # noqa: S608
_LIST = "SELECT made_at, body FROM status_list WHERE made_at > $1"


@dataclass(frozen=True, slots=True)
class Marks:
    """What was done by then: every transaction that this snapshot sees, in this history."""

    xmin: int
    history: str
    snapshot: str = NOTHING_SEEN


async def marks(connection: asyncpg.Connection) -> Marks:
    row = await connection.fetchrow(_MARKS, timeout=PATIENCE_S)
    return Marks(row["xmin"], row["history"], row["snapshot"])


async def changed(connection: asyncpg.Connection, since: str, *, limit: int) -> Sequence[bytes]:
    """Records of the certificates touched by what the snapshot `since` did not see.

    If they are more than the limit, those come first whose absence would do harm.
    """
    rows = await connection.fetch(_CHANGED, since, limit, timeout=PATIENCE_S)
    return [row["record"] for row in rows]


async def ended(connection: asyncpg.Connection, since: str) -> "array[int]":
    """The hashes of the numbers of all that ended since then, sorted: eight bytes for each."""
    # Not in a transaction: to leave it, a server that hangs would be waited for without end.
    longer = f"SET statement_timeout = {ENDED_SERVER_PATIENCE_MS}"
    await connection.execute(longer, timeout=PATIENCE_S)
    hashes = await connection.fetchval(_ENDED, since, timeout=ENDED_PATIENCE_S)
    await connection.execute("RESET statement_timeout", timeout=PATIENCE_S)
    return native(hashes)


async def keys(connection: asyncpg.Connection) -> list[Key]:
    return [key_of(dict(row)) for row in await connection.fetch(_KEYS, timeout=PATIENCE_S)]


async def status_list(
    connection: asyncpg.Connection, after: datetime
) -> tuple[datetime, str] | None:
    row = await connection.fetchrow(_LIST, after, timeout=PATIENCE_S)
    return (row["made_at"], row["body"]) if row else None


async def build(
    connection: asyncpg.Connection, writer: Writer, head: dict[str, Any], sign: Sign | None
) -> Table:
    """Stream everything as of one instant into a file; the loop goes on serving meanwhile.

    Who fails has to end the connection: its transaction is left as it is, see `ended`.
    """
    began = asyncio.get_running_loop().time()
    try:
        await connection.execute(_BEGIN, timeout=PATIENCE_S)
        at = await marks(connection)
        async for page in _pages(connection, _ALL):
            writer.add(page)
        async for page in _pages(connection, _CODES):
            writer.add_codes(page)
        await connection.execute("COMMIT", timeout=PATIENCE_S)
        whole = head | asdict(at) | {"took": asyncio.get_running_loop().time() - began}
        return await asyncio.to_thread(writer.finish, whole, sign)
    except BaseException:
        writer.drop()
        raise


async def _pages(connection: asyncpg.Connection, statement: str) -> Any:  # an async generator
    cursor = await connection.cursor(statement, timeout=BUILD_PATIENCE_S)
    while page := await cursor.fetch(_PAGE, timeout=BUILD_PATIENCE_S):
        yield page
