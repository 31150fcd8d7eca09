"""Playlists on a Subsonic server: replaced in place by one request, and nobody's but ours."""

from collections.abc import AsyncIterator, Sequence

import structlog

from segue.model import Playlist, PlaylistHeader, PlaylistId, TrackId
from segue.sdk import Malformed, NotFound, Unsupported
from segue_navidrome import payloads
from segue_navidrome.client import Client, Parameter
from segue_navidrome.dialect import Server
from segue_navidrome.ids import canonical
from segue_navidrome.listing import is_askable
from segue_navidrome.parse import header, payload
from segue_navidrome.parse import payloads as many

__all__ = ["Playlists"]

_MOST_BY_FORM = 5_000  # Navidrome takes less than 10,000 parameters
_MOST_BY_QUERY = 100


class Playlists:
    """A server lets us make playlists for the user that we are, and for nobody else."""

    def __init__(self, client: Client, server: Server, log: structlog.stdlib.BoundLogger) -> None:
        self._client = client
        self._server = server
        self._log = log
        self._most = _MOST_BY_FORM if client.manner.form else _MOST_BY_QUERY

    async def headers(self) -> AsyncIterator[PlaylistHeader]:
        """All that our user may see."""
        for playlist in await self._all():
            yield header(playlist)

    async def entries(self, id_: PlaylistId) -> Sequence[TrackId]:
        """The songs of one."""
        return [TrackId(song.id) for song in (await self._get(id_)).entry]

    async def publish(self, playlist: Playlist, replacing: PlaylistId | None) -> PlaylistId:
        """Replace ours in place, or make it; songs that the server does not know are left out."""
        if playlist.owner is not None and playlist.owner != self._server.username:
            raise Unsupported(
                f"The server makes playlists for {self._server.username} only, not for {playlist.owner}."
            )
        held = await self._held(replacing) if replacing is not None else None
        if held is not None and not self._is_ours(held):
            raise Unsupported(f"The list belongs to {held.owner}, and only its owner may edit it.")
        if held is None:
            held = await self._made(playlist)
        await self._fill(held, playlist.tracks)
        await self._describe(held, playlist)
        return PlaylistId(held.id)

    async def withdraw(self, id_: PlaylistId) -> None:
        """Delete ours; one that is gone already, or is not ours any more, is left alone."""
        held = await self._ours(id_)
        if held is not None:
            try:
                await self._client.ask("deletePlaylist", ("id", held.id))
            except NotFound:
                return

    async def _ours(self, id_: PlaylistId) -> payloads.Playlist | None:
        """The same if it is our user's."""
        held = await self._held(id_)
        if held is None or self._is_ours(held):
            return held
        self._log.warning("playlist_not_ours", playlist=held.id, owner=held.owner)
        return None

    async def _held(self, id_: PlaylistId) -> payloads.Playlist | None:
        """The playlist under this id, or that which a newer Navidrome gave it, whoever owns it."""
        for known in dict.fromkeys((id_, canonical(id_) if self._server.is_navidrome else id_)):
            try:
                return await self._get(PlaylistId(known))
            except NotFound:
                continue
        return None

    def _is_ours(self, held: payloads.Playlist) -> bool:
        return held.owner in (None, self._server.username)

    async def _made(self, playlist: Playlist) -> payloads.Playlist:
        """A new, empty one. Servers that do not tell its id are asked what is new."""
        before = {one.id for one in await self._all()}
        reply = await self._client.ask("createPlaylist", ("name", _name(playlist)), safe=False)
        if isinstance(reply.get("playlist"), dict):
            return await self._get(PlaylistId(payload(payloads.Playlist, reply, "playlist").id))
        made = [
            one for one in await self._all()
            if one.id not in before and one.name == _name(playlist) and one.owner == self._server.username
        ]  # fmt: skip
        if len(made) != 1:
            raise Malformed("The server made a playlist, but does not tell which.")
        return await self._get(PlaylistId(made[0].id))

    async def _fill(self, held: payloads.Playlist, wanted: Sequence[TrackId]) -> None:
        """Have it hold these in this order; one request replaces all, unless they are very many."""
        tracks = [track for track in wanted if is_askable(track)]
        if [song.id for song in held.entry] == tracks:
            return
        if not tracks:
            await self._empty(held)
            return
        try:
            await self._replace(held.id, tracks)
        except NotFound:  # some servers refuse a list with a song that they do not know
            known = await self._known(tracks)
            if len(known) == len(tracks):
                raise
            await (self._replace(held.id, known) if known else self._empty(held))
        now = await self._get(PlaylistId(held.id))
        if len(now.entry) < len(wanted):
            self._log.info(
                "playlist_songs_unknown", playlist=held.id, wanted=len(wanted), held=len(now.entry)
            )

    async def _replace(self, id_: str, tracks: Sequence[TrackId]) -> None:
        first, rest = tracks[: self._most], tracks[self._most :]
        songs: list[Parameter] = [("songId", track) for track in first]
        await self._client.ask("createPlaylist", ("playlistId", id_), *songs)
        for start in range(0, len(rest), self._most):
            songs = [("songIdToAdd", track) for track in rest[start : start + self._most]]
            await self._client.ask("updatePlaylist", ("playlistId", id_), *songs, safe=False)

    async def _empty(self, held: payloads.Playlist) -> None:
        """From the end, so that the places of the others stay."""
        left = len(held.entry)
        while left:
            begin = max(0, left - self._most)
            places: list[Parameter] = [("songIndexToRemove", str(place)) for place in range(begin, left)]
            await self._client.ask("updatePlaylist", ("playlistId", held.id), *places, safe=False)
            left = begin

    async def _known(self, tracks: Sequence[TrackId]) -> list[TrackId]:
        known: dict[TrackId, bool] = {}
        for track in tracks:
            if track not in known:
                try:
                    await self._client.ask("getSong", ("id", track))
                    known[track] = True
                except NotFound:
                    known[track] = False
        return [track for track in tracks if known[track]]

    async def _describe(self, held: payloads.Playlist, playlist: Playlist) -> None:
        """Name, comment and whether others see it, where they differ."""
        name = _name(playlist)
        if (held.name, held.comment or "", held.public) != (name, playlist.description, playlist.public):
            await self._client.ask(
                "updatePlaylist",
                ("playlistId", held.id),
                ("name", name),
                ("comment", playlist.description),
                ("public", "true" if playlist.public else "false"),
            )

    async def _get(self, id_: PlaylistId) -> payloads.Playlist:
        if not is_askable(id_):
            raise NotFound("No server has such an id.")
        return payload(payloads.Playlist, await self._client.ask("getPlaylist", ("id", id_)), "playlist")

    async def _all(self) -> list[payloads.Playlist]:
        return many(payloads.Playlist, (await self._client.ask("getPlaylists")).get("playlists"), "playlist")


def _name(playlist: Playlist) -> str:
    """One line with something in it."""
    return " ".join(playlist.name.split()).encode("utf-8", "replace").decode() or "Segue"
