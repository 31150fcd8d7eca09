"""Lists a server's songs, and calls a listing complete only if nothing moved while it was made."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from time import monotonic

from segue.model import Track, TrackId
from segue.sdk import Malformed, NotFound, Unavailable, Unsupported
from segue.sdk.places import Places
from segue_navidrome.client import Client
from segue_navidrome.dialect import Server
from segue_navidrome.folders import Part, library_of, parts
from segue_navidrome.pages import Shifted, pages
from segue_navidrome.parse import payload, payloads, track
from segue_navidrome.payloads import Album, Named, Payload, Song
from segue_navidrome.signs import SignReader, Signs

__all__ = ["Listing", "is_askable"]

_PAGE = 500
_PASSES = 5
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 20.0
_SCAN_PATIENCE = 300.0
_LONGEST_ID = 1000
_AT_ONCE = 8


class Listing:
    """Songs as tracks: all of them, or one."""

    def __init__(self, client: Client, server: Server, local: Places, libraries: Sequence[str]) -> None:
        self._client = client
        self._server = server
        self._local = local
        self._libraries = libraries
        self._signs = SignReader(client, server)
        self._spellings = ["", '""']  # of "everything", the one that worked first
        self._searchable = True

    async def walk(self) -> AsyncIterator[Track]:
        """Pass after pass until the library was the same before and after one; each track once."""
        told: set[int] = set()
        self._local.begin()
        patience = _Patience()
        while True:
            before = await self._signs.read()
            steady, empty = True, True
            try:
                async for songs, library in self._songs(await self.parts()):
                    for one in await self.tracks(songs, library):
                        empty = False
                        mark = hash((one.id, one.revision))
                        if mark not in told:
                            told.add(mark)
                            patience.renew()
                            yield one
            except Shifted:
                steady = False
                self._searchable = self._searchable and not patience.is_tried
            after = await self._signs.read()
            if steady and before == after and not after.scanning:
                if empty:
                    await self._require_emptiness(after)
                return
            await patience.wait(scanning=after.scanning)

    async def get(self, track_id: TrackId) -> Track:
        """One track, if it is still in a library of ours."""
        song = await self.song(track_id)
        part = await library_of(self._client, among := await self.parts(), song)
        if part is None and self._libraries:
            raise Malformed(f"The server does not tell to which library {track_id} belongs.")
        library = part.library if part else among[0].library if len(among) == 1 else None
        [one] = await self.tracks([song], library)
        return one

    async def song(self, track_id: TrackId) -> Song:
        """One song as the server tells it; NotFound also when it remembers a file that is gone."""
        if not is_askable(track_id):
            raise NotFound("No server has such an id.")
        song = payload(Song, await self._client.ask("getSong", ("id", track_id)), "song")
        if song.id != track_id or song.isDir:
            raise NotFound(f"{track_id} is not a song.")
        if self._server.is_navidrome and song.albumId is not None:
            await self._require_present(song, song.albumId)
        return song

    async def artist_name(self, artist_id: str) -> str:
        """The name of the artist with this id."""
        if not is_askable(TrackId(artist_id)):
            raise NotFound("No server has such an id.")
        artist = payload(Named, await self._client.ask("getArtist", ("id", artist_id)), "artist")
        if artist.name is None:
            raise NotFound(f"The server does not name the artist {artist_id}.")
        return artist.name

    async def artist_ids(self, track_ids: Sequence[TrackId]) -> Mapping[TrackId, str]:
        """The ids of these songs' artists, as far as there are such songs and the server tells."""
        wanted = [one for one in dict.fromkeys(track_ids) if is_askable(one)]
        found: dict[TrackId, str] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            told = await asyncio.gather(*map(self._artist_id, some), return_exceptions=True)
            for track_id, artist in zip(some, told, strict=True):
                if isinstance(artist, BaseException):
                    raise artist
                if artist is not None:
                    found[track_id] = artist
        return found

    async def _artist_id(self, track_id: TrackId) -> str | None:
        try:
            reply = await self._client.ask("getSong", ("id", track_id))
        except NotFound:
            return None
        return payload(Song, reply, "song").artistId

    async def parts(self) -> list[Part]:
        """The libraries to list."""
        return await parts(self._client, self._libraries)

    async def tracks(self, songs: Sequence[Song], library: str | None) -> list[Track]:
        """Songs as tracks, with the key of their content where their files are found here."""
        files = await self._local.look(songs)
        return [
            track(song, library=library, content_key=file.content_key if file else None)
            for song, file in zip(songs, files, strict=True)
        ]

    async def pages_of_all(self) -> AsyncIterator[Sequence[Song]]:
        """Everything once, without a promise that it is complete."""
        try:
            async for songs, _ in self._songs(await self.parts()):
                yield songs
        except Shifted as error:
            raise Unavailable("The library changed while it was read.") from error

    async def _songs(self, among: Sequence[Part]) -> AsyncIterator[tuple[Sequence[Song], str | None]]:
        for part in among:
            async for songs in self._songs_of(part):
                yield [song for song in songs if not song.isVideo], part.library

    async def _songs_of(self, part: Part) -> AsyncIterator[Sequence[Song]]:
        """By searching for everything; where that brings nothing, album by album."""
        empty = True
        for spelling in list(self._spellings) if self._searchable else []:
            try:
                async for songs in pages(partial(self._search, part, spelling), _PAGE):
                    empty = False
                    yield songs
            except Unsupported:
                self._searchable = False
                break
            if not empty:
                self._spellings = [spelling]
                return
        async for songs in self._songs_by_album(part):
            yield songs

    async def _search(self, part: Part, spelling: str, offset: int, count: int) -> list[Song]:
        reply = await self._client.ask(
            "search3",
            ("query", spelling),
            ("songCount", str(count)),
            ("songOffset", str(offset)),
            ("albumCount", "0"),
            ("artistCount", "0"),
            *part.scope,
        )
        return payloads(Song, reply.get("searchResult3"), "song")

    async def _songs_by_album(self, part: Part) -> AsyncIterator[Sequence[Song]]:
        async for albums in pages(partial(self._albums, part), _PAGE):
            for album in albums:
                yield await self._album(album.id)

    async def _albums(self, part: Part, offset: int, count: int) -> list[Album]:
        reply = await self._client.ask(
            "getAlbumList2",
            ("type", "alphabeticalByName"),
            ("size", str(count)),
            ("offset", str(offset)),
            *part.scope,
        )
        return payloads(Album, reply.get("albumList2"), "album")

    async def _album(self, album_id: str) -> Sequence[Song]:
        try:
            return payload(Album, await self._client.ask("getAlbum", ("id", album_id)), "album").song
        except NotFound as error:
            raise Shifted from error

    async def _require_present(self, song: Song, album_id: str) -> None:
        """Navidrome goes on telling of vanished files; their albums do not list them any more."""
        try:
            album = payload(Album, await self._client.ask("getAlbum", ("id", album_id)), "album")
        except NotFound as error:
            raise NotFound(f"The file of {song.id} is gone.") from error
        if all(other.id != song.id for other in album.song):
            raise NotFound(f"The file of {song.id} is gone.")

    async def _require_emptiness(self, signs: Signs) -> None:
        """Navidrome answers a search that failed inside with an empty list: ask for other witnesses."""
        if self._libraries:
            return
        if signs.songs:
            raise Unavailable(f"The server speaks of {signs.songs} songs, but lists none.")
        reply = await self._client.ask("getArtists")
        if payloads(Payload, reply.get("artists"), "index"):
            raise Unavailable("The server speaks of artists, but lists no songs.")


class _Patience:
    """How long to go on when the library does not hold still."""

    def __init__(self) -> None:
        self._passes = 0
        self._pause = _FIRST_PAUSE
        self._renewed = monotonic()

    @property
    def is_tried(self) -> bool:
        return self._passes >= 2

    def renew(self) -> None:
        self._renewed = monotonic()

    async def wait(self, *, scanning: bool) -> None:
        """A pause before the next pass; Unavailable when there have been enough."""
        self._passes += 1
        if scanning and monotonic() - self._renewed > _SCAN_PATIENCE:
            raise Unavailable("The server is still reading its music in.", retry_after=60)
        if not scanning and self._passes >= _PASSES:
            raise Unavailable("The library kept changing while it was listed.", retry_after=30)
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


def is_askable(text: str) -> bool:
    """Whether a text can be an id and can be sent."""
    if not text or len(text) > _LONGEST_ID or any(ord(sign) < 32 for sign in text):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
