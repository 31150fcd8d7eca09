"""MPD's stored playlists: replaced whole in one go, and nobody's but ours."""

from collections.abc import AsyncIterator, Collection, Sequence
from itertools import count

from segue.model import Playlist, PlaylistHeader, PlaylistId, TrackId
from segue.sdk import NotFound, Unsupported
from segue_mpd.client import Client
from segue_mpd.library import Connect
from segue_mpd.wire import Ack, grouped, is_sendable, refusals

__all__ = ["Playlists"]

_AT_ONCE = 500
_LONGEST_NAME = 200  # bytes: it becomes a file's name
_NO_SUCH = 50


class Playlists:
    """A playlist's name is its id; the tracks' ids are MPD's own."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def headers(self) -> AsyncIterator[PlaylistHeader]:
        with refusals("its playlists"):
            async with self._connect() as client:
                pairs = await client.ask("listplaylists")
        for group in grouped(pairs, "playlist"):
            words = dict(group)
            name = words["playlist"]
            yield PlaylistHeader(id=PlaylistId(name), name=name, revision=words.get("Last-Modified", ""))

    async def entries(self, id_: PlaylistId) -> Sequence[TrackId]:
        if not is_sendable(id_):
            raise NotFound(f"{id_!r} is not the name of a playlist.")
        with refusals(f"the playlist {id_!r}"):
            async with self._connect() as client:
                pairs = await client.ask("listplaylist", id_)
        return [TrackId(value) for key, value in pairs if key == "file"]

    async def publish(self, playlist: Playlist, replacing: PlaylistId | None) -> PlaylistId:
        """Build beside, then swap: nobody sees half a list. Songs that MPD does not know are left out."""
        taken = {header.id async for header in self.headers()}
        ours = replacing if replacing in taken else None
        name = _free_name(playlist.name, taken - {ours})
        draft = f"{name}.segue-new"
        away: list[tuple[str, ...]] = [("rm", ours)] if ours is not None else []
        with refusals(f"to keep the playlist {name!r}"):
            async with self._connect() as client:
                if draft in taken:
                    await client.ask("rm", draft)
                if not await _add_all(client, draft, playlist.tracks):
                    await _make_empty(client, draft)
                await client.ask_all([*away, ("rename", draft, name)])
        return PlaylistId(name)

    async def withdraw(self, id_: PlaylistId) -> None:
        """Remove it; one that is gone already is well."""
        with refusals(f"to remove the playlist {id_!r}"):
            async with self._connect() as client:
                try:
                    await client.ask("rm", id_)
                except Ack as ack:
                    if ack.code != _NO_SUCH:
                        raise


async def _add_all(client: Client, draft: str, tracks: Sequence[TrackId]) -> int:
    """Add in order; where MPD stops at a song it does not know, go on behind it."""
    left = [track for track in tracks if is_sendable(track)]
    added = 0
    while left:
        chunk = left[:_AT_ONCE]
        try:
            await client.ask_all([("playlistadd", draft, track) for track in chunk])
            done, passed = len(chunk), 0
        except Ack as ack:
            if ack.code != _NO_SUCH:
                raise
            done, passed = ack.index, 1
        added += done
        left = left[done + passed :]
    return added


async def _make_empty(client: Client, draft: str) -> None:
    """A list comes into being with its first song, so add any and clear it."""
    songs = [value for key, value in await client.ask("find", '(base "")', "window", "0:1") if key == "file"]
    if not songs:
        raise Unsupported("MPD cannot keep an empty playlist as long as it has no song at all.")
    await client.ask_all([("playlistadd", draft, songs[0]), ("playlistclear", draft)])


def _free_name(wanted: str, taken: Collection[str]) -> str:
    """A name that MPD can keep and that nobody has."""
    plain = " ".join(wanted.replace("/", "-").split()) or "Segue"
    plain = plain.encode("utf-8", "replace")[:_LONGEST_NAME].decode("utf-8", "ignore").strip()
    names = (plain if number == 1 else f"{plain} ({number})" for number in count(1))
    return next(name for name in names if name not in taken)
