"""Playlists as the interface: a person's own list that asks by its name to be filled.

`~radio`, `~mix` and `~path` are the only lists of people that we edit, because they ask for it. The
songs that they put in stay, in their order; what we put in is ours, and is made anew now and then.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog

from segue.model import Playlist, PlaylistHeader, PlaylistId, RecordingId, ServerKey, TrackId
from segue.publishing.journal import Journal
from segue.publishing.plan import on_server, pause_after
from segue.publishing.publish import Headers
from segue.publishing.shelf import Shelf
from segue.sdk import AdapterError, AuthFailed, NotFound, Unavailable, Unsupported
from segue.store.copies import Copy, Intent, Stood

__all__ = [
    "CannotFillError",
    "Fill",
    "Filler",
    "Wish",
    "WishKind",
    "own_songs",
    "seeds_of",
    "wish_of",
    "woven",
]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_PATIENCE = 300.0  # its songs may be heard, or others put in, at any moment
_DESCRIPTION = "Segue fills this list from its first songs."


class WishKind(StrEnum):
    """What is asked for: more like all of them, more like each in turn, or a way from each to the next."""

    RADIO = "radio"
    MIX = "mix"
    PATH = "path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a list asks for, on which server, from which songs, and what must not come."""

    kind: WishKind
    server: ServerKey
    seeds: tuple[RecordingId, ...]
    banned: frozenset[RecordingId]
    count: int


class CannotFillError(Exception):
    """Not now: a sentence that says why."""


Fill = Callable[[Wish], Awaitable[Sequence[RecordingId]]]
"""The songs in order: for a path with the seeds among them, else without."""


def wish_of(name: str, prefix: str) -> WishKind | None:
    """What a list of this name asks for: the prefix, a word, and then whatever the person likes."""
    found = re.match(rf"\s*{re.escape(prefix)}\s*(\w+)", name, re.IGNORECASE) if prefix else None
    return next((kind for kind in WishKind if found and found[1].lower() == kind), None)


def seeds_of(present: Sequence[TrackId], filled: Collection[TrackId]) -> tuple[TrackId, ...]:
    """A person's own songs: what we did not put in, and what of ours they put before their first."""
    own = [at for at, track in enumerate(present) if track not in filled]
    if not own:
        return ()
    return tuple(
        dict.fromkeys(track for at, track in enumerate(present) if at < own[0] or track not in filled)
    )


def own_songs(copy: Copy, present: Sequence[TrackId]) -> tuple[TrackId, ...]:
    """The same for a copy; an edit of ours that broke off may have cut their songs off with ours."""
    found = seeds_of(present, copy.filled)
    if copy.intent is None:
        return found
    written = copy.intent.tracks
    ours = [track for track in present if track in set(written)]
    if ours != list(written[: len(ours)]):
        return found
    return tuple(dict.fromkeys([*(track for track in written if track not in copy.filled), *found]))


def woven(
    seeds: Sequence[tuple[TrackId, RecordingId | None]],
    songs: Sequence[tuple[RecordingId, TrackId]],
    *,
    between: bool,
) -> tuple[TrackId, ...]:
    """Their songs first and ours behind them, or ours between theirs; theirs keep their order."""
    theirs = [track for track, _ in seeds]
    if not between:
        return tuple(dict.fromkeys([*theirs, *(track for _, track in songs)]))
    result: list[TrackId] = []
    waiting = list(seeds)
    recordings = {recording for _, recording in seeds}
    for recording, track in songs:
        if recording in recordings:
            while any(one == recording for _, one in waiting):
                result.append(waiting.pop(0)[0])
        else:
            result.append(track)
    return tuple(dict.fromkeys([*result, *(track for track, _ in waiting)]))


