"""A small library behind the doors: a server, its tracks, and what was heard in them."""

import numpy as np

from segue.library.taking import take_in
from segue.model import Analysis, Descriptors, Quality, RecordingId, Track, TrackId
from segue.store import analyses, recordings, tracks
from segue.store.servers import Server
from tests.daemon.similarity.library import towards
from tests.daemon.web.conftest import Daemon


def song(number: int, title: str, artist: str = "Nobody", album: str | None = None) -> Track:
    return Track(
        id=TrackId(f"track-{number}"),
        title=title,
        artist=artist,
        album=album,
        revision="1",
        content_key=f"key-{number}",
        seconds=180.0,
        genres=("Jazz",),
    )


async def attic(daemon: Daemon, *songs: Track, name: str = "attic") -> Server:
    """A connected server with these tracks, none of them heard."""
    server = await daemon.services.registry.add(name, "memory", {})
    assert server is not None
    async with daemon.services.pool.connection() as c:
        await take_in(c, server.id, songs, quality=Quality.BALANCED)
    return server


async def rows(daemon: Daemon) -> dict[str, tracks.TrackRow]:
    """Every track by its title."""
    async with daemon.services.pool.connection() as c:
        return {row.title: row for row in await tracks.list_(c)}


async def hear(daemon: Daemon, degrees: dict[str, float]) -> None:
    """Hear these titles as sounds in these directions, and let the index learn them."""
    found = await rows(daemon)
    directions = {found[title].recording_id: angle for title, angle in degrees.items()}
    async with daemon.services.pool.connection() as c:
        claims = await recordings.claim(c, owner="test", limit=100, seconds=60)
    for claim in claims:
        async with daemon.services.pool.connection() as c:
            if claim.recording in directions:
                analysis = _analysis(directions[claim.recording])
                await analyses.save(c, claim.recording, claim.owner, analysis)
            else:
                await recordings.release(c, claim.owner, [claim.recording])
    await daemon.context.follower.look()


async def fail(daemon: Daemon, title: str, reason: str) -> RecordingId:
    recording = (await rows(daemon))[title].recording_id
    async with daemon.services.pool.connection() as c:
        [claim] = [
            one
            for one in await recordings.claim(c, owner="test", limit=100, seconds=60)
            if one.recording == recording
        ]
        await recordings.fail(c, recording, claim.owner, reason)
    return recording


def _analysis(degrees: float) -> Analysis:
    return Analysis(
        version=1,
        quality=Quality.BALANCED,
        seconds=180.0,
        patches=30,
        embedding=towards(degrees),
        tags=np.linspace(0, 1, 50, dtype=np.float32),
        features_mean=np.zeros(424, np.float16),
        features_std=np.zeros(424, np.float16),
        descriptors=Descriptors(tempo=120.0, key="A", scale="minor", missing={"loudness": "It is silent."}),
    )
