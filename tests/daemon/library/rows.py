"""Rows and values that tests of the library start from."""

from dataclasses import replace

from segue.model import RecordingId, ServerKey, Track, TrackId
from segue.store import servers
from segue.store.pool import Connection


async def add_server(c: Connection, name: str = "attic", kind: str = "folder") -> ServerKey:
    added = await servers.insert(
        c, name=name, kind=kind, origin="api", config_sealed=b"{}", hook_secret_sealed=b"secret"
    )
    assert added is not None
    return added.id


async def add_recording(c: Connection) -> RecordingId:
    cursor = await c.execute("insert into recordings default values returning id")
    row = await cursor.fetchone()
    assert row is not None
    return RecordingId(row[0])


def a_track(track_id: str, **changes: object) -> Track:
    track = Track(
        id=TrackId(track_id),
        title=f"Song {track_id}",
        revision="1",
        artist="Björk",
        album="Début",
        genres=("Pop", "Art Pop"),
        seconds=200.5,
        bytes=1234,
        format="flac",
        path=f"/music/{track_id}",
    )
    return replace(track, **changes)  # type: ignore[arg-type]
