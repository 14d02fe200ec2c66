"""What exists in the sandbox, kept in SQLite.

A record is written before the provider answers Create, so a sandbox or engine killed in between leaves the record and not its acknowledgement.
`acknowledged` becomes true when the engine later shows that its state holds the resource (it asks to read, compare, update or delete it, or checks
it with old inputs). A record that was never acknowledged when its URN is created again is the trace of an interrupted create: the new create takes
its place (see `Store.discard_interrupted`), so the next `up` neither fails with "already exists" nor leaves a duplicate.
"""

import json
import sqlite3
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from sandbox.values import Inputs
from sandbox.wire import from_plain, to_plain

_VERSION = 3
"""Counts the forms of the handles table."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL, realm TEXT NOT NULL, id_key TEXT NOT NULL, id TEXT NOT NULL,
    urn TEXT NOT NULL, nonce TEXT NOT NULL, unique_key TEXT, acknowledged INTEGER NOT NULL DEFAULT 0,
    inputs TEXT NOT NULL, outputs TEXT NOT NULL,
    UNIQUE (token, realm, id_key)
);
CREATE INDEX IF NOT EXISTS records_urn ON records (urn);
CREATE INDEX IF NOT EXISTS records_unique ON records (unique_key);
CREATE TABLE IF NOT EXISTS handles (
    record INTEGER NOT NULL REFERENCES records (number) ON DELETE CASCADE,
    attribute TEXT NOT NULL, value TEXT NOT NULL, own INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS handles_value ON handles (value);
CREATE INDEX IF NOT EXISTS handles_record ON handles (record);
CREATE TABLE IF NOT EXISTS edges (
    source INTEGER NOT NULL REFERENCES records (number) ON DELETE CASCADE,
    target INTEGER NOT NULL REFERENCES records (number) ON DELETE CASCADE,
    property TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS edges_target ON edges (target);
CREATE INDEX IF NOT EXISTS edges_source ON edges (source);
CREATE TABLE IF NOT EXISTS faults (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL, operation TEXT NOT NULL, after INTEGER NOT NULL, skip INTEGER NOT NULL, times INTEGER NOT NULL,
    delay REAL NOT NULL, message TEXT
);
"""


@dataclass(frozen=True)
class Record:
    """One resource that exists in the sandbox."""

    token: str
    realm: str
    id: str
    urn: str
    nonce: str
    inputs: Inputs
    outputs: Inputs
    unique_key: str | None = None
    acknowledged: bool = False
    number: int = field(default=0, compare=False)

    @property
    def label(self) -> str:
        """How messages name the resource."""
        return f"{self.token} '{self.id}'"


def id_key(token: str, resource_id: str) -> str:
    """The id as it is compared: ARM ids are case-insensitive."""
    return resource_id.lower() if token.startswith("azure-native:") else resource_id


