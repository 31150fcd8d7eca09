"""A shelf for what is costly to find out and cheap to find out again: texts by name, on disk."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import structlog

__all__ = ["Shelf"]


class Shelf:
    """Texts in SQLite, shared by processes and threads. A broken shelf is thrown away and made anew.

    `layout` is raised when the meaning of the texts changes: older ones are forgotten.
    """

    def __init__(self, file: Path, log: structlog.stdlib.BoundLogger, *, layout: int = 1) -> None:
        self._file = file
        self._log = log
        self._layout = layout
        self._lock = Lock()
        self._connection = self._open()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def get(self, names: Sequence[str]) -> dict[str, str]:
        """What lies there under these names."""
        rows = self._run(
            "select name, text from shelf where name in (select value from json_each(?))",
            [json.dumps(list(names))],
        )
        return dict(rows)

    def put(self, texts: Iterable[tuple[str, str]]) -> None:
        rows = list(texts)
        if not rows:
            return
        with self._lock:
            try:
                self._connection.execute("begin immediate")
                self._connection.executemany("insert or replace into shelf values (?, ?)", rows)
                self._connection.execute("commit")
            except sqlite3.DatabaseError as error:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                self._recover(error)

    def count(self) -> int:
        rows = self._run("select count(*) from shelf")
        return int(rows[0][0]) if rows else 0

    def clear(self) -> None:
        self._run("delete from shelf")

    def _run(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.DatabaseError as error:
                self._recover(error)
                return []

    def _recover(self, error: sqlite3.DatabaseError) -> None:
        """A busy shelf is asked again next time."""
        if isinstance(error, sqlite3.OperationalError):
            self._log.info("shelf_passed_over", file=self._file.name, reason=str(error))
            return
        self._connection.close()
        self._throw_away(error)
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        connection = self._connect()
        try:
            self._lay_out(connection)
        except sqlite3.OperationalError:
            connection.close()
            raise
        except sqlite3.DatabaseError as error:
            connection.close()
            self._throw_away(error)
            connection = self._connect()
            self._lay_out(connection)
        return connection

    def _throw_away(self, error: sqlite3.DatabaseError) -> None:
        self._log.warning("shelf_thrown_away", file=self._file.name, reason=str(error))
        for suffix in ("", "-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=5, isolation_level=None, check_same_thread=False)

    def _lay_out(self, connection: sqlite3.Connection) -> None:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = off")
        connection.execute("begin immediate")
        if connection.execute("pragma user_version").fetchone()[0] != self._layout:
            connection.execute("drop table if exists shelf")
            connection.execute("create table shelf (name text primary key, text text not null) without rowid")
            connection.execute(f"pragma user_version = {self._layout:d}")
        connection.execute("commit")
