"""`segue up`, `serve`, `work`, `migrate`: the processes themselves."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from segue.cli.faults import CommandError, Exit
from segue.cli.options import AsJson, read_settings
from segue.cli.printing import print_json, say

DataDir = Annotated[
    Path | None,
    typer.Option(help="The folder that holds everything. Default: SEGUE_DATA_DIR, or ./segue-data."),
]
Host = Annotated[
    str | None, typer.Option(help="The address to listen on. Default: SEGUE_HOST, or 127.0.0.1.")
]
Port = Annotated[int | None, typer.Option(help="The port to listen on. Default: SEGUE_PORT, or 4711.")]


Queue = Literal["light", "heavy"]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (up, serve, work, migrate):
        app.command()(command)


def up(
    music: Annotated[
        Path | None,
        typer.Option(help="A folder of music to connect and hear. Default: SEGUE_MUSIC."),
    ] = None,
    playlists: Annotated[
        Path | None,
        typer.Option(
            help="A folder for its playlists, as .m3u8 files for any player. Default: SEGUE_PLAYLISTS, "
            "or playlists in the data folder."
        ),
    ] = None,
    data_dir: DataDir = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Run everything here: database, queue, daemon and a worker.

    PostgreSQL and Valkey come along, unless SEGUE_DATABASE_URL and SEGUE_REDIS_URL name others.
    Ctrl-C stops all of it in order.
    """
    from segue.up import run

    settings = read_settings(music=music, playlists=playlists, data_dir=data_dir, host=host, port=port)
    if settings.music is not None and not settings.music.is_dir():
        raise CommandError(f"There is no folder {settings.music}.", exit=Exit.USAGE)
    if settings.playlists is not None and settings.playlists.exists() and not settings.playlists.is_dir():
        raise CommandError(f"{settings.playlists} is not a folder.", exit=Exit.USAGE)
    raise SystemExit(run(settings, settings.music))


def serve(host: Host = None, port: Port = None) -> None:
    """Run the daemon alone: API, feeds, hooks and the live index.

    Needs SEGUE_DATABASE_URL and SEGUE_REDIS_URL, and a database brought up to date by `segue migrate`.
    """
    _one_thread_per_product()
    from segue import logs
    from segue.app import serving

    settings = read_settings(host=host, port=port)
    logs.configure(settings)
    with _told_in_the_log():
        serving.serve(settings)


def work(
    queue: Annotated[Queue | None, typer.Option(help="Only this class of work. Default: both.")] = None,
) -> None:
    """Run a worker alone; any number on any number of machines share the work.

    Needs SEGUE_DATABASE_URL and SEGUE_REDIS_URL. *light* is walks and other short work, *heavy* is hearing.
    """
    _one_thread_per_product()
    from segue import logs
    from segue.app import working

    settings = read_settings()
    logs.configure(settings)
    with _told_in_the_log():
        working.work(settings, [queue] if queue else get_args(Queue))


def migrate(as_json: AsJson = False) -> None:
    """Bring the database up to date with this version; safe to repeat."""
    import asyncio

    import psycopg

    from segue.store.migrate import MigrationError
    from segue.store.migrate import migrate as bring_up_to_date

    try:
        applied = asyncio.run(bring_up_to_date(read_settings().database_dsn()))
    except MigrationError as error:
        raise CommandError(str(error)) from error
    except psycopg.OperationalError as error:
        raise CommandError(f"The database cannot be reached: {str(error).strip()}") from error
    if as_json:
        print_json({"applied": applied})
    elif applied:
        say(f"Applied {', '.join(applied)}.")
    else:
        say("The database is up to date.")


def _one_thread_per_product() -> None:
    """Before numpy is loaded: a matrix product on several threads spins while others want the processor."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


@contextmanager
def _told_in_the_log() -> Iterator[None]:
    """What keeps a process from starting is a sentence in its log; anything else is a fault of ours."""
    import psycopg
    import structlog

    from segue.vault import VaultError

    try:
        yield
    except (VaultError, psycopg.Error, OSError) as error:
        reason = _in_words(error)
        if reason is None:
            raise
        structlog.get_logger(__name__).critical("start_failed", reason=reason)
        raise SystemExit(int(Exit.FAILED)) from error


def _in_words(error: Exception) -> str | None:
    from psycopg.errors import OperationalError, UndefinedColumn, UndefinedTable

    from segue.vault import VaultError

    match error:
        case VaultError():
            return str(error)
        case UndefinedTable() | UndefinedColumn():
            return "The database lacks migrations; run `segue migrate`."
        case OperationalError():
            return f"PostgreSQL cannot be used: {error}. Check SEGUE_DATABASE_URL."
        case OSError(errno=errno.EADDRINUSE):
            return "The port is taken by another program; choose another with SEGUE_PORT."
        case OSError(errno=errno.EACCES | errno.EADDRNOTAVAIL):
            return f"This machine cannot listen there ({error.strerror}); check SEGUE_HOST and SEGUE_PORT."
    return None
