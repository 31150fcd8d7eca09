"""Brings a database to the schema of this version: numbered files, forward only, each applied once."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from segue.store.pool import Connection, conninfo

__all__ = ["Migration", "MigrationError", "apply", "migrate", "migrations", "pending"]

_ADVISORY_LOCK = 0x5E60E


class MigrationError(Exception):
    """The database and this version do not fit; a sentence for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered file of SQL."""

    number: int
    name: str
    sql: bytes

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql).hexdigest()


def migrations() -> list[Migration]:
    """All migrations of this version, in order."""
    folder = files("segue.store") / "migrations"
    found = [
        Migration(number=int(match[1]), name=match[2], sql=entry.read_bytes())
        for entry in folder.iterdir()
        if (match := re.fullmatch(r"(\d{4})_(\w+)\.sql", entry.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


async def migrate(dsn: str) -> list[str]:
    """Apply what is missing and return the names; safe when several processes start at once."""
    address = conninfo(dsn, statement_seconds=0)
    async with await AsyncConnection.connect(address, autocommit=True) as c:
        await c.execute("select pg_advisory_lock(%s)", [_ADVISORY_LOCK])
        try:
            applied = await apply(c, migrations())
            await _restamp(c)
        finally:
            await c.execute("select pg_advisory_unlock(%s)", [_ADVISORY_LOCK])
    return applied


async def pending(c: Connection) -> list[str]:
    """The names of migrations that this database still lacks; refuses one that does not fit."""
    cursor = await c.execute("select to_regclass('schema_migrations') is not null")
    row = await cursor.fetchone()
    known = await _applied(c) if row and row[0] else {}
    return [_title(migration) for migration in _missing(migrations(), known)]


async def apply(c: AsyncConnection[TupleRow], wanted: list[Migration]) -> list[str]:
    """Apply the missing ones of `wanted`, each in its own transaction."""
    await c.execute(_TABLE)
    missing = _missing(wanted, await _applied(c))
    for migration in missing:
        async with c.transaction():
            await c.execute(migration.sql)
            await c.execute(
                "insert into schema_migrations (number, name, checksum) values (%s, %s, %s)",
                [migration.number, migration.name, migration.checksum],
            )
    return [_title(migration) for migration in missing]


def _missing(wanted: list[Migration], applied: dict[int, str]) -> list[Migration]:
    strange = sorted(applied.keys() - {migration.number for migration in wanted})
    if strange:
        raise MigrationError(
            f"The database was made by a newer version (it has migration {strange[-1]:04d}); "
            "start that version, or restore a backup from before it."
        )
    for migration in wanted:
        if migration.checksum != applied.get(migration.number, migration.checksum):
            raise MigrationError(
                f"Migration {_title(migration)} is not the one that this database was made with; "
                "install an unaltered release."
            )
    return [migration for migration in wanted if migration.number not in applied]


async def _applied(c: Connection) -> dict[int, str]:
    cursor = await c.execute("select number, checksum from schema_migrations")
    return {number: checksum async for number, checksum in cursor}


async def _restamp(c: Connection) -> None:
    """After a restore into another cluster the stored transaction numbers mean nothing there."""
    async with c.transaction():
        cursor = await c.execute(
            "select i.system_identifier, s.system_identifier "
            "from pg_control_system() s left join cluster_identity i on i.one"
        )
        row = await cursor.fetchone()
        assert row is not None
        stored, present = row
        if stored == present:
            return
        await c.execute("update embeddings set vector = vector")
        await c.execute("update track_changes set tx = pg_current_xact_id()")
        await c.execute(
            "insert into cluster_identity (system_identifier) values (%s) "
            "on conflict (one) do update set system_identifier = excluded.system_identifier",
            [present],
        )


def _title(migration: Migration) -> str:
    return f"{migration.number:04d}_{migration.name}"


_TABLE = """
create table if not exists schema_migrations (
    number      integer primary key,
    name        text not null,
    checksum    text not null,
    applied_at  timestamptz not null default now()
)
"""
