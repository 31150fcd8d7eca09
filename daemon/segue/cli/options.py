"""Options that many commands share, and what becomes of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from segue.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
Url = Annotated[
    str | None,
    typer.Option("--url", help="Where the daemon is. Default: SEGUE_URL, or this machine.", metavar="URL"),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        help="The token to present. Default: SEGUE_TOKEN, or the one kept in the data folder. "
        "Other users of this machine can see what is given here.",
        metavar="TOKEN",
    ),
]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Log lines of a command whose output is what it prints."""

    log_level: str = "error"
    log_format: str = "auto"


def read_settings(**options: object) -> "Settings":
    """The settings, with the options that were given on top."""
    from segue.settings import load_settings

    return load_settings(options=options)
