"""Checks of PostgreSQL and Redis, also of the embedded ones while they run."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from segue.cli.doctor.finding import Finding, bad, good, warning

if TYPE_CHECKING:
    from segue.settings import Settings

_TESTED_POSTGRES = 180000
_SECONDS = 5
_QUEUES = ("light", "heavy")
_SKEW_SECONDS = 5.0
_START = "`segue up` starts it; or name another with {}."


def database(settings: "Settings") -> Iterator[Finding]:
    """Reachable, new enough, migrated, and of the same time."""
    if settings.database_url is not None:
        yield from asyncio.run(_database(settings.database_url.get_secret_value()))
        return
    yield from _embedded("PostgreSQL", "SEGUE_DATABASE_URL")
    run = _run_folder(settings)
    if run is None:
        yield warning(
            "database", "The embedded PostgreSQL is not running.", _START.format("SEGUE_DATABASE_URL")
        )
        return
    yield from asyncio.run(_database(f"postgresql://segue@/segue?host={quote(str(run), safe='')}&port=5432"))


def redis(settings: "Settings") -> Iterator[Finding]:
    """Reachable, and never throwing keys away."""
    if settings.redis_url is not None:
        yield from asyncio.run(_redis(settings.redis_url.get_secret_value()))
        return
    yield from _embedded("Valkey", "SEGUE_REDIS_URL")
    run = _run_folder(settings)
    if run is None or not (run / "valkey.sock").exists():
        yield warning("queue", "The embedded Valkey is not running.", _START.format("SEGUE_REDIS_URL"))
        return
    yield from asyncio.run(_redis(f"unix://{run}/valkey.sock"))


def _embedded(name: str, variable: str) -> Iterator[Finding]:
    """Whether the program to start is there at all."""
    from segue.embedded import StartError
    from segue.embedded.binaries import postgres_programs, valkey_program

    try:
        place = postgres_programs() if name == "PostgreSQL" else valkey_program()
    except StartError as error:
        yield bad(f"embedded {name}", str(error), f"Install segue[embedded], or set {variable}.")
    else:
        yield good(f"embedded {name}", str(place))


def _run_folder(settings: "Settings") -> Path | None:
    """Where the running embedded database has its socket, as it says itself."""
    try:
        return Path((settings.data_dir / "pg" / "postmaster.pid").read_text().splitlines()[4])
    except (OSError, IndexError):
        return None


async def _database(dsn: str) -> list[Finding]:
    import psycopg

    from segue.store.migrate import MigrationError, pending
    from segue.store.pool import conninfo

    try:
        async with await psycopg.AsyncConnection.connect(conninfo(dsn), connect_timeout=_SECONDS) as c:
            cursor = await c.execute("select now()")
            (now,) = await cursor.fetchone() or (None,)
            found = [_version(c.info.server_version), _clock(now)]
            found.append(_migrations(await pending(c)))
    except MigrationError as error:
        return [bad("migrations", str(error), "Install the version that belongs to this database.")]
    except (psycopg.Error, TimeoutError) as error:
        advice = "Check SEGUE_DATABASE_URL, and that the server runs and lets this user in."
        return [bad("database", f"PostgreSQL cannot be used: {_first_line(error)}", advice)]
    return found


def _version(number: int) -> Finding:
    told = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < _TESTED_POSTGRES:
        newer = f"Upgrade it to {_TESTED_POSTGRES // 10_000} or newer if something is odd."
        return warning("database", f"{told} is older than what Segue is tested with.", newer)
    return good("database", told)


def _clock(now: datetime | None) -> Finding:
    skew = abs((datetime.now(UTC) - now).total_seconds()) if now else 0.0
    if skew > _SKEW_SECONDS:
        return warning(
            "clock",
            f"This machine and the database disagree by {skew:.0f} s.",
            "Let both follow a time server (NTP); schedules and history depend on it.",
        )
    return good("clock", "this machine and the database agree")


def _migrations(lacking: list[str]) -> Finding:
    if lacking:
        return bad(
            "migrations",
            f"The database lacks {', '.join(lacking)}.",
            "Run `segue migrate`; `segue up` does it at each start.",
        )
    return good("migrations", "the database is up to date")


async def _redis(url: str) -> list[Finding]:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    try:
        async with Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS) as client:
            facts = {**await client.info("server"), **await client.info("memory")}
            asleep = [name for name in _QUEUES if not await client.exists(f"segue:{name}:health-check")]
    except (RedisError, OSError) as error:
        advice = "Check SEGUE_REDIS_URL, and that the server runs. Nothing is lost meanwhile; work waits."
        return [bad("queue", f"Redis or Valkey cannot be used: {_first_line(error)}", advice)]
    return [_queue(facts), _workers(asleep)]


def _queue(facts: dict[str, Any]) -> Finding:
    told = f"{facts.get('server_name', 'redis')} {facts.get('valkey_version') or facts.get('redis_version')}"
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        return warning(
            "queue",
            f"{told} throws keys away when its memory is full (maxmemory-policy {policy}).",
            "Set maxmemory-policy to noeviction, else work starts late.",
        )
    return good("queue", told)


def _workers(asleep: list[str]) -> Finding:
    if asleep:
        return warning(
            "workers",
            f"No worker has reported for {' and '.join(asleep)} work.",
            "Start one: `segue up` brings one along, `segue work` is one alone.",
        )
    return good("workers", "there is one for every class of work")


def _first_line(error: BaseException) -> str:
    from segue.logs import redact_text

    return redact_text(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)
