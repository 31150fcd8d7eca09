"""`segue analyse`: hear the library."""

from typing import Annotated, Any, Literal

import typer

from segue.cli.api import connect
from segue.cli.faults import Exit
from segue.cli.options import AsJson, Token, Url
from segue.cli.printing import moment, print_facts, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Hear the library.")

Level = Literal["fast", "balanced", "full"]


@app.command()
def start(
    *,
    quality: Annotated[
        Level | None, typer.Option(help="How well. Default: the daemon's setting analysis.quality.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Try again what could not be heard.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Stay and show the progress.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Hear what is unheard, or not yet heard so well."""
    api = connect(url, token)
    reply = api.post("/analysis", {"quality": quality, "failed": failed})
    run = reply["run"]
    if follow and run is not None:
        from segue.cli.follow import follow as watch

        raise SystemExit(int(watch(api, run["id"], as_json=as_json)))
    if as_json:
        print_json(reply)
    elif run is None:
        say("Everything is heard already.")
    else:
        say(f"{reply['wanted']} more recordings wait. Watch with `segue runs follow {run['id']}`.")


@app.command()
def status(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Tell how far the hearing is."""
    found = connect(url, token).get("/analysis")
    if as_json:
        print_json(found)
        raise SystemExit(int(Exit.OK))
    run = found["run"]
    print_facts(
        [
            ("recordings", found["total"]),
            ("heard", found["heard"]),
            ("waiting", found["wanted"]),
            ("being heard", found["leased"] or None),
            ("put off after a fault", found["postponed"] or None),
            ("on no server now", found["sourceless"] or None),
            ("cannot be heard", found["failed"] or None),
            ("run", f"{run['id']}, follow it with `segue runs follow`" if run else None),
            *((f"worker {worker['worker'].split(':')[0]}", _ears(worker)) for worker in found["workers"]),
        ]
    )


def _ears(worker: dict[str, Any]) -> str:
    """Where it hears, how much of the machine it takes, and whether it rests."""
    device = f"{worker['device']} ({worker['reason']})" if worker["device"] else "nothing heard yet"
    parts = [device, f"{worker['slots']} at a time"]
    if worker["cpu_percent"] < 100:
        parts.append(f"{worker['cpu_percent']} % of the time")
    if worker["quiet_until"]:
        parts.append(f"quiet until {moment(worker['quiet_until'])}")
    return ", ".join(parts)


@app.command()
def failures(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """List what could not be heard, with the reasons."""
    found = connect(url, token).items("/failures")
    if as_json:
        print_json(found)
    elif not found:
        say("Nothing failed.")
    else:
        print_table(
            ["server", "track", "reason"],
            [
                (track["server"], track["server_track"], one["failure"])
                for one in found
                for track in one["tracks"]
            ],
        )
