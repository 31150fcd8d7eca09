"""Puts the commands together and turns faults into sentences and exit statuses."""

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from segue.cli import (
    analyse,
    artists,
    cluster,
    doctor,
    hear,
    models,
    playlists,
    processes,
    runs,
    schedules,
    servers,
    settings,
    similar,
    tokens,
)
from segue.cli.faults import CommandError, Exit


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run one command, by default the one that this process was started with; ends with SystemExit."""
    try:
        application()(args=words, prog_name="segue")
    except CommandError as error:
        _end([str(error)], error.exit)
    except Exception as error:
        if problems := _of_settings(error):
            _end(problems, Exit.USAGE)
        raise
    raise SystemExit(int(Exit.OK))


def application() -> typer.Typer:
    """Every command, declared but not imported further than its options."""
    app = typer.Typer(
        name="segue",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_segue)
    for part in (processes, doctor, hear, similar):
        part.register(app)
    for name, group in (
        ("servers", servers.app),
        ("analyse", analyse.app),
        ("models", models.app),
        ("runs", runs.app),
        ("tracks", similar.tracks),
        ("artists", artists.app),
        ("playlists", playlists.app),
        ("schedules", schedules.app),
        ("cluster", cluster.app),
        ("tokens", tokens.app),
        ("settings", settings.app),
    ):
        app.add_typer(group, name=name)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"segue {version('segue')}")
        raise typer.Exit


def _segue(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and end.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Segue gives your own media servers ears."""


def _of_settings(error: Exception) -> tuple[str, ...]:
    """Known only where settings were read at all; importing them here would slow every command."""
    module = sys.modules.get("segue.settings.errors")
    if module is None or not isinstance(error, module.SettingsError):
        return ()
    problems: tuple[str, ...] = error.problems
    return problems


def _end(lines: list[str] | tuple[str, ...], status: Exit) -> NoReturn:
    for line in lines:
        print(line, file=sys.stderr)
    raise SystemExit(int(status))
