"""`segue playlists`: see, make, change, publish and withdraw playlists."""

from typing import Annotated, Any, Literal

import typer

from segue.cli.api import Api, connect
from segue.cli.options import AsJson, Token, Url
from segue.cli.printing import moment, print_facts, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="See, make, change and publish playlists.")

Playlist = Annotated[
    int, typer.Argument(help="The playlist's number, as `segue playlists list` shows it.", min=1)
]
Recordings = Annotated[
    list[int], typer.Argument(help="Recordings, as `segue playlists show` numbers them.", min=1)
]
Seeds = Annotated[list[int] | None, typer.Option("--track", help="A track to begin from; may be repeated.")]
Count = Annotated[int, typer.Option(help="How many songs at most.", min=1, max=1000)]
Server = Annotated[
    list[str] | None, typer.Option(help="Only on this server; may be repeated.", metavar="NAME")
]
Public = Annotated[bool, typer.Option("--public", help="Let other people on the servers see it.")]


@app.command("list")
def list_(
    *,
    kind: Annotated[
        Literal["cluster", "recipe", "static", "asked"] | None, typer.Option(help="Only of this kind.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """List playlists."""
    found = connect(url, token).items("/playlists", kind=kind)
    if as_json:
        print_json(found)
        return
    print_table(
        ["playlist", "name", "kind", "songs", "version", "state"],
        [(one["id"], one["name"], one["kind"], one["songs"], one["version"], _state(one)) for one in found],
        right=("playlist", "songs", "version"),
    )


@app.command()
def show(playlist: Playlist, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Show a playlist with its songs, versions, and copies on servers."""
    _print(connect(url, token).get(f"/playlists/{playlist}"), as_json=as_json, whole=True)


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="What it shall be called.")],
    recordings: Annotated[
        list[int] | None, typer.Option("--recording", help="A song of it; may be repeated.")
    ] = None,
    *,
    track: Annotated[list[int] | None, typer.Option("--track", help="A song of it; may be repeated.")] = None,
    server: Server = None,
    public: Public = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Make a playlist of these songs, in this order."""
    wanted = {
        "name": name,
        "tracks": track or [],
        "recordings": recordings or [],
        "public": public,
        "targets": [{"server": one} for one in server or []],
    }
    _print(connect(url, token).post("/playlists", wanted), as_json=as_json)


@app.command()
def recipe(
    name: Annotated[str, typer.Argument(help="What it shall be called.")],
    *,
    kind: Annotated[
        Literal["similar", "path", "filter"],
        typer.Option(help="Like the seeds, a way from each to the next, or whatever passes the bounds."),
    ] = "similar",
    like: Annotated[
        str | None, typer.Option(help='Words; the best match is the first seed, such as "nina simone".')
    ] = None,
    track: Seeds = None,
    count: Count = 50,
    genre: Annotated[list[str] | None, typer.Option(help="Only of this genre; may be repeated.")] = None,
    mood: Annotated[
        list[str] | None, typer.Option(help="At least so much of a mood, such as happy:0.6.")
    ] = None,
    year_from: Annotated[int | None, typer.Option(help="Not older.", min=0, max=9999)] = None,
    year_to: Annotated[int | None, typer.Option(help="Not younger.", min=0, max=9999)] = None,
    tempo_from: Annotated[float | None, typer.Option(help="Not slower, in beats per minute.")] = None,
    tempo_to: Annotated[float | None, typer.Option(help="Not faster.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Only now, never again.")] = False,
    every_hours: Annotated[
        float | None, typer.Option(help="Follow it again so often; otherwise when there is new music.")
    ] = None,
    server: Server = None,
    public: Public = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Make a playlist that makes itself again when there is new music."""
    wanted = {
        "name": name,
        "public": public,
        "targets": [{"server": one} for one in server or []],
        "refreshes": not once,
        "refresh_hours": every_hours,
        "recipe": {
            "kind": kind,
            "q": like,
            "tracks": track or [],
            "count": count,
            "genres": genre or [],
            "moods": dict(_mood(one) for one in mood or []),
            "year_from": year_from,
            "year_to": year_to,
            "tempo_from": tempo_from,
            "tempo_to": tempo_to,
        },
    }
    _print(connect(url, token).post("/playlists", wanted), as_json=as_json)


@app.command()
def rename(
    playlist: Playlist,
    name: Annotated[str, typer.Argument(help="What it shall be called from now on.")],
    *,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Give a playlist a name that no clustering changes."""
    _print(connect(url, token).patch(f"/playlists/{playlist}", {"name": name}), as_json=as_json)


@app.command()
def pin(
    playlist: Playlist,
    recordings: Recordings,
    *,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Keep songs in a playlist."""
    _print(_wish(connect(url, token), "pin", playlist, recordings), as_json=as_json)


@app.command()
def ban(
    playlist: Playlist,
    recordings: Recordings,
    *,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Keep songs out of a playlist."""
    _print(_wish(connect(url, token), "ban", playlist, recordings), as_json=as_json)


@app.command()
def unpin(
    playlist: Playlist,
    recordings: Recordings,
    *,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Neither pin nor ban songs any more."""
    _print(_wish(connect(url, token), "none", playlist, recordings), as_json=as_json)


@app.command()
def diff(
    playlist: Playlist,
    *,
    before: Annotated[int | None, typer.Option(help="By default the last but one version.", min=1)] = None,
    after: Annotated[int | None, typer.Option(help="By default the newest version.", min=1)] = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Compare two versions of a playlist."""
    found = connect(url, token).get(f"/playlists/{playlist}/diff", before=before, after=after)
    if as_json:
        print_json(found)
        return
    say(f"From version {found['before']} to version {found['after']}:")
    for sign, songs in (("+", found["added"]), ("-", found["removed"])):
        for song in songs:
            say(f"{sign} {_song(song)}")


@app.command()
def rollback(
    playlist: Playlist,
    version: Annotated[int, typer.Argument(help="The version whose songs it gets back.", min=1)],
    *,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Give a playlist the songs of an earlier version, until it is refreshed."""
    api = connect(url, token)
    _print(api.post(f"/playlists/{playlist}/rollback", {"version": version}), as_json=as_json)


@app.command()
def refresh(playlist: Playlist, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Have a playlist follow its recipe or group again, now."""
    _print(connect(url, token).post(f"/playlists/{playlist}/refresh"), as_json=as_json)


@app.command()
def publish(
    playlist: Playlist,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Publish a playlist now, also where it was deleted or withdrawn."""
    api = connect(url, token)
    if not dry_run:
        _print(api.post(f"/playlists/{playlist}/publish"), as_json=as_json)
        return
    steps = api.get(f"/playlists/{playlist}/plan")["steps"]
    if as_json:
        print_json(steps)
        return
    print_table(
        ["server", "account", "what", "name", "in", "out", "people took", "people put", "why not"],
        [
            (
                one["server"], one["user"], one["action"], one["name"], one["adds"], one["removes"],
                one["people_removed"], one["people_added"], one["error"],
            )
            for one in steps
        ],
        right=("in", "out", "people took", "people put"),
    )  # fmt: skip


@app.command()
def withdraw(playlist: Playlist, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Remove a playlist from all servers; its versions are kept."""
    _print(connect(url, token).post(f"/playlists/{playlist}/withdraw"), as_json=as_json)


@app.command()
def targets(
    playlist: Playlist,
    server: Annotated[
        list[str] | None, typer.Argument(help="Servers, as NAME or NAME=ACCOUNT; none: every server.")
    ] = None,
    *,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Choose the servers and accounts that shall have a playlist."""
    pairs = [one.partition("=") for one in server or []]
    wanted = [{"server": name, "user": user or None} for name, _, user in pairs]
    reply = connect(url, token).put(f"/playlists/{playlist}/targets", {"targets": wanted})
    _print(reply, as_json=as_json)


def _wish(api: Api, wish: str, playlist: int, recordings: list[int]) -> Any:
    return api.post(f"/playlists/{playlist}/songs", {"wish": wish, "recordings": recordings})


def _print(shown: dict[str, Any], *, as_json: bool, whole: bool = False) -> None:
    if as_json:
        print_json(shown)
        return
    if not whole:
        say(f"Playlist {shown['id']}: {shown['name']}, {len(shown['items'])} songs, {_state(shown)}.")
        return
    print_facts(
        [
            ("playlist", shown["id"]),
            ("name", shown["name"]),
            ("about", shown["description"]),
            ("kind", shown["kind"]),
            ("state", _state(shown)),
            ("where", _where(shown)),
            ("made", moment(shown["made_at"])),
            ("trouble", shown["last_error"]),
            ("versions", ", ".join(f"{one['number']} ({one['songs']})" for one in shown["versions"][:10])),
        ]
    )
    for copy in shown["copies"]:
        say(f"On {copy['server']}: {_standing(copy)}")
    marks = {one["recording"]: "pinned" for one in shown["pinned"]}
    rows: list[tuple[object, ...]] = [
        (number, one["recording"], one["artist"], one["title"], marks.get(one["recording"]))
        for number, one in enumerate(shown["items"], 1)
    ]
    rows += [("", one["recording"], one["artist"], one["title"], "banned") for one in shown["banned"]]
    print_table(["", "recording", "artist", "title", "wish"], rows, right=("", "recording"))


def _state(shown: dict[str, Any]) -> str:
    if shown["withdrawn"]:
        return "withdrawn"
    if shown["retired_at"]:
        return f"its group is gone since {moment(shown['retired_at'])}"
    return "rolled back" if shown["held"] else "living"


def _where(shown: dict[str, Any]) -> str:
    if shown["everywhere"]:
        return "every server"
    chosen = (f"{one['server']}={one['user']}" if one["user"] else one["server"] for one in shown["targets"])
    return ", ".join(chosen) or "nowhere: the chosen servers are gone; `segue playlists targets` chooses anew"


def _standing(copy: dict[str, Any]) -> str:
    reasons = {
        "deleted": "deleted by a person; `segue playlists publish` brings it back",
        "taken_over": "a person made it something else, so it is left alone",
        "refused": "the server refused",
    }
    if copy["given_up"]:
        why = reasons.get(copy["given_up"], copy["given_up"])
        return f"{why}{': ' + copy['last_error'] if copy['last_error'] else ''}."
    if copy["last_error"]:
        return f"not yet: {copy['last_error']}"
    if copy["server_playlist"] is None:
        return "not there."
    fresh = "up to date" if copy["up_to_date"] else "not up to date"
    return f"{copy['name']!r}, {copy['songs']} songs, {fresh}."


def _song(song: dict[str, Any]) -> str:
    title = song["title"] or f"recording {song['recording']}"
    return f"{song['artist']} - {title}" if song["artist"] else title


def _mood(text: str) -> tuple[str, float]:
    name, _, share = text.partition(":")
    try:
        return name, float(share)
    except ValueError as error:
        raise typer.BadParameter("Write a mood as in happy:0.6.", param_hint="--mood") from error
