"""Where the stand-in keeps what it was told: JSON documents in SQLite, so that a demo's state outlives the process."""

import json
import sqlite3
from pathlib import Path
from typing import Any, cast

Json = dict[str, Any]


class Store:
    """Documents by kind and key. One caller at a time: the API holds its lock around every request."""

    def __init__(self, path: Path | None) -> None:
        """`path` is the database's file; None keeps it in memory."""
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS documents (kind TEXT, key TEXT, content TEXT NOT NULL, PRIMARY KEY (kind, key))")

    def get(self, kind: str, key: str) -> Json | None:
        """A document, or None."""
        row = self._connection.execute("SELECT content FROM documents WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return cast(Json, json.loads(row[0])) if row else None

    def all(self, kind: str) -> dict[str, Json]:
        """All documents of a kind, by key."""
        rows = self._connection.execute("SELECT key, content FROM documents WHERE kind = ? ORDER BY rowid", (kind,)).fetchall()
        return {key: cast(Json, json.loads(content)) for key, content in rows}

    def put(self, kind: str, key: str, content: Json) -> None:
        """Writes a document."""
        self._connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET content = excluded.content",
            (kind, key, json.dumps(content)),
        )

    def delete(self, kind: str, key: str) -> None:
        """Removes a document."""
        self._connection.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def begin(self) -> None:
        """Begins a transaction."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keeps what was written since `begin`."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Forgets what was written since `begin`."""
        self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()
