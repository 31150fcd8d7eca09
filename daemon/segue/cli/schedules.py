"""`segue schedules`: when which kind of run begins."""

from typing import Annotated, Literal
from urllib.parse import quote

import typer

from segue.cli.api import connect
from segue.cli.options import AsJson, Token, Url
from segue.cli.printing import moment, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Decide when work begins by itself.")

Name = Annotated[str, typer.Argument(help="The schedule's name: lower-case letters, digits, `-` and `_`.")]


@app.command("list")
def list_(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """List schedules by name."""
    found = connect(url, token).get("/schedules")["items"]
    if as_json:
        print_json(found)
        return
    print_table(
        ["name", "kind", "server", "cron", "time zone", "next", "last"],
        [
            (
                one["name"],
                one["kind"],
                one["server"],
                one["cron"],
                one["timezone"],
                moment(one["next_due_at"]) or "never",
                moment(one["last_due_at"]) or "never",
            )
            for one in found
        ],
    )


@app.command("set")
def set_(
    name: Name,
    cron: Annotated[
        str, typer.Argument(help='Minute, hour, day of month, month, day of week, such as "30 4 * * *".')
    ],
    *,
    kind: Annotated[
        Literal["walk", "analyse", "recluster"],
        typer.Option(
            help="What begins: a walk of one server, hearing what is unheard, or new groups if enough of the "
            "library has changed."
        ),
    ],
    server: Annotated[str | None, typer.Option(help="The server that a walk is for.", metavar="NAME")] = None,
    timezone: Annotated[
        str, typer.Option(help="The time zone of the cron line, such as Europe/Berlin.")
    ] = "UTC",
    paused: Annotated[bool, typer.Option("--paused", help="Keep it, but let it begin nothing.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Make or change a schedule."""
    wanted = {"kind": kind, "server": server, "cron": cron, "timezone": timezone, "enabled": not paused}
    reply = connect(url, token).put(f"/schedules/{quote(name, safe='')}", wanted)
    if as_json:
        print_json(reply)
    else:
        say(f"{reply['name']} begins next: {moment(reply['next_due_at']) or 'never'}.")


@app.command()
def remove(name: Name, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Remove a schedule; runs that it began stay."""
    connect(url, token).delete(f"/schedules/{quote(name, safe='')}")
    if as_json:
        print_json({"removed": name})
    else:
        say(f"The schedule {name} is removed.")
