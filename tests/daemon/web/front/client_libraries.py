"""Asks a Subsonic server everything that two client libraries can ask, and tells the answers as JSON.

python client_libraries.py HOST PORT USER PASSWORD; for an interpreter that has py-opensonic and py-sonic.
"""

import json
import sys
from typing import Any

import libopensonic
import libsonic

host, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
told: dict[str, Any] = {}


def plain(value: Any) -> Any:
    """What a reply holds, whatever its class."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if hasattr(value, "__dict__"):
        return plain(vars(value))
    return value if isinstance(value, str | int | float | bool | type(None)) else repr(value)


def try_classic() -> None:
    line = libsonic.Connection(f"http://{host}", user, password, port=port, legacyAuth=True)
    song = line.search3("")["searchResult3"]["song"][0]
    calls = {
        "ping": (),
        "getLicense": (),
        "getMusicFolders": (),
        "getIndexes": (),
        "getArtists": (),
        "getArtist": (song["artistId"],),
        "getAlbum": (song["albumId"],),
        "getSong": (song["id"],),
        "getAlbumList2": ("alphabeticalByName",),
        "getStarred2": (),
        "getPlaylists": (),
        "getUser": (user,),
        "getGenres": (),
        "getSimilarSongs": (song["id"],),
        "getSimilarSongs2": (song["id"],),
    }
    for name, arguments in calls.items():
        note(f"py-sonic {name}", lambda name=name, arguments=arguments: getattr(line, name)(*arguments))
    note("py-sonic stream", lambda: line.stream(song["id"]).read().hex()[:4000])
    note("py-sonic download", lambda: line.download(song["id"]).read().hex())
    made = line.createPlaylist(name="a mix", songIds=[song["id"]])
    note("py-sonic createPlaylist", lambda: made["status"])
    for playlist in line.getPlaylists()["playlists"].get("playlist", []):
        line.deletePlaylist(playlist["id"])


def note(name: str, call: Any) -> None:
    try:
        told[name] = plain(call())
    except Exception as error:
        told[name] = f"{type(error).__name__}: {error}"


def try_open() -> None:
    line = libopensonic.Connection(f"http://{host}", user, password, port=port, legacy_auth=True)
    found = line.search3("", song_count=10)
    songs = found.song
    first, last = songs[0].id, songs[-1].id
    calls = {
        "ping": line.ping,
        "get_artists": line.get_artists,
        "get_album": lambda: line.get_album(songs[0].album_id),
        "get_song": lambda: line.get_song(first),
        "get_album_list2": lambda: line.get_album_list2("newest"),
        "get_genres": line.get_genres,
        "get_music_folders": line.get_music_folders,
        "get_playlists": line.get_playlists,
        "search3": lambda: line.search3("a"),
        "get_random_songs": lambda: line.get_random_songs(size=0),
        "get_open_subsonic_extensions": line.get_open_subsonic_extensions,
        "get_similar_songs": lambda: line.get_similar_songs(first),
        "get_similar_songs2": lambda: line.get_similar_songs2(first),
        "get_sonic_similar_tracks": lambda: line.get_sonic_similar_tracks(first),
        "find_sonic_path": lambda: line.find_sonic_path(first, last, 4),
    }
    for name, call in calls.items():
        note(f"py-opensonic {name}", call)
    line.cleanup()


try_classic()
try_open()
json.dump(told, sys.stdout)
