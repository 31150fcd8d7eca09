"""`segue artists`: who sounds like whom."""

from typing import Annotated

import typer

from segue.cli.api import connect
from segue.cli.options import AsJson, Token, Url
from segue.cli.printing import print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Find artists.")


@app.callback()
def artists() -> None:
    """Find artists."""


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Part of the artist's name.")],
    *,
    server: Annotated[str | None, typer.Option(help="Only artists of this server.", metavar="NAME")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=500)] = 20,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Find artists by name, best match first; misspelt ones are found too."""
    found = connect(url, token).get("/artists", q=" ".join(words), server=server, limit=limit)["items"]
    if as_json:
        print_json(found)
    elif not found:
        say("No artist is called like this.")
    else:
        print_table(
            ["artist", "recordings"],
            [(one["artist"], one["recordings"]) for one in found],
            right=("recordings",),
        )


@app.command()
def similar(
    name: Annotated[list[str], typer.Argument(help="The artist's name.")],
    *,
    server: Annotated[str | None, typer.Option(help="Only artists of this server.", metavar="NAME")] = None,
    why: Annotated[bool, typer.Option("--why", help="Show songs in which they agree.")] = False,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=500)] = 20,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Find artists that sound like one."""
    found = connect(url, token).get(
        "/artists/similar", artist=" ".join(name), server=server, matches=why or None, limit=limit
    )
    if as_json:
        print_json(found)
    elif not found["items"]:
        say("No other artist is heard yet; `segue analyse status` tells how far it is.")
    else:
        print_table(
            ["distance", "artist", "recordings", *(["for example"] if why else [])],
            [
                (f"{one['distance']:.3f}", one["artist"], one["recordings"], *([_pair(one)] if why else []))
                for one in found["items"]
            ],
            right=("distance", "recordings"),
        )


def _pair(one: dict[str, object]) -> str:
    """The songs that stand for the sides which agree most."""
    matches = one["matches"]
    if not isinstance(matches, list) or not matches:
        return ""
    ours, theirs = matches[0]["ours"][:1], matches[0]["theirs"][:1]
    return " ~ ".join([*ours, *theirs])
