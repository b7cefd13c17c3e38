"""The sandbox's own book: what WeChat knew, sent and was told, and when, in SQLite."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    openid TEXT PRIMARY KEY, nickname TEXT NOT NULL, role TEXT NOT NULL,
    following INTEGER NOT NULL DEFAULT 0, followed_at TEXT, chat_from INTEGER NOT NULL DEFAULT 0
);
-- How many customer-service messages a person's last acts still allow, and until when.
CREATE TABLE IF NOT EXISTS allowances (
    id INTEGER PRIMARY KEY, openid TEXT NOT NULL, cause TEXT NOT NULL,
    remaining INTEGER NOT NULL, until TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS allowances_of ON allowances (openid, until);
-- One row for each message or event for the account; `attempts` tell how its delivery went.
CREATE TABLE IF NOT EXISTS pushes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    openid TEXT NOT NULL, kind TEXT NOT NULL, xml TEXT NOT NULL,
    at TEXT NOT NULL, awaited INTEGER NOT NULL, outcome TEXT NOT NULL, reply TEXT
);
CREATE INDEX IF NOT EXISTS pushes_open ON pushes (openid) WHERE outcome = 'pending';
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY, push_id INTEGER NOT NULL, copy INTEGER NOT NULL,
    number INTEGER NOT NULL, at TEXT NOT NULL, timestamp TEXT NOT NULL, nonce TEXT NOT NULL,
    status INTEGER, verdict TEXT NOT NULL, detail TEXT NOT NULL, took_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_of ON attempts (push_id);
-- What stands on a phone's screen.
CREATE TABLE IF NOT EXISTS chat (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    openid TEXT NOT NULL, sender TEXT NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, at TEXT NOT NULL, push_id INTEGER
);
CREATE INDEX IF NOT EXISTS chat_of ON chat (openid, id);
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, issued_at TEXT NOT NULL, expires_at TEXT NOT NULL,
    revoked_at TEXT, forced INTEGER NOT NULL, appid TEXT NOT NULL DEFAULT ''
);
-- Every call of the API with its answer; secrets and tokens are not written down.
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, path TEXT NOT NULL, body TEXT NOT NULL,
    errcode INTEGER, answer TEXT NOT NULL
);
-- Messages that were accepted for a person.
CREATE TABLE IF NOT EXISTS sends (
    id INTEGER PRIMARY KEY, msgid INTEGER NOT NULL, kind TEXT NOT NULL,
    openid TEXT NOT NULL, client_msg_id TEXT, body TEXT NOT NULL, at TEXT NOT NULL, receipt TEXT
);
CREATE INDEX IF NOT EXISTS sends_once ON sends (openid, client_msg_id);
-- How many subscription messages of a template a person still allows; `account`: oa or mini.
CREATE TABLE IF NOT EXISTS consents (
    account TEXT NOT NULL, openid TEXT NOT NULL, template_id TEXT NOT NULL,
    remaining INTEGER NOT NULL, PRIMARY KEY (account, openid, template_id)
);
-- Parametric codes: what a phone that scans the address finds behind it.
CREATE TABLE IF NOT EXISTS codes (
    ticket TEXT PRIMARY KEY, url TEXT NOT NULL UNIQUE, scene TEXT NOT NULL, expires_at TEXT
);
-- Login codes: who stands behind each of them. `door`: mini or h5.
CREATE TABLE IF NOT EXISTS logins (
    code TEXT PRIMARY KEY, openid TEXT NOT NULL, door TEXT NOT NULL, scope TEXT NOT NULL,
    virtual INTEGER NOT NULL, expires_at TEXT NOT NULL, used_at TEXT
);
CREATE TABLE IF NOT EXISTS store (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES = (
    "people",
    "allowances",
    "pushes",
    "attempts",
    "chat",
    "tokens",
    "calls",
    "sends",
    "consents",
    "codes",
    "logins",
    "store",
)


class Ledger:
    """One connection, used on the loop's thread only: each statement takes microseconds."""

    def __init__(self, path: Path | None) -> None:
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._connection.row_factory = _as_dict
        # The process may be killed at any time; only a power cut could cost the last rows.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(SCHEMA)
        self._catch_up()

    def _catch_up(self) -> None:
        """A ledger of an earlier day lacks what has been added since."""
        if "appid" not in {row["name"] for row in self.rows("PRAGMA table_info(tokens)")}:
            self.run("ALTER TABLE tokens ADD COLUMN appid TEXT NOT NULL DEFAULT ''")

    def run(self, sql: str, values: Mapping[str, object] | None = None) -> int:
        """Carry out one statement; the id of the row it inserted comes back."""
        return self._connection.execute(sql, values or {}).lastrowid or 0

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> list[Row]:
        return self._connection.execute(sql, values or {}).fetchall()

    def row(self, sql: str, values: Mapping[str, object] | None = None) -> Row | None:
        found: Row | None = self._connection.execute(sql, values or {}).fetchone()
        return found

    def remember(self, name: str, value: object) -> None:
        """Keep one small thing (the menu) as JSON; None forgets it."""
        self.run("DELETE FROM store WHERE name = :name", {"name": name})
        if value is not None:
            self.run(
                "INSERT INTO store VALUES (:name, :value)", {"name": name, "value": text(value)}
            )

    def recall(self, name: str) -> Any:  # whatever JSON was kept
        found = self.row("SELECT value FROM store WHERE name = :name", {"name": name})
        return json.loads(found["value"]) if found else None

    def empty(self) -> None:
        """Forget all rows; ids go on, so that a straggler cannot write into a new row."""
        for table in TABLES:
            self.run(f"DELETE FROM {table}")  # noqa: S608  # names from the list above

    def close(self) -> None:
        self._connection.close()


def stamp(instant: datetime) -> str:
    """UTC with six decimals, always: so that texts sort as instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
