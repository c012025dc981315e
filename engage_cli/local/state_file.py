"""The endpoint's state on disk: one SQLite file of records, written in transactions.

A record is one entry of one store of one service ("stepfunctions", "executions", its key); a child is a
part of a record that grows by itself (the items of a table, the events of a log stream), so that adding
one does not rewrite the others. SQLite's write-ahead log makes a transaction that was committed survive
the end of the process at any moment; after a loss of power the last ones may be missing, never halves.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = 2
"""Of the layout below. Version 1 was one JSON file for each service, and is migrated."""

_LAYOUT = """
CREATE TABLE record (service TEXT, store TEXT, key TEXT, value TEXT NOT NULL,
                     PRIMARY KEY (service, store, key)) WITHOUT ROWID;
CREATE TABLE child (service TEXT, parent TEXT, key TEXT, value TEXT NOT NULL,
                    PRIMARY KEY (service, parent, key)) WITHOUT ROWID;
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class StateError(Exception):
    """The state cannot be read or written. The message is one sentence; `hint` is the next step."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass
class Changes:
    """What one transaction writes. A value of None deletes; `emptied`: parents that lose all children."""

    records: dict[tuple[str, str, str], str | None] = field(default_factory=dict)
    emptied: set[tuple[str, str]] = field(default_factory=set)
    children: dict[tuple[str, str, str], str | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.records or self.emptied or self.children)


class StateFile:
    """The open file. Not for use by two threads at once: its owner holds a lock."""

    def __init__(self, path: Path) -> None:
        """Open or create. Raises StateError when it is damaged, of a newer version, or cannot be written."""
        self.path = path
        with self._clear_errors():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise StateError(
                    f"The local state {path} was written by a newer engage (version {version} of its layout; "
                    f"this one knows {VERSION}).",
                    "Use that engage, or start afresh with `engage local reset`.",
                )
            self.is_new = version == 0
            if self.is_new:
                with self._transaction():
                    for statement in _LAYOUT.split(";"):
                        self._connection.execute(statement)
                    self._connection.execute(f"PRAGMA user_version = {VERSION}")
            elif self._connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise self._damaged("its pages do not fit together")
        path.chmod(0o600)

    def write(self, changes: Changes) -> None:
        """Write `changes` in one transaction. Raises StateError when the disk does not take them."""
        with self._clear_errors(), self._transaction():
            run = self._connection.executemany
            run("DELETE FROM child WHERE service = ? AND parent = ?", changes.emptied)
            for table, parent, values in (
                ("record", "store", changes.records),
                ("child", "parent", changes.children),
            ):
                gone = [key for key, value in values.items() if value is None]
                kept = [(*key, value) for key, value in values.items() if value is not None]
                run(f"DELETE FROM {table} WHERE service = ? AND {parent} = ? AND key = ?", gone)
                run(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?)", kept)

    def services(self) -> list[str]:
        """The services that have records."""
        rows = self._connection.execute("SELECT DISTINCT service FROM record ORDER BY service")
        return [service for (service,) in rows]

    def records(self, service: str) -> Iterator[tuple[str, str, str]]:
        """Every record of a service: store, key, value."""
        with self._clear_errors():
            rows = self._connection.execute(
                "SELECT store, key, value FROM record WHERE service = ? ORDER BY store, key", (service,)
            ).fetchall()
        return iter(rows)

    def children(self, service: str) -> Iterator[tuple[str, str, str]]:
        """Every child of a service's records, in the order of its keys: parent, key, value."""
        with self._clear_errors():
            rows = self._connection.execute(
                "SELECT parent, key, value FROM child WHERE service = ? ORDER BY parent, key", (service,)
            ).fetchall()
        return iter(rows)

    def about(self) -> dict[str, Any]:
        """What the last writer said of itself: the versions of MiniStack's own formats."""
        rows = self._connection.execute("SELECT name, value FROM about")
        return {name: json.loads(value) for name, value in rows}

    def tell(self, about: Mapping[str, Any]) -> None:
        """Record what `about` returns later."""
        with self._clear_errors(), self._transaction():
            rows: Iterable[tuple[str, str]] = [(name, json.dumps(value)) for name, value in about.items()]
            self._connection.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", rows)

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        self._connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            # SQLite has rolled back by itself when the disk was full.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StateError(
                f"The local state {self.path} cannot be written or read: {error}.",
                "Free disk space or mend the directory's permissions, then repeat the command.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, why: str) -> StateError:
        return StateError(
            f"The local state {self.path} is damaged: {why}.",
            "Restore the file from a backup, or start afresh with `engage local reset`.",
        )
