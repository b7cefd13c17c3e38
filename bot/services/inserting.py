"""Rows into a table inside the caller's transaction: one by one for a few, by COPY for many."""

from collections.abc import Sequence

from bot.clients.database import transaction_connection

MANY = 50  # a member's request never has so many; row policies do not let it COPY


async def insert(table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """Table and columns are names of our own code, never given from outside."""
    connection = transaction_connection()
    if len(rows) > MANY:
        await connection.copy_records_to_table(table, columns=columns, records=rows)
        return
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
    await connection.executemany(statement, rows)
