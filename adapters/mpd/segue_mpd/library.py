"""MPD's song database: listed in pages, until a listing has held still."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

from segue.model import Track, TrackId
from segue.sdk import Malformed, NotFound, Unavailable
from segue.sdk.local import LocalFile, LocalFiles
from segue_mpd.client import Client
from segue_mpd.parse import TAGS, Song, read_song, track
from segue_mpd.wire import Ack, Pair, equals, grouped, is_sendable, refusals

__all__ = ["Connect", "Library"]

Connect = Callable[[], AbstractAsyncContextManager[Client]]

_PAGE = 2_000
_LOOKS = 10
_ENOUGH = 0.99  # of the songs that MPD counts must have been listed


@dataclass(frozen=True, slots=True)
class Stats:
    """When the database last changed, and how many songs it has."""

    moved: str | None
    songs: int


class Library:
    """Songs as tracks, with what their files tell where we can see them."""

    def __init__(self, connect: Connect, local: LocalFiles | None) -> None:
        self._connect = connect
        self._local = local

    async def walk(self) -> AsyncIterator[Track]:
        """Every song once; listed again for what a change in the midst made us miss."""
        if self._local is not None:
            await self._local.require()
        seen: set[int] = set()
        async with self._connect() as client:
            await _choose_tags(client)
            for _ in range(_LOOKS):
                before = await self._stats(client)
                listed = 0
                async for songs in _pages(client, '(base "")'):
                    listed += len(songs)
                    fresh = [song for song in songs if hash(song.uri) not in seen]
                    seen.update(hash(song.uri) for song in fresh)
                    for one in await self._tracks(fresh):
                        yield one
                if await self._stats(client) == before and listed >= _ENOUGH * before.songs:
                    return
        raise Unavailable("MPD's database did not hold still while it was listed.", retry_after=30)

    async def get(self, id_: TrackId) -> Track:
        """One song."""
        if not is_sendable(id_):
            raise NotFound(f"{id_[:100]!r} is not the name of a song.")
        async with self._connect() as client:
            await _choose_tags(client)
            with refusals("to tell of a song"):
                songs = await _find(client, equals("file", id_))
        if not songs:
            raise NotFound(f"MPD knows no song {id_!r}.")
        return (await self._tracks(songs[:1]))[0]

    async def changed_since(self, moment: datetime, *, most: int = 1_000_000) -> AsyncIterator[Track]:
        """Songs whose file is younger, or that came later where MPD keeps that."""
        seen: set[str] = set()
        with refusals("to tell what is new"):
            async with self._connect() as client:
                await _choose_tags(client)
                for name in ("modified-since", "added-since"):
                    songs = await _since(client, name, moment, most)
                    for one in await self._tracks([song for song in songs if song.uri not in seen]):
                        yield one
                    seen.update(song.uri for song in songs)

    async def _stats(self, client: Client) -> Stats:
        """How the database is now; Unavailable while it is being made."""
        told = dict(await _asked(client, "stats"))
        stats = Stats(moved=told.get("db_update"), songs=_count(told.get("songs")))
        if not stats.songs and "updating_db" in dict(await _asked(client, "status")):
            raise Unavailable("MPD is still reading its music.", retry_after=10)
        return stats

    async def _tracks(self, songs: Sequence[Song]) -> list[Track]:
        files: Sequence[LocalFile | None] = [None] * len(songs)
        if self._local is not None and songs:
            files = await self._local.look([song.uri for song in songs])
        return [track(song, file) for song, file in zip(songs, files, strict=True)]


def _count(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()):
        raise Malformed("MPD does not say how many songs it has.", sample=text or "")
    return int(text)


async def _pages(client: Client, wanted: str) -> AsyncIterator[list[Song]]:
    start = 0
    while True:
        pairs = await _asked(client, "find", wanted, "window", f"{start}:{start + _PAGE}")
        songs = [read_song(group) for group in grouped(pairs, "file")]
        if songs:
            yield songs
        if len(songs) < _PAGE:
            return
        start += _PAGE


async def _find(client: Client, wanted: str, most: int = _PAGE) -> list[Song]:
    pairs = await client.ask("find", wanted, "window", f"0:{most}")
    return [read_song(group) for group in grouped(pairs, "file")]


async def _since(client: Client, name: str, moment: datetime, most: int) -> list[Song]:
    try:
        return await _find(client, f'({name} "{int(moment.timestamp())}")', most)
    except Ack:
        if name == "added-since":  # MPD before 0.24 does not keep it
            return []
        raise


async def _choose_tags(client: Client) -> None:
    """Have MPD tell only what we read: replies become several times smaller."""
    known = {value for key, value in await _asked(client, "tagtypes") if key == "tagtype"}
    await _asked(client, "tagtypes", "clear")
    await _asked(client, "tagtypes", "enable", *(tag for tag in TAGS if tag in known))


async def _asked(client: Client, command: str, *arguments: str) -> list[Pair]:
    with refusals(f"`{command}`"):
        return await client.ask(command, *arguments)
