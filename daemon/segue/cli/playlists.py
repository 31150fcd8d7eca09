"""`segue playlists`: see, make, change, publish and withdraw playlists."""

import time
from typing import Annotated, Any, Literal

import typer

from segue.cli.api import Api, connect
from segue.cli.faults import CommandError, Exit
from segue.cli.options import AsJson, Token, Url
from segue.cli.playlist_words import action, in_a_line, print_playlist, song, state, where
from segue.cli.printing import print_json, print_table, say

_LONGEST_WAIT_SECONDS = 20.0
_PAUSE_SECONDS = 0.5

app = typer.Typer(no_args_is_help=True, help="See, make, change and publish playlists.")

Playlist = Annotated[
    str, typer.Argument(help="Its number or name, as `segue playlists list` shows them.", metavar="PLAYLIST")
]
Recordings = Annotated[
    list[int], typer.Argument(help="Recordings, as `segue playlists show` numbers them.", min=1)
]
Seeds = Annotated[
    list[int] | None,
    typer.Option(
        "--track", help="A track to begin from, by its number in `segue tracks search`; may be repeated."
    ),
]
Like = Annotated[
    list[str] | None,
    typer.Option(help='Words; the song that fits them best, such as "nina simone"; may be repeated.'),
]
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
        [(one["id"], one["name"], one["kind"], one["songs"], one["version"], state(one)) for one in found],
        right=("playlist", "songs", "version"),
    )


