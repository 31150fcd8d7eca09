"""`segue cluster`: look for groups of music that belong together."""

import json
from typing import Annotated, Any

import typer

from segue.cli.api import Api, connect
from segue.cli.faults import CommandError, Exit
from segue.cli.options import AsJson, Token, Url
from segue.cli.printing import moment, print_facts, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Look for groups of music: they become playlists.")

Number = Annotated[int | None, typer.Argument(help="The clustering's number. Default: the newest.", min=1)]


@app.command()
def start(
    *,
    algorithm: Annotated[
        str | None, typer.Option(help="kmeans, gmm, spectral, dbscan, or all to let them compete.")
    ] = None,
    runs: Annotated[int | None, typer.Option(help="How many different groupings are tried.", min=1)] = None,
    top: Annotated[int | None, typer.Option(help="How many playlists are kept.", min=1)] = None,
    seed: Annotated[
        int | None, typer.Option(help="The same seed finds the same groups again.", min=1)
    ] = None,
    server: Annotated[
        list[str] | None, typer.Option(help="Only music of this server; may be repeated.", metavar="NAME")
    ] = None,
    library: Annotated[
        list[str] | None, typer.Option(help="Only music of this library; may be repeated.", metavar="NAME")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Any other parameter by its name, such as max_songs_per_artist=2; may be repeated.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Look everywhere, not from the last groups on.")
    ] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Wait and watch until it has ended.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Look for groups; what is not said is as the settings say."""
    named: dict[str, object] = {"algorithm": algorithm, "clustering_runs": runs, "top_n_playlists": top}
    parameters = {name: value for name, value in named.items() if value is not None}
    parameters |= dict(_pair(text) for text in given or ())
    body: dict[str, object] = {"parameters": parameters}
    body |= {"seed": seed} if seed else {}
    body |= {"fresh": True} if fresh else {}
    body |= {"servers": server} if server else {}
    body |= {"libraries": library} if library else {}
    api = connect(url, token)
    run = api.post("/clusterings", body)
    if follow:
        _follow(api, run["id"], as_json=as_json)
    elif as_json:
        print_json(run)
    else:
        say(f"Run {run['id']} looks for groups; `segue cluster follow` watches it.")


@app.command()
def status(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Tell what is going on, and what the newest clustering is."""
    api = connect(url, token)
    run, newest = _open_run(api), _newest(api)
    if as_json:
        print_json({"run": run, "newest": newest})
        return
    if run:
        percent = f" ({run['percent']:.0f} %)" if run["percent"] is not None else ""
        say(f"Run {run['id']} looks for groups{percent}. {run['message']}")
    else:
        say("No groups are being looked for.")
    if newest:
        say(
            f"The newest clustering is {newest['id']}, of {newest['recordings']} recordings, "
            f"made {moment(newest['created_at'])}."
        )
    else:
        say("There is no clustering yet; `segue cluster start` looks for groups.")


@app.command("list")
def list_(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """List the clusterings that are kept, newest first."""
    found = connect(url, token).items("/clusterings")
    if as_json:
        print_json(found)
        return
    print_table(
        ["number", "made", "recordings", "algorithm", "score", "seed", "run"],
        [
            (
                one["id"],
                moment(one["created_at"]),
                one["recordings"],
                one["algorithm"],
                _score(one["score"]),
                one["seed"],
                one["run"],
            )
            for one in found
        ],
        right=("number", "recordings", "score", "seed", "run"),
    )


@app.command()
def show(
    clustering: Number = None,
    *,
    songs: Annotated[bool, typer.Option("--songs", help="List each playlist's songs too.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also groups that are no playlists.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Show a clustering: its playlists, and what is in them."""
    api = connect(url, token)
    one = api.get(f"/clusterings/{clustering}") if clustering else _newest(api)
    if one is None:
        raise CommandError("There is no clustering yet; `segue cluster start` looks for groups.")
    found = api.get(f"/clusterings/{one['id']}/clusters")["items"]
    groups = [group for group in found if every or group["position"] is not None]
    if songs:
        groups = [api.get(f"/clusterings/{one['id']}/clusters/{group['lineage']}") for group in groups]
    if as_json:
        print_json({**one, "clusters": groups})
        return
    _print_clustering(one)
    for group in groups:
        say("")
        _print_group(group)


@app.command()
def diff(
    before: Annotated[int, typer.Argument(help="The number of the earlier clustering.", min=1)],
    after: Annotated[int, typer.Argument(help="The number of the later one.", min=1)],
    *,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Compare two clusterings, group by group."""
    found = connect(url, token).get(f"/clusterings/{before}/diff/{after}")
    if as_json:
        print_json(found)
        return
    print_table(
        ["group", "before", "after", "stayed", "came", "went"],
        [
            (
                one["lineage"],
                _side(one["before"], playlist=one["was_playlist"]),
                _side(one["after"], playlist=one["is_playlist"]),
                one["stayed"],
                one["came"],
                one["went"],
            )
            for one in found["items"]
        ],
        right=("group", "stayed", "came", "went"),
    )
    kept, named = found["playlists_kept"], found["names_kept"]
    say(f"{kept} playlists stayed playlists, {named} of them with the same name.")


@app.command()
def cancel(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Cancel what looks for groups now; the newest clustering stays."""
    api = connect(url, token)
    run = _open_run(api)
    if run is None:
        raise CommandError("No groups are being looked for.")
    reply = api.post(f"/runs/{run['id']}/cancel")
    if as_json:
        print_json(reply)
    else:
        say(f"Run {run['id']} is cancelled.")


@app.command()
def follow(*, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Watch what looks for groups to its end; exit status 0 only if it succeeds."""
    api = connect(url, token)
    run = _open_run(api)
    if run is None:
        raise CommandError("No groups are being looked for.")
    _follow(api, run["id"], as_json=as_json)


def _follow(api: Api, run: int, *, as_json: bool) -> None:
    from segue.cli import follow as following

    raise SystemExit(int(following.follow(api, run, as_json=as_json)))


def _pair(text: str) -> tuple[str, object]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise CommandError(f"{text!r} is no NAME=VALUE, such as max_songs_per_artist=2.", exit=Exit.USAGE)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _open_run(api: Api) -> dict[str, Any] | None:
    found = api.items("/runs", most=1, unfinished=True, kind="clustering")
    return found[0] if found else None


def _newest(api: Api) -> dict[str, Any] | None:
    found = api.items("/clusterings", most=1)
    return found[0] if found else None


def _print_clustering(one: dict[str, Any]) -> None:
    print_facts(
        [
            ("clustering", one["id"]),
            ("made", moment(one["created_at"])),
            ("recordings", one["recordings"]),
            ("algorithm", one["algorithm"]),
            ("score", _score(one["score"])),
            ("seed", one["seed"]),
            ("servers", ", ".join(one["servers"] or ())),
            ("libraries", ", ".join(one["libraries"] or ())),
            ("remarks", " ".join(one["remarks"])),
        ]
    )


def _print_group(group: dict[str, Any]) -> None:
    others = group["recordings"] - group["songs"]
    more = f" and {others} more in the group" if others else ""
    songs = "1 song" if group["songs"] == 1 else f"{group['songs']} songs"
    say(f"{group['name']} (lineage {group['lineage']}, {songs}{more})")
    if group["description"]:
        say(f"  {group['description']}")
    for song in group.get("items", ()):
        if song["ordinal"] is not None:
            artist = f"{song['artist']} - " if song["artist"] else ""
            say(f"  {song['ordinal'] + 1:>3}. {artist}{song['title']}")


def _side(name: str | None, *, playlist: bool) -> str:
    if name is None:
        return "-"
    return name if playlist else f"({name})"


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"
