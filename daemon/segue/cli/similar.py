"""`segue similar`, `segue tracks`: find tracks, and what sounds like them."""

import typer

tracks = typer.Typer(no_args_is_help=True, help="Look at tracks.")


def register(app: typer.Typer) -> None: ...