class Store:
    """The sandbox's database. Safe to use from several threads; `transaction` makes a sequence of calls one step."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None, timeout=30)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._migrate()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing, and nobody else writes in between."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def _migrate(self) -> None:
        """Create what is missing; make the handles anew when an older sandbox wrote them in another form."""
        with self._lock:
            outdated = self._db.execute("PRAGMA user_version").fetchone()[0] != _VERSION
            if outdated:
                self._db.execute("DROP TABLE IF EXISTS handles")
            self._db.executescript(_SCHEMA)
            if outdated:
                with self.transaction():
                    for record in self.all():
                        self._write_handles(record)
                    self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def insert(self, record: Record) -> Record:
        """Add a record. The caller has made sure that its id is free."""
        with self.transaction():
            cursor = self._db.execute(
                "INSERT INTO records (token, realm, id_key, id, urn, nonce, unique_key, acknowledged, inputs, outputs) VALUES (?,?,?,?,?,?,?,?,?,?)",
                (
                    record.token,
                    record.realm,
                    id_key(record.token, record.id),
                    record.id,
                    record.urn,
                    record.nonce,
                    record.unique_key,
                    int(record.acknowledged),
                    _dump(record.inputs),
                    _dump(record.outputs),
                ),
            )
            stored = replace(record, number=int(cursor.lastrowid or 0))
            self._write_handles(stored)
            return stored

    def update(self, record: Record) -> None:
        """Write a record's new properties."""
        with self.transaction():
            self._db.execute(
                "UPDATE records SET inputs = ?, outputs = ?, unique_key = ?, urn = ?, acknowledged = ? WHERE number = ?",
                (_dump(record.inputs), _dump(record.outputs), record.unique_key, record.urn, int(record.acknowledged), record.number),
            )
            self._write_handles(record)

    def delete(self, record: Record) -> None:
        """Remove a record, its handles and its edges."""
        with self.transaction():
            self._db.execute("DELETE FROM records WHERE number = ?", (record.number,))

    def get(self, token: str, realm: str, resource_id: str) -> Record | None:
        """The record with this id."""
        with self._lock:
            row = self._db.execute(
                "SELECT * FROM records WHERE token = ? AND realm = ? AND id_key = ?", (token, realm, id_key(token, resource_id))
            ).fetchone()
            return _record(row) if row else None

    def all(self) -> list[Record]:
        """Every record, oldest first."""
        with self._lock:
            return [_record(row) for row in self._db.execute("SELECT * FROM records ORDER BY number")]

    def of_type(self, token: str) -> list[Record]:
        """Every record of a type."""
        with self._lock:
            return [_record(row) for row in self._db.execute("SELECT * FROM records WHERE token = ? ORDER BY number", (token,))]

    def of_urn(self, urn: str) -> list[Record]:
        """Every record that was created for a URN."""
        with self._lock:
            return [_record(row) for row in self._db.execute("SELECT * FROM records WHERE urn = ? ORDER BY number", (urn,))]

    def with_unique_key(self, key: str) -> Record | None:
        """The record that holds a name nobody else may have."""
        with self._lock:
            row = self._db.execute("SELECT * FROM records WHERE unique_key = ?", (key,)).fetchone()
            return _record(row) if row else None

    def by_handle(self, value: str, token: str | None = None, attribute: str | None = None) -> list[Record]:
        """The records that a value refers to, by the attribute given, or by what is a record's own: its id, ARN, self link and the like.

        A property that the program gave (a subscription's `topic`) is no name of the record that has it, unless it is asked for; nor is the id of a
        topic's policy, which is the topic's ARN.
        """
        with self._lock:
            rows = self._db.execute(
                "SELECT DISTINCT records.* FROM handles JOIN records ON records.number = handles.record WHERE handles.value = ?"
                " AND (? IS NULL OR records.token = ?) AND CASE WHEN ? IS NULL THEN handles.own ELSE handles.attribute = ? END",
                (value.lower(), token, token, attribute, attribute),
            )
            return [_record(row) for row in rows]

    def by_id_prefix(self, prefix: str) -> list[Record]:
        """The records whose id lies below an ARM id."""
        with self._lock:
            low = prefix.lower()
            rows = self._db.execute("SELECT * FROM records WHERE substr(id_key, 1, ?) = ?", (len(low), low))
            return [_record(row) for row in rows]

    def set_edges(self, source: Record, targets: list[tuple[Record, str]]) -> None:
        """Remember what a record refers to, by which properties."""
        with self.transaction():
            self._db.execute("DELETE FROM edges WHERE source = ?", (source.number,))
            self._db.executemany(
                "INSERT INTO edges (source, target, property) VALUES (?,?,?)",
                [(source.number, target.number, path) for target, path in targets if target.number != source.number],
            )

    def referrers(self, target: Record) -> list[tuple[Record, str]]:
        """What refers to a record, and by which property."""
        with self._lock:
            rows = self._db.execute(
                "SELECT records.*, edges.property FROM edges JOIN records ON records.number = edges.source WHERE edges.target = ?", (target.number,)
            )
            return [(_record(row), str(row["property"])) for row in rows]

    def acknowledge_urn(self, urn: str) -> None:
        """The engine has shown that its state holds the resource of this URN."""
        with self._lock:
            self._db.execute("UPDATE records SET acknowledged = 1 WHERE urn = ? AND acknowledged = 0", (urn,))

    def acknowledge(self, record: Record) -> None:
        """The engine has shown that its state holds this very record."""
        if not record.acknowledged:
            with self._lock:
                self._db.execute("UPDATE records SET acknowledged = 1 WHERE number = ?", (record.number,))

    def discard_interrupted(self, urn: str) -> list[Record]:
        """Remove what interrupted creates of this URN left: the engine never learnt of it, so nothing in its state can refer to it."""
        with self.transaction():
            left = [record for record in self.of_urn(urn) if not record.acknowledged]
            for record in left:
                self.delete(record)
            return left

    def reset(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in ("edges", "handles", "records", "faults"):
                self._db.execute(f"DELETE FROM {table}")

    def add_fault(self, token: str, operation: str, *, after: bool, skip: int, times: int, delay: float, message: str | None) -> None:
        """Register a fault; see `sandbox.faults`."""
        with self._lock:
            self._db.execute(
                "INSERT INTO faults (token, operation, after, skip, times, delay, message) VALUES (?,?,?,?,?,?,?)",
                (token, operation, int(after), skip, times, delay, message),
            )

    def faults(self) -> list[dict[str, Any]]:
        """The registered faults, oldest first."""
        with self._lock:
            return [dict(row) for row in self._db.execute("SELECT * FROM faults ORDER BY number")]

    def set_fault_counts(self, number: int, skip: int, times: int) -> None:
        """Count a fault's occasions down."""
        with self._lock:
            if times == 0:
                self._db.execute("DELETE FROM faults WHERE number = ?", (number,))
            else:
                self._db.execute("UPDATE faults SET skip = ?, times = ? WHERE number = ?", (skip, times, number))

    def clear_faults(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._db.execute("DELETE FROM faults")

    def _write_handles(self, record: Record) -> None:
        self._db.execute("DELETE FROM handles WHERE record = ?", (record.number,))
        handles = {"id": record.id} | {
            name: value for name, value in record.outputs.items() if name != "id" and isinstance(value, str) and 0 < len(value) <= 512
        }
        self._db.executemany(
            "INSERT INTO handles (record, attribute, value, own) VALUES (?,?,?,?)",
            [(record.number, name, value.lower(), int(_is_own(record, name, value))) for name, value in handles.items()]
            + [(record.number, name, value.lower(), 0) for name, value in _filled_in(record)],
        )


def _filled_in(record: Record) -> Iterator[tuple[str, str]]:
    """What the cloud filled in inside what the program gave (`vpcConfig.clusterSecurityGroupId`): others name it by its path."""
    for name, given in record.inputs.items():
        whole = record.outputs.get(name)
        if isinstance(given, dict) and isinstance(whole, dict):
            for inner, value in cast("Inputs", whole).items():
                if inner not in given and isinstance(value, str) and 0 < len(value) <= 512:
                    yield f"{name}.{inner}", value


def _is_own(record: Record, name: str, value: str) -> bool:
    given = name in record.inputs and name != "id"
    borrowed = any(mark in value for mark in "/:") and value in record.inputs.values()
    return not given and not borrowed


def _dump(values: Inputs) -> str:
    return json.dumps(to_plain(values))


def _record(row: sqlite3.Row) -> Record:
    return Record(
        token=row["token"],
        realm=row["realm"],
        id=row["id"],
        urn=row["urn"],
        nonce=row["nonce"],
        unique_key=row["unique_key"],
        acknowledged=bool(row["acknowledged"]),
        inputs=from_plain(json.loads(row["inputs"])).values,
        outputs=from_plain(json.loads(row["outputs"])).values,
        number=row["number"],
    )
