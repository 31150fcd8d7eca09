"""`segue tokens`: who may ask the daemon for what."""

from typing import Annotated

import typer

from segue.cli.api import connect
from segue.cli.faults import CommandError
from segue.cli.options import AsJson, Token, Url
from segue.cli.printing import moment, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Decide who may ask the daemon for what.")

_SCOPES = ("admin", "read", "play")


@app.command("list")
def list_(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """List valid tokens; the tokens themselves are never shown again."""
    found = connect(url, token).items("/tokens")
    if as_json:
        print_json(found)
        return
    print_table(
        ["id", "name", "scopes", "made", "last used"],
        [
            (
                one["id"],
                one["name"],
                " ".join(one["scopes"]),
                moment(one["created_at"]),
                moment(one["last_used_at"]) or "never",
            )
            for one in found
        ],
        right=("id",),
    )


@app.command()
def add(
    name: Annotated[str, typer.Argument(help='What it is for, such as "kitchen radio".')],
    *,
    scope: Annotated[
        list[str],
        typer.Option(
            help="What it may do: *play* (search and similar), *read* (see everything) or *admin* "
            "(change everything); each includes the ones before. May be repeated.",
        ),
    ],
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Make a token and show it this once."""
    if unknown := [one for one in scope if one not in _SCOPES]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(_SCOPES)}.", param_hint="--scope")
    made = connect(url, token).post("/tokens", {"name": name, "scopes": scope})
    if as_json:
        print_json(made)
    else:
        say(made["token"])


@app.command()
def revoke(
    which: Annotated[str, typer.Argument(help="Its name or id, as `segue tokens list` shows it.")],
    *,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """End a token for good."""
    api = connect(url, token)
    found = [one for one in api.items("/tokens") if which in (one["name"], str(one["id"]))]
    if not found:
        raise CommandError(f"There is no valid token {which}; `segue tokens list` shows them.")
    if len(found) > 1:
        raise CommandError(f"{which} is the name of one token and the id of another; give the other word.")
    api.delete(f"/tokens/{found[0]['id']}")
    if as_json:
        print_json(found[0])
    else:
        say(f"The token {found[0]['name']} is revoked.")
