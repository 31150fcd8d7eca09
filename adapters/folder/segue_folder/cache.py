"""What was read from files, kept by revision, so that a walk opens only files that are new."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import structlog

from segue.model import Track, TrackId

__all__ = ["Cache"]

_LAYOUT = 1
"""To be raised when files are read differently: older rows are forgotten."""

_SCHEMA = """
create table tracks (id text primary key, revision text not null, track text not null) without rowid;
create table mounts (path text primary key) without rowid;
"""


class Cache:
    """Rows in SQLite; only an accelerator, so a broken one is made anew. Used from threads."""

    def __init__(self, file: Path, log: structlog.stdlib.BoundLogger) -> None:
        self._file = file
        self._log = log
        self._lock = Lock()
        self._connection = self._open()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def get(self, ids: Sequence[TrackId]) -> dict[TrackId, Track]:
        """What is kept of these, whatever its revision."""
        rows = self._run(
            "select id, track from tracks where id in (select value from json_each(?))", [json.dumps(ids)]
        )
        return {TrackId(id_): _decoded(text) for id_, text in rows}

    def put(self, tracks: Iterable[Track]) -> None:
        rows = [(track.id, track.revision, _encoded(track)) for track in tracks]
        if rows:
            self._run_many("insert or replace into tracks values (?, ?, ?)", rows)

    def count(self) -> int:
        rows = self._run("select count(*) from tracks")
        return int(rows[0][0]) if rows else 0

    def forget(self) -> None:
        """Drop all tracks; the next walk reads every file again."""
        self._run("delete from tracks")

    def mounts(self) -> list[str]:
        """Folders that were disks of their own when last seen."""
        return [row[0] for row in self._run("select path from mounts")]

    def remember_mount(self, path: str) -> None:
        self._run("insert or ignore into mounts values (?)", [path])

    def _run(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.DatabaseError as error:
                self._recover(error)
                return []

    def _run_many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        with self._lock:
            try:
                self._connection.execute("begin immediate")
                self._connection.executemany(statement, rows)
                self._connection.execute("commit")
            except sqlite3.DatabaseError as error:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                self._recover(error)

    def _recover(self, error: sqlite3.DatabaseError) -> None:
        """A busy cache is asked again next time; a broken one is thrown away."""
        if isinstance(error, sqlite3.OperationalError):
            self._log.info("cache_passed_over", reason=str(error))
            return
        self._log.warning("cache_thrown_away", reason=str(error))
        self._connection.close()
        self._file.unlink(missing_ok=True)
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(self._file)
        try:
            _lay_out(connection)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                connection.close()
                raise
            self._log.warning("cache_thrown_away", reason=str(error))
            connection.close()
            self._file.unlink(missing_ok=True)
            connection = _connect(self._file)
            _lay_out(connection)
        return connection


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=5, isolation_level=None, check_same_thread=False)


def _lay_out(connection: sqlite3.Connection) -> None:
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = off")
    connection.execute("begin immediate")
    if connection.execute("pragma user_version").fetchone()[0] != _LAYOUT:
        for table in ("tracks", "mounts"):
            connection.execute(f"drop table if exists {table}")
        for statement in _SCHEMA.strip().split(";\n"):
            connection.execute(statement.rstrip(";"))
        connection.execute(f"pragma user_version = {_LAYOUT}")
    connection.execute("commit")


def _encoded(track: Track) -> str:
    values: Mapping[str, Any] = {field.name: getattr(track, field.name) for field in fields(track)}
    return json.dumps(
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    )


def _decoded(text: str) -> Track:
    values = json.loads(text)
    values["genres"] = tuple(values["genres"])
    if values["added_at"] is not None:
        values["added_at"] = datetime.fromisoformat(values["added_at"])
    return Track(**values)
