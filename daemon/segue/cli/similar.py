"""`segue similar`, `segue path`, `segue tracks`: find tracks, their like, and ways between them."""

import re
from typing import Annotated, Any

import typer

from segue.cli.api import connect
from segue.cli.mixing import mixed
from segue.cli.options import AsJson, Token, Url
from segue.cli.printing import clock_time, moment, print_facts, print_json, print_table, say
from segue.cli.sounds import descriptors, percentages

tracks = typer.Typer(no_args_is_help=True, help="Find tracks.")

Server = Annotated[str | None, typer.Option(help="Only tracks of this server.", metavar="NAME")]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=500)]
PerArtist = Annotated[
    int | None, typer.Option(help="How many of one artist at most; 0 is any number.", min=0, max=500)
]
PerAlbum = Annotated[
    int, typer.Option(help="How many of one album at most; 0 is any number.", min=0, max=500)
]
Genre = Annotated[list[str] | None, typer.Option(help="Only of this genre; may be repeated.")]
Year = Annotated[str | None, typer.Option(help="Only of these years: 1972, 1960-1975, 1990- or -1980.")]
Tempo = Annotated[str | None, typer.Option(help="Only so fast, in beats per minute: 90-120, 90- or -120.")]
Key = Annotated[
    list[str] | None, typer.Option(help='Only in this key, such as "A minor" or Am; may be repeated.')
]
Mood = Annotated[
    list[str] | None,
    typer.Option(
        help="At least so much of a mood, such as happy:0.6; may be repeated. Moods: danceable, aggressive, "
        "happy, party, relaxed, sad."
    ),
]
Library = Annotated[
    list[str] | None, typer.Option(help="Only of this library of the servers; may be repeated.")
]
Longest = Annotated[
    float | None, typer.Option(help="Not longer, in seconds. Default: 1800; 0 lets long mixes in.", min=0)
]
Unplayed = Annotated[
    float | None, typer.Option(help="Leave out what was played within so many days.", min=0, max=3650)
]
Versions = Annotated[bool, typer.Option("--versions", help="Several versions of one work may stand in it.")]


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
    artist: Annotated[
        list[str] | None, typer.Option(help="Start from everything of this artist; may be repeated.")
    ] = None,
    album: Annotated[
        list[str] | None,
        typer.Option(
            help="Start from everything of this album, such as Gold or ABBA - Gold; may be repeated."
        ),
    ] = None,
    playlist: Annotated[
        list[str] | None,
        typer.Option(
            help="Start from everything in this playlist of Segue's, by number or name; may be repeated."
        ),
    ] = None,
    seed: Annotated[
        list[str] | None,
        typer.Option(
            help="Start from something that counts so much, such as artist=Nina Simone:2; below 0 leads away "
            "from it. May be repeated. Kinds: track, artist, album, playlist.",
            metavar="KIND=WHAT:WEIGHT",
        ),
    ] = None,
    unlike: Annotated[
        list[int] | None, typer.Option(help="Lead away from the track with this number; may be repeated.")
    ] = None,
    server: Server = None,
    limit: Limit = 20,
    per_artist: PerArtist = 3,
    per_album: PerAlbum = 0,
    genre: Genre = None,
    year: Year = None,
    tempo: Tempo = None,
    key: Key = None,
    mood: Mood = None,
    library: Library = None,
    longest: Longest = None,
    unplayed_days: Unplayed = None,
    versions: Versions = False,
    walk: Annotated[
        bool, typer.Option("--walk", help="Order it so that each track is near the one before.")
    ] = False,
    unhub: Annotated[
        bool, typer.Option("--unhub", help="Correct for tracks that are near to everything.")
    ] = False,
    why: Annotated[bool, typer.Option("--why", help="Say why each track stands there.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = None,
) -> None:
    """Find tracks that sound like others; of several seeds the middle is taken.

    segue similar "nina simone - sinnerman" --year 1955-1975 --mood sad:0.5 --why
    """
    if not (words or track or artist or album or playlist or seed):
        raise typer.BadParameter('Name a track, such as: segue similar "nina simone - sinnerman"')
    api = connect(url, token)
    q = " ".join(words) if words else None
    rules = _rules(
        server=server, per_artist=per_artist, per_album=per_album, genre=genre, year=year, tempo=tempo,
        key=key, mood=mood, library=library, longest=longest, unplayed_days=unplayed_days,
        versions=versions,
    )  # fmt: skip
    wanted = {"limit": limit, "walk": _yes(walk), "unhub": _yes(unhub), "why": _yes(why), **rules}
    seeds = {"track": track, "artist": artist, "album": album, "playlist": playlist}
    if seed:
        found = mixed(api, q, plain=seeds, weighted=seed, unlike=unlike or [], wanted=wanted)
    else:
        given = {kind: names or None for kind, names in seeds.items()}
        found = api.get("/similar", q=q, **given, unlike=unlike or None, **wanted)
    if as_json:
        print_json(found)
        return
    for match in found["seeds"]:
        say(f"Like {_title(match)}:")
    if not found["items"]:
        say(_nothing(rules))
        return
    print_table(
        ["distance", "artist", "title", "album", "server", *(["why"] if why else [])],
        [
            (f"{item['distance']:.3f}", *_columns(item["track"]), *([_why(item["why"])] if why else []))
            for item in found["items"]
        ],
        right=("distance",),
    )


def path(
    start: Annotated[str, typer.Argument(help='Where it begins, such as "artist - title".')],
    end: Annotated[str, typer.Argument(help="Where it ends.")],
    *,
    length: Annotated[int, typer.Option(help="How many songs at most.", min=2, max=200)] = 25,
    free: Annotated[bool, typer.Option("--free", help="Only as many songs as the way needs.")] = False,
    server: Server = None,
    per_artist: PerArtist = None,
    per_album: PerAlbum = 0,
    genre: Genre = None,
    year: Year = None,
    tempo: Tempo = None,
    key: Key = None,
    mood: Mood = None,
    library: Library = None,
    longest: Longest = None,
    unplayed_days: Unplayed = None,
    versions: Versions = False,
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
        **_rules(
            server=server, per_artist=per_artist, per_album=per_album, genre=genre, year=year, tempo=tempo,
            key=key, mood=mood, library=library, longest=longest, unplayed_days=unplayed_days,
            versions=versions,
        ),
    )  # fmt: skip
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


def _rules(
    *,
    server: str | None,
    per_artist: int | None,
    per_album: int,
    genre: list[str] | None,
    year: str | None,
    tempo: str | None,
    key: list[str] | None,
    mood: list[str] | None,
    library: list[str] | None,
    longest: float | None,
    unplayed_days: float | None,
    versions: bool,
) -> dict[str, Any]:
    """What the daemon calls these rules; what nobody asked for is left to it."""
    first_year, last_year = _range("--year", year)
    slowest, fastest = _range("--tempo", tempo)
    return {
        "server": server,
        "per_artist": per_artist,
        "per_album": per_album or None,
        "genre": genre or None,
        "year_from": first_year,
        "year_to": last_year,
        "tempo_from": slowest,
        "tempo_to": fastest,
        "key": key or None,
        "mood": mood or None,
        "library": library or None,
        "longest": longest,
        "unplayed_days": unplayed_days,
        "versions": _yes(versions),
    }


def _nothing(rules: dict[str, Any]) -> str:
    """Why an answer may be empty."""
    if any(rules[name] for name in _NARROWING):
        return "Nothing that is heard keeps all of these rules; ask for less."
    return "Nothing else is heard yet; `segue analyse status` tells how far it is."


_NARROWING = (
    "server", "genre", "year_from", "year_to", "tempo_from", "tempo_to", "key", "mood", "library", "longest",
    "unplayed_days",
)  # fmt: skip


def _range(option: str, text: str | None) -> tuple[str | None, str | None]:
    """Both ends of `1960-1975`; either may be left open, and one number alone is both."""
    if text is None:
        return None, None
    match = _RANGE.fullmatch(text)
    if match is None or not (match["low"] or match["high"]):
        example = _EXAMPLES[option]
        raise typer.BadParameter(f"{option} must be such as {example}.")
    return match["low"] or None, (match["high"] if match["dash"] else match["low"]) or None


_EXAMPLES = {"--year": "1972, 1960-1975, 1990- or -1980", "--tempo": "90, 90-120, 90- or -120"}
_RANGE = re.compile(r"(?P<low>\d+(\.\d+)?)?(?P<dash>-)?(?P<high>(?<=-)\d+(\.\d+)?)?")


def _yes(value: bool) -> str | None:
    return "true" if value else None


def _why(why: dict[str, Any] | None) -> str:
    """What agrees, in few words."""
    if why is None:
        return ""
    parts = [", ".join(why["tags"])] if why["tags"] else []
    if why["tempo"] is not None:
        parts.append(f"tempo {why['tempo']:+.0%}")
    if why["key_fits"]:
        parts.append("keys go together")
    if why["moved"]:
        parts.append(f"from place {why['place']} by {', '.join(why['moved'])}")
    return "; ".join(parts)


def _columns(track: dict[str, Any]) -> tuple[object, ...]:
    return track["artist"], track["title"], track["album"], track["server"]


def _title(track: dict[str, Any]) -> str:
    return f"{track['artist']} - {track['title']}" if track["artist"] else str(track["title"])