class Filler:
    """Looks after the lists of people that ask for it, on one server."""

    def __init__(self, shelf: Shelf, journal: Journal, fill: Fill, *, prefix: str, songs: int) -> None:
        self._shelf = shelf
        self._journal = journal
        self._fill = fill
        self._prefix = prefix
        self._songs = songs

    async def find(self, headers: Headers, copies: Sequence[Copy]) -> int:
        """Lists that ask for the first time; how many."""
        known = {copy.id for copy in copies}
        new = [one for one in headers.values() if one.id not in known and wish_of(one.name, self._prefix)]
        for header in new:
            await self._journal.adopt(header)
            _log.info("playlist_asked", server=self._journal.look.server, name=header.name)
        return len(new)

    async def fill(self, headers: Headers, copies: Sequence[Copy]) -> int:
        """Fill those that have other songs than at the last look, or are old; how many."""
        changed = 0
        for copy in copies:
            if copy.theirs and not copy.is_resting:
                changed += await self._tend(copy, headers.get(copy.id) if copy.id else None)
        return changed

    async def _tend(self, copy: Copy, header: PlaylistHeader | None) -> bool:
        kind = wish_of(header.name, self._prefix) if header is not None else None
        if header is None or kind is None:
            await self._journal.forget(copy)
            return False
        if not copy.wanted or (copy.given_up is not None and header.name == copy.shown_name):
            return False
        try:
            return await self._bring(copy, header, kind)
        except (Unavailable, AuthFailed) as error:
            await self._journal.failed(copy, str(error), seconds=0)
            raise
        except Unsupported as error:
            await self._journal.give_up(copy, "refused", str(error))
        except (AdapterError, CannotFillError) as error:
            await self._journal.failed(
                copy, str(error), seconds=pause_after(copy.attempts, longest=_PATIENCE)
            )
        return False

    async def _bring(self, copy: Copy, header: PlaylistHeader, kind: WishKind) -> bool:
        if self._is_as_seen(copy, header):
            present: Sequence[TrackId] = copy.seen
        else:
            try:
                present = await self._shelf.entries(header.id)
            except NotFound:
                return False
        seeds = own_songs(copy, present)
        banned = await self._banned(copy, present)
        same = seeds == seeds_of(copy.seen, copy.filled) and header.name == copy.shown_name
        if not seeds or (same and not banned and copy.intent is None and not copy.is_stale):
            stood = Stood(id=header.id, name=header.name, tracks=tuple(present), revision=header.revision)
            if stood.tracks != copy.seen or stood.revision != copy.revision:
                await self._journal.settled(copy, stood, filled=copy.filled)
            return False
        await self._journal.ban(copy, banned)
        target = await self._target(copy, kind, seeds)
        if target == tuple(present):
            ours = [track for track in target if track not in seeds]
            await self._keep(copy, header, tuple(present), ours)
            return False
        return await self._write(copy, header, seeds, target)

    def _is_as_seen(self, copy: Copy, header: PlaylistHeader) -> bool:
        since, read = copy.revision_since, copy.read_at
        known = copy.intent is None and bool(header.revision) and copy.revision == header.revision
        return known and since is not None and read is not None and (read - since).total_seconds() > 10

    async def _banned(self, copy: Copy, present: Sequence[TrackId]) -> list[RecordingId]:
        """Songs of ours that the person took out; with an edit under way nobody can tell."""
        if copy.intent is not None:
            return []
        gone = [track for track in copy.seen if track in copy.filled and track not in set(present)]
        known = await self._journal.known(gone)
        return [
            known[track][0]
            for track in gone
            if track in known and known[track][1] and await self._shelf.has(track)
        ]

    async def _target(self, copy: Copy, kind: WishKind, seeds: Sequence[TrackId]) -> tuple[TrackId, ...]:
        known = await self._journal.known(seeds)
        heard = [known[track][0] for track in seeds if track in known]
        if not heard:
            raise CannotFillError("None of its songs is known yet.")
        banned = (await self._journal.songs(copy)).pins.banned
        wish = Wish(
            kind=kind,
            server=copy.server,
            seeds=tuple(dict.fromkeys(heard)),
            banned=banned,
            count=max(0, self._songs - len(seeds)),
        )
        songs = [one for one in await self._fill(wish) if one not in banned or one in heard]
        playable = await self._journal.playable(songs)
        pairs = [(one, on_server([one], playable, seeds)[0]) for one in songs if playable.get(one)]
        own = [(track, known[track][0] if track in known else None) for track in seeds]
        return woven(own, pairs, between=kind is WishKind.PATH)

    async def _write(
        self, copy: Copy, header: PlaylistHeader, seeds: Sequence[TrackId], target: tuple[TrackId, ...]
    ) -> bool:
        ours = [track for track in target if track not in set(seeds)]
        intent = Intent(name=header.name, tracks=target, known=frozenset())
        await self._journal.intend(copy, intent, filled=ours)
        wanted = Playlist(
            name=header.name, tracks=target, description=_DESCRIPTION, owner=None, public=bool(header.public)
        )
        id_ = await self._shelf.publish(wanted, replacing=header.id)
        if id_ != header.id:
            await self._undo(copy, header.id, id_)
            return False
        await self._keep(copy, header, await self._shelf.entries(id_), ours)
        _log.info("playlist_filled", server=copy.server, name=header.name, songs=len(ours))
        return True

    async def _undo(self, copy: Copy, asked: PlaylistId, made: PlaylistId) -> None:
        """The server made another list instead: it lets us not edit this one, or it is gone."""
        await self._shelf.withdraw(made)
        if asked in await self._shelf.headers():
            await self._journal.give_up(copy, "refused", "The server lets only its owner edit this list.")

    async def _keep(
        self, copy: Copy, header: PlaylistHeader, tracks: Sequence[TrackId], ours: Sequence[TrackId]
    ) -> None:
        stood = Stood(id=header.id, name=header.name, tracks=tuple(tracks))
        known = await self._journal.known(tracks)
        await self._journal.filled(copy, stood, ours, [known[track][0] for track in tracks if track in known])
