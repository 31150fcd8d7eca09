"""`segue similar`, `segue path`, `segue tracks`: find tracks, their like, and ways between them."""

from typing import Annotated, Any

import typer

from segue.cli.api import connect
from segue.cli.options import AsJson, Token, Url
from segue.cli.printing import clock_time, moment, print_facts, print_json, print_table, say
from segue.cli.sounds import descriptors, percentages

tracks = typer.Typer(no_args_is_help=True, help="Find tracks.")

Server = Annotated[str | None, typer.Option(help="Only tracks of this server.", metavar="NAME")]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=500)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(similar)
    app.command()(path)


def similar(
    words: Annotated[
        list[str] | None, typer.Argument(help='What to start from, such as "artist - title".')
    ] = None,
    *,
    track: Annotated[
        list[int] | None, typer.Option(help="Start from the track with this number; may be repeated.")
    ] = None,
    server: Server = None,
    limit: Limit = 20,
    per_artist: Annotated[
        int, typer.Option(help="How many of one artist at most; 0 is any number.", min=0, max=500)
    ] = 3,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Find tracks that sound like another one."""
    if not words and not track:
        raise typer.BadParameter('Name a track, such as: segue similar "nina simone - sinnerman"')
    found = connect(url, token).get(
        "/similar",
        q=" ".join(words) if words else None,
        track=track or None,
        server=server,
        limit=limit,
        per_artist=per_artist,
    )
    if as_json:
        print_json(found)
        return
    for seed in found["seeds"]:
        say(f"Like {_title(seed)}:")
    if not found["items"]:
        say("Nothing else is heard yet; `segue analyse status` tells how far it is.")
        return
    print_table(
        ["distance", "artist", "title", "album", "server"],
        [(f"{item['distance']:.3f}", *_columns(item["track"])) for item in found["items"]],
        right=("distance",),
    )


def path(
    start: Annotated[str, typer.Argument(help='Where it begins, such as "artist - title".')],
    end: Annotated[str, typer.Argument(help="Where it ends.")],
    *,
    length: Annotated[int, typer.Option(help="How many songs at most.", min=2, max=200)] = 25,
    free: Annotated[bool, typer.Option("--free", help="Only as many songs as the way needs.")] = False,
    server: Server = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Find a way of songs from one to another, each a little further on."""
    found = connect(url, token).get(
        "/path",
        start_q=start,
        end_q=end,
        length=length,
        fixed="false" if free else None,
        server=server,
    )
    if as_json:
        print_json(found)
        return
    print_table(
        ["step", "artist", "title", "album", "server"],
        [(f"{item['step']:.3f}", *_columns(item["track"])) for item in found["items"]],
        right=("step",),
    )


@tracks.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words of artist, title and album.")],
    *,
    server: Server = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Find tracks by words, best match first; misspelt ones are found too."""
    found = connect(url, token).get("/tracks", q=" ".join(words), server=server, limit=limit)["items"]
    if as_json:
        print_json(found)
    elif not found:
        say("No track fits these words.")
    else:
        print_table(
            ["track", "artist", "title", "album", "server", "length"],
            [(one["id"], *_columns(one), clock_time(one["seconds"])) for one in found],
            right=("track", "length"),
        )


@tracks.command()
def show(
    track: Annotated[
        int, typer.Argument(help="The track's number, as `segue tracks search` shows it.", min=1)
    ],
    *,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Show one track and what was heard in it."""
    api = connect(url, token)
    found = api.get(f"/tracks/{track}")
    recording = api.get(f"/recordings/{found['recording']}")
    if as_json:
        print_json({**found, "recording": recording})
        return
    print_facts(
        [
            ("track", found["id"]),
            ("title", found["title"]),
            ("artist", found["artist"]),
            ("album", found["album"]),
            ("server", f"{found['server']}: {found['server_track']}"),
            ("length", clock_time(found["seconds"])),
            ("gone since", moment(found["missing_since"])),
            ("waits to be heard", recording["wanted"]),
            ("cannot be heard", recording["failure"]),
            *_heard(recording["heard"]),
        ]
    )


def _heard(heard: dict[str, Any] | None) -> list[tuple[str, object]]:
    if heard is None:
        return []
    tags = [(one["tag"], one["probability"]) for one in heard["tags"][:5]]
    return [
        ("heard", f"{moment(heard['analysed_at'])}, {heard['quality']}, version {heard['version']}"),
        *descriptors(heard),
        ("moods", percentages(heard["moods"].items())),
        ("tags", percentages(tags)),
    ]


def _columns(track: dict[str, Any]) -> tuple[object, ...]:
    return track["artist"], track["title"], track["album"], track["server"]


def _title(track: dict[str, Any]) -> str:
    return f"{track['artist']} - {track['title']}" if track["artist"] else str(track["title"])
