"""Tries everything that we need of one server, step by step, and puts it back as it was."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from segue.analysis.wire import request_for
from segue.children import Child, ChildError
from segue.library.streams import closing
from segue.model import Playlist, PlaylistId, Quality, Track, TrackId
from segue.registry import Registry, ServerBroken
from segue.sdk import (
    Adapter,
    AdapterError,
    AuthFailed,
    Malformed,
    NotFound,
    Publishes,
    ReadsPlaylists,
    Unavailable,
    Unsupported,
)
from segue.store.servers import Server

__all__ = ["PLAYLIST_NAME", "Step", "check_server", "hears"]

PLAYLIST_NAME = "Segue test (can be deleted)"
_STEP_SECONDS = 60.0
_HEARING_SECONDS = 180.0

Hear = Callable[[Path], Awaitable[str]]
"""Decodes and hears a file; a sentence, or ChildError with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was tried; `good` is None where there was nothing to try, `advice` says what to do."""

    name: str
    good: bool | None
    detail: str
    advice: str | None = None


async def hears(path: Path) -> str:
    """Hears a file as a worker does, in a child process of its own."""
    async with Child("segue.analysis.child:hear") as child:
        await child.call(request_for(str(path), quality=Quality.FAST), deadline_seconds=_HEARING_SECONDS)
    return "It was decoded and heard."


async def check_server(registry: Registry, server: Server, *, hear: Hear = hears) -> AsyncIterator[Step]:
    """Reach it, list, borrow a file, hear it, and keep a test playlist for a moment."""
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(_STEP_SECONDS):
                adapter = await stack.enter_async_context(registry.using(server.id))
                info = await adapter.probe()
        except (AdapterError, TimeoutError) as error:
            yield _failed("reach", error, server)
            return
        yield Step(name="reach", good=True, detail=f"{info.product} {info.version}".strip() + " answers.")
        for warning in info.warnings:
            yield Step(name="rights", good=False, detail=warning, advice=_SETTINGS)
        if not info.warnings:
            yield Step(name="rights", good=True, detail="The server lets us in and warns of nothing.")
        track: Track | None = None
        try:
            track = await _first(adapter)
        except (AdapterError, TimeoutError) as error:
            yield _failed("list", error, server)
        if track is None:
            yield Step(name="list", good=False, detail="It lists no track.", advice=_NO_MUSIC)
            return
        yield Step(name="list", good=True, detail=f"It lists music, such as {track.title!r}.")
        async for step in _audio(adapter, track, server, hear):
            yield step
        yield await _playlist(adapter, track.id, server)


async def _first(adapter: Adapter) -> Track | None:
    async with asyncio.timeout(_STEP_SECONDS), closing(adapter.walk()) as listing:
        async for track in listing:
            return track
    return None


async def _audio(adapter: Adapter, track: Track, server: Server, hear: Hear) -> AsyncIterator[Step]:
    try:
        async with asyncio.timeout(_HEARING_SECONDS), adapter.audio(track.id) as path:
            size = (await asyncio.to_thread(path.stat)).st_size
            yield Step(name="lend", good=True, detail=f"It lends {track.title!r} as {size:,} bytes.")
            yield await _heard(path, hear)
    except (AdapterError, OSError) as error:
        yield _failed("lend", error, server)


async def _heard(path: Path, hear: Hear) -> Step:
    try:
        async with asyncio.timeout(_HEARING_SECONDS):
            return Step(name="hear", good=True, detail=await hear(path))
    except (ChildError, TimeoutError) as error:
        detail = str(error) or "It took too long."
        return Step(name="hear", good=False, detail=detail, advice=_HEARING)


async def _playlist(adapter: Adapter, track: TrackId, server: Server) -> Step:
    """Only the one that we make here is touched, by the id that we are given for it."""
    if not isinstance(adapter, Publishes):
        return Step(name="playlist", good=None, detail="This server keeps no playlists of ours.")
    wanted = Playlist(name=PLAYLIST_NAME, tracks=(track, track))
    made: PlaylistId | None = None
    try:
        async with asyncio.timeout(_STEP_SECONDS):
            made = await adapter.publish(wanted, replacing=None)
            kept = await adapter.entries(made) if isinstance(adapter, ReadsPlaylists) else wanted.tracks
            await adapter.withdraw(made)
            made = None
    except (AdapterError, TimeoutError) as error:
        return _failed("playlist", error, server)
    finally:
        if made is not None:
            await _take_back(adapter, made)
    if tuple(kept) not in (wanted.tracks, (track,)):  # some servers keep each song once
        detail = "A test playlist did not hold what was put into it."
        return Step(name="playlist", good=False, detail=detail, advice="Tell the adapter's authors.")
    return Step(name="playlist", good=True, detail="A test playlist was kept, read back and taken away.")


async def _take_back(adapter: Publishes, made: PlaylistId) -> None:
    with suppress(AdapterError, TimeoutError):
        async with asyncio.timeout(_STEP_SECONDS):
            await adapter.withdraw(made)


def _failed(name: str, error: Exception, server: Server) -> Step:
    """What went wrong, and what a person can do about it."""
    detail = str(error) or "The server did not answer in time."
    return Step(name=name, good=False, detail=detail, advice=_ADVICE[_kind(error)].format(name=server.name))


def _kind(error: Exception) -> type[Exception]:
    return next((kind for kind in _ADVICE if isinstance(error, kind)), Unavailable)


_SETTINGS = "Look at the server's settings here, and at our user's rights there."
_HEARING = "Another file may do better: `segue analyse failures` tells how many cannot be heard."
_NO_MUSIC = "Is there music in it, may our user see it, and has the server read it in?"
_ADVICE: dict[type[Exception], str] = {
    ServerBroken: "Correct its settings: `segue servers show {name}` shows them.",
    AuthFailed: "Correct user, password or key of {name}, or give that user the right.",
    Unsupported: "This server cannot do that; the adapter's page says what can be done instead.",
    NotFound: "The server lists what it does not have: have it read its music in anew.",
    Malformed: "Is it the right address, and the right kind of server?",
    Unavailable: "Is it running, and is the address right? Segue goes on by itself when it answers.",
}
