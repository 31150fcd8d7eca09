"""Rows that tests of recordings start from."""

import itertools
from typing import Any

import numpy as np

from segue.model import Analysis, Descriptors, Quality, RecordingId
from segue.store.pool import Connection

_numbers = itertools.count(1)


async def add_server(c: Connection, name: str = "attic", kind: str = "folder") -> int:
    cursor = await c.execute(
        """insert into servers (name, kind, origin, config_sealed, hook_secret_sealed, state)
           values (%s, %s, 'settings', '', '', 'connected')
           on conflict (name) do update set kind = excluded.kind returning id""",
        (name, kind),
    )
    return int((await _row(cursor))[0])


async def add_recording(
    c: Connection, *, wanted: str | None = None, plays: int = 0, server: str = "attic", **track: Any
) -> RecordingId:
    """A recording with one present track."""
    cursor = await c.execute(
        """insert into recordings (wanted, wanted_at, plays)
           values (%s, clock_timestamp(), %s) returning id""",
        (wanted, plays),
    )
    recording = RecordingId((await _row(cursor))[0])
    await add_track(c, recording, server=server, **track)
    return recording


async def add_track(
    c: Connection,
    recording: RecordingId,
    *,
    server: str = "attic",
    track_id: str | None = None,
    title: str | None = None,
    artist: str | None = None,
    album: str | None = None,
    **columns: Any,
) -> int:
    number = next(_numbers)
    row = {
        "server_id": await add_server(c, server),
        "server_track_id": track_id or f"track-{number}",
        "recording_id": recording,
        "revision": "1",
        "title": title or f"Song {number}",
        "artist": artist or f"Artist {number}",
        "album": album,
        **columns,
    }
    names = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    cursor = await c.execute(f"insert into tracks ({names}) values ({values}) returning id".encode(), row)
    return int((await _row(cursor))[0])


def an_analysis(seed: int = 0, *, quality: Quality = Quality.FAST, **changes: Any) -> Analysis:
    chance = np.random.default_rng(seed)
    facts: dict[str, Any] = {
        "version": 1,
        "quality": quality,
        "seconds": 200.5,
        "patches": 8,
        "embedding": chance.normal(size=200).astype(np.float32),
        "tags": chance.random(50).astype(np.float32),
        "features_mean": chance.normal(size=424).astype(np.float16),
        "features_std": chance.random(424).astype(np.float16),
        "descriptors": Descriptors(tempo=120.0, key="C#", scale="minor", missing={"loudness": "Too short."}),
        **changes,
    }
    return Analysis(**facts)


async def _row(cursor: Any) -> Any:
    row = await cursor.fetchone()
    assert row is not None
    return row
