"""Which recording a track plays: the one with the same content, else a new one that wants hearing."""

from collections.abc import Mapping, Sequence

from psycopg.rows import scalar_row, tuple_row

from segue.model import Quality, RecordingId, Track
from segue.store.pool import Connection

__all__ = ["recordings_for"]


async def recordings_for(c: Connection, tracks: Sequence[Track], quality: Quality) -> list[RecordingId]:
    """One recording for each track, found by its content key or made and wanted."""
    keys = sorted({track.content_key for track in tracks if track.content_key is not None})
    known = await _known(c, keys)
    new = [key for key in keys if key not in known]
    if new:
        seconds = {track.content_key: track.seconds for track in tracks}
        values = {"keys": new, "seconds": [seconds[key] for key in new], "quality": quality.value}
        await c.execute(_INSERT_KEYED, values)
        known = {**known, **await _known(c, new)}
    unkeyed = [track.seconds for track in tracks if track.content_key is None]
    made = iter(await _make(c, unkeyed, quality))
    return [next(made) if track.content_key is None else known[track.content_key] for track in tracks]


async def _known(c: Connection, keys: Sequence[str]) -> Mapping[str, RecordingId]:
    """By the recordings' own keys, and by those of tracks whose recording was merged into another."""
    if not keys:
        return {}
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_KNOWN, {"keys": list(keys)})
        return {key: RecordingId(recording) for key, recording in await cursor.fetchall()}


async def _make(c: Connection, seconds: Sequence[float | None], quality: Quality) -> list[RecordingId]:
    if not seconds:
        return []
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_INSERT_UNKEYED, {"seconds": list(seconds), "quality": quality.value})
        return [RecordingId(row) for row in await cursor.fetchall()]


_KNOWN = """
select distinct on (content_key) content_key, recording
  from (select content_key, id as recording, 0 as rank from recordings where content_key = any(%(keys)s)
        union all
        select content_key, recording_id, 1 from tracks where content_key = any(%(keys)s)) found
 order by content_key, rank
"""

# Keys come sorted, so two walks that meet the same new content wait for each other in one order.
_INSERT_KEYED = """
insert into recordings (content_key, seconds, wanted, wanted_at)
select key, seconds, %(quality)s::quality, now()
  from unnest(%(keys)s::text[], %(seconds)s::real[]) as new (key, seconds)
on conflict (content_key) where content_key is not null do nothing
"""
_INSERT_UNKEYED = """
insert into recordings (seconds, wanted, wanted_at)
select seconds, %(quality)s::quality, now() from unnest(%(seconds)s::real[]) as new (seconds)
returning id
"""
