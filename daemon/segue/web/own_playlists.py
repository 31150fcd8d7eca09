"""Our playlists by the names and numbers that people use, and the songs in them that play now."""

from segue.model import RecordingId
from segue.publishing.plan import effective
from segue.store import playlists, tracks
from segue.store.playlists import Playlist, PlaylistKey
from segue.store.pool import Connection
from segue.web.errors import CONFLICT, NOT_FOUND, Refusal

__all__ = ["own_songs"]

_LONGEST_NUMBER = 18  # digits that the database's keys can hold


async def own_songs(c: Connection, said: str, *, at_most: int) -> list[RecordingId]:
    """The first present songs of one of our playlists, which is named or numbered."""
    playlist = await _named(c, said)
    version = await playlists.version(c, playlist.id)
    entries = await playlists.entries(c, version.id) if version else []
    songs = effective(entries, await playlists.pins(c, playlist.id), at_most=playlist.songs_at_most)
    present = {row.recording_id for row in await tracks.of_recordings(c, songs)}
    found = [song for song in dict.fromkeys(songs) if song in present][:at_most]
    if not found:
        raise Refusal(NOT_FOUND, f"The playlist `{playlist.name}` holds no song that is there now.")
    return found


async def _named(c: Connection, said: str) -> Playlist:
    """Numbers come first: a playlist may be called 1984, but every one has a number."""
    if said.isascii() and said.isdecimal() and len(said) <= _LONGEST_NUMBER:
        numbered = await playlists.get(c, PlaylistKey(int(said)))
        if numbered is not None:
            return numbered
    found = await playlists.named(c, said, limit=2)
    if not found:
        raise Refusal(NOT_FOUND, f"There is no playlist `{said}`; `GET /api/v1/playlists` lists them.")
    if len(found) > 1:
        raise Refusal(CONFLICT, f"Several playlists are called `{said}`; give the number of one.")
    return found[0]
