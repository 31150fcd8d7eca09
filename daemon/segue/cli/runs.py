"""`segue runs`: watch and cancel long pieces of work."""

from typing import Annotated, Any

import typer

from segue.cli.api import connect
from segue.cli.options import AsJson, Token, Url
from segue.cli.printing import moment, print_facts, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Watch and cancel long pieces of work.")

RunNumber = Annotated[int, typer.Argument(help="The run's number, as `segue runs list` shows it.", min=1)]


@app.command("list")
def list_(
    *,
    unfinished: Annotated[bool, typer.Option("--unfinished", help="Only those that have not ended.")] = False,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as analyse or walk.")] = None,
    parts: Annotated[bool, typer.Option("--parts", help="Also those that are a part of another.")] = False,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 20,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """List runs, newest first."""
    api = connect(url, token)
    whole = None if parts or kind else True
    found = api.items("/runs", most=limit, unfinished=unfinished or None, kind=kind, whole=whole)
    if as_json:
        print_json(found)
        return
    print_table(
        ["run", "kind", "server", "state", "done", "failed", "of", "began", "message"],
        [
            (
                run["id"],
                run["kind"],
                run["server"],
                run["state"],
                run["done"],
                run["failed"],
                run["total"],
                moment(run["started_at"]),
                run["message"],
            )
            for run in found
        ],
        right=("run", "done", "failed", "of"),
    )


@app.command()
def show(run: RunNumber, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Show one run with its log."""
    api = connect(url, token)
    found = api.get(f"/runs/{run}")
    log = api.items(f"/runs/{run}/log")
    if as_json:
        print_json({**found, "log": log})
        return
    print_facts(
        [
            ("run", found["id"]),
            ("kind", found["kind"]),
            ("server", found["server"]),
            ("state", found["state"]),
            ("progress", _progress(found)),
            ("message", found["message"]),
            ("part of run", found["parent"]),
            ("wanted", moment(found["created_at"])),
            ("began", moment(found["started_at"])),
            ("ended", moment(found["finished_at"])),
        ]
    )
    for line in log:
        say(f"{moment(line['at'])} {line['level']}: {line['line']}")


@app.command()
def follow(
    run: Annotated[
        int | None,
        typer.Argument(help="The run's number. Default: one after the other.", min=1),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Follow runs to their end, with a progress bar; exit status 0 only if they succeed.

    With --json each event is one line.
    """
    from segue.cli import follow as following

    api = connect(url, token)
    if run is not None:
        raise SystemExit(int(following.follow(api, run, as_json=as_json)))
    ending = following.follow_all(api, as_json=as_json)
    if ending is None and not as_json:
        say("Nothing is going on. `segue runs list` shows what was.")
    raise SystemExit(int(ending or 0))


@app.command()
def cancel(run: RunNumber, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Cancel a run and all below it; what is done stays done."""
    reply = connect(url, token).post(f"/runs/{run}/cancel")
    if as_json:
        print_json(reply)
    else:
        more = f", with {reply['revoked'] - 1} below it" if reply["revoked"] > 1 else ""
        say(f"Run {run} is cancelled{more}.")


def _progress(run: dict[str, Any]) -> str:
    of = f" of {run['total']}" if run["total"] is not None else ""
    failed = f", {run['failed']} failed" if run["failed"] else ""
    percent = f" ({run['percent']:.0f} %)" if run["percent"] is not None else ""
    return f"{run['done']}{of} done{failed}{percent}"