@app.command()
def show(playlist: Playlist, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Show a playlist with its songs, versions, and copies on servers."""
    api = connect(url, token)
    shown = api.get(_path(api, playlist))
    if as_json:
        print_json(shown)
    else:
        print_playlist(shown)


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="What it shall be called.")],
    recordings: Annotated[
        list[int] | None,
        typer.Option(
            "--recording", help="A song of it, as `segue playlists show` numbers it; may be repeated."
        ),
    ] = None,
    *,
    track: Annotated[
        list[int] | None,
        typer.Option("--track", help="A song of it, as `segue tracks search` numbers it; may be repeated."),
    ] = None,
    like: Like = None,
    server: Server = None,
    public: Public = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Make a playlist of these songs, in this order: by words, tracks, recordings."""
    if not (recordings or track or like):
        raise CommandError("Say which songs: --like WORDS, --track or --recording.", exit=Exit.USAGE)
    api = connect(url, token)
    wanted = {
        "name": name,
        "tracks": _songs(api, like, track, quiet=as_json),
        "recordings": recordings or [],
        "public": public,
        "targets": [{"server": one} for one in server or []],
    }
    _print(api.post("/playlists", wanted), as_json=as_json)


@app.command()
def recipe(
    name: Annotated[str, typer.Argument(help="What it shall be called.")],
    *,
    kind: Annotated[
        Literal["similar", "path", "filter"],
        typer.Option(help="Like the seeds, a way from each to the next, or whatever passes the bounds."),
    ] = "similar",
    like: Like = None,
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
    fewest = {"similar": 1, "path": 2, "filter": 0}[kind]
    if len([*(like or ()), *(track or ())]) < fewest:
        words = "one song" if fewest == 1 else "where it begins and where it ends"
        raise CommandError(f"Name {words}: --like WORDS or --track; may be repeated.", exit=Exit.USAGE)
    api = connect(url, token)
    wanted = {
        "name": name,
        "public": public,
        "targets": [{"server": one} for one in server or []],
        "refreshes": not once,
        "refresh_hours": every_hours,
        "recipe": {
            "kind": kind,
            "tracks": _songs(api, like, track, quiet=as_json),
            "count": count,
            "genres": genre or [],
            "moods": dict(_mood(one) for one in mood or []),
            "year_from": year_from,
            "year_to": year_to,
            "tempo_from": tempo_from,
            "tempo_to": tempo_to,
        },
    }
    _print(api.post("/playlists", wanted), as_json=as_json)


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
    api = connect(url, token)
    _print(api.patch(_path(api, playlist), {"name": name}), as_json=as_json)


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
    api = connect(url, token)
    found = api.get(f"{_path(api, playlist)}/diff", before=before, after=after)
    if as_json:
        print_json(found)
        return
    if found["before"] == found["after"]:
        say(f"There is only version {found['after']}.")
        return
    say(f"From version {found['before']} to version {found['after']}:")
    for sign, songs in (("+", found["added"]), ("-", found["removed"])):
        for one in songs:
            say(f"{sign} {song(one)}")
    if not found["added"] and not found["removed"]:
        say("The same songs, perhaps in another order.")


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
    _print(api.post(f"{_path(api, playlist)}/rollback", {"version": version}), as_json=as_json)


@app.command()
def refresh(playlist: Playlist, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Have a playlist follow its recipe or group again, now."""
    api = connect(url, token)
    _print(api.post(f"{_path(api, playlist)}/refresh"), as_json=as_json)


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
    path = _path(api, playlist)
    if not dry_run:
        shown = api.post(f"{path}/publish")
        _print(shown, as_json=as_json)
        if not as_json:
            say(f"It goes to {where(shown)} now; `segue playlists show {shown['id']}` tells how it stands.")
        return
    steps = api.get(f"{path}/plan")["steps"]
    if as_json:
        print_json(steps)
    elif not steps:
        say("Nothing would be done: no server that shall have it keeps playlists.")
    else:
        _print_steps(steps)


@app.command()
def withdraw(playlist: Playlist, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Remove a playlist from all servers; its versions are kept."""
    api = connect(url, token)
    _print(api.post(f"{_path(api, playlist)}/withdraw"), as_json=as_json)


@app.command()
def delete(playlist: Playlist, *, as_json: AsJson = False, url: Url = None, token: Token = None) -> None:
    """Withdraw a playlist from all servers and forget it, for good."""
    api = connect(url, token)
    path = _path(api, playlist)
    shown = api.get(path)
    if shown["kind"] in ("static", "recipe"):
        api.post(f"{path}/withdraw")
    _forget(api, path)
    if as_json:
        print_json({"deleted": shown["id"]})
    else:
        say(f"Playlist {shown['id']}, {shown['name']}, is deleted.")


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
    """Choose the servers and accounts that shall have a playlist; elsewhere it is removed."""
    pairs = [one.partition("=") for one in server or []]
    wanted = [{"server": name, "user": user or None} for name, _, user in pairs]
    api = connect(url, token)
    _print(api.put(f"{_path(api, playlist)}/targets", {"targets": wanted}), as_json=as_json)


def _path(api: Api, said: str) -> str:
    """Where the API has the playlist of this number or name."""
    if said.isascii() and said.isdecimal():
        return f"/playlists/{int(said)}"
    known = api.items("/playlists")
    found = [one for one in known if one["name"].casefold() == said.casefold()]
    if len(found) == 1:
        return f"/playlists/{found[0]['id']}"
    likely = found or [one for one in known if said.casefold() in one["name"].casefold()]
    names = ", ".join(f"{one['id']} ({one['name']})" for one in likely[:5])
    if found:
        raise CommandError(f"Several playlists are called {said!r}; give the number of one: {names}.")
    meant = f"did you mean {names}?" if likely else "`segue playlists list` shows them."
    raise CommandError(f"There is no playlist {said!r}; {meant}")


def _songs(api: Api, words: list[str] | None, tracks: list[int] | None, *, quiet: bool) -> list[int]:
    """The tracks that fit words best, and those named."""
    found: list[int] = []
    for one in words or ():
        fitting = api.get("/tracks", q=one, limit=1)["items"]
        if not fitting:
            raise CommandError(f"No track fits {one!r}; `segue tracks search` finds tracks.")
        if not quiet:
            say(f"{one!r} is {song(fitting[0])}.")
        found.append(fitting[0]["id"])
    return [*found, *(tracks or ())]


def _wish(api: Api, wish: str, playlist: str, recordings: list[int]) -> Any:
    return api.post(f"{_path(api, playlist)}/songs", {"wish": wish, "recordings": recordings})


def _forget(api: Api, path: str) -> None:
    """As soon as no server has it."""
    end = time.monotonic() + _LONGEST_WAIT_SECONDS
    while True:
        try:
            api.delete(path)
        except CommandError as error:
            if error.exit is not Exit.FAILED or "still on" not in str(error):
                raise
            if time.monotonic() > end:
                raise CommandError(f"{error} Delete it again when that server can be reached.") from error
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _print(shown: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(shown)
    else:
        say(in_a_line(shown))


def _print_steps(steps: list[dict[str, Any]]) -> None:
    print_table(
        ["server", "account", "what", "name", "in", "out", "people took", "people put", "why not"],
        [
            (
                one["server"], one["user"], action(one["action"]), one["name"], one["adds"], one["removes"],
                one["people_removed"], one["people_added"], one["error"],
            )
            for one in steps
        ],
        right=("in", "out", "people took", "people put"),
    )  # fmt: skip


def _mood(text: str) -> tuple[str, float]:
    name, _, share = text.partition(":")
    try:
        return name, float(share)
    except ValueError as error:
        raise typer.BadParameter("Write a mood as in happy:0.6.", param_hint="--mood") from error
